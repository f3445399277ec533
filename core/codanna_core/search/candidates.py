"""Candidates of one answer: what each search finds, with what ranking must know of it."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from codanna_core.cancel import Cancel
from codanna_core.overlay import OverlayFile
from codanna_core.ranking.paths import PathTable, plain_name
from codanna_core.ranking.query import Question
from codanna_core.ranking.signals import TYPE_KINDS, Floats, Symbols, file_signals
from codanna_core.ranking.weights import WEIGHTS
from codanna_core.results import Filters, Mode
from codanna_core.search.globs import globs_to_regexes
from codanna_core.search.view import Snapshot
from codanna_core.text.documents import KINDS, file_key, symbol_traits
from codanna_core.text.impact import FIELDS, VALUES, word_levels
from codanna_core.text.index import Filter, StoredSymbol
from codanna_core.words import STOP_WORDS, find_words, index_text, parts_of

# A filter that lets fewer symbols through than this is resolved to their keys first and scored exactly.
_SELECTIVE = 20_000

_NAMED = 400
_COVERED = 400
_MORE = 16
"""More vectors than those of code that is gone, when as many others are looked at."""
_EXACT = 64
_OF_ONE_FILE = 40
_CACHED = 100_000
_WORTH_A_THREAD = 50_000
"""From so many documents on the text index is searched beside the vectors; below, the threads cost more."""

Place = int
"""Where a candidate comes from: segment << 32 | document of the index, or -1 - (buffer << 32 | symbol). It
tells candidates apart and never orders them, for it depends on the history of the index.
"""
Places = NDArray[np.int64]
FileKeys = NDArray[np.uint64]

_paths: dict[int, str] = {}
"""Paths by their keys; never out of date, emptied when large."""


class _Stems(dict[str, str]):
    """Analysed form of single words; a workspace's paths repeat few of them."""

    def __init__(self, analyze: Callable[[str], list[str]]) -> None:
        super().__init__()
        self.paths = PathTable(self)
        self._analyze = analyze

    def __missing__(self, word: str) -> str:
        if len(self) >= _CACHED:
            self.clear()
        analysed = self._analyze(word)
        stem = self[word] = analysed[0] if analysed else word
        return stem


class Pool:
    """Candidates in columns, a row each. Only what is shown is read from the index as a document."""

    def __init__(self, snapshot: Snapshot, mode: str) -> None:
        self.mode = mode
        """Which weights fit: `hybrid`, `semantic` or `text`."""
        self.work: dict[str, int] = {}
        """What the vector search did."""
        self.places: Places = np.zeros(0, np.int64)
        self.text: Floats = np.zeros(0)
        self.meaning: Floats = np.zeros(0)
        self.exact: Floats = np.zeros(0)
        self.file: NDArray[np.int64] = np.zeros(0, np.int64)
        """Number of the file, into `paths`."""
        self.paths: list[str] = []
        self._traits: NDArray[np.int64] = np.zeros(0, np.int64)
        self._name_hits: Floats = np.zeros(0)
        self._covered: Floats = np.zeros(0)
        self._keys: FileKeys = np.zeros(0, np.uint64)
        self._snapshot = snapshot
        self._buffers = list(snapshot.overlay.values())
        self._hidden = np.array([file_key(path) for path in snapshot.overlay], np.uint64)
        self._found: list[tuple[str, Places, Sequence[float] | Floats]] = []
        self._addresses: list[Any] = []
        """Of what was found while searching, of the rows once they are united; None for buffers."""
        self._only = Filter()
        self._terms: Mapping[str, float] = {}

    def __len__(self) -> int:
        return len(self.places)

    def add(self, column: str, addresses: Sequence[Any], scores: Sequence[float] | Floats) -> None:
        """What a search of the index found, for one of the columns `text`, `meaning` and `exact`."""
        self._addresses += addresses
        self._found.append((column, places_of(addresses), scores))

    def add_buffers(self, column: str, scored: Sequence[tuple[float, Place]]) -> None:
        """What was found in unsaved buffers."""
        if scored:
            self._addresses += [None] * len(scored)
            places = np.array([place for _, place in scored], np.int64)
            self._found.append((column, places, [score for score, _ in scored]))

    def unite(self) -> None:
        """Make one row of all that was found in the same place, ordered by file and by place in the file;
        drop what an unsaved buffer hides.
        """
        if not self._found:
            return
        self.places, first, rows = _distinct(np.concatenate([places for _, places, _ in self._found]))
        self._addresses = [self._addresses[number] for number in first.tolist()]
        count, start = len(self.places), 0
        columns = {name: np.zeros(count) for name in ("text", "meaning", "exact")}
        for name, places, scores in self._found:
            columns[name][rows[start : start + len(places)]] = scores
            start += len(places)
        keys, traits = self._described()
        order = np.lexsort((traits >> 16, keys))
        if len(self._hidden):
            order = order[(self.places[order] < 0) | ~np.isin(keys[order], self._hidden)]
        self.places, keys, self._traits = self.places[order], keys[order], traits[order]
        self._addresses = [self._addresses[number] for number in order.tolist()]
        columns = {name: column[order] for name, column in columns.items()}
        self.text, self.meaning, self.exact = columns["text"], columns["meaning"], columns["exact"]
        self._keys, first, self.file = _distinct(keys)
        self.paths = [
            _paths.get(key) or _remember(key, self.symbol(row).path)
            for key, row in zip(self._keys.tolist(), first.tolist(), strict=True)
        ]

    def symbol(self, number: int) -> StoredSymbol:
        """The whole of one candidate."""
        place = int(self.places[number])
        if place < 0:
            return self._buffers[_buffer_of(place)].symbols[_symbol_of(place)]
        return self._snapshot.text.symbol(self._addresses[number])

    def describe(self, words: _Words, only: Filter) -> None:
        """What the names, files and paths of the candidates hold, and files known by their path alone."""
        self._only = only
        self._terms = words.terms
        addresses, scores = words.of_names
        self._name_hits = _looked_up(self.places, places_of(addresses), scores)
        for row in np.flatnonzero(self.places < 0).tolist():
            self._name_hits[row] = self._name_hit_of_buffer(int(self.places[row]))
        self._add_by_path(*words.of_paths)
        self._covered = np.minimum(1.0, _looked_up(self._keys, *words.of_files))
        for number, buffer in enumerate(self._buffers):
            self._covered[self._keys == np.uint64(file_key(buffer.path))] = self._covered_by_buffer(number)

    def _add_by_path(self, keys: FileKeys, addresses: Sequence[Any]) -> None:
        text = self._snapshot.text
        known = {*self._keys.tolist(), *self._hidden.tolist()}
        new = sorted([(key, place) for place, key in enumerate(keys.tolist()) if key not in known])
        self.paths += [
            _paths.get(key) or _remember(key, text.path_of_file(addresses[place])) for key, place in new
        ]
        self._keys = np.concatenate((self._keys, np.array([key for key, _ in new], np.uint64)))

    def file_signals(self, question: Question) -> Floats:
        """One row a file; see `ranking.signals`."""
        table = _words_of(self._snapshot).paths
        return file_signals(
            self.symbols(),
            [table[path] for path in self.paths],
            self._terms,
            self._covered,
            frozenset(word.lower() for word in find_words(question.text)),
            plain_name(self._snapshot.root.name),
        )

    def symbols(self) -> Symbols:
        """The candidates as columns."""
        matched = np.floor(self._name_hits / 4.0)
        share = np.minimum(1.0, self._name_hits - 4.0 * matched)
        return Symbols(
            self.file,
            self.text,
            self.meaning,
            self.exact > 0,
            share * np.minimum(1.0, matched / np.maximum(1, self._traits >> 8 & 0xFF)),
            np.minimum(self._traits & 0xFF, len(KINDS) - 1),
        )

    def represent(self, files: Sequence[int]) -> None:
        """Give each of these files a candidate: one found by its path alone has none yet."""
        bare = set(files).difference(self.file.tolist())
        for file in [file for file in files if file in bare]:
            only = replace(self._only, owners=(self.paths[file],))
            addresses = self._snapshot.text.passing(only, _OF_ONE_FILE)
            if not addresses:
                continue
            places = places_of(addresses)
            traits = self._snapshot.text.column("traits", addresses).astype(np.int64)
            # The first type of the file, or else its first symbol.
            best = int(np.lexsort((traits >> 16, ~TYPE_KINDS[traits & 0xFF]))[0])
            self._addresses.append(addresses[best])
            self.places = np.append(self.places, places[best])
            self.file = np.append(self.file, file)
            self._traits = np.append(self._traits, traits[best])
            self.text, self.meaning, self.exact, self._name_hits = (
                np.append(column, 0.0) for column in (self.text, self.meaning, self.exact, self._name_hits)
            )

    def _described(self) -> tuple[FileKeys, NDArray[np.int64]]:
        """The file key and the traits of each row. Those of buffers come first, for they are negative."""
        text = self._snapshot.text
        unsaved = self.places[self.places < 0].tolist()
        stored = self._addresses[len(unsaved) :]
        keys, traits = text.column("file_key", stored), text.column("traits", stored).astype(np.int64)
        if not unsaved:
            return keys, traits
        files = [self._buffers[_buffer_of(place)] for place in unsaved]
        numbers = [_symbol_of(place) for place in unsaved]
        for file in files:
            _remember(file_key(file.path), file.path)
        own_keys = np.array([file_key(file.path) for file in files], np.uint64)
        own_traits = [
            symbol_traits(file.symbols[number].kind, index_text(file.symbols[number].name), number)
            for file, number in zip(files, numbers, strict=True)
        ]
        return np.concatenate((own_keys, keys)), np.concatenate((np.array(own_traits, np.int64), traits))

    def _name_hit_of_buffer(self, place: Place) -> float:
        words = index_text(self._buffers[_buffer_of(place)].symbols[_symbol_of(place)].name).split()
        stems = {_words_of(self._snapshot)[word] for word in words}
        return sum(4.0 + share for term, share in self._terms.items() if term in stems)

    def _covered_by_buffer(self, number: int) -> float:
        held = set().union(*analysed_words(self._snapshot, self._buffers[number]))
        return sum(share for term, share in self._terms.items() if term in held)


def _distinct(values: NDArray[Any]) -> tuple[NDArray[Any], NDArray[np.int64], NDArray[np.int64]]:
    """The different values in order, where each occurs first, and for each element which of them it is."""
    order = np.argsort(values, kind="stable")
    ordered = values[order]
    begins = np.ones(len(values), np.bool_)
    begins[1:] = ordered[1:] != ordered[:-1]
    numbers = np.empty(len(values), np.int64)
    numbers[order] = np.cumsum(begins) - 1
    return ordered[begins], order[begins], numbers


def places_of(addresses: Sequence[Any]) -> Places:
    """Addresses in the index as sortable numbers."""
    return np.array([address.segment_ord << 32 | address.doc for address in addresses], np.int64)


def _buffer_of(place: Place) -> int:
    return (-1 - place) >> 32


def _symbol_of(place: Place) -> int:
    return (-1 - place) & 0xFFFFFFFF


def _looked_up(
    wanted: NDArray[np.integer], keys: NDArray[np.integer], values: Sequence[float] | Floats
) -> Floats:
    """For each of `wanted` the value that stands beside it in `keys`, 0 where it is not there."""
    if not len(keys):
        return np.zeros(len(wanted))
    order = np.argsort(keys)
    found = order[np.minimum(np.searchsorted(keys, wanted, sorter=order), len(keys) - 1)]
    return np.where(keys[found] == wanted, np.asarray(values, np.float64)[found], 0.0)


_Scored = tuple[Sequence[Any], Sequence[float]]


@dataclass(frozen=True, slots=True)
class _Words:
    """What the text index says of a question, whatever the vectors say. Addresses stand with their scores."""

    terms: Mapping[str, float]
    """Each term's share of the question."""
    exact: Sequence[Any]
    """Symbols called exactly what was asked for."""
    symbols: _Scored
    """The best by BM25."""
    of_names: _Scored
    """Symbols by the terms in their names: the whole part of a score counts them, the rest is their share."""
    of_paths: tuple[FileKeys, Sequence[Any]]
    """Files by the terms in their paths."""
    of_files: tuple[FileKeys, Sequence[float]]
    """Files by the share of the question that they hold."""


_threads = ThreadPoolExecutor(max_workers=8, thread_name_prefix="codanna-text")


def find_candidates(snapshot: Snapshot, question: Question, mode: Mode, cancel: Cancel | None) -> Pool:
    """What the searches that a mode asks for find, described and ready to be ranked."""
    by_text = mode is not Mode.SEMANTIC or snapshot.embedder is None
    by_meaning = mode is not Mode.TEXT and snapshot.embedder is not None
    pool = Pool(snapshot, "hybrid" if by_text and by_meaning else "text" if by_text else "semantic")
    only = index_filter(question.filters)
    terms = query_terms(snapshot, question.text)

    given_up = Cancel(cancel)

    def search_words() -> _Words:
        return _search_words(snapshot, question, terms, only if only else None, given_up, by_text=by_text)

    given_up.raise_if_cancelled()
    # The text index is searched outside of the interpreter's lock, so that both searches go on at once.
    beside = None
    if by_meaning and snapshot.text.document_count >= _WORTH_A_THREAD:
        beside = _threads.submit(search_words)
    try:
        if by_meaning:
            assert snapshot.embedder is not None
            vector = snapshot.embedder.embed_query(question.text)
            add_by_meaning(pool, snapshot, vector, WEIGHTS.candidates, only, question.filters, cancel)
        words = beside.result() if beside is not None else search_words()
    finally:
        given_up.cancel()  # Where the vectors failed, nobody waits for the words any more.
    if by_text:
        pool.add("exact", words.exact, [1.0] * len(words.exact))
        pool.add("text", *words.symbols)
        if question.single:
            pool.add_buffers("exact", _buffers_by_name(snapshot, question))
        pool.add_buffers("text", _buffers_by_text(snapshot, text_weights(words.terms), question.filters))
    pool.unite()
    pool.describe(words, only)
    return pool


def _search_words(
    snapshot: Snapshot,
    question: Question,
    terms: Sequence[str],
    only: Filter | None,
    cancel: Cancel,
    *,
    by_text: bool,
) -> _Words:
    text = snapshot.text
    shares = _shares(text_frequencies(snapshot, terms), max(1, text.document_count))
    exact: Sequence[Any] = ()
    symbols: _Scored = (), ()
    in_paths: _Scored = (), ()
    held = {term: share + 1e-6 for term, share in shares.items()}
    if by_text:
        if question.single:
            # A mention must never come before the definition.
            exact = text.named(question.names, _EXACT, only)
        wanted = WEIGHTS.candidates + 32 * len(snapshot.overlay)
        cancel.raise_if_cancelled()
        symbols = _apart(text.search(text_weights(shares), wanted, only))
        in_paths = _apart(text.holding("file_path", held, WEIGHTS.files_by_path))
    cancel.raise_if_cancelled()
    named = _apart(text.holding("name", {term: 4.0 + share for term, share in shares.items()}, _NAMED, only))
    files, held_by_files = _apart(text.holding("file_words", held, _COVERED))
    paths, _ = in_paths
    return _Words(
        shares,
        exact,
        symbols,
        named,
        (text.column("file_key", list(paths)), paths),
        (text.column("file_key", files), held_by_files),
    )


def _apart(found: Sequence[tuple[float, Any]]) -> tuple[list[Any], list[float]]:
    """Addresses and scores, each by themselves."""
    return [address for _, address in found], [score for score, _ in found]


def index_filter(filters: Filters) -> Filter:
    """The part of a user's filters that the text index applies itself."""
    return Filter(
        languages=filters.languages,
        kinds=filters.kinds,
        path_regexes=globs_to_regexes(filters.paths),
        container_words=tuple(
            tuple(_stemmable(container)) for container in filters.containers if _stemmable(container)
        ),
        excluded_words=filters.excluded_words,
    )


def query_terms(snapshot: Snapshot, query: str) -> list[str]:
    """The analysed words of a question without those that say nothing about code."""
    words = [word for word in find_words(query) if word.lower() not in STOP_WORDS]
    if not words:
        words = find_words(query)
    return snapshot.text.analyze(" ".join(index_text(word) for word in words))


def over_fetch(limit: int) -> int:
    """How many candidates a search contributes, so that filters have something to choose from."""
    return max(4 * limit, limit + 64)


def _buffers_by_name(snapshot: Snapshot, question: Question) -> list[tuple[float, Place]]:
    return [
        (1.0, -1 - (number << 32 | position))
        for number, file in enumerate(snapshot.overlay.values())
        for position, symbol in enumerate(file.symbols)
        if symbol.name in question.names and symbol.kind != "text" and passes(symbol, question.filters)
    ]


def _buffers_by_text(
    snapshot: Snapshot, shares: Mapping[str, float], filters: Filters
) -> list[tuple[float, Place]]:
    """The score that the index gives its symbols, for those of the buffers."""
    scored: list[tuple[float, Place]] = []
    for number, file in enumerate(snapshot.overlay.values()):
        for position, levels in enumerate(analysed_words(snapshot, file)):
            score = sum(share * VALUES[levels[term]] for term, share in shares.items() if term in levels)
            if score > 0 and passes(file.symbols[position], filters):
                scored.append((score, -1 - (number << 32 | position)))
    return scored


_analysed: dict[int, tuple[OverlayFile, list[dict[str, str]]]] = {}


def analysed_words(snapshot: Snapshot, file: OverlayFile) -> list[dict[str, str]]:
    """The words of each of a buffer's symbols with their levels; computed once for each state of a buffer."""
    known = _analysed.get(id(file))
    if known is None or known[0] is not file:
        stems = _words_of(snapshot)
        levels = [
            word_levels([" ".join(map(stems.__getitem__, of_symbol[name].elements())) for name in FIELDS])
            for of_symbol in file.fields
        ]
        if len(_analysed) >= 64:
            _analysed.clear()
        known = _analysed[id(file)] = (file, levels)
    return known[1]


def add_by_meaning(
    pool: Pool,
    snapshot: Snapshot,
    vector: NDArray[np.float32],
    wanted: int,
    only: Filter,
    filters: Filters,
    cancel: Cancel | None,
) -> None:
    """The symbols nearest to a vector."""
    if snapshot.vectors is not None and snapshot.vectors.count:
        pool.add("meaning", *_meant(pool, snapshot, vector, wanted, only, cancel))
    for number, file in enumerate(snapshot.overlay.values()):
        if file.vectors is None:
            continue
        scored = [
            (score, -1 - (number << 32 | position))
            for position, score in enumerate((file.vectors @ vector).tolist())
            if passes(file.symbols[position], filters)
        ]
        pool.add_buffers("meaning", scored)


def _meant(
    pool: Pool,
    snapshot: Snapshot,
    vector: NDArray[np.float32],
    wanted: int,
    only: Filter,
    cancel: Cancel | None,
) -> tuple[list[Any], Floats]:
    """The symbols of the nearest keys, with their scores. Vectors outlive the code that they were made for,
    so that more are looked at where some have no symbol.
    """
    plenty = pool.mode == "hybrid" and not only and snapshot.text.document_count > 2 * wanted
    asked, most = wanted, 4 * wanted
    looked_up = np.zeros(0, np.uint64)
    found: list[tuple[int, Any]] = []
    while True:
        keys, scores, pool.work = _nearest(snapshot, vector, asked, only, cancel)
        bound = WEIGHTS.near_enough * scores.max(initial=0.0) if plenty else -np.inf
        while True:
            new = keys[(scores >= bound) & ~np.isin(keys, looked_up)]
            found += snapshot.text.with_keys(new.tolist(), most, only if only else None)
            looked_up = np.concatenate((looked_up, new))
            alive = np.isin(keys, np.array([key for key, _ in found], np.uint64)) & (scores >= bound)
            best = scores[alive].max(initial=0.0)
            if not plenty or bound <= WEIGHTS.near_enough * best:
                break
            bound = WEIGHTS.near_enough * best
        dead = len(looked_up) - int(np.count_nonzero(alive))
        if only or not dead or len(keys) < asked or (scores < bound).any() or len(keys) - dead >= wanted:
            break
        asked += 2 * dead + _MORE
    chosen = keys[alive] if only else keys[alive][:wanted]
    scored = dict(zip(chosen.tolist(), scores[alive].tolist(), strict=False))
    found = [(key, address) for key, address in found if key in scored]
    return [address for _, address in found], np.array([scored[key] for key, _ in found], np.float64)


def _nearest(
    snapshot: Snapshot, vector: NDArray[np.float32], wanted: int, only: Filter, cancel: Cancel | None
) -> tuple[NDArray[np.uint64], NDArray[np.float32], dict[str, int]]:
    assert snapshot.vectors is not None
    allowed: NDArray[np.uint64] | None = None
    if only:
        count = snapshot.text.count(only)
        if count == 0:
            return np.zeros(0, np.uint64), np.zeros(0, np.float32), {}
        if count <= _SELECTIVE:
            allowed = np.unique(np.array(snapshot.text.keys(only, count), np.uint64))
        else:
            # A loose filter lets enough of the nearest through when more of them are fetched.
            share = count / max(1, snapshot.text.document_count)
            wanted = min(int(wanted / max(share, 0.02)), 50 * wanted)
    hits = snapshot.vectors.search(vector, wanted, filter=allowed, cancel=cancel)
    return hits.keys, hits.scores, asdict(hits.work)


def text_frequencies(snapshot: Snapshot, terms: Iterable[str]) -> dict[str, int]:
    """How many files hold each term."""
    frequency = snapshot.text.document_frequency
    return {term: max(1, frequency("file_words", term)) for term in terms}


def _shares(frequencies: Mapping[str, int], total: int) -> dict[str, float]:
    """Each term's share of the question's rarity: short and common parts of a name must not drown it."""
    rarity = {term: math.log(1 + total / frequency) for term, frequency in frequencies.items()}
    whole = sum(rarity.values()) or 1.0
    return {term: value / whole for term, value in rarity.items()}


def text_weights(shares: Mapping[str, float]) -> Mapping[str, float]:
    """What each term counts in the text of a symbol: a rare one more than its share, for most symbols hold
    only some of the terms.
    """
    whole = sum(share * share for share in shares.values()) or 1.0
    return {term: share * share / whole for term, share in shares.items()}


_known_words: list[_Stems] = []


def _words_of(snapshot: Snapshot) -> _Stems:
    # Every index analyses words alike, so that one table serves all.
    if not _known_words:
        _known_words.append(_Stems(snapshot.text.analyzer.analyze))
    return _known_words[0]


def _remember(key: int, path: str) -> str:
    if len(_paths) >= _CACHED:
        _paths.clear()
    _paths[key] = path
    return path


def passes(symbol: StoredSymbol, filters: Filters) -> bool:
    """Whether a buffer's symbol passes what the text index would have filtered."""
    if filters.languages and symbol.language not in filters.languages:
        return False
    if filters.kinds and symbol.kind not in filters.kinds:
        return False
    if filters.paths and not any(
        re.fullmatch(regex, symbol.path, re.DOTALL) for regex in globs_to_regexes(filters.paths)
    ):
        return False
    words = set(index_text(symbol.container).split())
    if any(not words.issuperset(_stemmable(container)) for container in filters.containers):
        return False
    if filters.excluded_words:
        text = set(index_text(f"{symbol.name} {symbol.container} {symbol.signature} {symbol.doc}").split())
        if any(word.lower() in text for word in filters.excluded_words):
            return False
    return True


def _stemmable(container: str) -> list[str]:
    return [part for word in find_words(container) for part in parts_of(word)]
