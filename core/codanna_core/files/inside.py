"""Reads files of a workspace by paths that come from an index: data until checked.

A path is followed part by part from the root, so that none can lead out of it: not by `..`, not by being
absolute, not through a link, even if the link is put there at this moment.
"""

from __future__ import annotations

import errno
import os
from pathlib import Path
from stat import S_ISLNK, S_ISREG

from codanna_core.files.reading import read_up_to
from codanna_core.runtime.system import WINDOWS

_NO_FOLLOW = getattr(os, "O_NOFOLLOW", 0)
_FILE = (
    os.O_RDONLY
    | _NO_FOLLOW
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_BINARY", 0)
    | getattr(os, "O_NONBLOCK", 0)  # A pipe would keep its reader waiting.
)
# To pass through a folder needs no right to list it, where the system can tell the two apart.
_FOLDER = getattr(os, "O_PATH", os.O_RDONLY) | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_CLOEXEC", 0)
_BY_PARTS = bool(_NO_FOLLOW) and os.open in os.supports_dir_fd


def is_inside(path: str) -> bool:
    """Whether this has the form of a path below a root, as the index writes them."""
    if not path or "\0" in path or path.startswith("/"):
        return False
    if WINDOWS and ("\\" in path or ":" in path):
        return False  # A drive, a share, or another stream of a file.
    return not any(part in ("", os.curdir, os.pardir) for part in path.split("/"))


def open_inside(root: Path | str, path: str) -> int:
    """A descriptor of a regular file below the root; OSError for everything else."""
    if not is_inside(path):
        raise OSError(errno.EACCES, "its path leads out of the folder", path)
    descriptor = _open_by_parts(root, path) if _BY_PARTS else _open_at_once(root, path)
    try:
        _check(os.fstat(descriptor), path)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def read_inside(root: Path | str, path: str, limit: int) -> bytes:
    """At most the first `limit` bytes of a regular file below the root; OSError as from `open_inside`."""
    with open(open_inside(root, path), "rb", buffering=0) as file:
        return read_up_to(file, limit)


def _open_by_parts(root: Path | str, path: str) -> int:
    *folders, name = path.split("/")
    at = os.open(root, _FOLDER)
    try:
        for folder in folders:
            below = os.open(folder, _FOLDER | _NO_FOLLOW, dir_fd=at)
            os.close(at)
            at = below
        # Looked at before it is opened, too: opening alone makes some devices do something.
        _check(os.stat(name, dir_fd=at, follow_symlinks=False), path)
        return os.open(name, _FILE, dir_fd=at)
    finally:
        os.close(at)


def _open_at_once(root: Path | str, path: str) -> int:
    full = os.fspath(root)
    for part in path.split("/"):
        full = os.path.join(full, part)
        info = os.lstat(full)
        if S_ISLNK(info.st_mode) or getattr(info, "st_reparse_tag", 0) == _JUNCTION:
            raise OSError(errno.ELOOP, "a link is in the way", path)
    _check(info, path)
    return os.open(full, _FILE)


def _check(info: os.stat_result, path: str) -> None:
    if not S_ISREG(info.st_mode):
        raise OSError(errno.EINVAL, "it is not a regular file", path)


_JUNCTION = 0xA0000003
