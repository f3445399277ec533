"""Readers and savers beside a long run of the writer."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from codanna_core import Cancel, Engine
from codanna_core.errors import Cancelled
from codanna_core.testing.embedder import FakeEmbedder

MANY = 300


@pytest.fixture
def large(tmp_path: Path) -> Path:
    """A folder with more files than one batch holds."""
    root = tmp_path / "large"
    root.mkdir()
    for number in range(MANY):
        (root / f"part_{number}.py").write_text(
            f"def work_{number}(x):\n    '''Part {number}.'''\n    return x\n"
        )
    return root


def wait_for(condition: Callable[[], bool], seconds: float = 30.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "the condition did not come true"
        threading.Event().wait(0.005)


def test_a_save_during_a_long_run_is_visible_before_it_ends(large: Path, tmp_path: Path) -> None:
    """A file saved while the folder is being indexed is published between two batches, not at the end."""
    seen: list[tuple[str, bool]] = []
    run_over = threading.Event()
    savers: list[threading.Thread] = []

    def save() -> None:
        (large / "fresh.py").write_text("def urgent_change():\n    return 1\n")
        engine.update(["fresh.py"])
        seen.append((engine.search("urgent_change", limit=1).hits[0].name, run_over.is_set()))

    def checkpoint(name: str) -> None:
        if name == "index:batch-applied" and not savers:
            savers.append(threading.Thread(target=save))
            savers[0].start()
            wait_for(lambda: bool(engine._writing._saved))

    with Engine.open(large, tmp_path / "index", embedder=FakeEmbedder(), checkpoint=checkpoint) as engine:

        def hold(_progress: object) -> None:
            # The run may only end after the save was seen, or this test would prove nothing.
            wait_for(lambda: bool(seen) or not savers)

        engine.sync(progress=hold)
        run_over.set()
        savers[0].join(30)
        assert seen == [("urgent_change", False)]
        assert engine.status().files_indexed == MANY + 1


def test_searches_during_a_long_run_see_whole_generations(large: Path, tmp_path: Path) -> None:
    """While files are indexed, every answer comes from a published generation and none fails."""
    answers: list[list[int]] = [[], []]
    failures: list[BaseException] = []
    stop = threading.Event()

    def read(mine: list[int]) -> None:
        while not stop.is_set():
            try:
                result = engine.search("work part", limit=5)
                mine.append(result.generation)
            except BaseException as error:
                failures.append(error)
                return

    with Engine.open(
        large,
        tmp_path / "index",
        embedder=FakeEmbedder(),
        overrides={"index": {"commit_every": 100}},
    ) as engine:
        (large / "part_0.py").write_text("def work_0(): pass\n")
        engine.update(["part_0.py"])
        readers = [threading.Thread(target=read, args=(mine,)) for mine in answers]
        for reader in readers:
            reader.start()
        engine.sync()
        wait_for(lambda: all(answers))
        stop.set()
        for reader in readers:
            reader.join(30)
        assert not failures
        assert all(mine == sorted(mine) for mine in answers)
        assert engine.search("work part", limit=5).generation > 1


def test_a_cancelled_run_keeps_what_it_had_and_goes_on_later(large: Path, tmp_path: Path) -> None:
    """Cancelling stops at a committed state; the next run only does the rest."""
    cancel = Cancel()

    def stop_early(_progress: object) -> None:
        cancel.cancel()

    with Engine.open(large, tmp_path / "index", embedder=FakeEmbedder()) as engine:
        with pytest.raises(Cancelled):
            engine.sync(progress=stop_early, cancel=cancel)
        kept = engine.status().files_indexed
        report = engine.sync()
        assert report.added == MANY - kept
        assert engine.status().files_indexed == MANY


def test_closing_stops_a_long_run_quickly(large: Path, tmp_path: Path) -> None:
    """`close` from another thread ends a run at a committed state instead of waiting for its end."""
    started = threading.Event()
    ended: list[str] = []

    def slow(name: str) -> None:
        if name == "index:batch-applied":
            started.set()
            wait_for(lambda: engine._writing._closing.cancelled)

    engine = Engine.open(large, tmp_path / "index", embedder=FakeEmbedder(), checkpoint=slow)

    def run() -> None:
        try:
            engine.sync()
            ended.append("completed")
        except Cancelled:
            ended.append("cancelled")

    worker = threading.Thread(target=run)
    worker.start()
    assert started.wait(60)
    engine.close()
    worker.join(30)
    assert ended == ["cancelled"]


def test_a_listener_hears_of_each_run(large: Path, tmp_path: Path) -> None:
    """Subscribers are told after changes, on their own thread, and no more after unsubscribing."""
    heard = threading.Event()
    threads: set[str] = set()

    def listen() -> None:
        threads.add(threading.current_thread().name)
        heard.set()

    with Engine.open(large, tmp_path / "index", embedder=FakeEmbedder()) as engine:
        end = engine.subscribe(listen)
        engine.sync()
        assert heard.wait(30)
        assert threads == {"codanna-notes"}
        end()
        engine.wait_until_idle(30)
        heard.clear()
        (large / "part_1.py").write_text("def other(): pass\n")
        engine.update(["part_1.py"])
        assert not heard.is_set()
