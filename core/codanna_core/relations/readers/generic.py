"""Languages without rules of their own: their definitions as the outline has them, and each use of a name."""

from __future__ import annotations

import re

from codanna_core.languages.extract import extract
from codanna_core.languages.lines import Lines
from codanna_core.model import Kind, Symbol
from codanna_core.problems import Code
from codanna_core.relations.facts import Binding, Binds, Facts, Reference, Role
from codanna_core.relations.identifiers import MAX_IDENTIFIER, places
from codanna_core.relations.reader import MAX_ROWS, Builder, Spans, placed
from codanna_core.relations.rules import rules_of

_KINDS: dict[str, Binds] = {
    Kind.FUNCTION: Binds.FUNCTION,
    Kind.METHOD: Binds.FUNCTION,
    Kind.CLASS: Binds.TYPE,
    Kind.STRUCT: Binds.TYPE,
    Kind.ENUM: Binds.TYPE,
    Kind.TRAIT: Binds.TYPE,
    Kind.INTERFACE: Binds.TYPE,
    Kind.MODULE: Binds.MODULE,
    Kind.TYPE: Binds.ALIAS,
    Kind.MACRO: Binds.MACRO,
    Kind.CONSTANT: Binds.VARIABLE,
    Kind.VARIABLE: Binds.VARIABLE,
    Kind.FIELD: Binds.FIELD,
}
_WITHOUT_BRACKETS = frozenset(
    {
        *("bash", "clojure", "cmake", "commonlisp", "elisp", "elixir", "elm", "fish", "fsharp", "haskell"),
        *(
            "make",
            "nim",
            "nix",
            "ocaml",
            "perl",
            "powershell",
            "racket",
            "ruby",
            "scala",
            "scheme",
            "tcl",
            "vim",
        ),
    }
)
"""Languages whose calls need no brackets: every use of a name may be one."""

_ACCESS = (b"?.", b".", b"->", b"::", b"&.")
_SELVES = frozenset({b"self", b"this", b"me", b"Me"})
_LAST_WORD = re.compile(rb"\w+\Z")


def read_by_name(data: bytes, language: str, deadline_s: float) -> Facts:
    """The facts of a file. Never raises for bad input."""
    found = extract(data, "", language, deadline_s)
    lines = Lines(data)
    builder = Builder(data, language, rules_of(language))
    for symbol in found.symbols:
        row = _binding(symbol, lines)
        if row is not None:
            builder.rows.append(row)
            builder.bound.add(row.at)
    bindings, owners = placed(builder, Spans([]))
    references: list[Reference] = []
    for at, word in places(data, language):
        if at in builder.bound or len(word) > MAX_IDENTIFIER:
            continue
        if len(references) == MAX_ROWS:
            break
        owner = owners.innermost(at)
        references.append(
            Reference(
                word.decode("utf-8", "replace"),
                int(Role.CALL if _is_call(data, at + len(word), language) else Role.READ),
                at,
                lines.line_of(at),
                _receiver(data, at),
                owners.values[owner] if owner >= 0 else -1,
                -1,
                "",
            )
        )
    complete = len(builder.rows) <= MAX_ROWS and len(references) < MAX_ROWS
    complete = complete and all(problem.code is not Code.SLOW_FILE for problem in found.problems)
    return Facts(language, "", tuple(bindings), tuple(references), complete)


def _binding(symbol: Symbol, lines: Lines) -> Binding | None:
    kind = _KINDS.get(symbol.kind)
    if kind is None or not symbol.name or symbol.name_line >= len(lines.starts):
        return None
    line = lines.texts[symbol.name_line]
    if lines.is_wide(symbol.name_line):
        before = line.decode("utf-8", "replace").encode("utf-16-le")[: 2 * symbol.name_col]
        column = len(before.decode("utf-16-le", "replace").encode("utf-8", "replace"))
    else:
        column = symbol.name_col
    at = lines.starts[symbol.name_line] + column
    return Binding(
        name=symbol.name,
        kind=int(kind),
        at=at,
        line=symbol.name_line,
        start=symbol.start_byte,
        end=symbol.end_byte,
        scope_start=-1,
        scope_end=-1,
        owner=-1,
        value="",
        container="",
        bases=(),
        flags=0,
        required=-1,
    )


def _is_call(data: bytes, end: int, language: str) -> bool:
    return language in _WITHOUT_BRACKETS or data[end : end + 2].lstrip()[:1] == b"("


def _receiver(data: bytes, at: int) -> str:
    """`self` for the object itself, `?` for any other thing before a dot, nothing for a bare name."""
    before = data[max(0, at - 40) : at].rstrip()
    mark = next((mark for mark in _ACCESS if before.endswith(mark)), None)
    if mark is None:
        return "self" if before.endswith(b"@") else ""
    word = _LAST_WORD.search(before[: -len(mark)].rstrip())
    return "self" if word is not None and word[0] in _SELVES else "?"
