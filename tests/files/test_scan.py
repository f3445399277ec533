"""Which files a scan finds, what it leaves out and why, and that it survives what file systems hold."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from codanna_core.cancel import Cancel
from codanna_core.config import DiscoverySettings
from codanna_core.errors import Cancelled, FolderMissing
from codanna_core.files import SkipReason, are_indexable, is_indexable, scan

DEFAULTS = DiscoverySettings()


@pytest.fixture(autouse=True)
def own_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep the developer's own git settings out of the tests."""
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    return home


def write(root: Path, *names: str, **contents: str) -> None:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x = 1\n")
    for name, text in contents.items():
        (root / name).write_text(text)


def found(root: Path, settings: DiscoverySettings = DEFAULTS) -> list[str]:
    """The paths a scan finds; each must be let through when asked about alone, and no other."""
    result = scan(root, settings)
    alone = are_indexable(root, result.paths, settings)
    assert set(alone.values()) <= {None}, alone
    return result.paths


def rule(root: Path, name: str, text: str) -> None:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_plain_folder(tmp_path: Path) -> None:
    """All files are found, sorted, by root-relative paths with `/`."""
    write(tmp_path, "b.py", "a/z.py", "a/b/c d.py", "ünï😀.py")
    assert found(tmp_path) == ["a/b/c d.py", "a/z.py", "b.py", "ünï😀.py"]


def test_stat_columns(tmp_path: Path) -> None:
    """Each file carries its size and modification time."""
    write(tmp_path, "a.py")
    (file,) = scan(tmp_path, DEFAULTS).files
    info = (tmp_path / "a.py").stat()
    assert (file.path, file.mtime_ns, file.size) == ("a.py", info.st_mtime_ns, info.st_size)


def test_empty_folder(tmp_path: Path) -> None:
    """An empty folder is a workspace without files."""
    assert found(tmp_path) == []


def test_root_that_is_no_folder(tmp_path: Path) -> None:
    """A missing root and a file as root are the caller's error."""
    write(tmp_path, "file")
    with pytest.raises(FolderMissing):
        scan(tmp_path / "file", DEFAULTS)
    with pytest.raises(FolderMissing):
        scan(tmp_path / "missing", DEFAULTS)


def test_gitignore_needs_a_repository(tmp_path: Path) -> None:
    """As with ripgrep, `.gitignore` counts inside repositories only."""
    write(tmp_path, "a.log", "b.py")
    rule(tmp_path, ".gitignore", "*.log\n")
    assert found(tmp_path) == ["a.log", "b.py"]
    (tmp_path / ".git").mkdir()
    assert found(tmp_path) == ["b.py"]


def test_nested_gitignore(tmp_path: Path) -> None:
    """A nested `.gitignore` adds to the outer one and can take back what that excludes."""
    (tmp_path / ".git").mkdir()
    rule(tmp_path, ".gitignore", "*.log\n/top.py\n")
    rule(tmp_path, "sub/.gitignore", "!keep.log\n/inner.py\n")
    write(tmp_path, "top.py", "sub/top.py", "sub/a.log", "sub/keep.log", "sub/inner.py", "sub/deep/inner.py")
    assert found(tmp_path) == ["sub/deep/inner.py", "sub/keep.log", "sub/top.py"]


def test_exclude_file_and_global_file(tmp_path: Path, own_home: Path) -> None:
    """`.git/info/exclude` and git's global ignore file count."""
    rule(tmp_path, ".git/info/exclude", "mine.py\n")
    rule(own_home, ".config/git/ignore", "*.swp.py\n")
    write(tmp_path, "mine.py", "x.swp.py", "y.py")
    assert found(tmp_path) == ["y.py"]


def test_rules_above_the_root(tmp_path: Path) -> None:
    """A workspace inside a repository follows the repository's rules."""
    (tmp_path / ".git").mkdir()
    rule(tmp_path, ".gitignore", "*.log\n")
    write(tmp_path, "work/a.log", "work/a.py")
    assert found(tmp_path / "work") == ["a.py"]


def test_nested_repository(tmp_path: Path) -> None:
    """A repository inside a repository is indexed, by its own rules alone."""
    (tmp_path / ".git").mkdir()
    rule(tmp_path, ".gitignore", "*.log\n")
    (tmp_path / "nested/.git").mkdir(parents=True)
    rule(tmp_path, "nested/.gitignore", "*.tmp\n")
    write(tmp_path, "a.log", "nested/a.log", "nested/a.tmp", "nested/a.py")
    assert found(tmp_path) == ["nested/a.log", "nested/a.py"]


def test_own_ignore_file_wins(tmp_path: Path) -> None:
    """`.codannaignore` excludes, and brings back what git or the common folders leave out."""
    (tmp_path / ".git").mkdir()
    rule(tmp_path, ".gitignore", "gen/\n")
    rule(tmp_path, ".codannaignore", "secret.py\n!gen/\n!node_modules/\n!.github/\n")
    write(tmp_path, "secret.py", "gen/a.py", "node_modules/m.js", ".github/b.py", ".other/c.py")
    assert found(tmp_path) == [".github/b.py", "gen/a.py", "node_modules/m.js"]


def test_dot_ignore(tmp_path: Path) -> None:
    """`.ignore` counts without a repository, and can be switched off with git's files, unlike our own."""
    rule(tmp_path, ".ignore", "a.py\n")
    rule(tmp_path, ".codannaignore", "b.py\n")
    write(tmp_path, "a.py", "b.py", "c.py")
    assert found(tmp_path) == ["c.py"]
    assert found(tmp_path, DiscoverySettings(use_ignore_files=False)) == ["a.py", "c.py"]


def test_hidden(tmp_path: Path) -> None:
    """Hidden files are left out unless wanted; a repository's own store stays out even then."""
    write(tmp_path, ".hidden.py", ".dir/a.py", ".git/hooks/x.py", "b.py")
    assert found(tmp_path) == ["b.py"]
    assert found(tmp_path, DiscoverySettings(hidden=True)) == [".dir/a.py", ".hidden.py", "b.py"]


def test_exclude_setting(tmp_path: Path) -> None:
    """`exclude` wins over everything; a pattern that cannot be used is named and the others apply."""
    rule(tmp_path, ".codannaignore", "!docs/\n")
    write(tmp_path, "docs/a.py", "src/b.py", "src/b.pyi")
    settings = DiscoverySettings(exclude=("docs/", "!src", "*.pyi", "a[", " "))
    assert found(tmp_path, settings) == ["src/b.py"]
    problems = scan(tmp_path, settings).problems
    assert [problem.code for problem in problems] == ["bad-exclude"] * 3
    assert ".codannaignore" in problems[0].message


@pytest.mark.parametrize(
    ("source", "output"),
    [
        ("drivers/target/core.c", "rust/target/debug/x.rs"),
        ("tools/build/feature.c", "java/build/x.java"),
        ("app/dist/map.py", "js/dist/app.js"),
        ("env/a.py", "myenv/lib/a.py"),
        ("vendor/ours.go", "go/vendor/x.go"),
    ],
)
def test_common_folders(tmp_path: Path, source: str, output: str) -> None:
    """A folder is build output by what lies in or beside it, not by its name; the setting turns it off."""
    write(tmp_path, source, output, "node_modules/m/index.js")
    write(tmp_path, "rust/Cargo.toml", "java/build.gradle", "js/package.json", "go/vendor/modules.txt")
    write(tmp_path, "myenv/pyvenv.cfg")
    paths = found(tmp_path)
    assert source in paths
    assert output not in paths
    assert is_indexable(tmp_path, output, DEFAULTS) is SkipReason.COMMON_FOLDER
    everything = found(tmp_path, DiscoverySettings(skip_common_folders=False))
    assert {source, output, "node_modules/m/index.js"} <= set(everything)


def test_left_out_by_name_and_size(tmp_path: Path) -> None:
    """What the name or the size tells is counted by reason, and not handed on."""
    write(tmp_path, "a.png", "package-lock.json", "app.min.js", "app.js.map", "x_pb2.py", "ok.py")
    write(tmp_path, **{"big.py": "x" * 101, "fits.py": "x" * 100})
    result = scan(tmp_path, DiscoverySettings(max_file_size=100))
    assert result.paths == ["fits.py", "ok.py"]
    assert result.skipped == {
        SkipReason.BINARY: 1,
        SkipReason.GENERATED: 3,
        SkipReason.MINIFIED: 1,
        SkipReason.TOO_LARGE: 1,
    }
    assert result.left_out["big.py"] is SkipReason.TOO_LARGE
    for path, reason in (("a.png", SkipReason.BINARY), ("big.py", SkipReason.TOO_LARGE)):
        assert is_indexable(tmp_path, path, DiscoverySettings(max_file_size=100)) is reason


def test_links_and_loops(tmp_path: Path) -> None:
    """Symbolic links are never followed, so loops and links out of the workspace do no harm."""
    write(tmp_path, "ok.py", "sub/a.py")
    (tmp_path / "loop").symlink_to(tmp_path)
    (tmp_path / "sub/up").symlink_to("..")
    (tmp_path / "etc").symlink_to("/etc")
    (tmp_path / "link.py").symlink_to("ok.py")
    (tmp_path / "broken.py").symlink_to("nowhere")
    result = scan(tmp_path, DEFAULTS)
    assert result.paths == ["ok.py", "sub/a.py"]
    assert result.skipped == {SkipReason.SYMLINK: 5}
    assert is_indexable(tmp_path, "loop/ok.py", DEFAULTS) is SkipReason.SYMLINK


def test_root_behind_a_link(tmp_path: Path) -> None:
    """The root itself may be a link."""
    write(tmp_path, "real/a.py")
    (tmp_path / "link").symlink_to("real")
    assert found(tmp_path / "link") == ["a.py"]


def test_pipes_and_sockets(tmp_path: Path) -> None:
    """Reading a pipe would hang for ever, so what is no regular file is left out."""
    os.mkfifo(tmp_path / "pipe.py")
    with socket.socket(socket.AF_UNIX) as server:
        cwd = os.getcwd()
        os.chdir(tmp_path)  # Socket addresses must be short.
        try:
            server.bind("sock.py")
        finally:
            os.chdir(cwd)
    assert scan(tmp_path, DEFAULTS).skipped == {SkipReason.NOT_A_FILE: 2}


def test_names_that_are_no_unicode(tmp_path: Path) -> None:
    """A name of stray bytes is left out and reported, and everything around it is found."""
    (tmp_path / os.fsdecode(b"bad\xff.py")).write_text("x")
    (tmp_path / os.fsdecode(b"dir\xfe")).mkdir()
    (tmp_path / os.fsdecode(b"dir\xfe/in.py")).write_text("x")
    write(tmp_path, "ok.py", "new\nline.py", "quote'\".py")
    result = scan(tmp_path, DEFAULTS)
    assert result.paths == ["new\nline.py", "ok.py", "quote'\".py"]
    assert result.skipped == {SkipReason.BAD_NAME: 2}
    (problem,) = result.problems
    assert problem.code == "bad-name"
    assert "\\udcff" in problem.message
    assert is_indexable(tmp_path, os.fsdecode(b"bad\xff.py"), DEFAULTS) is SkipReason.BAD_NAME


def test_very_long_paths(tmp_path: Path) -> None:
    """Folders nested deeper than a path may be long are reported; the rest is found."""
    write(tmp_path, "ok.py")
    cwd = os.getcwd()
    os.chdir(tmp_path)
    try:
        for _ in range(25):
            os.mkdir("d" * 200)
            os.chdir("d" * 200)
        Path("leaf.py").write_text("x")
        result = scan(tmp_path, DEFAULTS)
    finally:
        os.chdir(cwd)
        subprocess.run(["rm", "-rf", str(tmp_path / ("d" * 200))], check=True)
    assert result.paths == ["ok.py"]
    assert {problem.code for problem in result.problems} == {"unreadable"}
    assert all(len(problem.message) < 500 for problem in result.problems)


@contextmanager
def plain_user() -> Iterator[None]:
    """Drop the powers of root, which may read everything, for a while."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


def test_unreadable_folder() -> None:
    """A folder without permission is reported and passed over."""
    root = Path(tempfile.mkdtemp())
    try:
        root.chmod(0o755)
        write(root, "locked/a.py", "open/b.py", "z.py")
        (root / "locked").chmod(0)
        with plain_user():
            result = scan(root, DEFAULTS)
        assert result.paths == ["open/b.py", "z.py"]
        (problem,) = result.problems
        assert problem.code == "unreadable"
        assert "locked" in problem.message
    finally:
        (root / "locked").chmod(0o755)
        shutil.rmtree(root)


def test_file_that_vanishes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file deleted between listing and looking is simply not there."""
    write(tmp_path, "a.py", "gone.py")
    real = os.lstat

    def lstat(path: str) -> os.stat_result:
        if str(path).endswith("gone.py"):
            raise FileNotFoundError(path)
        return real(path)

    monkeypatch.setattr("codanna_core.files.walk.os.lstat", lstat)
    result = scan(tmp_path, DEFAULTS)
    assert result.paths == ["a.py"]
    assert result.problems == []


def test_cancel(tmp_path: Path) -> None:
    """A scan stops soon after it was asked to."""

    class Stop(Cancel):
        def raise_if_cancelled(self) -> None:
            raise Cancelled("stopped on request")

    write(tmp_path, "a.py")
    with pytest.raises(Cancelled):
        scan(tmp_path, DEFAULTS, cancel=Stop())


def test_single_paths(tmp_path: Path) -> None:
    """A path that the rules hide, that does not exist, or that is a folder is judged without a walk."""
    rule(tmp_path, ".codannaignore", "no/\n")
    write(tmp_path, "no/deep/a.py", "yes/a.py")
    assert is_indexable(tmp_path, "yes/a.py", DEFAULTS) is None
    assert is_indexable(tmp_path, "no/deep/a.py", DEFAULTS) is SkipReason.IGNORED
    assert is_indexable(tmp_path, "yes/b.py", DEFAULTS) is SkipReason.UNREADABLE
    assert is_indexable(tmp_path, "yes", DEFAULTS) is SkipReason.NOT_A_FILE
    with pytest.raises(ValueError, match="not a workspace-relative path"):
        is_indexable(tmp_path, "../outside.py", DEFAULTS)
