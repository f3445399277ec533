"""What a walk found, kept so that the next one need not walk: folders, files, and the rules behind them.

A folder with an unchanged signature holds the same entries as before, so only the others are listed again.
"""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from codanna_core.files.reasons import CODE_OF, CODES, SkipReason

_MAGIC: Final = b"CDNL0002"
_HEADER: Final = struct.Struct("<8s16s9Q")
_CHECKSUM: Final = struct.Struct("<I")
_SIGNATURE: Final = struct.Struct("<4q")


@dataclass(frozen=True, slots=True)
class Signature:
    """Changes whenever an entry is added to, removed from or renamed in a folder.

    The inode's own change time is part of it, because unpacking an archive sets back the modification time of
    a folder it has just written to.
    """

    mtime_ns: int
    ctime_ns: int
    inode: int
    taken_ns: int
    """The clock from before the folder was listed."""

    @classmethod
    def of(cls, info: os.stat_result, taken_ns: int) -> Signature:
        """The signature that a stat shows."""
        inode = info.st_ino
        # Inode numbers may use all 64 bits; the stored form is signed.
        return cls(info.st_mtime_ns, info.st_ctime_ns, inode - (1 << 64) if inode >> 63 else inode, taken_ns)

    def proves_unchanged(self, info: os.stat_result, racy_ns: int) -> bool:
        """Whether the folder surely holds the same entries as when this signature was taken."""
        now = Signature.of(info, self.taken_ns)
        # Changed within a clock tick of the listing: an entry may have come after it unseen.
        settled = max(self.mtime_ns, self.ctime_ns) < self.taken_ns - racy_ns
        return now == self and settled


@dataclass(slots=True)
class Listing:
    """All folders and files that the rules let through; paths are root-relative, the root itself is `""`."""

    key: bytes = b""
    """Digest of the rules this was made under; empty where they were changing at that moment."""
    rule_files: list[str] = field(default_factory=list)
    folders: dict[str, Signature] = field(default_factory=dict)
    files: list[str] = field(default_factory=list)
    """Sorted; those that have to be looked at (size, content), as far as the name can tell."""
    skipped: dict[str, SkipReason] = field(default_factory=dict)
    """Paths left out for what they are or how they are called."""
    unread: dict[str, SkipReason] = field(default_factory=dict)
    """Those of `files` that were too large, or could not be looked at, at the last look."""

    def to_bytes(self) -> bytes:
        """All of it with a checksum; `from_bytes` reads it."""
        blobs = [
            _join(self.rule_files),
            _join(self.folders),
            _join(self.files),
            _join(self.skipped),
            _join(self.unread),
        ]
        signatures = b"".join(
            _SIGNATURE.pack(s.mtime_ns, s.ctime_ns, s.inode, s.taken_ns) for s in self.folders.values()
        )
        reasons = bytes(CODE_OF[reason] for reason in (*self.skipped.values(), *self.unread.values()))
        body = b"".join((*blobs, signatures, reasons))
        counts = (len(self.folders), len(self.files), len(self.skipped), len(self.unread))
        sizes = (*map(len, blobs), *counts)
        key = self.key.ljust(16, b"\0")
        stored = _HEADER.pack(_MAGIC, key, *sizes) + body
        return stored + _CHECKSUM.pack(zlib.crc32(stored))

    @classmethod
    def from_bytes(cls, data: bytes | memoryview) -> Listing:
        """Read a stored listing; `ValueError` says that it is damaged or of another format."""
        view = memoryview(data)
        if len(view) < _HEADER.size + _CHECKSUM.size:
            raise ValueError("the folder listing is cut short")
        magic, key, *sizes = _HEADER.unpack(view[: _HEADER.size])
        body = view[_HEADER.size : -_CHECKSUM.size]
        (checksum,) = _CHECKSUM.unpack(view[-_CHECKSUM.size :])
        if magic != _MAGIC:
            raise ValueError("the folder listing has another format")
        folder_count, file_count, skipped_count, unread_count = sizes[5:]
        expected = sum(sizes[:5]) + folder_count * _SIGNATURE.size + skipped_count + unread_count
        if len(body) != expected or zlib.crc32(view[: -_CHECKSUM.size]) != checksum:
            raise ValueError("the folder listing is damaged")
        parts = []
        at = 0
        for size in sizes[:5]:
            parts.append(bytes(body[at : at + size]).decode("utf-8", "surrogateescape"))
            at += size
        end = at + folder_count * _SIGNATURE.size
        signatures = [Signature(*row) for row in _SIGNATURE.iter_unpack(body[at:end])]
        reasons = [CODES[code - 1] for code in body[end:]]
        # The root is the empty path, so no text does not mean no folders.
        folders = parts[1].split("\0") if folder_count else []
        return cls(
            key=b"" if key == bytes(16) else key,
            rule_files=_split(parts[0]),
            folders=dict(zip(folders, signatures, strict=True)),
            files=parts[2].split("\0") if file_count else [],
            skipped=dict(zip(_split(parts[3]), reasons[:skipped_count], strict=True)),
            unread=dict(zip(_split(parts[4]), reasons[skipped_count:], strict=True)),
        )


def _join(paths: Iterable[str]) -> bytes:
    return "\0".join(paths).encode("utf-8", "surrogateescape")


def _split(text: str) -> list[str]:
    return text.split("\0") if text else []


def is_below(path: str, folders: set[str]) -> bool:
    """Whether the path is one of these folders or lies in one."""
    if not folders:
        return False
    while path:
        if path in folders:
            return True
        path = path.rpartition("/")[0]
    return False
