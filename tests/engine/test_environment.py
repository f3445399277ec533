"""What the operating system refuses is told as such and passes; only real damage has the index built anew."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from codanna_core import Engine
from codanna_core.errors import FolderMissing, IndexCorrupt
from codanna_core.storage.lock import WriterLock
from codanna_core.testing.embedder import FakeEmbedder
from codanna_core.text.errors import classify_error
from codanna_core.text.queries import Queries

OpenEngine = Callable[..., Engine]


@pytest.fixture
def make_unwritable() -> Iterator[Callable[[Path], None]]:
    """Takes away the right to write below a folder; for root by a read-only mount, skipped where none can be
    made.
    """
    undo: list[Callable[[], object]] = []

    def run(*command: str) -> bool:
        try:
            return subprocess.run(command, capture_output=True, check=False).returncode == 0
        except FileNotFoundError:
            return False

    def unwritable(folder: Path) -> None:
        if os.geteuid() == 0:
            if not run("mount", "--bind", str(folder), str(folder)):
                pytest.skip("root can only be kept from writing by a mount, and none can be made here")
            undo.append(lambda: run("umount", "--lazy", str(folder)))
            assert run("mount", "-o", "remount,ro,bind", str(folder))
            return
        for path in (folder, *folder.rglob("*")):
            if path.is_dir():
                path.chmod(0o500)
                undo.append(lambda path=path: path.chmod(0o700))  # type: ignore[misc]
            else:
                path.chmod(0o400)

    yield unwritable
    for step in undo:
        step()


@pytest.mark.skipif(os.name == "nt", reason="Windows has other permissions")
def test_an_index_that_cannot_be_written_still_answers(
    open_engine: OpenEngine, workspace: Path, tmp_path: Path, make_unwritable: Callable[[Path], None]
) -> None:
    """On a read-only place answers come from what is there, and everything says so; nothing is rebuilt."""
    with open_engine() as first:
        first.sync()
        assert first.wait_until_idle(30)
    (workspace / "later.py").write_text("def later(): pass\n")
    make_unwritable(tmp_path / "index")
    engine = open_engine()
    report = engine.sync()
    assert [problem.code for problem in report.problems] == ["read-only-index"]
    result = engine.search("put cash into the account")
    assert result.hits[0].name == "deposit_money"
    assert [problem.code for problem in result.problems] == ["read-only-index"]
    status = engine.status()
    assert status.state == "read-only"
    assert not status.writer
    assert [problem.code for problem in status.problems] == ["read-only-index"]


@pytest.mark.parametrize("number", [errno.EACCES, errno.EROFS, errno.EPERM])
def test_a_lock_that_cannot_be_written_is_not_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    """Where the lock file cannot be opened for writing, nobody writes, and the reason is kept."""

    def refuse(path: object, *_: object) -> int:
        raise OSError(number, os.strerror(number), str(path))

    lock = WriterLock(tmp_path / "writer.lock")
    monkeypatch.setattr("codanna_core.storage.lock.os.open", refuse)
    assert not lock.acquire()
    refused = lock.refused
    assert refused is not None
    assert refused.errno == number
    monkeypatch.undo()
    assert lock.acquire()
    assert lock.refused is None
    lock.release()


def test_a_full_disk_does_not_keep_the_lock_from_its_owner(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The lock is held although the name of its owner cannot be written."""

    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    lock = WriterLock(tmp_path / "writer.lock")
    monkeypatch.setattr("codanna_core.storage.lock.os.write", full)
    assert lock.acquire()
    lock.release()
    monkeypatch.undo()
    assert lock.acquire()
    lock.release()


@pytest.mark.skipif(os.name == "nt", reason="asking whether a process lives is done otherwise there")
def test_only_a_living_process_holds_the_lock(tmp_path: Path) -> None:
    """Another process that lives holds the lock; a dead one, this one, and one that let go do not."""
    lock = WriterLock(tmp_path / "writer.lock")
    assert not lock.is_held_elsewhere()
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as other:
        (tmp_path / "writer.lock").write_text(f" {other.pid}\n")
        assert lock.is_held_elsewhere()
        other.kill()
    assert not lock.is_held_elsewhere()
    assert lock.acquire()
    assert lock.owner() == os.getpid()
    assert not lock.is_held_elsewhere()
    lock.release()
    assert lock.owner() is None


def test_an_index_that_is_not_there_and_cannot_be_made(
    workspace: Path, tmp_path: Path, make_unwritable: Callable[[Path], None]
) -> None:
    """Without an index to read, the operating system's refusal comes through with its path."""
    (tmp_path / "locked").mkdir()
    make_unwritable(tmp_path / "locked")
    with (
        Engine.open(workspace, tmp_path / "locked/index", embedder=FakeEmbedder()) as engine,
        pytest.raises(OSError, match="locked") as caught,
    ):
        engine.sync()
    assert caught.value.errno in (errno.EACCES, errno.EROFS)


@pytest.mark.parametrize("number", [errno.EMFILE, errno.EIO, errno.ENOSPC, errno.EACCES])
def test_what_the_system_refuses_is_no_damage(tmp_path: Path, number: int) -> None:
    """An error of the environment stays one, whether Python or tantivy tells it."""
    for error in (
        OSError(number, os.strerror(number)),
        ValueError(f"An IO error occurred: '{os.strerror(number)} (os error {number})'"),
    ):
        told = classify_error(error, tmp_path, "cannot be read")
        assert isinstance(told, OSError)
        assert told.errno == number


@pytest.mark.parametrize(
    "error",
    [
        FileNotFoundError(errno.ENOENT, "No such file"),
        ValueError("Data corrupted: 'footer is missing'"),
        ValueError("An IO error occurred: 'No such file or directory (os error 2)'"),
    ],
)
def test_what_is_missing_or_unreadable_inside_the_index_is_damage(tmp_path: Path, error: Exception) -> None:
    """Files that are gone or hold something else are damage, and the index is built anew."""
    assert isinstance(classify_error(error, tmp_path, "cannot be read"), IndexCorrupt)


def test_too_many_open_files_rebuild_nothing(
    open_engine: OpenEngine, workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A query that fails for want of file handles is told as that, and the index stays as it is."""
    engine = open_engine()
    engine.sync()
    assert engine.wait_until_idle(30)
    generation = engine.status().generation

    def refuse(*_: object, **__: object) -> object:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    with monkeypatch.context() as patched:
        patched.setattr(Queries, "restricted", refuse)
        with pytest.raises(OSError, match="Too many open files"):
            engine.search("deposit money")
    assert engine.wait_until_idle(30)
    assert engine.search("deposit money").generation == generation
    assert not engine.status().problems


def test_a_first_run_that_fails_leaves_no_index_behind(open_engine: OpenEngine) -> None:
    """Where nothing could be published, the empty beginnings do not pass for the index of an empty folder."""

    def full(name: str) -> None:
        if name == "text:before-commit":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with open_engine(checkpoint=full) as engine, pytest.raises(OSError, match="No space"):
        engine.sync()
    engine = open_engine()
    status = engine.status()
    assert (status.state, status.generation) == ("empty", 0)
    result = engine.search("deposit money")
    assert (result.hits, result.indexed) == ([], 0.0)
    assert [problem.message for problem in result.problems] == [
        "there is no index yet; `codanna-lsp index` builds it"
    ]
    engine.sync()
    assert "deposit_money" in [hit.name for hit in engine.search("deposit money").hits]


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="Windows has other permissions")
def test_a_workspace_that_cannot_be_listed_keeps_its_index(
    open_engine: OpenEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder whose permission was taken away does not pass for an empty one."""
    engine = open_engine()
    engine.sync()
    files = engine.status().files_indexed

    def refuse(path: object) -> object:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))

    with monkeypatch.context() as patched:
        patched.setattr("codanna_core.files.walk.os.scandir", refuse)
        with pytest.raises(PermissionError):
            engine.sync()
    assert engine.status().files_indexed == files


def test_a_removed_workspace_keeps_its_index(open_engine: OpenEngine, workspace: Path) -> None:
    """When the folder itself is gone, that is said plainly, and nothing leaves the index."""
    engine = open_engine()
    engine.sync()
    files = engine.status().files_indexed
    shutil.rmtree(workspace)
    ways: list[Callable[[], object]] = [engine.sync, lambda: engine.update(["notes.txt"])]
    for again in ways:
        with pytest.raises(FolderMissing, match="is gone; bring it back"):
            again()
    assert engine.status().files_indexed == files
