"""The one form of a log: whole records, of which a crash loses the last at most.

    header (24): magic (8) | two numbers of the user's u32, u32 | crc32 of these u32 | zero u32
    record: mark u32 | crc32 of what follows u32 | length of payload u32 | operation u32 | stamp u64 | payload

Stamps count records from 0, so that a record out of place is not taken for the next one.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

from codanna_core.records import dataclass
from codanna_core.storage.directory import AppendFile, Directory, FileDamaged

_HEADER = struct.Struct("<8sIIII")
_RECORD = struct.Struct("<IIIIQ")
_MARK = 0x4C415756

Record = TypeVar("Record")


@dataclass(frozen=True, slots=True)
class LogForm:
    """What a log holds, as its header says it."""

    magic: bytes
    name: str
    """For messages, with its article."""
    facts: tuple[int, int] = (0, 0)
    """What its records depend on; a log of others is refused."""

    def header(self) -> bytes:
        head = _HEADER.pack(self.magic, *self.facts, 0, 0)[:16]
        return head + struct.pack("<II", zlib.crc32(head), 0)


class LogWriter:
    """Appends records. `append` hands them to the operating system, `sync` to the disk."""

    def __init__(self, file: AppendFile, form: LogForm, stamp: int) -> None:
        self._file = file
        self._unsynced = False
        self.stamp = stamp
        """The number of the next record."""
        if file.size() == 0:
            file.append(form.header())
            self._unsynced = True

    def append(self, operation: int, payload: bytes) -> None:
        record = _RECORD.pack(_MARK, 0, len(payload), operation, self.stamp)[8:] + payload
        self._file.append(struct.pack("<II", _MARK, zlib.crc32(record)) + record)
        self.stamp += 1
        self._unsynced = True

    def sync(self) -> None:
        if self._unsynced:
            self._file.sync()
            self._unsynced = False

    def size(self) -> int:
        return self._file.size()

    def close(self) -> None:
        self._file.close()


class LogReader(Generic[Record]):
    """Reads whole records from where it stopped last; a writer uses it once, readers repeatedly.

    `parse` makes a record of an operation and its payload, or None where that cannot be one.
    """

    def __init__(
        self, directory: Directory, name: str, form: LogForm, parse: Callable[[int, bytes], Record | None]
    ) -> None:
        self._directory = directory
        self._name = name
        self._form = form
        self._parse = parse
        self.position = 0
        self.stamp = 0

    def read(self) -> Iterator[Record]:
        """The whole records that were not read yet. Stops at a record that a crash cut short; raises
        FileDamaged where it cannot have been a crash.
        """
        try:
            data = self._directory.read(self._name, self.position)
        except FileNotFoundError:
            raise self._damaged("the file is missing") from None
        at = 0
        if self.position == 0:
            if len(data) < _HEADER.size:
                return  # A crash came before the header was synced; nothing can have been logged.
            self._check_header(data)
            at = self.position = _HEADER.size
        while (end := self._end_of_record(data, at, self.stamp)) is not None:
            _, _, _, operation, _ = _RECORD.unpack_from(data, at)
            record = self._parse(operation, data[at + _RECORD.size : end])
            if record is None:
                raise self._damaged("a record has an impossible length")
            self.position += end - at
            self.stamp += 1
            at = end
            yield record
        if self._whole_record_after(data, at + 1):
            raise self._damaged("a record before its end is damaged")

    def _damaged(self, comment: str) -> FileDamaged:
        return FileDamaged(self._directory.path / self._name, comment)

    def _check_header(self, data: bytes) -> None:
        magic, *facts, crc, zero = _HEADER.unpack_from(data)
        if magic != self._form.magic or crc != zlib.crc32(data[:16]) or zero != 0:
            raise self._damaged(f"it does not start as {self._form.name}")
        if tuple(facts) != self._form.facts:
            raise self._damaged(f"it is {self._form.name} of {facts}, not of {list(self._form.facts)}")

    def _end_of_record(self, data: bytes, at: int, stamp: int) -> int | None:
        if at + _RECORD.size > len(data):
            return None
        mark, crc, length, _, found = _RECORD.unpack_from(data, at)
        end = at + _RECORD.size + int(length)
        if mark != _MARK or end > len(data) or found != stamp:
            return None
        return end if zlib.crc32(data[at + 8 : end]) == crc else None

    def _whole_record_after(self, data: bytes, at: int) -> bool:
        """Whether a later record is sound: then what stopped the replay is damage and not a crash."""
        mark = struct.pack("<I", _MARK)
        while (at := data.find(mark, at)) >= 0:
            if at + _RECORD.size <= len(data):
                stamp = _RECORD.unpack_from(data, at)[4]
                if stamp > self.stamp and self._end_of_record(data, at, stamp) is not None:
                    return True
            at += 1
        return False
