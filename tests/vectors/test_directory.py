"""The contract of a directory, held by the real one and by the one in memory."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from codanna_core.storage import Directory, FsDirectory, private
from codanna_core.testing.memory_directory import MemoryDirectory


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


@pytest.mark.skipif(os.name == "nt", reason="links need a privilege there")
@pytest.mark.parametrize("no_follow", [True, False])
def test_no_file_is_reached_through_a_link(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, no_follow: bool
) -> None:
    """Links in the place of a file and of a folder on the way are not followed, also where the system cannot
    be asked for that, and what they lead to stays as it is.
    """
    if not no_follow:
        monkeypatch.setattr("codanna_core.storage.private._NO_FOLLOW", 0)
        always = private._ALWAYS & ~os.O_NOFOLLOW
        monkeypatch.setattr("codanna_core.storage.private._ALWAYS", always)
    victim = tmp_path / "victim"
    victim.mkdir()
    (victim / "file").write_bytes(b"secret")
    top = tmp_path / "index"
    (top / "vectors").mkdir(parents=True)
    for name in ("m", "m.tmp"):
        (top / name).symlink_to(victim / "file")
    (top / "vectors/store").symlink_to(victim)
    directory = FsDirectory(top, top=top)
    reached = FsDirectory(top / "vectors/store", top=top)
    below = FsDirectory(top / "vectors/store/below", top=top)
    for attempt in (
        lambda: directory.read("m"),
        lambda: directory.map("m"),
        lambda: directory.append("m", 0),
        lambda: directory.create("m"),
        lambda: reached.names(),
        lambda: reached.read("file"),
        lambda: reached.replace("file", b"x"),
        lambda: reached.delete(["file"]),
        lambda: below.create("new"),
    ):
        with pytest.raises(OSError, match=r"link|exists"):
            attempt()
    assert not directory.exists("m")
    assert directory.names() == []
    directory.replace("m", b"ours")
    assert (directory.read("m"), (top / "m").is_symlink()) == (b"ours", False)
    assert [(path.name, path.read_bytes()) for path in victim.iterdir()] == [("file", b"secret")]


@pytest.mark.parametrize("name", ["", ".", "..", "../victim", "a/b", "/etc/passwd"])
def test_names_are_plain(tmp_path: Path, name: str) -> None:
    """A name that leads elsewhere is refused, whoever read it from where."""
    with pytest.raises(ValueError, match="not a plain file name"):
        FsDirectory(tmp_path).read(name)
