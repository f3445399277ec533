"""Which lists a vector belongs to: the nearest centroid, and a second one that errs in another direction."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from codanna_core.vectors.base import Floats

ListNumbers = NDArray[np.int32]

_ROWS = 256
"""Vectors compared at once: with 4,000 centroids a block of products is 4 MB and stays in the cache."""


@dataclass(frozen=True, slots=True)
class Coarse:
    """The centroids f32[k, d] and how near a vector is to each.

    For cosine the centroids have length one and the nearest has the greatest product; otherwise they are
    means and half their squared length is taken off, which orders by distance.
    """

    centroids: Floats
    spherical: bool

    def offsets(self) -> Floats | None:
        """What is added to the products of a vector with the centroids; None when nothing is."""
        if self.spherical:
            return None
        halves: Floats = np.einsum("ij,ij->i", self.centroids, self.centroids) * np.float32(-0.5)
        return halves

    def nearest(self, vectors: Floats) -> ListNumbers:
        """The nearest list of each vector: i32[n]."""
        offsets = self.offsets()
        transposed = np.ascontiguousarray(self.centroids.T)
        lists = np.empty(len(vectors), np.int32)
        for start in range(0, len(vectors), _ROWS):
            products = vectors[start : start + _ROWS] @ transposed
            if offsets is not None:
                products += offsets
            lists[start : start + _ROWS] = products.argmax(axis=1)
        return lists


class Assigner:
    """First and second list of vectors, the second by SOAR (Sun et al. 2023).

    A query that misses a vector through its first centroid does so because the query lies along that
    centroid's residual; the second centroid is the one whose residual is short and at right angles to the
    first.
    """

    def __init__(self, coarse: Coarse, weight: float) -> None:
        self._weight = np.float32(weight)
        self._centroids = coarse.centroids
        self._transposed = np.ascontiguousarray(coarse.centroids.T)
        self._offsets = coarse.offsets()
        self._squares: Floats = np.einsum("ij,ij->i", coarse.centroids, coarse.centroids)
        self._products: Floats = coarse.centroids @ self._transposed

    def assign(self, vectors: Floats) -> tuple[ListNumbers, ListNumbers]:
        """First and second list of each vector: i32[n] twice; equal when there is only one list."""
        first = np.empty(len(vectors), np.int32)
        second = np.empty(len(vectors), np.int32)
        for start in range(0, len(vectors), _ROWS):
            block = slice(start, start + _ROWS)
            first[block], second[block] = self._assign(vectors[block])
        return first, second

    def _assign(self, vectors: Floats) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        products = vectors @ self._transposed
        near = products if self._offsets is None else products + self._offsets
        first = near.argmax(axis=1)
        if len(self._centroids) == 1:
            return first, first
        each = np.arange(len(vectors))
        squares = np.einsum("ij,ij->i", vectors, vectors)
        along = squares - products[each, first]
        residual = np.maximum(along - products[each, first] + self._squares[first], np.float32(1e-12))
        # loss = |x - c'|^2 + weight * <x - c', x - c>^2 / |x - c|^2, without the |x|^2 that all share.
        loss = self._products.take(first, axis=0)
        loss -= products
        loss += along[:, None]
        loss *= loss
        loss *= (self._weight / residual)[:, None]
        products *= 2
        loss -= products
        loss += self._squares
        loss[each, first] = np.inf
        return first, loss.argmin(axis=1)
