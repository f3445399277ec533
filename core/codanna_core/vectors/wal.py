"""The write-ahead log: what was upserted and removed since the last sealed segment.

    header (24): magic (8) | dimension u32 | bytes of one row u32 | crc32 of these u32 | zero u32
    record: mark u32 | crc32 of what follows u32 | length of payload u32 | operation u32 | stamp u64 | payload
    payload: keys u64[n], then for an upsert the scales f32[n] and the rows [n, d]; n follows from the length

Stamps count records from 0, so that a record out of place is not taken for the next one.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from codanna_core.errors import IndexCorrupt
from codanna_core.storage import AppendFile, Directory
from codanna_core.vectors.base import Floats, Keys
from codanna_core.vectors.rows import RowCodec, Rows

MAGIC = b"CDNWAL\x00\x01"
_HEADER = struct.Struct("<8sIIII")
_RECORD = struct.Struct("<IIIIQ")
_MARK = 0x4C415756
UPSERT, REMOVE = 1, 2


@dataclass(frozen=True, slots=True)
class Record:
    """One replayed operation; `rows` is None for a removal."""

    keys: Keys
    rows: Rows | None
    scales: Floats | None


class WalWriter:
    """Appends records. `append` hands them to the operating system, `sync` to the disk."""

    def __init__(self, file: AppendFile, dimension: int, row_bytes: int, stamp: int) -> None:
        self._file = file
        self._stamp = stamp
        self._unsynced = False
        if file.size() == 0:
            head = _HEADER.pack(MAGIC, dimension, row_bytes, 0, 0)[:16]
            file.append(head + struct.pack("<II", zlib.crc32(head), 0))
            file.sync()

    def append(self, keys: Keys, rows: Rows | None = None, scales: Floats | None = None) -> None:
        payload = keys.astype("<u8", copy=False).tobytes()
        operation = REMOVE
        if rows is not None and scales is not None:
            operation = UPSERT
            payload += scales.astype("<f4", copy=False).tobytes() + rows.tobytes()
        sealed = _RECORD.pack(_MARK, 0, len(payload), operation, self._stamp)[8:] + payload
        self._file.append(struct.pack("<II", _MARK, zlib.crc32(sealed)) + sealed)
        self._stamp += 1
        self._unsynced = True

    def sync(self) -> None:
        if self._unsynced:
            self._file.sync()
            self._unsynced = False

    def size(self) -> int:
        return self._file.size()

    def close(self) -> None:
        self._file.close()


class WalReader:
    """Reads whole records from where it stopped last; a writer uses it once, readers repeatedly."""

    def __init__(self, directory: Directory, name: str, dimension: int, codec: RowCodec) -> None:
        self._directory = directory
        self._name = name
        self._dimension = dimension
        self._codec = codec
        self.position = 0
        self.stamp = 0

    def read(self) -> Iterator[Record]:
        """The whole records that were not read yet. Stops at a record that a crash cut short."""
        path = self._directory.path / self._name
        try:
            data = self._directory.read(self._name, self.position)
        except FileNotFoundError:
            raise IndexCorrupt(path, "the file is missing") from None
        at = 0
        if self.position == 0:
            if len(data) < _HEADER.size:
                return  # A crash came before the header was synced; nothing can have been logged.
            self._check_header(data)
            at = self.position = _HEADER.size
        while (end := self._end_of_record(data, at)) is not None:
            _, _, _, operation, _ = _RECORD.unpack_from(data, at)
            record = self._parse(data[at + _RECORD.size : end], operation)
            if record is None:
                raise IndexCorrupt(path, "a record has an impossible length")
            self.position += end - at
            self.stamp += 1
            at = end
            yield record
        if self._whole_record_after(data, at + 1):
            raise IndexCorrupt(path, "a record before its end is damaged")

    def _check_header(self, data: bytes) -> None:
        magic, dimension, row_bytes, crc, zero = _HEADER.unpack_from(data)
        path = self._directory.path / self._name
        if magic != MAGIC or crc != zlib.crc32(data[:16]) or zero != 0:
            raise IndexCorrupt(path, "it does not start as a vector log")
        if dimension != self._dimension or row_bytes != self._codec.bytes_per_row(dimension):
            raise IndexCorrupt(path, f"its vectors have {dimension} dimensions, the index {self._dimension}")

    def _end_of_record(self, data: bytes, at: int, stamp: int | None = None) -> int | None:
        if at + _RECORD.size > len(data):
            return None
        mark, crc, length, _, found = _RECORD.unpack_from(data, at)
        end = at + _RECORD.size + int(length)
        if mark != _MARK or end > len(data) or found != (self.stamp if stamp is None else stamp):
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

    def _parse(self, payload: bytes, operation: int) -> Record | None:
        if operation == REMOVE:
            return Record(np.frombuffer(payload, "<u8"), None, None) if len(payload) % 8 == 0 else None
        row = self._dimension * self._codec.dtype.itemsize
        count, rest = divmod(len(payload), 12 + row)
        if operation != UPSERT or rest:
            return None
        keys = np.frombuffer(payload, "<u8", count)
        scales = np.frombuffer(payload, "<f4", count, 8 * count)
        rows = np.frombuffer(payload, self._codec.dtype, count * self._dimension, 12 * count)
        return Record(keys, rows.reshape(count, self._dimension), scales)
