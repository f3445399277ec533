"""The file format of everything sealed: aligned sections of plain arrays, a table of contents at the end.

    magic (8) | section bytes, each aligned to 64 | contents (JSON) | trailer (24)
    trailer: offset of the contents u64 | their length u32 | their crc32 u32 | magic (8)

Opening reads the trailer and the contents only. A cut file has no trailer; a flipped byte in a section is
found by `verify`, or at once in sections below `CHECKED_AT_OPEN` bytes.
"""

from __future__ import annotations

import io
import math
import mmap
import struct
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple, Protocol, Self

import numpy as np
import orjson
from numpy.typing import NDArray

from codanna_core.records import dataclass
from codanna_core.storage.directory import Chunk, Directory, FileDamaged

ALIGNMENT = 64
CHECKED_AT_OPEN = 65536
_TRAILER = struct.Struct("<QII8s")

Array = NDArray[Any]


class Form(NamedTuple):
    """What the content of a file is, as its first eight bytes say it."""

    magic: bytes
    name: str
    """For messages, with its article."""


class Sink(Protocol):
    """What a container is written to: a new file, or memory."""

    def write(self, data: Chunk, /) -> object: ...
    def tell(self) -> int: ...
    def finish(self) -> None: ...


@dataclass(frozen=True, slots=True)
class _Section:
    """An entry of the table of contents."""

    at: int
    bytes: int
    dtype: str
    shape: tuple[int, ...]
    crc: int

    def fits(self, end: int) -> bool:
        """Whether it is inside of the file and holds what it says."""
        if not self.bytes and not self.dtype:
            return True  # It came in pieces, of which there were none.
        dtype = np.dtype(self.dtype)
        inside = 0 <= self.at <= self.at + self.bytes <= end
        return inside and dtype.kind in "biuf" and math.prod(self.shape) * dtype.itemsize == self.bytes


class ContainerWriter:
    """Writes sections one after another; a section may come in pieces."""

    def __init__(self, file: Sink, form: Form) -> None:
        self._file = file
        self._form = form
        self._sections: dict[str, _Section] = {}
        file.write(form.magic)

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
        self._sections[name] = _Section(start, self._file.tell() - start, dtype, shape, crc)

    def finish(self, facts: Mapping[str, Any]) -> int:
        """Write the contents with `facts` in them and make the file durable; returns its size."""
        sections = {name: asdict(section) for name, section in self._sections.items()}
        contents = orjson.dumps({**facts, "sections": sections}, option=orjson.OPT_SERIALIZE_NUMPY)
        start = self._file.tell()
        self._file.write(contents)
        self._file.write(_TRAILER.pack(start, len(contents), zlib.crc32(contents), self._form.magic))
        size = self._file.tell()
        self._file.finish()
        return size


class _Memory(io.BytesIO):
    def finish(self) -> None:
        """What is in memory has no disk to reach."""


def sealed(form: Form, sections: Mapping[str, Array], facts: Mapping[str, Any]) -> bytes:
    """A whole container in memory, for small files that are replaced."""
    memory = _Memory()
    writer = ContainerWriter(memory, form)
    for name, array in sections.items():
        writer.add(name, array)
    writer.finish(facts)
    return memory.getvalue()


def packed_texts(texts: Iterable[str]) -> Array:
    """Texts without NUL as one section, whatever bytes a path has."""
    return np.frombuffer("\0".join(texts).encode("utf-8", "surrogateescape"), np.uint8)


def unpacked_texts(section: Array, count: int) -> list[str]:
    """What `packed_texts` packed; ValueError unless these are so many."""
    texts = section.tobytes().decode("utf-8", "surrogateescape").split("\0") if count else []
    if len(texts) != count:
        raise ValueError(f"{len(texts)} texts in place of {count}")
    return texts


class Container:
    """A sealed file. Arrays are read-only views of its bytes and keep them alive."""

    def __init__(self, view: memoryview, path: Path, form: Form) -> None:
        """Read the contents; `path` is for messages. Raises FileDamaged."""
        self._view = view
        self._path = path
        self.size = len(view)
        contents = self._contents(form)
        try:
            self.facts: dict[str, Any] = orjson.loads(contents)
            entries = self.facts.pop("sections")
            self._sections = {name: _Section(**entry) for name, entry in entries.items()}
            whole = all(section.fits(self.size - len(contents)) for section in self._sections.values())
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise self.corrupt(f"its table of contents is damaged ({error})") from error
        if not whole:
            raise self.corrupt("its table of contents is damaged")
        for name, section in self._sections.items():
            if section.bytes <= CHECKED_AT_OPEN:
                self._check(name, section)

    @classmethod
    def open(cls, directory: Directory, name: str, form: Form, size: int | None = None) -> Self:
        """Map `name`; `size` is what a manifest says of it. Raises FileDamaged, also where it is missing."""
        path = directory.path / name
        try:
            # Before it is mapped, for which there may be too little room.
            if size is not None and (found := directory.size(name)) != size:
                raise FileDamaged(path, f"it has {found} bytes, the manifest says {size}")
            return cls(directory.map(name), path, form)
        except FileNotFoundError:
            raise FileDamaged(path, "the file is missing") from None

    def corrupt(self, comment: str) -> FileDamaged:
        return FileDamaged(self._path, comment)

    def _contents(self, form: Form) -> bytes:
        view = self._view
        if len(view) < len(form.magic) + _TRAILER.size:
            raise self.corrupt("it is cut short")
        if bytes(view[: len(form.magic)]) != form.magic:
            raise self.corrupt(f"it does not start as {form.name}: it has another format or is damaged")
        start, length, crc, magic = _TRAILER.unpack(view[-_TRAILER.size :])
        if magic != form.magic or start + length + _TRAILER.size != len(view):
            raise self.corrupt("its end is missing or damaged")
        contents = bytes(view[start : start + length])
        if zlib.crc32(contents) != crc:
            raise self.corrupt("its table of contents is damaged")
        return contents

    def has(self, section: str) -> bool:
        return section in self._sections

    def bytes_of(self, section: str) -> int:
        return self._sections[section].bytes if section in self._sections else 0

    def array(self, section: str) -> Array:
        """A plain read-only array over the bytes (`np.memmap` objects would cost 12 % on every access)."""
        entry = self._sections[section]
        data = self._view[entry.at : entry.at + entry.bytes]
        return np.frombuffer(data, dtype=np.dtype(entry.dtype)).reshape(entry.shape)

    def check(self, section: str) -> None:
        """Check one section against its checksum."""
        self._check(section, self._sections[section])

    def verify(self) -> None:
        """Check every byte against its checksum."""
        end = 8
        for name, section in self._sections.items():
            if any(self._view[end : section.at]):
                raise self.corrupt(f"the gap before section {name} is damaged")
            self._check(name, section)
            end = section.at + section.bytes

    def free_pages(self) -> None:
        """Give back the memory of a mapped file that checking has touched; what is used comes back."""
        mapped = self._view.obj
        if isinstance(mapped, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED"):
            mapped.madvise(mmap.MADV_DONTNEED)

    def _check(self, name: str, section: _Section) -> None:
        crc = 0
        end = section.at + section.bytes
        for at in range(section.at, end, 1 << 24):
            crc = zlib.crc32(self._view[at : min(at + (1 << 24), end)], crc)
        if crc != section.crc:
            raise self.corrupt(f"section {name} is damaged")
