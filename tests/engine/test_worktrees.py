"""A second worktree of a repository begins with the index of the first, and each stays its own."""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from codanna_core import Engine
from codanna_core.engine import remove_index
from codanna_core.indexing.layout import index_folder
from codanna_core.testing.embedder import FakeEmbedder

QUESTIONS = (
    "put cash into the account",
    "connects to the host",
    "a thing to press",
    "water the flowers",
    "deposit",
)


@pytest.fixture(autouse=True)
def _apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "HOME", "LOCALAPPDATA", "APPDATA"):
        monkeypatch.setenv(name, str(tmp_path / "home"))


@pytest.fixture
def second(workspace: Path, tmp_path: Path) -> Path:
    """A worktree with the same files, as `git worktree add` leaves it: all of them written later."""
    root = tmp_path / "second"
    admin = workspace / ".git" / "worktrees" / "second"
    admin.mkdir(parents=True)
    (admin / "commondir").write_text("../..\n")
    (admin / "gitdir").write_text(f"{root / '.git'}\n")
    copy(workspace, root)
    (root / ".git").write_text(f"gitdir: {admin}\n")
    return root


def copy(source: Path, target: Path) -> None:
    for path in sorted(source.rglob("*")):
        if path.is_file() and ".git" not in path.parts:
            place = target / path.relative_to(source)
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(path.read_bytes())
            os.utime(place, (1_700_000_000, 1_700_000_000))


def indexed(root: Path, embedder: FakeEmbedder | None = None, **options: Any) -> FakeEmbedder:
    embedder = embedder or FakeEmbedder()
    with Engine.open(root, embedder=embedder, **options) as engine:
        engine.sync()
        assert engine.wait_until_idle(30)
    return embedder


def answers(root: Path, index_dir: Path | None = None) -> list[Any]:
    with Engine.open(root, index_dir, embedder=FakeEmbedder()) as engine:
        if index_dir is not None:
            engine.sync()
        assert engine.wait_until_idle(30)
        return [
            [(hit.name, hit.path, hit.span, round(hit.score, 6)) for hit in engine.search(one, limit=20).hits]
            for one in QUESTIONS
        ] + [[hit.name for hit in engine.symbols("account")]]


def files_of(root: Path) -> Iterator[Path]:
    return (path for path in index_folder(root, None).rglob("*") if path.is_file())


def room(*roots: Path) -> int:
    """Bytes on disk, a file of several names counted once."""
    sizes = {}
    for root in roots:
        for path in files_of(root):
            info = path.stat()
            sizes[info.st_dev, info.st_ino] = info.st_size
    return sum(sizes.values())


@pytest.mark.parametrize("first_is_main", [True, False])
def test_the_second_is_searchable_without_embedding(
    workspace: Path, second: Path, tmp_path: Path, first_is_main: bool
) -> None:
    """Nothing is embedded or parsed again, sealed files are shared, and answers are those of an own index."""
    one, other = (workspace, second) if first_is_main else (second, workspace)
    assert indexed(one).embedded
    before = {path.name: path.stat().st_ino for path in files_of(one)}
    embedder = FakeEmbedder()
    with Engine.open(other, embedder=embedder) as engine:
        report = engine.sync()
        assert (report.added, report.changed, report.removed, report.symbols) == (0, 0, 0, 0)
        assert report.unchanged == 4
        assert engine.wait_until_idle(30)
    assert embedder.embedded == []
    shared = {path.name for path in files_of(other) if before.get(path.name) == path.stat().st_ino}
    assert any(name.endswith(".store") for name in shared)
    assert not any(name.endswith((".json", ".log", ".lock")) for name in shared)
    assert answers(other) == answers(other, tmp_path / "own")


def test_what_differs_is_its_own(workspace: Path, second: Path, tmp_path: Path) -> None:
    """A file that is changed, gone or new in one of them is so there alone; only new texts are embedded."""
    indexed(workspace)
    (second / "net" / "open.go").unlink()
    (second / "ui" / "button.ts").write_text("/** A quiet thing. */\nexport class Knob { turn(): void {} }\n")
    (second / "new.py").write_text("def paint_the_fence():\n    '''Paint the garden fence.'''\n")
    embedder = indexed(second)
    assert sorted(text.split()[0] for text in embedder.embedded) == sorted(
        text.split()[0] for text in embedder.embedded if "Knob" in text or "turn" in text or "paint" in text
    )
    assert embedder.embedded
    assert answers(second) == answers(second, tmp_path / "own")
    found = [path for answer in answers(second)[:-1] for _, path, _, _ in answer]
    assert "net/open.go" not in found
    assert answers(workspace) == answers(workspace, tmp_path / "own first")


def test_removing_one_leaves_the_other(workspace: Path, second: Path, tmp_path: Path) -> None:
    """Removing, rebuilding and changing the index of one does nothing to the other's."""
    indexed(workspace)
    indexed(second)
    expected = answers(second)
    with Engine.open(workspace, embedder=FakeEmbedder()) as engine:
        (workspace / "notes.txt").write_text("Nothing of that kind.\n")
        engine.reindex()
        assert engine.wait_until_idle(30)
    assert answers(second) == expected
    remove_index(workspace)
    assert list(files_of(workspace)) == []
    assert answers(second) == expected
    embedder = indexed(workspace)
    assert not any("deposit" in text for text in embedder.embedded)  # It begins with that of the second.
    remove_index(second)
    assert not index_folder(second, None).exists()
    assert answers(workspace) == answers(workspace, tmp_path / "own")


def test_a_folder_that_lies_gets_nothing(workspace: Path, second: Path, tmp_path: Path) -> None:
    """A folder that claims to be a worktree has an index of its own files, and gives none away."""
    indexed(workspace)
    hostile = tmp_path / "hostile"
    hostile.mkdir()
    (hostile / ".git").write_text((second / ".git").read_text())
    (hostile / "a.py").write_text("def nothing_else(): pass\n")
    embedder = indexed(hostile)
    assert len(embedder.embedded) >= 1
    names = {path.stat().st_ino for path in files_of(workspace)}
    assert names.isdisjoint(path.stat().st_ino for path in files_of(hostile))


def test_an_index_that_is_not_ours_gives_nothing(workspace: Path, second: Path) -> None:
    """Without its record in the state folder the first one's index is not read; the second builds its own."""
    indexed(workspace)
    for record in (Path(os.environ["XDG_STATE_HOME"]) / "codanna-lsp" / "indexes").iterdir():
        record.unlink()
    assert indexed(second).embedded


@pytest.mark.parametrize("error", [errno.EXDEV, errno.EPERM, errno.EMLINK])
def test_without_hard_links_files_are_copied(
    workspace: Path, second: Path, monkeypatch: pytest.MonkeyPatch, error: int
) -> None:
    """On another disk, or one without hard links, nothing is embedded either."""

    def refuse(*_args: Any, **_options: Any) -> None:
        raise OSError(error, os.strerror(error))

    indexed(workspace)
    monkeypatch.setattr(os, "link", refuse)
    assert indexed(second).embedded == []
    inodes = {path.stat().st_ino for path in files_of(workspace)}
    assert inodes.isdisjoint(path.stat().st_ino for path in files_of(second))
    assert [hit.name for hit in first_hits(second)] == [hit.name for hit in first_hits(workspace)]


def first_hits(root: Path) -> list[Any]:
    with Engine.open(root, embedder=FakeEmbedder()) as engine:
        return list(engine.search(QUESTIONS[0]).hits)


class Killed(BaseException):
    """Stands for the end of the process."""


def test_a_kill_at_any_step_leaves_a_right_index(workspace: Path, second: Path, tmp_path: Path) -> None:
    """Whatever step of taking over is the last one, the next start has the right answers, and the first
    index is as it was.
    """
    indexed(workspace)
    expected = answers(second, tmp_path / "own")
    before = answers(workspace)
    step = 0
    while True:
        step += 2
        left = step

        def checkpoint(_name: str) -> None:
            nonlocal left
            left -= 1
            if not left:
                raise Killed

        engine = Engine.open(second, embedder=FakeEmbedder(), checkpoint=checkpoint)
        try:
            engine.sync()
        except Killed:
            pass
        else:
            break
        finally:
            left = 0  # Nothing is killed while it is let go.
            engine.close()
        indexed(second)
        assert answers(second) == expected
        remove_index(second)
    assert step > 10
    assert answers(workspace) == before


def test_the_first_may_be_written_meanwhile(workspace: Path, second: Path, tmp_path: Path) -> None:
    """Whatever the other process writes at that moment, the answers are right."""
    indexed(workspace)
    expected = answers(second, tmp_path / "own")
    stop = threading.Event()

    def write() -> None:
        with Engine.open(workspace, embedder=FakeEmbedder()) as engine:
            engine.sync()
            number = 0
            while not stop.is_set():
                number += 1
                (workspace / "busy.py").write_text(f"def busy_{number}():\n    '''Busy {number}.'''\n")
                engine.update(["busy.py"])

    thread = threading.Thread(target=write)
    thread.start()
    try:
        for _ in range(6):
            indexed(second)
            assert answers(second) == expected
            remove_index(second)
    finally:
        stop.set()
        thread.join(30)
