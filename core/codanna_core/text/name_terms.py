"""The words of a name in one number: ranking compares them with a question and reads no document."""

from __future__ import annotations

import zlib
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from codanna_core.cache import Cache
from codanna_core.words import WORDS_KEPT

MOST = 6
_BITS = 10
_SHIFTS = np.arange(MOST, dtype=np.uint64)[:, None] * np.uint64(_BITS)
CODES = 1 << _BITS
"""One more than the largest code of a word; 0 stands for none."""


def code_of(term: str) -> int:
    """A number from 1 to 1023; two terms in a thousand share one."""
    return zlib.crc32(term.encode("utf-8", "replace")) % (CODES - 1) + 1


_codes = Cache("the codes of words of names", WORDS_KEPT, code_of)


def packed(terms: Iterable[str]) -> int:
    """The first words of a name, given as it is indexed: its parts, and behind several the whole."""
    different = list(dict.fromkeys(terms))
    parts = different[:-1] if len(different) > 2 else different
    number = 0
    for term in parts[MOST - 1 :: -1]:
        number = number << _BITS | _codes[term]
    return number


def unpacked(names: NDArray[np.uint64]) -> NDArray[np.int64]:
    """A column a name, a row for each of its words, 0 behind the last: numpy works along rows."""
    return (names >> _SHIFTS & np.uint64(CODES - 1)).astype(np.int64)
