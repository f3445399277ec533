"""The commit of a folder, read as data."""

from __future__ import annotations

from pathlib import Path

import pytest

from codanna_core.files.revision import revision_of

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture
def git(tmp_path: Path) -> Path:
    (tmp_path / ".git" / "refs" / "heads").mkdir(parents=True)
    (tmp_path / ".git" / "HEAD").write_text("ref: refs/heads/main\n")
    return tmp_path / ".git"


def test_a_branch(git: Path) -> None:
    """HEAD names a branch, the branch the commit."""
    (git / "refs" / "heads" / "main").write_text(COMMIT + "\n")
    assert revision_of(git.parent) == COMMIT


def test_a_packed_branch(git: Path) -> None:
    """The branch is a line of packed-refs."""
    (git / "packed-refs").write_text(f"# pack-refs with: peeled\n{COMMIT} refs/heads/main\n^{'f' * 40}\n")
    assert revision_of(git.parent) == COMMIT


def test_a_commit_of_its_own(git: Path) -> None:
    """HEAD is the commit, as after `git checkout COMMIT`."""
    (git / "HEAD").write_text(COMMIT + "\n")
    assert revision_of(git.parent) == COMMIT


def test_a_worktree(git: Path, tmp_path: Path) -> None:
    """`.git` is a file that points to the worktree's folder, whose branches are in the shared one."""
    (git / "refs" / "heads" / "side").write_text(COMMIT + "\n")
    own = git / "worktrees" / "side"
    own.mkdir(parents=True)
    (own / "HEAD").write_text("ref: refs/heads/side\n")
    (own / "commondir").write_text("../..\n")
    tree = tmp_path / "side"
    tree.mkdir()
    (tree / ".git").write_text(f"gitdir: {own}\n")
    assert revision_of(tree) == COMMIT


@pytest.mark.parametrize(
    "head",
    ["ref: refs/heads/../../../../etc/passwd\n", "ref: refs/heads/none\n", "secret words\n", "", "\0" * 9000],
)
def test_no_clear_answer_is_none(git: Path, head: str) -> None:
    """A way out, a branch that is not there, and text that is no commit."""
    (git / "HEAD").write_text(head)
    assert revision_of(git.parent) == ""


def test_a_folder_without_a_repository(tmp_path: Path) -> None:
    """Nothing to read."""
    assert revision_of(tmp_path) == ""


def test_a_pointer_to_another_machine_is_not_followed(tmp_path: Path) -> None:
    """Opening such a path would send the user's name there."""
    (tmp_path / ".git").write_text("gitdir: //host/share\n")
    assert revision_of(tmp_path) == ""
