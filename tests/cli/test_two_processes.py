"""The command line beside another process that holds the index, such as an editor's server."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from codanna_core.engine import Engine
from codanna_core.errors import IndexMissing


def test_index_leaves_the_work_to_the_writer(workspace: Path, run: Any) -> None:
    """`index` says that another process keeps the index up to date, and succeeds."""
    with Engine.open(workspace) as other:
        other.sync()
        outcome = run("index")
    assert outcome.code == 0
    assert outcome.out.startswith("another process keeps this index up to date")


def test_search_answers_from_what_the_writer_published(workspace: Path, run: Any) -> None:
    """`search` sees the newest generation of the other process."""
    with Engine.open(workspace) as other:
        other.sync()
        (workspace / "src" / "mail.py").write_text("def send_reminder(user):\n    pass\n")
        other.update(["src/mail.py"])
        assert "src/mail.py:1" in run("search", "send a reminder").out


def test_clean_refuses_while_another_process_writes(workspace: Path, run: Any) -> None:
    """`clean` fails, names the process and leaves the index alone."""
    with Engine.open(workspace) as other:
        other.sync()
        outcome = run("clean")
        assert outcome.code == 3
        assert "end it first" in outcome.err
    assert run("search", "purge", "--no-sync").code == 0


def test_an_index_that_was_only_begun_is_no_answer(
    workspace: Path, run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While another process has made an index and published nothing, that is not taken for an answer."""
    monkeypatch.setattr("codanna_core.cli.session._PATIENCE", 0.0)
    with Engine.open(workspace) as other:
        assert other._writer.try_to_write()
        outcome = run("search", "purge")
        assert outcome.code == 3
        assert "another process has just begun" in outcome.err
        other.sync()
        assert run("search", "purge").code == 0


def test_search_waits_for_the_first_state(workspace: Path, run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """While another process makes the first state of an index, `search` waits for it instead of failing."""
    looked = threading.Event()
    sync = Engine.sync

    def published_after_one_look(self: Engine, **options: Any) -> Any:
        if not looked.is_set():
            looked.set()
            raise IndexMissing("another process has just begun")
        return sync(self, **options)

    monkeypatch.setattr(Engine, "sync", published_after_one_look)
    assert run("search", "purge").code == 0
    assert looked.is_set()


def test_search_does_not_wait_for_ever(workspace: Path, run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """When nothing is published for long, `search` fails with what the engine says."""

    def never(self: Engine, **options: Any) -> None:
        raise IndexMissing("another process has just begun")

    monkeypatch.setattr(Engine, "sync", never)
    monkeypatch.setattr("codanna_core.cli.session._PATIENCE", 0.0)
    outcome = run("search", "purge")
    assert outcome.code == 3
    assert "another process has just begun" in outcome.err


WRITER = """
import sys, time
from codanna_core import Engine
from codanna_core.testing.embedder import FakeEmbedder
with Engine.open(sys.argv[1], embedder=FakeEmbedder()) as engine:
    engine.sync()
    print("ready", flush=True)
    time.sleep(60)
"""


@pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="processes cannot be stopped here")
def test_a_stopped_writer_is_reported(workspace: Path, run: Any) -> None:
    """Every answer and the status say so, with hits and without, and no longer once it runs again."""
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(workspace)], stdout=subprocess.PIPE, text=True
    )
    try:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "ready\n"

        def codes(*arguments: str) -> tuple[int, list[str]]:
            outcome = run(*arguments, "--json")
            return outcome.code, [problem["code"] for problem in json.loads(outcome.out)["problems"]]

        assert codes("search", "purge") == (0, [])
        writer.send_signal(signal.SIGSTOP)
        asked = (
            *(("search", "purge"), ("search", "purge", "--no-sync"), ("search", "kind:enum nothing at all")),
            *(("symbols", "purge"), ("symbols", "qqqqqqqq"), ("status",)),
        )
        for arguments in asked:
            code, told = codes(*arguments)
            assert "writer-silent" in told, arguments
            assert code == (1 if "nothing" in arguments[-1] or "qqqqqqqq" in arguments else 0)
        assert "does not respond" in run("search", "purge").err
        writer.send_signal(signal.SIGCONT)
        assert codes("search", "purge") == (0, [])
    finally:
        writer.kill()
        writer.wait()
        assert writer.stdout is not None
        writer.stdout.close()
