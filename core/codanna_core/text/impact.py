"""How much a word says of a symbol: one level for each word, worked out from the symbol alone when it is
indexed, so that a score depends on nothing but the symbol and how many files hold the word.

The formula is BM25 over fields with a fixed usual length for each. Statistics of the whole index would count
deleted documents until a merge drops them, and answers would depend on the history of the index.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from operator import add
from typing import Final

from codanna_core.cache import Cache

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

LEVELS: Final = "abcdefghijklmnop"
"""The last letter of a word in the index, from a mere mention to a name that is the word."""

VALUES: Final[Mapping[str, float]] = {
    level: round(_LEAST * _STEP ** (number + 0.5), 3) for number, level in enumerate(LEVELS)
}
"""What each level counts."""


def _gains(weight: float, usual: float) -> Cache[int, list[float]]:
    """By the number of words in a field, and by how often one of them is there, what that counts, in parts of
    one. Their number is a power of two, so that no sum is rounded otherwise.
    """

    def of_length(length: int) -> list[float]:
        most = _FINENESS * weight * (1 + _SATURATION)
        shaped = _SATURATION * (1 - _BY_LENGTH + _BY_LENGTH * (length / usual))
        return [most * times / (times + shaped) for times in range(_MOST_TIMES + 1)]

    # Made when they are needed: a process that only asks is over before it would have made all.
    return Cache("what the words of a field count, by their number", _LONGEST + 1, of_length)


def _level(value: float) -> str:
    number = math.floor(math.log(max(value, _LEAST) / _LEAST, _STEP))
    return LEVELS[min(number, len(LEVELS) - 1)]


_GAINS = [_gains(weight, usual) for weight, usual in FIELDS.values()]
_MOST = sum(gains[0][_MOST_TIMES] for gains in _GAINS)
_LEVEL_OF = [_level((number + 0.5) / _FINENESS) for number in range(int(_MOST) + 2)]
_HEAD, _BODY = _GAINS[:-1], _GAINS[-1]
_ONLY_IN_BODY: Cache[int, str] = Cache(
    "the levels of words of a body", _LONGEST + 1, lambda length: _letters(_BODY[length])
)
"""The same for words that stand in nothing but the body, as letters."""


def _letters(of_length: Sequence[float]) -> str:
    letters = "".join([_LEVEL_OF[int(value)] for value in of_length])
    return letters.ljust(_LONGEST + 1, letters[-1])


def word_levels(fields: Sequence[str]) -> dict[str, str]:
    """The level of each word of a symbol; `fields` are its analysed texts in the order of `FIELDS`."""
    return {word[:-1]: word[-1] for word in leveled([text.split() for text in fields]).split()}


def leveled(fields: Sequence[Sequence[str]]) -> str:
    """The words of a symbol with their levels, as the index holds them; `fields` are the words of each."""
    sums = _sums_of_head(fields[:-1])
    # Each word of each body of a code base comes by here, so that what is done for each is done by `map`.
    words = fields[-1]
    length = len(words)
    counts: dict[str, int] = dict.fromkeys(words, 1)
    if len(counts) < length:
        counts = Counter(words)
    if length > _LONGEST:
        length = _LONGEST
        counts = {word: min(times, _LONGEST) for word, times in counts.items()}
    gains, levels = _BODY[length], _ONLY_IN_BODY[length]
    for word in sums.keys() & counts.keys():
        times = counts.pop(word)
        sums[word] += gains[times if times < _MOST_TIMES else _MOST_TIMES]
    said = [*map(add, sums, map(_LEVEL_OF.__getitem__, map(int, sums.values())))]
    said += map(add, counts, map(levels.__getitem__, counts.values()))
    return " ".join(said)


def _sums_of_head(fields: Sequence[Sequence[str]]) -> dict[str, float]:
    sums: dict[str, float] = {}
    known = sums.get
    for gains, words in zip(_HEAD, fields, strict=True):
        if not words:
            continue
        length = len(words)
        of_length = gains[length if length < _LONGEST else _LONGEST]
        if len({*words}) == length:
            once = of_length[1]
            for word in words:
                sums[word] = known(word, 0.0) + once
        else:
            for word, times in Counter(words).items():
                sums[word] = known(word, 0.0) + of_length[times if times < _MOST_TIMES else _MOST_TIMES]
    return sums
