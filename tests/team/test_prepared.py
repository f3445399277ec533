"""What asks a team connects before there is a question, so that the question has its time for itself."""

from __future__ import annotations

import importlib
import os
import socket
import threading
import time
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from engine_double import answering, manifests, saying
from loopback import server

from codanna_core import Engine
from codanna_core.cli.main import main
from codanna_core.config import TeamSettings
from codanna_core.problems import Code
from codanna_core.search.opened_team import _EARLY, OpenedTeam, OpeningTeam, prepare_team
from codanna_core.search.team import Asked, Inquiry
from codanna_team.asking import AskedTeam
from codanna_team.engine import OpenSearch
from codanna_team.http import Client, Endpoint
from codanna_team.remote import RemoteFailure, RemoteQuestion
from codanna_team.source import TeamSource


def test_a_source_that_is_prepared_asks_in_one_round_trip() -> None:
    """It has connected and knows what is published; a question that comes earlier waits for that."""
    responds = threading.Event()

    def late(connection: socket.socket, request: bytes) -> None:
        assert responds.wait(10)
        answering(manifests())(connection, request)

    with server(late) as (port, seen):
        source = TeamSource(OpenSearch(Client(Endpoint.parse(f"http://127.0.0.1:{port}/codanna"))))
        preparing = threading.Thread(target=source.prepare)
        preparing.start()
        question = RemoteQuestion(words={"retry": 1.0})
        with pytest.raises(RemoteFailure) as raised:
            source.ask(question, time.monotonic() + 0.05)
        assert raised.value.code is Code.TEAM_LATE
        responds.set()
        preparing.join(10)
        assert len(seen) == 1
        source.ask(question, time.monotonic() + 10)
        assert len(seen) == 2
        source.prepare()
        assert len(seen) == 2


def test_what_fails_while_it_is_prepared_shows_with_the_question() -> None:
    """And not before."""
    with server(saying("401 Unauthorized")) as (port, _):
        source = TeamSource(OpenSearch(Client(Endpoint.parse(f"http://127.0.0.1:{port}/codanna"))))
        source.prepare()
        with pytest.raises(RemoteFailure) as raised:
            source.ask(RemoteQuestion(words={"retry": 1.0}), time.monotonic() + 10)
        assert raised.value.code is Code.TEAM_REFUSED


def test_a_command_connects_while_it_starts(folders: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that asks a team begins before its engine is open; one that does not never connects."""
    connected: list[str] = []
    monkeypatch.setattr(TeamSource, "prepare", lambda self: connected.append("prepared"))
    real = Engine.open

    def opening(*arguments: Any, **options: Any) -> Engine:
        for thread in threading.enumerate():
            if thread.name == "codanna-team":
                thread.join(10)
        connected.append("opened")
        return real(*arguments, **options)

    monkeypatch.setattr(Engine, "open", opening)
    where = [str(folders / "here"), "--index-dir", str(folders / "prepared-index")]
    team = ["--set", "team.url=http://127.0.0.1:9/codanna"]
    main(["refs", "retry_with_backoff", *where, *team])
    assert connected == ["prepared", "opened"]
    main(["callers", "retry_with_backoff", *where, *team])
    assert connected == ["prepared", "opened", "opened"]


def test_what_was_opened_early_is_used_or_closed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the engine of the same folder with the same settings; else nothing of it stays open."""
    closed: list[str] = []
    monkeypatch.setattr(AskedTeam, "close", lambda self: closed.append(self.settings.url))
    monkeypatch.setattr(TeamSource, "prepare", lambda self: None)
    one, two = TeamSettings(url="http://127.0.0.1:9/one"), TeamSettings(url="http://127.0.0.1:9/two")
    opened = OpenedTeam(tmp_path)
    prepare_team(one, tmp_path)
    early = _EARLY[os.path.realpath(tmp_path)]
    assert opened.of(one) is early
    assert opened.of(one) is early
    settled()
    opened.close()
    prepare_team(one, tmp_path)
    other = opened.of(two)
    assert isinstance(other, OpeningTeam)
    assert other.settings == two
    prepare_team(one, tmp_path)
    opened.close()
    settled()
    assert sorted(closed) == [one.url, one.url, one.url, two.url]


def settled() -> None:
    """Waits until nothing is being opened."""
    for thread in threading.enumerate():
        if thread.name == "codanna-team":
            thread.join(10)


def test_an_answer_does_not_wait_for_an_import(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Opening counts as time that an answer waits; what was being opened is there for the next one."""
    goes_on = threading.Event()
    asked: list[float] = []

    def slow(name: str) -> ModuleType:
        assert goes_on.wait(10)
        return import_module(name)

    monkeypatch.setattr(importlib, "import_module", slow)

    def ask(self: AskedTeam, inquiry: Inquiry, begun: float) -> Asked:
        asked.append(begun)
        return Asked(None)

    monkeypatch.setattr(AskedTeam, "ask", ask)
    opened = OpenedTeam(tmp_path)
    settings = TeamSettings(url="http://127.0.0.1:9/one", deadline_ms=60)
    began = time.monotonic()
    team = opened.of(settings)
    assert team is not None
    (problem,) = team.ask(Inquiry()).problems
    assert 0.05 < time.monotonic() - began < 5
    assert (problem.code, "127.0.0.1" in problem.message) == (Code.TEAM_LATE, True)
    goes_on.set()
    settled()
    assert team.ask(Inquiry()) == Asked(None)
    assert began < asked[0] < time.monotonic()
    opened.close()


def test_what_cannot_be_imported_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An installation that is damaged costs no local answer."""

    def damaged(name: str) -> ModuleType:
        raise ImportError(name)

    monkeypatch.setattr(importlib, "import_module", damaged)
    opened = OpenedTeam(tmp_path)
    team = opened.of(TeamSettings(url="http://127.0.0.1:9/one"))
    assert team is not None
    (problem,) = team.ask(Inquiry()).problems
    assert problem.code is Code.TEAM_UNREACHABLE
    assert "ImportError" in problem.message
    opened.close()
