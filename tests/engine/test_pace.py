"""How much of the machine long work takes: all of it for a person who waits, else what is left over."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from threading import Event

import pytest

from codanna_core import Engine
from codanna_core.cancel import Cancel
from codanna_core.indexing import models, pool, run, waiting
from codanna_core.indexing.upkeep import Upkeep
from codanna_core.indexing.worker import main as worker_main
from codanna_core.results import Progress, State
from codanna_core.runtime.launch import launch
from codanna_core.runtime.limits import Limits
from codanna_core.runtime.pace import AT_ONCE, POLITE
from codanna_core.testing.embedder import FakeEmbedder
from codanna_core.vectors import rebuild
from codanna_core.vectors.base import VectorOptions
from codanna_core.vectors.ivf import policy

OpenEngine = Callable[..., Engine]


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[Limits]:
    """The limits of each worker that is started."""
    seen: list[Limits] = []

    def noted(entry: str, limits: Limits):  # type: ignore[no-untyped-def]
        assert entry == f"{worker_main.__module__}:{worker_main.__name__}"
        seen.append(limits)
        return launch(entry, limits)

    monkeypatch.setattr(waiting, "launch", noted)
    monkeypatch.setattr(run, "INLINE_FILES", 0)
    return seen


@pytest.mark.parametrize("watched", [False, True])
def test_a_first_index_and_a_watched_one_stand_back_behind_nothing(
    open_engine: OpenEngine, workspace: Path, started: list[Limits], watched: bool
) -> None:
    """Somebody waits for a first answer, and a person who typed `index` waits for all of it; only then."""
    engine = open_engine(watched=watched)
    engine.sync()
    assert {limits.nice for limits in started} == {0}
    started.clear()
    (workspace / "later.py").write_text("def come_later(): pass\n")
    engine.sync()
    assert {limits.nice for limits in started} == {AT_ONCE.nice if watched else POLITE.nice}


@pytest.mark.skipif(not hasattr(os, "setpriority"), reason="no priorities of that kind here")
def test_workers_of_a_long_first_index_stand_back_in_time(
    open_engine: OpenEngine, started: list[Limits], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once the early commits are there, a first index is work like any other."""
    kept: list[int] = []

    def keep(workers: pool.WorkerPool, pace: object) -> None:
        stand_back(workers, POLITE)
        kept.extend(os.getpriority(os.PRIO_PROCESS, one.process.pid) for one in workers._workers)
        assert pace == POLITE

    stand_back = pool.WorkerPool.keep
    monkeypatch.setattr(pool.WorkerPool, "keep", keep)
    monkeypatch.setattr(run, "_EARLY_COMMITS", (0.0, 16))
    open_engine().sync()
    assert started
    assert set(kept) == {POLITE.nice}


def test_segments_are_built_at_the_pace_of_the_index() -> None:
    """Polite unless somebody waits."""
    assert VectorOptions().pace == POLITE
    assert AT_ONCE.nice == 0


def test_training_says_how_far_it_is(open_engine: OpenEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who waits for the end of all work hears how much of the clusters is done."""
    engine = open_engine()
    engine.sync()
    engine.settle()
    told: list[Progress] = []

    class Vectors:
        def maintain(self, _cancel: object, progress: Callable[[str, float], None]) -> None:
            progress("assign", 0.5)
            for _ in range(600):
                if told:
                    return
                heard.wait(0.05)

    heard = Event()
    active = engine._models.active
    assert active is not None
    trained = models.ActiveModel(active.embedder, Vectors(), writable=True)  # type: ignore[arg-type]
    monkeypatch.setattr(engine._models, "_active", trained)
    engine._writer.jobs.schedule("clusters", engine._models.maintain)
    engine.settle(progress=told.append)
    monkeypatch.setattr(engine._models, "_active", active)
    assert {(one.phase, one.done, one.total) for one in told} == {(State.TRAINING, 490, 1000)}


def test_the_steps_of_a_training_follow_each_other() -> None:
    """From none to all of it, never back."""
    steps = [
        (what, share) for what in ("train", "assign", "encode", "write", "calibrate") for share in (0, 1)
    ]
    shares = [rebuild.share_of_all(what, share) for what, share in steps]
    assert shares == sorted(shares)
    assert (shares[0], shares[-1]) == (0, 1)


@pytest.mark.parametrize("watched", [True, False])
def test_clusters_are_trained_beside_the_last_commit(
    workspace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, watched: bool
) -> None:
    """On all vectors, where a person waits for the end of all work; a server begins when the run is over."""
    for number in range(17):
        functions = "".join(f"def work_{number}_{part}(): pass\n" for part in range(10))
        (workspace / f"file{number}.py").write_text(functions)
    monkeypatch.setattr(policy, "CLUSTER_AT", 64)
    seen: list[tuple[bool, int]] = []
    train = Upkeep.train

    def train_to_the_end(which: Upkeep) -> None:
        train(which)
        assert which._jobs._training.wait_until_idle(60)
        active = which._stores.models.active
        assert active is not None
        assert active.vectors is not None
        published = which._stores.text.snapshot().symbol_count > 0
        seen.append((published, active.vectors.stats().trained_on))

    monkeypatch.setattr(Upkeep, "train", train_to_the_end)
    with Engine.open(workspace, tmp_path / "index", embedder=FakeEmbedder(), watched=watched) as engine:
        symbols = engine.sync().symbols
        engine.settle()
        assert seen == [(False, symbols), (True, symbols)] if watched else [(True, symbols)]
        for number in range(17):
            (first, *_) = engine.search(f"work {number} 7", mode="semantic").hits
            assert sorted(first.name.split("_")) == sorted(["work", str(number), "7"])


def test_waiting_for_the_end_hears_of_every_lane(open_engine: OpenEngine) -> None:
    """Training does not hold up the jobs beside it, and is waited for as they are."""
    jobs = open_engine()._writer.jobs
    began, go_on, ran = Event(), Event(), Event()

    def train(_cancel: Cancel) -> None:
        began.set()
        assert go_on.wait(60)

    jobs.schedule(jobs.TRAINING, train)
    jobs.schedule("another", lambda _cancel: ran.set())
    assert began.wait(30)
    assert ran.wait(30)
    assert jobs.training
    assert not jobs.wait_until_idle(0.05)
    jobs.beside.schedule("third", lambda _cancel: go_on.set())
    assert jobs.wait_until_idle(60)
    assert not jobs.training
