"""The rules that decide which paths belong to a workspace, and the files those rules come from."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from typing import Final

from ignore import Error as IgnoreError
from ignore import WalkBuilder
from ignore.overrides import OverrideBuilder

from codanna_core.config import DiscoverySettings
from codanna_core.errors import ConfigError
from codanna_core.files.reading import read_regular
from codanna_core.model import Problem
from codanna_core.problems import Code

OWN_IGNORE_FILE: Final = ".codannaignore"
IGNORE_FILES: Final = (".gitignore", ".ignore", OWN_IGNORE_FILE)
COMMON_FOLDERS_FILE: Final = Path(__file__).with_name("common_folders.ignore")

MAX_RULE_FILE: Final = 1 << 20
"""Bytes; the largest that are in use have some ten thousand."""
_FIRST_LINE = 64 << 10
_SPECIAL = re.compile(r"[\\*?\[\]{}! ]")
"""What a pattern takes for anything but itself."""
_SHOWN = 100

_ALWAYS_EXCLUDED = (".git", ".hg", ".svn", ".jj")
"""Stores of version control; they stay out even where hidden files are wanted."""

_OUTPUT_MARKS: Final = ("CACHEDIR.TAG", "pyvenv.cfg", "CMakeCache.txt")
"""A folder with one of these inside is a cache, a virtual environment or a build tree, whatever its name."""

_OUTPUT_EVIDENCE: Final[dict[str, tuple[str, ...]]] = {
    "target": ("../Cargo.toml", "../pom.xml", "../build.sbt", "../project.clj"),
    "vendor": ("modules.txt", "autoload.php", "bundle"),
    "build": (
        "../build.gradle",
        "../build.gradle.kts",
        "lib/../../setup.py",
        "../pubspec.yaml",
        "build.ninja",
    ),
    "dist": ("../package.json", "../pyproject.toml", "../setup.py"),
    "out": ("../tsconfig.json", "../foundry.toml", "build.ninja"),
    "obj": ("project.assets.json",),
    "bin": ("Debug", "Release"),
    "_build": ("../mix.exs", "../dune-project", "../rebar.config", "../conf.py"),
    "deps": ("../mix.exs",),
    "Pods": ("../Podfile",),
    "Carthage": ("../Cartfile",),
}
"""Folder names that are output only where one of these paths, relative to the folder, exists."""


def is_output_folder(folder: str) -> bool:
    """Tell build output and copied projects by what lies inside or beside the folder (an absolute path)."""
    for mark in _OUTPUT_MARKS:
        if os.path.lexists(f"{folder}/{mark}"):
            return True
    evidence = _OUTPUT_EVIDENCE.get(os.path.basename(folder), ())
    return any(os.path.lexists(f"{folder}/{path}") for path in evidence)


def excluding_problems(settings: DiscoverySettings) -> list[Problem]:
    """Name the `exclude` patterns that cannot be used; the others apply."""
    return [
        Problem(Code.BAD_EXCLUDE, message)
        for pattern in settings.exclude
        if (message := _pattern_fault(pattern)) is not None
    ]


def walk_builder(
    root: str,
    start: str,
    settings: DiscoverySettings,
    depth: int | None = None,
    *,
    unfollowed: Collection[str] = (),
    left_out: Iterable[str] = (),
) -> WalkBuilder:
    """A walker over `start`, the root or a folder below it, that follows all rules of the workspace.

    Rules of the folders above `start` apply as well: a walk over a part sees what one over the whole would.
    Rules of the kinds that are `unfollowed` are not read anywhere; folders that are `left_out`, relative to
    the root, are not entered.
    """
    builder = WalkBuilder(Path(start))
    builder.follow_links(False).max_depth(depth).hidden(not settings.hidden)
    follow = settings.use_ignore_files
    git = follow and ".gitignore" not in unfollowed and ".git" not in unfollowed
    builder.ignore(follow and ".ignore" not in unfollowed)
    builder.git_ignore(git).git_global(git).git_exclude(git)
    if OWN_IGNORE_FILE not in unfollowed:
        builder.add_custom_ignore_filename(OWN_IGNORE_FILE)
    if settings.skip_common_folders:
        # Explicit ignore files have the lowest precedence: a `!name/` in any other ignore file wins.
        builder.add_ignore(COMMON_FOLDERS_FILE)
    overrides = OverrideBuilder(Path(root))
    for pattern in _ALWAYS_EXCLUDED:
        overrides.add("!" + pattern)
    for pattern in settings.exclude:
        if _pattern_fault(pattern) is None:
            overrides.add("!" + pattern)
    for folder in left_out:
        overrides.add("!/" + _SPECIAL.sub(r"\\\g<0>", folder) + "/")
    try:
        builder.overrides(overrides.build())
    except IgnoreError as error:
        raise ConfigError(
            f"the {len(settings.exclude)} patterns of discovery.exclude are too many or too complex together"
            f" ({error}); remove some, or write them into {OWN_IGNORE_FILE}"
        ) from error
    return builder


def outer_rule_files(root: str, settings: DiscoverySettings) -> list[str]:
    """Rule files outside the walked tree, existing or not: above the root, in `.git`, in git's settings."""
    files = []
    folder = root
    while True:
        if folder != root:
            files += [f"{folder}/{name}" for name in IGNORE_FILES]
        # Where repositories begin matters too: `.gitignore` applies inside them only.
        files.append(f"{folder}/.git")
        parent = os.path.dirname(folder)
        if parent == folder:
            break
        folder = parent
    files += [exclude for file in files if (exclude := git_exclude_file(file))]
    if settings.use_ignore_files:
        files += _global_git_files()
    return files


def inner_rule_files(folders: Iterable[str]) -> list[str]:
    """The rule files that exist in these folders, given by absolute paths."""
    files = []
    exists = os.path.lexists
    for folder in folders:
        for name in IGNORE_FILES:
            path = f"{folder}/{name}"
            if exists(path):
                files.append(path)
        git = f"{folder}/.git"
        if exists(git):
            files.append(git)
            if exclude := git_exclude_file(git):
                files.append(exclude)
    return files


def rules_key(files: Sequence[str], settings: DiscoverySettings) -> bytes:
    """Digest of all rules: equal keys mean that the same paths are let through."""
    digest = hashlib.blake2b(digest_size=16)
    digest.update(repr(settings).encode("utf-8", "surrogateescape"))
    if settings.skip_common_folders:
        digest.update(COMMON_FOLDERS_FILE.read_bytes())
    for path in files:
        digest.update(os.fsencode(path) + b"\0")
        digest.update(_rule_content(path) + b"\0")
    return digest.digest()


def newest_change_ns(files: Iterable[str]) -> int:
    """When the youngest of these files was changed last, 0 where none exists."""
    newest = 0
    for path in files:
        try:
            info = os.lstat(path)
        except OSError:
            continue
        newest = max(newest, info.st_mtime_ns, info.st_ctime_ns)
    return newest


def _rule_content(path: str) -> bytes:
    try:
        return b"+" + read_regular(path, MAX_RULE_FILE)
    except IsADirectoryError:
        return b"d"
    except OSError as error:
        # Missing or unreadable: the walker cannot follow it either, so only this fact counts.
        return str(error.errno).encode()


def _pattern_fault(pattern: str) -> str | None:
    if pattern.startswith("!"):
        return (
            f"the exclude pattern {_shortened(pattern)!r} starts with `!`, which would bring paths back;"
            f" write that line into {OWN_IGNORE_FILE} instead"
        )
    if not pattern.strip():
        return "an exclude pattern is empty; remove it"
    try:
        OverrideBuilder(Path("/")).add("!" + pattern).build()
    except IgnoreError as error:
        reason = _shortened(str(error))
        return f"the exclude pattern {_shortened(pattern)!r} cannot be used: {reason}"
    return None


def _shortened(text: str) -> str:
    return text if len(text) <= 2 * _SHOWN else f"{text[:_SHOWN]} ... {text[-_SHOWN:]}"


def git_exclude_file(git: str) -> str | None:
    """`info/exclude` of the repository whose `.git` this is, also for work trees, where `.git` is a file."""
    if os.path.isdir(git):
        return f"{git}/info/exclude"
    folder = git_folder(git)
    if folder is None:
        return None
    # Submodules have no common folder; their own holds the exclude file.
    common = _first_line(f"{folder}/commondir")
    return f"{os.path.normpath(os.path.join(folder, common or ''))}/info/exclude"


def git_folder(git: str) -> str | None:
    """The folder that a `.git` file points to."""
    line = _first_line(git)
    if line is None or not line.startswith("gitdir:"):
        return None
    return os.path.join(os.path.dirname(git), line.removeprefix("gitdir:").strip())


def files_by_git_file(git: str) -> list[str]:
    """What the walker opens because of a `.git` file. Unlike git it takes relative paths from the current
    folder, and each character after `gitdir: ` as part of the path.
    """
    line = _first_line(git, raw=True)
    if line is None or not line.startswith("gitdir: "):
        return []
    folder = os.path.abspath(line.removeprefix("gitdir: "))
    common = _first_line(f"{folder}/commondir", raw=True)
    if common is None:
        return [f"{folder}/commondir"]
    shared = os.path.join(folder, common) if common.startswith(".") else os.path.abspath(common)
    return [f"{folder}/commondir", f"{shared}/info/exclude"]


def _first_line(path: str, *, raw: bool = False) -> str | None:
    try:
        text = read_regular(path, _FIRST_LINE).decode("utf-8", "surrogateescape")
    except (OSError, ValueError):
        return None
    line = text.partition("\n")[0]
    return line.removesuffix("\r") if raw else line.strip()


def _global_git_files() -> list[str]:
    home = os.path.expanduser("~")
    config_home = os.environ.get("XDG_CONFIG_HOME") or f"{home}/.config"
    files = [f"{home}/.gitconfig", f"{config_home}/git/config", f"{config_home}/git/ignore"]
    for path in files[:2]:
        try:
            text = read_regular(path, MAX_RULE_FILE).decode("utf-8", "surrogateescape")
            found = re.search(r"(?im)^\s*excludesfile\s*=\s*\"?\s*(\S+?)\s*\"?\s*$", text)
        except OSError:
            continue
        if found:
            files.append(os.path.expanduser(found.group(1)))
    return files
