"""What a child process may use, enforced by the system where it can: it works whatever the child is doing."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from codanna_core.records import dataclass

GIB = 1 << 30

KERNEL_LIMITS_TIME = hasattr(signal, "setitimer")
"""Whether the system ends a process that uses too much processor time; elsewhere its parent measures it."""

KERNEL_LIMITS_MEMORY = sys.platform == "linux"
"""The same for memory: other systems accept the limit and do not enforce it."""

OUT_OF_TIME = frozenset({-signal.SIGPROF, -signal.SIGXCPU}) if sys.platform != "win32" else frozenset[int]()
"""Exit codes of a process that the system ended because of its processor time."""

KILLED = -signal.SIGKILL if sys.platform != "win32" else 1
"""Exit code of a process that was killed outright, by whomever."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a child may use for as long as it lives."""

    memory: int = 2 * GIB
    """Bytes of private memory; 0 means unlimited, for what grows with the index."""
    nice: int = 0
    """How far it stands back behind other processes."""


def confine(parent: int, limits: Limits) -> None:
    """Apply limits to this process, and tie it to its parent. Called first of all in a child."""
    # Ctrl-C reaches every process of a terminal; the parent decides when to stop.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if limits.nice and hasattr(os, "nice"):
        os.nice(limits.nice)
    if sys.platform == "win32":
        return
    import resource

    # A parent may have left this signal blocked or ignored, and then it would end nothing.
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGPROF})
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if limits.memory:
        _lower(resource.RLIMIT_DATA, limits.memory)
    _end_with(parent)


def _lower(kind: int, limit: int) -> None:
    import resource

    _, highest = resource.getrlimit(kind)
    if highest == resource.RLIM_INFINITY or highest > limit:
        resource.setrlimit(kind, (limit, highest))


def _end_with(parent: int) -> None:
    """Die when the parent does, even if it is killed while this process does not look at its pipes."""
    if sys.platform == "linux":
        import ctypes

        set_parent_death_signal = 1
        ctypes.CDLL(None).prctl(set_parent_death_signal, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)  # It died before the line above.


def leave_with_parent() -> None:
    """End this process when its input ends, which it must not read any more: for long work on systems that do
    not tie a child to its parent.
    """

    def wait() -> None:
        # Not through the buffered stream, whose lock the interpreter would miss when it ends.
        while os.read(0, 1):
            pass
        os._exit(1)

    threading.Thread(target=wait, name="codanna-parent-watch", daemon=True).start()


@contextmanager
def processor_time(seconds: float) -> Iterator[None]:
    """End this process if what is inside uses more processor time, even inside native code."""
    if sys.platform == "win32":
        yield
        return
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
