"""The facade: opens an index, keeps it current, answers questions. Command line and server are its users."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from codanna_core.cancel import Cancel
from codanna_core.config import Restart, Settings, diff, load_settings, restarts
from codanna_core.embed.base import Embedder
from codanna_core.files.spelling import CASE_MAY_NOT_COUNT, spelled_as_on_disk
from codanna_core.indexing.condition import Condition
from codanna_core.indexing.events import Events
from codanna_core.indexing.following import Follower
from codanna_core.indexing.layout import IndexFolder
from codanna_core.indexing.location import checked_root, index_path, relative_to, remove_index
from codanna_core.indexing.models import Models
from codanna_core.indexing.saved import SavedTexts
from codanna_core.indexing.writer import Writer
from codanna_core.model import Extraction, Problem
from codanna_core.overlay import Buffers, read_buffer
from codanna_core.parsing.parser import HELPERS, Parsing
from codanna_core.parsing.verdicts import Verdicts
from codanna_core.results import (
    DEFAULT_BUDGET,
    Context,
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
from codanna_core.runtime.pace import AT_ONCE, POLITE, Pace
from codanna_core.search.answers import Answers
from codanna_core.search.hits import SymbolHits
from codanna_core.search.request import request_of
from codanna_core.search.view import SearchView
from codanna_core.storage.directory import Checkpoint

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from codanna_core.search.related import Partial
    from codanna_core.vectors.sheet import ClusterMap

__all__ = ["Engine", "remove_index"]


class Engine:
    """One workspace folder with its index. All methods may be called from any thread.

    Reading never waits for writing: an answer is computed from a snapshot. Writing is serialised, and only
    the process that holds the writer lock does it; in any other process `sync` and `update` return at once
    and the answers come from what the writer has published.
    """

    def __init__(
        self,
        root: Path,
        folder: IndexFolder,
        settings: Settings,
        problems: Iterable[Problem],
        embedder: Embedder | None,
        checkpoint: Checkpoint,
        pace: Pace,
    ) -> None:
        self.root = root
        self.folder = folder
        self.settings = settings
        self._events = Events()
        self._events.replace(problems)
        self._parsing = Parsing(Verdicts(folder.directory))
        self._models = Models(folder, settings, embedder, self._events, pace)
        self._writer = Writer(root, folder, settings, self._models, self._events, self._parsing, checkpoint)
        self._condition = Condition(root, folder, self._writer, self._models, self._parsing, self._events)
        self._buffers = Buffers()
        self._saved = SavedTexts(
            root, self._buffers, self._parsing, lambda: self._writer.published, settings.discovery
        )
        self._follower = Follower(self._writer, self._saved, self._events)
        self._answers = Answers(
            root, self._writer, self._models, self._parsing, self._buffers, self._saved, settings
        )
        self._closed = False
        self._warm = False

    # Opening and closing

    @classmethod
    def open(
        cls,
        root: Path | str,
        index_dir: Path | str | None = None,
        settings: Settings | None = None,
        *,
        overrides: Mapping[str, Any] | None = None,
        embedder: Embedder | None = None,
        checkpoint: Checkpoint | None = None,
        watched: bool = False,
    ) -> Engine:
        """Open the index of a folder. Loads no model, scans and writes nothing; `sync` does.

        `overrides` are options of the command line or an editor; an `embedder` takes the place of the model
        that the settings name. `checkpoint` is called at each named step of a commit; tests crash there.
        `watched` says that a person waits until the work is done, which then stands back behind nothing.
        """
        checked = checked_root(root)
        problems: list[Problem] = []
        if settings is None:
            settings, problems = load_settings(checked, overrides)
        checkpoint = checkpoint or _no_checkpoint
        folder = IndexFolder(index_path(checked, index_dir, settings), checked, checkpoint)
        folder.check()
        pace = AT_ONCE if watched else POLITE
        engine = cls(checked, folder, settings, problems, embedder, checkpoint, pace)
        engine._writer.open()
        return engine

    def warm(self) -> None:
        """Have a parser ready for the first save or outline, and facts for questions about relations; for
        programs that live long.
        """
        if not self._warm:
            self._warm = True
            HELPERS.keep()
            self._writer.upkeep.stay()
            self._answers.prepare_team()

    def close(self) -> None:
        """Stop work in progress at its next committed state and release the index."""
        if self._closed:
            return
        self._closed = True
        if self._warm:
            HELPERS.release()
        self._writer.close()
        self._models.close()
        self._answers.close()
        self._events.stop()

    def __enter__(self) -> Engine:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # Reading

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
        """Answer a question. Raises IndexMissing before the first `sync`."""
        request = request_of(query, self.settings.search, limit, mode, filters, explain=explain)
        return self._answers.search(request, cancel)

    def context(
        self,
        question: str | SearchRequest,
        budget: int = DEFAULT_BUDGET,
        *,
        filters: Filters | None = None,
        cancel: Cancel | None = None,
        team: bool = True,
    ) -> Context:
        """The answer to a question as one block of text that takes `budget` tokens at most."""
        return self._answers.context(question, budget, filters, cancel, team=team)

    def search_vector(
        self,
        vector: ArrayLike | str,
        *,
        limit: int | None = None,
        filters: Filters | None = None,
        cancel: Cancel | None = None,
    ) -> SearchResult:
        """The symbols nearest to a vector of the model's dimension, or to a question, by vectors alone."""
        return self._answers.near_vector(vector, limit, filters, cancel)

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
        path = self.relative(path)
        return self._answers.similar(path, start_line, end_line, limit, filters, cancel, team=team)

    def symbols(
        self,
        query: str,
        *,
        limit: int | None = None,
        near: Sequence[str] = (),
        cancel: Cancel | None = None,
        team: bool = False,
    ) -> SymbolHits:
        """Symbols by name, fuzzily; what `workspace/symbol` shows. With `team`, the team's index has its say.

        Several plain words that fit no name are answered by meaning, unless the settings say no.
        """
        return self._answers.symbols(query, limit, near, cancel, team=team)

    def relations(
        self, request: RelationRequest, *, cancel: Cancel | None = None, partial: Partial | None = None
    ) -> RelationResult:
        """Who uses a definition, what it uses itself, and what a change of it reaches.

        `partial` hears of the edges of each file as soon as they are known, on the same thread.
        """
        if request.path is not None:
            request = replace(request, path=self.relative(request.path))
        return self._answers.relations(request, cancel, partial)

    def document_symbols(self, path: str, text: str | None = None) -> Extraction:
        """The outline of one file, or of the given text of it."""
        return self._answers.outline(self.relative(path), text)

    @property
    def writer(self) -> bool:
        """Whether this process writes the index."""
        return self._writer.role.held

    def refresh(self) -> bool:
        """In a process that only reads: see what the writer published, and take over once it is gone."""
        return self._follower.refresh()

    def hear_writer(self) -> None:
        """In a process that only reads: find out whether the one that writes runs, so that answers say so."""
        self._writer.role.silent_writer(wait=True)

    def status(self) -> Status:
        """The whole truth about the index. Loads the model, to say what it is and how many vectors there
        are.
        """
        return self._condition.status(self._writer.published, self.settings)

    def file_problems(self) -> list[Problem]:
        """What is wrong with each file of the index, also what earlier runs found."""
        return self._condition.file_problems(self._writer.published)

    def cluster_info(self) -> dict[str, Any]:
        """The state of the vector index in numbers."""
        return self._condition.clusters()

    def cluster_map(self, *, limit: int = 1000, cancel: Cancel | None = None) -> ClusterMap:
        """The definitions laid out by meaning: in two dimensions, in regions with words for names, with
        about so many of them to show.
        """
        return self._answers.cluster_map(limit, cancel)

    def subscribe(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call `listener`, on a thread of its own, after each published change and change of state.

        Returns what ends the subscription.
        """
        return self._events.subscribe(listener)

    def wait_until_idle(self, timeout: float | None = None) -> bool:
        """Whether background work was done before the time was up."""
        return self._writer.jobs.wait_until_idle(timeout)

    def settle(
        self, cancel: Cancel | None = None, progress: Callable[[Progress], None] | None = None
    ) -> None:
        """Wait until nothing is left to do: clusters, merges, saved tables. For programs that end after
        it.
        """
        self._writer.settle(cancel, progress)

    def relative(self, path: str | os.PathLike[str]) -> str:
        """A path below the root in the index's form; raises InvalidQuery for a path outside."""
        relative = relative_to(self.root, path)
        return spelled_as_on_disk(self.root, relative) if CASE_MAY_NOT_COUNT else relative

    # Writing

    def sync(
        self,
        *,
        progress: Callable[[Progress], None] | None = None,
        cancel: Cancel | None = None,
        verify: bool = False,
    ) -> SyncReport:
        """Bring the index up to date with the folder. `verify` compares contents, not only time stamps."""
        report = self._writer.runs.sync(progress, cancel, verify=verify)
        self._saved.look_again(write_here=self.writer)
        return report

    def update(self, paths: Iterable[str | os.PathLike[str]], *, cancel: Cancel | None = None) -> SyncReport:
        """Bring single files or folders up to date: changed, created or deleted ones."""
        report = self._writer.runs.update([self.relative(path) for path in paths], cancel)
        self._saved.look_again(write_here=self.writer)
        return report

    def saved(self, path: str) -> None:
        """Let answers show a file as it has just been saved, until the published index holds it, whichever
        process writes that. `update` makes it last: this costs a parse, that a commit, for which nobody need
        wait. An unsaved buffer of the file still hides it.
        """
        shown = self._saved.show(self.relative(path), write_here=self.writer)
        active = self._models.active
        if shown is not None and active is not None:
            self._buffers.embedded({shown.path: shown}, active.embedder)

    def reindex(
        self, *, progress: Callable[[Progress], None] | None = None, cancel: Cancel | None = None
    ) -> SyncReport:
        """Build the text index anew; vectors of unchanged texts are kept."""
        return self._writer.runs.sync(progress, cancel, verify=False, anew=True)

    def rebuild_clusters(
        self, *, progress: Callable[[str, float], None] | None = None, cancel: Cancel | None = None
    ) -> bool:
        """Seal, merge and train now instead of in the background; False where another process writes."""
        if not self._writer.try_to_write():
            return False
        self._models.rebuild_clusters(cancel, progress)
        return True

    def set_overlay(self, path: str, text: str) -> None:
        """Let an unsaved buffer stand for the file until it is cleared."""
        self._buffers.put(read_buffer(self.relative(path), text, self._parsing))

    def clear_overlay(self, path: str) -> None:
        """Forget the buffer of a file: from now on the index speaks for it."""
        self._buffers.clear(self.relative(path))

    def apply_settings(self, overrides: Mapping[str, Any]) -> list[str]:
        """Take over changed settings without a restart; returns the names of the changed keys, of which
        `config.restarts` says what is left to do.
        """
        settings, problems = load_settings(self.root, overrides)
        changed = diff(self.settings, settings)
        if not changed:
            return []
        self._events.replace(problems)
        self.settings = settings
        self._writer.change_settings(settings)
        self._saved.change_settings(settings.discovery)
        self._answers.change_settings(settings)
        if Restart.MODEL in restarts(changed):
            self._models.change(settings, writable=self.writer)
            if self.writer:
                self._writer.upkeep.embed_missing_soon()
        return changed

    def _view(self, *, meaning: bool) -> SearchView:
        """What an answer would be computed from now; measurements look into it."""
        return self._answers.view(meaning=meaning)


def _no_checkpoint(_name: str) -> None:
    """The production checkpoint: does nothing."""
