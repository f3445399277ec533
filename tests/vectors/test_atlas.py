"""Many vectors in two dimensions."""

from __future__ import annotations

import numpy as np
import pytest

from codanna_core.vectors import atlas
from codanna_core.vectors.base import Floats


def groups(sizes: list[int], seed: int = 1) -> Floats:
    """Unit vectors around as many directions as there are sizes."""
    rng = np.random.default_rng(seed)
    centers = rng.normal(size=(len(sizes), 32))
    rows = np.concatenate(
        [center + 0.1 * rng.normal(size=(size, 32)) for center, size in zip(centers, sizes, strict=True)]
    )
    unit: Floats = (rows / np.linalg.norm(rows, axis=1)[:, None]).astype(np.float32)
    return unit


@pytest.mark.parametrize("sizes", [[1], [2], [1, 1], [40, 30], [300, 200, 100, 50, 25, 12]])
def test_disks_do_not_overlap_and_are_on_the_sheet(sizes: list[int]) -> None:
    """For one vector, for two, and for many."""
    vectors = groups(sizes)
    lists, centers = atlas.cluster(vectors)
    counts = np.bincount(lists, minlength=len(centers))
    assert counts.sum() == len(vectors)
    assert (counts > 0).all()
    assert (np.diff(counts) <= 0).all(), "the largest one first"
    places, radii = atlas.disks(centers, counts)
    assert (np.abs(places) + radii[:, None] <= np.array((0.8, 0.5)) + 1e-9).all()
    for one in range(len(places)):
        for other in range(one):
            distance = float(np.linalg.norm(places[one] - places[other]))
            assert distance >= radii[one] + radii[other]


def test_the_same_center_twice_is_told_apart() -> None:
    """Disks that begin in one place are pushed in directions of their own."""
    centers = np.ones((5, 8), np.float32)
    places, radii = atlas.disks(centers, np.full(5, 10))
    assert np.isfinite(places).all()
    distances = np.linalg.norm(places[:, None] - places[None], axis=2) + np.eye(5) * 9
    assert distances.min() >= 2 * radii[0]


def test_members_are_inside_and_the_nearest_in_the_middle() -> None:
    """The unit disk holds all of them, and the distance from its middle orders them as meaning does."""
    vectors = groups([200])
    center: Floats = vectors.mean(axis=0)
    within = atlas.members(vectors, center)
    radius = np.linalg.norm(within, axis=1)
    assert radius.max() <= 1
    far = np.linalg.norm(vectors - center, axis=1)
    assert (np.argsort(radius) == np.argsort(far)).all()


def test_the_same_vectors_give_the_same_picture() -> None:
    """Nothing is left to chance."""
    vectors = groups([90, 60, 30])
    first, again = atlas.cluster(vectors), atlas.cluster(vectors.copy())
    assert (first[0] == again[0]).all()
    counts = np.bincount(first[0])
    assert (atlas.disks(first[1], counts)[0] == atlas.disks(again[1], counts)[0]).all()


def test_what_is_alike_is_in_one_disk() -> None:
    """Well separated groups are clusters of their own, or parts of one, never mixed."""
    sizes = [60, 50, 40, 30]
    lists, _ = atlas.cluster(groups(sizes))
    truth = np.repeat(np.arange(len(sizes)), sizes)
    pairs = {(int(own), int(true)) for own, true in zip(lists, truth, strict=True)}
    mixed = len(pairs) - len({own for own, _ in pairs})
    assert mixed <= 1
