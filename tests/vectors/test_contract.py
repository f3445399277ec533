"""The contract of a vector index, held by every implementation, in memory and on disk."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from codanna_core.errors import DimensionMismatch, InvalidQuery
from codanna_core.storage import Directory, FsDirectory
from codanna_core.testing.memory_directory import MemoryDirectory
from codanna_core.vectors import VectorIndex, VectorOptions, open_vector_index, rebuild, store
from codanna_core.vectors.exact import ExactIndex
from codanna_core.vectors.ivf import calibrate, policy

DIMENSION = 24

Open = Callable[..., VectorIndex]


@pytest.fixture(params=["exact", "ivf-memory", "ivf-disk", "hnsw-memory", "hnsw-disk"])
def open_index(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Open:
    """Opens the same index again at every call; the exact reference keeps one in memory.

    Every upsert is followed by maintenance that seals and rebuilds after few vectors, so that the tests meet
    vectors in every place where they can be.
    """
    for module, name, value in (
        (store, "SEAL_AT", 32),
        (policy, "CLUSTER_AT", 64),
        (policy, "MERGE_AT", 48),
        (calibrate, "QUERIES", 8),
        (rebuild, "OWN_PROCESS_AT", 10**9),
    ):
        monkeypatch.setattr(module, name, value)
    implementation, _, place = request.param.partition("-")
    directory: Directory = MemoryDirectory() if place == "memory" else FsDirectory(tmp_path / "v")
    reference: list[ExactIndex] = []

    def reopen(options: VectorOptions | None = None) -> VectorIndex:
        options = options or VectorOptions()
        if implementation == "exact":
            reference[:] = reference or [ExactIndex(options)]
            return reference[0]
        index = open_vector_index(
            directory, dataclasses.replace(options, implementation=implementation), writable=True
        )
        upsert = index.upsert

        def upsert_and_maintain(keys: np.ndarray, vectors: np.ndarray) -> None:
            upsert(keys, vectors)
            index.maintain()

        monkeypatch.setattr(index, "upsert", upsert_and_maintain)
        return index

    return reopen


def sample(count: int, seed: int = 0, dimension: int = DIMENSION) -> tuple[np.ndarray, np.ndarray]:
    """Distinct keys and random vectors."""
    rng = np.random.default_rng(seed)
    keys = rng.permutation(np.arange(1, count + 1, dtype=np.uint64)) * np.uint64(0x9E3779B97F4A7C15)
    return keys, rng.standard_normal((count, dimension)).astype(np.float32)


def test_nearest_first(open_index: Open) -> None:
    """A stored vector is its own nearest neighbour and scores fall from there."""
    index = open_index()
    keys, vectors = sample(200)
    index.upsert(keys, vectors)
    hits = index.snapshot().search(vectors[17], 10)
    assert hits.keys[0] == keys[17]
    assert hits.scores[0] == pytest.approx(1, abs=0.01)
    assert (np.diff(hits.scores) <= 0).all()


def test_persist_and_reload(open_index: Open) -> None:
    """What was flushed is found again, with the same neighbours, after opening anew."""
    index = open_index()
    keys, vectors = sample(500)
    index.upsert(keys, vectors)
    before = index.snapshot().search(vectors[3], 10)
    index.close()
    after = open_index().snapshot().search(vectors[3], 10)
    assert after.keys.tolist() == before.keys.tolist()


def test_wrong_dimension_on_upsert(open_index: Open) -> None:
    """A vector of another dimension is refused with both numbers, and nothing is stored of it."""
    index = open_index()
    keys, vectors = sample(10)
    index.upsert(keys, vectors)
    with pytest.raises(DimensionMismatch, match=r"23 dimensions.*24"):
        index.upsert(keys, vectors[:, :23])
    assert index.snapshot().count == 10


def test_wrong_dimension_on_search(open_index: Open) -> None:
    """A query of another dimension is refused with both numbers."""
    index = open_index()
    index.upsert(*sample(10))
    with pytest.raises(DimensionMismatch, match=r"5 dimensions.*24"):
        index.snapshot().search(np.ones(5, np.float32), 3)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_not_finite_is_refused(open_index: Open, bad: float) -> None:
    """NaN and infinity are refused in vectors and in queries."""
    index = open_index()
    keys, vectors = sample(10)
    vectors[4, 2] = bad
    with pytest.raises(InvalidQuery, match="NaN or infinity"):
        index.upsert(keys, vectors)
    with pytest.raises(InvalidQuery, match="NaN or infinity"):
        index.snapshot().search(vectors[4], 3)


def test_empty_vector_is_refused(open_index: Open) -> None:
    """Vectors and queries without components are refused."""
    index = open_index()
    with pytest.raises(InvalidQuery, match="empty"):
        index.upsert(np.arange(2, dtype=np.uint64), np.zeros((2, 0), np.float32))
    with pytest.raises(InvalidQuery, match="non-empty"):
        index.snapshot().search(np.zeros(0, np.float32), 3)


def test_empty_index_returns_nothing(open_index: Open) -> None:
    """An index that never held a vector answers any query with nothing."""
    snapshot = open_index().snapshot()
    assert len(snapshot.search(np.ones(7, np.float32), 5).keys) == 0
    assert snapshot.count == 0
    assert snapshot.dimension is None


def test_replace(open_index: Open) -> None:
    """Upserting a key again replaces its vector; the count stays."""
    index = open_index()
    keys, vectors = sample(100)
    index.upsert(keys, vectors)
    index.upsert(keys[:1], -vectors[:1])
    snapshot = index.snapshot()
    assert snapshot.count == 100
    assert snapshot.search(-vectors[0], 1).keys[0] == keys[0]
    assert snapshot.search(vectors[0], 1).keys[0] != keys[0]


def test_remove_and_add_again(open_index: Open) -> None:
    """A removed key is gone from search, `contains` and `get`, and can be added again."""
    index = open_index()
    keys, vectors = sample(100)
    index.upsert(keys, vectors)
    index.remove(keys[5:7])
    snapshot = index.snapshot()
    assert snapshot.count == 98
    assert keys[5] not in snapshot.search(vectors[5], 100).keys
    assert index.contains(keys[4:8]).tolist() == [True, False, False, True]
    assert snapshot.get(keys[4:8])[1].tolist() == [True, False, False, True]
    index.upsert(keys[5:6], vectors[5:6])
    assert index.snapshot().search(vectors[5], 1).keys[0] == keys[5]
    assert snapshot.count == 98


def test_k_larger_than_the_index(open_index: Open) -> None:
    """Asking for more than there is gives all of it."""
    index = open_index()
    keys, vectors = sample(20)
    index.upsert(keys, vectors)
    hits = index.snapshot().search(vectors[0], 1000)
    assert sorted(hits.keys.tolist()) == sorted(keys.tolist())


def test_k_below_one_is_refused(open_index: Open) -> None:
    """Asking for no result is a mistake of the caller."""
    with pytest.raises(InvalidQuery, match="k is 0"):
        open_index().snapshot().search(np.ones(3, np.float32), 0)


def test_filter_limits_the_search(open_index: Open) -> None:
    """Only keys of the filter are found, and the best of them is first."""
    index = open_index()
    keys, vectors = sample(300)
    index.upsert(keys, vectors)
    allowed = np.sort(keys[10:40])
    hits = index.snapshot().search(vectors[20], 10, filter=allowed)
    assert hits.keys[0] == keys[20]
    assert len(hits.keys) == 10
    assert np.isin(hits.keys, allowed).all()


@pytest.mark.parametrize("allowed", [[], [12345]])
def test_filter_that_matches_nothing(open_index: Open, allowed: list[int]) -> None:
    """A filter without any stored key gives nothing."""
    index = open_index()
    keys, vectors = sample(300)
    index.upsert(keys, vectors)
    assert len(index.snapshot().search(vectors[0], 10, filter=np.array(allowed, np.uint64)).keys) == 0


def test_duplicate_keys_in_one_call(open_index: Open) -> None:
    """Of one key given twice the last vector counts."""
    index = open_index()
    _, vectors = sample(3)
    index.upsert(np.array([9, 7, 9], np.uint64), vectors)
    snapshot = index.snapshot()
    assert snapshot.count == 2
    assert snapshot.search(vectors[2], 1).keys.tolist() == [9]


def test_equal_vectors_are_all_found(open_index: Open) -> None:
    """Vectors that are the same under different keys are all found, in the order of their keys."""
    index = open_index()
    index.upsert(np.array([30, 10, 20], np.uint64), np.ones((3, 4), np.float32))
    assert index.snapshot().search(np.ones(4, np.float32), 3).keys.tolist() == [10, 20, 30]


def test_zero_vector(open_index: Open) -> None:
    """A zero vector has no direction; it is kept and scores 0 instead of NaN."""
    index = open_index()
    index.upsert(np.array([1, 2], np.uint64), np.array([[0, 0], [1, 0]], np.float32))
    hits = index.snapshot().search(np.array([1, 0], np.float32), 2)
    assert hits.keys.tolist() == [2, 1]
    assert hits.scores[1] == 0


@pytest.mark.parametrize("metric", ["cosine", "l2", "dot"])
@pytest.mark.parametrize("precision", ["int8", "f32", "f16"])
def test_metrics_and_precisions(open_index: Open, metric: str, precision: str) -> None:
    """Scores are cosine, dot product, or minus the squared distance, whatever the stored precision."""
    index = open_index(VectorOptions(metric=metric, precision=precision))  # type: ignore[arg-type]
    keys, vectors = sample(50)
    index.upsert(keys, vectors)
    query = vectors[0] + 0.1
    expected = {
        "cosine": vectors @ query / np.linalg.norm(vectors, axis=1) / np.linalg.norm(query),
        "dot": vectors @ query,
        "l2": -((vectors - query) ** 2).sum(axis=1),
    }[metric]
    hits = index.snapshot().search(query, 50)
    order = np.argsort(keys)
    by_key = expected[order][np.searchsorted(keys[order], hits.keys)]
    assert np.abs(hits.scores - by_key).max() < (0.5 if precision == "int8" else 0.05)


def test_get_returns_the_vectors(open_index: Open) -> None:
    """`get` gives back the normalised vectors within the stored precision, zeros for unknown keys."""
    index = open_index(VectorOptions(precision="f32"))
    keys, vectors = sample(30)
    index.upsert(keys, vectors)
    found_vectors, found = index.snapshot().get(np.array([keys[3], 999, keys[8]], np.uint64))
    assert found.tolist() == [True, False, True]
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    assert np.allclose(found_vectors[[0, 2]], unit[[3, 8]], atol=1e-6)
    assert not found_vectors[1].any()


def test_retain(open_index: Open) -> None:
    """Keys that are no longer referenced are removed and counted."""
    index = open_index()
    keys, vectors = sample(100)
    index.upsert(keys, vectors)
    assert index.retain(keys[:60]) == 40
    assert index.contains(keys).tolist() == [True] * 60 + [False] * 40


def test_snapshot_does_not_change(open_index: Open) -> None:
    """A snapshot keeps its state through every later write."""
    index = open_index()
    keys, vectors = sample(100)
    index.upsert(keys[:50], vectors[:50])
    snapshot = index.snapshot()
    before = snapshot.search(vectors[0], 10).keys.tolist()
    index.upsert(keys, -vectors)
    index.remove(keys[:10])
    assert snapshot.search(vectors[0], 10).keys.tolist() == before
    assert snapshot.count == 50
