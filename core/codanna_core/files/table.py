"""What the index knows of each file: stat, content hash, and why it was left out if it was."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from codanna_core.files.reasons import CODE_OF, CODES, SkipReason
from codanna_core.records import dataclass
from codanna_core.storage.container import Array, Container, Form, packed_texts, sealed, unpacked_texts

HASH_SIZE: Final = 16
RACY_NS: Final = 2_000_000_000
"""A file changed this shortly before it was read may change again within one tick of a coarse clock."""

_FORM: Final = Form(b"CDNFIL\x00\x02", "a table of files")


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
        """The whole table with checksums; `from_bytes` reads it."""
        count = len(self.paths)
        columns: dict[str, Array] = {
            "mtime_ns": self._mtime_ns[:count],
            "size": self._size[:count],
            "seen_ns": self._seen_ns[:count],
            "digest": self._digest[:count],
            "skip": self._skip[:count],
            "paths": packed_texts(self.paths),
        }
        return sealed(_FORM, columns, {})

    @classmethod
    def from_bytes(cls, data: bytes | memoryview) -> FileTable:
        """Read a stored table; `ValueError` says that it is damaged or of another format."""
        stored = Container(memoryview(data), Path("files.bin"), _FORM)
        stored.verify()
        table = cls()
        try:
            table._mtime_ns, table._size, table._seen_ns = (
                stored.array(name).astype(np.int64) for name in ("mtime_ns", "size", "seen_ns")
            )
            table._digest = stored.array("digest").astype(np.uint8).reshape(-1, HASH_SIZE)
            table._skip = stored.array("skip").astype(np.uint8)
            table.paths = unpacked_texts(stored.array("paths"), len(table._size))
        except (KeyError, ValueError) as error:
            raise stored.corrupt(f"the file table is damaged ({error})") from error
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
