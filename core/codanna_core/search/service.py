"""What every front door asks: one protocol, so that a door, a double in tests and the engine fit each other.

`tests/contract` holds that the engine and the tests' double keep it, in their signatures and in what they do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from codanna_core.results import DEFAULT_BUDGET

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from codanna_core.cancel import Cancel
    from codanna_core.config import Settings
    from codanna_core.model import Extraction, Problem
    from codanna_core.results import (
        Context,
        Edge,
        Filters,
        Mode,
        Progress,
        RelationRequest,
        RelationResult,
        SearchRequest,
        SearchResult,
        Status,
        SyncReport,
    )
    from codanna_core.search.hits import SymbolHits
    from codanna_core.vectors.sheet import ClusterMap


class SearchService(Protocol):
    """Answers about one folder. All methods may be called from any thread; none changes anything."""

    @property
    def root(self) -> Path:
        """The folder."""

    @property
    def settings(self) -> Settings:
        """The settings in use."""

    def search(
        self,
        query: str | SearchRequest,
        *,
        limit: int | None = None,
        mode: Mode | str | None = None,
        filters: Filters | None = None,
        explain: bool = False,
        cancel: Cancel | None = None,
    ) -> SearchResult:
        """Answer a question; an empty one has no hits. Raises IndexMissing before the first `sync`."""

    def context(
        self,
        question: str | SearchRequest,
        budget: int = DEFAULT_BUDGET,
        *,
        filters: Filters | None = None,
        cancel: Cancel | None = None,
        team: bool = True,
    ) -> Context:
        """The answer to a question as one block of text that takes `budget` tokens at most, code included;
        with `team`, also from the team's index, as a SearchRequest says for itself.
        """

    def search_vector(
        self,
        vector: ArrayLike | str,
        *,
        limit: int | None = None,
        filters: Filters | None = None,
        cancel: Cancel | None = None,
    ) -> SearchResult:
        """The symbols nearest to a vector of the model's dimension, or to a question, by vectors alone."""

    def similar(
        self,
        path: str,
        start_line: int,
        end_line: int | None = None,
        *,
        limit: int | None = None,
        filters: Filters | None = None,
        cancel: Cancel | None = None,
        team: bool = False,
    ) -> SearchResult:
        """Code like the symbol at a line, or like the lines of a selection (lines from 0, both included);
        with `team`, also code of the team's index.
        """

    def symbols(
        self,
        query: str,
        *,
        limit: int | None = None,
        near: Sequence[str] = (),
        cancel: Cancel | None = None,
        team: bool = False,
    ) -> SymbolHits:
        """Symbols by name, fuzzily; with `team`, also those of the team's index."""

    def relations(
        self,
        request: RelationRequest,
        *,
        cancel: Cancel | None = None,
        partial: Callable[[Sequence[Edge]], None] | None = None,
    ) -> RelationResult:
        """Who uses a definition, what it uses itself, and what a change of it reaches.

        `partial` hears of the edges of each file as soon as they are known, on the same thread; the answer
        has them all again. Of a name with several definitions the answer has these, and no edges.
        """

    def document_symbols(self, path: str, text: str | None = None) -> Extraction:
        """The outline of one file, or of the given text of it."""

    def status(self) -> Status:
        """What is indexed, what is missing and why."""

    def cluster_info(self) -> dict[str, Any]:
        """The state of the vector index in numbers."""

    def cluster_map(self, *, limit: int = 1000, cancel: Cancel | None = None) -> ClusterMap:
        """The definitions laid out by meaning, with about so many of them to show."""

    def subscribe(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call `listener` after each published change and change of state; gives what ends that."""


class IndexService(SearchService, Protocol):
    """The same of a folder whose index its owner keeps up to date."""

    @property
    def writer(self) -> bool:
        """Whether this process writes the index."""

    def refresh(self) -> bool:
        """In a process that only reads: see what the writer published, and take over once it is gone."""

    def sync(
        self,
        *,
        progress: Callable[[Progress], None] | None = None,
        cancel: Cancel | None = None,
        verify: bool = False,
    ) -> SyncReport:
        """Bring the index up to date with the folder. `verify` compares contents, not only time stamps."""

    def update(self, paths: Iterable[str], *, cancel: Cancel | None = None) -> SyncReport:
        """Bring single files or folders up to date: changed, created or deleted ones."""

    def saved(self, path: str) -> None:
        """Let answers show a file as it was just saved until the index holds it; `update` makes it last."""

    def reindex(
        self, *, progress: Callable[[Progress], None] | None = None, cancel: Cancel | None = None
    ) -> SyncReport:
        """Build the text index again; vectors of unchanged texts are kept."""

    def rebuild_clusters(
        self, *, progress: Callable[[str, float], None] | None = None, cancel: Cancel | None = None
    ) -> bool:
        """Train now instead of in the background; False where another process writes."""

    def set_overlay(self, path: str, text: str) -> None:
        """Let an unsaved buffer stand for the file until it is cleared."""

    def clear_overlay(self, path: str) -> None:
        """Forget the buffer of a file."""

    def apply_settings(self, overrides: Mapping[str, Any]) -> list[str]:
        """Take over changed settings without a restart; gives the names of the changed keys."""

    def warm(self) -> None:
        """Have ready what the first save or outline needs; for programs that live long."""

    def close(self) -> None:
        """Stop work in progress at its next committed state and release the index."""


class CommandService(IndexService, Protocol):
    """The same for a command, which waits until all is done and then ends."""

    def hear_writer(self) -> None:
        """In a process that only reads: find out whether the one that writes runs, so that answers say so."""

    def wait_until_idle(self, timeout: float | None = None) -> bool:
        """Whether background work was done before the time was up."""

    def file_problems(self) -> list[Problem]:
        """What is wrong with each file of the index, also what earlier runs found."""

    def settle(
        self, cancel: Cancel | None = None, progress: Callable[[Progress], None] | None = None
    ) -> None:
        """Wait until nothing is left to do."""
