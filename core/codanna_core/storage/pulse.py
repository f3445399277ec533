"""Whether the process that writes an index still runs: others ask through a pipe, while they need to know.

The writer waits in one native call that takes every byte out of the pipe, without the interpreter's lock and
without cost while nobody asks. Bytes that stay there are not taken because the process is stopped or frozen.
"""

from __future__ import annotations

import logging
import os
import stat
import sys
import threading
import time
from hashlib import blake2b
from pathlib import Path

from codanna_core.runtime.folders import state_folder
from codanna_core.storage.private import make_folder

log = logging.getLogger("codanna.engine")

_ROUND = 4096
"""Bytes that the writer takes in one call."""
_EVERY_S = 1.0
"""Pause between two questions to a writer that answers."""
_PATIENCE_S = 1.8
"""A writer that has not taken a byte for so long, by a clock that stands still while the machine sleeps, is
looked at once more."""
_AGAIN_S = 0.25
"""After that it is silent: this process, which may have been stopped as well, has seen it run."""
_LOOK_S = 0.01
_TRIES = 5


def pipe_of(index: Path) -> Path:
    """The pipe of an index, in the user's state folder, for an index folder holds plain files alone."""
    digest = blake2b(os.fsencode(os.path.realpath(index)), digest_size=12).hexdigest()
    return state_folder() / "writers" / digest


class Pulse:
    """Kept by the process that writes. Where there are no named pipes, nobody can ask."""

    def __init__(self, index: Path) -> None:
        self._path = pipe_of(index)
        self._descriptor: int | None = None
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Answer from now on."""
        if self._descriptor is not None or sys.platform == "win32":
            return
        try:
            make_folder(self._path.parent)
            try:
                os.mkfifo(self._path, 0o600)
            except FileExistsError:
                pass
            # Open for both, so that opening waits for nobody and the pipe has no end.
            descriptor = _open_pipe(self._path, os.O_RDWR)
            taken_from = os.dup(descriptor)
        except OSError as error:
            log.info("other processes cannot ask whether this one runs: %s", error)
            return
        self._descriptor, self._ended = descriptor, threading.Event()
        self._thread = threading.Thread(
            target=_take, args=(taken_from, self._ended), name="codanna-pulse", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """Answer no more. The thread ends when it has got what it waits for."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            assert self._thread is not None
            self._ended.set()
            for _ in range(_TRIES):  # The next writer of this pipe may take some of it.
                os.write(descriptor, _ASKED * _ROUND)
                self._thread.join(_LOOK_S)
                if not self._thread.is_alive():
                    break
            os.close(descriptor)


def _take(descriptor: int, ended: threading.Event) -> None:
    """Take bytes until told to end. Each thread has a descriptor of its own to close, and no byte tells it
    to: another writer of the same pipe, which has just ended, may have put it there.
    """
    import ctypes  # Late, for most processes never write.

    libc = ctypes.CDLL(None)
    libc.fdopen.restype = ctypes.c_void_p
    libc.fread.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_size_t, ctypes.c_void_p)
    libc.fclose.argtypes = (ctypes.c_void_p,)
    stream = libc.fdopen(descriptor, b"r")
    taken = ctypes.create_string_buffer(_ROUND)
    while stream:
        if libc.fread(taken, 1, _ROUND, stream) < _ROUND or ended.is_set():
            libc.fclose(stream)
            return


_ASKED = b"?"


class Watch:
    """Used by a process that does not write."""

    def __init__(self, index: Path) -> None:
        self._path = pipe_of(index)
        self._lock = threading.Lock()
        self._descriptor: int | None = None
        self._asked: float | None = None
        """When the byte that still waits was put there."""
        self._late: float | None = None
        """When it was first found to wait for too long."""
        self._heard = -_EVERY_S

    @property
    def waiting(self) -> bool:
        """Whether an answer is due."""
        return self._asked is not None

    def silent(self) -> bool:
        """Ask, and say whether the writer has kept silent too long. Returns at once."""
        if sys.platform == "win32":
            return False
        with self._lock:
            try:
                return self._silent()
            except OSError:
                # Nobody writes, or one who cannot be asked.
                self._let_go()
                return False

    def hear(self) -> bool:
        """The same, waiting until it is known: a moment where the writer runs."""
        silent = self.silent()
        while not silent and self.waiting:
            time.sleep(_LOOK_S)
            silent = self.silent()
        return silent

    def close(self) -> None:
        """Let the pipe go."""
        with self._lock:
            self._let_go()

    def _silent(self) -> bool:
        now = time.monotonic()
        if self._descriptor is None:
            self._descriptor = _open_pipe(self._path, os.O_WRONLY | os.O_NONBLOCK)
        if not _bytes_in(self._descriptor):
            if self._asked is not None:
                self._heard, self._asked, self._late = now, None, None
            if now - self._heard >= _EVERY_S:
                os.write(self._descriptor, _ASKED)
                self._asked = now
            return False
        if self._asked is None:
            self._asked = now  # Another process has asked.
        if now - self._asked < _PATIENCE_S:
            return False
        if self._late is None:
            self._late = now
        return now - self._late >= _AGAIN_S

    def _let_go(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
        self._descriptor = self._asked = self._late = None


def _open_pipe(path: Path, flags: int) -> int:
    """Open a pipe of this user; whatever else is there is refused."""
    descriptor = os.open(path, flags | os.O_NOFOLLOW | os.O_CLOEXEC)
    info = os.fstat(descriptor)
    if not stat.S_ISFIFO(info.st_mode) or info.st_uid != os.getuid():
        os.close(descriptor)
        raise FileNotFoundError(f"{path} is not a pipe of this user")
    return descriptor


def _bytes_in(descriptor: int) -> int:
    import fcntl
    import termios

    return int.from_bytes(fcntl.ioctl(descriptor, termios.FIONREAD, bytes(4)), sys.byteorder)
