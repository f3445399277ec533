"""Symbols by name, as an editor's symbol search asks for them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from codanna_core import Cancel, Engine
from codanna_core.indexing.names_build import build_elsewhere
from codanna_core.results import SearchResult
from codanna_core.testing.embedder import FakeEmbedder
from codanna_core.testing.indexes import copy_index

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


def test_an_empty_query_without_a_file_shows_what_the_project_is_made_of(engine: Engine) -> None:
    """Types and functions of the largest folder, no members and no tests."""
    names = [hit.name for hit in engine.symbols("")]
    assert names[:1] == ["UserStore"]
    assert "getUserName" not in names
    assert not [hit.path for hit in engine.symbols("") if hit.path.startswith("tests/")]


def test_plain_words_are_answered_by_meaning(engine: Engine, open_engine: OpenEngine) -> None:
    """Several words that fit no name fall through to search by meaning, unless that is switched off."""
    hits = engine.symbols("put cash into the account")
    assert "deposit_money" in [hit.name for hit in hits[:3]]
    assert {hit.match for hit in hits} == {"meaning"}
    engine.apply_settings({"search": {"plain_words_fallback": False}})
    assert not [hit for hit in engine.symbols("put cash into the account") if hit.match == "meaning"]


def test_several_words_that_fit_a_name_find_it(engine: Engine) -> None:
    """`get user` means names made of these words, not what comes near them in meaning."""
    hits = engine.symbols("get user")
    assert hits[0].name.startswith("getUser")
    assert "meaning" not in {hit.match for hit in hits}


def test_misspelled_words_find_names_where_nothing_comes_near_in_meaning(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A slip in several words still finds the name when the search by meaning has nothing to offer."""
    assert {hit.match for hit in engine.symbols("getusre number")} == {"meaning"}
    monkeypatch.setattr(Engine, "search", lambda *_, **__: SearchResult("", [], 1, 1.0, 0.0))
    assert engine.symbols("getusre number")[0].name == "getUserNumber"


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


def test_names_of_the_past_do_not_hide_those_of_today(engine: Engine, workspace: Path) -> None:
    """However often a file was saved under other names, the names it has now are found."""
    for version in range(30):
        (workspace / "late.js").write_text(f"function saved{version}() {{}}\n")
        engine.update(["late.js"])
    assert [hit.name for hit in engine.symbols("saved", limit=5)] == ["saved29"]


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
    monkeypatch.setattr("codanna_core.indexing.missing._SPARE", 0)
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
    monkeypatch.setattr("codanna_core.names.store._REBUILT_AT_ONCE", 1)
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


@pytest.fixture
def read_back(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every index counts as large; the list holds a line for each time its names were all read back."""
    seen: list[str] = []

    def noted(text: Path, names: Path, cancel: Cancel, nice: int) -> int:
        seen.append(str(text))
        return build_elsewhere(text, names, cancel, nice)

    monkeypatch.setattr("codanna_core.names.store._REBUILT_AT_ONCE", 1)
    monkeypatch.setattr("codanna_core.indexing.names_apart.build_elsewhere", noted)
    return seen


def test_a_restart_reads_no_names_back(
    engine: Engine, open_engine: OpenEngine, workspace: Path, read_back: list[str]
) -> None:
    """What changed while nobody looked is added to the stored names at the next start."""
    engine.symbols("getUserName")
    assert engine.wait_until_idle(60)
    engine.close()
    (workspace / "late.js").write_text("function addedLater() {}\n")
    del read_back[:]
    again = open_engine()
    again.sync()
    assert again.symbols("addedLat")[0].name == "addedLater"
    assert again.symbols("getUserName")[0].name == "getUserName"
    assert again.wait_until_idle(60)
    assert not read_back


def test_a_kill_loses_no_name(engine: Engine, workspace: Path, tmp_path: Path, read_back: list[str]) -> None:
    """The files as a kill leaves them hold the names of the last save, nothing being written at the end."""
    engine.symbols("getUserName")
    assert engine.wait_until_idle(60)
    (workspace / "late.js").write_text("function addedLater() {}\n")
    engine.update(["late.js"])
    left = tmp_path / "left"
    copy_index(engine.folder.path, left)
    del read_back[:]
    with Engine.open(workspace, left, embedder=FakeEmbedder()) as again:
        assert again.symbols("addedLat")[0].name == "addedLater"
        again.sync()
        assert again.wait_until_idle(60)
    assert not read_back


def test_names_of_a_text_index_that_was_replaced_count_no_more(
    engine: Engine, open_engine: OpenEngine, workspace: Path
) -> None:
    """After a reindex the names on disk are those of the new text index, also for the next process."""
    engine.wait_until_idle(30)
    (workspace / "users.ts").unlink()
    engine.reindex()
    (workspace / "late.js").write_text("function addedLater() {}\n")
    engine.update(["late.js"])
    left = engine.folder.path / "names"
    assert b"getUserNumber" not in b"".join(file.read_bytes() for file in left.iterdir())
    engine.close()
    assert open_engine().symbols("addedLat")[0].name == "addedLater"


def test_a_log_of_names_that_was_cut_is_noticed(
    engine: Engine, open_engine: OpenEngine, workspace: Path
) -> None:
    """After a power cut in the middle of a record the names are read back and the log goes on."""
    (workspace / "late.js").write_text("function addedLater() {}\n")
    engine.update(["late.js"])
    engine.close()
    added = engine.folder.path / "names" / "added.log"
    added.write_bytes(added.read_bytes()[:-5])
    again = open_engine()
    assert again.symbols("addedLat")[0].name == "addedLater"
    (workspace / "later.js").write_text("function addedAtLast() {}\n")
    again.update(["later.js"])
    assert again.wait_until_idle(30)
    again.close()
    third = open_engine()
    assert third.symbols("addedLat")[0].name == "addedLater"
    assert third.symbols("addedAtL")[0].name == "addedAtLast"


def test_of_many_namesakes_those_at_hand_come_first(open_engine: OpenEngine, workspace: Path) -> None:
    """A name that more symbols have than are shown still gives the one in the open file first."""
    for number in range(40):
        (workspace / f"driver_{number}.py").write_text(f"probe = {number}\n\n\ndef probe():\n    pass\n")
    engine = open_engine()
    engine.sync()
    hits = engine.symbols("probe", limit=5, near=["driver_31.py"])
    assert (hits[0].path, hits[0].kind) == ("driver_31.py", "function")
    assert {hit.kind for hit in hits if hit.path != "driver_31.py"} == {"function"}


def test_a_member_is_found_beside_very_many_names(open_engine: OpenEngine, workspace: Path) -> None:
    """`Container.name` looks at what the container holds, however many better names there are elsewhere."""
    (workspace / "many.py").write_text("".join(f"def get_{n}(): pass\n" for n in range(400)))
    (workspace / "one.py").write_text("class Special:\n    def get_what_nobody_else_has(self): pass\n")
    engine = open_engine()
    engine.sync()
    assert [hit.name for hit in engine.symbols("Special.get", limit=5)] == ["get_what_nobody_else_has"]
    engine.set_overlay("one.py", "class Special:\n    def get_it_while_typing(self): pass\n")
    assert [hit.name for hit in engine.symbols("Special.get", limit=5)] == ["get_it_while_typing"]
