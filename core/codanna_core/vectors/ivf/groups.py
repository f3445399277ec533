"""The nearest of very many centroids, found through groups of them; with 3,000 it takes half the time of
comparing all.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from codanna_core.arrays import distinct
from codanna_core.vectors.base import Floats
from codanna_core.vectors.ivf.coarse import Coarse, ListNumbers
from codanna_core.vectors.ivf.kmeans import lloyd

GROUPED_AT = 1536
"""Centroids from which groups pay: with half as many, comparing all takes half the time."""
LOOKED_INTO = 8
"""Groups compared for each vector; of a million vectors 99 in 100 find the very nearest centroid so."""
_WIDELY = 12
"""Groups compared where several lists of each vector are wanted."""
_TURNS = 4
_ROWS = 8192


class Groups:
    """Centroids in groups of about as many as there are groups. Deterministic for the centroids."""

    def __init__(self, coarse: Coarse) -> None:
        self._coarse = coarse
        self._members: list[ListNumbers] = []
        count = len(coarse.centroids)
        if count < GROUPED_AT:
            return
        rng = np.random.default_rng(count)
        heads = Coarse(
            lloyd(coarse.centroids, round(count**0.5), coarse.spherical, rng, _TURNS), coarse.spherical
        )
        own = heads.nearest(coarse.centroids)
        self._members = [np.flatnonzero(own == head).astype(np.int32) for head in distinct(own).tolist()]
        self._blocks = [np.ascontiguousarray(coarse.centroids[members].T) for members in self._members]
        means = np.stack([coarse.centroids[members].mean(axis=0) for members in self._members])
        self._heads = np.ascontiguousarray(means.T)
        self._offsets = coarse.offsets()
        self._head_offsets = Coarse(means, coarse.spherical).offsets()

    def nearest(self, vectors: Floats) -> ListNumbers:
        """The nearest list of each vector, or one about as near: i32[n]."""
        if not self._members:
            return self._coarse.nearest(vectors)
        lists = np.empty(len(vectors), np.int32)
        for start in range(0, len(vectors), _ROWS):
            lists[start : start + _ROWS] = self._nearest(vectors[start : start + _ROWS])
        return lists

    def _nearest(self, vectors: Floats) -> ListNumbers:
        looked_into = min(LOOKED_INTO, len(self._members))
        best = np.full(len(vectors), -np.inf, np.float32)
        lists = np.zeros(len(vectors), np.int32)
        for places, members, products in self._compared(vectors, looked_into):
            rows = places // looked_into
            column = products.argmax(axis=1)
            value = products[np.arange(len(rows)), column]
            better = value > best[rows]
            best[rows[better]] = value[better]
            lists[rows[better]] = members[column[better]]
        return lists

    def _compared(
        self, vectors: Floats, looked_into: int
    ) -> Iterator[tuple[NDArray[np.intp], ListNumbers, Floats]]:
        """For each group its lists and their products with the vectors that look into it, behind the numbers
        of these pairs of a vector and a group: each vector has `looked_into`, one after the other.
        """
        near = vectors @ self._heads
        if self._head_offsets is not None:
            near += self._head_offsets
        groups = np.argpartition(-near, looked_into - 1, axis=1)[:, :looked_into].reshape(-1)
        order = np.argsort(groups, kind="stable")
        ends = np.cumsum(np.bincount(groups, minlength=len(self._members)))
        for group, (start, end) in enumerate(zip([0, *ends[:-1]], ends, strict=True)):
            places, members = order[start:end], self._members[group]
            products = vectors[places // looked_into] @ self._blocks[group]
            if self._offsets is not None:
                products += self._offsets[members]
            yield places, members, products

    def several(self, vectors: Floats, count: int) -> ListNumbers:
        """The nearest so many lists of each vector, or some about as near, nearest first: i32[n, count]."""
        lists = np.empty((len(vectors), count), np.int32)
        for start in range(0, len(vectors), _ROWS):
            lists[start : start + _ROWS] = self._several(vectors[start : start + _ROWS], count)
        return lists

    def _several(self, vectors: Floats, count: int) -> ListNumbers:
        if not self._members:
            products = vectors @ self._coarse.centroids.T
            offsets = self._coarse.offsets()
            return _best(products if offsets is None else products + offsets, count)[0]
        looked_into = min(_WIDELY, len(self._members))
        values = np.full((len(vectors) * looked_into, count), -np.inf, np.float32)
        lists = np.zeros((len(vectors) * looked_into, count), np.int32)
        for places, members, products in self._compared(vectors, looked_into):
            columns, greatest = _best(products, min(count, products.shape[1]))
            values[places, : columns.shape[1]] = greatest
            lists[places, : columns.shape[1]] = members[columns]
        best, _ = _best(values.reshape(len(vectors), -1), count)
        found: ListNumbers = np.take_along_axis(lists.reshape(len(vectors), -1), best, 1)
        return found


def _best(values: Floats, count: int) -> tuple[ListNumbers, Floats]:
    """The columns of the greatest values of each row, greatest first, and the values."""
    columns = np.argpartition(-values, count - 1, axis=1)[:, :count]
    found = np.take_along_axis(values, columns, 1)
    order = np.argsort(-found, axis=1, kind="stable")
    return np.take_along_axis(columns, order, 1).astype(np.int32), np.take_along_axis(found, order, 1)
