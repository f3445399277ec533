"""A look at the known files before the engine is loaded: where some have changed a helper that parses will be
needed, and can start meanwhile.

This only guesses. What is to be indexed is decided by the run, which also finds new files and other rules.
"""

from __future__ import annotations

import os
from pathlib import Path
from threading import Thread

from codanna_core.errors import CodannaError
from codanna_core.files.table import FileTable
from codanna_core.indexing.layout import IndexFolder
from codanna_core.indexing.names_on_disk import FILES
from codanna_core.indexing.ownership import Standing
from codanna_core.languages.text_only import grammar_of
from codanna_core.parsing.parser import HELPERS

INLINE_FILES = 12
"""Up to this many files are parsed by a helper: starting workers would cost more."""
_MOST_KNOWN = 5_000
"""In a larger folder the look itself would be felt."""


def expect_changes(root: Path, index: Path) -> None:
    """Start a helper where a few of the known files have changed. What cannot be read is left to the run."""
    try:
        changed = _changed(root, IndexFolder(index, root))
    except (CodannaError, OSError, ValueError):
        return
    if len(changed) <= INLINE_FILES and any(grammar_of(b"", path) is not None for path in changed):
        # On a thread, for who starts a process waits until the system has done so.
        Thread(target=_start_helper, name="codanna-helper-ahead", daemon=True).start()


def _changed(root: Path, folder: IndexFolder) -> list[str]:
    """Known files with another size or time; as many as make clear that they are too many."""
    if folder.check() is Standing.FREE:
        return []
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


def _start_helper() -> None:
    try:
        HELPERS.warm()
    except (CodannaError, OSError):
        pass  # Who asks for it is told.
