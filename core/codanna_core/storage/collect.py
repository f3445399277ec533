"""Removes folders that no manifest names any more."""

from __future__ import annotations

import os
import shutil
from pathlib import Path


def remove_tree(path: Path) -> None:
    """Remove a folder of index files; what another process still holds open is left for the next time."""
    shutil.rmtree(path, ignore_errors=True)


def remove_if_empty(path: Path) -> None:
    """Remove a folder that holds nothing any more."""
    try:
        path.rmdir()
    except OSError:
        pass  # Somebody else's files are in it; they stay.


def tree_size(path: Path) -> int:
    """Bytes of all files below a folder."""
    total = 0
    for folder, _, names in os.walk(path):
        for name in names:
            try:
                total += os.stat(os.path.join(folder, name)).st_size
            except OSError:
                continue  # Deleted by the writer since it was listed.
    return total
