"""A repository says which of its files are left out, and has no other part in reading rules."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from codanna_core.config import DiscoverySettings
from codanna_core.files.walk import scan
from codanna_core.problems import Code


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


def messages(root: Path) -> list[str]:
    found = scan(root, DiscoverySettings())
    assert {problem.code for problem in found.problems} <= {"bad-ignore-file"}
    return [problem.message for problem in found.problems]


def test_one_bad_file_of_patterns_leaves_the_rest(root: Path) -> None:
    """Its folder is left out and named; other folders keep their own patterns, and what is above stays."""
    for name in ("bad [x]*", "good"):
        (root / name).mkdir()
        (root / name / "b.py").touch()
        (root / name / "c.log").touch()
        (root / name / ".ignore").write_text("*.log\n")
    (root / "bad [x]*" / ".ignore").write_bytes(b"*" * (2 << 20))
    assert scan(root, DiscoverySettings()).paths == ["a.py", "good/b.py"]
    (message,) = messages(root)
    assert message.startswith("its folder is left out because of bad [x]*/.ignore: it has 2,097,152 bytes")


def test_bad_patterns_of_the_root_switch_off_their_kind_alone(root: Path) -> None:
    """There is no folder to leave out: other kinds of patterns are followed."""
    (root / ".git").mkdir()
    (root / ".gitignore").write_bytes(b"x" * (20 << 20))
    (root / ".ignore").write_text("*.log\n")
    (root / "b.log").touch()
    assert scan(root, DiscoverySettings()).paths == ["a.py"]
    assert "no .gitignore file is followed" in messages(root)[0]


@pytest.mark.skipif(os.name == "nt", reason="no links without rights")
@pytest.mark.parametrize("name", [".gitignore", ".ignore", ".codannaignore"])
def test_patterns_behind_a_link_out_of_the_folder_are_not_read(root: Path, name: str) -> None:
    """What is outside is not the repository's to name; a link inside the folder is fine."""
    (root / ".git").mkdir()
    (root.parent / "outside").write_text("a.py\n")
    (root / name).symlink_to("../outside")
    assert scan(root, DiscoverySettings()).paths == ["a.py"]
    assert "leads out of the folder" in messages(root)[0]
    (root / name).unlink()
    (root / "patterns").write_text("*.py\n")
    (root / name).symlink_to("patterns")
    assert scan(root, DiscoverySettings()).paths == ["patterns"]
    assert messages(root) == []


@pytest.mark.parametrize(
    "patterns", ["name{}.py\n" * 200_000, "\n" * 900_000, "*a" * (10 << 20)], ids=["many", "empty", "long"]
)
def test_many_patterns_cannot_stall_a_scan(root: Path, patterns: str) -> None:
    """In one file, or in all of them together."""
    started = time.process_time()
    (root / ".ignore").write_text(patterns)
    assert "shorten it" in messages(root)[0]
    (root / ".ignore").unlink()
    for number in range(40):
        (root / f"part{number:02}").mkdir()
        (root / f"part{number:02}" / ".ignore").write_text(f"x{number}*[a-z]?y*.py\n" * 15_000)
        (root / f"part{number:02}" / "b.py").touch()
    found = scan(root, DiscoverySettings())
    assert "a.py" in found.paths
    assert "as many patterns as are read in all" in found.problems[0].message
    assert time.process_time() - started < 15


def test_many_bad_files_of_patterns_cost_no_more_than_a_few_walks(root: Path) -> None:
    """After some folders their kind of patterns is followed nowhere, and everything is found."""
    for number in range(400):
        folder = root / f"deep{number % 20}" / f"part{number}"
        folder.mkdir(parents=True)
        (folder / "b.py").touch()
        (folder / ".ignore").write_text("x\n" * 20_001)
    found = scan(root, DiscoverySettings())
    assert len(found.paths) >= 380
    assert found.problems[-1].message.startswith("no .ignore file is followed")


@pytest.mark.parametrize("name", [".gitignore", ".ignore", ".codannaignore"])
def test_rules_that_hide_everything_are_named(tmp_path: Path, name: str) -> None:
    """A repository that hides all of its files says so in answers, by the file that does it."""
    (tmp_path / ".git").mkdir()
    (tmp_path / "code.py").write_text("def found(): pass\n")
    assert not scan(tmp_path, DiscoverySettings()).problems
    (tmp_path / name).write_text("*\n")
    (problem,) = scan(tmp_path, DiscoverySettings()).problems
    assert problem.code is Code.NOTHING_LEFT
    assert str(tmp_path / name) in problem.message


def test_a_setting_that_hides_everything_is_named(tmp_path: Path) -> None:
    """An empty folder, or one of hidden files, has no such problem."""
    settings = DiscoverySettings(exclude=("*",))
    assert not scan(tmp_path, settings).problems
    (tmp_path / ".hidden.py").write_text("def hidden(): pass\n")
    assert not scan(tmp_path, settings).problems
    (tmp_path / "code.py").write_text("def found(): pass\n")
    (problem,) = scan(tmp_path, settings).problems
    assert problem.code is Code.NOTHING_LEFT
    assert "discovery.exclude" in problem.message
