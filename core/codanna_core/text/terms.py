"""The terms of words as numbers, so that numpy counts them: code repeats its words, and a number that is kept
costs less than a text.
"""

from __future__ import annotations

import threading
from array import array
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from codanna_core.text.schema import code_analyzer
from codanna_core.words import WORDS_KEPT, index_text_of, learn

_NUMBER = np.dtype(np.int32)
_BETWEEN = "|"
"""Stands between words whose terms are made together. Words hold letters, digits and underscores only."""

_analyze = code_analyzer().analyze


class _Numbers(dict[str, int]):
    """The numbers of terms, in the order in which they were met."""

    def __init__(self) -> None:
        super().__init__()
        self.terms: list[str] = []

    def __missing__(self, term: str) -> int:
        number = self[term] = len(self.terms)
        self.terms.append(term)
        return number


class Terms:
    """The terms of raw words. It only grows: `known_terms` starts again when one has grown too large."""

    def __init__(self) -> None:
        self._numbers = _Numbers()
        self._between = self._numbers[_BETWEEN]
        self.spelled: Sequence[str] = self._numbers.terms
        """By their numbers."""
        self._of_raw: dict[bytes, bytes] = {}
        """The packed numbers of the terms of each raw word."""

    def __len__(self) -> int:
        return len(self._of_raw)

    def learn(self, raws: Iterable[bytes]) -> None:
        """Work the terms of raw words out, all together."""
        new = [*set(raws).difference(self._of_raw)]
        if not new:
            return
        learn(new)
        analyzed = _analyze(f" {_BETWEEN} ".join(map(index_text_of, new)))
        packed = array(_NUMBER.char, map(self._numbers.__getitem__, analyzed)).tobytes()
        ends = np.flatnonzero(np.frombuffer(packed, _NUMBER) == self._between) * _NUMBER.itemsize
        starts = [0, *(ends + _NUMBER.itemsize).tolist()]
        of_each = map(packed.__getitem__, map(slice, starts, [*ends.tolist(), len(packed)]))
        self._of_raw.update(zip(new, of_each, strict=True))

    def numbers(self, texts: Iterable[Iterable[bytes]]) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
        """The terms of texts one after the other, and how many each text has."""
        packed_of = self._of_raw.__getitem__
        packed = [b"".join(map(packed_of, words)) for words in texts]
        counts = np.fromiter(map(len, packed), np.int64, len(packed)) // _NUMBER.itemsize
        return np.frombuffer(b"".join(packed), _NUMBER), counts

    def of_each(self, texts: Sequence[Iterable[bytes]]) -> list[list[str]]:
        """The terms of each text."""
        numbers, counts = self.numbers(texts)
        spelled = [*map(self.spelled.__getitem__, numbers.tolist())]
        ends = np.cumsum(counts).tolist()
        return [spelled[start:end] for start, end in zip([0, *ends], ends, strict=False)]

    def different(self, raws: Iterable[bytes]) -> list[str]:
        """The different terms of raw words, in their order."""
        numbers, _ = self.numbers([raws])
        return [*map(self.spelled.__getitem__, dict.fromkeys(numbers.tolist()))]


class _Known(threading.local):
    """Each thread has its own, so that none needs a lock."""

    def __init__(self) -> None:
        self.terms = Terms()


_known = _Known()


def known_terms() -> Terms:
    """What this thread knows of terms, to be kept for one file."""
    if len(_known.terms) > 2 * WORDS_KEPT:
        _known.terms = Terms()
    return _known.terms
