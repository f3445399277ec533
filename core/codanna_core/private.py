"""What this program writes is its user's alone: indexes, logs and models repeat what private sources say."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

_OTHERS: Final = 0o077
_users_umask: int | None = None


@contextmanager
def private_files() -> Iterator[None]:
    """Inside, new files and folders are the user's alone, those of libraries and children included."""
    global _users_umask
    before = os.umask(_OTHERS)
    _users_umask = before
    try:
        yield
    finally:
        _users_umask = None
        os.umask(before)


def private_folder(folder: Path) -> Path:
    """Make a folder that only its user can open; one that is there already is closed to others.

    Raises an OSError where it belongs to another user or is a link, as in a temporary folder that all share.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    with suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    info = folder.lstat()
    if os.name == "posix":
        if folder.is_symlink() or info.st_uid != os.getuid():
            raise PermissionError(13, "not a folder of this user", str(folder))
        if info.st_mode & _OTHERS:
            folder.chmod(info.st_mode & 0o700)
    return folder


def share_as_the_user_wants(path: Path) -> None:
    """Give a file that the user named the mode that their umask says, as any program would."""
    if _users_umask is not None:
        path.chmod(0o666 & ~_users_umask)
