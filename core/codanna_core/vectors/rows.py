"""How one vector is stored: the three precisions, their exact scores, and nothing about files."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from codanna_core.vectors.base import Floats, Metric, Precision, prepared

_BLOCK = 512
Rows = NDArray[Any]
"""Stored vectors, [n, d] of the codec's dtype."""


class RowCodec:
    """Turns vectors into stored rows and back. int8 rows carry one f32 scale each, the others none."""

    def __init__(self, precision: Precision, metric: Metric) -> None:
        self.precision = precision
        self.metric = metric
        self.dtype: np.dtype[Any] = np.dtype({"int8": "<i1", "f16": "<f2", "f32": "<f4"}[precision])

    @property
    def scaled(self) -> bool:
        return self.precision == "int8"

    def bytes_per_row(self, dimension: int) -> int:
        return self.dtype.itemsize * dimension + 4 * self.scaled

    def encode(self, vectors: Floats) -> tuple[Rows, Floats]:
        """Rows and their scales; the scales are ones where the precision needs none."""
        if not self.scaled:
            if self.precision == "f16":  # A component beyond the range saturates instead of turning infinite.
                vectors = np.clip(vectors, -65504, 65504)
            return vectors.astype(self.dtype), np.ones(len(vectors), np.float32)
        peaks = np.abs(vectors).max(axis=1)
        scales = (peaks / 127).astype(np.float32)
        inverse = np.divide(1, scales, out=np.zeros_like(scales), where=scales > 0)
        # Subnormal peaks overflow the inverse; such vectors are zero for every purpose.
        inverse[~np.isfinite(inverse)] = 0
        rows = np.rint(vectors * inverse[:, None])
        return np.clip(rows, -127, 127).astype(np.int8), scales

    def encode_turned(self, vectors: Floats, turn: NDArray[np.float64]) -> tuple[Rows, Floats]:
        """Rows and scales of vectors that are prepared and turned first, in blocks that fit into the cache.

        In double, or a vector would be rounded by how many others are stored with it.
        """
        rows = np.empty(vectors.shape, self.dtype)
        scales = np.empty(len(vectors), np.float32)
        for start in range(0, len(vectors), _BLOCK):
            block = slice(start, start + _BLOCK)
            turned = (prepared(vectors[block], self.metric) @ turn).astype(np.float32)
            rows[block], scales[block] = self.encode(turned)
        return rows, scales

    def decode(self, rows: Rows, scales: Floats) -> Floats:
        vectors = rows.astype(np.float32)
        if self.scaled:
            vectors *= scales[:, None]
        return vectors

    def scores(self, rows: Rows, scales: Floats, query: Floats) -> Floats:
        """Exact scores of stored rows against a prepared query: f32[n]."""
        if self.metric == "l2":
            return self.scores_of_vectors(self.decode(rows, scales), query)
        scores: Floats = rows.astype(np.float32) @ query
        if self.scaled:
            scores *= scales
        return scores

    def scores_of_vectors(self, vectors: Floats, query: Floats) -> Floats:
        """Exact scores of decoded vectors against a prepared query: f32[n]."""
        if self.metric == "l2":
            # Not by the expanded square, which loses the small distances to rounding.
            difference = vectors - query
            squares: Floats = np.einsum("ij,ij->i", difference, difference)
            return -squares
        scores: Floats = vectors @ query
        return scores

    def settled_scores(self, vectors: Floats, query: Floats) -> Floats:
        """The same for a few vectors, and the same for a vector whichever others stand beside it."""
        exact = vectors.astype(np.float64)
        if self.metric == "l2":
            exact -= query
            squares: Floats = -np.einsum("ij,ij->i", exact, exact).astype(np.float32)
            return squares
        scores: Floats = (exact @ query.astype(np.float64)).astype(np.float32)
        return scores
