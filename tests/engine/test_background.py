"""Work that nobody waits for: what it says of itself while it goes on and once it is over."""

from __future__ import annotations

import errno
import os
import threading
import time
from collections.abc import Callable

import pytest

from codanna_core import Engine
from codanna_core.cancel import Cancel
from codanna_core.indexing.background import Background, Jobs
from codanna_core.results import State
from codanna_core.runtime.pace import POLITE

OpenEngine = Callable[..., Engine]


@pytest.mark.parametrize("fails", [False, True])
def test_the_end_of_training_is_told(open_engine: OpenEngine, fails: bool) -> None:
    """Listeners hear that training began and that it ended, well or badly, though nothing was published."""
    engine = open_engine()
    engine.sync()
    assert engine.wait_until_idle(30)
    states: list[State] = []
    began, ended = threading.Event(), threading.Event()

    def listen() -> None:
        states.append(engine.status().state)
        if states[-1] is State.TRAINING:
            began.set()
        elif began.is_set():
            ended.set()

    def train(_cancel: Cancel) -> None:
        assert began.wait(30), "nobody heard of the beginning"
        if fails:
            raise RuntimeError("for the test")

    end = engine.subscribe(listen)
    engine._writer.jobs.schedule(Jobs.TRAINING, train)
    assert began.wait(30)
    assert ended.wait(30)
    assert states[-1] is State.READY
    end()


def test_a_full_disk_is_said_in_words(open_engine: OpenEngine) -> None:
    """Training that finds no room costs no answer, and its note is a sentence."""
    engine = open_engine()
    engine.sync()

    def train(_cancel: Cancel) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "clusters.ivf")

    engine._writer.jobs.schedule(Jobs.TRAINING, train)
    assert engine.wait_until_idle(30)
    assert [problem.message for problem in engine.status().problems] == [
        "clusters failed in the background: No space left on device: clusters.ivf; answers are as before"
    ]


def test_jobs_of_one_name_run_once_and_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Scheduled twice before it began, a job runs once; a failed one is told and the next one runs."""
    told: list[str] = []
    background = Background(lambda name, error: told.append(f"{name}: {error}"), told.append)

    def fail(_cancel: Cancel) -> None:
        raise ValueError("broken")

    background.schedule("late", lambda _cancel: told.append("never"), after=60)
    background.schedule("late", lambda _cancel: told.append("ran"), after=60)
    background.schedule("bad", fail)
    assert background.wait_until_idle(30)
    background.stop()
    assert sorted(told) == sorted(["bad", "bad: broken", "bad", "late", "ran", "late"])


def test_a_job_that_waits_for_training_does_not_hold_up_the_end() -> None:
    """Training and the missing vectors write to one store in turns, so all of them are asked to stop before
    any is waited for.
    """
    store, training, embedding = threading.Lock(), threading.Event(), threading.Event()
    jobs = Jobs(lambda name, error: None, lambda: None, POLITE)

    def train(cancel: Cancel) -> None:
        with store:
            training.set()
            while True:
                cancel.raise_if_cancelled()
                time.sleep(0.01)

    def embed(_cancel: Cancel) -> None:
        embedding.set()
        with store:
            pass

    jobs.schedule(Jobs.TRAINING, train)
    assert training.wait(30)
    jobs.schedule("embed", embed)
    assert embedding.wait(30)
    started = time.monotonic()
    jobs.stop()
    assert time.monotonic() - started < 5
