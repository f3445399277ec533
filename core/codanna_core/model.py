"""The plain data that crosses module borders: symbols, spans, hits. Editor vocabulary, no behaviour beyond
checks.
"""

from __future__ import annotations

from dataclasses import field
from enum import StrEnum

from codanna_core.problems import Code
from codanna_core.records import dataclass


class Kind(StrEnum):
    """What a symbol is. The names are those that users type in `kind:` filters."""

    FUNCTION = "function"
    METHOD = "method"
    CLASS = "class"
    STRUCT = "struct"
    ENUM = "enum"
    TRAIT = "trait"
    INTERFACE = "interface"
    MODULE = "module"
    CONSTANT = "constant"
    VARIABLE = "variable"
    FIELD = "field"
    TYPE = "type"
    MACRO = "macro"
    HEADING = "heading"
    TEXT = "text"
    """A window of lines of a file whose language has no symbol queries, or of code outside every symbol."""


@dataclass(frozen=True, slots=True)
class Position:
    """A place in a text. `line` counts from 0; `character` counts UTF-16 code units from 0, as LSP does by
    default.
    """

    line: int
    character: int


@dataclass(frozen=True, slots=True)
class Span:
    """A range of text, end exclusive."""

    start: Position
    end: Position

    def __post_init__(self) -> None:
        if (self.end.line, self.end.character) < (self.start.line, self.start.character):
            raise ValueError(f"span ends before it starts: {self}")


@dataclass(slots=True)
class Symbol:
    """A definition found in a file. Built by the million, so it is slotted and holds plain integers.

    Lines count from 0, columns are UTF-16 code units, end positions are exclusive.
    """

    name: str
    kind: str
    container: str
    """Enclosing definitions joined by `.`, outermost first; empty at top level."""
    signature: str
    """The head of the definition on one line: everything before its body, white space collapsed."""
    doc: str
    """The doc comment without its comment marks; empty when there is none."""
    start_line: int
    start_col: int
    end_line: int
    end_col: int
    name_line: int
    name_col: int
    name_end_col: int
    start_byte: int
    end_byte: int
    """Byte span of the whole definition in the file as read, doc comment not included."""
    body_start_byte: int
    """Where the body starts, `end_byte` when there is none."""
    deprecated: bool = False
    wide: bool = False
    """True where a line of the start, end or name holds non-ASCII text, so that columns differ between
    encodings.
    """

    @property
    def has_name(self) -> bool:
        """A window of lines has a heading instead, which nobody would ask for."""
        return self.kind != "text"


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a hit of a team's index is, since there is no file of it here."""

    repository: str
    branch: str
    revision: str
    """The commit; empty where it is not known."""
    url: str
    """What opens it, by the user's own link template; empty without one."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that is missing or was worked around, in one sentence, with where it happened."""

    code: Code
    message: str
    path: str | None = None


@dataclass(slots=True)
class Extraction:
    """All that parsing one file gave. Parsing never fails: what could not be read is a problem."""

    language: str
    symbols: list[Symbol]
    problems: list[Problem] = field(default_factory=list)
    module_doc: str = ""
    """The comment or docstring that opens the file; empty when there is none."""
