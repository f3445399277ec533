"""Parse less, where indentation marks the bodies: what `bodies` does for braces.

The statements of a function become one name, which ends where they ended, so that every offset and every
span stays right. What cannot be told by its lines alone is left as it is, and a text that no longer parses
is parsed anew as it was.
"""

from __future__ import annotations

import re
from functools import cache

from codanna_core.cache import Cache
from codanna_core.languages.comments import encoded
from codanna_core.languages.registry import Language

_LEAST = 120
"""Shorter bodies are parsed as fast as they are blanked."""
_MOST_LINES = 40
"""Longest head that is looked at."""
_HEAD_END = re.compile(rb":[ \t]*(?:#[^\n]*)?\r?\Z")
_FIRST = re.compile(rb"(?:[ \t]*(?:#[^\n]*)?\r?\n)*([ \t]+)([A-Za-z]{0,2}(\"\"\"|'''|\"|'))?")
_TRIPLE = (b'"""', b"'''")
_UNCLEAR = (b"#", b";", b"\\")
"""Where the last line holds one of these, its statement may end before the line does."""


def without_statements(data: bytes, language: Language) -> bytes:
    """The text with the statements of its functions blanked, where that is safe."""
    if not language.indented_heads:
        return data
    keep = encoded(language.body_keep)
    constructors = encoded(language.constructors)
    pieces: list[bytes] = []
    done = 0
    for head in _heads(language.indented_heads).finditer(data):
        if head.start() < done:
            continue  # Inside a body, where only a string can look like a head.
        if constructors and data.startswith(constructors, head.end()):
            continue  # Its statements declare fields.
        start = _end_of_head(data, head.start(), head[1])
        if start is None:
            continue
        behind = _behind[head[1]].search(data, start - 1)
        body_end = behind.start() + 1 if behind is not None else len(data)
        if body_end - start < _LEAST:
            continue
        found = _statements(data[start:body_end], keep)
        if found is None:
            continue
        first, base, last, end = (start + place for place in found)
        pieces += (data[done:first], b" " * (last - first - 1), b"\n", data[last:base], b"_" * (end - base))
        done = end
    if not pieces:
        return data
    pieces.append(data[done:])
    return b"".join(pieces)


def _end_of_head(data: bytes, start: int, indent: bytes) -> int | None:
    """Where the line behind a definition's head begins; None where the head cannot be told."""
    at = start
    for _ in range(_MOST_LINES):
        end = data.find(b"\n", at)
        if end < 0:
            return None
        head = data[start:end]
        count = head.count
        if count(b"(") == count(b")") and count(b"[") == count(b"]") and count(b"{") == count(b"}"):
            # A line that goes on behind its colon has its statements there.
            return end + 1 if _HEAD_END.search(head) is not None else None
        at = end + 1
        # With brackets still open, be it inside a string, it can only go on where it is indented or closed.
        inside = data.startswith((indent + b" ", indent + b"\t"), at)
        if not inside and not data.startswith(indent + b")", at):
            return None
    return None


def _statements(body: bytes, keep: tuple[bytes, ...]) -> tuple[int, int, int, int] | None:
    """Where the statements begin, where the indented text of their last line begins, where that line begins,
    and where its text ends. None where they have to be parsed.
    """
    if any(text in body for text in keep):
        return None
    first = _FIRST.match(body)
    if first is None:
        return None
    start = 0
    quote = first[3]
    if quote is not None:  # A docstring, which stays.
        close = body.find(quote, first.end()) if quote in _TRIPLE else first.end()
        if close < 0:
            return None
        start = body.find(b"\n", close) + 1
        if (quote in _TRIPLE and body[close + 3 : start].strip()) or not start:
            return None
    if any(quote in body[start:] for quote in _TRIPLE):
        return None  # Lines inside may look like anything.
    end = len(body.rstrip())
    while True:
        last = body.rfind(b"\n", 0, end) + 1
        if last <= start:
            return None  # Not worth it, or nothing but comments.
        line = body[last:end]
        if not line.lstrip().startswith(b"#"):
            break
        end = len(body[:last].rstrip())
    indent = first[1]
    if not line.startswith(indent) or any(text in line for text in _UNCLEAR):
        return None
    return start, last + len(indent), last, end


@cache
def _heads(texts: tuple[str, ...]) -> re.Pattern[bytes]:
    """Finds lines that begin with one of these, and their indentation."""
    return re.compile(rb"(?m)^([ \t]*)(?:%s)" % b"|".join(map(re.escape, encoded(texts))))


def _end_before(indent: bytes) -> re.Pattern[bytes]:
    """Finds the end of a line before one that is neither blank nor indented further."""
    return re.compile(rb"\n(?!%s[ \t]|[ \t]*\r?(?:\n|\Z))" % re.escape(indent))


_behind: Cache[bytes, re.Pattern[bytes]] = Cache("ends of bodies by their indentation", 256, _end_before)
