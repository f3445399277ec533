"""Exit codes and messages when something is wrong."""

from __future__ import annotations

import errno
import json
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from codanna_core.cli.main import explain_os_error

ASKING = (["search", "anything"], ["symbols", "anything"], ["index"], ["status"], ["similar", "a.py:1"])


def complaint(outcome: Any) -> str:
    """The one line on standard error; never a traceback."""
    assert "Traceback" not in outcome.err
    return str(outcome.err.strip().splitlines()[-1])


@pytest.mark.parametrize("command", ASKING, ids=lambda words: words[0])
def test_missing_folder(tmp_path: Path, run: Any, command: list[str]) -> None:
    """A folder that does not exist is wrong use, and the message names it."""
    outcome = run(*command, tmp_path / "nowhere")
    assert outcome.code == 2
    assert "nowhere" in complaint(outcome)
    assert outcome.out == ""


@pytest.mark.parametrize("command", ASKING, ids=lambda words: words[0])
def test_file_instead_of_a_folder(workspace: Path, run: Any, command: list[str]) -> None:
    """A file in place of the folder is wrong use, and the message says what to name instead."""
    outcome = run(*command, workspace / "src" / "settings.py")
    assert outcome.code == 2
    assert "is a file; name the folder" in complaint(outcome)


def test_empty_folder(tmp_path: Path, run: Any) -> None:
    """An empty folder has no answer, and the message says that there is nothing to index."""
    (tmp_path / "empty").mkdir()
    outcome = run("search", "anything", tmp_path / "empty")
    assert outcome.code == 1
    assert "contains no files to index" in complaint(outcome)


def test_rules_that_leave_nothing_are_named(tmp_path: Path, run: Any) -> None:
    """Whoever gets no answer because the project hides all of its files is told so, in JSON as well."""
    (tmp_path / "hidden").mkdir()
    (tmp_path / "hidden/code.py").write_text("def found(): pass\n")
    (tmp_path / "hidden/.codannaignore").write_text("*\n")
    outcome = run("search", "found", tmp_path / "hidden")
    assert outcome.code == 1
    assert str(tmp_path / "hidden/.codannaignore") in outcome.err
    outcome = run("search", "found", tmp_path / "hidden", "--json")
    assert [problem["code"] for problem in json.loads(outcome.out)["problems"]] == ["nothing-left"]


def test_index_of_an_empty_folder(tmp_path: Path, run: Any) -> None:
    """Indexing an empty folder succeeds and says what was not there; `status` does not ask to do it again."""
    (tmp_path / "empty").mkdir()
    outcome = run("index", tmp_path / "empty")
    assert outcome.code == 0
    assert "contains no files to index (hidden files and what .gitignore names do not count)" in outcome.out
    outcome = run("status", tmp_path / "empty")
    assert outcome.code == 0
    assert "contains no files to index" in outcome.err
    assert "no index yet" not in outcome.err


def test_index_tells_removed_files_apart(workspace: Path, run: Any) -> None:
    """What was indexed and what was forgotten are two numbers."""
    run("index")
    (workspace / "src" / "store.js").unlink()
    assert run("index").out.startswith("forgot 1 removed file in ")
    (workspace / "src" / "settings.py").unlink()
    (workspace / "src" / "later.py").write_text("def later(): pass\n")
    assert run("index").out.startswith(
        "indexed 1 file (1 new), forgot 1 removed file, 1 symbol, 1 new vector"
    )


def test_folder_with_nothing_but_skipped_files(tmp_path: Path, run: Any) -> None:
    """Where every file was skipped, the message says why."""
    (tmp_path / "pictures").mkdir()
    (tmp_path / "pictures" / "a.png").write_bytes(b"\x89PNG\0")
    assert "(skipped: 1 binary)" in complaint(run("search", "anything", tmp_path / "pictures"))


def test_no_index_and_none_wanted(workspace: Path, run: Any) -> None:
    """`--no-sync` without an index fails and says how to make one."""
    outcome = run("search", "anything", "--no-sync")
    assert outcome.code == 3
    assert "index" in complaint(outcome)


def test_file_in_place_of_the_index_folder(workspace: Path, run: Any, tmp_path: Path) -> None:
    """An index folder that cannot be made fails with the path and the way out, for root as well."""
    (tmp_path / "taken").write_text("")
    outcome = run("search", "anything", "--index-dir", tmp_path / "taken" / "index")
    assert outcome.code == 3
    assert "--index-dir" in complaint(outcome)
    assert "taken" in complaint(outcome)


def test_no_permission(workspace: Path, run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An index folder that this user may not make fails with the path and the way out, for root as well."""
    really_make = os.mkdir

    def refuse(path: Any, *rest: Any, **options: Any) -> None:
        if "locked" in str(path):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
        really_make(path, *rest, **options)

    monkeypatch.setattr(os, "mkdir", refuse)
    outcome = run("search", "anything", "--index-dir", tmp_path / "locked" / "index")
    assert outcome.code == 3
    assert "Permission denied" in complaint(outcome)
    assert "locked" in complaint(outcome)
    assert "--index-dir" in complaint(outcome)


def test_index_that_may_only_be_read(workspace: Path, run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the index cannot be written, `search` answers with a note, and `index` fails with the way out."""
    assert run("index").code == 0
    really_open = os.open

    def refuse_the_lock(path: Any, *rest: Any, **options: Any) -> int:
        if str(path).endswith("writer.lock"):
            raise OSError(errno.EACCES, os.strerror(errno.EACCES), str(path))
        return really_open(path, *rest, **options)

    monkeypatch.setattr(os, "open", refuse_the_lock)
    outcome = run("search", "remove expired uploads")
    assert outcome.code == 0
    assert "purge" in outcome.out
    assert "cannot be written (Permission denied)" in outcome.err
    outcome = run("index")
    assert outcome.code == 3
    assert "--index-dir" in complaint(outcome)
    outcome = run("clean")
    assert outcome.code == 3
    assert "Permission denied" in complaint(outcome)


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 64 KiB; skips where none can be mounted."""
    place = tmp_path / "disk"
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(place)]
    try:
        mounted = subprocess.run(command, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        mounted = False
    if not mounted:
        pytest.skip("a small file system can only be mounted by root")
    yield place
    subprocess.run(["umount", "--lazy", str(place)], check=True)


def test_full_disk(workspace: Path, run: Any, tiny_disk: Path) -> None:
    """A full disk while indexing fails with the reason and the way out, and the next run elsewhere works."""
    for number in range(4):
        (workspace / "src" / f"part{number}.py").write_text(
            "".join(f"def handler_{number}_{index}(request): return {index}\n" for index in range(2000))
        )
    outcome = run("index", "--index-dir", tiny_disk / "index")
    assert outcome.code == 3
    assert "the disk is full" in complaint(outcome)
    assert "there is no index yet" in complaint(run("status", "--index-dir", tiny_disk / "index"))
    outcome = run("search", "handler", "--no-sync", "--index-dir", tiny_disk / "index")
    assert "there is no index yet" in complaint(outcome)
    assert run("index").code == 0


@pytest.mark.parametrize(
    "command", [["search", "anything"], ["index"], ["status"]], ids=lambda words: words[0]
)
def test_index_of_a_newer_version(workspace: Path, run: Any, tmp_path: Path, command: list[str]) -> None:
    """An index that a newer version wrote is left untouched; the message names both ways out."""
    run("index", "--index-dir", tmp_path / "index")
    manifest = tmp_path / "index" / "index.json"
    values = json.loads(manifest.read_text())
    manifest.write_text(json.dumps({**values, "format": values["format"] + 1}))
    before = manifest.read_bytes()
    outcome = run(*command, "--index-dir", tmp_path / "index")
    assert outcome.code == 3
    assert re.search("upgrade codanna-lsp, or remove the index with `codanna-lsp clean`", complaint(outcome))
    assert manifest.read_bytes() == before


def test_index_of_a_newer_version_can_be_removed(workspace: Path, run: Any, tmp_path: Path) -> None:
    """The way out that the message names works."""
    run("index", "--index-dir", tmp_path / "index")
    (tmp_path / "index" / "index.json").write_text('{"format": 999}')
    assert run("clean", "--index-dir", tmp_path / "index").code == 0
    assert run("search", "purge", "--index-dir", tmp_path / "index").code == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["frobnicate"], "there is no command frobnicate; known are search, pick"),
        (["serach", "x"], "did you mean search?"),
        (["where is the parser"], 'write: codanna-lsp search "where is the parser"'),
        (["models", "chekc"], "did you mean check?"),
        (["search"], "QUERY"),
        (["search", " "], "the query is empty"),
        (["search", "a", ".", "b"], "in quotes"),
        (["search", "x", "-n", "0"], "1 or more"),
        (["search", "x", "-n", "many"], "1 or more"),
        (["search", "x", "--mode", "magic"], "hybrid"),
        (["search", "x", "--mode", "hybird"], "did you mean hybrid?"),
        (["search", "x", "--limti", "3"], "there is no option --limti; did you mean --limit?"),
        (["vector", "search-vector", "x", "--langs=go"], "did you mean --lang?"),
        (["index", "--rebild"], "see `codanna-lsp index --help`"),
        (["search", "x", "--kind", "clas"], "did you mean class?"),
        (["search", "x", "--kind", "class,mehtod"], "did you mean method?"),
        (["search", "x", "--lang", "pyton"], "did you mean python?"),
        (["search", "x", "--frob"], "--frob"),
        (["search", "x", "--set", "search.limt=3"], "did you mean search.limit?"),
        (["search", "x", "--set", "limit"], "SECTION.KEY=VALUE"),
        (["search", "x", "--set", "search.limit=many"], "a whole number"),
        (["search", "x", "--format", "table"], "full"),
        (["symbols", ""], "the name is empty"),
        (["symbols", "  ", "--no-sync"], "the name is empty"),
        (["doctor", "--set", "search.limit=-4"], "from 1 to 10000"),
        (["models", "list", "--set", "search.limit=x"], "a whole number"),
        (["config", "path", "--set", "search.mode=hybird"], "did you mean `hybrid`?"),
        (["config", "schema", "--set", "search.limt=3"], "did you mean search.limit?"),
        (["similar", "src/settings.py"], "is not a place"),
        (["similar", "src/nothing.py:3"], "there is no file"),
        (["similar", "src/settings.py:900"], "has 13 lines"),
        (["vector"], "ACTION"),
        (["models", "frob"], "there is no action frob; known are list, check, import"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, list) else "",
)
def test_wrong_use(workspace: Path, run: Any, arguments: list[str], said: str) -> None:
    """Wrong use ends with exit code 2, a hint on standard error and nothing on standard output."""
    outcome = run(*arguments)
    assert outcome.code == 2, outcome.err
    assert said in outcome.err
    assert outcome.out == ""
    assert "Traceback" not in outcome.err


def test_no_command_shows_the_help(run: Any) -> None:
    """Without a command the help is shown, and the exit code says that this was not enough."""
    outcome = run()
    assert outcome.code == 2
    assert "search" in outcome.out


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (errno.ENOSPC, "the disk is full"),
        (errno.EACCES, "--index-dir"),
        (errno.EROFS, "--index-dir"),
        (errno.ENOTDIR, "--index-dir"),
        (errno.EIO, "/index/x"),
    ],
)
def test_operating_system_errors_are_explained(number: int, said: str) -> None:
    """What the operating system refuses is told with the path and, where there is one, the way out."""
    message = explain_os_error(OSError(number, os.strerror(number), "/index/x"))
    assert said in message
    assert "/index/x" in message


def test_a_defect_is_no_traceback(workspace: Path, run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """An unforeseen exception is one line and exit code 3; `-v` shows its traceback for the report."""

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("the impossible happened")

    monkeypatch.setattr("codanna_core.engine.Engine.search", broken)
    outcome = run("search", "anything")
    assert outcome.code == 3
    assert "the impossible happened" in complaint(outcome)
    assert "in broken" in run("search", "anything", "-v").err


def test_bad_settings_file_is_noted_and_the_rest_applies(workspace: Path, run: Any) -> None:
    """A misspelt key in the project's file is named with its line, and the search goes on."""
    (workspace / ".codanna.toml").write_text("[search]\nlimt = 3\nlimit = 1\n")
    outcome = run("search", "settings session store", "--json")
    assert "line 2" in outcome.err
    assert "search.limit" in outcome.err
    assert len(outcome.json["hits"]) == 1


@pytest.mark.skipif(os.name == "nt", reason="Windows has folders for every user")
def test_without_a_home_folder(run: Any, workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A container may run as a user whom nothing names a home of."""
    import pwd

    def unknown(_user: int) -> None:
        raise KeyError("uid not found")

    monkeypatch.setattr(pwd, "getpwuid", unknown)
    for name in ("HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME"):
        monkeypatch.delenv(name, raising=False)
    outcome = run("search", "anything")
    assert outcome.code == 2
    assert outcome.err == (
        "codanna-lsp: your home folder is unknown; set HOME to a folder that you can write to\n"
    )
