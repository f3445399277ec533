"""`codanna-lsp context`: an answer for agents and prompts."""

from __future__ import annotations

from pathlib import Path
from typing import Any, get_type_hints

from codanna_core.wire import ShownJson


def test_prints_the_code_within_the_budget(run: Any, workspace: Path) -> None:
    """The best definition's code, fenced."""
    done = run("context", "read the settings file", "--budget", "400")
    assert done.code == 0
    assert "def read_settings(path):" in done.out
    assert done.out.splitlines()[1] == done.out.splitlines()[-1] == "```"


def test_json_holds_the_code_once(run: Any, workspace: Path) -> None:
    """The text has the code; hits have the other keys of the shape."""
    document = run("context", "read the settings file", "--budget", "400", "--json").json
    assert document["tokens"] <= document["budget"] == 400
    assert document["revision"] is None
    assert document["leftOut"] == 0
    hit = document["hits"][0]
    shape = get_type_hints(ShownJson)
    of_team = {"repository", "branch", "revision", "url"}
    assert set(hit) == set(shape) - {"snippet", "signals"} - of_team
    assert hit["handle"].startswith("src/settings.py#read_settings~")
    assert hit["shown"] == "whole"
    assert hit["shownLines"] == [[3, 7]]


def test_filters_and_limit(run: Any, workspace: Path) -> None:
    """The filters of `search`."""
    document = run("context", "remove expired uploads", "--lang", "js", "-n", "1", "--json").json
    assert [hit["language"] for hit in document["hits"]] == ["javascript"]


def test_wrong_use(run: Any, workspace: Path) -> None:
    """An empty question, a budget in which nothing has room, and a format that a text does not have."""
    assert run("context", "settings", "--format", "vimgrep").code == 2
    assert run("context", " ").code == 2
    assert run("context", "settings", "--budget", "5").code == 2


def test_nothing_found_says_why(run: Any, tmp_path: Path) -> None:
    """Never an empty answer without a reason."""
    (tmp_path / "empty").mkdir()
    done = run("context", "anything", tmp_path / "empty")
    assert (done.code, done.out) == (1, "")
    assert "contains no files to index" in done.err
