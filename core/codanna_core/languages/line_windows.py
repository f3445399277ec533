"""Overlapping line windows: how text without symbols is still found."""

from __future__ import annotations

from codanna_core.languages.lines import Lines
from codanna_core.model import Kind, Symbol

WINDOW_LINES = 40
OVERLAP_LINES = 10
MAX_NAME = 80
MAX_WINDOW_SIGNATURE = 300


_NOT_WORD = bytes(code for code in range(256) if not (chr(code).isascii() and chr(code).isalnum()))


def windows(data: bytes, lines: Lines | None = None) -> list[Symbol]:
    """Cover the whole text by windows of about 40 lines, each named by its first meaningful line."""
    lines = lines or Lines(data)
    return cover(lines, 0, len(lines.texts))


def cover(lines: Lines, first: int, end: int) -> list[Symbol]:
    """Windows over the lines from `first` up to `end`."""
    found = []
    while end > first and not lines.texts[end - 1].strip():
        end -= 1
    while first < end:
        last = min(first + WINDOW_LINES, end)
        symbol = window(lines, first, last)
        if symbol is not None:
            found.append(symbol)
        if last == end:
            break
        first = last - OVERLAP_LINES
    return found


def window(lines: Lines, first: int, end: int) -> Symbol | None:
    """One TEXT symbol over the lines from `first` up to `end`; None where they hold no word."""
    name_line = next((line for line in range(first, end) if has_words(lines.texts[line])), None)
    if name_line is None:
        return None
    last = next(line for line in range(end - 1, name_line - 1, -1) if lines.texts[line].strip())
    text = lines.texts[name_line]
    head = text.strip()
    start_byte = lines.starts[name_line] + len(text) - len(text.lstrip())
    end_byte = lines.starts[last] + len(lines.texts[last].rstrip())
    shown = " ".join(head[: MAX_WINDOW_SIGNATURE * 4].decode("utf-8", "replace").split())
    start_col = lines.column(name_line, start_byte)
    return Symbol(
        name=shown[:MAX_NAME],
        kind=Kind.TEXT,
        container="",
        signature=shown[:MAX_WINDOW_SIGNATURE],
        doc="",
        start_line=name_line,
        start_col=start_col,
        end_line=last,
        end_col=lines.column(last, end_byte),
        name_line=name_line,
        name_col=start_col,
        name_end_col=lines.column(name_line, start_byte + len(head)),
        start_byte=start_byte,
        end_byte=end_byte,
        body_start_byte=start_byte,
        wide=lines.is_wide(name_line) or lines.is_wide(last),
    )


def has_words(line: bytes) -> bool:
    """True where a line says something: two letters or digits, or any text beyond ASCII."""
    head = line[:400]
    return len(head.translate(None, _NOT_WORD)) >= 2 or not head.isascii()
