"""What the text index gives back: symbols and files as they were stored, and what narrows a search down."""

from __future__ import annotations

from typing import NamedTuple

from codanna_core.model import Origin
from codanna_core.records import dataclass


@dataclass(frozen=True, slots=True)
class Filter:
    """Restrictions in terms of indexed fields, each a list of alternatives."""

    languages: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    owners: tuple[str, ...] = ()
    """Exact paths of files."""
    path_regexes: tuple[str, ...] = ()
    container_words: tuple[tuple[str, ...], ...] = ()
    excluded_words: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(
            self.languages
            or self.kinds
            or self.owners
            or self.path_regexes
            or self.container_words
            or self.excluded_words
        )

    @property
    def of_symbols(self) -> bool:
        """Whether symbols of one file may differ in passing it."""
        return bool(self.kinds or self.container_words or self.excluded_words)


class StoredSymbol(NamedTuple):
    """A symbol document as read back. A tuple is made three times as fast as a frozen dataclass, and two
    hundred of them for every letter typed.
    """

    name: str
    kind: str
    container: str
    language: str
    path: str
    signature: str
    doc: str
    start_line: int
    start_col: int
    end_line: int
    end_col: int
    name_line: int
    name_col: int
    name_end_col: int
    flags: int
    key: int

    @property
    def deprecated(self) -> bool:
        """Whether the source says so."""
        return bool(self.flags & 1)

    @property
    def wide(self) -> bool:
        """Whether columns depend on the position encoding."""
        return bool(self.flags & 2)

    @property
    def origin(self) -> Origin | None:
        """Of a symbol that is in no file here, where it is; None for what an index of a folder has."""
        return None

    @property
    def has_name(self) -> bool:
        """A window of lines has a heading instead, which nobody would ask for."""
        return self.kind != "text"


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file document as read back."""

    path: str
    mtime_ns: int
    size: int
    seen_ns: int
    digest: bytes
    language: str
    symbols: int
    problems: tuple[tuple[str, str], ...]
