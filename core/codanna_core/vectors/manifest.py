"""The manifest: one small JSON file whose atomic replacement publishes a new state of the index."""

from __future__ import annotations

import re
import zlib
from dataclasses import asdict, field
from typing import Any

import orjson

from codanna_core.errors import IndexCorrupt, IndexIncompatible
from codanna_core.records import dataclass
from codanna_core.storage import Directory
from codanna_core.storage.container import Form
from codanna_core.vectors.base import Calibration

NAME = "vectors.json"
FORMAT = 1
SEALED = Form(b"CDNVEC\x00\x01", "a vector file")
"""What every sealed file of a store starts with."""
_SEALED = re.compile(r"(?:seg|dead|rotation)-\d{8}\.vec")
_LOG = re.compile(r"wal-\d{8}\.log")


@dataclass(frozen=True, slots=True)
class FileEntry:
    """A sealed file and, for a segment, the file of its dead rows, with their sizes."""

    file: str
    size: int
    dead: str | None = None
    dead_size: int = 0


@dataclass(frozen=True, slots=True)
class Manifest:
    """Everything that belongs to one published state."""

    metric: str
    precision: str
    seed: int
    dimension: int
    wal: str
    rotation: FileEntry
    generation: int = 1
    serial: int = 0
    """The last number used in a file name; names are never used twice."""
    segments: list[FileEntry] = field(default_factory=list)
    calibration: Calibration | None = None

    def files(self) -> set[str]:
        """All files that this state needs, the manifest included."""
        named = {NAME, self.wal, self.rotation.file}
        for entry in self.segments:
            named.add(entry.file)
            if entry.dead is not None:
                named.add(entry.dead)
        return named

    def encoded(self) -> bytes:
        """One line with format and checksum, then the state as JSON."""
        body = orjson.dumps(asdict(self), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
        return b"codanna-vectors %d %08x\n" % (FORMAT, zlib.crc32(body)) + body


def decode_manifest(data: bytes, directory: Directory) -> Manifest:
    """Raises IndexCorrupt, or IndexIncompatible for a newer format."""
    path = directory.path / NAME
    head, _, body = data.partition(b"\n")
    words = head.split()
    if len(words) != 3 or words[0] != b"codanna-vectors" or not words[1].isdigit():
        raise IndexCorrupt(path, "it does not start as a vector manifest")
    if int(words[1]) > FORMAT:
        raise IndexIncompatible(int(words[1]), FORMAT, directory.path)
    if words[2] != b"%08x" % zlib.crc32(body):
        raise IndexCorrupt(path, "its checksum is wrong")
    try:
        fields: dict[str, Any] = orjson.loads(body)
        fields["rotation"] = FileEntry(**fields["rotation"])
        fields["segments"] = [FileEntry(**entry) for entry in fields["segments"]]
        if fields["calibration"] is not None:
            fields["calibration"] = Calibration(**fields["calibration"])
        manifest = Manifest(**fields)
        if not all(map(is_own_file, manifest.files() - {NAME})):
            raise IndexCorrupt(path, "it names a file that cannot be one of its own")
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise IndexCorrupt(path, f"it cannot be read ({error})") from error
    return manifest


def is_own_file(name: str) -> bool:
    """Whether the files of a store, but for its manifest, are named like this."""
    return _SEALED.fullmatch(name) is not None or _LOG.fullmatch(name) is not None
