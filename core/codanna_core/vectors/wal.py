"""The write-ahead log: what was upserted and removed since the last sealed segment.

The header's numbers are the dimension and the bytes of one row. The payload of a record is keys u64[n], then
for an upsert the scales f32[n] and the rows [n, d]; n follows from the length.
"""

from __future__ import annotations

import numpy as np

from codanna_core.records import dataclass
from codanna_core.storage import AppendFile, Directory
from codanna_core.storage.log import LogForm, LogReader, LogWriter
from codanna_core.vectors.base import Floats, Keys
from codanna_core.vectors.rows import RowCodec, Rows

UPSERT, REMOVE = 1, 2


@dataclass(frozen=True, slots=True)
class Record:
    """One replayed operation; `rows` is None for a removal."""

    keys: Keys
    rows: Rows | None
    scales: Floats | None


@dataclass(frozen=True, slots=True)
class WalFormat:
    """How vectors of a dimension are logged."""

    codec: RowCodec
    dimension: int

    def reader(self, directory: Directory, name: str) -> LogReader[Record]:
        return LogReader(directory, name, self._form(), self._parse)

    def writer(self, file: AppendFile, stamp: int) -> LogWriter:
        """The header of a new log reaches the disk before a manifest names it."""
        log = LogWriter(file, self._form(), stamp)
        log.sync()
        return log

    def _form(self) -> LogForm:
        facts = self.dimension, self.codec.bytes_per_row(self.dimension)
        return LogForm(b"CDNWAL\x00\x01", "a vector log", facts)

    def _parse(self, operation: int, payload: bytes) -> Record | None:
        if operation == REMOVE:
            return Record(np.frombuffer(payload, "<u8"), None, None) if len(payload) % 8 == 0 else None
        row = self.dimension * self.codec.dtype.itemsize
        count, rest = divmod(len(payload), 12 + row)
        if operation != UPSERT or rest:
            return None
        keys = np.frombuffer(payload, "<u8", count)
        scales = np.frombuffer(payload, "<f4", count, 8 * count)
        rows = np.frombuffer(payload, self.codec.dtype, count * self.dimension, 12 * count)
        return Record(keys, rows.reshape(count, self.dimension), scales)


def log_upsert(log: LogWriter, keys: Keys, rows: Rows, scales: Floats) -> None:
    """Append vectors."""
    log.append(
        UPSERT,
        keys.astype("<u8", copy=False).tobytes()
        + scales.astype("<f4", copy=False).tobytes()
        + rows.tobytes(),
    )


def log_removal(log: LogWriter, keys: Keys) -> None:
    """Append that vectors are gone."""
    log.append(REMOVE, keys.astype("<u8", copy=False).tobytes())
