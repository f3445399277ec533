"""A folder inside an indexed one is answered about by that index, as if it were searched alone."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from codanna_core.cli import scope
from codanna_core.cli.scope import Scope
from codanna_core.results import Filters
from codanna_core.search.globs import glob_to_regex

QUESTION = "settings session store purge expired uploads"


def indexes(tmp_path: Path) -> list[str]:
    """The indexes that exist, by the names of their folders."""
    found = (tmp_path / "home").glob("**/project*/index.json"), (tmp_path / "home").glob("**/src*/index.json")
    return sorted(path.parent.name.rpartition("-")[0] for group in found for path in group)


@pytest.fixture
def below(workspace: Path, run: Any, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of the indexed workspace, the current one."""
    (workspace / "elsewhere.py").write_text("def purge_session_settings():\n    pass\n")
    assert run("index").code == 0
    monkeypatch.chdir(workspace / "src")
    return workspace / "src"


def test_the_index_above_answers(below: Path, run: Any, tmp_path: Path) -> None:
    """No second index is made, and only what is inside the folder is found, by its path from there."""
    outcome = run("search", QUESTION)
    assert outcome.code == 0
    heads = [line for line in outcome.out.splitlines() if line[:1].strip()]
    assert {head.partition(":")[0] for head in heads} == {"settings.py", "store.js"}
    assert {hit["path"] for hit in run("search", QUESTION, "--json").json["hits"]} == {
        "settings.py",
        "store.js",
    }
    assert indexes(tmp_path) == ["project"]


def test_every_command_that_answers_does_so(below: Path, run: Any, tmp_path: Path) -> None:
    """Names, similar code and vectors are narrowed alike; status and doctor speak of the index in use."""
    assert run("symbols", "purge").out.splitlines() == ["store.js:4  method  Store.purge"]
    similar = run("similar", "settings.py:4", "--json").json["hits"]
    assert {hit["path"] for hit in similar} <= {"settings.py", "store.js"}
    vectors = run("vector", "search-vector", QUESTION, "--json").json["hits"]
    assert {hit["path"] for hit in vectors} == {"settings.py", "store.js"}
    assert run("status", "--json").json["root"] == str(below.parent)
    assert "3 files" in run("doctor").out
    assert indexes(tmp_path) == ["project"]


def test_path_filters_are_seen_from_the_folder(below: Path, run: Any) -> None:
    """`--path` narrows further, in every form it has."""
    for glob in ("*.js", "store.js", "./store.js", "/store.js", str(below / "store.js"), "st*"):
        assert {hit["path"] for hit in run("search", QUESTION, "--path", glob, "--json").json["hits"]} == {
            "store.js"
        }, glob
    assert run("search", QUESTION, "--path", "src/").code == 1


def test_a_folder_can_be_named_from_elsewhere(workspace: Path, run: Any, tmp_path: Path) -> None:
    """PATH below the current, indexed folder is the same as standing there; paths open from here."""
    run("index")
    assert run("search", "purge", "src").out.startswith(os.path.join("src", "store.js:4"))
    assert indexes(tmp_path) == ["project"]


def test_an_index_of_its_own_comes_first(below: Path, run: Any, tmp_path: Path) -> None:
    """`index` makes one for exactly the folder that it names, and from then on that one answers."""
    assert run("index").code == 0
    assert indexes(tmp_path) == ["project", "src"]
    assert run("status", "--json").json["root"] == str(below)


def test_nothing_found_names_both_folders(below: Path, run: Any) -> None:
    """Someone who forgot where they are reads which part of which folder was searched."""
    outcome = run("search", "xylophone", "--mode", "text")
    assert outcome.code == 1
    assert f"nothing found in src/ of the indexed folder {below.parent}" in outcome.err


@pytest.mark.parametrize("name", ["node_modules", "ignored"])
def test_what_the_index_above_leaves_out_is_searched_by_itself(
    workspace: Path, run: Any, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """A folder that the project's rules skip has nothing in that index, so it gets its own."""
    (workspace / ".gitignore").write_text("ignored/\n")
    (workspace / name).mkdir()
    (workspace / name / "inner.py").write_text("def unpack_archive():\n    pass\n")
    run("index")
    monkeypatch.chdir(workspace / name)
    assert run("search", "unpack archive").out.startswith("inner.py:1")


def test_the_search_ends_at_home(
    below: Path, run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An index of the home folder, or of what is above it, is not taken for that of a project in it."""
    for home in (below.parent, below):
        monkeypatch.setattr(os.path, "expanduser", lambda path, home=home: path.replace("~", str(home)))
        assert scope.indexed_root(below, {}) == below


def test_the_search_ends_at_another_users_folder(below: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What someone else keeps above a folder says nothing about it."""
    assert scope.indexed_root(below, {}) == below.parent
    monkeypatch.setattr(os, "geteuid", lambda: 4711)
    assert scope.indexed_root(below, {}) == below


def test_the_search_ends_at_the_border_of_the_file_system(
    below: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder on another file system is mounted there, not part of the project."""
    really_stat = os.stat

    def stat(path: Any, *rest: Any, **options: Any) -> os.stat_result:
        info = really_stat(path, *rest, **options)
        return os.stat_result((*info[:2], info.st_dev + 1, *info[3:])) if str(path) == str(below) else info

    monkeypatch.setattr(os, "stat", stat)
    assert list(scope._above(below)) == []


@pytest.mark.parametrize("folder", ["a b", " lead", "x[1]", "{a,b}", "st*r", "w?t", "c++", "ünï"])
def test_names_of_folders_are_taken_literally(folder: str) -> None:
    """A folder called like a pattern is filtered by its name and matches nothing else."""
    import re

    found = Scope(Path("/p") / folder, Path("/p")).filters(Filters()).paths
    assert len(found) == 1
    regex = re.compile(glob_to_regex(found[0]))
    assert regex.fullmatch(f"{folder}/deep/file.py")
    assert not regex.fullmatch("ab/file.py")
    assert not regex.fullmatch(f"other/{folder}/file.py")
