"""Ignore files that must not be read, kept away from the walker.

The walker opens files of rules by itself, even in folders that are ignored, and nothing can interrupt it: it
would wait for a pipe, read a device forever, follow a link anywhere, and compile every pattern there is.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from typing import Final

from codanna_core.config import DiscoverySettings
from codanna_core.files.reading import read_regular
from codanna_core.files.reasons import is_unicode
from codanna_core.files.rules import (
    IGNORE_FILES,
    MAX_RULE_FILE,
    OWN_IGNORE_FILE,
    files_by_git_file,
    git_exclude_file,
    git_folder,
)
from codanna_core.model import Problem
from codanna_core.problems import Code
from codanna_core.records import dataclass

_MAX_PATTERNS: Final = 20_000
_ALL_PATTERNS: Final = 50_000
_ALL_BYTES: Final = 4 << 20
"""What is read of all ignore files together; compiling so many patterns takes a second or two."""
_MAX_LEFT_OUT: Final = 16
"""Folders that are left out because of their rules; each round of them costs a walk."""
_MAX_PROBLEMS: Final = 100
_SHOWN: Final = 400
_KINDS: Final = (*IGNORE_FILES, ".git")


@dataclass(frozen=True, slots=True)
class _Fault:
    path: str
    kind: str
    """Its name in `IGNORE_FILES`, or `.git` for what belongs to git."""
    why: str


class BadRules(Exception):
    """A walk has met rules that must not be read, and has to begin again without them."""


class RuleGuard:
    """What one scan must do without: folders with bad rules, and kinds of rules where no folder can go."""

    def __init__(self, root: str, settings: DiscoverySettings, problems: list[Problem]) -> None:
        self._prefix = root.rstrip("/\\") + os.sep
        self._problems = problems
        self._known: dict[str, _Fault | None] = {}
        self._patterns = 0
        self._bytes = 0
        self.left_out: dict[str, None] = {}
        """Folders, relative to the root."""
        self.unfollowed = set() if settings.use_ignore_files else {*_KINDS} - {OWN_IGNORE_FILE}
        """Kinds of rules that are not followed at all."""
        self.found_any = False

    def look_above(self, start: str) -> None:
        """Look at `start` and the folders above it, whose rules apply to it as well."""
        folder = start
        while True:
            for fault in self._faults_in(folder):
                self._unfollow(fault)
            parent = os.path.dirname(folder)
            if parent == folder:
                return
            folder = parent

    def folders_in(self, parent: str) -> list[str]:
        """The folders in a folder, once it is certain that the walker may look into them; else `BadRules`."""
        try:
            with os.scandir(parent) as entries:
                folders = [entry.path for entry in entries if entry.is_dir(follow_symlinks=False)]
        except OSError:
            return []  # The walker cannot list it either, and tells.
        if self._finds_new(folders):
            raise BadRules
        return folders

    def _finds_new(self, folders: Iterable[str]) -> bool:
        found = False
        for folder in folders:
            relative = folder[len(self._prefix) :].replace(os.sep, "/")
            if relative in self.left_out:
                continue
            for fault in self._faults_in(folder):
                found = True
                if len(self.left_out) >= _MAX_LEFT_OUT or "\n" in relative or not is_unicode(relative):
                    self._unfollow(fault)
                    continue
                self.left_out[relative] = None
                self._report(fault, "its folder is left out")
                break
        return found

    def _faults_in(self, folder: str) -> list[_Fault]:
        faults = []
        for path, kind in _rule_files_in(folder):
            if kind in self.unfollowed:
                continue
            if path not in self._known:
                why = self._why_not(path, kind)
                self._known[path] = _Fault(path, kind, why) if why else None
            if (fault := self._known[path]) is not None:
                faults.append(fault)
        return faults

    def _why_not(self, path: str, kind: str) -> str:
        info = _metadata(path)
        if info is None or stat.S_ISDIR(info.st_mode):
            return ""
        if not stat.S_ISREG(info.st_mode):
            return "it is not a regular file but a pipe or a device; remove it"
        if kind != ".git" and path.startswith(self._prefix) and not self._leads_inside(path):
            return "it is a link that leads out of the folder; replace it by a file"
        if info.st_size > MAX_RULE_FILE:
            return f"it has {info.st_size:,} bytes, more than the {MAX_RULE_FILE:,} that are read; shorten it"
        try:
            patterns = read_regular(path, MAX_RULE_FILE).count(b"\n") + 1
        except OSError:
            return ""  # Gone or unreadable: the walker cannot follow it either, and says so.
        if patterns > _MAX_PATTERNS:
            return f"it has {patterns:,} lines, more than the {_MAX_PATTERNS:,} that are read; shorten it"
        if self._patterns + patterns > _ALL_PATTERNS or self._bytes + info.st_size > _ALL_BYTES:
            return "the ignore files before it have as many patterns as are read in all; shorten them"
        self._patterns += patterns
        self._bytes += info.st_size
        return ""

    def _leads_inside(self, path: str) -> bool:
        return not os.path.islink(path) or os.path.realpath(path).startswith(self._prefix)

    def _unfollow(self, fault: _Fault) -> None:
        if fault.kind not in self.unfollowed:
            self.unfollowed.add(fault.kind)
            kind = "rules of git" if fault.kind == ".git" else f"{fault.kind} file"
            self._report(fault, f"no {kind} is followed")

    def _report(self, fault: _Fault, effect: str) -> None:
        self.found_any = True
        path = fault.path.removeprefix(self._prefix)
        shown = path if len(path) <= _SHOWN else f"{path[: _SHOWN // 2]} ... {path[-_SHOWN // 2 :]}"
        if len(self._problems) < _MAX_PROBLEMS:
            self._problems.append(Problem(Code.BAD_IGNORE_FILE, f"{effect} because of {shown}: {fault.why}"))


def _rule_files_in(folder: str) -> list[tuple[str, str]]:
    files = [(f"{folder}/{name}", name) for name in IGNORE_FILES]
    if (git := _metadata(f"{folder}/.git")) is not None:
        if stat.S_ISREG(git.st_mode):
            files += [(path, ".git") for path in files_by_git_file(f"{folder}/.git")]
            real = git_folder(f"{folder}/.git")
            files += [] if real is None else [(f"{real}/commondir", ".git")]
        if (exclude := git_exclude_file(f"{folder}/.git")) is not None:
            files.append((exclude, ".git"))
        files.append((f"{folder}/.git", ".git"))
    return files


def _metadata(path: str) -> os.stat_result | None:
    try:
        return os.stat(path)
    except (OSError, ValueError):
        return None  # Missing, or a link to nowhere: the walker cannot open it either.
