"""What a walk found, kept so that the next one need not walk: folders, files, and the rules behind them.

A folder with an unchanged signature holds the same entries as before, so only the others are listed again.
"""

from __future__ import annotations

import os
from dataclasses import field
from pathlib import Path
from typing import Final

import numpy as np

from codanna_core.files.reasons import CODE_OF, CODES, SkipReason
from codanna_core.records import dataclass
from codanna_core.storage.container import Array, Container, Form, packed_texts, sealed, unpacked_texts

_FORM: Final = Form(b"CDNLST\x00\x03", "a listing of folders")


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
        """All of it with checksums; `from_bytes` reads it."""
        signatures = [(s.mtime_ns, s.ctime_ns, s.inode, s.taken_ns) for s in self.folders.values()]
        sections: dict[str, Array] = {
            "rule_files": packed_texts(self.rule_files),
            "folders": packed_texts(self.folders),
            "signatures": np.array(signatures, np.int64).reshape(-1, 4),
            "files": packed_texts(self.files),
        }
        for name, reasons in (("skipped", self.skipped), ("unread", self.unread)):
            sections[name] = packed_texts(reasons)
            sections[f"{name}_why"] = np.array([CODE_OF[reason] for reason in reasons.values()], np.uint8)
        counts = {"rule_files": len(self.rule_files), "files": len(self.files)}
        return sealed(_FORM, sections, {"key": self.key.hex(), "counts": counts})

    @classmethod
    def from_bytes(cls, data: bytes | memoryview) -> Listing:
        """Read a stored listing; `ValueError` says that it is damaged or of another format."""
        stored = Container(memoryview(data), Path("listing.bin"), _FORM)
        stored.verify()

        def reasons(name: str) -> dict[str, SkipReason]:
            why = [CODES[code - 1] for code in stored.array(f"{name}_why").tolist()]
            return dict(zip(unpacked_texts(stored.array(name), len(why)), why, strict=True))

        try:
            signatures = [Signature(*row) for row in stored.array("signatures").tolist()]
            folders = unpacked_texts(stored.array("folders"), len(signatures))
            counts = stored.facts["counts"]
            return cls(
                key=bytes.fromhex(stored.facts["key"]),
                rule_files=unpacked_texts(stored.array("rule_files"), counts["rule_files"]),
                folders=dict(zip(folders, signatures, strict=True)),
                files=unpacked_texts(stored.array("files"), counts["files"]),
                skipped=reasons("skipped"),
                unread=reasons("unread"),
            )
        except (KeyError, IndexError, TypeError, ValueError) as error:
            raise stored.corrupt(f"the folder listing is damaged ({error})") from error


def is_below(path: str, folders: set[str]) -> bool:
    """Whether the path is one of these folders or lies in one."""
    if not folders:
        return False
    while path:
        if path in folders:
            return True
        path = path.rpartition("/")[0]
    return False
