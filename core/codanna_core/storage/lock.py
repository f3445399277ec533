"""The writer lock: at most one process writes an index, and its death frees it at once."""

from __future__ import annotations

import errno
import os
import sys
from pathlib import Path
from types import TracebackType

from codanna_core.storage.private import open_file

NOT_WRITABLE = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})
"""Errors of a place where this user may read at most."""


_LONGEST_OWNER = 32


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
            os.ftruncate(descriptor, 0)
            # The owner is written after the locked byte, so that others may read who it is.
            os.write(descriptor, f" {os.getpid()}\n".encode("ascii"))
        except OSError:
            pass  # A full disk: the lock holds without the name of its owner.
        return True

    def owner(self) -> int | None:
        """Process id of the last one that took the lock, as far as it can be read."""
        try:
            with open(open_file(self._path, os.O_RDONLY), encoding="ascii") as file:
                return int(file.read(_LONGEST_OWNER).strip())
        except (OSError, ValueError):
            return None

    def is_held_elsewhere(self) -> bool:
        """Whether another living process holds the lock, as far as can be told without touching it."""
        owner = self.owner()
        return owner is not None and owner != os.getpid() and _is_alive(owner)

    def release(self) -> None:
        """Give the lock back; the file stays, since removing it would race with the next owner."""
        if self._descriptor is not None:
            try:
                os.ftruncate(self._descriptor, 0)
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


if sys.platform == "win32":
    import msvcrt

    def _lock(descriptor: int) -> None:
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)

    def _is_alive(process: int) -> bool:
        return True  # Asking by a signal would end it on this system.

else:
    import fcntl

    def _lock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def _is_alive(process: int) -> bool:
        try:
            os.kill(process, 0)
        except ProcessLookupError:
            return False
        except PermissionError:
            pass  # It runs as another user.
        return True
