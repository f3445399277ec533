"""What looks like a file and is none: nothing waits for it, and nothing reads it without end."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import pytest

from codanna_core.config import DiscoverySettings
from codanna_core.engine import Engine
from codanna_core.errors import ConfigError, InvalidQuery
from codanna_core.files import SkipReason, open_regular, read_regular, scan
from codanna_core.indexing.prepare import read_file
from codanna_core.results import Filters
from codanna_core.testing.embedder import FakeEmbedder

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes"),
    # A thread, for a walker that waits for a pipe also stops signals from being handled.
    pytest.mark.timeout(60, method="thread"),
]

SETTINGS = DiscoverySettings()
T = TypeVar("T")


def at_once(call: Callable[[], T]) -> T:
    """The result of something that must not wait for anybody."""
    results: list[T] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            results.append(call())
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(15)
    assert not thread.is_alive(), "it waits"
    if errors:
        raise errors[0]
    return results[0]


@pytest.fixture
def strange(tmp_path: Path) -> Iterator[Path]:
    """A folder with one file among what only looks like files."""
    root = tmp_path / "strange"
    root.mkdir()
    (root / "good.py").write_text("def good(): pass\n")
    os.mkfifo(root / "pipe.py")
    (root / "zero.py").symlink_to("/dev/zero")
    with socket.socket(socket.AF_UNIX) as listener:
        here = os.getcwd()
        os.chdir(root)
        try:
            listener.bind("socket.py")
        finally:
            os.chdir(here)
        yield root


@pytest.mark.parametrize("name", ["pipe.py", "socket.py", "zero.py", ".", "none.py"])
def test_only_regular_files_are_opened(strange: Path, name: str) -> None:
    """A pipe, a socket, a device behind a link and a folder are refused without waiting."""
    with pytest.raises(OSError, match=r".+"):
        at_once(lambda: open_regular(strange / name))
    prepared, data = at_once(lambda: read_file(strange, name, SETTINGS))
    assert data == b""
    assert prepared.gone or prepared.skipped is SkipReason.UNREADABLE


def test_a_file_that_turns_into_a_pipe(strange: Path) -> None:
    """Between the walk and the reading a name may come to mean something else."""
    found = scan(strange, SETTINGS)
    assert found.paths == ["good.py"]
    (strange / "good.py").unlink()
    os.mkfifo(strange / "good.py")
    prepared, _ = at_once(lambda: read_file(strange, "good.py", SETTINGS))
    assert prepared.skipped is SkipReason.UNREADABLE
    assert "not a regular file" in prepared.problems[0].message


def test_an_indexed_file_that_turns_into_a_pipe(strange: Path, tmp_path: Path) -> None:
    """Snippets, similar code and outlines are not read from it either."""
    with Engine.open(strange, tmp_path / "index", embedder=FakeEmbedder()) as engine:
        engine.sync()
        (strange / "good.py").unlink()
        os.mkfifo(strange / "good.py")
        result = at_once(lambda: engine.search("good"))
        assert [hit.name for hit in result.hits] == ["good"]
        assert not any(line.text for line in result.hits[0].snippet)
        with pytest.raises((OSError, InvalidQuery)):
            at_once(lambda: engine.similar("good.py", 0))
        with pytest.raises(OSError, match="not a regular file"):
            at_once(lambda: engine.document_symbols("good.py"))
        at_once(lambda: engine.update(["good.py"]))
        assert engine.search("good").hits == []


def test_a_file_is_read_up_to_its_limit(tmp_path: Path) -> None:
    """A file of two gigabytes costs no memory, and one without a size is read all the same."""
    huge = tmp_path / "huge.py"
    with huge.open("wb") as file:
        file.truncate(2 << 30)
    assert len(read_regular(huge, 1000)) == 1000
    prepared, data = read_file(tmp_path, "huge.py", SETTINGS)
    assert (prepared.skipped, data) == (SkipReason.TOO_LARGE, b"")
    if Path("/proc/self/status").exists():
        assert b"Pid:" in read_regular("/proc/self/status", 1 << 20)


@pytest.mark.parametrize(
    "place",
    [
        ".gitignore",
        ".ignore",
        ".codannaignore",
        ".git",
        ".git/info/exclude",
        "deep/er/.gitignore",
        "node_modules/.gitignore",
        "node_modules/package/.gitignore",
    ],
)
@pytest.mark.parametrize("kind", ["pipe", "device", "huge"])
def test_rules_that_are_no_files(tmp_path: Path, place: str, kind: str) -> None:
    """The walker would wait for a pipe, or read a device forever, with the whole process: it is
    reported, and the rest is found.
    """
    root = tmp_path / "project"
    (root / ".git" / "info").mkdir(parents=True)
    (root / "deep" / "er").mkdir(parents=True)
    (root / "node_modules" / "package").mkdir(parents=True)
    (root / "deep" / "er" / "a.py").write_text("def a(): pass\n")
    path = root / place
    if place == ".git":
        (root / ".git" / "info").rmdir()
        (root / ".git").rmdir()
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "device":
        path.symlink_to("/dev/zero")
    else:
        with path.open("wb") as file:
            file.truncate(1 << 30)
    found = at_once(lambda: scan(root, SETTINGS))
    left_out = place == "deep/er/.gitignore"
    assert found.paths == ([] if left_out else ["deep/er/a.py"])
    assert at_once(lambda: scan(root, SETTINGS, found.listing)).problems == found.problems
    if place == "node_modules/package/.gitignore":
        assert found.problems == []  # Nothing looks into an ignored folder's folders.
        return
    (problem,) = found.problems
    assert problem.code == "bad-ignore-file"
    assert place in problem.message
    assert problem.message.endswith(("remove it", "shorten it", "replace it by a file"))
    path.unlink()
    assert at_once(lambda: scan(root, SETTINGS)).paths == ["deep/er/a.py"]


def test_a_work_tree_that_points_to_a_pipe(tmp_path: Path) -> None:
    """A `.git` file says where git's folder is; what it points to is looked at before it is opened."""
    root = tmp_path / "project"
    (root / "fake").mkdir(parents=True)
    (root / ".git").write_text("gitdir: fake\n")
    os.mkfifo(root / "fake" / "commondir")
    (problem,) = at_once(lambda: scan(root, SETTINGS)).problems
    assert "fake/commondir: it is not a regular file" in problem.message


@pytest.mark.parametrize(
    ("link", "common", "pipe"),
    [
        ("gitdir: x", None, "x/commondir"),
        ("gitdir:  x", None, " x/commondir"),
        ("gitdir: x", "y", "y/info/exclude"),
        ("gitdir: x", "./y", "x/y/info/exclude"),
    ],
)
def test_a_work_tree_beside_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, link: str, common: str | None, pipe: str
) -> None:
    """The walker takes relative paths of a `.git` file from the current folder, so they are checked there."""
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub/.git").write_text(f"{link}\n")
    (tmp_path / pipe).parent.mkdir(parents=True)
    os.mkfifo(tmp_path / pipe)
    if common is not None:
        (tmp_path / "x").mkdir(exist_ok=True)
        (tmp_path / "x/commondir").write_text(f"{common}\n")
    monkeypatch.chdir(tmp_path)
    (problem,) = at_once(lambda: scan(tmp_path, SETTINGS)).problems
    assert "it is not a regular file" in problem.message


def test_exclude_patterns_without_number(tmp_path: Path) -> None:
    """Together they may be too much although each is fine; that is an error that says so."""
    (tmp_path / "a.py").write_text("def a(): pass\n")
    settings = DiscoverySettings(exclude=tuple(f"**/x{i}/**/y*z{i}" for i in range(20_000)))
    with pytest.raises(ConfigError, match=r"20000 patterns of discovery\.exclude"):
        scan(tmp_path, settings)


def test_a_long_pattern_makes_a_short_message(tmp_path: Path) -> None:
    """A pattern of megabytes is named by its ends."""
    settings = DiscoverySettings(exclude=("[a-z]*" * 200_000,))
    (problem,) = scan(tmp_path, settings).problems
    assert problem.code == "bad-exclude"
    assert len(problem.message) < 1000


@pytest.mark.parametrize(
    "globs",
    [
        ("a/",) * 5000,
        ("*a" * 2000,),
        ("[a-z]" * 20_000,),
        ("?" * 100_000,),
        ("{a," * 300 + "b" + "}" * 300,),
        ("[z-a]",),
        tuple(f"**/x{i}/**/y*z{i}" for i in range(1000)),
        ("x" * 99_000,),
    ],
)
@pytest.mark.parametrize("unsaved", [False, True])
def test_path_filters_without_number(tmp_path: Path, globs: tuple[str, ...], unsaved: bool) -> None:
    """Filters that would take minutes are refused at once as what they are."""
    (tmp_path / "a.py").write_text("def a(): pass\n")
    with Engine.open(tmp_path, tmp_path / ".index", embedder=FakeEmbedder()) as engine:
        engine.sync()
        if unsaved:
            engine.set_overlay("a.py", "def a(): return 1\n")
        with pytest.raises(InvalidQuery, match="path filter"):
            at_once(lambda: engine.search("a", filters=Filters(paths=globs)))
        many = tuple(f"src/folder{i}/" for i in range(900))
        assert engine.search("a", filters=Filters(paths=("*.py", *many, "**********"))).hits
