"""Centroids by k-means: a two-level start, then flat Lloyd iterations, which matter more than any kernel."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial

import numpy as np
from numpy.typing import NDArray

from codanna_core.vectors.base import Floats
from codanna_core.vectors.cores import ONE_CORE, Cores
from codanna_core.vectors.ivf.coarse import Coarse, ListNumbers
from codanna_core.vectors.ivf.groups import Groups
from codanna_core.vectors.ivf.kmeans import lloyd, means

POINTS_PER_CENTROID = 32
"""Size of the training sample; twice as many gain less than 0.2 points of recall."""
ITERATIONS = 3
_MANY = 1 << 18

Tick = Callable[[float], None]
"""Called with the share done; raises when the work is to stop."""


def block_size(rows: int) -> int:
    """Rows of one piece of work: few enough that several cores end together, and the same for any number of
    cores, so that results are.
    """
    return 8192 if rows > _MANY else 2048


def list_count(vectors: int) -> int:
    """How many lists an index of this size gets."""
    return max(1, min(round(4 * math.sqrt(vectors)), vectors // 8))


def train(
    sample: Floats, count: int, *, spherical: bool, seed: int, tick: Tick, cores: Cores = ONE_CORE
) -> Coarse:
    """`count` centroids for a sample f32[m, d] of the vectors. Deterministic for a seed."""
    rng = np.random.default_rng(seed)
    count = min(count, len(sample))
    centroids = _two_level(sample, count, spherical, rng, tick)
    for turn in range(ITERATIONS):
        lists = _nearest(sample, centroids, spherical, partial(_tick_turn, tick, turn), cores)
        centroids = means(sample, lists, len(centroids), spherical, rng)
    return Coarse(centroids, spherical)


def _tick_turn(tick: Tick, turn: int, share: float) -> None:
    tick((1 + turn + share) / (1 + ITERATIONS))


def _two_level(sample: Floats, count: int, spherical: bool, rng: np.random.Generator, tick: Tick) -> Floats:
    """A start in O(m * sqrt(count)): cluster roughly, then share the centroids out among the rough lists."""
    rough_count = round(count**0.5)
    if rough_count < 4:
        return lloyd(sample, count, spherical, rng, 4)
    subset = sample[rng.permutation(len(sample))[: 256 * rough_count]]
    rough = lloyd(subset, rough_count, spherical, rng, 6)
    lists = Coarse(rough, spherical).nearest(sample)
    sizes = np.bincount(lists, minlength=rough_count)
    shares = _shares(sizes, count)
    order = np.argsort(lists, kind="stable")
    ends = np.cumsum(sizes)
    parts: list[Floats] = []
    for number in range(rough_count):
        tick(number / rough_count / (1 + ITERATIONS))
        members = sample[order[ends[number] - sizes[number] : ends[number]]]
        if shares[number]:
            parts.append(lloyd(members, int(shares[number]), spherical, rng, 4))
    return np.concatenate(parts)


def _shares(sizes: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """`count` split in proportion to `sizes`, at most one for each member, by largest remainder."""
    exact = sizes * (count / sizes.sum())
    shares: NDArray[np.int64] = np.minimum(exact.astype(np.int64), sizes)
    for number in np.argsort(shares - exact, kind="stable"):
        if shares.sum() >= count:
            break
        shares[number] += shares[number] < sizes[number]
    return shares


def _nearest(sample: Floats, centroids: Floats, spherical: bool, tick: Tick, cores: Cores) -> ListNumbers:
    groups = Groups(Coarse(centroids, spherical))
    size = block_size(len(sample))
    pieces = [sample[start : start + size] for start in range(0, len(sample), size)]
    parts: list[ListNumbers] = []
    for part in cores.each(groups.nearest, pieces):
        tick(len(parts) / len(pieces))
        parts.append(part)
    return np.concatenate(parts)
