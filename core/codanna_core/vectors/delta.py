"""The newest vectors, in memory and in the log: a few thousand, scanned exactly."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from codanna_core.records import dataclass
from codanna_core.vectors.base import Floats, Keys, Mask
from codanna_core.vectors.rows import RowCodec, Rows


@dataclass(frozen=True, slots=True)
class DeltaView:
    """What a snapshot sees of the delta: the first slots, which no later append touches."""

    keys: Keys
    vectors: Floats
    """Decoded from the stored precision, so that sealing changes no score."""
    live: Mask
    count: int
    """Number of live slots."""


class Delta:
    """Append-only slots; replacing a key kills its old slot. The owner serialises writers.

    Useful for: thousands of vectors. Not useful for: more, since a search reads all of them.
    """

    def __init__(self, codec: RowCodec, dimension: int) -> None:
        self._codec = codec
        self._dimension = dimension
        self._slots: dict[int, int] = {}
        self._used = 0
        self._keys, self._rows, self._scales, self._vectors = self._room(256)
        self._live = np.zeros(0, dtype=bool)

    def __len__(self) -> int:
        return len(self._slots)

    @property
    def used(self) -> int:
        """Slots taken, removed ones included."""
        return self._used

    def _room(self, capacity: int) -> tuple[Keys, Rows, Floats, Floats]:
        return (
            np.zeros(capacity, np.uint64),
            np.zeros((capacity, self._dimension), self._codec.dtype),
            np.zeros(capacity, np.float32),
            np.zeros((capacity, self._dimension), np.float32),
        )

    def _grow(self, capacity: int) -> None:
        used = self._used
        grown = self._room(capacity)
        grown[0][:used] = self._keys[:used]
        grown[1][:used] = self._rows[:used]
        grown[2][:used] = self._scales[:used]
        grown[3][:used] = self._vectors[:used]
        # Views taken before keep the old arrays, which nobody writes any more.
        self._keys, self._rows, self._scales, self._vectors = grown

    def append(self, keys: Keys, rows: Rows, scales: Floats) -> None:
        """Add vectors; keys are distinct, and those present before are replaced."""
        self.remove(keys)
        start, end = self._used, self._used + len(keys)
        if end > len(self._keys):
            self._grow(max(end, 2 * len(self._keys)))
        self._keys[start:end] = keys
        self._rows[start:end] = rows
        self._scales[start:end] = scales
        self._vectors[start:end] = self._codec.decode(rows, scales)
        self._slots.update(zip(keys.tolist(), range(start, end), strict=True))
        live = np.ones(end, dtype=bool)
        live[:start] = self._live
        self._live = live
        self._used = end

    def holds(self, keys: Keys) -> Mask:
        """Which keys have a live slot; for the writer, views are searched by their arrays."""
        return np.fromiter(map(self._slots.__contains__, keys.tolist()), dtype=bool, count=len(keys))

    def remove(self, keys: Keys) -> None:
        slots = [slot for key in keys.tolist() if (slot := self._slots.pop(key, None)) is not None]
        if slots:
            live = self._live.copy()
            live[slots] = False
            self._live = live

    def view(self) -> DeltaView:
        used = self._used
        return DeltaView(self._keys[:used], self._vectors[:used], self._live, len(self._slots))

    def live_rows(self) -> tuple[Keys, Rows, Floats]:
        """What sealing writes: keys, rows and scales of the live slots."""
        slots: NDArray[np.intp] = np.flatnonzero(self._live)
        return self._keys[slots], self._rows[slots], self._scales[slots]
