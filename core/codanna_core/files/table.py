"""What the index knows of each file: stat, content hash, and why it was left out if it was."""

from __future__ import annotations

import struct
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from codanna_core.files.reasons import CODE_OF, CODES, SkipReason

HASH_SIZE: Final = 16
RACY_NS: Final = 2_000_000_000
"""A file changed this shortly before it was read may change again within one tick of a coarse clock."""

_MAGIC: Final = b"CDNF0001"
_HEADER: Final = struct.Struct("<8sQQ")
_CHECKSUM: Final = struct.Struct("<I")
_ROW_BYTES: Final = 8 + 8 + 8 + HASH_SIZE + 1


@dataclass(frozen=True, slots=True)
class FileStat:
    """A file as a scan saw it. `path` is root-relative and `/`-separated."""

    path: str
    mtime_ns: int
    size: int


@dataclass(frozen=True, slots=True)
class FileRecord:
    """A file as the index knows it."""

    path: str
    mtime_ns: int
    size: int
    digest: bytes
    seen_ns: int
    """The clock when the content was read."""
    skipped: SkipReason | None


class FileTable:
    """Columns over all known files with a lookup by path. Not for several threads at once."""

    def __init__(self) -> None:
        self.paths: list[str] = []
        self._rows: dict[str, int] | None = {}
        self._mtime_ns = np.zeros(0, np.int64)
        self._size = np.zeros(0, np.int64)
        self._seen_ns = np.zeros(0, np.int64)
        self._digest = np.zeros((0, HASH_SIZE), np.uint8)
        self._skip = np.zeros(0, np.uint8)

    def __len__(self) -> int:
        return len(self.paths)

    def __contains__(self, path: object) -> bool:
        return path in self.rows

    def __iter__(self) -> Iterator[str]:
        return iter(self.paths)

    @property
    def rows(self) -> dict[str, int]:
        """Path to row number; built when first needed."""
        if self._rows is None:
            self._rows = dict(zip(self.paths, range(len(self.paths)), strict=True))
        return self._rows

    @property
    def mtime_ns(self) -> NDArray[np.int64]:
        """Column of modification times, one for each of `paths`."""
        return self._mtime_ns[: len(self.paths)]

    @property
    def size(self) -> NDArray[np.int64]:
        """Column of sizes in bytes."""
        return self._size[: len(self.paths)]

    @property
    def seen_ns(self) -> NDArray[np.int64]:
        """Column of the clock readings at which contents were read."""
        return self._seen_ns[: len(self.paths)]

    def get(self, path: str) -> FileRecord | None:
        """The record of one file."""
        row = self.rows.get(path)
        if row is None:
            return None
        code = int(self._skip[row])
        return FileRecord(
            path,
            int(self._mtime_ns[row]),
            int(self._size[row]),
            self._digest[row].tobytes(),
            int(self._seen_ns[row]),
            CODES[code - 1] if code else None,
        )

    def set(
        self,
        path: str,
        *,
        mtime_ns: int,
        size: int,
        digest: bytes,
        seen_ns: int,
        skipped: SkipReason | None = None,
    ) -> None:
        """Add or replace a file. `seen_ns` is `time.time_ns()` from before its content was read."""
        rows = self.rows
        row = rows.get(path)
        if row is None:
            row = len(self.paths)
            if row == len(self._size):
                self._grow(max(64, row * 2))
            self.paths.append(path)
            rows[path] = row
        self._mtime_ns[row] = mtime_ns
        self._size[row] = size
        self._seen_ns[row] = seen_ns
        self._digest[row] = np.frombuffer(digest.ljust(HASH_SIZE, b"\0"), np.uint8)
        self._skip[row] = CODE_OF[skipped]

    def remove(self, path: str) -> bool:
        """Forget a file; False where it was not known."""
        row = self.rows.pop(path, None)
        if row is None:
            return False
        last = len(self.paths) - 1
        if row != last:
            for column in (self._mtime_ns, self._size, self._seen_ns, self._digest, self._skip):
                column[row] = column[last]
            self.paths[row] = self.paths[last]
            self.rows[self.paths[row]] = row
        self.paths.pop()
        return True

    def below(self, folder: str) -> list[str]:
        """Paths of all known files in a folder, at any depth."""
        prefix = folder.rstrip("/") + "/"
        return [path for path in self.paths if path.startswith(prefix)]

    def skipped(self) -> dict[SkipReason, int]:
        """How many known files were left out after reading, by reason."""
        counts = np.bincount(self._skip[: len(self.paths)], minlength=len(CODES) + 1)
        return Counter({reason: int(counts[code]) for code, reason in enumerate(CODES, 1) if counts[code]})

    def indexed_count(self) -> int:
        """How many known files are in the index."""
        return int((self._skip[: len(self.paths)] == 0).sum())

    def racy(self) -> NDArray[np.bool_]:
        """Rows whose time stamp cannot tell whether the file changed after it was read."""
        racy: NDArray[np.bool_] = np.abs(self.seen_ns - self.mtime_ns) < RACY_NS
        return racy

    def to_bytes(self) -> bytes:
        """The whole table with a checksum; `from_bytes` reads it."""
        count = len(self.paths)
        blob = "\0".join(self.paths).encode("utf-8", "surrogateescape")
        body = b"".join(
            (
                self._mtime_ns[:count].astype("<i8").tobytes(),
                self._size[:count].astype("<i8").tobytes(),
                self._seen_ns[:count].astype("<i8").tobytes(),
                self._digest[:count].tobytes(),
                self._skip[:count].tobytes(),
                blob,
            )
        )
        stored = _HEADER.pack(_MAGIC, count, len(blob)) + body
        return stored + _CHECKSUM.pack(zlib.crc32(stored))

    @classmethod
    def from_bytes(cls, data: bytes | memoryview) -> FileTable:
        """Read a stored table; `ValueError` says that it is damaged or of another format."""
        view = memoryview(data)
        if len(view) < _HEADER.size + _CHECKSUM.size:
            raise ValueError("the file table is cut short")
        magic, count, blob_size = _HEADER.unpack(view[: _HEADER.size])
        body = view[_HEADER.size : -_CHECKSUM.size]
        (checksum,) = _CHECKSUM.unpack(view[-_CHECKSUM.size :])
        if magic != _MAGIC:
            raise ValueError("the file table has another format")
        intact = zlib.crc32(view[: -_CHECKSUM.size]) == checksum
        if not intact or len(body) != count * _ROW_BYTES + blob_size:
            raise ValueError("the file table is damaged")
        table = cls()
        longs = np.frombuffer(body, "<i8", 3 * count).reshape(3, count)
        table._mtime_ns, table._size, table._seen_ns = (column.astype(np.int64) for column in longs)
        at = 24 * count
        table._digest = np.frombuffer(body, np.uint8, HASH_SIZE * count, at).reshape(count, HASH_SIZE).copy()
        at += HASH_SIZE * count
        table._skip = np.frombuffer(body, np.uint8, count, at).copy()
        at += count
        table.paths = bytes(body[at:]).decode("utf-8", "surrogateescape").split("\0") if count else []
        table._rows = None
        return table

    def _grow(self, capacity: int) -> None:
        def longer(column: NDArray[np.int64]) -> NDArray[np.int64]:
            grown = np.zeros(capacity, np.int64)
            grown[: len(column)] = column
            return grown

        self._mtime_ns, self._size = longer(self._mtime_ns), longer(self._size)
        self._seen_ns = longer(self._seen_ns)
        digest = np.zeros((capacity, HASH_SIZE), np.uint8)
        digest[: len(self._digest)] = self._digest
        skip = np.zeros(capacity, np.uint8)
        skip[: len(self._skip)] = self._skip
        self._digest, self._skip = digest, skip
