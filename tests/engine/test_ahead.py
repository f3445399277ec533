"""A helper starts beside the engine where one will be needed, and only there."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from threading import Event, current_thread
from typing import Any

import pytest

from codanna_core import Engine
from codanna_core.embed.tokenizer import WordTokenizer
from codanna_core.indexing import ahead
from codanna_core.indexing.ahead import INLINE_FILES, expect_changes
from codanna_core.indexing.names_on_disk import FILES
from codanna_core.runtime.helpers import WarmHelpers

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


@pytest.fixture
def starts(monkeypatch: pytest.MonkeyPatch) -> Callable[[Path, Path], bool]:
    """Whether a look at a folder and its index starts a helper."""

    def starts_a_helper(root: Path, index: Path) -> bool:
        started: list[bool] = []
        monkeypatch.setattr(WarmHelpers, "warm", lambda self: started.append(True))
        monkeypatch.setattr(ahead, "Thread", AtOnce)
        expect_changes(root, index)
        return bool(started)

    return starts_a_helper


def test_a_changed_source_starts_one(
    workspace: Path, index: Path, starts: Callable[[Path, Path], bool]
) -> None:
    """It begins while the rest of the program is still being loaded."""
    assert not starts(workspace, index)
    (workspace / "net" / "open.go").write_text("package net\n\nfunc Shut() {}\n")
    assert starts(workspace, index)


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


def test_what_takes_no_helper_starts_none(
    workspace: Path, index: Path, starts: Callable[[Path, Path], bool]
) -> None:
    """A text without a grammar, a file that is gone, and so many that workers read them."""
    (workspace / "notes.txt").write_text("Nothing grows here any more.\n")
    (workspace / "ui" / "button.ts").unlink()
    assert not starts(workspace, index)
    for number in range(INLINE_FILES + 1):
        (workspace / f"more{number}.py").write_text("def one_less(): return None\n")
    assert not starts(workspace, index)


def test_an_index_that_cannot_be_read_starts_none(
    workspace: Path, index: Path, starts: Callable[[Path, Path], bool], tmp_path: Path
) -> None:
    """Neither damage nor a folder that is no index is reported here: the run meets the same, and says it."""
    (workspace / "net" / "open.go").write_text("package net\n\nfunc Shut() {}\n")
    whole = (index / FILES).read_bytes()
    for damaged in (b"", whole[:20], whole[:-9], bytes(len(whole))):
        (index / FILES).write_bytes(damaged)
        assert not starts(workspace, index)
    (index / FILES).unlink()
    assert not starts(workspace, index)
    assert not starts(workspace, tmp_path / "nowhere")
