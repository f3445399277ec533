"""Which lists a vector belongs to: the nearest centroid, and a second one that errs in another direction."""

from __future__ import annotations

import numpy as np

from codanna_core.vectors.base import Floats
from codanna_core.vectors.ivf.coarse import Coarse, ListNumbers
from codanna_core.vectors.ivf.groups import Groups

NEIGHBOURS = 256
"""Lists around the first one among which the second is chosen; a better one farther away is rare."""
_ROWS = 256


class Assigner:
    """First and second list of vectors, the second by SOAR (Sun et al. 2023).

    A query that misses a vector through its first centroid does so because the query lies along that
    centroid's residual; the second centroid is the one whose residual is short and at right angles to the
    first.
    """

    def __init__(self, coarse: Coarse, weight: float) -> None:
        self._weight = np.float32(weight)
        self._centroids = coarse.centroids
        self._groups = Groups(coarse)
        self._near = _neighbours(coarse)
        self._squares: Floats = np.einsum("ij,ij->i", coarse.centroids, coarse.centroids)

    def first(self, vectors: Floats) -> ListNumbers:
        """The nearest list of each vector: i32[n]."""
        return self._groups.nearest(vectors)

    def second(self, vectors: Floats, first: ListNumbers) -> ListNumbers:
        """The second list of each vector: i32[n]; the first one again when there is only one list.

        Costs least when vectors of one first list stand together.
        """
        second = first.copy()
        if len(self._centroids) == 1:
            return second
        order = np.argsort(first, kind="stable")
        begins = np.flatnonzero(np.r_[True, np.diff(first[order]) != 0])
        for start, end in zip(begins, [*begins[1:], len(order)], strict=True):
            members = order[start:end]
            second[members] = self._second_of(vectors[members], int(first[members[0]]))
        return second

    def _second_of(self, vectors: Floats, first: int) -> ListNumbers:
        """The second list of vectors that all have the same first one."""
        centroid, near = self._centroids[first], self._near[first]
        centroids = self._centroids[near]
        products = vectors @ centroids.T
        own = vectors @ centroid
        along = np.einsum("ij,ij->i", vectors, vectors) - own
        residual = np.maximum(along - own + self._squares[first], np.float32(1e-12))
        # loss = |x - c'|^2 + weight * <x - c', x - c>^2 / |x - c|^2, without the |x|^2 that all share.
        slant = (centroids @ centroid)[None, :] - products
        slant += along[:, None]
        loss = slant * slant * (self._weight / residual)[:, None]
        loss += self._squares[near] - 2 * products
        seconds: ListNumbers = near[loss.argmin(axis=1)]
        return seconds


def _neighbours(coarse: Coarse) -> ListNumbers:
    """The lists nearest to each list, itself left out: i32[k, 256], or fewer columns if there are fewer."""
    count, offsets = len(coarse.centroids), coarse.offsets()
    wanted = min(NEIGHBOURS, count - 1)
    near = np.empty((count, wanted), np.int32)
    for start in range(0, count if wanted else 0, _ROWS):
        products = coarse.centroids[start : start + _ROWS] @ coarse.centroids.T
        if offsets is not None:
            products += offsets
        rows = np.arange(len(products))
        products[rows, start + rows] = -np.inf
        near[start : start + _ROWS] = np.argpartition(-products, wanted - 1, axis=1)[:, :wanted]
    return near
