"""What one file says about names: where they are bound, where they are used, and what is imported.

Facts depend on the bytes of the file and the rules alone, so they are kept by content. Expressions are kept
in a normal form that `expressions.py` writes and reads; types are kept as the text that stands there.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import IntEnum
from typing import NamedTuple, Protocol, TypeVar

SEPARATOR = "\x1f"
"""Between the normal forms of arguments."""


class Role(IntEnum):
    """How a name is used."""

    READ = 0
    CALL = 1
    WRITE = 2
    TYPE = 3
    IMPORT = 4
    INHERIT = 5
    DECORATOR = 6
    VALUE = 7
    """Passed on or stored without a call."""


class Binds(IntEnum):
    """What a binding makes its name stand for."""

    FUNCTION = 0
    TYPE = 1
    """A class, struct, trait or interface: it has members."""
    ALIAS = 2
    """Another name of a type; `value` is that type."""
    MODULE = 3
    VARIABLE = 4
    PARAMETER = 5
    FIELD = 6
    IMPORT = 7
    """`value` is `module#name`, or `module#` for the module itself; the name `*` takes over all names."""
    EXPORT = 8
    """A name that is visible outside under this name only; `value` as of an import, or the local name."""
    IMPLEMENTS = 9
    """A block that adds members to the type `container`."""
    MACRO = 10


class Flag(IntEnum):
    STATIC = 1
    """Belongs to the type and not to its instances; in C and C++ also: visible in this file only."""
    TYPED = 2
    """`value` is the text of a type, not an expression."""
    VARIADIC = 4
    INTERFACE = 8
    DEFAULT = 16
    """The default export."""
    DECLARED = 32
    """A declaration without a body."""
    PROPERTY = 64
    """A function that is used as a value is read (`@property`, `get x()`)."""


class Binding(NamedTuple):
    """A name that stands for something in a range of the file."""

    name: str
    kind: int
    at: int
    """First byte of the name."""
    line: int
    start: int
    end: int
    """Bytes of the whole definition; of the statement, for a variable."""
    scope_start: int
    scope_end: int
    """Bytes in which the name is bound; 0 begins the whole file, 1 a scope at its first byte."""
    owner: int
    """Index of the binding whose definition is around it, -1 at the top."""
    value: str
    """Type (see `Flag.TYPED`) or value; of a function, what it returns."""
    container: str
    """The type that it is a member of, where that is not around it."""
    bases: tuple[str, ...]
    """What a type inherits from; of a function, the types of its parameters where it may have overloads."""
    flags: int
    required: int
    """Parameters that a call must give; -1 where it is not a function."""


class Reference(NamedTuple):
    """A use of a name."""

    name: str
    role: int
    at: int
    line: int
    receiver: str
    """What stands before the dot, in normal form; empty for a bare name."""
    owner: int
    """Index of the binding whose definition is around it, -1 at the top."""
    arguments: int
    """How many a call passes; -1 where that is not known."""
    passed: str
    """Normal forms of the arguments, where the language tells functions of one name apart by them."""


Row = TypeVar("Row", covariant=True)


class Rows(Protocol[Row]):
    """What can be read like a tuple; facts that were decoded make each record when it is asked for."""

    def __len__(self) -> int: ...

    def __getitem__(self, number: int, /) -> Row: ...

    def __iter__(self) -> Iterator[Row]: ...


class Facts(NamedTuple):
    """The facts of a file."""

    language: str
    package: str
    """What the file itself says it belongs to (Go, Java)."""
    bindings: Rows[Binding]
    references: Rows[Reference]
    complete: bool = True
    """False where the file was too large or took too long and something is missing."""


def is_local(facts: Facts, row: Binding) -> bool:
    """Whether a binding is a parameter or a variable inside a function."""
    if row.kind == Binds.PARAMETER:
        return True
    inside = row.owner >= 0 and facts.bindings[row.owner].kind == Binds.FUNCTION
    return inside and row.kind == Binds.VARIABLE and row.scope_start > 0
