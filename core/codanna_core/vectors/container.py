"""The file format of everything sealed: aligned sections of plain arrays, a table of contents at the end.

    magic (8) | section bytes, each aligned to 64 | contents (JSON) | trailer (24)
    trailer: offset of the contents u64 | their length u32 | their crc32 u32 | magic (8)

Opening reads the trailer and the contents only. A cut file has no trailer; a flipped byte in a section is
found by `verify`, or at once in sections below `CHECKED_AT_OPEN` bytes.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from codanna_core.errors import IndexCorrupt
from codanna_core.storage import Directory, NewFile

MAGIC = b"CDNVEC\x00\x01"
ALIGNMENT = 64
CHECKED_AT_OPEN = 65536
_TRAILER = struct.Struct("<QII8s")

Array = NDArray[Any]


class ContainerWriter:
    """Writes sections one after another; a section may come in pieces."""

    def __init__(self, file: NewFile) -> None:
        self._file = file
        self._sections: dict[str, dict[str, Any]] = {}
        file.write(MAGIC)

    def add(self, name: str, pieces: Array | Iterable[Array], shape: tuple[int, ...] | None = None) -> None:
        """Write a section; `shape` is that of the whole when it comes in pieces along the first axis."""
        if isinstance(pieces, np.ndarray):
            shape = pieces.shape
            pieces = [pieces]
        if shape is None:
            raise ValueError("a section in pieces needs its shape")
        self._file.write(b"\x00" * (-self._file.tell() % ALIGNMENT))
        start = self._file.tell()
        crc = 0
        dtype = ""
        for piece in pieces:
            flat = np.ascontiguousarray(piece)
            dtype = flat.dtype.newbyteorder("<").str if flat.dtype.itemsize > 1 else flat.dtype.str
            data = flat.astype(dtype, copy=False).reshape(-1).view(np.uint8).data
            crc = zlib.crc32(data, crc)
            self._file.write(data)
        length = self._file.tell() - start
        self._sections[name] = {"at": start, "bytes": length, "dtype": dtype, "shape": shape, "crc": crc}

    def finish(self, facts: Mapping[str, Any]) -> int:
        """Write the contents with `facts` in them and make the file durable; returns its size."""
        contents = orjson.dumps({**facts, "sections": self._sections}, option=orjson.OPT_SERIALIZE_NUMPY)
        start = self._file.tell()
        self._file.write(contents)
        self._file.write(_TRAILER.pack(start, len(contents), zlib.crc32(contents), MAGIC))
        size = self._file.tell()
        self._file.finish()
        return size


class Container:
    """A sealed file, mapped. Arrays are read-only views of the map and keep it alive."""

    def __init__(self, directory: Directory, name: str, size: int | None = None) -> None:
        """Open `name`; `size` is what the manifest says of it. Raises IndexCorrupt."""
        self.name = name
        self._path = directory.path / name
        try:
            # Before it is mapped, for which there may be too little room.
            if size is not None and (found := directory.size(name)) != size:
                raise self.corrupt(f"it has {found} bytes, the manifest says {size}")
            self._view = directory.map(name)
        except FileNotFoundError:
            raise IndexCorrupt(self._path, "the file is missing") from None
        self.size = len(self._view)
        self.facts = self._read_contents()
        self._sections: dict[str, dict[str, Any]] = self.facts.pop("sections")
        for section, entry in self._sections.items():
            if entry["bytes"] <= CHECKED_AT_OPEN:
                self._check(section, entry)

    def corrupt(self, comment: str) -> IndexCorrupt:
        return IndexCorrupt(self._path, comment)

    def _read_contents(self) -> dict[str, Any]:
        view = self._view
        if len(view) < len(MAGIC) + _TRAILER.size or bytes(view[:8]) != MAGIC:
            raise self.corrupt("it does not start as a vector file")
        start, length, crc, magic = _TRAILER.unpack(view[-_TRAILER.size :])
        if magic != MAGIC or start + length + _TRAILER.size != len(view):
            raise self.corrupt("its end is missing or damaged")
        contents = bytes(view[start : start + length])
        if zlib.crc32(contents) != crc:
            raise self.corrupt("its table of contents is damaged")
        facts: dict[str, Any] = orjson.loads(contents)
        return facts

    def has(self, section: str) -> bool:
        return section in self._sections

    def bytes_of(self, section: str) -> int:
        return int(self._sections[section]["bytes"]) if section in self._sections else 0

    def array(self, section: str) -> Array:
        """A plain read-only array over the map (`np.memmap` objects would cost 12 % on every access)."""
        entry = self._sections[section]
        data = self._view[entry["at"] : entry["at"] + entry["bytes"]]
        return np.frombuffer(data, dtype=np.dtype(entry["dtype"])).reshape(entry["shape"])

    def check(self, section: str) -> None:
        """Check one section against its checksum."""
        self._check(section, self._sections[section])

    def verify(self) -> None:
        """Check every byte against its checksum."""
        end = len(MAGIC)
        for section, entry in self._sections.items():
            if any(self._view[end : entry["at"]]):
                raise self.corrupt(f"the gap before section {section} is not empty")
            self._check(section, entry)
            end = entry["at"] + entry["bytes"]

    def _check(self, section: str, entry: dict[str, Any]) -> None:
        start, crc = int(entry["at"]), 0
        end = start + int(entry["bytes"])
        for at in range(start, end, 1 << 24):
            crc = zlib.crc32(self._view[at : min(at + (1 << 24), end)], crc)
        if crc != entry["crc"]:
            raise self.corrupt(f"section {section} is damaged")
