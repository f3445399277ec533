"""Where the statements of a definition begin, so that some can be left out and none is cut.

Lines and brackets tell, without a parser: a statement begins at the indentation of the body where no bracket
is open and nothing continues the line before. Whatever is not clear stays together with what precedes it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

from codanna_core.languages.registry import Language, languages

_CHARACTERS = frozenset(
    {"c", "cpp", "csharp", "java", "go", "kotlin", "scala", "swift", "rust", "zig", "d", "objc", "haskell"}
)
"""Languages in which an apostrophe encloses one character, or nothing at all."""
_ONE_EXPRESSION = frozenset({"clojure", "commonlisp", "elisp", "scheme", "racket", "nix"})
"""Languages whose definitions are not made of statements."""
_ONE_CHARACTER = re.compile(r"'(?:\\[^']{1,10}|[^'\\])'")
_QUOTED = {quote: re.compile(rf"{quote}(?:\\.|[^{quote}\\])*{quote}") for quote in ('"', "'")}
_UNCLEAR = r"<<[~-]?[\"'`]?[A-Za-z_]|<<<|\br#+\"|@\"|\$@?\"|%[qQwWi][\[({<|]|\[=*\["
"""Quoted text of many kinds, each with an end of its own."""
_COMPOUND = re.compile(
    r"(?:if|for|foreach|while|try|with|switch|do|match|loop|unsafe|select|using|lock|synchronized|unless|"
    r"until|begin|async (?:for|with)|guard|repeat)\b"
)
_OPENS = re.compile(r"(?:[{:]|\b(?:then|do|try|begin|else|repeat))\s*(?:(?:#|//|--).*)?$")
_LONG, _DEEPEST = 6, 3
"""Compound statements of so many lines are looked into, so deep."""
_LONGEST = 250
"""So many lines of a definition are looked at."""
_CONTINUES = re.compile(
    r"(?:[)\]}.?:+*/%&|=<>,]|-[^-\w]|"
    r"(?:else|elif|elsif|elseif|except|catch|rescue|ensure|finally|after|and|or|then|do|end\w*|fi|done|esac|"
    r"when|where|with|in|of|is|begin|until|while|from|exception|default|case|implements|extends)\b)",
    re.IGNORECASE,
)
_UNFINISHED = re.compile(r"(?:[-+*/%&|=<>?.,\\(\[{^~]|=>|->|\b(?:and|or|not|in|is|return|then|do|of))\s*$")
_MARKS = ("@", "#[", "[<")
"""A line that begins so belongs to the one behind it."""
_SPACES = re.compile(r"[ \t]*")
_CONDITIONAL = re.compile(r"\s*#\s*(if|ifdef|ifndef|endif)\b")


class Statement(NamedTuple):
    """Lines [first, end) that are shown together; the head of a compound one has its inner ones apart."""

    first: int
    end: int
    heads: tuple[tuple[int, int], ...] = ()
    """The heads around it, without which it cannot be understood."""


@dataclass(frozen=True, slots=True)
class Body:
    """The lines of a definition, counted from its first one: so many of its head, then statements."""

    head: int
    statements: tuple[Statement, ...]


def body_of(lines: Sequence[str], signature: str, language: str) -> Body | None:
    """The statements of a definition; None where they cannot be told or there are fewer than two."""
    known = languages().get(language)
    head = _head(lines, signature)
    if known is None or language in _ONE_EXPRESSION or head is None or len(lines) > _LONGEST:
        return None
    statements = _statements(lines, head, len(lines), known, ())
    if len(statements) < 2:
        return None
    return Body(_without_blanks(lines, statements[0].first), tuple(statements))


Heads = tuple[tuple[int, int], ...]


def _statements(
    lines: Sequence[str], start: int, stop: int, language: Language, heads: Heads
) -> list[Statement]:
    """The statements between two lines, those inside of compound ones apart; none where that is not clear."""
    first = next((number for number in range(start, stop) if lines[number].strip()), None)
    if first is None or len(heads) > _DEEPEST:
        return []
    before = heads[-1][0] if heads else 0
    indent = _indent(lines[first])
    if indent <= _indent(lines[before]):
        return []
    begins = _beginnings(lines[before:stop], first - before, indent, language)
    if not begins:
        return []
    found: list[Statement] = []
    for begin, end in zip(begins, [*begins[1:], stop - before], strict=True):
        end = _without_blanks(lines, end + before)
        found += _inside(lines, begin + before, end, language, heads) or [
            Statement(begin + before, end, heads)
        ]
    return found


def _inside(
    lines: Sequence[str], first: int, end: int, language: Language, heads: Heads
) -> list[Statement] | None:
    """The clauses of a long compound statement with their statements; None for any other statement."""
    if end - first < _LONG or not _COMPOUND.match(lines[first].strip()):
        return None
    indent = _indent(lines[first])
    clauses = [
        number for number in range(first, end) if lines[number].strip() and _indent(lines[number]) == indent
    ]
    found: list[Statement] = []
    for clause, following in zip(clauses, [*clauses[1:], end], strict=True):
        inner = next((n + 1 for n in range(clause, following) if _OPENS.search(lines[n])), following)
        around = (*heads, (clause, inner))
        own = _statements(lines, inner, following, language, around) if inner < following else []
        if inner < following and not own:
            return None
        # A further clause means nothing without the first.
        found.append(Statement(clause, inner, heads if clause == first else (*heads, found[0][:2])))
        found += own
    return found


def _without_blanks(lines: Sequence[str], end: int) -> int:
    """The line behind the last one before `end` that is not blank."""
    while end > 1 and not lines[end - 1].strip():
        end -= 1
    return end


def _head(lines: Sequence[str], signature: str) -> int | None:
    """How many lines the signature takes, with a brace on a line of its own; None where it is not found."""
    wanted = "".join(signature.split())
    seen = ""
    for number, line in enumerate(lines):
        seen += "".join(line.split())
        if wanted and wanted in seen:
            rest = seen.partition(wanted)[2]
            if len(rest.rstrip("{:=>-;(do").rstrip()) > 2 * len(wanted) + 20:
                return None
            after = number + 1
            if after < len(lines) and lines[after].strip() in ("{", "begin", "is", "as"):
                after += 1
            return after
        if len(seen) > 4 * len(wanted) + 400:
            return None
    return None


def _beginnings(lines: Sequence[str], first: int, indent: int, language: Language) -> list[int]:
    """The lines at which statements begin; none where a text or a bracket does not end where it should."""
    scanner = _Scanner(language)
    for line in lines[:first]:
        if not scanner.read(line):
            return []
    depth = scanner.depth
    if scanner.inside:
        return []
    begins = [first]
    before = ""
    for number in range(first, len(lines)):
        line = lines[number]
        text = line.strip()
        at_margin = scanner.depth == depth and not scanner.inside and _indent(line) == indent
        # What has no code yet is a comment, or marks what follows it.
        ended = before and not _UNFINISHED.search(before) and not before.startswith(_MARKS)
        if number > first and text and ended and at_margin and not _CONTINUES.match(text):
            begins.append(number)
            before = ""
        if not scanner.read(line):
            return []
        if scanner.depth < depth and any(rest.strip() for rest in lines[number + 1 :]):
            return []
        before = scanner.code.strip() or before
    return begins if not scanner.inside else []


def _indent(line: str) -> int:
    found = _SPACES.match(line)
    return len(found.group().expandtabs(8)) if found else 0


@cache
def _landmarks(language: str) -> re.Pattern[str]:
    """What begins a comment or quoted text, and brackets; everything between is plain code."""
    known = languages()[language]
    blocks = "|".join(re.escape(opener) for opener, _ in known.block_comments) or "(?!)"
    comments = "|".join(map(re.escape, known.line_comments)) or "(?!)"
    return re.compile(
        rf"(?P<block>{blocks})|(?P<comment>{comments})|(?P<long>\"\"\"|'''|`)|(?P<unclear>{_UNCLEAR})"
        r"|(?P<quote>[\"'])|(?P<open>[(\[{])|(?P<close>[)\]}])"
    )


class _Scanner:
    """Counts open brackets line by line, outside of comments and quoted text."""

    def __init__(self, language: Language) -> None:
        self.depth = 0
        self.inside = ""
        """What ends the quoted text or comment that goes on into the next line."""
        self.code = ""
        """The line that was read last, without comments and quoted text."""
        self._blocks = dict(language.block_comments)
        self._landmarks = _landmarks(language.name)
        self._characters = language.name in _CHARACTERS
        self._directives = "#" not in "".join(language.line_comments)

    def read(self, line: str) -> bool:
        """Take one line; False where it is not clear what it holds."""
        kept: list[str] = []
        if not self.inside and self._directives and (directive := _CONDITIONAL.match(line)):
            self.depth += -1 if directive[1] == "endif" else 1
            self.code = ""
            return True
        at = 0
        while at < len(line):
            if self.inside:
                end = line.find(self.inside, at)
                if end < 0:
                    break
                at = end + len(self.inside)
                self.inside = ""
                continue
            found = self._landmarks.search(line, at)
            if found is None:
                kept.append(line[at:])
                break
            kept.append(line[at : found.start()])
            behind = self._pass(line, found)
            if behind is None:
                return False
            if found.lastgroup != "comment":
                kept.append("x" if found.lastgroup in ("long", "quote") else found.group())
            at = behind
        self.code = "".join(kept).rstrip()
        return True

    def _pass(self, line: str, found: re.Match[str]) -> int | None:
        """Where the code goes on behind a landmark; None where that is not clear."""
        kind, text = found.lastgroup, found.group()
        if kind == "comment":
            return len(line)
        if kind == "block":
            self.inside = self._blocks[text]
        elif kind == "long":
            self.inside = text
        elif kind == "unclear":
            return None
        elif kind == "quote":
            if text == "'" and self._characters:
                one = _ONE_CHARACTER.match(line, found.start())
                return one.end() if one else found.end()
            whole = _QUOTED[text].match(line, found.start())
            return whole.end() if whole else None
        else:
            self.depth += 1 if kind == "open" else -1
        return found.end()
