"""Gives memory back to the system after work that took much of it for a short time."""

from __future__ import annotations

import ctypes
import gc
import sys


def settle() -> None:
    """Collect garbage, and take what lives now out of the collector's sight: to look at all of it again and
    again takes 30 ms each time, in which no thread answers anything.
    """
    gc.unfreeze()
    gc.collect()
    gc.freeze()


def give_back() -> None:
    """Collect garbage and return free memory; glibc keeps it for ever otherwise."""
    settle()
    if sys.platform != "linux":
        return
    try:
        ctypes.CDLL("libc.so.6").malloc_trim(0)
    except (OSError, AttributeError):
        pass  # Another C library, which gives memory back by itself.
