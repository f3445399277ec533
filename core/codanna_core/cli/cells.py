"""Text in the cells of a terminal, where a letter may take none, one or two of them."""

from __future__ import annotations

import re
import unicodedata
from typing import TextIO

from codanna_core.records import dataclass

_PAINT = re.compile(r"\x1b\[[\d;]*m")
_PIPE_COLUMNS = 160
_MOST_ROWS = 3
"""A line of minified code must not flood the screen."""


@dataclass(frozen=True, slots=True)
class Screen:
    """What an answer is printed on."""

    columns: int = _PIPE_COLUMNS
    rows: int | None = None
    """None where nothing can scroll away: a file, a pipe."""

    def fits(self, rendered: str) -> bool:
        """Whether all of it is seen at once, with a row left for the next prompt."""
        if self.rows is None:
            return True
        lines = (_PAINT.sub("", line) for line in rendered.split("\n"))
        return sum(max(1, -(-width(line) // self.columns)) for line in lines) < self.rows

    def whole(self, text: str, indent: int) -> list[str]:
        """All of the text behind an indent: wrapped on a terminal, one line everywhere else."""
        return [text] if self.rows is None else wrapped(text, max(20, self.columns - indent), len(text))

    def lines(self, text: str, indent: int) -> list[str]:
        """The text behind an indent: wrapped on a terminal, one line that is cut everywhere else."""
        return wrapped(text, max(20, self.columns - indent), 1 if self.rows is None else _MOST_ROWS)


def screen_of(stream: TextIO) -> Screen:
    """The terminal behind a stream, or none."""
    if not stream.isatty():
        return Screen()
    from shutil import get_terminal_size  # Late: it loads three libraries for archives.

    size = get_terminal_size()
    return Screen(max(20, size.columns), max(2, size.lines))


def width(text: str) -> int:
    """How many cells a text takes."""
    return len(text) if text.isascii() else sum(map(_cells, text))


def cut(text: str, cells: int) -> str:
    """As much of the text as fits, with a mark where something is missing."""
    if width(text) <= cells:
        return text
    return _head(text, cells - 1) + "…" if cells > 0 else ""


def wrapped(text: str, cells: int, rows: int) -> list[str]:
    """The text in rows of at most so many cells, broken at spaces where there are any in reach."""
    found: list[str] = []
    while width(text) > cells and len(found) < rows - 1:
        row = _head(text, cells)
        at = row.rfind(" ", len(row) // 2)
        if at > 0 and not text[len(row)].isspace():
            row = row[: at + 1]
        found.append(row.rstrip())
        text = text[len(row) :].lstrip(" ")
    return [*found, cut(text, cells)]


def _head(text: str, cells: int) -> str:
    taken = 0
    for number, character in enumerate(text):
        taken += _cells(character)
        if taken > cells:
            return text[:number]
    return text


def _cells(character: str) -> int:
    if character.isascii():
        return 1
    if unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
