"""Which folders are worktrees of one repository, by files that anyone may have written."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from codanna_core.files.worktrees import other_worktrees

posix = pytest.mark.skipif(sys.platform == "win32", reason="links and pipes")


def worktree(main: Path, root: Path, *, relative: bool = False) -> Path:
    """What `git worktree add` makes of a folder."""
    admin = main / ".git" / "worktrees" / root.name
    admin.mkdir(parents=True)
    root.mkdir(exist_ok=True)
    (admin / "commondir").write_text("../..\n")
    to_root = os.path.relpath(root / ".git", admin) if relative else str(root / ".git")
    (admin / "gitdir").write_text(f"{to_root}\n")
    to_admin = os.path.relpath(admin, root) if relative else str(admin)
    (root / ".git").write_text(f"gitdir: {to_admin}\n")
    return admin


@pytest.fixture
def main(tmp_path: Path) -> Path:
    root = tmp_path / "main"
    (root / ".git").mkdir(parents=True)
    return root


@pytest.mark.parametrize("relative", [False, True])
def test_each_knows_the_others(main: Path, tmp_path: Path, relative: bool) -> None:
    """The main worktree comes first, and a folder is not its own neighbor."""
    roots = [tmp_path / name for name in ("one", "two é")]
    for root in roots:
        worktree(main, root, relative=relative)
    assert other_worktrees(main) == roots
    assert other_worktrees(roots[0]) == [main, roots[1]]


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
def test_git_itself_writes_what_is_read(tmp_path: Path) -> None:
    """Of a repository that git made."""

    def git(*words: str) -> None:
        subprocess.run(
            ["git", "-c", "user.name=x", "-c", "user.email=x", *words],
            cwd=tmp_path / "main",
            check=True,
            capture_output=True,
            env={**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "HOME": str(tmp_path)},
        )

    (tmp_path / "main").mkdir()
    git("init", "--quiet")
    git("commit", "--quiet", "--allow-empty", "--message", "x")
    git("worktree", "add", "--quiet", "../second", "-b", "other")
    assert other_worktrees(tmp_path / "second") == [tmp_path / "main"]
    assert other_worktrees(tmp_path / "main") == [tmp_path / "second"]


def test_a_folder_that_claims_a_repository_is_not_believed(main: Path, tmp_path: Path) -> None:
    """The repository has to name the folder, too, in its own files."""
    other = tmp_path / "other"
    admin = worktree(main, other)
    hostile = tmp_path / "hostile"
    hostile.mkdir()
    for claim in (str(admin), str(main / ".git"), str(main / ".git" / "worktrees" / "none")):
        (hostile / ".git").write_text(f"gitdir: {claim}\n")
        assert other_worktrees(hostile) == []
    forged = hostile / "admin" / "worktrees" / "hostile"
    forged.mkdir(parents=True)
    (forged / "gitdir").write_text(f"{hostile / '.git'}\n")
    for common in (str(main / ".git"), "../.."):
        (forged / "commondir").write_text(f"{common}\n")
        (hostile / ".git").write_text(f"gitdir: {forged}\n")
        assert main not in other_worktrees(hostile)
    assert hostile not in other_worktrees(main)


def test_a_repository_that_claims_a_folder_is_not_believed(main: Path, tmp_path: Path) -> None:
    """The folder has to name the repository, too: neither a plain one, another repository nor a worktree of
    another one is taken.
    """
    private = tmp_path / "private"
    (private / ".git").mkdir(parents=True)
    plain = tmp_path / "plain"
    plain.mkdir()
    elsewhere = tmp_path / "elsewhere"
    worktree(private, elsewhere)
    for root in (private, plain, elsewhere):
        admin = main / ".git" / "worktrees" / root.name
        admin.mkdir(parents=True)
        (admin / "commondir").write_text("../..\n")
        (admin / "gitdir").write_text(f"{root / '.git'}\n")
    assert other_worktrees(main) == []
    assert other_worktrees(elsewhere) == [private]


@pytest.mark.parametrize(
    "text", ["", "gitdir: \n", "gitdir: x\ngitdir: y\n", "x" * 100_000, "gitdir: //host/share/x\n", "\0"]
)
def test_any_text_is_read(main: Path, tmp_path: Path, text: str) -> None:
    """What is not as git writes it leads nowhere."""
    root = tmp_path / "root"
    admin = worktree(main, root)
    for path in (root / ".git", admin / "gitdir", admin / "commondir"):
        before = path.read_text()
        path.write_text(text)
        assert other_worktrees(root) == []
        path.write_text(before)
    assert other_worktrees(root) == [main]


@posix
def test_links_and_pipes_lead_nowhere(main: Path, tmp_path: Path) -> None:
    """A link in the place of `.git`, and a pipe in the place of any file, is not followed or waited for."""
    root = tmp_path / "root"
    admin = worktree(main, root)
    for path in (root / ".git", admin / "gitdir", admin / "commondir"):
        kept = tmp_path / "kept"
        path.rename(kept)
        os.mkfifo(path)
        assert other_worktrees(root) == []
        path.unlink()
        path.symlink_to(kept)
        assert other_worktrees(root) == []
        path.unlink()
        kept.rename(path)
    hostile = tmp_path / "hostile"
    hostile.mkdir()
    (hostile / ".git").symlink_to(main / ".git")
    assert other_worktrees(hostile) == []
    (hostile / ".git").unlink()
    (hostile / ".git").symlink_to(root / ".git")
    assert other_worktrees(hostile) == []
