"""What is in the place of an index, or inside one, without being ours is refused by every front door, and
nothing outside of our own folders changes.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from codanna_core.cli.main import main
from codanna_core.errors import CodannaError
from codanna_lsp.main import InstalledEngine

pytestmark = pytest.mark.skipif(os.name == "nt", reason="links need a privilege there")

Kind = Callable[[Path, Path], Path]
Contents = dict[str, tuple[int, int, int, int, bytes]]


def serve(root: Path, *options: str) -> int:
    """What the server does when an editor opens a folder, and for its command that builds the index again."""
    overrides = {"index": {"dir": options[1]}} if options else {}
    engines = InstalledEngine()
    refused = 0
    try:
        engines.open(root, overrides).close()
    except (CodannaError, OSError):
        refused += 1
    try:
        engines.remove(root, overrides)
    except (CodannaError, OSError):
        refused += 1
    return 3 if refused == 2 else 0


def command(*words: str) -> Callable[..., int]:
    def run(root: Path, *options: str) -> int:
        return main([*words, str(root), *options])

    return run


DOORS: dict[str, Callable[..., int]] = {
    "search": command("search", "read the settings"),
    "index": command("index"),
    "status": command("status"),
    "clean": command("clean"),
    "serve": serve,
}


def to_a_file(_entry: Path, outside: Path) -> Path:
    return outside / "secret"


def to_a_folder(entry: Path, outside: Path) -> Path:
    """A folder that holds what the index has there, so that whoever follows finds all that it wants."""
    return outside / "copy" if entry.is_dir() else outside


def dangling(_entry: Path, outside: Path) -> Path:
    return outside / "nothing"


def contents(folder: Path, *, but: Path) -> Contents:
    """Everything below a folder: kind and mode, inode, times, content. Reading must not count as a change."""
    found: Contents = {}
    for at, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if Path(at, name) != but]
        for name in [".", *files, *folders]:
            path = Path(at, name)
            info = os.lstat(path)
            data = path.read_bytes() if path.is_file() and not path.is_symlink() else b""
            found[str(path)] = (info.st_mode, info.st_ino, info.st_mtime_ns, info.st_size, data)
    return found


@pytest.fixture
def index(workspace: Path, tmp_path: Path, run: Any) -> Path:
    """The index of the workspace, where it is by default."""
    assert run("index").code == 0
    folder = next(path.parent for path in (tmp_path / "home").rglob("index.json"))
    assert {path.name for path in folder.iterdir()} >= {"identity.json", "writer.lock", "names", "vectors"}
    return folder


@contextlib.contextmanager
def replaced_by_link(entry: Path, outside: Path, kind: Kind) -> Iterator[None]:
    if entry.is_dir():
        shutil.rmtree(outside / "copy", ignore_errors=True)
        shutil.copytree(entry, outside / "copy")
    kept = outside.parent / "kept"
    target = kind(entry, outside)
    entry.rename(kept)
    entry.symlink_to(target)
    yield
    assert entry.is_symlink(), "it was removed or replaced"
    entry.unlink()
    kept.rename(entry)


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("kind", [to_a_file, to_a_folder, dangling])
def test_every_entry_as_a_link(
    index: Path, workspace: Path, tmp_path: Path, door: str, kind: Kind, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each file and folder of an index, as it is found on the disk, in turn as a link."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret").write_text("the key to everything\n")
    entries = [index, *sorted(index.rglob("*"))]
    assert len(entries) > 20
    missing = [index / "identity.json.tmp", index / "index.json.tmp", index / "names/names-00000001.bin"]
    for entry in [*entries, *missing]:
        invented = not entry.exists()
        if invented:
            entry.write_bytes(b"")
        with replaced_by_link(entry, outside, kind):
            before = contents(tmp_path, but=index.parent)
            capsys.readouterr()
            assert DOORS[door](workspace) == 3, entry
            said = capsys.readouterr().err
            assert door == "serve" or "link" in said or "is not an empty folder" in said, (entry, said)
            assert contents(tmp_path, but=index.parent) == before, entry
        if invented:
            entry.unlink()
    assert main(["search", "read the settings", str(workspace)]) == 0


@pytest.mark.parametrize("door", DOORS)
def test_an_index_that_came_with_the_folder(
    index: Path, workspace: Path, tmp_path: Path, door: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An index that somebody else made, whole and of the right root, is not used and not touched, although
    its `.gitignore` hides it and the user named its folder.
    """
    shutil.copytree(index, workspace / ".idx")
    # Whoever made it has it on record; the one who opens it does not.
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "another user"))
    before = contents(tmp_path, but=index.parent)
    option = ("dir", ".idx") if door == "serve" else ("--set", "index.dir=.idx")
    assert DOORS[door](workspace, *option) == 3
    assert contents(tmp_path, but=index.parent) == before


def test_an_index_in_the_place_of_ours(index: Path, workspace: Path, run: Any) -> None:
    """Whoever once had an index there does not use the one that a repository put in its place."""
    assert run("index", "--set", "index.dir=.idx").code == 0
    shutil.rmtree(workspace / ".idx")
    shutil.copytree(index, workspace / ".idx")
    assert run("search", "remove expired uploads", "--set", "index.dir=.idx").code == 3


@pytest.mark.parametrize("door", DOORS)
def test_an_index_of_another_folder(index: Path, workspace: Path, tmp_path: Path, door: str) -> None:
    """An index copied to where another folder's would be, and another folder's own, are refused."""
    other = tmp_path / "other"
    other.mkdir()
    (other / "a.py").write_text("def other(): pass\n")
    assert main(["index", str(other)]) == 0
    theirs = next(path for path in index.parent.iterdir() if path.name.startswith("other-"))
    shutil.rmtree(theirs)
    shutil.copytree(index, theirs)
    before = contents(tmp_path, but=index.parent)
    inside = contents(index.parent, but=tmp_path)
    assert DOORS[door](other) == 3
    option = ("dir", str(index)) if door == "serve" else ("--index-dir", str(index))
    assert DOORS[door](other, *option) == 3
    assert contents(tmp_path, but=index.parent) == before
    assert contents(index.parent, but=tmp_path) == inside


@pytest.mark.parametrize("door", ["index", "clean", "serve"])
def test_a_folder_of_the_user_loses_nothing(workspace: Path, tmp_path: Path, door: str) -> None:
    """A folder with files of the user, be they named like those of an index, is neither used nor cleaned."""
    design = tmp_path / "design"
    for name in ("vectors/logo.svg", "names/list.txt", "text-2024/meta.json", "index.json"):
        (design / name).parent.mkdir(parents=True, exist_ok=True)
        (design / name).write_text("years of work")
    before = contents(tmp_path, but=tmp_path / "home")
    option = ("dir", str(design)) if door == "serve" else ("--index-dir", str(design))
    assert DOORS[door](workspace, *option) == 3
    assert contents(tmp_path, but=tmp_path / "home") == before


def test_files_put_into_an_index_stay(index: Path, run: Any) -> None:
    """What somebody put into the folders of an index stays when it is cleaned, whatever it is called."""
    kept = ["thesis.txt", "vectors/logo.svg", "names/list.txt", "text-1/notes.md", "text-2024/meta.json"]
    kept += ["text-2024/" + "0" * 32 + ".store", "vectors/mine-0123456789ab/seg-00000001.vec"]
    for name in kept:
        (index / name).parent.mkdir(parents=True, exist_ok=True)
        (index / name).write_text("years of work")
    assert run("index", "--rebuild").code == 0
    assert run("clean").code == 0
    left = {str(path.relative_to(index)) for path in index.rglob("*") if path.is_file()}
    assert left == set(kept)
    assert all((index / name).read_text() == "years of work" for name in kept)


def test_an_index_inside_the_workspace_is_ours_once_recorded(workspace: Path, run: Any) -> None:
    """A folder inside the workspace that the user chose is an index like any other, until it is replaced."""
    assert run("index", "--set", "index.dir=.idx").code == 0
    assert run("search", "remove expired uploads", "--set", "index.dir=.idx").code == 0
    (workspace / ".idx/identity.json").unlink()
    assert run("search", "remove expired uploads", "--set", "index.dir=.idx").code == 3


def test_links_above_an_index_are_the_users(workspace: Path, tmp_path: Path, run: Any) -> None:
    """The cache folder may be a link to another disk, also after there was an index in it."""
    assert run("index").code == 0
    (tmp_path / "home").rename(tmp_path / "disk")
    (tmp_path / "home").symlink_to(tmp_path / "disk")
    outcome = run("search", "remove expired uploads")
    assert outcome.code == 0
    assert "purge" in outcome.out


def test_a_hit_never_shows_a_file_outside(workspace: Path, tmp_path: Path, run: Any) -> None:
    """A file that was replaced by a link, or whose folder was, is not read for a hit."""
    assert run("index").code == 0
    outside = tmp_path / "outside"
    shutil.copytree(workspace / "src", outside)
    for file in outside.iterdir():
        file.write_text(file.read_text().replace("items", "the_secret"))
    shutil.rmtree(workspace / "src")
    (workspace / "src").symlink_to(outside)
    outcome = run("search", "remove expired uploads", "--no-sync")
    assert outcome.code == 0
    assert "purge" in outcome.out
    assert "the_secret" not in outcome.out
