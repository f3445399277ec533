"""A look at a folder before the engine is loaded, so that the processes which will be needed start meanwhile:
one that parses where a few known files have changed, workers where there is no index yet.

This only guesses. What is to be indexed is decided by the run, which also finds new files and other rules.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from threading import Thread

from codanna_core.config import Settings
from codanna_core.errors import CodannaError
from codanna_core.indexing.layout import IndexFolder
from codanna_core.indexing.location import index_path
from codanna_core.indexing.names_on_disk import FILES
from codanna_core.indexing.ownership import Standing
from codanna_core.indexing.waiting import FILES_A_WORKER, MOST_WORKERS, start_workers, worker_count
from codanna_core.languages.registry import language_by_name, languages
from codanna_core.runtime.limits import Limits
from codanna_core.runtime.pace import AT_ONCE

INLINE_FILES = 12
"""Up to this many files are parsed by a helper: starting workers would cost more."""
_MOST_KNOWN = 5_000
"""In a larger folder the look itself would be felt."""
_MOST_LISTED = 1_000


def expect_run(root: Path, index_dir: Path | str | None, settings: Settings) -> None:
    """Start what a run will need. What cannot be read is left to the run."""
    try:
        folder = IndexFolder(index_path(root, index_dir, settings), root)
        if folder.check() is Standing.FREE:
            _expect_all(root, settings)
        else:
            _expect_few(_changed(root, folder))
    except (CodannaError, OSError, ValueError):
        pass


def _expect_all(root: Path, settings: Settings) -> None:
    files = sum(1 for _ in islice(_sources(root), MOST_WORKERS * FILES_A_WORKER))
    if files > INLINE_FILES:
        _beside(lambda: start_workers(worker_count(settings, files), Limits(nice=AT_ONCE.nice)))


def _sources(root: Path) -> Iterator[str]:
    """Files that are probably parsed, of the first so many entries."""
    folders, looked_at = deque([root]), 0
    while folders:
        with os.scandir(folders.popleft()) as entries:
            for entry in entries:
                looked_at += 1
                if looked_at > _MOST_LISTED:
                    return
                if entry.name.startswith("."):
                    continue
                if entry.is_dir(follow_symlinks=False):
                    folders.append(Path(entry.path))
                elif _grammar_for(entry.name):
                    yield entry.name


def _expect_few(changed: list[str]) -> None:
    parsed = [language for path in changed if (language := _grammar_for(path))]
    if parsed and len(changed) <= INLINE_FILES:
        from codanna_core.parsing.parser import HELPERS

        _beside(lambda: HELPERS.warm(parsed[0]))


def _changed(root: Path, folder: IndexFolder) -> list[str]:
    """Known files with another size or time; as many as make clear that they are too many."""
    from codanna_core.files.table import FileTable

    table = FileTable.from_bytes(memoryview(folder.directory.read(FILES))[8:])
    changed: list[str] = []
    if len(table) > _MOST_KNOWN:
        return changed
    for path, mtime_ns, size in zip(table.paths, table.mtime_ns.tolist(), table.size.tolist(), strict=True):
        try:
            info = os.lstat(os.path.join(root, path))
        except OSError:
            continue  # Gone, which takes no parser.
        if (info.st_mtime_ns, info.st_size) != (mtime_ns, size):
            changed.append(path)
            if len(changed) > INLINE_FILES:
                break
    return changed


def _grammar_for(path: str) -> str:
    """The language that a file is parsed as, if its name tells; else nothing."""
    name = language_by_name(path)
    return name if name is not None and languages()[name].grammar is not None else ""


def _beside(start: Callable[[], None]) -> None:
    """On a thread, for who starts a process waits until the system has done so."""

    def tried() -> None:
        try:
            start()
        except (CodannaError, OSError):
            pass  # Who needs the process is told.

    Thread(target=tried, name="codanna-ahead", daemon=True).start()
