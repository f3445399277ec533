"""Removes what no manifest names any more: our own files, known by their exact names, and nothing else."""

from __future__ import annotations

import os
import re
from pathlib import Path

_OWN = (
    # A text index, as tantivy writes it.
    r"(?:meta|\.managed)\.json|\.tantivy-(?:writer|meta)\.lock|\.tmp\w{6}|[0-9a-f]{32}(?:\.\d+)?\.[a-z]+"
    # Vectors and names.
    r"|vectors\.json(?:\.tmp)?|(?:seg|dead|rotation)-\d{8}\.vec|wal-\d{8}\.log"
    r"|names-\d{8}\.bin|added\.log"
    # Facts.
    r"|facts\.json(?:\.tmp)?|facts-\d{8}\.(?:fct|log)"
)
"""Compiled on first use: most runs remove nothing."""


def remove_folder(path: Path) -> None:
    """Remove a folder that this program made, with the files that it writes there.

    What somebody else put into it stays, and so does the folder then. Links are not followed. What another
    process still holds open is left for the next time.
    """
    try:
        if path.is_symlink():
            return
        with os.scandir(path) as entries:
            own = [entry.path for entry in entries if _is_own(entry)]
    except OSError:
        return  # It is gone already, or is not a folder.
    for file in own:
        try:
            os.unlink(file)
        except OSError:
            pass  # In use on Windows, or gone since it was listed.
    remove_if_empty(path)


def _is_own(entry: os.DirEntry[str]) -> bool:
    return re.fullmatch(_OWN, entry.name) is not None and entry.is_file(follow_symlinks=False)


def remove_if_empty(path: Path) -> None:
    """Remove a folder that holds nothing any more."""
    try:
        path.rmdir()
    except OSError:
        pass  # Somebody else's files are in it; they stay.


def tree_size(path: Path) -> int:
    """Bytes of all files below a folder; links are not followed."""
    total = 0
    for folder, _, names in os.walk(path):
        for name in names:
            try:
                total += os.lstat(os.path.join(folder, name)).st_size
            except OSError:
                continue  # Deleted by the writer since it was listed.
    return total
