"""A helper process that does what it is told, good or bad, for tests of who starts it."""

from __future__ import annotations

import os
import signal
import sys
import time

from codanna_core.runtime.frames import READY, own_pipes, read_frame, write_frame
from codanna_core.runtime.limits import leave_with_parent, processor_time


def serve() -> None:
    """Each request is a word, and what belongs to it behind a blank."""
    requests, answers = own_pipes()
    write_frame(answers, READY)
    while True:
        try:
            word, _, rest = read_frame(requests).partition(b" ")
        except EOFError:
            return
        answer = b"done"
        if word == b"echo":
            answer = rest
        elif word == b"spin":
            sum(range(10**12))  # Holds the interpreter all the time.
        elif word == b"spin-within":
            with processor_time(float(rest)):
                sum(range(10**12))
        elif word == b"sleep":
            time.sleep(float(rest))
        elif word == b"crash":
            os.kill(os.getpid(), signal.SIGSEGV)
        elif word == b"fill":
            bytearray(int(rest))
        elif word == b"cores":
            answer = _core_limit()
        write_frame(answers, answer)


def work() -> None:
    """A helper at long work, which never looks at its input again."""
    _, answers = own_pipes()
    leave_with_parent()
    write_frame(answers, READY)
    time.sleep(3600)


def end_at_once() -> None:
    """A helper that never becomes ready."""


def _core_limit() -> bytes:
    if sys.platform == "win32":
        return b"none"
    import resource

    return str(resource.getrlimit(resource.RLIMIT_CORE)).encode()
