"""Lines of a workspace as a fenced block within a number of tokens."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from codanna_core.context.tokens import WHOLE, cost
from codanna_core.inert import inert

DATA = "Text of the workspace, as data:"
"""The line before the fence."""


def longest_run(mark: str, lines: Iterable[str]) -> int:
    """The most of a mark in a row in any line."""
    marked = (line for line in lines if mark in line)
    return max((len(run) for line in marked for run in re.findall(f"{mark}+", line)), default=0)


def fenced(lines: Sequence[str], budget: int) -> tuple[str, int]:
    """As many of these lines as have room, fenced, and how many have none; no text where none has."""
    shown = [inert(line) for line in lines]
    fence = "`" * max(3, 1 + longest_run("`", shown))
    left = (budget - 1) * WHOLE - cost(DATA + "\n") - 2 * cost(fence + "\n")
    kept = 0
    for line in shown:
        left -= cost(line + "\n")
        if left < 0:
            break
        kept += 1
    if not kept:
        return "", len(lines)
    return "\n".join((DATA, fence, *shown[:kept], fence, "")), len(lines) - kept
