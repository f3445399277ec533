"""Readers and savers beside a long run of the writer."""

from __future__ import annotations

import errno
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from codanna_core import Cancel, Engine
from codanna_core.embed.base import Embedder
from codanna_core.errors import Cancelled
from codanna_core.indexing.pool import WorkerPool
from codanna_core.indexing.prepare import FileTask, Prepared
from codanna_core.testing.embedder import FakeEmbedder
from codanna_core.text.reader import TextSnapshot

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
            wait_for(lambda: bool(engine._writer.runs.waiting_saves))

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


def stopped_early(large: Path, index: Path, embedder: Embedder | None = None) -> int:
    """Cancel the first run over a folder after its first commits; how many files it got."""
    cancel = Cancel()

    def stop_early(_progress: object) -> None:
        cancel.cancel()

    embedder = embedder or FakeEmbedder()
    with Engine.open(large, index, overrides={"index": {"commit_every": 20}}, embedder=embedder) as engine:
        with pytest.raises(Cancelled):
            engine.sync(progress=stop_early, cancel=cancel)
        return engine.status().files_indexed


def test_a_stopped_run_is_told_as_incomplete(large: Path, tmp_path: Path) -> None:
    """Whoever opens an index whose run was stopped learns what share is there and what to do."""
    kept = stopped_early(large, tmp_path / "index")
    assert 0 < kept < MANY
    with Engine.open(large, tmp_path / "index", embedder=FakeEmbedder()) as engine:
        status = engine.status()
        assert (status.state, status.files_indexed, status.files_total) == ("incomplete", kept, MANY)
        assert [problem.code for problem in status.problems] == ["incomplete"]
        assert f"{kept / MANY:.0%} of the files" in status.problems[0].message
        assert "`codanna-lsp index`" in status.problems[0].message
        result = engine.search("work part")
        assert result.indexed == pytest.approx(kept / MANY)
        assert [problem.code for problem in result.problems] == ["incomplete"]
        # One saved file does not make the rest of the folder known.
        (large / "part_1.py").write_text("def saved(): pass\n")
        engine.update(["part_1.py"])
        assert engine.status().state == "incomplete"
        engine.sync()
        assert engine.status().state == "ready"
    with Engine.open(large, tmp_path / "index", embedder=FakeEmbedder()) as engine:
        status = engine.status()
        assert (status.state, status.files_indexed, status.files_total) == ("ready", MANY, MANY)
        assert not status.problems


def test_a_stopped_run_is_complete_once_the_missing_files_are_gone(large: Path, tmp_path: Path) -> None:
    """Where every missing file was deleted meanwhile, the next run says that nothing is missing."""
    stopped_early(large, tmp_path / "index")
    with Engine.open(large, tmp_path / "index", embedder=FakeEmbedder()) as engine:
        known = {file.path for file in engine._writer.text.snapshot().files()}
        for path in large.iterdir():
            if path.name not in known:
                path.unlink()
        engine.sync()
    with Engine.open(large, tmp_path / "index", embedder=FakeEmbedder()) as engine:
        assert engine.status().state == "ready"


def test_a_stopped_run_gets_its_vectors(large: Path, tmp_path: Path) -> None:
    """What a cancelled run committed without vectors gets them in the background, without another run."""
    cancel = Cancel()

    def stop_early(_progress: object) -> None:
        cancel.cancel()

    with Engine.open(large, tmp_path / "index", embedder=FakeEmbedder(instant=False)) as engine:
        with pytest.raises(Cancelled):
            engine.sync(progress=stop_early, cancel=cancel)
        assert engine.wait_until_idle(60)
        status = engine.status()
        assert status.symbols > 0
        assert (status.vectors_total, status.vectors_pending) == (status.symbols, 0)


def test_missing_vectors_are_counted_by_whoever_opens_the_index(large: Path, tmp_path: Path) -> None:
    """Another process sees how many vectors are still to be made, and none once all are there."""
    slow = FakeEmbedder(instant=False)
    stopped_early(large, tmp_path / "index", embedder=slow)
    with Engine.open(large, tmp_path / "index", embedder=slow) as engine:
        status = engine.status()
        assert status.vectors_pending == status.symbols - status.vectors_total > 0
        engine.sync()
        assert engine.wait_until_idle(60)
    with Engine.open(large, tmp_path / "index", embedder=slow) as engine:
        assert engine.status().vectors_pending == 0


def test_a_complete_index_is_not_searched_for_missing_vectors(
    large: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next process takes the note on disk for it that all vectors are there, and reads no keys."""
    with Engine.open(large, tmp_path / "index", embedder=FakeEmbedder()) as engine:
        engine.sync()
        assert engine.wait_until_idle(60)

    def fail(*_: object) -> list[int]:
        raise AssertionError("the keys were read")

    monkeypatch.setattr(TextSnapshot, "keys", fail)
    with Engine.open(large, tmp_path / "index", embedder=FakeEmbedder()) as engine:
        engine.sync()
        assert engine.wait_until_idle(60)
        assert engine.status().vectors_pending == 0
        assert not engine.status().problems


def test_closing_stops_a_long_run_quickly(large: Path, tmp_path: Path) -> None:
    """`close` from another thread ends a run at a committed state instead of waiting for its end."""
    started = threading.Event()
    ended: list[str] = []

    def slow(name: str) -> None:
        if name == "index:batch-applied":
            started.set()
            wait_for(lambda: engine._writer._closing.cancelled)

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
        assert threads == {"codanna-events"}
        end()
        engine.wait_until_idle(30)
        heard.clear()
        (large / "part_1.py").write_text("def other(): pass\n")
        engine.update(["part_1.py"])
        assert not heard.is_set()


def saver(
    engine_of: Callable[[], Engine], *paths: str
) -> tuple[Callable[[str], None], list[threading.Thread]]:
    """A checkpoint that has each path saved on a thread of its own after the first batch of a run."""
    threads: list[threading.Thread] = []

    def save(path: str) -> None:
        try:
            engine_of().update([path])
        except OSError:
            pass  # The test's own failing disk; what counts is that the call comes back.

    def checkpoint(name: str) -> None:
        if name == "index:batch-applied" and not threads:
            threads.extend(threading.Thread(target=save, args=(path,), daemon=True) for path in paths)
            for thread in threads:
                thread.start()
            wait_for(lambda: engine_of()._writer.runs.waiting_saves == len(paths))

    return checkpoint, threads


def test_a_file_saved_during_the_run_that_indexes_it_is_held_once(large: Path, tmp_path: Path) -> None:
    """A save of a file that the run has applied already, or comes to later, leaves one copy of it."""
    early, late = "part_0.py", f"part_{MANY - 1}.py"
    checkpoint, threads = saver(lambda: engine, early, late)
    with Engine.open(large, tmp_path / "index", embedder=FakeEmbedder(), checkpoint=checkpoint) as engine:
        engine.sync()
        for thread in threads:
            thread.join(30)
        text = engine._writer.text.index.snapshot()
        assert threads
        assert text.file_count == MANY
        assert [len(text.symbols_of(path)) for path in (early, late)] == [1, 1]


def test_what_a_run_read_before_a_save_does_not_replace_it(
    large: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file read by the run, saved, and only then applied by the run keeps the content of the save."""
    late = large / f"part_{MANY - 1}.py"
    prepare_all = WorkerPool.prepare_all

    def read_before_the_save(
        pool: WorkerPool, files: Sequence[tuple[FileTask, int]], cancel: Cancel | None
    ) -> Iterator[list[Prepared]]:
        batches = list(prepare_all(pool, files, cancel))
        late.write_text("def newest_content():\n    return 2\n")
        yield from batches

    monkeypatch.setattr(WorkerPool, "prepare_all", read_before_the_save)
    checkpoint, threads = saver(lambda: engine, late.name)
    with Engine.open(large, tmp_path / "index", embedder=FakeEmbedder(), checkpoint=checkpoint) as engine:
        engine.sync()
        for thread in threads:
            thread.join(30)
        text = engine._writer.text.index.snapshot()
        assert [symbol.name for symbol in text.symbols_of(late.name)] == ["newest_content"]


def test_a_file_deleted_before_the_run_commits_it_is_forgotten(large: Path, tmp_path: Path) -> None:
    """A file that the run has applied but not committed, and that is gone then, leaves nothing behind."""
    early = large / "part_0.py"
    checkpoint, threads = saver(lambda: engine, early.name)

    def delete_first(name: str) -> None:
        if name == "index:batch-applied" and not threads:
            early.unlink()
        checkpoint(name)

    with Engine.open(large, tmp_path / "index", embedder=FakeEmbedder(), checkpoint=delete_first) as engine:
        engine.sync()
        for thread in threads:
            thread.join(30)
        assert engine._writer.text.index.snapshot().file(early.name) is None


def test_a_save_that_fails_during_a_run_keeps_no_other_waiting(large: Path, tmp_path: Path) -> None:
    """Two saves wait for the same run and the disk fails under the first: both calls come back."""
    failed: list[str] = []
    checkpoint, threads = saver(lambda: engine, "part_0.py", "part_1.py")

    def failing(name: str) -> None:
        checkpoint(name)
        if name == "text:before-commit" and threads and not failed:
            failed.append(name)
            raise OSError(errno.ENOSPC, "the disk is full")

    with Engine.open(large, tmp_path / "index", embedder=FakeEmbedder(), checkpoint=failing) as engine:
        with pytest.raises(OSError, match="full"):
            engine.sync()
        for thread in threads:
            thread.join(10)
        assert [thread.is_alive() for thread in threads] == [False, False]
        engine.sync()
        assert engine.status().files_indexed == MANY
