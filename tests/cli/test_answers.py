"""search, similar and symbols on a small workspace."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from codanna_core.cli.similar import parse_place
from codanna_core.errors import InvalidQuery

HIT_FIELDS = {
    "name",
    "kind",
    "container",
    "language",
    "path",
    "range",
    "selectionRange",
    "signature",
    "doc",
    "snippet",
    "score",
    "reasons",
    "deprecated",
}


def names(outcome: Any) -> list[str]:
    return [hit["name"] for hit in outcome.json["hits"]]


def test_first_search_builds_the_index(workspace: Path, run: Any) -> None:
    """A search in a folder that was never indexed answers at once, with the right symbol first."""
    outcome = run("search", "read the settings file")
    assert outcome.code == 0
    assert outcome.out.startswith("src/settings.py:4  function  read_settings\n")
    assert "\x1b" not in outcome.out


def test_next_search_sees_what_changed(workspace: Path, run: Any) -> None:
    """A file written after the first search is found by the second; with `--no-sync` it is not."""
    run("search", "read the settings file")
    (workspace / "src" / "mail.py").write_text("def send_reminder(user):\n    pass\n")
    assert "send_reminder" not in run("search", "send a reminder", "--no-sync").out
    assert "src/mail.py:1" in run("search", "send a reminder").out


def test_json_is_one_document_and_nothing_else(workspace: Path, run: Any) -> None:
    """`--json` prints the envelope with exactly the documented fields, and nothing more."""
    outcome = run("search", "close the connection", "--json")
    envelope = json.loads(outcome.out)
    assert set(envelope) == {"version", "query", "generation", "indexed", "hits", "problems"}
    assert (envelope["version"], envelope["query"], envelope["indexed"]) == (1, "close the connection", 1.0)
    assert envelope["generation"] >= 1
    assert set(envelope["hits"][0]) == HIT_FIELDS


def test_json_positions_are_those_of_lsp(workspace: Path, run: Any) -> None:
    """Lines and characters count from 0, ends are exclusive, and paths are relative with `/`."""
    [first, *_] = run("search", "close", "--kind", "method", "--json").json["hits"]
    assert first["path"] == "src/settings.py"
    assert first["selectionRange"] == {
        "start": {"line": 10, "character": 8},
        "end": {"line": 10, "character": 13},
    }
    assert first["range"]["start"] == {"line": 10, "character": 4}
    assert any(part["best"] for part in first["snippet"])


def test_limit(workspace: Path, run: Any) -> None:
    """`-n` bounds the number of hits."""
    assert len(run("search", "settings session store", "-n", "1", "--json").json["hits"]) == 1


@pytest.mark.parametrize(
    ("option", "value", "expected"),
    [
        ("--kind", "class", {"Session", "Store"}),
        ("--kind", "class,function", {"Session", "Store", "read_settings"}),
        ("--lang", "javascript", {"Store", "purge"}),
        ("--lang", ".js", {"Store", "purge"}),
        ("--path", "src/*.js", {"Store", "purge"}),
        ("--container", "Session", {"close"}),
    ],
)
def test_filters(workspace: Path, run: Any, option: str, value: str, expected: set[str]) -> None:
    """Each filter narrows the answer to what it names; several values mean any of them."""
    query = "read settings close session connection store purge expired uploads"
    assert set(names(run("search", query, option, value, "--json"))) == expected


def test_mode_text_and_semantic_use_their_own_signals(workspace: Path, run: Any) -> None:
    """`--mode` decides which searches take part, and `--explain` shows it."""
    for mode, signal in (("text", "own text"), ("semantic", "own meaning")):
        hit = run("search", "purge", "--mode", mode, "--explain", "--json").json["hits"][0]
        assert signal in hit["signals"]
        assert {"own text": "own meaning", "own meaning": "own text"}[signal] not in hit["signals"]


def test_path_argument_is_the_folder_to_search(
    workspace: Path, run: Any, tmp_path: Path, monkeypatch: Any
) -> None:
    """PATH names the folder; paths in JSON are relative to it, those for people open from here."""
    monkeypatch.chdir(tmp_path)
    assert run("search", "purge", "project/src", "--json").json["hits"][0]["path"] == "store.js"
    assert run("search", "purge", "project/src").out.startswith("project/src/store.js:4")


def test_nothing_found(workspace: Path, run: Any) -> None:
    """No hit means exit code 1 and a reason on standard error."""
    outcome = run("search", "xylophone", "--mode", "text")
    assert (outcome.code, outcome.out) == (1, "")
    assert "nothing found" in outcome.err


def test_nothing_found_as_json(workspace: Path, run: Any) -> None:
    """No hit is still an envelope for programs."""
    outcome = run("search", "xylophone", "--mode", "text", "--json")
    assert outcome.code == 1
    assert outcome.json["hits"] == []


def test_switched_off_meaning_still_answers(workspace: Path, run: Any) -> None:
    """With `semantic.enabled=false` text search answers."""
    assert run("search", "settings file", "--set", "semantic.enabled=false").code == 0


def test_similar_leaves_out_its_origin(workspace: Path, run: Any) -> None:
    """`similar FILE:LINE` gives other code, not the definition that was pointed at."""
    outcome = run("similar", "src/settings.py:4", "--json")
    assert outcome.code == 0
    assert "read_settings" not in names(outcome)


def test_similar_takes_files_seen_from_here_or_from_the_root(
    workspace: Path, run: Any, monkeypatch: Any
) -> None:
    """The file may be written as the current folder sees it or as the index shows it."""
    monkeypatch.chdir(workspace / "src")
    assert run("similar", "settings.py:4", "..").code == 0
    assert run("similar", "src/settings.py:4-6", "..").code == 0


@pytest.mark.parametrize(
    ("place", "parsed"),
    [
        ("a.py:3", ("a.py", 2, None)),
        ("a.py:3-9", ("a.py", 2, 8)),
        ("a.py:3:14", ("a.py", 2, None)),
        ("C:\\a b.py:3", ("C:\\a b.py", 2, None)),
    ],
)
def test_places(place: str, parsed: tuple[str, int, int | None]) -> None:
    """A place is FILE:LINE, FILE:FIRST-LAST, or what compilers print."""
    assert parse_place(place) == parsed


@pytest.mark.parametrize("place", ["a.py", "a.py:", "a.py:0", "a.py:9-3", ":3", ""])
def test_wrong_places(place: str) -> None:
    """Anything else is refused."""
    with pytest.raises(InvalidQuery, match="is not a place"):
        parse_place(place)


def test_symbols(workspace: Path, run: Any) -> None:
    """`symbols` finds definitions by name and prints one line each."""
    outcome = run("symbols", "read_settings")
    assert outcome.code == 0
    assert outcome.out.splitlines()[0] == "src/settings.py:4  function  read_settings"


def test_symbols_as_json(workspace: Path, run: Any) -> None:
    """Symbols come in the same envelope, without signature, doc and snippet."""
    [first, *_] = run("symbols", "Store", "--json").json["hits"]
    assert set(first) == HIT_FIELDS - {"signature", "doc", "snippet"}
    assert first["name"] == "Store"


def test_source_that_is_no_text_for_the_console(workspace: Path, run: Any) -> None:
    """Astral characters and odd bytes in source and names survive both kinds of output."""
    (workspace / "src" / "odd \U0001f600.py").write_bytes(
        b"def paint_\xf0\x9d\x93\x8d(): # \xff\xfe\n    pass\n"
    )
    assert run("search", "paint").code == 0
    assert run("search", "paint", "--json").json["hits"][0]["path"] == "src/odd \U0001f600.py"


def test_an_absolute_path_filters_like_the_relative_one(workspace: Path, run: Any) -> None:
    """A path that was pasted from elsewhere means the same file."""
    relative = run("search", "settings file", "--path", "src/settings.py", "--json").json["hits"]
    absolute = run("search", "settings file", "--path", str(workspace / "src" / "settings.py"), "--json").json
    assert relative
    assert absolute["hits"] == relative
