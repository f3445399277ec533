"""What survives reopening, crashes and damage, and what other processes see."""

from __future__ import annotations

import dataclasses
import random
from pathlib import Path

import numpy as np
import pytest

from codanna_core.cancel import Cancel
from codanna_core.errors import Cancelled, CodannaError, ConfigError, IndexCorrupt, IndexIncompatible
from codanna_core.storage import FsDirectory
from codanna_core.testing.memory_directory import MemoryDirectory
from codanna_core.vectors import ProbePolicy, VectorIndex, VectorOptions, open_vector_index, store
from codanna_core.vectors import rebuild as rebuilding
from codanna_core.vectors.base import Metric
from codanna_core.vectors.exact import ExactIndex
from codanna_core.vectors.ivf import calibrate, policy

DIMENSION = 24
OPTIONS = VectorOptions(precision="f32")
EXACT = ProbePolicy(exact=True)


class Crash(BaseException):
    """Raised at a fault point in place of a power cut."""


class CrashAt:
    """A checkpoint that crashes at the n-th fault point it passes."""

    def __init__(self, steps: int) -> None:
        self.left = steps

    def __call__(self, name: str) -> None:
        self.left -= 1
        if self.left == 0:
            raise Crash(name)


@pytest.fixture(params=["ivf", "hnsw"])
def options(request: pytest.FixtureRequest) -> VectorOptions:
    """Both implementations keep the same promises."""
    return dataclasses.replace(OPTIONS, implementation=request.param)


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Seal, train and merge after tens of vectors instead of thousands."""
    monkeypatch.setattr(store, "SEAL_AT", 40)
    monkeypatch.setattr(store, "DELTA_LIMIT", 120)
    monkeypatch.setattr(store, "MANY", 30)
    monkeypatch.setattr(policy, "CLUSTER_AT", 100)
    monkeypatch.setattr(policy, "MERGE_AT", 80)
    monkeypatch.setattr(policy, "JOIN_AT", 3)
    monkeypatch.setattr(calibrate, "QUERIES", 8)
    monkeypatch.setattr(rebuilding, "OWN_PROCESS_AT", 10**9)


def sample(count: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    keys = rng.permutation(np.arange(1, count + 1, dtype=np.uint64)) * np.uint64(0x9E3779B97F4A7C15)
    return keys, rng.standard_normal((count, DIMENSION)).astype(np.float32)


def assert_same(index: VectorIndex, reference: ExactIndex, rng: np.random.Generator) -> None:
    """Equal counts, and neighbours with equal scores; keys whose scores tie may stand in another order."""
    snapshot, expected = index.snapshot(), reference.snapshot()
    assert snapshot.count == expected.count
    for _ in range(2):
        query = rng.standard_normal(DIMENSION).astype(np.float32)
        found = snapshot.search(query, 5, policy=EXACT)
        wanted = expected.search(query, 5)
        assert len(set(found.keys.tolist())) == len(wanted.keys)
        assert np.allclose(found.scores, wanted.scores, atol=1e-4)
        of_found = expected.search(query, 5, filter=np.sort(found.keys))
        assert np.allclose(of_found.scores, wanted.scores, atol=1e-4)


def apply_random(rng: np.random.Generator, indexes: tuple[VectorIndex, ...], universe: np.ndarray) -> None:
    """One random write, the same to each index."""
    keys = rng.choice(universe, size=int(rng.integers(1, 60)))
    if rng.random() < 0.7:
        vectors = rng.standard_normal((len(keys), DIMENSION)).astype(np.float32)
        for index in indexes:
            index.upsert(keys, vectors)
    elif rng.random() < 0.9:
        for index in indexes:
            index.remove(keys)
    else:
        live = rng.permutation(universe)[: len(universe) * 3 // 4]
        counts = {index.retain(live) for index in indexes}
        assert len(counts) == 1


@pytest.mark.parametrize(("seed", "metric"), [(0, "cosine"), (1, "cosine"), (2, "l2"), (3, "dot")])
def test_random_writes_equal_the_reference(
    small: None, tmp_path: Path, options: VectorOptions, seed: int, metric: Metric
) -> None:
    """Any sequence of writes, maintenance and reopening leaves the vectors that the reference has."""
    options = dataclasses.replace(options, metric=metric)
    rng = np.random.default_rng(seed)
    universe, _ = sample(400)
    directory = FsDirectory(tmp_path)
    index, reference = open_vector_index(directory, options, writable=True), ExactIndex(options)
    for _ in range(40):
        apply_random(rng, (index, reference), universe)
        if rng.random() < 0.3:
            index.maintain()
        if rng.random() < 0.15:
            index.close()
            index = open_vector_index(directory, options, writable=True)
        assert_same(index, reference, rng)
    assert index.contains(universe).tolist() == reference.contains(universe).tolist()
    layout = policy.LAYOUTS[options.implementation]
    assert any(segment["kind"] == layout for segment in index.stats().segments)
    index.verify()


@pytest.mark.parametrize("seed", range(20))
def test_crash_anywhere_keeps_what_was_flushed(small: None, options: VectorOptions, seed: int) -> None:
    """A power cut at any fault point leaves the flushed state or a later one, never less and no mix."""
    rng = np.random.default_rng(seed)
    universe, _ = sample(300)
    directory = MemoryDirectory(CrashAt(int(rng.integers(1, 160))))
    reference = ExactIndex(OPTIONS)
    states: list[dict[int, bytes]] = [{}]
    flushed = 0
    try:
        index = open_vector_index(directory, options, writable=True)
        while True:
            # The reference goes first: when the index crashes in the middle, both states are allowed.
            before = rng.bit_generator.state
            apply_random(rng, (reference,), universe)
            states.append({key: vector.tobytes() for key, vector in reference._vectors.items()})
            rng.bit_generator.state = before
            apply_random(rng, (index,), universe)
            if rng.random() < 0.5:
                index.flush()
                flushed = len(states) - 1
            if rng.random() < 0.3:
                index.maintain()
    except Crash:
        pass
    after = open_vector_index(directory.crash(keep=int(rng.integers(0, 4000))), options, writable=True)
    found = set(universe[after.contains(universe)].tolist())
    allowed = [set(state) for state in states[flushed:]]
    assert found in allowed
    after.verify()
    after.upsert(*sample(5))
    after.maintain()
    assert after.contains(sample(5)[0]).all()


def test_torn_log_replays_to_the_last_whole_record(tmp_path: Path, options: VectorOptions) -> None:
    """A log cut inside its last record keeps every record before it."""
    directory = FsDirectory(tmp_path)
    keys, vectors = sample(20)
    index = open_vector_index(directory, options, writable=True)
    index.upsert(keys[:10], vectors[:10])
    index.upsert(keys[10:], vectors[10:])
    index.close()
    log = next(tmp_path.glob("wal-*"))
    log.write_bytes(log.read_bytes()[:-7])
    index = open_vector_index(directory, options, writable=True)
    assert index.contains(keys).tolist() == [True] * 10 + [False] * 10
    index.upsert(keys[10:], vectors[10:])
    index.close()
    assert open_vector_index(directory, options, writable=False).snapshot().count == 20


def build_all_kinds(path: Path) -> None:
    """An index with a clustered and a flat segment, dead rows and a log."""
    keys, vectors = sample(400)
    index = open_vector_index(FsDirectory(path), OPTIONS, writable=True)
    index.upsert(keys[:300], vectors[:300])
    index.maintain()
    index.remove(keys[:5])
    index.upsert(keys[300:350], vectors[300:350])
    index.maintain()
    index.upsert(keys[350:360], vectors[350:360])
    index.upsert(keys[360:370], vectors[360:370])
    index.close()


def use_all(path: Path) -> None:
    """Open, search and verify."""
    index = open_vector_index(FsDirectory(path), OPTIONS, writable=False)
    for query in sample(5, seed=3)[1]:
        index.snapshot().search(query, 5)
    index.verify()


@pytest.mark.parametrize("damage", ["cut", "flip", "empty", "missing"])
def test_damage_is_noticed(small: None, tmp_path: Path, damage: str) -> None:
    """Whatever file is damaged, opening or `verify` names it, and until then no search fails otherwise."""
    build_all_kinds(tmp_path / "whole")
    rng = random.Random(1)
    names = sorted(path.name for path in (tmp_path / "whole").iterdir())
    assert {name.split("-")[0].split(".")[0] for name in names} == {
        "dead",
        "rotation",
        "seg",
        "vectors",
        "wal",
    }
    for turn, name in enumerate(names * (8 if damage == "flip" else 1)):
        copy = tmp_path / f"{damage}-{turn}"
        copy.mkdir()
        for file in (tmp_path / "whole").iterdir():
            (copy / file.name).write_bytes(file.read_bytes())
        data = bytearray((copy / name).read_bytes())
        if damage == "flip":
            # The end of a log is excused: damage there cannot be told from a crash.
            place = rng.randrange(len(data) - (2200 if name.startswith("wal") else 0))
            data[place] ^= 1 << rng.randrange(8)
        elif damage == "cut":
            data = data[: rng.randrange(1, len(data))]
        else:
            data.clear()
        (copy / name).write_bytes(data)
        if damage == "missing":
            (copy / name).unlink()
        if name == "vectors.json" and damage == "missing":
            continue  # Without a manifest there is no index, which is no damage.
        if name.startswith("wal") and damage in ("cut", "empty"):
            continue  # A cut log is what a crash leaves behind.
        with pytest.raises((IndexCorrupt, IndexIncompatible)) as caught:
            use_all(copy)
        if isinstance(caught.value, IndexCorrupt) and name.endswith(".vec"):
            assert caught.value.path.name == name


def test_reader_follows_the_writer(small: None, tmp_path: Path, options: VectorOptions) -> None:
    """A read-only opener sees logged writes, sealed segments and rebuilds after `refresh`, and only then."""
    keys, vectors = sample(400)
    writer = open_vector_index(FsDirectory(tmp_path), options, writable=True)
    reader = open_vector_index(FsDirectory(tmp_path), options, writable=False)
    assert not reader.refresh()
    for start in range(0, 400, 50):
        block = slice(start, start + 50)
        writer.upsert(keys[block], vectors[block])
        assert reader.snapshot().count == start
        assert reader.refresh()
        assert reader.snapshot().count == start + 50
        writer.maintain()
        reader.refresh()
        assert reader.snapshot().count == start + 50
        assert not reader.refresh()
    hits = reader.snapshot().search(vectors[7], 5, policy=EXACT)
    assert hits.keys[0] == keys[7]


def test_removals_alone_renew_the_log(small: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A log that only removals fill is replaced by maintenance, and they hold after reopening."""
    keys, vectors = sample(300)
    index = open_vector_index(FsDirectory(tmp_path), OPTIONS, writable=True)
    index.upsert(keys, vectors)
    index.maintain()
    monkeypatch.setattr(store, "LOG_LIMIT", 300)
    monkeypatch.setattr(policy, "TOMBSTONE_SHARE", 1)
    index.remove(keys[:140])
    assert index.needs_maintenance()
    index.maintain()
    assert not index.needs_maintenance()
    assert next(tmp_path.glob("wal-*")).stat().st_size < 300
    index.close()
    index = open_vector_index(FsDirectory(tmp_path), OPTIONS, writable=False)
    assert index.contains(keys).tolist() == [False] * 140 + [True] * 160


def test_reader_cannot_write(tmp_path: Path) -> None:
    """A read-only opener refuses writes instead of breaking the writer's files."""
    reader = open_vector_index(FsDirectory(tmp_path), OPTIONS, writable=False)
    with pytest.raises(PermissionError, match="reading only"):
        reader.upsert(*sample(3))


def test_other_options_are_refused(tmp_path: Path) -> None:
    """An index keeps its metric and precision; other ones are refused with what to do."""
    open_vector_index(FsDirectory(tmp_path), OPTIONS, writable=True).upsert(*sample(3))
    with pytest.raises(ConfigError, match="reindex"):
        open_vector_index(FsDirectory(tmp_path), VectorOptions(metric="l2", precision="f32"), writable=True)


def test_newer_format_is_left_alone(tmp_path: Path) -> None:
    """An index of a newer version raises IndexIncompatible and is not touched."""
    open_vector_index(FsDirectory(tmp_path), OPTIONS, writable=True).upsert(*sample(3))
    manifest = tmp_path / "vectors.json"
    manifest.write_bytes(manifest.read_bytes().replace(b"codanna-vectors 1 ", b"codanna-vectors 9 ", 1))
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    with pytest.raises(IndexIncompatible):
        open_vector_index(FsDirectory(tmp_path), OPTIONS, writable=True)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_leftovers_of_a_crash_are_removed(tmp_path: Path, options: VectorOptions) -> None:
    """Files that no manifest names are removed by the next writer, and foreign files are kept."""
    open_vector_index(FsDirectory(tmp_path), options, writable=True).upsert(*sample(3))
    (tmp_path / "seg-00000099.vec").write_bytes(b"half")
    (tmp_path / "notes.txt").write_bytes(b"mine")
    open_vector_index(FsDirectory(tmp_path), options, writable=True)
    assert not (tmp_path / "seg-00000099.vec").exists()
    assert (tmp_path / "notes.txt").exists()


def test_writes_during_a_rebuild_are_kept(small: None, options: VectorOptions) -> None:
    """What is upserted, replaced and removed while a segment is built is right after it is published."""
    keys, vectors = sample(500)
    directory = MemoryDirectory()
    acted: list[str] = []

    def act(name: str) -> None:
        if name == "built" and not acted:
            acted.append(name)
            index.remove(keys[:30])
            index.upsert(keys[30:60], -vectors[30:60])
            index.upsert(keys[300:350], vectors[300:350])

    index = open_vector_index(directory, options, writable=True, checkpoint=act)
    index.upsert(keys[:300], vectors[:300])
    index.maintain()
    assert acted
    index.flush()
    for opened in (index, open_vector_index(directory, options, writable=False)):
        snapshot = opened.snapshot()
        assert snapshot.count == 320
        assert not opened.contains(keys[:30]).any()
        assert snapshot.search(-vectors[40], 1, policy=EXACT).keys[0] == keys[40]
        assert snapshot.search(vectors[40], 1, policy=EXACT).keys[0] != keys[40]
        assert opened.contains(keys[300:350]).all()


def test_cancelled_maintenance_changes_nothing(small: None, tmp_path: Path) -> None:
    """A rebuild that is cancelled leaves the index as it was and no file behind."""

    class After(Cancel):
        def __init__(self, polls: int) -> None:
            super().__init__()
            self.polls = polls

        @property
        def cancelled(self) -> bool:
            self.polls -= 1
            return self.polls < 0

    index = open_vector_index(FsDirectory(tmp_path), OPTIONS, writable=True)
    keys, vectors = sample(300)
    index.upsert(keys, vectors)
    with pytest.raises(Cancelled):
        index.maintain(After(3))
    assert index.snapshot().count == 300
    assert index.stats().clusters == 0
    assert len(list(tmp_path.glob("seg-*"))) == 1
    index.maintain()
    assert index.stats().clusters > 0


def test_same_input_same_bytes(small: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two indexes made alike with one seed and one clock are alike to the byte."""
    monkeypatch.setattr("codanna_core.vectors.ivf.build.time.time", lambda: 1.0)
    contents: list[list[tuple[str, bytes]]] = []
    for name in ("one", "two"):
        keys, vectors = sample(300)
        index = open_vector_index(FsDirectory(tmp_path / name), OPTIONS, writable=True)
        index.upsert(keys, vectors)
        index.maintain()
        index.close()
        files = sorted((tmp_path / name).glob("seg-*"))
        contents.append([(file.name, file.read_bytes()) for file in files])
    assert contents[0] == contents[1]


@pytest.fixture
def own_process(small: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rebuilding, "OWN_PROCESS_AT", 1)


def test_rebuild_in_its_own_process(own_process: None, tmp_path: Path) -> None:
    """A segment built by another process is published here, with its calibration and without dead rows."""
    keys, vectors = sample(400)
    index = open_vector_index(FsDirectory(tmp_path), OPTIONS, writable=True)
    index.upsert(keys, vectors)
    index.remove(keys[:50])
    told: list[str] = []
    index.maintain(None, lambda what, share: told.append(what))
    stats = index.stats()
    assert stats.clusters > 0
    assert stats.dead == 0
    assert stats.calibration is not None
    assert {"train", "assign", "write", "encode", "calibrate"} <= set(told)
    assert index.snapshot().search(vectors[60], 1).keys[0] == keys[60]


def test_failed_process_changes_nothing(
    own_process: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the building process dies the index goes on as it was and the error says so."""
    keys, vectors = sample(400)
    index = open_vector_index(FsDirectory(tmp_path), OPTIONS, writable=True)
    index.upsert(keys, vectors)
    monkeypatch.setattr("sys.executable", "/bin/false")
    with pytest.raises(CodannaError, match="search continues"):
        index.maintain()
    assert index.snapshot().search(vectors[60], 1, policy=EXACT).keys[0] == keys[60]
