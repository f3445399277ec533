"""The identifiers that a file uses outside comments and strings, without a parse.

One regular expression a language walks over comments, strings and words; it knows the language's comment
marks from `language.toml` and the common forms of strings. Where a form is ambiguous it takes the text for
code: a name too many costs a look at one more file, a name too few hides a use.
"""

from __future__ import annotations

import re
from functools import cache

from codanna_core.languages.registry import languages

MAX_IDENTIFIER = 200
MAX_IDENTIFIERS = 100_000
"""More different ones than this are in generated data, not in code that people look for."""

_WORD = rb"[A-Za-z_$\x80-\xff][\w$\x80-\xff]*"
_SIMPLE = rb'"(?:\\.|[^"\\\n])*"'
_SINGLE = rb"'(?:\\.|[^'\\\n])*'"
_CHARACTER = rb"'(?:\\[^'\n]{1,10}|[^'\\\n])'"
_TRIPLE = rb'"""(?s:.*?)"""' + rb"|'''(?s:.*?)'''"
_GO_RAW = rb"`[^`]*`"

_STRINGS: dict[str, tuple[bytes, ...]] = {
    "python": (_TRIPLE, _SIMPLE, _SINGLE),
    "rust": (_SIMPLE, _CHARACTER),
    "go": (_GO_RAW, _SIMPLE, _CHARACTER),
    "java": (rb'"""(?s:.*?)"""', _SIMPLE, _CHARACTER),
    "c": (_SIMPLE, _CHARACTER),
    "cpp": (_SIMPLE, _CHARACTER),
    "javascript": (_SIMPLE, _SINGLE),
    "typescript": (_SIMPLE, _SINGLE),
    "tsx": (_SIMPLE, _SINGLE),
}
"""Template strings of JavaScript and f-strings hold code: a template's text counts as code, and the names in
an f-string are found again below."""

_F_STRING = re.compile(rb"\{([^{}\n]*)")
_WORDS = re.compile(_WORD)


def identifiers(data: bytes, language: str | None) -> set[str]:
    """The identifiers of a text. Never raises; a language without known strings is read by its comments."""
    found: set[bytes] = set()
    add = found.add
    for match in _pattern(language or "text").finditer(data):
        word = match.lastgroup
        if word == "word":
            add(match.group())
        elif word == "format":
            for part in _F_STRING.findall(match.group()):
                found.update(_WORDS.findall(part))
        if len(found) >= MAX_IDENTIFIERS:
            break
    return {word.decode("utf-8", "replace") for word in found if len(word) <= MAX_IDENTIFIER}


@cache
def _pattern(language: str) -> re.Pattern[bytes]:
    known = languages().get(language)
    parts = []
    if known is not None:
        for start, end in known.block_comments:
            # A comment that never ends hides nothing: its mark is then no comment.
            parts.append(re.escape(start.encode()) + rb"(?s:.*?)" + re.escape(end.encode()))
        parts += [re.escape(mark.encode()) + rb"[^\n]*" for mark in known.line_comments]
    if language == "python":
        head = rb"(?P<format>[fF][rR]?(?:%b|%b|%b)|[rR][fF](?:%b|%b|%b))" % ((_TRIPLE, _SIMPLE, _SINGLE) * 2)
        parts.append(head)
        parts.append(rb"[rRbBuU]{1,2}(?:%b|%b|%b)" % (_TRIPLE, _SIMPLE, _SINGLE))
    if language == "rust":
        parts.append(rb'b?r"[^"]*"|b?r#"(?s:.*?)"#|b?r##"(?s:.*?)"##')
    parts += _STRINGS.get(language, (_SIMPLE,))
    parts.append(rb"(?P<word>" + _WORD + rb")")
    parts.append(rb"\d[\w.]*")
    return re.compile(b"|".join(parts))
