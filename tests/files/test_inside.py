"""A path from an index is read inside the root, through no link, or not at all."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from codanna_core.files import inside
from codanna_core.files.inside import is_inside, read_inside


@pytest.fixture(params=["by parts", "at once"])
def root(tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A workspace beside a secret; the second way is that of systems without folder descriptors."""
    if request.param == "at once":
        monkeypatch.setattr(inside, "_BY_PARTS", False)
    folder = tmp_path / "root"
    (folder / "a/b").mkdir(parents=True)
    (folder / "a/b/ü🙂.py").write_text("x = 1\n")
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside/secret.py").write_text("secret\n")
    return folder


def test_files_inside_are_read(root: Path) -> None:
    """Whole, or their first bytes."""
    assert read_inside(root, "a/b/ü🙂.py", 99) == b"x = 1\n"
    assert read_inside(str(root), "a/b/ü🙂.py", 3) == b"x ="
    with pytest.raises(FileNotFoundError):
        read_inside(root, "a/b/gone.py", 99)


@pytest.mark.parametrize(
    "path", ["../outside/secret.py", "a/../../outside/secret.py", "", ".", "a//b", "a\0b", "a/"]
)
def test_paths_that_lead_out(root: Path, path: str) -> None:
    """They have not the form of a path that an index writes."""
    assert not is_inside(path)
    with pytest.raises(OSError, match="leads out"):
        read_inside(root, path, 99)


def test_an_absolute_path(root: Path, tmp_path: Path) -> None:
    """It would take the place of the root."""
    with pytest.raises(OSError, match="leads out"):
        read_inside(root, str(tmp_path / "outside/secret.py"), 99)


@pytest.mark.skipif(os.name == "nt", reason="links need a privilege there")
def test_links_and_what_is_no_file(root: Path, tmp_path: Path) -> None:
    """A link as file or as folder on the way, a folder, a pipe: nothing is read and nobody waits."""
    (root / "file.py").symlink_to(tmp_path / "outside/secret.py")
    (root / "folder").symlink_to(tmp_path / "outside")
    (root / "within").symlink_to(root / "a")
    os.mkfifo(root / "pipe.py")
    for path in ("file.py", "folder/secret.py", "within/b/ü🙂.py", "pipe.py", "a"):
        with pytest.raises(OSError, match=r"."):
            read_inside(root, path, 99)


def test_what_windows_would_take_for_another_place(monkeypatch: pytest.MonkeyPatch) -> None:
    """Drives, shares, back slashes and streams."""
    monkeypatch.setattr("codanna_core.files.inside.WINDOWS", True)
    assert is_inside("a/b.py")
    for path in ("C:/x.py", "C:x.py", "a\\..\\b.py", "\\\\host\\share", "a.py:stream"):
        assert not is_inside(path)
