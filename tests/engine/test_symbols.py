"""Symbols by name, as an editor's symbol search asks for them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from codanna_core import Engine
from codanna_core.testing.embedder import FakeEmbedder

OpenEngine = Callable[..., Engine]


@pytest.fixture
def engine(open_engine: OpenEngine, workspace: Path) -> Engine:
    (workspace / "users.ts").write_text(
        "export class UserStore {\n  getUserName(id: string): string { return id; }\n}\n"
        "export function getUserNumber(): number { return 1; }\n"
    )
    (workspace / "tests").mkdir()
    (workspace / "tests/users.test.ts").write_text("export function getUserName() { return 'x'; }\n")
    opened = open_engine()
    opened.sync()
    return opened


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("getUserName", "getUserName"),
        ("getusername", "getUserName"),
        ("gUNa", "getUserName"),
        ("getUserNu", "getUserNumber"),
        ("username", "getUserName"),
        ("getUsreName", "getUserName"),
        ("UserStore.getUserName", "getUserName"),
        ("bank/deposit", "deposit_money"),
        ("dep_mon", "deposit_money"),
    ],
)
def test_a_name_is_found_however_it_is_typed(engine: Engine, query: str, first: str) -> None:
    """Exact, humps, prefix, word, typo, container and path forms give the symbol first."""
    assert engine.symbols(query)[0].name == first


def test_tests_come_after_what_they_test(engine: Engine) -> None:
    """Of two symbols of one name the one in a test file is second."""
    paths = [hit.path for hit in engine.symbols("getUserName") if hit.name == "getUserName"]
    assert paths == ["users.ts", "tests/users.test.ts"]


def test_the_file_at_hand_comes_first(engine: Engine) -> None:
    """An empty query shows the outline of the file that the user is in."""
    names = [hit.name for hit in engine.symbols("", near=["users.ts"])]
    assert names[:3] == ["UserStore", "getUserName", "getUserNumber"]
    assert engine.symbols("") == []


def test_plain_words_are_answered_by_meaning(engine: Engine, open_engine: OpenEngine) -> None:
    """Several words that fit no name fall through to search by meaning, unless that is switched off."""
    hits = engine.symbols("put cash into the account")
    assert "deposit_money" in [hit.name for hit in hits[:3]]
    assert {hit.match for hit in hits} == {"meaning"}
    engine.apply_settings({"search": {"plain_words_fallback": False}})
    assert not [hit for hit in engine.symbols("put cash into the account") if hit.match == "meaning"]


def test_names_survive_a_restart_and_follow_changes(
    engine: Engine, open_engine: OpenEngine, workspace: Path
) -> None:
    """Names are stored, those added since too; a name whose symbols are gone shows nothing."""
    engine.wait_until_idle(30)
    (workspace / "late.js").write_text("function addedLater() {}\n")
    engine.update(["late.js"])
    assert engine.symbols("addedLat")[0].name == "addedLater"
    engine.close()
    again = open_engine()
    assert again.symbols("addedLat")[0].name == "addedLater"
    (workspace / "late.js").unlink()
    again.update(["late.js"])
    assert "addedLater" not in [hit.name for hit in again.symbols("addedLater")]


def test_a_reader_sees_names_that_the_writer_adds(
    engine: Engine, open_engine: OpenEngine, workspace: Path
) -> None:
    """A second engine on the folder finds symbols that were published after it was opened."""
    reader = open_engine()
    assert reader.symbols("getUserName")
    (workspace / "late.js").write_text("function addedLater() {}\n")
    engine.update(["late.js"])
    assert reader.symbols("addedLat")[0].name == "addedLater"


def test_vectors_of_code_long_gone_are_collected(
    open_engine: OpenEngine, workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Unreferenced vectors are kept for a while and dropped once they outnumber the others."""
    monkeypatch.setattr("codanna_core.engine.meaning._SPARE", 0)
    engine = open_engine(embedder=FakeEmbedder(instant=False))
    for number in range(8):
        (workspace / "net/open.go").write_text(
            "package net\n" + "\n".join(f"func Step{number}{part}() {{}}" for part in range(10)) + "\n"
        )
        engine.sync()
        assert engine.wait_until_idle(30)
    status = engine.status()
    assert status.vectors_pending == 0
    assert status.vectors_total <= 3 * status.symbols + 10


def test_a_large_index_reads_its_names_back_in_another_process(
    engine: Engine, open_engine: OpenEngine, workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a kill the names of a large index are rebuilt elsewhere; saves meanwhile are found at once."""
    engine.close()
    for stored in (engine.folder.path / "names").glob("*"):
        stored.unlink()
    monkeypatch.setattr("codanna_core.engine.symbol_search._REBUILT_AT_ONCE", 1)
    again = open_engine()
    again.sync()
    again.symbols("getUserName")
    (workspace / "late.js").write_text("function addedLater() {}\n")
    again.update(["late.js"])
    assert again.symbols("addedLat")[0].name == "addedLater"
    assert again.wait_until_idle(60)
    assert again.symbols("getUserName")[0].name == "getUserName"
    assert again.symbols("addedLat")[0].name == "addedLater"
    assert list((again.folder.path / "names").glob("names-*.bin"))
