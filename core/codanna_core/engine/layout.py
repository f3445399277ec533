"""Where an index lives, what its manifest says, and why it may have to be rebuilt."""

from __future__ import annotations

import hashlib
import os
import re
import sys
import zlib
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path

import orjson

from codanna_core.errors import ConfigError, IndexIncompatible
from codanna_core.storage.collect import remove_if_empty, remove_tree
from codanna_core.storage.directory import Checkpoint, FsDirectory
from codanna_core.text.schema import FEATURE_VERSION, FORMAT_VERSION

MANIFEST = "index.json"
_MARKS = (MANIFEST, "writer.lock", "vectors", "CACHEDIR.TAG", "CACHEDIR.TAG.tmp")
"""One of these is in every folder that this program made, be it that it died while making it."""
_OWN_FOLDERS = ("vectors", "names")
_OWN_FILES = (
    MANIFEST,
    "files.bin",
    "listing.bin",
    "verified.json",
    "complete.json",
    "unparsed.json",
    ".gitignore",
    "CACHEDIR.TAG",
    "writer.lock",
    *(
        f"{name}.tmp"
        for name in (
            *(MANIFEST, "files.bin", "listing.bin", "verified.json", "complete.json", "unparsed.json"),
            *(".gitignore", "CACHEDIR.TAG"),
        )
    ),
)


class IndexState(StrEnum):
    """What was found in the index folder; every value but `usable` is a reason to build the text index
    anew.
    """

    USABLE = "usable"
    MISSING = "missing"
    CORRUPT = "corrupt"
    VERSION_MISMATCH = "version-mismatch"
    OPTION_MISMATCH = "option-mismatch"


@dataclass(frozen=True, slots=True)
class Manifest:
    """The small file that names the current text index; replacing it atomically switches to a new one."""

    format: int
    feature: int
    root: str
    text: str
    """Name of the folder with the current text index."""
    options: str
    """Digest of the settings that change what is stored."""
    schema: int
    """Checksum of the text index's own description of its fields."""


def cache_home() -> Path:
    """The user's cache folder by the platform's custom."""
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches"
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    configured = os.environ.get("XDG_CACHE_HOME", "")
    return Path(configured) if os.path.isabs(configured) else Path.home() / ".cache"


def index_folder(root: Path, configured: Path | None) -> Path:
    """The folder of the index of `root`: as configured, else one in the user's cache named after the root."""
    if configured is not None:
        return configured if configured.is_absolute() else root / configured
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", root.name)[:40].strip("-.") or "root"
    digest = hashlib.blake2b(os.fsencode(str(root)), digest_size=8).hexdigest()
    return cache_home() / "codanna-lsp" / f"{name}-{digest}"


class IndexFolder:
    """The index folder: its own `.gitignore`, the manifest, and the places of the parts."""

    def __init__(self, path: Path, checkpoint: Checkpoint | None = None) -> None:
        self.path = path
        self._directory = FsDirectory(path, checkpoint)

    @property
    def directory(self) -> FsDirectory:
        """The folder as storage; the only way to replace or delete files in it."""
        return self._directory

    @property
    def lock_file(self) -> Path:
        """Held by the process that writes."""
        return self.path / "writer.lock"

    def vectors(self, model_id: str, options: str) -> Path:
        """The vector store of a model; another model or other vector options have another one."""
        safe = re.sub(r"[^A-Za-z0-9._-]+", "-", model_id)[:60]
        digest = hashlib.blake2b(f"{model_id}\0{options}".encode(), digest_size=6).hexdigest()
        return self.path / "vectors" / f"{safe}-{digest}"

    def exists(self) -> bool:
        """Whether an index is there, usable or not."""
        return any((self.path / name).exists() for name in _MARKS)

    def create(self) -> None:
        """Make the folder; it tells git and backup programs to leave it alone."""
        if self.path.is_dir() and not self.exists() and any(self.path.iterdir()):
            raise ConfigError(
                f"{self.path} is not empty and holds no index; name an empty or a new folder for the index"
            )
        self.path.mkdir(parents=True, exist_ok=True)
        # First what marks the folder as this program's, so that it can be finished after a kill.
        if not (self.path / "CACHEDIR.TAG").exists():
            self._directory.replace("CACHEDIR.TAG", b"Signature: 8a477f597d28d172789f06886806bc55\n")
        if not (self.path / ".gitignore").exists():
            self._directory.replace(".gitignore", b"*\n")

    def remove(self) -> None:
        """Remove the index; a file that somebody else put into the folder stays, and so does the folder
        then.
        """
        for entry in sorted(self.path.iterdir()):
            if entry.is_dir() and (entry.name in _OWN_FOLDERS or re.fullmatch(r"text-\d+", entry.name)):
                remove_tree(entry)
        self._directory.delete(name for name in _OWN_FILES if (self.path / name).is_file())
        remove_if_empty(self.path)

    def read_manifest(self) -> Manifest | None:
        """The manifest, or None where there is none; ValueError where it is damaged."""
        try:
            data = self._directory.read(MANIFEST)
        except FileNotFoundError:
            return None
        values = orjson.loads(data)
        if not isinstance(values, dict) or not isinstance(values.get("format"), int):
            raise ValueError("the manifest is damaged")
        if values["format"] > FORMAT_VERSION:
            raise IndexIncompatible(values["format"], FORMAT_VERSION, self.path)
        checksum = values.pop("checksum", None)
        if checksum != zlib.crc32(orjson.dumps(values)):
            raise ValueError("the checksum of the manifest does not match")
        try:
            return Manifest(**values)
        except TypeError as error:
            raise ValueError("the manifest is damaged") from error

    def write_manifest(self, manifest: Manifest) -> None:
        """Switch to another state of the index at once."""
        values = asdict(manifest)
        checksum = zlib.crc32(orjson.dumps(values))
        self._directory.replace(MANIFEST, orjson.dumps({**values, "checksum": checksum}))

    def inspect(self, options: str) -> tuple[IndexState, Manifest | None]:
        """Say whether the text index can be used as it is."""
        try:
            manifest = self.read_manifest()
        except ValueError:
            return IndexState.CORRUPT, None
        if manifest is None:
            return IndexState.MISSING, None
        if manifest.format != FORMAT_VERSION or manifest.feature != FEATURE_VERSION:
            return IndexState.VERSION_MISMATCH, manifest
        if manifest.options != options:
            return IndexState.OPTION_MISMATCH, manifest
        if not (self.path / manifest.text / "meta.json").exists():
            return IndexState.CORRUPT, manifest
        return IndexState.USABLE, manifest

    def next_text_name(self) -> str:
        """A name for a new text index that no folder has."""
        numbers = [
            int(found[1])
            for entry in self.path.glob("text-*")
            if (found := re.fullmatch(r"text-(\d+)", entry.name))
        ]
        return f"text-{max(numbers, default=0) + 1}"

    def fresh_manifest(self, root: Path, options: str, text: str, schema: int) -> Manifest:
        """A manifest for a text index that has just been started."""
        return Manifest(FORMAT_VERSION, FEATURE_VERSION, str(root), text, options, schema)
