"""What one question asks of a team's engine, and what comes back: the seam between asking and the engine.

Everything here is plain data. Rows come from outside: whoever makes them checks their shape, and whoever
shows them still treats them as text of a stranger.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Protocol

from codanna_core.errors import CodannaError
from codanna_core.problems import Code
from codanna_core.records import dataclass
from codanna_core.search.team import Inquiry
from codanna_team.rows import Place


@dataclass(frozen=True, slots=True, eq=False)
class RemoteQuestion(Inquiry):
    """One round trip: what an answer asks for, from repositories that are not checked out here."""

    left_out: tuple[str, ...] = ()
    """Names of repositories that are checked out here; an engine that knows one by another name asks for more
    than is shown.
    """


@dataclass(slots=True)
class RemoteRow:
    """A definition in another repository. Lines count from 0, columns are UTF-16 code units. Nobody changes
    one; it is not frozen because that takes three times as long to make, and an answer has hundreds.
    """

    repository: str
    branch: str
    revision: str
    """The commit, in hex; empty where it is not known."""
    path: str
    """Inside the repository, with `/`."""
    name: str
    container: str
    kind: str
    language: str
    signature: str
    doc: str
    snippet: tuple[tuple[int, str], ...]
    """Lines of source with their numbers."""
    place: Place
    flags: int = 0
    """As `StoredSymbol.flags`: 1 deprecated, 2 wide."""
    traits: int = 0
    """As `text.documents.symbol_traits`: kind, words of the body, place in the file."""
    levels: Mapping[str, str] = field(default_factory=dict)
    """Which of the question's terms the symbol holds, each with its level of `text.impact.LEVELS`. The text
    score is worked out from these here, by one table of rarities for this folder and the team.
    """
    held: tuple[str, ...] = ()
    """Which of the question's terms the file holds."""
    cosine: float | None = None
    """With the question's vector, from the int8 row; None where there is no vector."""


@dataclass(frozen=True, slots=True)
class RemoteAnswer:
    """What came back, in any order; a row that several parts of the question found is there once."""

    rows: tuple[RemoteRow, ...] = ()
    files_holding: Mapping[str, int] = field(default_factory=dict)
    """For each of the question's terms in how many files (not symbols) it is."""
    documents: int = 0
    """Symbols and files of the repositories that were asked, together; rarities are relative to it."""
    problems: tuple[tuple[Code, str], ...] = ()
    """What is missing from the answer, each in one plain sentence."""


class RemoteFailure(CodannaError):
    """There is no answer. `code` is one of those that begin with `team-`."""

    def __init__(self, code: Code, message: str) -> None:
        super().__init__(message)
        self.code = code


class RemoteSource(Protocol):
    """A team's index. Nothing is connected before the first question; any number of threads may ask."""

    def ask(self, question: RemoteQuestion, deadline: float) -> RemoteAnswer:
        """Answer before `deadline` of `time.monotonic`, or raise RemoteFailure. Never retries after it."""

    def prepare(self) -> None:
        """Connect before there is a question. What fails shows with the question."""

    def close(self) -> None:
        """Give connections back; a question that is under way fails."""
