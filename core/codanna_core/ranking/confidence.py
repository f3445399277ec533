"""Whether anything answers a question well, and where a page ends."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from codanna_core.ranking.signals import Floats
from codanna_core.records import dataclass

EVEN, STEP = 11.0, 3.8
"""The sum at which every second first hit was right on the labelled questions, and how far it is from there
to the one at which 73 of 100 were.
"""
BELOW_BEST = 8.0
"""A hit whose sum is so much lower than that of the best is not shown: right symbols were at most 7.9 behind
it, 99 of 100 at most 5.
"""
_MUCH_OF_BEST = 0.5
"""Of the best text score, for a hit without a vector."""
LEAST = {"hybrid": 4.0, "semantic": 5.0, "text": 4.0}
"""Where nothing matches well, what has a smaller sum is not shown; by meaning alone sums are larger."""

_SMALLEST, _LARGEST = 300, 10_000
"""Documents of the code bases that the weights were fitted on; beyond these their number says no more."""
_BY_MEANING = (2.419, 0.858, 0.384, -0.129)
_BY_WORDS = (0.261, 0.971, 0.598, -0.099)
"""Of the best definition (cosine or text score), of the share of the question that the best file holds in its
words or its path, and of the logarithms of the number of terms and of documents: the nearest of many symbols
is near by chance. All but 3 of 100 questions about their own code base reach 1, by words alone all but 4.
`benchmarks/notice.py` fits and measures.
"""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What speaks for an answer, whatever comes first."""

    nearest: float
    """The best cosine of a definition: one of so many fields and lines is near to anything."""
    text: float
    """The best text score of a definition."""
    covered: float
    """The largest share of the question's rarity that a file holds."""
    terms: int
    documents: int


def evidence_row(evidence: Evidence, mode: str, *, bundled: bool) -> tuple[float, float, float, float]:
    """As numbers that are weighed and added. The cosines of models that are not bundled mean other things, so
    that there only words count.
    """
    documents = max(_SMALLEST, min(_LARGEST, evidence.documents))
    best = evidence.nearest if _by_meaning(mode, bundled=bundled) else evidence.text
    return best, evidence.covered, math.log1p(evidence.terms), math.log(documents)


def matches_well(evidence: Evidence, mode: str, *, bundled: bool) -> bool:
    """Whether a question probably has an answer here. Where neither words nor a bundled model are searched,
    nothing can say.
    """
    if mode == "semantic" and not bundled:
        return True
    weights = _BY_MEANING if _by_meaning(mode, bundled=bundled) else _BY_WORDS
    row = evidence_row(evidence, mode, bundled=bundled)
    return sum(weight * value for weight, value in zip(weights, row, strict=True)) >= 1.0


def _by_meaning(mode: str, *, bundled: bool) -> bool:
    return bundled and mode != "text"


def relevant(raw: Floats, text: Floats, meaning: Floats, least: float | None) -> NDArray[np.bool_]:
    """Which of the best belong on a page: their sums, which are in order, text scores and cosines. With
    `least`, nothing matches well, and no sum is below it.

    What no vector speaks for, because it is yet to be made or the model knows none of the words, has a small
    sum however well its words match: that is judged by its words, and the best of all words is always shown.
    """
    if not len(raw):
        return np.zeros(0, np.bool_)
    bound = raw[0] - BELOW_BEST if least is None else max(raw[0] - BELOW_BEST, least)
    best = text.max(initial=0.0)
    by_words = (text > 0.0) & ((text >= best) | ((meaning <= 0.0) & (text >= _MUCH_OF_BEST * best)))
    kept: NDArray[np.bool_] = (raw >= bound) | (by_words & (least is None))
    return kept


def shown(raw: float) -> float:
    """A sum of signals as a score between 0 and 1: about how often a first hit with such a sum was right."""
    return 1.0 / (1.0 + math.exp(-max(-30.0, min(30.0, (raw - EVEN) / STEP))))
