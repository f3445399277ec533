"""Processes that will be needed start beside the engine, and only these."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from threading import Event, current_thread
from typing import Any

import pytest

from codanna_core import Engine
from codanna_core.config import IndexSettings, Settings
from codanna_core.embed.tokenizer import WordTokenizer
from codanna_core.indexing import ahead, waiting
from codanna_core.indexing.ahead import INLINE_FILES, expect_run
from codanna_core.indexing.names_on_disk import FILES
from codanna_core.languages.exchange import Request, pack_request, unpack_answer
from codanna_core.runtime.helpers import WarmHelpers
from codanna_core.runtime.launch import launch
from codanna_core.runtime.limits import Limits
from codanna_core.runtime.pace import AT_ONCE
from codanna_core.runtime.system import is_alive

OpenEngine = Callable[..., Engine]


@pytest.fixture
def index(open_engine: OpenEngine, workspace: Path) -> Path:
    """The index of a workspace that has not changed since."""
    for number in range(INLINE_FILES + 1):
        (workspace / f"more{number}.py").write_text("def one_more(): pass\n")
    engine = open_engine()
    engine.sync()
    engine.close()
    return engine.folder.path


class AtOnce:
    """A thread that has run when it is started."""

    def __init__(self, target: Callable[[], None], name: str, daemon: bool) -> None:
        self.start = target


Starts = Callable[[Path, Path], list[str]]


@pytest.fixture
def starts(monkeypatch: pytest.MonkeyPatch) -> Starts:
    """What a look at a folder and its index starts: a helper for a language, or so many workers."""

    def started_by(root: Path, index: Path) -> list[str]:
        started: list[str] = []
        monkeypatch.setattr(WarmHelpers, "warm", lambda self, language: started.append(language))
        monkeypatch.setattr(ahead, "start_workers", lambda count, limits: started.append(f"{count} workers"))
        monkeypatch.setattr(ahead, "Thread", AtOnce)
        expect_run(root, index, Settings(index=IndexSettings(workers=2)))
        return started

    return started_by


def test_a_changed_source_starts_a_helper_for_its_language(
    workspace: Path, index: Path, starts: Starts
) -> None:
    """It begins while the rest of the program is still being loaded."""
    assert starts(workspace, index) == []
    (workspace / "net" / "open.go").write_text("package net\n\nfunc Shut() {}\n")
    assert starts(workspace, index) == ["go"]


def test_a_new_folder_starts_workers(workspace: Path, starts: Starts, tmp_path: Path) -> None:
    """Unless it is so small that a helper parses all of it, or holds nothing that is parsed."""
    assert starts(workspace, tmp_path / "index") == []
    for number in range(2 * INLINE_FILES):
        (workspace / f"picture{number}.png").write_bytes(b"\x89PNG")
    assert starts(workspace, tmp_path / "index") == []
    below = workspace / "a" / "b"
    below.mkdir(parents=True)
    for number in range(INLINE_FILES):
        (below / f"more{number}.py").write_text("def one_more(): pass\n")
    assert starts(workspace, tmp_path / "index") == ["2 workers"]
    assert starts(workspace / "nowhere", tmp_path / "index") == []


def test_workers_that_wait_are_taken_and_the_others_end(
    workspace: Path, open_engine: OpenEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run takes those with its limits, and starts none beside them."""
    for number in range(2 * INLINE_FILES):
        (workspace / f"more{number}.py").write_text("def one_more(): pass\n")
    waiting.start_workers(2, Limits(nice=AT_ONCE.nice))
    waiting.start_workers(1, Limits(nice=7))
    pids = [process.pid for _, process in waiting._waiting]
    assert len(pids) == 3
    assert all(map(is_alive, pids))
    started: list[str] = []

    def noted(entry: str, limits: Limits) -> Any:
        started.append(entry)
        return launch(entry, limits)

    monkeypatch.setattr(waiting, "launch", noted)
    engine = open_engine(settings=Settings(index=IndexSettings(workers=2)))
    assert engine.sync().added > 2 * INLINE_FILES
    assert started == []
    assert waiting._waiting == []
    assert not any(map(is_alive, pids))


@pytest.mark.parametrize("language", ["python", "go", "markdown"])
def test_a_helper_is_warm_in_any_language(language: str) -> None:
    """The language for which it starts is one that it has a grammar for; it reads the others as well."""
    helpers = WarmHelpers("codanna_core.parsing.service:serve", Limits(), most=1)
    helpers.warm(language)
    try:
        request = pack_request(Request(b"func Shut() {}\n", "open.go", 10.0))
        assert [one.name for one in unpack_answer(helpers.ask(request, 10.0), "open.go").symbols] == ["Shut"]
    finally:
        helpers.close()


def test_the_vocabulary_is_read_while_the_helper_parses(
    workspace: Path, index: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Words of a changed file are rarely all known, and the whole vocabulary is read for one that is not."""
    read = Event()
    all_pieces, ask = WordTokenizer._all, WarmHelpers.ask

    def noted(self: WordTokenizer) -> object:
        found = all_pieces(self)
        if current_thread().name == "codanna-vocabulary":
            read.set()
        return found

    def asked(self: WarmHelpers, *request: Any) -> bytes:
        assert read.wait(20)
        return ask(self, *request)

    (workspace / "net" / "open.go").write_text("package net\n\nfunc ShutZxqvbk() {}\n")
    with Engine.open(workspace, index, overrides={"semantic": {"model": "builtin"}}) as engine:
        engine.sync()
        engine.settle()
        monkeypatch.setattr(WordTokenizer, "_all", noted)
        monkeypatch.setattr(WarmHelpers, "ask", asked)
        (workspace / "net" / "open.go").write_text("package net\n\nfunc ShutYxqvbk() {}\n")
        assert engine.sync().changed == 1


def test_what_takes_no_helper_starts_none(workspace: Path, index: Path, starts: Starts) -> None:
    """A text without a grammar, a file that is gone, and so many that workers read them."""
    (workspace / "notes.txt").write_text("Nothing grows here any more.\n")
    (workspace / "ui" / "button.ts").unlink()
    assert starts(workspace, index) == []
    for number in range(INLINE_FILES + 1):
        (workspace / f"more{number}.py").write_text("def one_less(): return None\n")
    assert starts(workspace, index) == []


def test_an_index_that_cannot_be_read_starts_none(workspace: Path, index: Path, starts: Starts) -> None:
    """Damage is not reported here: the run meets the same, and says it."""
    (workspace / "net" / "open.go").write_text("package net\n\nfunc Shut() {}\n")
    whole = (index / FILES).read_bytes()
    for damaged in (b"", whole[:20], whole[:-9], bytes(len(whole))):
        (index / FILES).write_bytes(damaged)
        assert starts(workspace, index) == []
    (index / FILES).unlink()
    assert starts(workspace, index) == []


def test_a_worker_that_nobody_takes_ends_without_a_word() -> None:
    """A command that is stopped while it loads leaves its workers without a task."""
    worker = launch(waiting.WORKER, Limits(), keep_errors=True)
    _, errors = worker.communicate(timeout=60)
    assert (worker.returncode, errors) == (0, b"")
