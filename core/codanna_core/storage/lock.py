"""The writer lock: at most one process writes an index, and its death frees it at once."""

from __future__ import annotations

import errno
import os
import sys
from pathlib import Path
from types import TracebackType

from codanna_core.runtime.system import is_alive
from codanna_core.storage.private import open_file

NOT_WRITABLE = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})
"""Errors of a place where this user may read at most."""


_LOCKED = 1
"""Bytes at the start that are locked: on Windows no one else can read them, so the owner comes after them."""
_OWNER = 31
"""Bytes of the owner. The file keeps its length, because Windows cuts no file that has a locked byte."""


class WriterLock:
    """An operating-system lock on a file, so that no stale lock survives a killed process."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor: int | None = None
        self.refused: OSError | None = None
        """Why the lock file cannot be written, where that is so."""

    @property
    def held(self) -> bool:
        """Whether this process writes the index."""
        return self._descriptor is not None

    def acquire(self) -> bool:
        """Take the lock if nobody has it; never waits. False too, with `refused`, where this user may not
        write here.
        """
        if self._descriptor is not None:
            return True
        self.refused = None
        try:
            descriptor = open_file(self._path, os.O_RDWR | os.O_CREAT)
        except OSError as error:
            if error.errno not in NOT_WRITABLE:
                raise
            self.refused = error
            return False
        try:
            _lock(descriptor)
        except OSError:
            os.close(descriptor)
            return False
        self._descriptor = descriptor
        try:
            _sign(descriptor, str(os.getpid()))
        except OSError:
            pass  # A full disk: the lock holds without the name of its owner.
        return True

    def owner(self) -> int | None:
        """Process id of the last one that took the lock, as far as it can be read."""
        try:
            descriptor = open_file(self._path, os.O_RDONLY)
        except OSError:
            return None
        try:
            os.lseek(descriptor, _LOCKED, os.SEEK_SET)
            return int(os.read(descriptor, _OWNER))
        except (OSError, ValueError):
            return None
        finally:
            os.close(descriptor)

    def is_held_elsewhere(self) -> bool:
        """Whether another living process holds the lock, as far as can be told without touching it."""
        owner = self.owner()
        return owner is not None and owner != os.getpid() and is_alive(owner)

    def release(self) -> None:
        """Give the lock back; the file stays, since removing it would race with the next owner."""
        if self._descriptor is not None:
            try:
                _sign(self._descriptor, "")
                _unlock(self._descriptor)
            except OSError:
                pass  # Then the name of this process stays in it, which is about to end.
            os.close(self._descriptor)
            self._descriptor = None

    def __enter__(self) -> WriterLock:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


def _sign(descriptor: int, owner: str) -> None:
    """Write who has the lock; nobody in place of an owner."""
    os.lseek(descriptor, 0, os.SEEK_SET)
    os.write(descriptor, b" " * _LOCKED + f"{owner:<{_OWNER - 1}}\n".encode("ascii"))


if sys.platform == "win32":
    import msvcrt

    def _lock(descriptor: int) -> None:
        _at_start(descriptor, msvcrt.LK_NBLCK)

    def _unlock(descriptor: int) -> None:
        _at_start(descriptor, msvcrt.LK_UNLCK)

    def _at_start(descriptor: int, how: int) -> None:
        # The lock is one of a range that starts where the file stands.
        os.lseek(descriptor, 0, os.SEEK_SET)
        msvcrt.locking(descriptor, how, 1)

else:
    import fcntl

    def _lock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def _unlock(descriptor: int) -> None:
        """Closing does it, and no process that inherited the descriptor can do it for its owner."""
