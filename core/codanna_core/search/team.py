"""Code of a team that is not in this folder: what an answer asks for, and the layer of candidates it gets.

What asks an engine is another package, imported where the user named one. Nothing here waits or connects.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import NamedTuple, Protocol
from urllib.parse import urlsplit

import numpy as np
from numpy.typing import NDArray

from codanna_core.config import TeamSettings
from codanna_core.model import Origin, Problem
from codanna_core.names import NameIndex
from codanna_core.problems import Code
from codanna_core.records import dataclass
from codanna_core.results import SnippetLine
from codanna_core.search.layers import FileKeys, Layer
from codanna_core.text.rows import Rows
from codanna_core.text.stored import Filter, StoredSymbol

BEYOND = -(1 << 62)
"""Places of rows elsewhere are here and below; those of buffers are above."""


@dataclass(frozen=True, slots=True, eq=False)
class Inquiry:
    """What is asked for elsewhere. What is empty or None is not; several parts add up to one set of rows."""

    words: Mapping[str, float] = field(default_factory=dict)
    """The question's terms as the text index knows them (`text.schema.code_analyzer`), with what each counts
    in the text of a symbol by the rarities known here. Their order is that of the question. They are also
    what is looked for in paths.
    """
    vector: NDArray[np.float32] | None = None
    """Of the question, of length 1."""
    model: str = ""
    """The id of the model that made the vector; another's vectors are not compared with it."""
    names: tuple[str, ...] = ()
    """Definitions called exactly so."""
    prefix: str = ""
    """What was typed of a name: definitions whose names fit it."""
    identifier: str = ""
    """Definitions that use this identifier outside comments and strings."""
    repositories: tuple[str, ...] = ()
    """Only these; empty means all that the token may read."""
    only: Filter = field(default_factory=Filter)
    """`path_regexes` are tantivy's, over the path inside the repository. What the engine cannot express it
    may let through, for each row is checked again.
    """
    limit: int = 150
    """Rows for each of words, vector, prefix and identifier."""


class Beyond(NamedTuple):
    """What a row has in place of a file that can be read here."""

    origin: Origin
    lines: tuple[SnippetLine, ...]


class FarSymbol(StoredSymbol):
    """A symbol of a row, which knows that it has no file here."""

    _beyond: Beyond

    @classmethod
    def of(cls, symbol: StoredSymbol, beyond: Beyond) -> FarSymbol:
        """The symbol as it is, with where it is."""
        far = cls(*symbol)
        far._beyond = beyond
        return far

    @property
    def origin(self) -> Origin | None:
        """Where it is."""
        return self._beyond.origin


class Elsewhere(Layer, Protocol):
    """The candidates that one inquiry brought. None of them is in a file that can be read here."""

    @property
    def size(self) -> int:
        """Symbols and files among which they were found."""

    @property
    def keys(self) -> FileKeys:
        """Of the files that the rows are in."""

    @property
    def names(self) -> NameIndex:
        """The names of the rows, for fuzzy search."""

    def frequency(self, term: str) -> int:
        """In how many files a term of the question is."""

    def files_by_path(self, shares: Mapping[str, float], limit: int) -> tuple[FileKeys, Rows]:
        """Files with terms in their paths: their keys, and a row of each."""

    def of_file(self, key: int, only: Filter) -> Rows:
        """The rows of one file that pass a filter."""

    def projects(self, keys: FileKeys) -> Sequence[str]:
        """The plain name of the repository that each file is in."""

    def beyond(self, rows: Rows) -> list[Beyond]:
        """Where each row is, and the lines that came with it."""


class Asked(NamedTuple):
    """What came of an inquiry."""

    layer: Elsewhere | None
    """None where there was no answer in time."""
    problems: tuple[Problem, ...] = ()


def late(settings: TeamSettings) -> Problem:
    """That there was no answer in time, as a sentence."""
    host = urlsplit(settings.url).hostname or settings.url
    said = f"the team's index at {host} did not respond within {settings.deadline_ms} ms"
    return Problem(Code.TEAM_LATE, f"{said}; results are from this folder alone")


class Team(Protocol):
    """A team's index as the read side sees it. Any thread may ask."""

    def ask(self, inquiry: Inquiry, begun: float | None = None) -> Asked:
        """Candidates from the repositories that are not checked out; never waits beyond the deadline, which
        counts from `begun`, by `time.monotonic`, or from now.
        """

    def prepare(self) -> None:
        """Connect before there is a question; waits for nothing."""

    def close(self) -> None:
        """Ask no more."""
