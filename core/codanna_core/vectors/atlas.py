"""Many vectors laid out in two dimensions: clusters as disks that do not overlap, members inside of them.

Where a disk lies says which others it is like, as far as two dimensions can: the first two principal axes of
the centers, and then disks are pushed apart. The same vectors in the same order give the same picture.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from codanna_core.vectors.base import Floats
from codanna_core.vectors.ivf.coarse import Coarse, ListNumbers
from codanna_core.vectors.ivf.kmeans import lloyd

Places = NDArray[np.float64]

WIDTH, HEIGHT = 1.6, 1.0
"""The sheet; its middle is at 0, 0."""
_MOST = 24
"""More disks than this have no room for their words."""
_FILLED = 0.4
"""Share of the sheet that the disks cover."""
_SMALLEST = 0.05
_GAP = 0.012
_TURNS, _PUSHES, _REFINED = 12, 600, 15
_SEED = 7


def cluster(vectors: Floats) -> tuple[ListNumbers, Floats]:
    """The cluster of each vector, the largest one first, and their centers."""
    count = max(1, min(_MOST, round(0.35 * math.sqrt(len(vectors)))))
    lengths = np.sqrt(np.einsum("ij,ij->i", vectors, vectors))
    unit = vectors / np.maximum(lengths, np.float32(1e-12))[:, None]
    centers = lloyd(unit, count, True, np.random.default_rng(_SEED), _TURNS)
    lists = Coarse(centers, True).nearest(unit)
    order = np.argsort(-np.bincount(lists, minlength=len(centers)), kind="stable")
    number = np.empty(len(order), np.int32)
    number[order] = np.arange(len(order), dtype=np.int32)
    lists = number[lists]
    return lists, centers[order][: int(lists.max()) + 1]


def disks(centers: Floats, counts: NDArray[np.int64]) -> tuple[Places, Places]:
    """The middle of each disk and its radius, whose square grows with what is in it."""
    areas = _FILLED * WIDTH * HEIGHT * counts / counts.sum()
    radii = np.maximum(np.sqrt(areas / math.pi), _SMALLEST)
    places = _axes(centers - np.average(centers, axis=0, weights=counts))
    spread = np.abs(places).max(axis=0)
    places = places / np.where(spread > 0, spread, 1.0) * (WIDTH / 2, HEIGHT / 2) * 0.8
    for _ in range(_PUSHES):
        places = _within(places, radii)
        moved = _pushed_apart(places, radii)
        if np.abs(moved - places).max(initial=0.0) < 1e-5:
            break
        places = moved
    return _within(places, radii), radii


def members(vectors: Floats, center: Floats) -> Places:
    """Places in the unit disk: the nearer to the center, the nearer to the middle, in the direction in which
    they differ from it.
    """
    rest = vectors - center
    far = np.argsort(np.argsort(np.einsum("ij,ij->i", rest, rest), kind="stable"), kind="stable")
    radius = np.sqrt((far + 0.5) / len(vectors))
    axes = _axes(rest - rest.mean(axis=0))
    angle = np.arctan2(axes[:, 1], axes[:, 0])
    return np.stack((radius * np.cos(angle), radius * np.sin(angle)), axis=1)


def _axes(rows: Floats | Places) -> Places:
    """The coordinates on the two axes along which rows differ most; zeros where there is no such axis."""
    rows = rows.astype(np.float64)
    axes: Places = np.random.default_rng(_SEED).standard_normal((rows.shape[1], 2))
    # A picture needs no more digits, and all axes would cost a hundred times as much.
    for _ in range(_REFINED):
        axes = np.linalg.qr(rows.T @ (rows @ axes))[0]
    # An axis has two directions; which one comes out must not be up to the library.
    signs = np.sign(axes[np.abs(axes).argmax(axis=0), range(axes.shape[1])])
    found: Places = rows @ (axes * signs)
    return np.pad(found, ((0, 0), (0, 2 - found.shape[1])))


def _pushed_apart(places: Places, radii: Places) -> Places:
    apart = places[:, None] - places[None]
    distance = np.sqrt((apart**2).sum(axis=2))
    numbers = np.arange(len(places))
    # Disks in one place go in directions of their own.
    turned = np.stack((np.cos(numbers * 2.4), np.sin(numbers * 2.4)), axis=1)
    apart = np.where(distance[..., None] > 1e-9, apart, turned[:, None] - turned[None])
    length = np.maximum(np.sqrt((apart**2).sum(axis=2)), 1e-9)
    overlap = np.maximum(0.0, radii[:, None] + radii[None] + _GAP - distance)
    np.fill_diagonal(overlap, 0.0)
    moved: Places = places + ((0.3 * overlap / length)[..., None] * apart).sum(axis=1)
    return moved


def _within(places: Places, radii: Places) -> Places:
    bound = np.maximum(0.0, np.array((WIDTH / 2, HEIGHT / 2)) - radii[:, None])
    return np.clip(places, -bound, bound)
