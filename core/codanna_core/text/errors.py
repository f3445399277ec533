"""What an error of tantivy means: what the environment did, which passes, or damage, which is healed."""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

from codanna_core.errors import IndexCorrupt

_LEAST_FREE = 256 << 10
"""With less than this on the disk no segment can be written."""
_OS_ERROR = re.compile(r"\(os error (\d+)\)")
_ENVIRONMENT = frozenset(
    number
    for name in (
        *("EACCES", "EPERM", "EROFS", "EMFILE", "ENFILE", "EIO", "ENOSPC", "EDQUOT", "ENOMEM", "EBUSY"),
        *("EAGAIN", "EINTR", "ESTALE", "ETIMEDOUT", "ENOLCK"),
    )
    if (number := getattr(errno, name, None)) is not None
)
"""What the operating system refuses although the files are as they were written."""


def classify_error(error: BaseException, folder: Path, what: str) -> OSError | IndexCorrupt:
    """What an error met in the index means: the environment's fault, which passes, or damage, which is
    healed by building the index anew.
    """
    number = error.errno if isinstance(error, OSError) else None
    if number is None and (found := _OS_ERROR.search(str(error))):
        number = int(found[1])  # Tantivy tells everything by ValueError.
    if number in _ENVIRONMENT:
        assert number is not None
        return OSError(number, os.strerror(number), str(getattr(error, "filename", None) or folder))
    return IndexCorrupt(folder, f"the text index {what} ({error})")


class Reading:
    """Turns what tantivy throws, panics included, into what it means."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __enter__(self) -> None:
        """Nothing has to be done before."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(error, ValueError | OSError):
            raise classify_error(error, self._folder, "cannot be read") from error
        # A Rust panic arrives as a BaseException of a class that cannot be imported.
        if error is not None and type(error).__name__ == "PanicException":
            raise classify_error(error, self._folder, "is damaged") from error


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Tantivy tells everything by ValueError; what the environment did wrong is an OSError for everybody
    else.
    """
    try:
        yield
    except ValueError as error:
        told = classify_error(error, folder, "cannot be written")
        if isinstance(told, OSError):
            raise told from error
        # A write that failed in one of tantivy's threads is only told as "the writer was killed".
        if _is_full(folder):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(folder)) from error
        raise OSError(errno.EIO, f"the text index cannot be written ({error})", str(folder)) from error


def _is_full(folder: Path) -> bool:
    from shutil import disk_usage  # Late: it loads three libraries for archives.

    return disk_usage(folder).free < _LEAST_FREE
