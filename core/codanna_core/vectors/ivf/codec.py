"""Short codes: one bit a dimension of a residual, compared with a two-bit query by counting bits.

A vector x in a list with centroid c is x = s*c + r. Only the signs of r are kept, and one factor that makes
the estimate of <q, r> unbiased (RaBitQ, Gao and Long 2024), which holds since all vectors of an index are
rotated at random. The query is rounded to the weights +-1 and +-3: its second bit costs as much scanning
again and saves three quarters of the rescoring. Bits beyond the dimension are zero on both sides.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from codanna_core.vectors.base import Floats, Mask

Codes = NDArray[np.uint64]


def words(dimension: int) -> int:
    """64-bit words of one code."""
    return -(-dimension // 64)


def make_rotation(dimension: int, seed: int) -> Floats:
    """A random rotation f32[d, d]. It is stored with the index, since LAPACK differs between machines.

    Rotated components are alike in size, which the codes need and which halves the rounding error of int8
    rows.
    """
    square, triangle = np.linalg.qr(np.random.default_rng(seed).standard_normal((dimension, dimension)))
    # Without the signs of the diagonal the rotation would not be uniformly distributed.
    rotation: NDArray[Any] = square * np.sign(np.diag(triangle))
    return rotation.astype(np.float32)


def _pack(bits: Mask) -> Codes:
    """u64[n, w] of booleans [n, d]."""
    packed = np.packbits(bits, axis=1, bitorder="little")
    if bits.shape[1] % 64:
        packed = np.pad(packed, ((0, 0), (0, 8 * words(bits.shape[1]) - packed.shape[1])))
    return packed.view("<u8")


def encode(residuals: Floats) -> tuple[Codes, Floats]:
    """Codes u64[n, w] and factors f32[n] of residuals f32[n, d]."""
    squares = np.einsum("ij,ij->i", residuals, residuals)
    sums = np.abs(residuals).sum(axis=1)
    factors: Floats = np.divide(squares, sums, out=np.zeros_like(sums), where=sums > 0)
    return _pack(residuals > 0), factors


@dataclass(frozen=True, slots=True)
class QueryCode:
    """A query rounded to +-1 and +-3 times `unit`: its signs, and where the weight is 3; u64[w, 1] each."""

    signs: Codes
    heavy: Codes
    total: int
    """Sum of the weights: the product with a code that agrees everywhere."""
    unit: float


def encode_query(query: Floats) -> QueryCode:
    """Round a query f32[d]."""
    sizes = np.abs(query)
    # The best threshold between the two weights for normally distributed components.
    heavy = sizes > np.float32(0.98) * np.sqrt(np.dot(query, query) / len(query))
    planes = _pack(np.stack((query > 0, heavy)))
    total = len(query) + 2 * int(np.count_nonzero(heavy))
    unit = float(sizes.sum()) / total
    return QueryCode(planes[0][:, None], planes[1][:, None], total, unit)


def products(codes: Codes, query: QueryCode) -> Floats:
    """Estimated products of the query with the signs of each residual: f32[n] for codes u64[w, n]."""
    differing = codes ^ query.signs
    counts = np.bitwise_count(differing)
    differing &= query.heavy
    heavy = np.bitwise_count(differing)
    heavy += heavy
    counts += heavy  # At most 64 + 2 * 64 a word, which a byte holds.
    sums: Floats = np.add.reduce(counts, axis=0, dtype=np.uint16).astype(np.float32)
    sums *= np.float32(-2 * query.unit)
    sums += np.float32(query.total * query.unit)
    return sums
