"""Reading files whose names come from a workspace: they may be anything by the time they are opened.

A name that was a file a moment ago may be a named pipe now, opening which waits for its other end forever, or
a device that never ends. So nothing here blocks, and nothing is read beyond a limit.
"""

from __future__ import annotations

import errno
import os
import stat
from typing import BinaryIO, Final

_FLAGS: Final = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


def open_regular(path: str | os.PathLike[str]) -> BinaryIO:
    """Open a file to read it, unbuffered; OSError for whatever is not a regular file, without waiting."""
    # Looked at before it is opened, too: opening alone makes some devices do something.
    _check(os.stat(path), path)
    descriptor = os.open(path, _FLAGS)
    try:
        _check(os.fstat(descriptor), path)
        return os.fdopen(descriptor, "rb", buffering=0)
    except BaseException:
        os.close(descriptor)
        raise


def read_regular(path: str | os.PathLike[str], limit: int) -> bytes:
    """At most the first `limit` bytes of a file; OSError as from `open_regular`."""
    with open_regular(path) as file:
        return read_up_to(file, limit)


def read_up_to(file: BinaryIO, limit: int) -> bytes:
    """At most `limit` bytes, however many the file claims to have: it may grow, or not know its size."""
    parts = []
    left = limit
    size = os.fstat(file.fileno()).st_size
    while left > 0 and (data := file.read(min(left, max(size, 1 << 16)))):
        parts.append(data)
        left -= len(data)
        size -= len(data)
    return parts[0] if len(parts) == 1 else b"".join(parts)


def _check(info: os.stat_result, path: str | os.PathLike[str]) -> None:
    if stat.S_ISDIR(info.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), os.fspath(path))
    if not stat.S_ISREG(info.st_mode):
        raise OSError(errno.EINVAL, "not a regular file", os.fspath(path))
