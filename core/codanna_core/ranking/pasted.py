"""Tracebacks and log lines as they are pasted: the message that is to be searched, and the frames with their
places. Line breaks may be lost, as in an input box of one line.
"""

from __future__ import annotations

import re
from dataclasses import dataclass


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


_LONGEST = 20_000
_MAY_BE = re.compile(
    r'File "|\bat |panic: |fatal error: |\.(?:go|rb):\d|^\W{0,3}(?:\d|[A-Z][a-z]{2} +\d)|^\[?[A-Z]{4}'
)
"""What every traceback and every log line has, and few questions."""


def read_pasted(text: str) -> Pasted | None:
    """The message and the frames of a traceback or a log line; None for anything else."""
    if _MAY_BE.search(text, 0, _LONGEST) is None:
        return None
    from codanna_core.ranking.traces import read  # Late: its patterns take long to compile.

    return read(text[:_LONGEST])
