"""Candidates of one answer: what each search finds, in columns, with what ranking must know of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from codanna_core.arrays import among
from codanna_core.cancel import Cancel
from codanna_core.ranking.confidence import Evidence
from codanna_core.ranking.paths import plain_name
from codanna_core.ranking.query import Question
from codanna_core.ranking.signals import (
    TYPE_KINDS,
    Floats,
    Symbols,
    file_signals,
    of_definitions,
    symbol_signals,
)
from codanna_core.ranking.weights import WEIGHTS
from codanna_core.records import dataclass
from codanna_core.results import Filters, Mode
from codanna_core.search.exact import find_named
from codanna_core.search.globs import globs_to_regexes
from codanna_core.search.joined import by_project, in_folder, of_file
from codanna_core.search.language_names import without_language
from codanna_core.search.layers import FileKeys, FileScores, Nearest
from codanna_core.search.terms import query_terms, term_shares, text_weights
from codanna_core.search.view import SearchView
from codanna_core.text.documents import KINDS, PLACE_BIT
from codanna_core.text.rows import NONE, NOTHING, Rows, Scored
from codanna_core.text.stored import Filter, StoredSymbol
from codanna_core.words import find_words, parts_of

_COVERED = 400
_OF_ONE_FILE = 40
_OF_BEST_FILES = 200
_SPARE_FILES = 4
_WORTH_A_THREAD = 50_000
"""From so many documents on the text index is searched beside the vectors; below, the threads cost more."""


@dataclass(frozen=True, slots=True, eq=False)
class Words:
    """What words find of a question, whatever the vectors say."""

    terms: Mapping[str, float]
    """Each term's share of the question."""
    exact: Scored
    """Symbols called exactly what was asked for, with how well their places fit the qualifiers."""
    symbols: Scored
    """The best by BM25."""
    of_paths: tuple[FileKeys, Rows]
    """Files by the terms in their paths."""
    of_files: FileScores
    """Files by the share of the question that they hold."""


_NO_KEYS = np.zeros(0, np.uint64)
NO_WORDS = Words({}, NOTHING, NOTHING, (_NO_KEYS, NONE), FileScores(_NO_KEYS, np.zeros(0)))


@dataclass(frozen=True, slots=True, eq=False)
class Sought:
    """What candidates are looked for."""

    mode: str
    """Which weights fit: `hybrid`, `semantic` or `text`."""
    only: Filter
    vector: NDArray[np.float32] | None = None
    """Of the question, where meaning counts."""


@dataclass(frozen=True, slots=True, eq=False)
class CandidateSet:
    """Candidates in columns, a row each, ordered by file and by place in the file. Only what is shown is
    read as a document.
    """

    sought: Sought
    rows: Rows
    file: NDArray[np.int64]
    """Number of the file, into `paths`."""
    text: Floats
    meaning: Floats
    exact: NDArray[np.bool_]
    traits: NDArray[np.int64]
    names: NDArray[np.uint64]
    keys: FileKeys
    """Of the files in `paths`."""
    paths: tuple[str, ...]
    """Of the files of the candidates, and behind them of those that are known by their path alone."""
    covered: Floats
    """For each file the share of the question that it holds."""
    words: Words

    @classmethod
    def of(
        cls, view: SearchView, sought: Sought, words: Words, meaning: Scored, also: Rows = NONE
    ) -> CandidateSet:
        """One row for all that was found in the same place, with what is known of it."""
        rows, _ = _distinct(Rows.concat((words.symbols.rows, meaning.rows, words.exact.rows, also)))
        files, traits, names = view.traits(rows)
        order = np.lexsort((traits >> PLACE_BIT, files))
        rows, files, traits, names = rows.take(order), files[order], traits[order], names[order]
        keys, first, file = _numbered(files)
        paths = view.paths(keys, rows.take(first))
        keys, paths = _with_known_by_path(view, keys, paths, words)
        return cls(
            sought,
            rows,
            file,
            _beside(rows.places, words.symbols.rows.places, words.symbols.scores),
            _beside(rows.places, meaning.rows.places, meaning.scores),
            among(rows.places, words.exact.rows.places),
            traits,
            names,
            keys,
            tuple(paths),
            _beside(keys, *words.of_files),
            words,
        )

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def terms(self) -> Mapping[str, float]:
        """Those of the question, with their shares."""
        return self.words.terms

    @property
    def symbols(self) -> Symbols:
        """The candidates as ranking sees them."""
        return Symbols(
            self.file,
            self.text,
            self.meaning,
            self.exact,
            np.minimum(self.traits & 0xFF, len(KINDS) - 1),
            self.traits >> 8 & 0xFF,
            self.names,
        )

    @property
    def qualified(self) -> Floats:
        """How well the place of each candidate fits the qualifiers of a name."""
        return _beside(self.rows.places, self.words.exact.rows.places, self.words.exact.scores)

    def evidence(
        self, view: SearchView, other_words: Iterable[str] = (), *, with_paths: bool = True
    ) -> Evidence:
        """What speaks for an answer, in files and, with some effort, in their paths; words for which others
        are searched do not speak against it.
        """
        counted = of_definitions(self.symbols)
        nearest, text = (float(column[counted].max(initial=0.0)) for column in (self.meaning, self.text))
        covered = float(self.covered.max(initial=0.0))
        for path in self.paths if with_paths else ():
            traits = view.kept.traits[path]
            covered = max(covered, sum(self.terms.get(word, 0.0) for word in {*traits.stem, *traits.folders}))
        wrong = {term for word in other_words for term in view.kept.terms(word)} & self.terms.keys()
        right = 1.0 - sum(self.terms[term] for term in wrong)
        covered = min(1.0, covered / right) if right > 0 else covered
        return Evidence(nearest, text, covered, len(self.terms) - len(wrong), view.size)

    def among(self, view: SearchView, rows: Rows) -> CandidateSet:
        """Only these of the candidates, each with its meaning."""
        kept = np.flatnonzero(among(self.rows.places, rows.places))
        return replace(
            self,
            rows=self.rows.take(kept),
            file=self.file[kept],
            text=self.text[kept],
            meaning=self.meaning[kept],
            exact=self.exact[kept],
            traits=self.traits[kept],
            names=self.names[kept],
        )._near(view)

    def symbol(self, view: SearchView, number: int) -> StoredSymbol:
        """The whole of one candidate."""
        return view.symbols(self.rows.take(np.array([number])))[0]

    def file_signals(self, view: SearchView, question: Question) -> Floats:
        """One row a file; see `ranking.signals`."""
        traits = [view.kept.traits[path] for path in self.paths]
        signals = file_signals(
            self.symbols,
            traits,
            self.terms,
            self.covered,
            frozenset(word.lower() for word in find_words(question.text)),
            plain_name(view.state.root.name),
        )
        return by_project(view, self.keys, traits, signals)

    def looked_closer(self, view: SearchView, of_files: Floats, limit: int) -> CandidateSet:
        """More of the best files: what answers best need not be among the first that each search found.
        `of_files` is what lifts each file; how good one is, its best symbol says.
        """
        lifted = np.argsort(-of_files, kind="stable")
        found = self.with_one_of_each(view, lifted[: limit + _SPARE_FILES].tolist())._near(view)
        own = symbol_signals(found.symbols, self.terms) @ WEIGHTS.symbols[self.sought.mode]
        scores = of_files[found.file] + own
        best = np.full(len(of_files), -np.inf)
        np.maximum.at(best, found.file, scores)
        closer = np.argsort(-best, kind="stable")[: WEIGHTS.closer]
        # Elsewhere the question has found all that it will.
        closer = closer[in_folder(view, self.keys[closer])]
        if self.sought.mode != "semantic" and len(closer):
            found = found._with_matching(view, closer)
        return found._near(view)

    def _near(self, view: SearchView) -> CandidateSet:
        """The same with the meaning of those that only words found."""
        if self.sought.vector is None or self.sought.mode == "text":
            return self
        unknown = np.flatnonzero(self.meaning == 0)
        meaning = self.meaning.copy()
        meaning[unknown] = np.maximum(0.0, view.nearness(self.rows.take(unknown), self.sought.vector))
        return replace(self, meaning=meaning)

    def _with_matching(self, view: SearchView, files: NDArray[np.int64]) -> CandidateSet:
        """These and all symbols of these files that hold a word of the question."""
        only = replace(self.sought.only, owners=tuple(self.paths[file] for file in files.tolist()))
        matching = view.matching(text_weights(self.terms), _OF_BEST_FILES, only)
        known = among(matching.rows.places, self.rows.places)
        more = matching.take(~known)
        keys, traits, names = view.traits(more.rows)
        of_keys = {int(key): number for number, key in enumerate(self.keys.tolist())}
        places = np.concatenate((self.rows.places, more.rows.places))
        nothing = np.zeros(len(more.rows))
        file = np.append(self.file, np.array([of_keys[key] for key in keys.tolist()], np.int64))
        traits = np.append(self.traits, traits)
        text = np.append(self.text, nothing)
        order = np.lexsort((traits >> PLACE_BIT, file))
        return replace(
            self,
            rows=Rows.concat((self.rows, more.rows)).take(order),
            file=file[order],
            traits=traits[order],
            names=np.append(self.names, names)[order],
            text=np.maximum(text, _beside(places, matching.rows.places, matching.scores))[order],
            meaning=np.append(self.meaning, nothing)[order],
            exact=np.append(self.exact, nothing > 0)[order],
        )

    def with_one_of_each(self, view: SearchView, files: Sequence[int]) -> CandidateSet:
        """These and a candidate of each of these files: one found by its path alone has none yet."""
        bare = set(files).difference(self.file.tolist())
        chosen, of_files = [], []
        for file in [file for file in files if file in bare]:
            only = replace(self.sought.only, owners=(self.paths[file],))
            found = of_file(view, int(self.keys[file]), only, _OF_ONE_FILE)
            if not len(found):
                continue
            traits = view.traits(found).traits
            # The first type of the file, or else its first symbol.
            best = int(np.lexsort((traits >> PLACE_BIT, ~TYPE_KINDS[traits & 0xFF]))[0])
            chosen.append(found.take(np.array([best])))
            of_files.append(file)
        if not of_files:
            return self
        rows, nothing = Rows.concat(chosen), np.zeros(len(of_files))
        _, traits, names = view.traits(rows)
        return replace(
            self,
            rows=Rows.concat((self.rows, rows)),
            file=np.append(self.file, np.array(of_files, np.int64)),
            traits=np.append(self.traits, traits),
            names=np.append(self.names, names),
            text=np.append(self.text, nothing),
            meaning=np.append(self.meaning, nothing),
            exact=np.append(self.exact, nothing > 0),
        )


def _with_known_by_path(
    view: SearchView, keys: FileKeys, paths: list[str], words: Words
) -> tuple[FileKeys, list[str]]:
    """Behind the files of the candidates those that only their paths speak for."""
    new, documents = words.of_paths
    order = np.argsort(new, kind="stable")
    order = order[~among(new[order], keys)]
    if not len(order):
        return keys, paths
    more = view.paths(new[order], documents.take(order), of_files=True)
    return np.concatenate((keys, new[order])), paths + more


def _distinct(rows: Rows) -> tuple[Rows, NDArray[np.int64]]:
    """The different rows, by their places, and for each given row which of them it is."""
    _, first, numbers = _numbered(rows.places)
    return rows.take(first), numbers


def _numbered(values: NDArray[Any]) -> tuple[NDArray[Any], NDArray[np.int64], NDArray[np.int64]]:
    """The different values in order, where each occurs first, and for each element which of them it is."""
    order = np.argsort(values, kind="stable")
    ordered = values[order]
    begins = np.ones(len(values), np.bool_)
    begins[1:] = ordered[1:] != ordered[:-1]
    numbers = np.empty(len(values), np.int64)
    numbers[order] = np.cumsum(begins) - 1
    return ordered[begins], order[begins], numbers


def _beside(wanted: NDArray[np.integer], keys: NDArray[np.integer], values: Floats) -> Floats:
    """For each of `wanted` the value that stands beside it in `keys`, 0 where it is not there."""
    if not len(keys):
        return np.zeros(len(wanted))
    order = np.argsort(keys)
    found = order[np.minimum(np.searchsorted(keys, wanted, sorter=order), len(keys) - 1)]
    return np.where(keys[found] == wanted, values[found], 0.0)


def find_candidates(
    view: SearchView, question: Question, mode: Mode, cancel: Cancel | None, also: Rows = NONE
) -> CandidateSet:
    """What the searches that a mode asks for find, and these as well, described and ready to be ranked."""
    question = replace(question, text=without_language(view, question.text))
    by_text = mode is not Mode.SEMANTIC or view.embedder is None
    by_meaning = mode is not Mode.TEXT and view.embedder is not None
    only = index_filter(question.filters)
    given_up = Cancel(cancel)
    given_up.raise_if_cancelled()
    # The text index is searched outside of the interpreter's lock, so that both searches go on at once.
    beside = None
    if by_meaning and view.published.size >= _WORTH_A_THREAD:
        beside = view.kept.threads.submit(_search_words, view, question, only, given_up, by_text=by_text)
    meaning, vector = NOTHING, None
    try:
        if by_meaning:
            assert view.embedder is not None
            vector = view.embedder.embed_query(question.text)
            near_enough = WEIGHTS.near_enough if by_text else None
            meaning = view.nearest(Nearest(vector, WEIGHTS.candidates, only, near_enough, cancel))
        if beside is not None:
            words = beside.result()
        else:
            words = _search_words(view, question, only, given_up, by_text=by_text)
    finally:
        given_up.cancel()  # Where the vectors failed, nobody waits for the words any more.
    # While vectors are still being made, words have to do.
    shown_as = "semantic" if not by_text else "hybrid" if len(meaning.rows) else "text"
    return CandidateSet.of(view, Sought(shown_as, only, vector), words, meaning, also)


def _search_words(
    view: SearchView, question: Question, only: Filter, cancel: Cancel, *, by_text: bool
) -> Words:
    shares = term_shares(view, query_terms(view, question.text))
    exact, symbols, of_paths = NOTHING, NOTHING, NO_WORDS.of_paths
    if by_text:
        if question.single:
            # A mention must never come before the definition.
            exact = find_named(view, question, only)
        cancel.raise_if_cancelled()
        symbols = view.matching(text_weights(shares), WEIGHTS.candidates, only)
        of_paths = view.files_by_path(shares, WEIGHTS.files_by_path)
    cancel.raise_if_cancelled()
    return Words(
        shares,
        exact,
        symbols,
        of_paths,
        view.files_by_words(shares, _COVERED),
    )


def index_filter(filters: Filters) -> Filter:
    """The part of a user's filters that the searches apply themselves."""
    return Filter(
        languages=filters.languages,
        kinds=filters.kinds,
        path_regexes=globs_to_regexes(filters.paths),
        container_words=tuple(
            tuple(_stemmable(container)) for container in filters.containers if _stemmable(container)
        ),
        excluded_words=filters.excluded_words,
    )


def _stemmable(container: str) -> list[str]:
    return [part for word in find_words(container) for part in parts_of(word)]
