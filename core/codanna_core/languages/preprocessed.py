"""A C text without what hides its structure from the grammar; everything else stays at its place.

The preprocessor may put half a block under a condition, or macros where the grammar knows keywords alone.
A compiler sees one of the branches and no macro; this does the same by putting blanks over the rest.
"""

from __future__ import annotations

import re
from dataclasses import field

from codanna_core.records import dataclass

MAX_DEPTH = 60
_DIRECTIVE = re.compile(rb"[ \t]*#[ \t]*(if|ifdef|ifndef|elif|else|endif)\b")
_HEAD = re.compile(rb"(?m)^[ \t]*(?:[A-Za-z_]\w*[\s*]+){2,9}[A-Za-z_]\w*\s*[(\[=;]")
_CLASS = re.compile(rb"\b(?:class|struct)\s+([A-Z][A-Z0-9_]+)\s+\w+\s*(?:final\s*)?[:{]")
_WORD = re.compile(rb"[A-Za-z_]\w*")
_TOLD = re.compile(rb"""//[^\n]*|/\*(?:.*?\*/|.*)|"(?:\\.|[^"\\\n])*"?|'(?:\\.|[^'\\\n]){1,8}'""", re.DOTALL)
"""Comments and literals; what is not closed reaches to the end, so that no text is looked through twice."""
_TYPES = frozenset(
    b"void char short int long float double signed unsigned _Bool bool auto".split(),
)
_TAGS = frozenset(b"struct union enum class".split())
_OTHERS = frozenset(
    b"const volatile static extern inline register restrict typedef _Noreturn __inline __extension__"
    b" constexpr virtual explicit friend mutable template typename using namespace operator".split()
)
_STATEMENTS = frozenset(b"return else case goto do new delete throw public private protected".split())


_DEFINED = re.compile(rb"(!?)\s*defined\b")


@dataclass(slots=True)
class _Group:
    """A condition with its branches."""

    before: int
    """Braces open where it begins."""
    lines: list[tuple[int, int]]
    """Of its directives."""
    holds: list[bool]
    balances: list[int] = field(default_factory=list)
    """Braces that each branch leaves open."""


def preprocessed(data: bytes) -> bytes:
    """The text with blanks over branches that leave braces open and over macros before declared names."""
    text = bytearray(data)
    _choose_branches(data, text)
    _blank_macros(text)
    return bytes(text)


def _blank(text: bytearray, start: int, end: int) -> None:
    for at in range(start, end):
        if text[at] not in b"\r\n":
            text[at] = 0x20


def _choose_branches(data: bytes, text: bytearray) -> None:
    """Of each condition that splits a block keep one branch, without the lines of the condition."""
    bare = _TOLD.sub(lambda told: re.sub(rb"[^\n]", b" ", told[0]), data)
    open_: list[_Group] = []
    balance = 0
    at = 0
    for line in bare.splitlines(keepends=True):
        found = _DIRECTIVE.match(line)
        if found is None:
            balance += line.count(b"{") - line.count(b"}")
        elif found[1] in (b"if", b"ifdef", b"ifndef"):
            if len(open_) >= MAX_DEPTH:
                return
            open_.append(_Group(balance, [(at, at + len(line))], [_holds(line, found)]))
            balance = 0
        elif open_:
            group = open_[-1]
            group.lines.append((at, at + len(line)))
            group.holds.append(_holds(line, found))
            group.balances.append(balance)
            balance = 0
            if found[1] == b"endif":
                open_.pop()
                balance = group.before + _close(group, text)
        at += len(line)


def _holds(line: bytes, directive: re.Match[bytes]) -> bool:
    """Whether a condition holds where no name is defined. What two conditions ask alike is answered alike."""
    if directive[1] in (b"ifdef", b"ifndef"):
        return directive[1] == b"ifndef"
    condition = line[directive.end() :].strip()
    signs = _DEFINED.findall(condition)
    return b"!" in signs if signs else condition != b"0"


def _close(group: _Group, text: bytearray) -> int:
    """End a group; returns the braces that it leaves open."""
    if not any(group.balances):
        return 0
    kept = next((number for number, holds in enumerate(group.holds[:-1]) if holds), -1)
    for number in range(len(group.balances)):
        if number != kept:
            _blank(text, group.lines[number][1], group.lines[number + 1][0])
    for start, end in group.lines:
        _blank(text, start, end)
    return group.balances[kept] if kept >= 0 else 0


def _blank_macros(text: bytearray) -> None:
    """Blanks over words before a declared name that are neither keywords nor its type."""
    for found in _CLASS.finditer(bytes(text)):
        _blank(text, *found.span(1))
    for found in _HEAD.finditer(bytes(text)):
        if text[max(0, found.start() - 2) : found.start()].strip(b"\r\n ") == b"\\":
            continue  # A line of a macro's body.
        words = [(word.span(), word[0]) for word in _WORD.finditer(found[0])][:-1]
        if any(word in _STATEMENTS for _, word in words):
            continue
        typed = any(word in _TYPES or word in _TAGS for _, word in words)
        free: list[tuple[int, int]] = [
            span
            for number, (span, word) in enumerate(words)
            if word not in _TYPES | _TAGS | _OTHERS and (not number or words[number - 1][1] not in _TAGS)
        ]
        if free and not typed:
            # The type is in lower case, if one is: macros seldom are.
            free.remove(max(free, key=lambda span: (not found[0][slice(*span)].isupper(), span)))
        for start, end in free:
            _blank(text, found.start() + start, found.start() + end)
