"""How much a word says of a symbol: one level for each word, worked out from the symbol alone when it is
indexed, so that a score depends on nothing but the symbol and how many files hold the word.

The formula is BM25 over fields with a fixed usual length for each. Statistics of the whole index would count
deleted documents until a merge drops them, and answers would depend on the history of the index.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import cache
from itertools import chain
from operator import add
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

FIELDS: Final[Mapping[str, tuple[float, float]]] = {
    # A definition called what was asked for must beat one that merely mentions it.
    "name": (4.0, 2.0),
    # `Session.save` must beat other `save`s when the question says session.
    "container": (1.5, 1.0),
    # Parameter and return types tell overloads apart.
    "sig": (1.0, 8.0),
    # A doc comment states the purpose; a body only implements it.
    "doc": (1.5, 4.5),
    # Undocumented code must still be found by the words in it.
    "body": (1.0, 30.0),
}
"""The weight and the usual number of words of each field."""

_SATURATION, _BY_LENGTH = 1.2, 0.75
_MOST_TIMES, _LONGEST = 15, 255
_LEAST, _STEP = 0.35, 1.25
_FINENESS = 16
"""Parts of one into which a sum is cut to look its level up."""
_TERM, _OWNER = 3, 40
"""Bits behind which a word and its symbol stand in the number of a word of a field."""

LEVELS: Final = "abcdefghijklmnop"
"""The last letter of a word in the index, from a mere mention to a name that is the word."""

VALUES: Final[Mapping[str, float]] = {
    level: round(_LEAST * _STEP ** (number + 0.5), 3) for number, level in enumerate(LEVELS)
}
"""What each level counts."""


@cache
def _gains() -> NDArray[np.float64]:
    """What a word counts, by its field, how many words the field has, and how often the word is among them.

    Made when it is needed: a process that only asks is over before.
    """
    lengths, times = np.arange(_LONGEST + 1.0)[:, None], np.arange(_MOST_TIMES + 1.0)
    gains = []
    for weight, usual in FIELDS.values():
        # In parts of one, whose number is a power of two, so that no sum is rounded otherwise.
        most = _FINENESS * weight * (1 + _SATURATION)
        shaped = _SATURATION * (1 - _BY_LENGTH + _BY_LENGTH * (lengths / usual))
        gains.append(most * times / (times + shaped))
    return np.array(gains)


@cache
def _letters() -> NDArray[np.uint8]:
    """The letter of each sum of gains."""
    most = _gains()[:, 0, _MOST_TIMES].sum()
    values = [(number + 0.5) / _FINENESS for number in range(int(most) + 2)]
    return np.frombuffer("".join(map(_level, values)).encode("ascii"), np.uint8)


def _level(value: float) -> str:
    number = math.floor(math.log(max(value, _LEAST) / _LEAST, _STEP))
    return LEVELS[min(number, len(LEVELS) - 1)]


def word_levels(fields: Sequence[str]) -> dict[str, str]:
    """The level of each word of a symbol; `fields` are its analysed texts in the order of `FIELDS`."""
    words = [text.split() for text in fields]
    terms = dict.fromkeys(chain.from_iterable(words))
    number_of = dict(zip(terms, range(len(terms)), strict=True))
    numbers = np.array([number_of[word] for word in chain.from_iterable(words)], np.int64)
    (said,) = leveled(numbers, np.array([[len(one)] for one in words], np.int64), [*terms])
    return {word[:-1]: word[-1] for word in said.split()}


def leveled(numbers: NDArray[np.integer[Any]], counts: NDArray[np.int64], terms: Sequence[str]) -> list[str]:
    """The words of each symbol with their levels, as the index holds them, in the order of the alphabet: the
    places in `terms` are of what was read before.

    `numbers` are the places in `terms` of the words of the first field of every symbol, then of the second,
    and so on; `counts[field, symbol]` is how many there are. For each word of each body of a code base only
    the last lines here are Python.
    """
    fields, symbols = counts.shape
    owners = np.arange(symbols, dtype=np.int64) << _OWNER | np.arange(fields, dtype=np.int64)[:, None]
    each = np.repeat(owners.ravel(), counts.ravel()) | numbers.astype(np.int64) << _TERM
    each.sort()
    starts = np.flatnonzero(np.diff(each, prepend=-1))
    times = np.minimum(np.diff(starts, append=len(each)), _MOST_TIMES)
    each = each[starts]
    field, owner = each & (1 << _TERM) - 1, each >> _OWNER
    first = np.diff(each >> _TERM, prepend=-1) != 0
    gains = np.zeros((fields, int(np.count_nonzero(first))))
    lengths = np.minimum(counts[field, owner], _LONGEST)
    gains[field, np.cumsum(first) - 1] = _gains()[field, lengths, times]
    sums = gains[0]
    for more in gains[1:]:
        sums += more  # One by one, for the order decides how a sum is rounded.
    letters = _letters()[sums.astype(np.int64)].tobytes().decode("ascii")
    places = (each[first] >> _TERM & (1 << _OWNER - _TERM) - 1).tolist()
    said = [*map(add, map(terms.__getitem__, places), letters)]
    ends = np.cumsum(np.bincount(owner[first], minlength=symbols)).tolist()
    return [" ".join(sorted(said[start:end])) for start, end in zip([0, *ends], ends, strict=False)]
