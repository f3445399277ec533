"""Gives memory back to the system after work that took much of it for a short time."""

from __future__ import annotations

import ctypes
import gc
import sys


def give_back() -> None:
    """Collect garbage and return free memory; glibc keeps it for ever otherwise."""
    gc.collect()
    if sys.platform != "linux":
        return
    try:
        ctypes.CDLL("libc.so.6").malloc_trim(0)
    except (OSError, AttributeError):
        pass  # Another C library, which gives memory back by itself.
