"""Parse less: blank out the function bodies of languages in which nothing inside them becomes a symbol.

Most of a C or Go file is statements that no query looks at, and parsing them is most of the time that an
index takes. A body that can be told by its lines alone, from a head at the left margin to a `}` at the left
margin, is replaced by spaces before parsing, so every offset outside it stays right.
"""

from __future__ import annotations

import re
from functools import cache

from codanna_core.languages.comments import encoded
from codanna_core.languages.registry import Language

_PREFIX = re.compile(rb"[A-Za-z#`]*")
_CLOSER = b"\n}"
_MARGIN = b" \t#/*})"
"""A line that begins so is no head: indented, a directive, a comment, or the end of something else."""


def without_bodies(data: bytes, language: Language) -> bytes:
    """The text with the insides of its functions blanked, where that is safe."""
    if not language.body_openers:
        return data
    openers = encoded(language.body_openers)
    heads = encoded(language.body_heads) or (b"",)
    no_heads = encoded(language.body_no_heads)
    keep = _patterns(language.body_keep)
    pieces: list[bytes] = []
    done = 0
    following = [data.find(opener) for opener in openers]
    while True:
        for number, found in enumerate(following):
            if 0 <= found < done:
                following[number] = data.find(openers[number], done)
        place = min((found for found in following if found >= 0), default=-1)
        if place < 0:
            break
        opener = openers[following.index(place)]
        start = place + len(opener)
        following[following.index(place)] = data.find(opener, start)
        # Only a brace at the margin closes a body for certain, so it must be opened there or by a head there.
        line = data.rfind(b"\n", 0, place) + 1
        if b"\n{" not in opener and (data[line] in _MARGIN or not data.startswith(heads, line)):
            continue
        if no_heads and data.startswith(no_heads, line):
            continue
        end = data.find(_CLOSER, start - 1)
        if end < 0:
            break
        body = data[start:end]
        # A `}` that goes on (`};`, `} name;`) ends a declaration; one in a comment ends nothing.
        if (
            data[end + 2 : end + 3] in (b"\n", b"\r", b"")
            and body.count(b"/*") == body.count(b"*/")
            and not any(prefix in body and pattern.search(body) for prefix, pattern in keep)
        ):
            pieces += (data[done:start], b" " * len(body))
            done = start + len(body)
    if not pieces:
        return data
    pieces.append(data[done:])
    return b"".join(pieces)


@cache
def _patterns(texts: tuple[str, ...]) -> tuple[tuple[bytes, re.Pattern[bytes]], ...]:
    """Each expression with the plain text that it begins with, which is ten times quicker to look for."""
    return tuple((_PREFIX.findall(text.encode())[0], re.compile(text.encode())) for text in texts)
