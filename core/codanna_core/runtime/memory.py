"""Gives memory back to the system after work that took much of it for a short time."""

from __future__ import annotations

import gc
import sys

from codanna_core.errors import OutOfMemory

LEAST_ADDRESS_SPACE = 1 << 30
"""Native libraries that are refused memory end the process, which no error message survives."""


def check_limit() -> None:
    """Raise OutOfMemory if the address space of this process is limited to less than it needs."""
    try:
        import resource
    except ImportError:
        return  # Windows has no such limit.
    limit = resource.getrlimit(resource.RLIMIT_AS)[0]
    if limit != resource.RLIM_INFINITY and 0 <= limit < LEAST_ADDRESS_SPACE:
        raise OutOfMemory(
            f"`ulimit -v` allows {limit >> 20} MiB of address space, and at least"
            f" {LEAST_ADDRESS_SPACE >> 20} MiB are needed"
        )


def collect_rarely() -> None:
    """Let the collector look for cycles after a hundred thousand new objects instead of some hundred. A start
    makes fewer, and all of them stay: to look at them seventy times is a tenth of it.
    """
    gc.set_threshold(100_000)


def freeze_gc() -> None:
    """Collect garbage, and take what lives now out of the collector's sight: to look at all of it again and
    again takes 30 ms each time, in which no thread answers anything.
    """
    gc.unfreeze()
    gc.collect()
    gc.freeze()


def few_arenas() -> None:
    """Keep glibc to a few pools of memory: threads that come and go with each commit would fill many more,
    each of which keeps what it once needed.
    """
    if sys.platform != "linux":
        return
    import ctypes  # Late, as below.

    highest_number_of_arenas = -8
    try:
        ctypes.CDLL("libc.so.6").mallopt(highest_number_of_arenas, 4)
    except (OSError, AttributeError):
        pass  # Another C library, which has no such pools.


def give_back() -> None:
    """Collect garbage and return free memory."""
    freeze_gc()
    trim()


def trim() -> None:
    """Return free memory to the system; glibc keeps nearly all of it for ever otherwise."""
    if sys.platform != "linux":
        return
    import ctypes  # Late, because every command imports this module.

    try:
        ctypes.CDLL("libc.so.6").malloc_trim(0)
    except (OSError, AttributeError):
        pass  # Another C library, which gives memory back by itself.
