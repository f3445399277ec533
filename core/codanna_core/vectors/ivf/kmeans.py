"""Lloyd's iterations, and the means that they are made of."""

from __future__ import annotations

import numpy as np

from codanna_core.vectors.base import Floats
from codanna_core.vectors.ivf.coarse import Coarse, ListNumbers


def lloyd(points: Floats, count: int, spherical: bool, rng: np.random.Generator, turns: int) -> Floats:
    """`count` centroids after some turns, from points drawn at random."""
    centroids = points[np.sort(rng.permutation(len(points))[:count])]
    if count >= len(points):
        return centroids
    for _ in range(turns):
        centroids = means(points, Coarse(centroids, spherical).nearest(points), count, spherical, rng)
    return centroids


def means(
    points: Floats, lists: ListNumbers, count: int, spherical: bool, rng: np.random.Generator
) -> Floats:
    """The mean of each list; an empty list takes a point of one of the largest ones."""
    sizes = np.bincount(lists, minlength=count)
    order = np.argsort(lists, kind="stable")
    ends = np.cumsum(sizes)
    averages = np.empty((count, points.shape[1]), np.float32)
    ones = np.ones(sizes.max(initial=0), np.float32)
    for number, (size, end) in enumerate(zip(sizes.tolist(), ends.tolist(), strict=True)):
        # A product with ones sums ten times as fast as numpy's own sums over many short runs.
        np.dot(ones[:size], points[order[end - size : end]], out=averages[number])
    averages /= np.maximum(sizes, 1).astype(np.float32)[:, None]
    empty = np.flatnonzero(sizes == 0)
    if len(empty):
        largest = np.argsort(-sizes, kind="stable")[: min(len(empty), np.count_nonzero(sizes))]
        donors = order[(ends - sizes)[largest] + rng.integers(0, sizes[largest])]
        averages[empty[: len(donors)]] = points[donors]
        averages[empty[len(donors) :]] = points[rng.integers(0, len(points), len(empty) - len(donors))]
    if spherical:
        lengths = np.sqrt(np.einsum("ij,ij->i", averages, averages))
        averages /= np.maximum(lengths, np.float32(1e-12))[:, None]
    return averages
