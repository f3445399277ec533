"""The contract of a directory, held by the real one and by the one in memory."""

from __future__ import annotations

from pathlib import Path

import pytest

from codanna_core.storage import Directory, FsDirectory, MemoryDirectory


@pytest.fixture(params=["disk", "memory"])
def directory(request: pytest.FixtureRequest, tmp_path: Path) -> Directory:
    return FsDirectory(tmp_path / "index") if request.param == "disk" else MemoryDirectory()


def write(directory: Directory, name: str, data: bytes) -> None:
    with directory.create(name) as file:
        file.write(data)
        file.finish()


def test_finished_file_is_read_back(directory: Directory) -> None:
    """What was written is there, whole, by reading and by mapping."""
    write(directory, "a", b"12345")
    assert directory.read("a") == b"12345"
    assert directory.read("a", 3) == b"45"
    assert bytes(directory.map("a")) == b"12345"
    assert directory.size("a") == 5
    assert directory.names() == ["a"]


def test_write_once(directory: Directory) -> None:
    """A finished file cannot be written again."""
    write(directory, "a", b"1")
    with pytest.raises(FileExistsError):
        directory.create("a")
    assert directory.read("a") == b"1"


def fail_while_writing(directory: Directory) -> None:
    with directory.create("a") as file:
        file.write(b"1")
        raise RuntimeError("the disk is full")


def test_unfinished_file_vanishes(directory: Directory) -> None:
    """A file whose writer failed is not there."""
    with pytest.raises(RuntimeError, match="full"):
        fail_while_writing(directory)
    assert directory.names() == []


def test_map_outlives_deletion(directory: Directory) -> None:
    """A reader keeps the bytes of a file that was deleted."""
    write(directory, "a", b"12345")
    view = directory.map("a")
    directory.delete(["a", "never there"])
    assert bytes(view) == b"12345"
    assert not directory.exists("a")


def test_missing_file(directory: Directory) -> None:
    """Reading and mapping what is not there says so."""
    with pytest.raises(FileNotFoundError):
        directory.read("a")
    with pytest.raises(FileNotFoundError):
        directory.map("a")


def test_replace(directory: Directory) -> None:
    """A replaced file has the new content and leaves nothing else behind."""
    directory.replace("m", b"old")
    directory.replace("m", b"new")
    assert directory.read("m") == b"new"
    assert directory.names() == ["m"]


def test_log_grows_and_is_cut(directory: Directory) -> None:
    """A log goes on where it is opened; what followed is cut."""
    log = directory.append("l", 0)
    log.append(b"12345")
    log.sync()
    log.close()
    log = directory.append("l", 3)
    log.append(b"x")
    assert log.size() == 4
    log.close()
    assert directory.read("l") == b"123x"


def test_log_cannot_start_beyond_its_end(directory: Directory) -> None:
    """Opening a log behind its end is a mistake, not a hole."""
    with pytest.raises(ValueError, match="cannot go on at 9"):
        directory.append("l", 9)


class Crash(BaseException):
    """In place of a power cut."""


def test_crash_before_the_rename_keeps_the_old_content(tmp_path: Path) -> None:
    """A replacement that a crash interrupts leaves the old file whole."""

    def crash(name: str) -> None:
        if name == "replace m":
            raise Crash

    FsDirectory(tmp_path).replace("m", b"old")
    with pytest.raises(Crash):
        FsDirectory(tmp_path, crash).replace("m", b"new")
    assert FsDirectory(tmp_path).read("m") == b"old"


def test_memory_forgets_what_was_not_synced() -> None:
    """After a crash a log has its synced bytes and as many more as the caller says."""
    directory = MemoryDirectory()
    log = directory.append("l", 0)
    log.append(b"123")
    log.sync()
    log.append(b"456")
    assert directory.crash(keep=0).read("l") == b"123"
    assert directory.crash(keep=2).read("l") == b"12345"
    assert directory.crash().read("l") == b"123456"
