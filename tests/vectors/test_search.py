"""How well and with how much work the clustered index searches, alone and under concurrent writes."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest

from codanna_core.cancel import Cancel
from codanna_core.errors import Cancelled
from codanna_core.storage import FsDirectory
from codanna_core.testing.memory_directory import MemoryDirectory
from codanna_core.vectors import ProbePolicy, VectorIndex, VectorOptions, open_vector_index, store
from codanna_core.vectors import rebuild as rebuilding
from codanna_core.vectors.ivf import calibrate, codec, groups, policy
from codanna_core.vectors.ivf.assign import Assigner
from codanna_core.vectors.ivf.coarse import Coarse
from codanna_core.vectors.ivf.scan import nearest_lists
from codanna_core.vectors.ivf.train import train
from codanna_core.vectors.snapshot import SCANNED

DIMENSION = 96
DEFAULT_CLUSTER_AT = policy.CLUSTER_AT
EXACT = ProbePolicy(exact=True)


def code_like(count: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Vectors in uneven groups, as embeddings of code are."""
    rng = np.random.default_rng(seed)
    themes = np.random.default_rng(99).standard_normal((300, DIMENSION))
    member = (rng.random(count) ** 2 * len(themes)).astype(int)
    vectors = themes[member] + 0.9 * rng.standard_normal((count, DIMENSION))
    keys = np.random.default_rng(seed + 1).integers(0, 2**63, count).astype(np.uint64)
    return keys, vectors.astype(np.float32)


@pytest.fixture(autouse=True)
def clusters_for_a_thousand(monkeypatch: pytest.MonkeyPatch) -> None:
    """What clusters do shows with a few thousand vectors as well, of which an index would make none."""
    monkeypatch.setattr(policy, "CLUSTER_AT", 1000)


@pytest.fixture(scope="module")
def clustered() -> VectorIndex:
    """12,000 vectors in lists; nothing in this module writes to it."""
    index = open_vector_index(MemoryDirectory(), VectorOptions(), writable=True)
    index.upsert(*code_like(12000))
    index.maintain()
    return index


def recall(index: VectorIndex, queries: np.ndarray, **arguments: object) -> float:
    snapshot = index.snapshot()
    shares = []
    for query in queries:
        truth = snapshot.search(query, 10, policy=EXACT, **arguments)  # type: ignore[arg-type]
        found = snapshot.search(query, 10, **arguments)  # type: ignore[arg-type]
        shares.append(np.isin(truth.keys, found.keys).mean())
    return float(np.mean(shares))


def test_recall_reaches_the_target(clustered: VectorIndex) -> None:
    """Held-out queries find their true neighbours as the recall target promises, within two points."""
    assert recall(clustered, code_like(100, seed=5)[1]) >= 0.95


def test_a_search_reads_a_small_share(clustered: VectorIndex) -> None:
    """A search scans a fraction of the codes and scores a few hundred rows."""
    work = clustered.snapshot().search(code_like(1, seed=6)[1][0], 10).work
    assert 0 < work.codes_scanned < 12000
    assert work.rows_rescored < 1200


def test_more_probes_find_more(clustered: VectorIndex) -> None:
    """A policy overrides the calibration in both directions."""
    snapshot = clustered.snapshot()
    query = code_like(1, seed=7)[1][0]
    few = snapshot.search(query, 10, policy=ProbePolicy(nprobe=1, rescore=50)).work
    many = snapshot.search(query, 10, policy=ProbePolicy(nprobe=50, rescore=500)).work
    assert few.lists_probed == 1
    assert many.lists_probed == 50
    assert few.rows_rescored < many.rows_rescored


@pytest.mark.parametrize("policy_given", [None, ProbePolicy(nprobe=1)])
def test_large_k_is_complete(clustered: VectorIndex, policy_given: ProbePolicy | None) -> None:
    """A search for thousands gives as many as there are, whatever the lists hold."""
    hits = clustered.snapshot().search(code_like(1, seed=7)[1][0], 5000, policy=policy_given)
    assert len(np.unique(hits.keys)) == 5000


def test_larger_k_keeps_the_recall(clustered: VectorIndex) -> None:
    """The neighbours from the eleventh on are found as surely as the first ten."""
    snapshot = clustered.snapshot()
    shares = []
    for query in code_like(20, seed=12)[1]:
        truth = snapshot.search(query, 100, policy=EXACT).keys
        shares.append(np.isin(truth, snapshot.search(query, 100).keys).mean())
    assert np.mean(shares) >= 0.93


def test_loose_filter(clustered: VectorIndex) -> None:
    """Under a filter that allows half of the index the recall holds and nothing else is found."""
    keys, _ = code_like(12000)
    allowed = np.sort(keys[::2])
    assert recall(clustered, code_like(40, seed=8)[1], filter=allowed) >= 0.93
    found = clustered.snapshot().search(code_like(1, seed=9)[1][0], 50, filter=allowed).keys
    assert np.isin(found, allowed).all()


def test_selective_filter_is_exact(clustered: VectorIndex) -> None:
    """Under a filter that allows a few hundred vectors the search is exact."""
    keys, _ = code_like(12000)
    assert recall(clustered, code_like(20, seed=8)[1], filter=np.sort(keys[::40])) == 1


def test_filter_far_from_the_query(clustered: VectorIndex, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the probed lists hold too few allowed vectors the rest of the filter is scored."""
    monkeypatch.setattr("codanna_core.vectors.snapshot.EXACT_FILTER", 0)
    keys, vectors = code_like(12000)
    query = vectors[0]
    farthest = np.argsort(vectors @ query)[:4000]
    found = clustered.snapshot().search(
        query, 10, filter=np.sort(keys[farthest]), policy=ProbePolicy(nprobe=1)
    )
    assert len(found.keys) == 10


def test_cancelled_search(clustered: VectorIndex) -> None:
    """A search whose caller gave up raises Cancelled."""
    stop = Cancel()
    stop.cancel()
    with pytest.raises(Cancelled):
        clustered.snapshot().search(np.ones(DIMENSION, np.float32), 5, cancel=stop)


@pytest.mark.parametrize("metric", ["l2", "dot"])
def test_other_metrics(metric: str) -> None:
    """Lists and codes serve distances and products as well as angles."""
    index = open_vector_index(MemoryDirectory(), VectorOptions(metric=metric), writable=True)  # type: ignore[arg-type]
    keys, vectors = code_like(4000)
    scales = np.random.default_rng(4).uniform(0.5, 2, (4000, 1)).astype(np.float32)
    index.upsert(keys, vectors * scales)
    index.maintain()
    assert index.stats().clusters > 1
    assert recall(index, code_like(40, seed=5)[1]) >= 0.9


@pytest.mark.parametrize("implementation", ["ivf", "hnsw"])
def test_searches_during_maintenance_equal_a_quiet_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, implementation: str
) -> None:
    """While segments are sealed, merged and clustered anew, searches of one snapshot never change or fail."""
    monkeypatch.setattr(store, "SEAL_AT", 500)
    monkeypatch.setattr(policy, "MERGE_AT", 800)
    monkeypatch.setattr(rebuilding, "OWN_PROCESS_AT", 10**9)
    keys, vectors = code_like(6000)
    queries = code_like(10, seed=3)[1]
    options = VectorOptions(implementation=implementation)  # type: ignore[arg-type]
    index = open_vector_index(FsDirectory(tmp_path), options, writable=True)
    index.upsert(keys[:2000], vectors[:2000])
    index.maintain()
    snapshot = index.snapshot()
    quiet = [snapshot.search(query, 10).keys.tolist() for query in queries]
    done, failures, rounds = threading.Event(), [], [0, 0]

    def search(number: int) -> None:
        while not done.is_set() or rounds[number] == 0:
            for query, expected in zip(queries, quiet, strict=True):
                if snapshot.search(query, 10).keys.tolist() != expected:
                    failures.append("the snapshot changed")
                newest = index.snapshot()
                if len(newest.search(query, 10).keys) != 10:
                    failures.append("the newest state misses results")
            rounds[number] += 1

    threads = [threading.Thread(target=search, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    for start in range(2000, 6000, 400):
        index.upsert(keys[start : start + 400], vectors[start : start + 400])
        index.remove(keys[start - 2000 : start - 1900])
        index.maintain()
    done.set()
    for thread in threads:
        thread.join()
    assert not failures
    assert min(rounds) > 0
    assert index.snapshot().count == 5000


@pytest.mark.parametrize("metric", ["cosine", "l2", "dot"])
def test_codes_of_centroids_choose_the_nearest_lists(metric: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the centroids have codes these leave nearly the lists that comparing all centroids would."""
    monkeypatch.setattr("codanna_core.vectors.ivf.lists.CODED_AT", 16)
    index = open_vector_index(MemoryDirectory(), VectorOptions(metric=metric), writable=True)  # type: ignore[arg-type]
    keys, vectors = code_like(4000)
    scales = np.random.default_rng(4).uniform(0.5, 2, (4000, 1)).astype(np.float32)
    index.upsert(keys, vectors * scales)
    index.maintain()
    lists = index.snapshot().state.parts[0].segment.lists  # type: ignore[attr-defined]
    assert lists.codes is not None
    shares = []
    for query in code_like(30, seed=5)[1] @ index.snapshot().state.rotation.T:  # type: ignore[attr-defined]
        chosen, products = nearest_lists(lists, query, codec.encode_query(query), 8)
        near = lists.centroids @ query
        if metric == "l2":
            near -= (lists.centroids**2).sum(axis=1) / 2
        shares.append(np.isin(np.argsort(-near)[:8], chosen).mean())
        assert np.allclose(products, lists.centroids[chosen] @ query, rtol=1e-4, atol=1e-4)
    assert np.mean(shares) >= 0.75


def test_trained_again_when_doubled() -> None:
    """An index that has doubled since its training gets new centroids; one that grew a little keeps them."""
    index = open_vector_index(MemoryDirectory(), VectorOptions(), writable=True)
    keys, vectors = code_like(9000)
    index.upsert(keys[:4200], vectors[:4200])
    index.maintain()
    assert index.stats().trained_on == 4200
    index.upsert(keys[4200:8300], vectors[4200:8300])
    index.maintain()
    assert index.stats().trained_on == 4200
    index.upsert(keys[8300:], vectors[8300:])
    index.maintain()
    assert index.stats().trained_on == 9000


def test_trained_again_when_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    """An index that kept its size but not its vectors gets new centroids after three in ten were replaced."""
    monkeypatch.setattr(store, "SEAL_AT", 100)
    monkeypatch.setattr(policy, "MERGE_AT", 100)
    monkeypatch.setattr(policy, "DRIFT", 100.0)
    index = open_vector_index(MemoryDirectory(), VectorOptions(), writable=True)
    keys, vectors = code_like(2200)
    index.upsert(keys[:1200], vectors[:1200])
    index.maintain()
    trained_at = [index.stats().trained_at]
    for start in range(0, 1000, 250):
        index.remove(keys[start : start + 250])
        index.upsert(keys[start + 1200 : start + 1450], vectors[start + 1200 : start + 1450])
        index.maintain()
        trained_at.append(index.stats().trained_at)
    trainings = np.diff(trained_at) > 0
    assert trainings.tolist() == [False, True, False, True]


def listed(index: VectorIndex) -> dict[tuple[int, int], tuple[bytes, float]]:
    """Code and factor of each vector in each list of the clustered segment, by list and key."""
    part = next(part for part in index.snapshot().state.parts if part.segment.layout == "clustered")  # type: ignore[attr-defined]
    entries = part.segment.lists.entries()
    keys = part.segment.keys[entries.rows]
    return {
        (int(number), int(key)): (code.tobytes(), float(factor))
        for number, key, code, factor in zip(
            entries.lists, keys, entries.codes.T, entries.factors, strict=True
        )
    }


@pytest.mark.parametrize("metric", ["cosine", "l2"])
def test_merge_takes_codes_over(metric: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A merge encodes only what is new: lists and codes of the vectors that stay are the same as before."""
    monkeypatch.setattr(store, "SEAL_AT", 100)
    monkeypatch.setattr(policy, "MERGE_AT", 150)
    index = open_vector_index(MemoryDirectory(), VectorOptions(metric=metric), writable=True)  # type: ignore[arg-type]
    keys, vectors = code_like(1700)
    index.upsert(keys[:1500], vectors[:1500])
    index.maintain()
    before = listed(index)
    index.remove(keys[:50])
    index.upsert(keys[1500:], vectors[1500:])
    index.maintain()
    after = listed(index)
    assert index.stats().dead == 0
    stayed = {place: code for place, code in before.items() if place[1] not in set(keys[:50].tolist())}
    assert {place: after[place] for place in stayed} == stayed
    assert {key for _, key in after} == set(keys[50:].tolist())
    assert len(after) == 2 * 1650
    assert recall(index, vectors[1500:1540]) >= 0.95


def test_codes_estimate_products_without_bias() -> None:
    """The estimate of a product from one bit a dimension is right on average and close in rank."""
    rng = np.random.default_rng(0)
    residuals = rng.standard_normal((4000, 128)).astype(np.float32)
    query = rng.standard_normal(128).astype(np.float32)
    codes, factors = codec.encode(residuals)
    code = codec.encode_query(query)
    estimates = codec.products(np.ascontiguousarray(codes.T), code) * factors / code.scale
    truth = residuals @ query
    assert abs(np.polyfit(truth, estimates, 1)[0] - 1) < 0.15
    assert np.corrcoef(truth, estimates)[0, 1] > 0.7


def test_rough_products_without_bias() -> None:
    """The estimate from the signs of both sides is right on average too, a little farther off in rank."""
    rng = np.random.default_rng(0)
    residuals = rng.standard_normal((4000, 128)).astype(np.float32)
    query = rng.standard_normal(128).astype(np.float32)
    codes, factors = codec.encode(residuals)
    code = codec.encode_query(query)
    rough = codec.rough_products(np.ascontiguousarray(codes.T), code, 128) * factors / code.rough_scale
    truth = residuals @ query
    assert abs(np.polyfit(truth, rough, 1)[0] - 1) < 0.15
    assert 0.6 < np.corrcoef(truth, rough)[0, 1] < 0.75


def test_bits_beyond_the_dimension_do_not_count() -> None:
    """A dimension that does not fill its last word scores as its own bits say."""
    residuals = np.where(np.random.default_rng(1).random((50, 70)) < 0.5, -1, 1).astype(np.float32)
    query = np.ones(70, np.float32)
    codes, _ = codec.encode(residuals)
    code = codec.encode_query(query)
    agreeing = (residuals > 0).sum(axis=1)
    columns = np.ascontiguousarray(codes.T)
    assert np.allclose(codec.rough_products(columns, code, 70), agreeing - 35)
    assert np.allclose(codec.products(columns, code), agreeing * 3 - 105)


def test_second_list_is_another_one() -> None:
    """Every vector gets two different lists, the first of them the nearest."""
    _, vectors = code_like(800)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    coarse = train(vectors, 40, spherical=True, seed=0, tick=lambda share: None)
    assigner = Assigner(coarse, 1.5)
    first = assigner.first(vectors)
    assert (first != assigner.second(vectors, first)).all()
    assert (first == (vectors @ coarse.centroids.T).argmax(axis=1)).all()


def test_training_fills_every_list() -> None:
    """Many equal points do not leave centroids without a direction."""
    vectors = np.repeat(np.eye(8, dtype=np.float32), 50, axis=0)
    coarse = train(vectors, 20, spherical=True, seed=0, tick=lambda share: None)
    assert np.allclose(np.linalg.norm(coarse.centroids, axis=1), 1, atol=1e-5)


def test_assignment_to_one_list() -> None:
    """With a single centroid both lists are that one."""
    vectors = np.eye(4, dtype=np.float32)
    assigner = Assigner(Coarse(vectors[:1], True), 1.5)
    first = assigner.first(vectors)
    assert not first.any()
    assert not assigner.second(vectors, first).any()


def test_nothing_is_clustered_that_is_compared_exactly() -> None:
    """Up to this many vectors a search compares all of them, whatever lists there are."""
    index = open_vector_index(MemoryDirectory(), VectorOptions(), writable=True)
    keys, vectors = code_like(SCANNED)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(policy, "CLUSTER_AT", DEFAULT_CLUSTER_AT)
        index.upsert(keys[:-1], vectors[:-1])
        index.maintain()
        assert not index.stats().clusters
        assert index.snapshot().search(vectors[0], 5).work.rows_rescored == SCANNED - 1
        index.upsert(keys, vectors)
        index.maintain()
    assert index.stats().clusters > 1


@pytest.mark.parametrize("spherical", [True, False])
def test_groups_find_the_nearest_list(monkeypatch: pytest.MonkeyPatch, spherical: bool) -> None:
    """Through groups nearly every vector finds its nearest list, and the others one about as near."""
    _, vectors = code_like(4000)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    coarse = train(vectors, 300, spherical=spherical, seed=0, tick=lambda share: None)
    monkeypatch.setattr(groups, "GROUPED_AT", 100)
    found, nearest = groups.Groups(coarse).nearest(vectors), coarse.nearest(vectors)
    assert (found == nearest).mean() > 0.95
    gaps = np.linalg.norm(vectors - coarse.centroids[found], axis=1)
    gaps -= np.linalg.norm(vectors - coarse.centroids[nearest], axis=1)
    assert gaps.mean() < 0.01


def test_the_second_list_loses_least() -> None:
    """Among the neighbours of the first list, here all there are, the second is the one of least loss."""
    _, vectors = code_like(3000)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    coarse = train(vectors, 200, spherical=True, seed=0, tick=lambda share: None)
    assigner = Assigner(coarse, 1.5)
    first = assigner.first(vectors)
    residuals = vectors - coarse.centroids[first]
    others = vectors[:, None, :] - coarse.centroids[None, :, :]
    along = np.einsum("nkd,nd->nk", others, residuals)
    squares = np.einsum("nd,nd->n", residuals, residuals)
    loss = np.einsum("nkd,nkd->nk", others, others) + 1.5 * along**2 / squares[:, None]
    loss[np.arange(len(vectors)), first] = np.inf
    assert (assigner.second(vectors, first) == loss.argmin(axis=1)).mean() > 0.99


def test_calibration_stops_where_nothing_cheaper_can_follow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Policies that must cost more than one that is enough are not measured."""
    measured, tried = calibrate._recalls, []

    def noted(lists, queries, nearest, nprobe):  # type: ignore[no-untyped-def]
        tried.append(nprobe)
        return measured(lists, queries, nearest, nprobe)

    monkeypatch.setattr(calibrate, "_recalls", noted)
    index = open_vector_index(MemoryDirectory(), VectorOptions(recall_target=0.8), writable=True)
    index.upsert(*code_like(6000))
    index.maintain()
    chosen = index.stats().calibration
    assert chosen is not None
    assert chosen.recall >= 0.8
    assert chosen.nprobe in tried
    assert max(tried) < max(count for count in calibrate.PROBES if count < index.stats().clusters)
