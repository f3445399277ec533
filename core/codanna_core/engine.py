"""The facade: opens an index, keeps it current, answers questions. Command line and server are its users."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from codanna_core.cancel import Cancel
from codanna_core.config import Restart, Settings, diff, load_settings, restarts
from codanna_core.embed.base import Embedder
from codanna_core.errors import (
    IndexCorrupt,
    IndexMissing,
    InvalidQuery,
    ModelLost,
    ModelUnavailable,
)
from codanna_core.files import read_regular, to_utf8
from codanna_core.files.inside import read_inside
from codanna_core.indexing.condition import Condition
from codanna_core.indexing.events import Events
from codanna_core.indexing.layout import IndexFolder
from codanna_core.indexing.location import checked_root, index_path, remove_index
from codanna_core.indexing.models import Models
from codanna_core.indexing.saved import SavedTexts
from codanna_core.indexing.writer import Writer
from codanna_core.model import Extraction, Problem
from codanna_core.overlay import Buffers, read_buffer
from codanna_core.parsing.parser import HELPERS, Parsing
from codanna_core.parsing.verdicts import Verdicts
from codanna_core.problems import Code
from codanna_core.results import (
    Filters,
    Mode,
    Progress,
    RelationRequest,
    RelationResult,
    SearchRequest,
    SearchResult,
    Status,
    SymbolHit,
    SyncReport,
)
from codanna_core.runtime.yielding import OPEN_QUERIES
from codanna_core.search.buffers import BufferLayer
from codanna_core.search.committed import CommittedLayer
from codanna_core.search.hits import as_symbol_hit
from codanna_core.search.kept import Kept
from codanna_core.search.page import answer
from codanna_core.search.related import Partial, related
from codanna_core.search.relations import KeptFacts, ParsedFacts, Reading
from codanna_core.search.request import mode_of, request_of
from codanna_core.search.similar import Lines, near_lines, near_vector
from codanna_core.search.symbols import find_symbols, fits
from codanna_core.search.view import SearchView
from codanna_core.storage.directory import Checkpoint
from codanna_core.text.reader import TextSnapshot

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

__all__ = ["Engine", "remove_index"]

_MEANT_SYMBOLS = 20
"""Symbols found by meaning beyond these are hardly what was meant."""


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
    ) -> None:
        self.root = root
        self.folder = folder
        self.settings = settings
        self._events = Events()
        self._events.replace(problems)
        self._parsing = Parsing(Verdicts(folder.directory))
        self._models = Models(folder, settings, embedder, self._events)
        self._writer = Writer(root, folder, settings, self._models, self._events, self._parsing, checkpoint)
        self._condition = Condition(root, folder, self._writer, self._models, self._parsing, self._events)
        self._buffers = Buffers()
        self._saved = SavedTexts(root, self._buffers, self._parsing, self._published, settings.discovery)
        self._kept = Kept()
        self._facts = KeptFacts()
        self._closed = False
        self._writer_was_silent = False
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
    ) -> Engine:
        """Open the index of a folder. Loads no model, scans and writes nothing; `sync` does.

        `overrides` are options of the command line or an editor; an `embedder` takes the place of the model
        that the settings name. `checkpoint` is called at each named step of a commit; tests crash there.
        """
        checked = checked_root(root)
        problems: list[Problem] = []
        if settings is None:
            settings, problems = load_settings(checked, overrides)
        checkpoint = checkpoint or _no_checkpoint
        folder = IndexFolder(index_path(checked, index_dir, settings), checked, checkpoint)
        folder.check()
        engine = cls(checked, folder, settings, problems, embedder, checkpoint)
        engine._writer.open()
        return engine

    def warm(self) -> None:
        """Have a parser ready for the first save or outline; for programs that live long."""
        if not self._warm:
            self._warm = True
            HELPERS.keep()

    def close(self) -> None:
        """Stop work in progress at its next committed state and release the index."""
        if self._closed:
            return
        self._closed = True
        if self._warm:
            HELPERS.release()
        self._writer.close()
        self._models.close()
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
        return self._writer.damage.healing(lambda: self._answer(request, cancel))

    def search_vector(
        self,
        vector: ArrayLike | str,
        *,
        limit: int | None = None,
        filters: Filters | None = None,
        cancel: Cancel | None = None,
    ) -> SearchResult:
        """The symbols nearest to a vector of the model's dimension, or to a question, by vectors alone."""
        view = self._meant_view()
        with OPEN_QUERIES:
            return near_vector(view, vector, self._limit(limit), filters or Filters(), cancel)

    def similar(
        self,
        path: str,
        start_line: int,
        end_line: int | None = None,
        *,
        limit: int | None = None,
        filters: Filters | None = None,
        cancel: Cancel | None = None,
    ) -> SearchResult:
        """Code like the symbol at a line, or like the lines of a selection (lines from 0, both included)."""
        lines = Lines(self.relative(path), start_line, end_line, self._named, self._parsing.outline)
        view = self._meant_view()
        with OPEN_QUERIES:
            return near_lines(view, lines, self._limit(limit), filters or Filters(), cancel)

    def symbols(
        self,
        query: str,
        *,
        limit: int | None = None,
        near: Sequence[str] = (),
        cancel: Cancel | None = None,
    ) -> list[SymbolHit]:
        """Symbols by name, fuzzily; what `workspace/symbol` shows.

        Several plain words that fit no name are answered by meaning, unless the settings say no.
        """
        wanted = self.settings.search.symbol_limit if limit is None else limit

        def named(*, misspelled: bool) -> list[SymbolHit]:
            view = self._view(meaning=False)
            return find_symbols(view, query, wanted, near, cancel, misspelled=misspelled)

        if len(query.split()) < 2 or not self.settings.search.plain_words_fallback:
            return self._writer.damage.healing(lambda: named(misspelled=True))
        hits = self._writer.damage.healing(lambda: named(misspelled=False))
        if fits(hits):
            return hits
        mode = mode_of(self.settings.search.mode)
        request = SearchRequest(query, min(wanted, _MEANT_SYMBOLS), mode, snippets=False)
        found = self.search(request, cancel=cancel).hits
        return [as_symbol_hit(hit) for hit in found] or self._writer.damage.healing(
            lambda: named(misspelled=True)
        )

    def relations(
        self, request: RelationRequest, *, cancel: Cancel | None = None, partial: Partial | None = None
    ) -> RelationResult:
        """Who uses a definition, what it uses itself, and what a change of it reaches.

        `partial` hears of the edges of each file as soon as they are known, on the same thread.
        """
        if request.path is not None:
            request = replace(request, path=self.relative(request.path))

        def answered() -> RelationResult:
            view = self._view(meaning=False)
            reading = Reading(
                self._named, self._parsing.facts, self._facts, budget=request.budget, cancel=cancel
            )
            return related(view, request, ParsedFacts(view.tree, reading), reading, partial)

        return self._writer.damage.healing(answered)

    def document_symbols(self, path: str, text: str | None = None) -> Extraction:
        """The outline of one file, or of the given text of it."""
        relative = self.relative(path)
        data = text.encode("utf-8", "replace") if text is not None else to_utf8(self._on_disk(relative))[0]
        return self._parsing.outline(data, relative)

    @property
    def writer(self) -> bool:
        """Whether this process writes the index."""
        return self._writer.role.held

    def refresh(self) -> bool:
        """In a process that only reads: see what the writer published, and take over once it is gone."""
        if self._writer.role.held:
            return False
        before = self._generation()
        if self._writer.try_to_write():
            return True
        self._writer.text.reopen_if_replaced()
        after = self._generation()
        if after != before:
            self._events.changed()
        self._saved.look_again(write_here=False)
        self._look_for_writer()
        return after != before

    def hear_writer(self) -> None:
        """In a process that only reads: find out whether the one that writes runs, so that answers say so."""
        self._writer.role.silent_writer(wait=True)

    def publishes(self, paths: Iterable[str]) -> bool:
        """Whether the published index holds these files as they are on disk, or is not to hold them."""
        return all(self._saved.is_published(self.relative(path)) for path in paths)

    def status(self) -> Status:
        """The whole truth about the index. Loads the model, to say what it is and how many vectors there
        are.
        """
        return self._condition.status(self._published(), self.settings)

    def cluster_info(self) -> dict[str, Any]:
        """The state of the vector index in numbers."""
        self._writer.text.index  # noqa: B018 - raises IndexMissing before the first sync
        meaning = self._models.open(writable=self.writer)
        if meaning is None or meaning.vectors is None:
            problem = self._models.problem
            raise ModelUnavailable(problem.message if problem is not None else "there are no vectors yet")
        return asdict(meaning.vectors.stats())

    def subscribe(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call `listener`, on a thread of its own, after each published change and change of state.

        Returns what ends the subscription.
        """
        return self._events.subscribe(listener)

    def wait_until_idle(self, timeout: float | None = None) -> bool:
        """Whether background work was done before the time was up."""
        return self._writer.jobs.wait_until_idle(timeout)

    def settle(self, cancel: Cancel | None = None) -> None:
        """Wait until nothing is left to do: clusters, merges, saved tables. For programs that end after
        it.
        """
        self._writer.settle(cancel)

    def relative(self, path: str | os.PathLike[str]) -> str:
        """A path below the root in the index's form; raises InvalidQuery for a path outside."""
        text = os.fspath(path)
        full = os.path.normpath(os.path.join(self.root, text))
        relative = os.path.relpath(full, self.root)
        if relative == os.pardir or relative.startswith(os.pardir + os.sep) or os.path.isabs(relative):
            raise InvalidQuery(f"{text} is not inside {self.root}")
        return relative.replace(os.sep, "/")

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
        meaning = self._models.open(writable=True)
        if meaning is not None and meaning.vectors is not None:
            meaning.vectors.maintain(cancel, progress)
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
        if Restart.MODEL in restarts(changed):
            self._models.change(settings, writable=self.writer)
            if self.writer:
                self._writer.upkeep.embed_missing_soon()
        return changed

    # Inside

    def _look_for_writer(self) -> None:
        """Tell listeners when the process that writes falls silent, and when it runs again."""
        if not (self._writer.role.asks_writer or self._saved.waiting or self._writer_was_silent):
            return
        silent = self._writer.role.silent_writer() is not None
        if silent != self._writer_was_silent:
            self._writer_was_silent = silent
            self._events.changed()

    def _on_disk(self, relative: str) -> bytes:
        return read_regular(self.root / relative, self.settings.discovery.max_file_size)

    def _named(self, relative: str) -> bytes:
        """The same for a file that may be named by an index."""
        return read_inside(self.root, relative, self.settings.discovery.max_file_size)

    def _answer(self, request: SearchRequest, cancel: Cancel | None) -> SearchResult:
        try:
            return answer(self._view(meaning=request.mode is not Mode.TEXT), request, cancel)
        except ModelUnavailable as error:
            if isinstance(error, ModelLost):
                self._models.give_up(error)
            found = answer(self._view(meaning=False), request, cancel)
            return replace(found, problems=[Problem(Code.NO_MEANING, str(error)), *found.problems])

    def _limit(self, limit: int | None) -> int:
        return self.settings.search.limit if limit is None else limit

    def _meant_view(self) -> SearchView:
        view = self._view(meaning=True)
        if view.embedder is None:
            reason = self._models.problem
            raise ModelUnavailable(
                "this needs an embedding model, and none is loaded"
                + (f": {reason.message}" if reason is not None else "")
            )
        return view

    def _view(self, *, meaning: bool) -> SearchView:
        writer = self._writer
        if not writer.role.held:
            writer.text.reopen_if_replaced()
        # Buffers before the text: one that goes between the two must be in the text by then.
        buffers = self._buffers.shown
        text = writer.text.snapshot()
        self._saved.end_published(text)
        opened = self._models.open(writable=writer.role.held) if meaning else None
        embedder = opened.embedder if opened is not None else None
        vectors = None
        problems = [
            problem
            for problem in (writer.role.unwritable, writer.role.silent_writer(), self._events.nothing_left())
            if problem is not None
        ]
        if opened is not None and opened.vectors is not None:
            if not opened.writable:
                opened.vectors.refresh()
            vectors = opened.vectors.snapshot()
        if meaning and self._models.problem is not None:
            problems.append(self._models.problem)
        if meaning and self._writer.missing.pending:
            problems.append(
                Problem(
                    Code.VECTORS_PENDING,
                    f"{self._writer.missing.pending} symbols are found by text only, for now",
                )
            )
        incomplete = writer.coverage.problem(text)
        if incomplete is not None:
            problems.append(incomplete)
        if embedder is not None:
            buffers = self._buffers.embedded(buffers, embedder)
        return SearchView(
            self.root,
            text.generation,
            CommittedLayer(text, vectors),
            BufferLayer(buffers, self._kept),
            embedder,
            self._kept,
            lambda: self._writer.names.current(text),
            writer.coverage.share(text),
            tuple(problems),
        )

    def _published(self) -> TextSnapshot | None:
        """The state of the text index; None where there is none, be it that somebody removed it."""
        try:
            return self._writer.text.snapshot()
        except IndexMissing:
            return None
        except IndexCorrupt as error:
            self._writer.damage.heal(error)
            return None

    def _generation(self) -> int:
        text = self._published()
        return text.generation if text is not None else -1


def _no_checkpoint(_name: str) -> None:
    """The production checkpoint: does nothing."""
