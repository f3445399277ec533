"""Asking never waits beyond its deadline, says in one sentence what is missing, and trusts no row."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from folder_source import FixedSource

from codanna_core.config import TeamSettings
from codanna_core.problems import Code
from codanna_core.search.team import Asked, Inquiry
from codanna_core.text.stored import Filter
from codanna_team.asking import AskedTeam, RefusedTeam, open_team
from codanna_team.checking import MOST_ROWS
from codanna_team.layer import TeamLayer
from codanna_team.remote import RemoteAnswer, RemoteFailure, RemoteQuestion, RemoteRow
from codanna_team.rows import Place
from codanna_team.token import VARIABLE

URL = "https://search.example.com"
LINK = "https://git.example.com/{repository}/blob/{revision}/{path}#L{line}"
SETTINGS = TeamSettings(url=URL, deadline_ms=60, link=LINK)
ASKED = Inquiry(words={"save": 1.0})
ROW = RemoteRow(
    "team/there",
    "main",
    "0" * 40,
    "src/store.py",
    "save",
    "Store",
    "method",
    "python",
    "def save(self)",
    "Keep it.",
    ((7, "    def save(self):"),),
    Place(7, 4, 9, 0, 7, 8, 12, 0),
    traits=5,
    levels={"save": "p"},
    held=("save",),
    cosine=0.5,
)
ANSWER = RemoteAnswer((ROW,), {"save": 3}, 100)

Opened = Callable[..., AskedTeam]


@pytest.fixture
def team(tmp_path: Path) -> Iterator[Opened]:
    opened: list[AskedTeam] = []

    def make(source: FixedSource, **changed: Any) -> AskedTeam:
        opened.append(AskedTeam(replace(SETTINGS, **changed), tmp_path, source))
        return opened[-1]

    yield make
    for one in opened:
        one.close()


def codes(asked: Asked) -> list[Code]:
    return [problem.code for problem in asked.problems]


def test_an_answer_in_time(team: Opened) -> None:
    """It is a layer, without problems."""
    asked = team(FixedSource(ANSWER), deadline_ms=10_000).ask(ASKED)
    assert asked.layer is not None
    assert asked.layer.size == 100
    assert asked.layer.frequency("save") == 3
    assert asked.problems == ()


def test_nobody_waits_beyond_the_deadline(team: Opened) -> None:
    """A slow engine costs the deadline twice, and then nothing; no more than four questions wait for it."""
    free = threading.Event()
    source = FixedSource(ANSWER, hold=free)
    slow = team(source)
    try:
        waits = []
        for _ in range(20):
            begun = time.monotonic()
            asked = slow.ask(ASKED)
            waits.append(time.monotonic() - begun)
            assert asked.layer is None
            assert codes(asked) == [Code.TEAM_LATE]
        assert sum(wait >= 0.05 for wait in waits) == 2
        assert len(source.questions) == 2
    finally:
        free.set()


@pytest.mark.parametrize(
    ("failure", "code"),
    [
        (RemoteFailure(Code.TEAM_UNREACHABLE, "gone"), Code.TEAM_UNREACHABLE),
        (RemoteFailure(Code.TEAM_REFUSED, "refused"), Code.TEAM_REFUSED),
        (RemoteFailure(Code.TEAM_MISMATCH, "another format"), Code.TEAM_MISMATCH),
        (RuntimeError("a defect"), Code.TEAM_UNREACHABLE),
        (MemoryError(), Code.TEAM_UNREACHABLE),
    ],
)
def test_failures_are_one_sentence(team: Opened, failure: Exception, code: Code) -> None:
    """Whatever goes wrong is one problem, again from memory while the engine is left alone."""
    source = FixedSource(failure)
    failing = team(source, deadline_ms=10_000)
    assert [codes(failing.ask(ASKED)) for _ in range(5)] == [[code]] * 5
    assert len(source.questions) == (1 if code in (Code.TEAM_REFUSED, Code.TEAM_MISMATCH) else 2)


def test_an_engine_that_is_back_is_found(team: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    """After the pause one question goes out that nobody waits for, and the next one has its answer."""
    source = FixedSource(RemoteFailure(Code.TEAM_UNREACHABLE, "gone"))
    back = team(source, deadline_ms=10_000)
    for _ in range(3):
        back.ask(ASKED)
    source.answer = ANSWER
    later = time.monotonic() + 3600
    monkeypatch.setattr(back._breaker, "_clock", lambda: later)
    assert codes(back.ask(ASKED)) == [Code.TEAM_UNREACHABLE]
    for thread in threading.enumerate():
        if thread.name == "codanna-team":
            thread.join(10)
    assert back.ask(ASKED).layer is not None


def test_problems_of_the_engine_are_passed_on(team: Opened) -> None:
    """Half of an answer is an answer that says what is missing."""
    answer = replace(ANSWER, problems=((Code.TEAM_PARTIAL, "2 of 4 shards did not respond"),))
    asked = team(FixedSource(answer), deadline_ms=10_000).ask(ASKED)
    assert asked.layer is not None
    assert codes(asked) == [Code.TEAM_PARTIAL]


def test_only_the_repositories_of_the_settings(team: Opened) -> None:
    """A filter narrows them; where it leaves none, nothing is sent."""
    source = FixedSource(ANSWER)
    some = team(source, deadline_ms=10_000, repositories=("team/a", "team/b"))
    some.ask(ASKED)
    some.ask(replace(ASKED, repositories=("Team/B", "team/c")))
    some.ask(replace(ASKED, repositories=("team/c",)))
    some.ask(replace(ASKED, repositories=("team/b@next", "team/c@next")))
    asked = [one.repositories for one in source.questions]
    assert asked == [("team/a", "team/b"), ("Team/B",), ("team/b@next",)]


def test_without_a_safe_token_nothing_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is wrong with the token is the problem of every answer, without the token."""
    monkeypatch.setenv(VARIABLE, "s3cret\u0131")
    team = open_team(SETTINGS, tmp_path)
    assert isinstance(team, RefusedTeam)
    (problem,) = team.ask(ASKED).problems
    assert problem.code is Code.TEAM_REFUSED
    assert "s3cret" not in problem.message


def layer_of(*rows: RemoteRow, **asked: Any) -> TeamLayer:
    question = RemoteQuestion(words={"save": 1.0}, **asked)
    return TeamLayer(question, RemoteAnswer(rows, {"save": 1 << 60, "other": 9}, 100), LINK)


HOSTILE: list[dict[str, Any]] = [
    {"repository": ""},
    {"repository": "../evil"},
    {"repository": "/etc"},
    {"repository": "a" * 301},
    {"branch": "a/../b"},
    {"revision": "main;rm"},
    {"revision": "../x"},
    {"path": ""},
    {"path": "/etc/passwd"},
    {"path": "../../etc/passwd"},
    {"path": "src/./a.py"},
    {"path": "src\\..\\a.py"},
    {"path": "src//a.py"},
    {"path": "src/a\n.py"},
    {"path": "src/\u202ea.py"},
    {"path": "src/\ud800.py"},
    {"path": "a/" * 600},
    {"name": "x\0y"},
    {"name": "n" * 1001},
    {"doc": "d" * 20_001},
    {"doc": "\udfff"},
    {"kind": "virus"},
    {"kind": ""},
    {"language": "py thon"},
    {"signature": "s" * 4_001},
    {"snippet": tuple((n, "x") for n in range(41))},
    {"snippet": ((1, "x" * 2001),)},
    {"snippet": ((-1, "x"),)},
    {"snippet": ((1, "a\nb"),)},
    {"place": Place(0, 0, 1 << 31, 0, 0, 0, 0, 0)},
    {"place": Place(7, 4, 6, 9, 7, 8, 12, 0)},
    {"place": Place(7, 4, 9, 0, 7, 8, 7, 0)},
    {"place": Place(7, 4, 9, 0, -1, 0, 0, 0)},
    {"traits": -1},
    {"traits": 1 << 62},
    {"cosine": float("nan")},
    {"cosine": float("inf")},
]


@pytest.mark.parametrize("changed", HOSTILE)
def test_hostile_rows_are_dropped(changed: dict[str, Any]) -> None:
    """Each is counted and shown nowhere; the rows beside it stay."""
    layer = layer_of(replace(ROW, **changed), ROW)
    assert layer.dropped == 1
    assert len(layer) == 1


def test_numbers_have_bounds() -> None:
    """Counts, cosines, levels and terms cannot be larger than they are, and no row counts without end."""
    layer = layer_of(replace(ROW, cosine=1e9, levels={"save": "z", "other": "p"}, held=("other",)))
    rows = layer.passing(Filter(), 10)
    assert layer.frequency("save") == 100
    assert layer.frequency("other") == 0
    assert layer.nearness(rows, np.ones(3, np.float32)).tolist() == [1.0]
    assert len(layer.matching({"save": 1.0, "other": 1.0}, 10, Filter()).rows) == 0
    assert layer.files_by_words({"save": 1.0, "other": 1.0}, 10).scores.tolist() == [1.0]
    many = layer_of(*[ROW] * (MOST_ROWS + 5))
    assert (len(many), many.dropped) == (MOST_ROWS, 5)


def test_rows_that_were_not_asked_for_are_left_out() -> None:
    """Neither what is checked out, nor another repository, nor what the filters exclude."""
    assert len(layer_of(ROW, left_out=("Team/There",))) == 0
    assert len(layer_of(ROW, repositories=("team/other",))) == 0
    assert len(layer_of(ROW, repositories=("TEAM/there",))) == 1
    assert len(layer_of(ROW, repositories=("team/there@main",))) == 1
    assert len(layer_of(ROW, repositories=("team/there@next",))) == 0
    assert len(layer_of(ROW, only=Filter(languages=("go",)))) == 0
    assert len(layer_of(ROW, only=Filter(path_regexes=("src/.*",), kinds=("method",)))) == 1


def test_links_lead_to_the_host_of_the_template() -> None:
    """Whatever names and paths contain, they end up encoded behind the host."""
    path = 'a b/#?%"<>{line}.py'
    layer = layer_of(replace(ROW, repository="team@evil.example.com", path=path))
    (far,) = layer.beyond(layer.passing(Filter(), 1))
    assert far.origin.url == (
        f"https://git.example.com/team%40evil.example.com/blob/{'0' * 40}/"
        "a%20b/%23%3F%25%22%3C%3E%7Bline%7D.py#L8"
    )
    unknown = layer_of(replace(ROW, revision="", branch="x/y"))
    (far,) = unknown.beyond(unknown.passing(Filter(), 1))
    assert "/blob/x/y/src/store.py#L8" in far.origin.url
