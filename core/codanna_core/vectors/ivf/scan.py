"""The first stage of a search: estimates from codes, of which the best few hundred rows are kept.

Written for few numpy calls: the blocks of all probed lists are joined once, then every step runs over all
entries.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from codanna_core.records import dataclass
from codanna_core.vectors.base import Floats, Mask
from codanna_core.vectors.ivf import codec
from codanna_core.vectors.ivf.codec import QueryCode
from codanna_core.vectors.ivf.lists import Lists

RowIds = NDArray[np.uint32]

CANDIDATES = 6
"""Centroids compared exactly for each list to probe."""
_SAMPLED = 16
"""Rank in the sample that stands for the wanted rank: its count then varies by about a quarter."""


@dataclass(frozen=True, slots=True)
class Estimates:
    """Estimated scores of scanned entries and the rows they belong to; a row in two lists is there twice."""

    rows: RowIds
    scores: Floats
    lists: int


def nearest_lists(
    lists: Lists, query: Floats, code: QueryCode, nprobe: int
) -> tuple[NDArray[np.intp], Floats]:
    """The `nprobe` lists to probe, and the products of their centroids with the query.

    Reading all centroids would cost as much as scanning the lists: their codes choose a few times as many.
    """
    if nprobe >= len(lists):
        return np.arange(len(lists)), lists.centroids @ query
    if lists.codes is None or CANDIDATES * nprobe >= len(lists) // 2:
        products: Floats = lists.centroids @ query
        near = products if lists.nearness is None else products + lists.nearness
        chosen = near.argpartition(-nprobe)[-nprobe:]
        return chosen, products[chosen]
    rough = codec.rough_products(lists.codes, code, len(query))
    rough *= lists.factors
    if lists.nearness is not None:
        rough += lists.nearness * code.rough_scale
    wanted = CANDIDATES * nprobe
    candidates = rough.argpartition(-wanted)[-wanted:]
    products = lists.centroids.take(candidates, axis=0) @ query
    near = products if lists.nearness is None else products + lists.nearness.take(candidates)
    best = near.argpartition(-nprobe)[-nprobe:]
    return candidates[best], products[best]


def estimate(lists: Lists, query: Floats, code: QueryCode, nprobe: int) -> Estimates:
    """Estimate the scores of all entries in the nearest lists, times `code.scale`.

    For l2 the score is <q, x> - |x|^2 / 2, which orders as the distance does.
    """
    chosen, centres = nearest_lists(lists, query, code, nprobe)
    blocks = [lists.block(number) for number in chosen.tolist()]
    joined = np.concatenate(blocks, axis=1)
    words = len(code.opposite)
    scores = codec.products(joined[:words], code)
    pairs = joined[words].view(np.uint32).reshape(-1, 2)
    scores *= pairs[:, 1].view(np.float32)
    bases = centres * lists.strengths.take(chosen)
    bases *= code.scale
    scores += bases.repeat([block.shape[1] for block in blocks])
    if lists.has_lengths:
        scores += joined[words + 1].view(np.float32).reshape(-1, 2)[:, 0] * code.scale
    return Estimates(pairs[:, 0], scores, len(blocks))


def threshold(scores: Sequence[Floats], wanted: int) -> float:
    """A score that about `wanted` of all scores exceed, found from a sample where there are many."""
    if sum(map(len, scores)) <= wanted:
        return -np.inf
    step = max(1, wanted // _SAMPLED)
    sample = np.concatenate([part[::step] for part in scores]) if len(scores) > 1 else scores[0][::step]
    rank = len(sample) - max(1, min(len(sample), wanted // step))
    return float(np.partition(sample, rank)[rank])


def rows_above(estimates: Estimates, bound: float, mask: Mask | None) -> RowIds:
    """The distinct rows whose estimate reaches `bound` and that `mask` allows, in order."""
    rows = estimates.rows[(estimates.scores >= bound).nonzero()[0]]
    rows.sort()
    if len(rows) > 1:
        first = np.empty(len(rows), dtype=bool)
        first[0] = True
        np.not_equal(rows[1:], rows[:-1], out=first[1:])
        rows = rows[first]
    return rows if mask is None else rows[mask.take(rows)]
