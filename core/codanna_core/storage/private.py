"""Opens our own files without following links, and makes them readable by this user alone."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterator
from pathlib import Path
from stat import S_IMODE, S_ISDIR, S_ISLNK, S_ISREG

from codanna_core.runtime.system import WINDOWS

FILE_MODE = 0o600
FOLDER_MODE = 0o700
OTHERS = 0o077
"""The permission bits of everybody but the owner."""

_NO_FOLLOW = getattr(os, "O_NOFOLLOW", 0)
_ALWAYS = (
    _NO_FOLLOW
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_BINARY", 0)
    | getattr(os, "O_NONBLOCK", 0)  # Opening a pipe must not wait for its other end.
)


def open_file(path: Path | str, flags: int) -> int:
    """A descriptor of a regular file; OSError if a link or anything else is in its place.

    A file opened with O_CREAT has mode 0600 afterwards, whatever the umask is.
    """
    if not _NO_FOLLOW and os.path.lexists(path) and is_link(os.lstat(path)):
        raise _link_error(path)
    try:
        descriptor = os.open(path, flags | _ALWAYS, FILE_MODE)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.EMLINK):
            raise _link_error(path) from error
        raise
    try:
        info = os.fstat(descriptor)
        if not S_ISREG(info.st_mode):
            raise OSError(errno.EINVAL, "not a regular file; remove it", str(path))
        if flags & os.O_CREAT and not WINDOWS and S_IMODE(info.st_mode) != FILE_MODE:
            with contextlib.suppress(OSError):  # A file of another user, or a disk without modes.
                os.fchmod(descriptor, FILE_MODE)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def open_to_read(path: str, flags: int) -> int:
    """`open_file` as an `opener` for the built-in `open`."""
    return open_file(path, flags)


def make_folder(path: Path) -> None:
    """Make a folder that only this user can read, and those above it; an existing one stays as it is."""
    try:
        os.mkdir(path, FOLDER_MODE)
    except FileNotFoundError:
        make_folder(path.parent)
        make_folder(path)
    except FileExistsError:
        check_folder(path)
    else:
        _set_mode(path, os.lstat(path), FOLDER_MODE)


def check_folder(path: Path) -> None:
    """Raise OSError unless this is a folder and no link to one."""
    info = os.lstat(path)
    if is_link(info):
        raise _link_error(path)
    if not S_ISDIR(info.st_mode):
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(path))


def is_link(info: os.stat_result) -> bool:
    """Whether this is a symbolic link, or a junction of Windows."""
    return S_ISLNK(info.st_mode) or getattr(info, "st_reparse_tag", 0) == _JUNCTION


def secure(paths: Iterator[tuple[str, os.stat_result]]) -> None:
    """Take every permission of others away from files and folders, as `os.lstat` showed them."""
    for path, info in paths:
        _set_mode(path, info, FOLDER_MODE if S_ISDIR(info.st_mode) else FILE_MODE)


def _set_mode(path: Path | str, info: os.stat_result, mode: int) -> None:
    if WINDOWS or S_IMODE(info.st_mode) == mode or is_link(info):
        return
    with contextlib.suppress(OSError):  # A read-only disk, or one without modes; whoever asks is told.
        os.chmod(path, mode)


_JUNCTION = 0xA0000003


def _link_error(path: Path | str) -> OSError:
    return OSError(errno.ELOOP, "a link is in its place; remove it", str(path))
