"""The folders in which git has checked out one repository, read as data: no git process runs.

Any folder can claim to belong to any repository, so a claim of one side counts for nothing: the worktree has
to name the repository, and the repository the worktree.
"""

from __future__ import annotations

import os
from pathlib import Path
from stat import S_ISDIR, S_ISREG

from codanna_core.files.inside import read_inside
from codanna_core.files.revision import pointed_to

_SMALL = 4096
_MOST = 100
"""Worktrees that are looked at."""


def other_worktrees(root: Path) -> list[Path]:
    """The other worktrees of the repository that `root` is one of, the main one first."""
    repository = _repository(root)
    if repository is None:
        return []
    found = [repository.parent] if repository.name == ".git" else []
    try:
        names = sorted(os.listdir(repository / "worktrees"))[:_MOST]
    except OSError:
        names = []
    for name in names:
        try:
            place = _named(repository / "worktrees" / name, "gitdir")
        except (OSError, ValueError):
            continue
        found.append(place.parent)
    return [other for other in dict.fromkeys(found) if other != root and _repository(other) == repository]


def _repository(root: Path) -> Path | None:
    """The folder of the repository that this is a worktree of; None if either side does not say so."""
    git = root / ".git"
    try:
        mode = os.lstat(git).st_mode
        if S_ISDIR(mode):
            return Path(os.path.realpath(git))
        if not S_ISREG(mode):
            return None
        pointer = pointed_to(read_inside(root, ".git", _SMALL))
        if pointer is None:
            return None
        own = Path(os.path.realpath(root / pointer))
        repository = _named(own, "commondir")
        if own.parent != repository / "worktrees" or _named(own, "gitdir") != git:
            return None
    except (OSError, ValueError):
        return None
    return repository


def _named(folder: Path, name: str) -> Path:
    """The path in a small file, seen from the file's folder."""
    text = read_inside(folder, name, _SMALL).decode("utf-8", "surrogateescape").strip("\r\n")
    if not text or "\n" in text or "\0" in text or text.replace("\\", "/").startswith("//"):
        raise ValueError(f"{name} names no path")
    path = folder / text
    # The last part is looked at for what it is, not for where it leads.
    return (
        Path(os.path.realpath(path.parent)) / path.name
        if path.name == ".git"
        else Path(os.path.realpath(path))
    )
