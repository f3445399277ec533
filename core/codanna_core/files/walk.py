"""Finding the files of a workspace: a full walk the first time, afterwards only a look at what changed."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np
from ignore import Error as IgnoreError
from ignore import IOError as IgnoreIOError

from codanna_core.cancel import Cancel
from codanna_core.config import DiscoverySettings
from codanna_core.errors import FolderMissing
from codanna_core.files.found import Scan, ScanKind
from codanna_core.files.listing import Listing, Signature, is_below
from codanna_core.files.nothing_left import nothing_left
from codanna_core.files.reasons import SkipReason, is_unicode, reason_by_name
from codanna_core.files.rule_guard import BadRules, RuleGuard
from codanna_core.files.rules import (
    excluding_problems,
    inner_rule_files,
    is_output_folder,
    newest_change_ns,
    outer_rule_files,
    rules_key,
    walk_builder,
)
from codanna_core.files.table import RACY_NS
from codanna_core.model import Problem
from codanna_core.problems import Code

_EXAMPLES: Final = 5
_MAX_PROBLEMS: Final = 100
_CANCEL_EVERY: Final = 1024
_LONG_PATH: Final = 400
_MAX_RELISTED: Final = 200
"""More changed folders than this, and one walk over everything is cheaper than many small ones."""


def scan(
    root: Path,
    settings: DiscoverySettings,
    previous: Listing | None = None,
    cancel: Cancel | None = None,
) -> Scan:
    """Find all files of the workspace.

    `previous` is the listing of an earlier scan of the same root; where it still holds, only a stat of each
    folder and file is needed. Raises `FolderMissing` where the root is no folder any more; whatever cannot be
    read below it becomes a problem.
    """
    top = os.path.realpath(root)
    if not os.path.isdir(top):
        raise FolderMissing(root)
    os.scandir(top).close()  # A root that cannot be listed raises here; else it would pass for an empty one.
    walker = _Walker(top, settings, cancel)
    listing, how = walker.refresh(previous) if previous is not None else (None, ScanKind.FULL)
    if listing is None:
        listing, how = walker.full(), ScanKind.FULL
    return walker.finish(listing, how)


def is_indexable(root: Path, path: str, settings: DiscoverySettings) -> SkipReason | None:
    """Judge one root-relative path by the rules that `scan` follows; the content is not looked at."""
    return are_indexable(root, [path], settings)[path]


def are_indexable(root: Path, paths: list[str], settings: DiscoverySettings) -> dict[str, SkipReason | None]:
    """`is_indexable` for many paths at once: each folder on the way is listed once."""
    walker = _Walker(os.path.realpath(root), settings, None)
    listed: dict[str, set[str]] = {}
    return {path: walker.judge(path, listed) for path in paths}


class _Walker:
    def __init__(self, root: str, settings: DiscoverySettings, cancel: Cancel | None) -> None:
        self.root = root
        self.prefix = root.rstrip("/\\") + os.sep
        self.settings = settings
        self.cancel = cancel
        self.problems: list[Problem] = excluding_problems(settings)
        self.guard = RuleGuard(root, settings, self.problems)
        self.stats: dict[str, os.stat_result] = {}
        """What the walk has looked at already."""

    def full(self) -> Listing:
        """Walk the whole tree."""
        started = time.time_ns()
        listing = Listing()
        self.walk(self.root, None, listing)
        listing.files.sort()
        self.note_rules(listing, started)
        return listing

    def note_rules(self, listing: Listing, started_ns: int) -> None:
        folders = [self.absolute(folder) for folder in listing.folders]
        files = outer_rule_files(self.root, self.settings) + inner_rule_files(folders)
        listing.rule_files = sorted(dict.fromkeys(files))
        if self.guard.found_any:
            return  # Without a key the next scan looks again, and says again what is wrong.
        key = rules_key(listing.rule_files, self.settings)
        # Rules edited while the walk read them may not be those it followed: do not trust them next time.
        edited_meanwhile = newest_change_ns(_regular(listing.rule_files)) >= started_ns
        listing.key = b"" if edited_meanwhile else key

    def refresh(self, previous: Listing) -> tuple[Listing | None, ScanKind]:
        """Bring a listing up to date, or return None where only a full walk can tell."""
        if not previous.key or not previous.folders:
            return None, ScanKind.FULL
        if rules_key(previous.rule_files, self.settings) != previous.key:
            return None, ScanKind.FULL
        for folder, reason in previous.skipped.items():
            if reason is SkipReason.COMMON_FOLDER and not self.is_output(folder):
                return None, ScanKind.FULL
        dirty = []
        removed = []
        for folder, signature in previous.folders.items():
            try:
                info = os.lstat(self.absolute(folder))
            except OSError:
                removed.append(folder)
                continue
            if not stat.S_ISDIR(info.st_mode):
                removed.append(folder)
            elif not signature.proves_unchanged(info, RACY_NS):
                dirty.append(folder)
        if not dirty and not removed:
            return previous, ScanKind.STAT_ONLY
        if len(dirty) + len(removed) > _MAX_RELISTED or "" in removed:
            return None, ScanKind.FULL
        return self.relist(previous, dirty, removed), ScanKind.PARTIAL

    def relist(self, previous: Listing, dirty: list[str], removed: list[str]) -> Listing | None:
        """List the changed folders again; None where the change touches rules."""
        started = time.time_ns()
        known_rules = set(previous.rule_files)
        if not known_rules.issuperset(inner_rule_files(self.absolute(folder) for folder in dirty)):
            return None
        if any(self.is_output(folder) for folder in dirty if folder):
            return None
        gone = set(removed)
        changed = set(dirty)
        merged = Listing(previous.key, previous.rule_files)

        def kept(path: str) -> bool:
            return path.rpartition("/")[0] not in changed and not is_below(path, gone)

        merged.skipped = {path: reason for path, reason in previous.skipped.items() if kept(path)}
        merged.files = [path for path in previous.files if kept(path)]
        merged.folders = {
            path: signature for path, signature in previous.folders.items() if not is_below(path, gone)
        }
        fresh: list[str] = []
        for folder in dirty:
            if folder in gone or is_below(folder, gone):
                continue
            level = Listing()
            self.walk(self.absolute(folder), 1, level)
            merged.files += level.files
            merged.skipped |= level.skipped
            for path, signature in level.folders.items():
                if path == folder:
                    merged.folders[path] = signature
                elif path not in merged.folders:
                    fresh.append(path)
            # What stood beside a known folder may have been the reason to keep it, or to leave it out.
            children = {path for path in merged.folders if path and path.rpartition("/")[0] == folder}
            if not children <= level.folders.keys():
                return None
        if self.guard.found_any:
            return None
        for folder in fresh:
            below = Listing()
            self.walk(self.absolute(folder), None, below)
            merged.files += below.files
            merged.skipped |= below.skipped
            merged.folders |= below.folders
        rules = inner_rule_files(self.absolute(folder) for folder in fresh)
        rules += inner_rule_files(
            self.absolute(path)
            for path in merged.folders
            if path not in previous.folders and path not in fresh
        )
        if rules:
            merged.rule_files = sorted({*previous.rule_files, *rules})
            merged.key = rules_key(merged.rule_files, self.settings)
            if newest_change_ns(_regular(rules)) >= started:
                merged.key = b""
        merged.files.sort()
        return merged

    def walk(self, start: str, depth: int | None, into: Listing) -> None:
        """Add what the rules let through below `start`, itself included. Files come unsorted.

        A folder with rules that must not be read is left out, and the walk begins again without it.
        """
        while True:
            level = Listing()
            try:
                self.walk_once(start, depth, level)
            except BadRules:
                continue
            into.files += level.files
            into.skipped |= level.skipped
            into.folders |= level.folders
            return

    def walk_once(self, start: str, depth: int | None, into: Listing) -> None:
        """The same; `BadRules` where it has to begin again."""
        prefix = self.prefix
        skip = len(prefix)
        pruned = "\0"
        entries = self.entries(start, depth)
        while True:
            before = time.time_ns()
            path = next(entries, None)
            if path is None:
                return
            relative = path[skip:].replace(os.sep, "/") if path != self.root else ""
            if relative.startswith(pruned):
                continue
            if not relative.isascii() and not is_unicode(relative):
                into.skipped[relative] = SkipReason.BAD_NAME
                pruned = relative + "/"
                continue
            try:
                info = os.lstat(path)
            except FileNotFoundError:
                continue  # Gone since it was listed: as if it had never been there.
            except OSError as error:
                into.skipped[relative] = SkipReason.UNREADABLE
                self.report(path, error)
                continue
            mode = info.st_mode
            if stat.S_ISREG(mode):
                reason = reason_by_name(relative.rpartition("/")[2], self.settings.skip_generated)
                if reason is None:
                    into.files.append(relative)
                    self.stats[relative] = info
                else:
                    into.skipped[relative] = reason
            elif stat.S_ISDIR(mode):
                if relative and self.is_output(relative):
                    into.skipped[relative] = SkipReason.COMMON_FOLDER
                    pruned = relative + "/"
                else:
                    into.folders[relative] = Signature.of(info, before)
            elif stat.S_ISLNK(mode):
                into.skipped[relative] = SkipReason.SYMLINK
            else:
                into.skipped[relative] = SkipReason.NOT_A_FILE

    def entries(self, start: str, depth: int | None) -> Iterator[str]:
        """Absolute paths the rules let through; unreadable places become problems and are passed over."""
        self.guard.look_above(start)
        walk = walk_builder(
            self.root,
            start,
            self.settings,
            depth,
            unfollowed=self.guard.unfollowed,
            left_out=self.guard.left_out,
        ).build()
        unlisted = {start}
        """Folders whose entries the walker has yet to look at."""
        seen = 0
        while True:
            seen += 1
            if self.cancel is not None and seen % _CANCEL_EVERY == 0:
                self.cancel.raise_if_cancelled()
            try:
                entry = next(walk)
            except StopIteration:
                return
            except (IgnoreError, IgnoreIOError, OSError) as error:
                self.report(None, error)
                continue
            path = str(entry.path())
            if path in unlisted:
                unlisted.discard(path)
                unlisted.update(self.guard.folders_in(path))
            yield path

    def finish(self, listing: Listing, how: ScanKind) -> Scan:
        """Stat every file and leave out the large ones."""
        prefix, count = self.prefix, len(listing.files)
        mtime_ns = np.zeros(count, np.int64)
        size = np.full(count, -1, np.int64)
        times: list[int] = []
        sizes: list[int] = []
        lstat, stats = os.lstat, self.stats
        unread: dict[str, SkipReason] = {}
        for number, path in enumerate(listing.files):
            try:
                info = stats.get(path) or lstat(prefix + path)
            except OSError as error:
                times.append(0)
                sizes.append(-1)
                if not isinstance(error, FileNotFoundError):
                    unread[path] = SkipReason.UNREADABLE
                    self.report(prefix + path, error)
                continue
            times.append(info.st_mtime_ns)
            sizes.append(info.st_size)
            if number % _CANCEL_EVERY == 0 and self.cancel is not None:
                self.cancel.raise_if_cancelled()
        mtime_ns[:] = times
        size[:] = sizes
        paths = listing.files
        large = size > self.settings.max_file_size
        for row in np.flatnonzero(large).tolist():
            unread[paths[row]] = SkipReason.TOO_LARGE
        keep = (size >= 0) & ~large
        if not keep.all():
            paths = [path for path, kept in zip(paths, keep.tolist(), strict=True) if kept]
            mtime_ns, size = mtime_ns[keep], size[keep]
        if bad := [path for path, reason in listing.skipped.items() if reason is SkipReason.BAD_NAME]:
            names = ", ".join(map(ascii, bad[:_EXAMPLES]))
            self.problems.append(
                Problem(
                    Code.BAD_NAME,
                    f"{len(bad)} left out because the name is not valid Unicode; rename: {names}",
                )
            )
        if not self.guard.found_any and (problem := nothing_left(self.root, listing, self.settings)):
            self.problems.append(problem)
        if unread != listing.unread:
            listing = replace(listing, unread=unread)
        return Scan(paths, mtime_ns, size, listing.skipped | unread, self.problems, listing, how)

    def judge(self, path: str, listed: dict[str, set[str]]) -> SkipReason | None:
        parts = path.split("/")
        if not {"", ".", ".."}.isdisjoint(parts):
            raise ValueError(f"not a workspace-relative path: {path!r}")
        if not is_unicode(path):
            return SkipReason.BAD_NAME
        folder = ""
        for number, name in enumerate(parts):
            here = f"{folder}/{name}" if folder else name
            last = number == len(parts) - 1
            try:
                info = os.lstat(self.prefix + here)
            except OSError:
                return SkipReason.UNREADABLE
            if stat.S_ISLNK(info.st_mode):
                return SkipReason.SYMLINK
            if folder not in listed:
                listed[folder] = self.names(folder)
            if name not in listed[folder]:
                return SkipReason.IGNORED
            if last:
                if not stat.S_ISREG(info.st_mode):
                    return SkipReason.NOT_A_FILE
                if info.st_size > self.settings.max_file_size:
                    return SkipReason.TOO_LARGE
                return reason_by_name(name, self.settings.skip_generated)
            if self.is_output(here):
                return SkipReason.COMMON_FOLDER
            folder = here
        raise AssertionError("unreachable: a path has at least one part")

    def names(self, folder: str) -> set[str]:
        """Names in one folder that the rules let through."""
        start = self.absolute(folder)
        while True:
            try:
                return {os.path.basename(path) for path in self.entries(start, 1) if path != start}
            except BadRules:
                continue

    def absolute(self, relative: str) -> str:
        return self.prefix + relative if relative else self.root

    def is_output(self, relative: str) -> bool:
        return self.settings.skip_common_folders and is_output_folder(self.prefix + relative)

    def report(self, path: str | None, error: Exception) -> None:
        if len(self.problems) < _MAX_PROBLEMS:
            place = path[len(self.prefix) :] if path is not None else None
            if place is not None and len(place) > _LONG_PATH:
                place = None  # The message has its two ends.
            self.problems.append(
                Problem(Code.UNREADABLE, f"left out, it cannot be read: {_shortened(str(error))}", place)
            )


def _shortened(text: str) -> str:
    """Paths too long for the system make messages too long for people."""
    return text if len(text) <= _LONG_PATH else f"{text[:200]} ... {text[-150:]}"


def _regular(files: list[str]) -> list[str]:
    """Without `.git` folders, whose time stamps change all the time and mean nothing here."""
    return [path for path in files if not path.endswith("/.git")]
