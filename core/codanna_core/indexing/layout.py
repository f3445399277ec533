"""Where an index lives, what its manifest says, and why it may have to be rebuilt."""

from __future__ import annotations

import hashlib
import os
import re
import threading
from collections.abc import Iterable
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path

import orjson

from codanna_core.errors import IndexIncompatible
from codanna_core.indexing.names_on_disk import (
    CACHE_MARK,
    IDENTITY,
    LOCK,
    MANIFEST,
    OWN_FILES,
    is_text_folder,
    text_number,
)
from codanna_core.indexing.ownership import Ownership, Standing
from codanna_core.model import Problem
from codanna_core.problems import Code
from codanna_core.records import dataclass
from codanna_core.runtime.folders import cache_folder
from codanna_core.storage.checked_json import checked, with_checksum
from codanna_core.storage.collect import remove_folder, remove_if_empty
from codanna_core.storage.directory import Checkpoint, FsDirectory
from codanna_core.storage.private import make_folder, secure
from codanna_core.text.schema import FEATURE_VERSION, FORMAT_VERSION


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


def index_folder(root: Path, configured: Path | None) -> Path:
    """The folder of the index of `root`: as configured, else one in the user's cache named after the root."""
    if configured is not None:
        return configured if configured.is_absolute() else root / configured
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", root.name)[:40].strip("-.") or "root"
    digest = hashlib.blake2b(os.fsencode(str(root)), digest_size=8).hexdigest()
    return cache_folder() / f"{name}-{digest}"


class IndexFolder:
    """The index folder: whose it is, the manifest, and the places of the parts.

    Its path has no links above it any more, and it may be none itself. `check` it before anything in it is
    opened.
    """

    def __init__(self, path: Path, root: Path, checkpoint: Checkpoint | None = None) -> None:
        self.path = _without_links_above(path)
        self.root = root
        self._checkpoint = checkpoint
        self._directory = FsDirectory(self.path, checkpoint, top=self.path)
        self.computed = self.path == _without_links_above(index_folder(root, None))
        """Whether it is where we put it ourselves."""
        self._owner = Ownership(self.path, root, computed=self.computed, checkpoint=checkpoint)
        self._naming = threading.Lock()

    @property
    def directory(self) -> FsDirectory:
        """The folder as storage; the only way to replace or delete files in it."""
        return self._directory

    def inside(self, name: str) -> FsDirectory:
        """A folder inside as storage, by its path from here."""
        return FsDirectory(self.path / name, self._checkpoint, top=self.path)

    @property
    def lock_file(self) -> Path:
        """Held by the process that writes."""
        return self.path / LOCK

    def vectors(self, model_id: str, options: str) -> str:
        """The vector store of a model; another model or other vector options have another one."""
        safe = re.sub(r"[^A-Za-z0-9._-]+", "-", model_id)[:60]
        digest = hashlib.blake2b(f"{model_id}\0{options}".encode(), digest_size=6).hexdigest()
        return f"vectors/{safe}-{digest}"

    def check(self) -> Standing:
        """What the folder is to us; raises IndexRefused unless it may be used. Changes nothing."""
        return self._owner.judge()

    @property
    def exposed(self) -> Problem | None:
        """Set where other users may read the index, and the disk does not let us change that."""
        if not self._owner.is_open_to_others():
            return None
        return Problem(
            Code.INDEX_NOT_PRIVATE,
            f"other users of this machine may be able to read the index in {self.path}, because its "
            "permissions cannot be changed; choose another location with --index-dir or index.dir",
        )

    def make(self) -> None:
        """Make the folder where there is none, so that its lock can be taken."""
        self.check()
        make_folder(self.path)

    def claim(self) -> None:
        """Make the folder ours; only for whoever holds its lock. It tells git and backup programs to leave it
        alone.
        """
        self._owner.claim()
        if not self._directory.exists(CACHE_MARK):
            self._directory.replace(CACHE_MARK, b"Signature: 8a477f597d28d172789f06886806bc55\n")
        if not self._directory.exists(".gitignore"):
            self._directory.replace(".gitignore", b"*\n")
        self.secure()

    def secure(self) -> None:
        """Take the permissions of other users away; tantivy gives its files those that the umask leaves."""
        secure(iter([(str(self.path), os.lstat(self.path)), *self._owner.entries()]))

    def remove(self) -> None:
        """Remove the index; a file that somebody else put into the folder stays, and so does the folder
        then. Only for whoever holds its lock.
        """
        for name in self._owner.folders:
            remove_folder(self.path / name)
        remove_if_empty(self.path / "vectors")
        self._directory.delete(name for name in OWN_FILES if self._directory.exists(name))
        # The identity goes last: until then a killed `clean` can be finished by another one.
        self._directory.delete((IDENTITY, LOCK))
        remove_if_empty(self.path)
        self._owner.forget()

    @property
    def own_folders(self) -> tuple[str, ...]:
        """The folders inside that this program made."""
        return self._owner.folders

    def text_folders(self) -> list[str]:
        """The text indexes that this program made here."""
        return [name for name in self._owner.folders if is_text_folder(name)]

    def will_make(self, name: str) -> None:
        """Before a folder is made inside: from now on it is ours to remove."""
        with self._naming:
            self._owner.note_folder(name)

    def remove_inside(self, names: Iterable[str]) -> None:
        """Remove folders that this program made inside."""
        with self._naming:
            gone = []
            for name in names:
                remove_folder(self.path / name)
                if not os.path.lexists(self.path / name):
                    gone.append(name)
            self._owner.drop_folders(gone)

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
        try:
            manifest = Manifest(**checked(values))
        except TypeError as error:
            raise ValueError("the manifest is damaged") from error
        if not isinstance(manifest.text, str) or not is_text_folder(manifest.text):
            raise ValueError("the manifest names no text index")
        return manifest

    def write_manifest(self, manifest: Manifest) -> None:
        """Switch to another state of the index at once."""
        self._directory.replace(MANIFEST, with_checksum(asdict(manifest)))

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
        numbers = (text_number(name) for name in (*os.listdir(self.path), *self.text_folders()))
        return f"text-{max((number for number in numbers if number is not None), default=0) + 1}"

    def fresh_manifest(self, root: Path, options: str, text: str, schema: int) -> Manifest:
        """A manifest for a text index that has just been started."""
        return Manifest(FORMAT_VERSION, FEATURE_VERSION, str(root), text, options, schema)


def _without_links_above(path: Path) -> Path:
    if path.name in ("", os.pardir):
        return Path(os.path.realpath(path))
    return Path(os.path.realpath(path.parent)) / path.name
