"""The order of symbols: each by its own score and what lifts its file; what is called exactly so is first."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from codanna_core.ranking.paths import CLASSES
from codanna_core.ranking.signals import TYPE_KINDS, Floats, Symbols, places_in_group
from codanna_core.ranking.weights import WEIGHTS
from codanna_core.text.documents import KINDS

_FIELD = KINDS.index("field")


def meant_exactly(
    symbols: Symbols, signals: Floats, qualified: Floats, *, single_words: bool
) -> NDArray[np.int64]:
    """How surely each symbol is the one that a name asks for, 0 where it is not called so.

    A name of several words is meant exactly; a single one is also what tests and fields are called. The
    qualifiers decide before the file, and a type comes before its constructor.
    """
    ahead = ~np.asarray(signals[:, -len(CLASSES) :].any(axis=1))[symbols.file]
    meant = symbols.exact.copy()
    if single_words:
        meant &= (ahead & (symbols.kind != _FIELD)) | (qualified > 0)
    surely = 1 + (8 * qualified).astype(np.int64) + 2 * ahead + TYPE_KINDS[symbols.kind]
    return np.where(meant, surely, 0)


def best_symbols(
    symbols: Symbols, of_files: Floats, own: Floats, meant: NDArray[np.int64], limit: int
) -> tuple[NDArray[np.int64], Floats]:
    """All symbols, best first, with their scores: what each is worth itself, and what lifts its file. The
    best of those that are most surely `meant` comes first of all.
    """
    rows = np.lexsort((-own, symbols.file))
    file = symbols.file[rows]
    rank, _ = places_in_group(file)
    raw = of_files[file] + own[rows] - WEIGHTS.again * rank
    order = np.lexsort((rows, -raw))
    surest = meant.max(initial=0)
    first = (meant[rows] == surest) & (surest > 0)
    order = order[(rank[order] < limit) | first[order]]
    rows, raw = rows[order], raw[order]
    exact = np.flatnonzero(first[order])
    if len(exact):
        # Whatever else speaks for other files: a definition called exactly so is what a name asks for.
        moved = np.r_[exact[0], np.delete(np.arange(len(rows)), exact[0])]
        rows, raw = rows[moved], np.r_[raw[0], raw[moved[1:]]]
    return rows, raw
