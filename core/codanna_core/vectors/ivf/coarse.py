"""The centroids, and the nearest of them to a vector."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from codanna_core.records import dataclass
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
