"""Which keys an index cannot hold, told without looking for them."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from codanna_core.vectors.base import Keys, Mask

_BITS = 27
_SPREAD = np.uint64(0x9E3779B97F4A7C15)


class KeyFilter:
    """A bit for every key that was ever written, 16 MB in all, several keys to a bit.

    Useful for: bulk writing of millions of new keys, which would be looked for in every segment.
    """

    def __init__(self, held: Iterable[Keys]) -> None:
        self._bits = np.zeros(1 << (_BITS - 3), np.uint8)
        for keys in held:
            self.add(keys)

    def add(self, keys: Keys) -> None:
        places, bits = self._places(keys)
        np.bitwise_or.at(self._bits, places, bits)

    def may_hold(self, keys: Keys) -> Mask:
        """False where a key was never written."""
        places, bits = self._places(keys)
        found: Mask = (self._bits[places] & bits) != 0
        return found

    @staticmethod
    def _places(keys: Keys) -> tuple[NDArray[np.intp], NDArray[np.uint8]]:
        numbers = (keys * _SPREAD) >> np.uint64(64 - _BITS)
        bits = np.left_shift(1, (numbers & np.uint64(7)).astype(np.uint8)).astype(np.uint8)
        return (numbers >> np.uint64(3)).astype(np.intp), bits
