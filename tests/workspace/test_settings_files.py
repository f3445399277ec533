"""Settings files are read again when they change, without anybody's asking."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from codanna_core.cancel import Cancel
from codanna_core.engine import Engine
from codanna_core.results import Progress
from codanna_core.testing.embedder import FakeEmbedder
from codanna_core.workspace.folder import Folder
from codanna_core.workspace.keeper import Reporter
from codanna_core.workspace.settings_files import SettingsFiles


class Door:
    """A front door without protocol, which is all that a folder needs."""

    def __init__(self) -> None:
        self.long_pool = ThreadPoolExecutor(2)
        self.ready = threading.Event()
        self.reopened: list[Folder] = []

    @contextmanager
    def progress(self, title: str, cancel: Cancel) -> Iterator[Reporter]:
        yield self

    def report(self, step: Progress) -> None:
        pass

    def status_changed(self, folder: Folder) -> None:
        pass

    def opened(self, folder: Folder) -> None:
        self.ready.set()

    def settings_files_changed(self, folder: Folder) -> None:
        folder.apply_settings({})

    def reopen(self, folder: Folder) -> None:
        self.reopened.append(folder)

    def tell_user(self, message: str) -> None:
        raise AssertionError(message)


class Engines:
    def open(self, root: Path, overrides: Any) -> Engine:
        return Engine.open(root, overrides=overrides, embedder=FakeEmbedder())

    def remove(self, root: Path, overrides: Any) -> None:
        raise AssertionError("nothing is to be removed")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "APPDATA", "LOCALAPPDATA"):
        monkeypatch.setenv(name, str(tmp_path / "home"))
    (tmp_path / "home" / "codanna-lsp").mkdir(parents=True)
    return tmp_path / "home"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    root.mkdir()
    (root / "a.py").write_text("def alpha(): return 1\n")
    (root / "b.txt").write_text("only words\n")
    return root


@pytest.fixture
def opened(project: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Folder, Engine, Door]]:
    monkeypatch.setattr(Folder, "SETTINGS_POLL", 0.02)
    door = Door()
    folder = Folder(project.as_uri(), "", project, {}, Engines(), door)
    folder.start()
    assert door.ready.wait(60)
    until(lambda: folder.reconciled)
    assert isinstance(folder.engine, Engine)
    yield folder, folder.engine, door
    folder.close()
    folder.join(60)
    door.long_pool.shutdown()


def until(condition: Callable[[], Any]) -> None:
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_the_project_s_file_is_read_again(opened: tuple[Folder, Engine, Door], project: Path) -> None:
    """What it says of searches counts at once, and what it says of files brings the index up to date."""
    _, engine, _ = opened
    (project / ".codanna.toml").write_text('[search]\nlimit = 3\n[discovery]\nexclude = ["*.txt"]\n')
    until(lambda: engine.settings.search.limit == 3)
    until(lambda: engine.status().files_indexed == 1)
    (project / ".codanna.toml").unlink()
    until(lambda: engine.settings.search.limit == 10)
    until(lambda: engine.status().files_indexed == 2)


def test_the_user_s_file_tunes_the_vectors(opened: tuple[Folder, Engine, Door], home: Path) -> None:
    """Tuning keys reach the vectors in use."""
    _, engine, _ = opened
    (home / "codanna-lsp" / "config.toml").write_text("[vectors]\nrecall_target = 0.8\n")
    until(lambda: engine.settings.vectors.recall_target == 0.8)
    until(lambda: engine.search_vector("alpha").hits)


def test_another_place_of_the_index_opens_it_again(
    opened: tuple[Folder, Engine, Door], home: Path, tmp_path: Path
) -> None:
    """The front door opens the folder again; the old engine cannot move."""
    folder, _, door = opened
    (home / "codanna-lsp" / "config.toml").write_text(f"[index]\ndir = '{tmp_path / 'elsewhere'}'\n")
    until(lambda: door.reopened == [folder])


def test_what_counts_as_a_change(home: Path, project: Path) -> None:
    """Made, written, another of the same length, removed; not being looked at."""
    files = SettingsFiles(project)
    assert not files.changed()
    file = project / ".codanna.toml"
    for text in ("[search]\nlimit = 3\n", "[search]\nlimit = 4\n"):
        new = project / "new"
        new.write_text(text)
        new.replace(file)
        assert files.changed()
        assert not files.changed()
    file.unlink()
    assert files.changed()
    (home / "codanna-lsp" / "config.toml").write_text("")
    assert files.changed()
