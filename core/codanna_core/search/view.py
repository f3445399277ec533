"""What one answer is computed from: the committed index and the buffers before it, merged once.

A view asks both layers and drops what the buffers hide, so that whoever reads it knows neither.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from codanna_core.arrays import among
from codanna_core.cancel import Cancel
from codanna_core.embed.base import Embedder
from codanna_core.model import Problem
from codanna_core.names import NameIndex, NameMatch
from codanna_core.records import dataclass
from codanna_core.results import Hit, SearchResult
from codanna_core.search.buffers import BufferLayer, fits_path
from codanna_core.search.committed import CommittedLayer
from codanna_core.search.file_tree import FileTree
from codanna_core.search.kept import Kept
from codanna_core.search.layers import FileKeys, FileScores, Nearest, Traits
from codanna_core.search.team import Elsewhere
from codanna_core.text.rows import Floats, Rows, Scored
from codanna_core.text.stored import Filter, StoredSymbol

_A_BUFFER = 32
"""So many more symbols are asked of the index for each buffer, in place of those that it hides."""


@dataclass(frozen=True, slots=True)
class State:
    """What is true of the folder while an answer is computed."""

    root: Path
    generation: int
    indexed: float
    """Share of the files that the index covers."""
    problems: tuple[Problem, ...]


class SearchView:
    """Held by a reader for one answer; what the writer publishes meanwhile does not show in it."""

    def __init__(
        self,
        root: Path,
        generation: int,
        index: CommittedLayer,
        buffers: BufferLayer,
        embedder: Embedder | None,
        kept: Kept,
        names: Callable[[], NameIndex] = NameIndex,
        indexed: float = 1.0,
        problems: Sequence[Problem] = (),
    ) -> None:
        self.state = State(root, generation, indexed, tuple(problems))
        self.embedder = embedder
        """None where meaning is switched off or no model could be loaded; the problems say which."""
        self.kept = kept
        self.size = index.size
        """Documents of the index."""
        self.published = index
        """The index alone, for what shows it as a whole; an answer asks both layers."""
        self.tree = FileTree(index, buffers, self.paths)
        self.elsewhere: Elsewhere | None = None
        """What a question brought from a team's index; see `search/joined.py`."""
        self._names = names
        self._index = index
        self._buffers = buffers

    # Symbols

    def named(self, names: Sequence[str], limit: int, only: Filter) -> Rows:
        """Symbols with exactly one of these names."""
        stored = self._index.named(names, limit, only)
        return Rows.concat((self._buffers.named(names, limit, only), stored.take(self._shown(stored))))

    def passing(self, only: Filter, limit: int) -> Rows:
        """Symbols that pass a filter."""
        stored = self._index.passing(only, limit)
        return Rows.concat((self._buffers.passing(only, limit), stored.take(self._shown(stored))))

    def matching(self, weights: Mapping[str, float], limit: int, only: Filter) -> Scored:
        """Symbols by the weights of the terms they hold, each times its level in the symbol."""
        if not len(self._buffers):
            return self._index.matching(weights, limit, only)
        wanted = limit + _A_BUFFER * len(self._buffers)
        return self._both(
            self._buffers.matching(weights, limit, only), self._index.matching(weights, wanted, only)
        )

    def nearest(self, asked: Nearest) -> Scored:
        """Symbols by their cosine with a vector."""
        if not len(self._buffers):
            return self._index.nearest(asked)
        return self._both(self._buffers.nearest(asked), self._index.nearest(asked))

    def nearness(self, rows: Rows, vector: NDArray[np.float32]) -> Floats:
        """The cosine of each row with a vector; 0 for a row without one."""
        buffered = rows.places < 0
        if not buffered.any():
            return self._index.nearness(rows, vector)
        near = np.zeros(len(rows))
        near[buffered] = self._buffers.nearness(rows.take(buffered), vector)
        near[~buffered] = self._index.nearness(rows.take(~buffered), vector)
        return near

    def symbols(self, rows: Rows) -> list[StoredSymbol]:
        """The whole of each row, in their order."""
        buffered = rows.places < 0
        if not buffered.any():
            return self._index.symbols(rows)
        before = iter(self._buffers.symbols(rows.take(buffered)))
        stored = iter(self._index.symbols(rows.take(~buffered)))
        return [next(before) if there else next(stored) for there in buffered.tolist()]

    def traits(self, rows: Rows) -> Traits:
        """The file of each row, and what ranking must know of it."""
        buffered = rows.places < 0
        if not buffered.any():
            return self._index.traits(rows)
        merged = Traits(
            np.zeros(len(rows), np.uint64), np.zeros(len(rows), np.int64), np.zeros(len(rows), np.uint64)
        )
        for there, layer in ((buffered, self._buffers), (~buffered, self._index)):
            for column, values in zip(merged, layer.traits(rows.take(there)), strict=True):
                column[there] = values
        return merged

    def outline(self, path: str) -> list[StoredSymbol]:
        """The symbols of one file, in the order of the file."""
        return (self._buffers if path in self._buffers else self._index).outline(path)

    def matching_names(
        self, name: str, limit: int, cancel: Cancel | None, *, misspelled: bool
    ) -> list[NameMatch]:
        """Names of symbols that fit what was typed, best first; some may be of symbols that are gone."""
        stored = self._names().search(name, limit, cancel, misspelled=misspelled)
        if not len(self._buffers):
            return stored
        known = {match.name for match in stored}
        before = self._buffers.names.search(name, limit, cancel, misspelled=misspelled)
        fresh = [match for match in before if match.name not in known]
        return sorted([*stored, *fresh], key=lambda match: -match.score)

    # Files

    def files_by_words(self, shares: Mapping[str, float], limit: int) -> FileScores:
        """Files by the share of the question that they hold."""
        keys, scores = self._index.files_by_words(shares, limit)
        if not len(self._buffers):
            return FileScores(keys, scores)
        shown = ~among(keys, self._buffers.keys)
        own = self._buffers.files_by_words(shares, limit)
        return FileScores(
            np.concatenate((own.keys, keys[shown])), np.concatenate((own.scores, scores[shown]))
        )

    def files_by_path(self, shares: Mapping[str, float], limit: int) -> tuple[FileKeys, Rows]:
        """Files of the index with terms in their paths: their keys and their documents."""
        keys, rows = self._index.files_by_path(shares, limit)
        shown = ~among(keys, self._buffers.keys)
        return keys[shown], rows.take(shown)

    def files(self, only: Filter, terms: Sequence[str] = ()) -> dict[str, str]:
        """The language of each file that passes a filter by its path and language; with terms, of those whose
        words are known to include all of them, and of every buffer.
        """
        stored = {file.path: file.language for file in self._index.files(holding=terms)}
        files = {**stored, **self._buffers.languages}
        if only.languages:
            files = {path: language for path, language in files.items() if language in only.languages}
        if only.path_regexes:
            files = {path: files[path] for path in files if fits_path(path, only.path_regexes)}
        return files

    def paths(self, keys: FileKeys, rows: Rows, *, of_files: bool = False) -> list[str]:
        """The paths of files by their keys, from one symbol of each or from their own documents."""
        found = [self.kept.paths.get(key, "") for key in keys.tolist()]
        for number, key in enumerate(keys.tolist()):
            if not found[number]:
                row = rows.take(np.array([number]))
                path = self._index.paths_of_files(row)[0] if of_files else self.symbols(row)[0].path
                found[number] = self.kept.paths.keep(key, path)
        return found

    def buffer_text(self, path: str) -> str | None:
        """What a file holds while it is edited; None where it is as on disk."""
        return self._buffers.text(path)

    # Words

    def knows(self, word: str) -> bool:
        """Whether a word is part of a text that is not indexed yet."""
        return self._buffers.holds(word)

    def frequency(self, field: str, term: str) -> int:
        """How many documents of the index hold an analysed term."""
        return self._index.frequency(field, term)

    def result(
        self,
        query: str,
        hits: list[Hit],
        started: float,
        problems: Sequence[Problem] | None = None,
        work: Mapping[str, int] | None = None,
    ) -> SearchResult:
        """An answer, with how true it is; `problems` are those of the folder unless told otherwise."""
        return SearchResult(
            query,
            hits,
            self.state.generation,
            self.state.indexed,
            (time.perf_counter() - started) * 1000,
            list(self.state.problems if problems is None else problems),
            dict(work or {}),
        )

    # Merging

    def _both(self, before: Scored, stored: Scored) -> Scored:
        return Scored.concat((before, stored.take(self._shown(stored.rows))))

    def _shown(self, stored: Rows) -> NDArray[np.bool_]:
        """Which are not hidden by a buffer of the same file."""
        if not len(self._buffers) or not len(stored):
            return np.ones(len(stored), np.bool_)
        return ~among(self._index.traits(stored).files, self._buffers.keys)
