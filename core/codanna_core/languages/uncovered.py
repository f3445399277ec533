"""Top-level code outside every symbol, such as a script's main part: found as TEXT windows, not lost."""

from __future__ import annotations

from codanna_core.languages.comments import encoded
from codanna_core.languages.docs import Docs
from codanna_core.languages.line_windows import cover, has_words
from codanna_core.languages.lines import Lines
from codanna_core.languages.registry import Language
from codanna_core.model import Symbol

MIN_LINES = 6
MIN_BYTES = 120
"""Less than this between two symbols is not looked at."""


def uncovered_code(
    lines: Lines, language: Language, docs: Docs, covered: list[tuple[int, int]]
) -> list[Symbol]:
    """Windows over each run of at least six lines of code that lies between the covered line ranges."""
    found: list[Symbol] = []
    starts = lines.starts
    next_line = 0
    for first, last in [*covered, (len(starts), len(starts))]:
        if first > next_line:
            end_byte = starts[first] if first < len(starts) else len(lines.data)
            if end_byte - starts[next_line] >= MIN_BYTES and first - next_line >= MIN_LINES:
                found += _run(lines, language, docs, next_line, first)
        next_line = max(next_line, last + 1)
    return found


def _run(lines: Lines, language: Language, docs: Docs, first: int, end: int) -> list[Symbol]:
    imports = encoded(language.imports)
    closer = b""
    depth = 0
    code: list[int] = []
    for row in range(first, end):
        line = lines.texts[row].strip()
        if closer:
            if closer in line:
                closer = b""
            continue
        if not line or line.startswith(docs.line_markers):
            continue
        if line.startswith(docs.openers):
            opener, end_mark = next(block for block in docs.blocks if line.startswith(block[0]))
            if end_mark not in line[len(opener) :]:
                closer = end_mark
            continue
        if depth > 0 or line.startswith(imports):
            # An import list may go on over several lines, up to its closing bracket.
            depth += sum(map(line.count, (b"(", b"{", b"["))) - sum(map(line.count, (b")", b"}", b"]")))
            continue
        if has_words(line):
            code.append(row)
    if len(code) < MIN_LINES:
        return []
    return cover(lines, code[0], code[-1] + 1)
