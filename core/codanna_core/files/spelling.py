"""How a path is spelled on disk, where names that differ in case are one file."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Final

CASE_MAY_NOT_COUNT: Final[bool] = sys.platform in {"win32", "darwin"}
"""Whether file systems on which case does not count are usual; each folder is asked which kind it has."""


def spelled_as_on_disk(root: Path, relative: str) -> str:
    """The path as the folders below the root list it: a file has one name, however an editor spells it.

    A part is only changed where the given spelling opens something that no folder lists: on a file system on
    which case counts, that never happens.
    """
    folder, parts = root, []
    for part in relative.split("/"):
        spelled = _spelled(folder, part)
        parts.append(spelled)
        folder /= spelled
    return "/".join(parts)


def _spelled(folder: Path, part: str) -> str:
    try:
        names = os.listdir(folder)
    except OSError:
        return part
    if part in names or not os.path.lexists(folder / part):
        return part
    alike = [name for name in names if name.casefold() == part.casefold()]
    return alike[0] if len(alike) == 1 else part
