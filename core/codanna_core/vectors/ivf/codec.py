"""Short codes: one bit a dimension of a residual, compared with a two-bit query by counting bits.

A vector x in a list with centroid c is x = s*c + r. Only the signs of r are kept, and one factor that makes
the estimate of <q, r> unbiased (RaBitQ, Gao and Long 2024), which holds since all vectors of an index are
rotated at random. The query is rounded to the weights +-1 and +-3: its second bit costs as much scanning
again and saves three quarters of the rescoring. Bits beyond the dimension are zero on both sides.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from codanna_core.records import dataclass
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
    """A query rounded to +-1 and +-3 times `unit`."""

    opposite: Codes
    """Where its components are not positive, so that exclusive or marks what agrees: u64[w, 1]."""
    heavy: Codes
    """Where the weight is 3: u64[w, 1]."""
    half: np.float32
    """Half the sum of the weights: the weight of agreement at which a product is zero."""
    scale: np.float32
    """Products are counted in units of half the weight of `unit`; this turns a score into them."""
    rough_scale: np.float32
    """The same for products with the signs of the query alone."""


def encode_query(query: Floats) -> QueryCode:
    """Round a query f32[d]."""
    sizes = np.abs(query)
    bits = np.empty((2, len(query)), dtype=bool)
    np.less_equal(query, 0, out=bits[0])
    # The best threshold between the two weights for normally distributed components.
    square = float(np.dot(query, query))
    np.greater(sizes, 0.98 * math.sqrt(square / len(query)), out=bits[1])
    planes = _pack(bits)
    total = len(query) + 2 * int(np.count_nonzero(bits[1]))
    # With these units the rounded query has the right product with the query itself: no bias.
    rough = float(sizes.sum())
    product = rough + 2 * float(np.dot(sizes, bits[1]))
    if square == 0:
        square = product = rough = 1.0
    return QueryCode(
        planes[0][:, None],
        planes[1][:, None],
        np.float32(total / 2),
        np.float32(product / (2 * square)),
        np.float32(rough / (2 * square)),
    )


def products(codes: Codes, query: QueryCode) -> Floats:
    """Estimated products with the signs of each residual, times `query.scale`: f32[n] for codes u64[w, n].

    The codes are overwritten, since another array of their size would not fit into the cache beside them.
    """
    codes ^= query.opposite
    counts = np.bitwise_count(codes)
    codes &= query.heavy
    heavy = np.bitwise_count(codes)
    heavy += heavy
    counts += heavy  # At most 64 + 2 * 64 a word, which a byte holds.
    sums: Floats = np.add.reduce(counts, axis=0, dtype=np.uint16).astype(np.float32)
    sums -= query.half
    return sums


def rough_products(codes: Codes, query: QueryCode, dimension: int) -> Floats:
    """The same by the signs of the query alone, in half the time, times `query.rough_scale`."""
    counts = np.bitwise_count(codes ^ query.opposite)
    sums: Floats = np.add.reduce(counts, axis=0, dtype=np.uint16).astype(np.float32)
    sums -= np.float32(dimension / 2)
    return sums
