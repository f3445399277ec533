"""The identifiers that a file uses outside comments and strings, without a parse.

One regular expression a language finds comments and strings; what is left is cut into words. It knows the
language's comment marks from `language.toml` and the common forms of strings. Where a form is ambiguous the
text is taken for code: a name too many costs a look at one more file, a name too few hides a use.
"""

from __future__ import annotations

import re
from functools import cache

from codanna_core.languages.registry import languages

MAX_IDENTIFIER = 200
MAX_IDENTIFIERS = 100_000
"""More different ones than this are in generated data, not in code that people look for."""
MAX_UNKNOWN = 2_000
"""The same for a text of an unknown language: a table of data has no identifiers at all."""

# What is possessive is never tried again in another way, and runs of one class are fast.
_SIMPLE = rb'"[^"\\\n]*+(?:\\.[^"\\\n]*+)*+"'
_SINGLE = rb"'[^'\\\n]*+(?:\\.[^'\\\n]*+)*+'"
_CHARACTER = rb"'(?:\\[^'\n]{1,10}|[^'\\\n])'"
_LONG = rb'"""(?:[^"]++|"(?!""))*+"""'
_LONG_SINGLE = rb"'''(?:[^']++|'(?!''))*+'''"

_STRINGS: dict[str, tuple[bytes, ...]] = {
    "python": (_LONG, _LONG_SINGLE, _SIMPLE, _SINGLE),
    "rust": (_SIMPLE, _CHARACTER),
    "go": (rb"`[^`]*`", _SIMPLE, _CHARACTER),
    "java": (_LONG, _SIMPLE, _CHARACTER),
    "c": (_SIMPLE, _CHARACTER),
    "cpp": (_SIMPLE, _CHARACTER),
    "javascript": (_SIMPLE, _SINGLE),
    "typescript": (_SIMPLE, _SINGLE),
    "tsx": (_SIMPLE, _SINGLE),
}
"""A template string of JavaScript holds code, and counts as code as a whole."""

_OTHERS = (rb"""'\\?["']'""", _SIMPLE)
"""Of a language that is not listed."""

_LONG_MARKS: dict[str, tuple[tuple[str, str], ...]] = {
    "rust": (('##"', '"##'), ('#"', '"#')),
}
"""Strings that end with another mark than the one they begin with."""

_MARKS: dict[tuple[str, str], bytes | None] = {
    ("php", "#"): rb"(?!\[)",
    **{(language, "#"): rb"(?<![^\s;]#)" for language in ("bash", "fish", "perl", "tcl")},
    # A template string with a URL goes on behind it.
    **{(language, "//"): rb"/(?<!://)" for language in ("javascript", "typescript", "tsx")},
    ("vim", '"'): None,
}
"""What follows the first letter of a mark of line comments that means something else in many places; None: it
is too often no comment.
"""

_PROSE = frozenset({"markdown", "rst", "org", "latex"})
"""They mention names and use none."""
_WITH_DOLLAR = frozenset({"javascript", "typescript", "tsx", "java"})
_PREFIX = re.compile(rb"\b[rRbBuUfF]{1,2}\Z")
"""What stands before a string of Python; with an `f` in it, braces hold code."""
_PREFIX_ENDS = frozenset(b"rRbBuUfF")
_IN_BRACES = re.compile(rb"\{([^{}\n]*)")
_HOLDS_CODE = re.compile(rb"[$#{]|\\\(")
"""In strings of languages that are not listed: many have code in their strings, behind one of these marks."""
_RUN = re.compile(rb"[^ ]+")
_DIGITS = frozenset(b"0123456789")


def identifiers(data: bytes, language: str | None) -> list[str]:
    """The identifiers of a text in its order. Never raises; a language without known strings is read by its
    comments.
    """
    language = language or "text"
    if language in _PROSE:
        return []
    # Not a set: the same file always gives the same text for the index.
    found = dict.fromkeys(_code_of(data, language).translate(_blanks(language in _WITH_DOLLAR)).split())
    words = [word for word in found if word[0] not in _DIGITS and len(word) <= MAX_IDENTIFIER]
    if not words or (language == "text" and len(words) > MAX_UNKNOWN):
        return []
    return b" ".join(words[:MAX_IDENTIFIERS]).decode("utf-8", "replace").split(" ")


def spellings(name: str) -> list[list[str]]:
    """The words that a text has which uses a name, one list for each way to cut it.

    `~Shape` and `data-id` are no words, and whether `$` is a letter depends on the language.
    """
    data = name.encode("utf-8", "replace")
    cut = (data, *(data.translate(_blanks(dollar)) for dollar in (True, False)))
    words = ([word.decode("utf-8", "replace") for word in text.split()] for text in cut)
    return [list(one) for one in dict.fromkeys(map(tuple, words)) if one]


def _code_of(data: bytes, language: str) -> bytes:
    """A text without its comments and strings."""
    pieces: list[bytes] = []
    open_: frozenset[int] = frozenset()
    at = 0
    while True:
        for match in _pattern(language, open_).finditer(data, at):
            start, end = match.span()
            kind = match.lastgroup
            if kind is not None and kind != "text":
                # What never ends hides nothing, and is not looked for again: each try reads to the end.
                open_ |= {int(kind[4:])}
                pieces.append(data[at : start + 1])
                at = start + 1
                break
            if kind is None:
                pieces.append(data[at:start])
            elif language == "python":
                prefix = None
                if start and data[start - 1] in _PREFIX_ENDS:
                    prefix = _PREFIX.search(data, max(at, start - 3), start)
                pieces.append(data[at : prefix.start() if prefix else start])
                if prefix is not None and b"f" in prefix.group().lower():
                    pieces += _IN_BRACES.findall(match.group())
            else:
                pieces.append(data[at : end if _HOLDS_CODE.search(match.group()) else start])
            at = end
        else:
            pieces.append(data[at:])
            return b" ".join(pieces)


def places(data: bytes, language: str) -> list[tuple[int, bytes]]:
    """Each identifier outside comments and strings with its first byte, in the order of the text."""
    code = bytearray(data)
    open_: frozenset[int] = frozenset()
    at = 0
    while at >= 0:
        begun, at = at, -1
        for match in _pattern(language, open_).finditer(data, begun):
            start, end = match.span()
            kind = match.lastgroup
            if kind is not None and kind != "text":
                open_ |= {int(kind[4:])}
                at = start + 1
                break
            if kind is None or not _HOLDS_CODE.search(match.group()):
                code[start:end] = b" " * (end - start)
    blanked = bytes(code).translate(_blanks(language in _WITH_DOLLAR))
    return [
        (found.start(), found.group()) for found in _RUN.finditer(blanked) if found.group()[0] not in _DIGITS
    ]


@cache
def _blanks(dollar: bool) -> bytes:
    """A table that leaves the letters of identifiers, and makes blanks of all other bytes."""
    signs = b"_$" if dollar else b"_"
    return bytes(byte if byte >= 128 or byte in signs or chr(byte).isalnum() else 32 for byte in range(256))


@cache
def _pattern(language: str, without: frozenset[int]) -> re.Pattern[bytes]:
    """Comments and strings. Those that have no end match up to the end of the text, in a group with their
    number; strings that may hold code are in the group `text`.
    """
    known = languages().get(language)
    spans = list(_LONG_MARKS.get(language, ()))
    forms: list[tuple[str, bytes]] = []
    """First letter, and the rest."""
    if known is not None:
        spans[:0] = [(start, end) for start, end in known.block_comments]
    for number, (start, end) in enumerate(spans):
        if number not in without:
            inside = rb"(?:[^%b]++|%b(?!%b))*+" % tuple(map(_escaped, (end[0], end[0], end[1:])))
            stop = rb"(?:%b|(?P<open%d>\Z))" % (_escaped(end), number)
            forms.append((start[0], _escaped(start[1:]) + inside + stop))
    if known is not None:
        for mark in known.line_comments:
            rest = _MARKS.get((language, mark), _escaped(mark[1:]))
            if rest is not None:
                forms.append((mark[0], rest + rb"[^\n]*"))
    strings = _STRINGS.get(language, _OTHERS)
    mixed = language == "python" or strings is _OTHERS
    texts = b"|".join(b"(?<=%b)%b" % (text[:1], text[1:]) for text in strings)
    firsts = "".join({first for first, _ in forms} | {text[:1].decode() for text in strings})
    parts = [b"(?<=%b)%b" % (_escaped(first), rest) for first, rest in forms]
    parts.append(b"(?P<text>%b)" % texts if mixed else texts)
    # The class of first letters in front is what lets the search pass quickly over everything else.
    return re.compile(b"[%b](?:%b)" % (_escaped(firsts), b"|".join(parts)))


def _escaped(text: str) -> bytes:
    return re.escape(text.encode())
