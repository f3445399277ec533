"""What a repository is called, read from its files as data."""

from __future__ import annotations

from pathlib import Path

import pytest

from codanna_core.files.repository import repository_names


def configured(root: Path, text: str | bytes) -> tuple[str, ...]:
    (root / ".git").mkdir(exist_ok=True)
    (root / ".git" / "config").write_bytes(text if isinstance(text, bytes) else text.encode())
    return repository_names(root)


@pytest.mark.parametrize(
    "url",
    [
        "https://git.example.com/team/app.git",
        "https://user:s3cret@git.example.com/team/app",
        "ssh://git@git.example.com:2222/team/app.git",
        "git@git.example.com:team/app.git",
        "git@GIT.example.com:team/app/",
    ],
)
def test_addresses_of_remotes(tmp_path: Path, url: str) -> None:
    """Host, groups and project, the longest name first, without a password."""
    names = configured(tmp_path, f'[remote "other"]\nurl = x\n[remote "origin"]\n\turl = {url}\n')
    assert names == ("git.example.com/team/app", "team/app", "app")


@pytest.mark.parametrize(
    "text",
    ["", "[core]\n", '[remote "origin"]\nurl = ../app\n', b"\xff\xfe\0", '[remote "origin"]\n' * 99999],
)
def test_without_an_address(tmp_path: Path, text: str | bytes) -> None:
    """The name of the folder is all there is."""
    root = tmp_path / "work"
    root.mkdir()
    assert configured(root, text) == ("work",)


def test_a_worktree(tmp_path: Path) -> None:
    """Its `.git` file leads to the repository that it shares."""
    main, tree = tmp_path / "main", tmp_path / "tree"
    main.mkdir()
    tree.mkdir()
    configured(main, '[remote "origin"]\nurl = https://git.example.com/team/app.git\n')
    inner = main / ".git" / "worktrees" / "tree"
    inner.mkdir(parents=True)
    (inner / "commondir").write_text("../..\n")
    (tree / ".git").write_text(f"gitdir: {inner}\n")
    assert "team/app" in repository_names(tree)


def test_no_link_is_followed(tmp_path: Path) -> None:
    """A configuration that is a link to another file says nothing."""
    (tmp_path / "secret").write_text('[remote "origin"]\nurl = https://a.example.com/secret/app\n')
    root = tmp_path / "work"
    (root / ".git").mkdir(parents=True)
    (root / ".git" / "config").symlink_to(tmp_path / "secret")
    assert repository_names(root) == ("work",)
