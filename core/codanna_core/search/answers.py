"""The read side of one engine, put together: what a question is, and what its answer is computed from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from codanna_core.cancel import Cancel
from codanna_core.config import Settings
from codanna_core.errors import ModelLost, ModelUnavailable
from codanna_core.files import read_regular, to_utf8
from codanna_core.files.inside import read_inside
from codanna_core.files.revision import revision_of
from codanna_core.indexing.models import Models
from codanna_core.indexing.saved import SavedTexts
from codanna_core.indexing.writer import Writer
from codanna_core.model import Extraction, Problem
from codanna_core.names import split_repositories
from codanna_core.overlay import Buffers
from codanna_core.parsing.parser import Parsing
from codanna_core.problems import Code
from codanna_core.results import (
    Context,
    Filters,
    Mode,
    RelationRequest,
    RelationResult,
    SearchRequest,
    SearchResult,
)
from codanna_core.runtime.yielding import OPEN_QUERIES
from codanna_core.search.buffers import BufferLayer
from codanna_core.search.committed import CommittedLayer
from codanna_core.search.hits import SymbolHits, as_symbol_hit
from codanna_core.search.kept import Kept
from codanna_core.search.opened_team import OpenedTeam
from codanna_core.search.reply import answer
from codanna_core.search.request import mode_of, request_of
from codanna_core.search.similar import Lines, near_lines, near_vector
from codanna_core.search.snippets import SnippetReader
from codanna_core.search.symbols import find_symbols, fits
from codanna_core.search.team import Team
from codanna_core.search.teamed import with_uses_elsewhere
from codanna_core.search.view import SearchView
from codanna_core.words import asked_parts

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from codanna_core.search.related import Partial
    from codanna_core.search.relations import KeptFacts
    from codanna_core.vectors.sheet import ClusterMap

_MEANT_SYMBOLS = 20
"""Symbols found by meaning beyond these are hardly what was meant."""


class Answers:
    """Computes answers, each from one view. Never waits for the writer."""

    def __init__(
        self,
        root: Path,
        writer: Writer,
        models: Models,
        parsing: Parsing,
        buffers: Buffers,
        saved: SavedTexts,
        settings: Settings,
    ) -> None:
        self._root = root
        self._writer = writer
        self._models = models
        self._parsing = parsing
        self._buffers = buffers
        self._saved = saved
        self._settings = settings
        self._kept = Kept()
        self._opened_team = OpenedTeam(root)

    def change_settings(self, settings: Settings) -> None:
        """Answer by these from now on."""
        self._settings = settings

    def close(self) -> None:
        """Give back what questions needed."""
        self._opened_team.close()

    def prepare_team(self) -> None:
        """A question of a team is near: connect beside other work."""
        self._opened_team.prepare(self._settings.team)

    def search(self, request: SearchRequest, cancel: Cancel | None) -> SearchResult:
        """A page of hits, by text alone where no model can be asked."""
        return self._writer.damage.healing(lambda: self._page(request, cancel))

    def context(
        self,
        question: str | SearchRequest,
        budget: int,
        filters: Filters | None,
        cancel: Cancel | None,
        *,
        team: bool,
    ) -> Context:
        """A page of hits as one text."""
        # Late, as are others below: a command that searches needs none of it, and is over in half a second.
        from codanna_core.context.packer import hits_for, pack

        if not isinstance(question, SearchRequest):
            mode = mode_of(self._settings.search.mode)
            question = SearchRequest(
                question, hits_for(budget), mode, filters or Filters(), snippets=False, team=team
            )
        request = request_of(question, self._settings.search, None, None, None, explain=False)
        found = self.search(request, cancel)
        reader = SnippetReader(self._root, BufferLayer(self._buffers.shown, self._kept).text)
        return pack(found, reader.lines, budget, asked_parts(request.query), revision_of(self._root))

    def near_vector(
        self, vector: ArrayLike | str, limit: int | None, filters: Filters | None, cancel: Cancel | None
    ) -> SearchResult:
        """The symbols nearest to a vector, or to a question."""
        view = self._meant_view()
        with OPEN_QUERIES:
            return near_vector(view, vector, self._limit(limit), filters or Filters(), cancel)

    def similar(
        self,
        path: str,
        start_line: int,
        end_line: int | None,
        limit: int | None,
        filters: Filters | None,
        cancel: Cancel | None,
        *,
        team: bool,
    ) -> SearchResult:
        """Code like lines of a file."""
        asked = self._opened_team.of(self._settings.team) if team else None
        lines = Lines(path, start_line, end_line, self._named, self._parsing.outline)
        view = self._meant_view()
        with OPEN_QUERIES:
            return near_lines(view, lines, self._limit(limit), filters or Filters(), cancel, asked)

    def symbols(
        self, query: str, limit: int | None, near: Sequence[str], cancel: Cancel | None, *, team: bool
    ) -> SymbolHits:
        """Symbols by name; several plain words that fit none are answered by meaning."""
        settings = self._settings.search
        asked = self._opened_team.of(self._settings.team) if team else None
        wanted = settings.symbol_limit if limit is None else limit

        def named(team: Team | None, *, misspelled: bool) -> SymbolHits:
            return self._writer.damage.healing(
                lambda: find_symbols(
                    self.view(meaning=False), query, wanted, near, cancel, misspelled=misspelled, team=team
                )
            )

        if len(split_repositories(query)[0].split()) < 2 or not settings.plain_words_fallback:
            return named(asked, misspelled=True)
        # A team is asked once, and when it is known for what, so that nobody waits for it twice.
        hits = named(None, misspelled=False)
        if fits(hits):
            return hits if asked is None else named(asked, misspelled=False)
        mode = mode_of(settings.mode)
        meant = SearchRequest(query, min(wanted, _MEANT_SYMBOLS), mode, snippets=False, team=team)
        request = request_of(meant, settings, None, None, None, explain=False)
        found = self.search(request, cancel)
        missing = [one for one in found.problems if one.code.startswith("team-")]
        return SymbolHits([as_symbol_hit(hit) for hit in found.hits] or named(None, misspelled=True), missing)

    def relations(
        self, request: RelationRequest, cancel: Cancel | None, partial: Partial | None
    ) -> RelationResult:
        """Who uses a definition, what it uses itself, and what a change of it reaches."""
        from codanna_core.search.related import related
        from codanna_core.search.relations import IndexedFacts, Reading

        def answered() -> RelationResult:
            view = self.view(meaning=False)
            reading = Reading(
                self._named, self._parsing.facts, self._facts, budget=request.budget, cancel=cancel
            )
            source = IndexedFacts(view.tree, reading, self._writer.facts)
            return related(view, request, source, reading, partial)

        result = self._writer.damage.healing(answered)
        team = self._opened_team.of(self._settings.team) if request.team else None
        if team is None and not request.repositories:
            return result
        return with_uses_elsewhere(result, request, team, self._root)

    @cached_property
    def _facts(self) -> KeptFacts:
        from codanna_core.search.relations import KeptFacts

        return KeptFacts()

    def cluster_map(self, limit: int, cancel: Cancel | None) -> ClusterMap:
        """The definitions of the index, laid out by meaning."""
        from codanna_core.search.atlas import cluster_map

        view = self._meant_view()
        with OPEN_QUERIES:
            return cluster_map(view, limit, cancel)

    def outline(self, path: str, text: str | None) -> Extraction:
        """The symbols of one file, or of the given text of it."""
        if text is not None:
            data = text.encode("utf-8", "replace")
        else:
            data = to_utf8(read_regular(self._root / path, self._settings.discovery.max_file_size))[0]
        return self._parsing.outline(data, path)

    def view(self, *, meaning: bool) -> SearchView:
        """What one answer is computed from."""
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
        if opened is not None and opened.vectors is not None:
            if not opened.writable:
                opened.vectors.refresh()
            vectors = opened.vectors.snapshot()
        problems = (
            writer.role.unwritable,
            writer.role.silent_writer(),
            self._models.problem if meaning else None,
            writer.missing.problem(text) if meaning else None,
            writer.coverage.problem(text),
        )
        if embedder is not None:
            buffers = self._buffers.embedded(buffers, embedder)
        return SearchView(
            self._root,
            text.generation,
            CommittedLayer(text, vectors),
            BufferLayer(buffers, self._kept),
            embedder,
            self._kept,
            lambda: writer.names.current(text),
            writer.coverage.share(text),
            [problem for problem in problems if problem is not None],
        )

    def _page(self, request: SearchRequest, cancel: Cancel | None) -> SearchResult:
        team = self._opened_team.of(self._settings.team) if request.team else None
        try:
            return answer(self.view(meaning=request.mode is not Mode.TEXT), request, cancel, team)
        except ModelUnavailable as error:
            if isinstance(error, ModelLost):
                self._models.give_up(error)
            found = answer(self.view(meaning=False), request, cancel, team)
            return replace(found, problems=[Problem(Code.NO_MEANING, str(error)), *found.problems])

    def _meant_view(self) -> SearchView:
        view = self.view(meaning=True)
        if view.embedder is None:
            reason = self._models.problem
            raise ModelUnavailable(
                "this needs an embedding model, and none is loaded"
                + (f": {reason.message}" if reason is not None else "")
            )
        return view

    def _named(self, path: str) -> bytes:
        """A file that may be named by an index."""
        return read_inside(self._root, path, self._settings.discovery.max_file_size)

    def _limit(self, limit: int | None) -> int:
        return self._settings.search.limit if limit is None else limit
