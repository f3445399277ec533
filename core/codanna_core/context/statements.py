"""Where the statements of a definition begin, so that some can be left out and none is cut.

Lines and brackets tell, without a parser: a statement begins at the indentation of the body where no bracket
is open and nothing continues the line before. Whatever is not clear stays together with what precedes it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import cache
from typing import NamedTuple

from codanna_core.languages.registry import Language, languages
from codanna_core.records import dataclass

_CHARACTERS = frozenset(
    {"c", "cpp", "csharp", "java", "go", "kotlin", "scala", "swift", "rust", "zig", "d", "objc", "haskell"}
)
"""Languages in which an apostrophe encloses one character, or nothing at all."""
_ONE_EXPRESSION = frozenset({"clojure", "commonlisp", "elisp", "scheme", "racket", "nix"})
"""Languages whose definitions are not made of statements."""
_ONE_CHARACTER = re.compile(r"'(?:\\[^']{1,10}|[^'\\])'")
_QUOTED = {quote: re.compile(rf"{quote}(?:\\.|[^{quote}\\])*{quote}") for quote in ('"', "'")}
_UNCLEAR = r"<<[~-]?[\"'`]?[A-Za-z_]|<<<|(?<=r#)\"|(?<=r##)\"|(?<=r###)\"|@\"|\$@?\"|%[qQwWi][\[({<|]|\[=*\["
"""Quoted text of many kinds, each with an end of its own."""
_COMPOUND = re.compile(
    r"(?:if|for|foreach|while|try|with|switch|do|match|loop|unsafe|select|using|lock|synchronized|unless|"
    r"until|begin|async (?:for|with)|guard|repeat)\b"
)
_OPENS = re.compile(r"(?:[{:]|\b(?:then|do|try|begin|else|repeat))\s*(?:(?:#|//|--).*)?$")
_LONG, _DEEPEST = 6, 3
"""Compound statements of so many lines are looked into, so deep."""
_LONGEST = 400
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
_STANDS_FOR = {"comment": "", "long": "x", "quote": "x"}
"""What is read instead of them."""
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
    statements = _statements(_Layout(lines, known), head, len(lines), ())
    if len(statements) < 2:
        return None
    first = statements[0].first
    while first > 1 and not lines[first - 1].strip():
        first -= 1
    return Body(first, tuple(statements))


Heads = tuple[tuple[int, int], ...]


def _statements(layout: _Layout, start: int, stop: int, heads: Heads) -> list[Statement]:
    """The statements between two lines, those inside of compound ones apart; none where that is not clear."""
    first = next((number for number in range(start, stop) if layout.texts[number]), None)
    if first is None or len(heads) > _DEEPEST:
        return []
    indent = layout.indents[first]
    if indent <= layout.indents[heads[-1][0] if heads else 0]:
        return []
    begins = _beginnings(layout, first, stop, indent)
    found: list[Statement] = []
    for begin, end in zip(begins, [*begins[1:], stop], strict=False):
        while not layout.texts[end - 1]:
            end -= 1
        found += _inside(layout, begin, end, heads) or [Statement(begin, end, heads)]
    return found


def _inside(layout: _Layout, first: int, end: int, heads: Heads) -> list[Statement] | None:
    """The clauses of a long compound statement with their statements; None for any other statement."""
    if end - first < _LONG or not _COMPOUND.match(layout.texts[first]):
        return None
    indent = layout.indents[first]
    clauses = [n for n in range(first, end) if layout.texts[n] and layout.indents[n] == indent]
    found: list[Statement] = []
    for clause, following in zip(clauses, [*clauses[1:], end], strict=True):
        inner = next((n + 1 for n in range(clause, following) if _OPENS.search(layout.texts[n])), following)
        around = (*heads, (clause, inner))
        own = _statements(layout, inner, following, around) if inner < following else []
        if inner < following and not own:
            return None
        # A further clause means nothing without the first.
        found.append(Statement(clause, inner, heads if clause == first else (*heads, found[0][:2])))
        found += own
    return found


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


def _beginnings(layout: _Layout, first: int, stop: int, indent: int) -> list[int]:
    """The lines at which statements begin; none where a text or a bracket does not end where it should."""
    if stop > layout.clear or layout.inside[first] or layout.inside[stop]:
        return []
    depth = layout.depths[first]
    if any(layout.depths[number] < depth and layout.texts[number] for number in range(first + 1, stop)):
        return []
    begins = [first]
    before = ""
    for number in range(first, stop):
        text = layout.texts[number]
        if number > first and text and before and layout.indents[number] == indent:
            # What has no code yet is a comment, or marks what follows it.
            at_margin = layout.depths[number] == depth and not layout.inside[number]
            ended = at_margin and not before.startswith(_MARKS) and not _UNFINISHED.search(before)
            if ended and not _CONTINUES.match(text):
                begins.append(number)
                before = ""
        before = layout.codes[number] or before
    return begins


class _Layout:
    """What is known of each line before statements are told apart; read once for a definition."""

    def __init__(self, lines: Sequence[str], language: Language) -> None:
        scanner = _Scanner(language)
        self.texts = [line.strip() for line in lines]
        self.indents = [_indent(line) for line in lines]
        self.depths = [0]
        """Open brackets at the start of each line, and at the end."""
        self.inside = [False]
        """Whether the line starts inside quoted text or a comment."""
        self.codes: list[str] = []
        self.clear = 0
        """So many lines, from the first one, are clear."""
        for line in lines:
            if not scanner.read(line):
                break
            self.clear += 1
            self.depths.append(scanner.depth)
            self.inside.append(bool(scanner.inside))
            self.codes.append(scanner.code.strip())


def _indent(line: str) -> int:
    spaces = line[: len(line) - len(line.lstrip(" \t"))]
    return len(spaces.expandtabs(8)) if "\t" in spaces else len(spaces)


Landmark = Callable[[str, int], "re.Match[str] | None"]


@cache
def _landmarks(language: str) -> tuple[Landmark, Landmark]:
    """What finds the characters with which comments, quoted text and brackets begin, for that is quick, and
    what tells which of them begins there; everything between is plain code.
    """
    known = languages()[language]
    openers = [*known.line_comments, *(opener for opener, _ in known.block_comments)]
    firsts = re.escape("".join(sorted({*"\"'`([{)]}<@$%", *(opener[0] for opener in openers)})))
    blocks = "|".join(re.escape(opener) for opener, _ in known.block_comments) or "(?!)"
    comments = "|".join(map(re.escape, known.line_comments)) or "(?!)"
    of = re.compile(
        rf"(?P<block>{blocks})|(?P<comment>{comments})|(?P<unclear>{_UNCLEAR})|(?P<long>\"\"\"|'''|`)"
        r"|(?P<quote>[\"'])|(?P<open>[(\[{])|(?P<close>[)\]}])"
    )
    return re.compile(f"[{firsts}]").search, of.match


class _Scanner:
    """Counts open brackets line by line, outside of comments and quoted text."""

    def __init__(self, language: Language) -> None:
        self.depth = 0
        self.inside = ""
        """What ends the quoted text or comment that goes on into the next line."""
        self.code = ""
        """The line that was read last, without comments and quoted text."""
        self._blocks = dict(language.block_comments)
        self._next, self._landmark = _landmarks(language.name)
        self._characters = language.name in _CHARACTERS
        self._directives = "#" not in "".join(language.line_comments)

    def read(self, line: str) -> bool:
        """Take one line; False where it is not clear what it holds."""
        if self._directives and "#" in line and not self.inside and (directive := _CONDITIONAL.match(line)):
            self.depth += -1 if directive[1] == "endif" else 1
            self.code = ""
            return True
        code = ""
        at = kept = 0
        if self.inside:
            at = kept = self._behind(line, 0)
        while near := self._next(line, at):
            found = self._landmark(line, near.start())
            if found is None:
                at = near.end()
                continue
            kind = found.lastgroup
            if kind == "open":
                self.depth += 1
                at = found.end()
            elif kind == "close":
                self.depth -= 1
                at = found.end()
            else:
                behind = self._pass(line, found)
                if behind is None:
                    return False
                code += line[kept : found.start()] + _STANDS_FOR.get(kind or "", found.group())
                at = kept = self._behind(line, behind) if self.inside else behind
        self.code = (code + line[kept:]).rstrip()
        return True

    def _behind(self, line: str, at: int) -> int:
        """Where what began before ends in this line, which is the end of the line if it goes on."""
        end = line.find(self.inside, at)
        if end < 0:
            return len(line)
        end += len(self.inside)
        self.inside = ""
        return end

    def _pass(self, line: str, found: re.Match[str]) -> int | None:
        """Where the code goes on behind what is not code; None where that is not clear."""
        kind, text = found.lastgroup, found.group()
        if kind == "comment":
            return len(line)
        if kind == "block":
            self.inside = self._blocks[text]
        elif kind == "long":
            self.inside = text
        elif kind == "unclear":
            return None
        else:
            if text == "'" and self._characters:
                one = _ONE_CHARACTER.match(line, found.start())
                return one.end() if one else found.end()
            whole = _QUOTED[text].match(line, found.start())
            return whole.end() if whole else None
        return found.end()
