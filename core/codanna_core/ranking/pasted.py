"""Tracebacks and log lines as they are pasted: the message that is to be searched, and the frames with their
places. `traces.py` reads them.
"""

from __future__ import annotations

import re

from codanna_core.records import dataclass


@dataclass(frozen=True, slots=True)
class Frame:
    """A place in a stack, as the program that failed saw it."""

    path: str
    """Absolute, relative, or only the end of the path."""
    line: int
    """From 1; 0 where it is not known."""
    name: str
    """The function, without what qualifies it; empty where it is not known."""


@dataclass(frozen=True, slots=True)
class Pasted:
    """What a pasted text says."""

    message: str
    frames: tuple[Frame, ...]
    """The one nearest to the error first."""


_MAY_BE = re.compile(
    r'File "|\bat |panic: |fatal error: |\.(?:go|rb):\d|^\W{0,3}(?:\d|[A-Z][a-z]{2} +\d)|^\[?[A-Z]{4}'
)
"""What every traceback and every log line has, and few questions."""


def may_be_pasted(text: str) -> bool:
    """Whether `traces.py`, whose patterns take long to compile, has to look."""
    return _MAY_BE.search(text) is not None
