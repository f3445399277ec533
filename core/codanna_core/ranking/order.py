"""The order of symbols: each by its own score and what lifts its file; what is called exactly so is first."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from codanna_core.ranking.paths import CLASSES
from codanna_core.ranking.signals import Floats, Symbols, places_in_group
from codanna_core.ranking.weights import WEIGHTS
from codanna_core.text.documents import KINDS

_FIELD = KINDS.index("field")


def meant_exactly(symbols: Symbols, signals: Floats, *, single_words: bool) -> NDArray[np.bool_]:
    """Which symbols come first of all, for they are called what was asked for.

    A name of several words is meant exactly; a single one is also what tests and fields are called.
    """
    if not single_words:
        return symbols.exact
    behind: NDArray[np.bool_] = np.asarray(signals[:, -len(CLASSES) :].any(axis=1))
    meant: NDArray[np.bool_] = symbols.exact & ~behind[symbols.file] & (symbols.kind != _FIELD)
    return meant


def best_symbols(
    symbols: Symbols, of_files: Floats, own: Floats, meant: NDArray[np.bool_], limit: int
) -> tuple[NDArray[np.int64], Floats]:
    """All symbols, best first, with their scores: what each is worth itself, and what lifts its file. The
    best of those that are `meant` comes first of all.
    """
    rows = np.lexsort((-own, symbols.file))
    file = symbols.file[rows]
    rank, _ = places_in_group(file)
    raw = of_files[file] + own[rows] - WEIGHTS.again * rank
    order = np.lexsort((rows, -raw))
    order = order[rank[order] < limit]
    rows, raw = rows[order], raw[order]
    exact = np.flatnonzero(meant[rows])
    if len(exact):
        # Whatever else speaks for other files: a definition called exactly so is what a name asks for.
        moved = np.r_[exact[0], np.delete(np.arange(len(rows)), exact[0])]
        rows, raw = rows[moved], np.r_[raw[0], raw[moved[1:]]]
    return rows, raw
