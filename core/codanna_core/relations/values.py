"""What names and expressions of a project stand for, as the typer hands it around."""

from __future__ import annotations

from typing import NamedTuple

from codanna_core.relations.types import Shape


class Value(NamedTuple):
    """What an expression stands for."""

    kind: str
    """`definition` (the function, type or module itself), `instance` of it, `module` by key, `shape` of a
    type that is none of the project's, or `outside`."""
    path: str = ""
    number: int = -1
    key: str = ""
    shape: Shape | None = None
    place: int = 0
    arguments: tuple[Shape, ...] = ()
    """Of an instance: its type's arguments, as they read at `origin`."""
    origin: tuple[str, int] = ("", 0)


FILE = -1
"""The number of a target that is a file as a whole: an imported module."""


class Target(NamedTuple):
    """A definition that a use means."""

    path: str
    number: int


OUTSIDE = Value("outside")
Place = tuple[str, int, int]
"""Path, byte and owner: from where a name is looked at."""
