"""A repository says which of its files are left out, and has no other part in reading rules."""

from __future__ import annotations

from pathlib import Path

import pytest

from codanna_core.config import DiscoverySettings
from codanna_core.files.walk import scan


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "a.py").write_text("x = 1\n")
    return folder


def test_a_repository_cannot_name_a_file_of_patterns(root: Path) -> None:
    """`core.excludesFile` in the repository's own configuration has no effect: that file is not read."""
    patterns = root.parent / "patterns"
    patterns.write_text("a.py\n")
    (root / ".git").mkdir()
    (root / ".git/config").write_text(f"[core]\n\texcludesFile = {patterns}\n")
    assert scan(root, DiscoverySettings()).paths == ["a.py"]


def test_a_git_link_is_followed_as_data_alone(root: Path, tmp_path: Path) -> None:
    """`.git` may be a file that names a folder anywhere, as in a work tree: the patterns there count, and its
    configuration does not.
    """
    elsewhere = tmp_path / "elsewhere"
    (elsewhere / "info").mkdir(parents=True)
    (elsewhere / "commondir").write_text(".\n")
    (elsewhere / "patterns").write_text("a.py\n")
    (elsewhere / "config").write_text(f"[core]\n\texcludesFile = {elsewhere / 'patterns'}\n")
    (root / ".git").write_text(f"gitdir: {elsewhere}\n")
    assert scan(root, DiscoverySettings()).paths == ["a.py"]
    (elsewhere / "info/exclude").write_text("a.py\n")
    assert scan(root, DiscoverySettings()).paths == []
