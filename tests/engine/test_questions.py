"""Long runs give way to questions, and a question's two searches go on side by side."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from codanna_core import Cancel, Engine
from codanna_core.errors import Cancelled, IndexCorrupt
from codanna_core.results import SearchRequest
from codanna_core.runtime.yielding import Courtesy, OpenQueries
from codanna_core.search import candidates
from codanna_core.search.view import SearchView
from codanna_core.text.reader import TextSnapshot

OpenEngine = Callable[..., Engine]


class Clocked(OpenQueries):
    """Notes how long it is asked to wait at most."""

    def __init__(self) -> None:
        super().__init__()
        self.waits: list[float] = []

    def wait(self, most_seconds: float) -> None:
        self.waits.append(most_seconds)


def test_work_waits_for_a_question_and_goes_on_behind_it() -> None:
    """Waiting ends with the last question that is open, and at once where there is none."""
    questions = OpenQueries()
    questions.wait(60)
    going_on = threading.Event()

    def work() -> None:
        questions.wait(60)
        going_on.set()

    with questions, questions:
        waiting = threading.Thread(target=work)
        waiting.start()
        assert not going_on.wait(0.05)
    assert going_on.wait(10)
    waiting.join()


def test_waiting_ends_by_itself() -> None:
    """A question that takes for ever holds up nobody for ever."""
    questions = OpenQueries()
    with questions:
        questions.wait(0.001)


def test_pauses_take_no_longer_than_the_work_between_them() -> None:
    """Items are counted across files, and the pauses together are no longer than the work."""
    questions = Clocked()
    courtesy = Courtesy(questions)
    began = time.monotonic()
    for _ in range(64):
        assert list(courtesy.in_between("abcd")) == list("abcd")
    worked = time.monotonic() - began
    assert len(questions.waits) == 4
    assert sum(questions.waits) <= worked


@pytest.fixture
def engine(open_engine: OpenEngine, monkeypatch: pytest.MonkeyPatch) -> Engine:
    opened = open_engine()
    opened.sync()
    monkeypatch.setattr(candidates, "_WORTH_A_THREAD", 0)
    return opened


def test_searching_side_by_side_finds_the_same(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """The answer does not depend on where the words are searched."""
    for question in ("put cash into the account", "Open", "kind:class press", "nothing_like_it"):
        beside = engine.search(question, explain=True).hits
        with monkeypatch.context() as patch:
            patch.setattr(candidates, "_WORTH_A_THREAD", 1 << 60)
            assert engine.search(question, explain=True).hits == beside, question


def test_damage_met_beside_reaches_the_caller(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the search of the words raises in its thread is healed as anywhere else."""
    real, met = TextSnapshot.files_holding, threading.Event()

    def damaged(*arguments: object, **options: object) -> object:
        if not met.is_set():
            met.set()
            raise IndexCorrupt(Path("text"), "is damaged")
        return real(*arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(TextSnapshot, "files_holding", damaged)
    assert engine.search("put cash into the account").hits[0].name == "deposit_money"
    assert met.is_set()


def test_words_are_searched_no_further_when_the_vectors_give_up(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The search beside stops at its next step, for nobody waits for it."""
    search_words, search = candidates._search_words, TextSnapshot.search
    searching, given_up, ended = threading.Event(), threading.Event(), threading.Event()

    def noting_its_end(*arguments: Any, **options: Any) -> Any:
        try:
            return search_words(*arguments, **options)
        except Cancelled:
            ended.set()
            raise

    def slow(*arguments: Any, **options: Any) -> Any:
        searching.set()
        assert given_up.wait(10)
        return search(*arguments, **options)

    def failing(*_: Any) -> None:
        assert searching.wait(10)
        raise ValueError("no vectors today")

    monkeypatch.setattr(candidates, "_search_words", noting_its_end)
    monkeypatch.setattr(TextSnapshot, "search", slow)
    monkeypatch.setattr(SearchView, "nearest", failing)
    with pytest.raises(ValueError, match="no vectors today"):
        engine.search("put cash into the account")
    given_up.set()
    assert ended.wait(10)


def test_a_cancelled_question_is_not_answered(engine: Engine) -> None:
    """A question that nobody waits for any more is not begun."""
    cancel = Cancel()
    cancel.cancel()
    with pytest.raises(Cancelled):
        engine.search("put cash into the account", cancel=cancel)


def test_hits_without_snippets(engine: Engine) -> None:
    """Who shows no lines gets the same hits without reading files."""
    full = engine.search(SearchRequest("put cash into the account")).hits
    bare = engine.search(SearchRequest("put cash into the account", snippets=False)).hits
    assert [hit.name for hit in bare] == [hit.name for hit in full]
    assert all(hit.snippet for hit in full)
    assert not any(hit.snippet for hit in bare)
