"""Candidates of one answer: what each search finds, with what ranking must know of it."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, replace

import numpy as np
from numpy.typing import NDArray

from codanna_core.engine.cancel import Cancel
from codanna_core.engine.globs import glob_to_regex
from codanna_core.engine.overlay import OverlayFile
from codanna_core.engine.snapshot import Snapshot
from codanna_core.ranking.paths import PathTraits, path_traits
from codanna_core.ranking.query import Question
from codanna_core.ranking.signals import Floats, Symbols, file_signals
from codanna_core.ranking.weights import WEIGHTS
from codanna_core.results import Filters, Mode
from codanna_core.text.documents import KINDS, file_key, symbol_traits
from codanna_core.text.index import Filter, StoredSymbol
from codanna_core.words import STOP_WORDS, find_words, index_text, parts_of

# A filter that lets fewer symbols through than this is resolved to their keys first and scored exactly.
_SELECTIVE = 20_000

_NAMED = 400
_COVERED = 400
_EXACT = 64
_OF_ONE_FILE = 40
_CACHED = 100_000

Place = tuple[int, int]
"""Where a candidate comes from: (segment, document) of the index, or (-1 - buffer number, symbol number)."""

_TYPE_KINDS = frozenset({"class", "struct", "enum", "trait", "interface", "module", "type"})

_traits: dict[str, PathTraits] = {}
_paths: dict[int, str] = {}
"""What depends on a path or on its key alone; never out of date, emptied when large."""


class _Stems(dict[str, str]):
    """Analysed form of single words; a workspace's paths repeat few of them."""

    def __init__(self, snapshot: Snapshot) -> None:
        super().__init__()
        self._text = snapshot.text

    def __missing__(self, word: str) -> str:
        analysed = self._text.analyze(word)
        stem = self[word] = analysed[0] if analysed else word
        return stem


class Pool:
    """Candidates in columns. Only what is shown is read from the index as a document."""

    def __init__(self, snapshot: Snapshot, mode: str) -> None:
        self.mode = mode
        """Which weights fit: `hybrid`, `semantic` or `text`."""
        self.places: list[Place] = []
        self.text: list[float] = []
        self.meaning: list[float] = []
        self.work: dict[str, int] = {}
        """What the vector search did."""
        self.exact: list[bool] = []
        self.paths: list[str] = []
        self._snapshot = snapshot
        self._buffers = list(snapshot.overlay.values())
        self._hidden = frozenset(file_key(path) for path in snapshot.overlay)
        self._numbers: dict[Place, int] = {}
        self._addresses: dict[Place, object] = {}
        self._only = Filter()
        self._terms: dict[str, float] = {}
        self._name_hits: dict[Place, float] = {}
        self._files: dict[int, int] = {}
        self._covered: list[float] = []
        self._file: list[int] = []
        self._path_of: dict[int, str] = {}
        self._symbol_traits: list[int] = []

    def __len__(self) -> int:
        return len(self.places)

    def number(self, place: Place, address: object = None) -> int:
        """The row of a candidate, a new one where it is not known yet."""
        found = self._numbers.get(place)
        if found is None:
            found = self._numbers[place] = len(self.places)
            self.places.append(place)
            self.text.append(0.0)
            self.meaning.append(0.0)
            self.exact.append(False)
            if address is not None:
                self._addresses[place] = address
        return found

    def visible(self, addresses: Sequence[object]) -> list[bool]:
        """Which documents are not hidden by an unsaved buffer of their file."""
        if not self._hidden:
            return [True] * len(addresses)
        return [key not in self._hidden for key in self._snapshot.text.column("file_key", addresses)]

    def symbol(self, number: int) -> StoredSymbol:
        """The whole of one candidate."""
        place = self.places[number]
        if place[0] < 0:
            return self._buffers[-1 - place[0]].symbols[place[1]]
        return self._snapshot.text.symbol(self._addresses[place])

    def describe(self, terms: Sequence[str], only: Filter, *, by_path: bool) -> None:
        """Look up the files of the candidates, what their names hold, and files known by their path alone."""
        text = self._snapshot.text
        self._only = only
        self._terms = _shares(text_frequencies(self._snapshot, terms), max(1, text.document_count))
        hits = text.holding(
            "name", {term: 4.0 + share for term, share in self._terms.items()}, _NAMED, only if only else None
        )
        self._name_hits = {(address.segment_ord, address.doc): score for score, address in hits}
        self._columns()
        covered = text.holding(
            "file_words", {term: share + 1e-6 for term, share in self._terms.items()}, _COVERED
        )
        keys = text.column("file_key", [address for _, address in covered])
        shares = {key: score for key, (score, _) in zip(keys, covered, strict=True)}
        if by_path:
            found = text.holding(
                "file_path",
                {term: share + 1e-6 for term, share in self._terms.items()},
                WEIGHTS.files_by_path,
            )
            for key, (_, address) in zip(
                text.column("file_key", [address for _, address in found]), found, strict=True
            ):
                if key not in self._files and key not in self._hidden:
                    self._path_of[key] = _paths.get(key) or _remember(key, text.path_of_file(address))
                    self._add_file(key)
        for number, buffer in enumerate(self._buffers):
            key = file_key(buffer.path)
            if key in self._files:
                shares[key] = self._covered_by_buffer(number)
        self._covered = [0.0] * len(self.paths)
        for key, file in self._files.items():
            if key in shares:
                self._covered[file] = min(1.0, shares[key])

    def file_signals(self, question: Question) -> Floats:
        """One row a file; see `ranking.signals`."""
        traits = []
        for path in self.paths:
            known = _traits.get(path)
            if known is None:
                if len(_traits) >= _CACHED:
                    _traits.clear()
                known = _traits[path] = path_traits(path, _stems_of(self._snapshot))
            traits.append(known)
        return file_signals(
            self.symbols(),
            traits,
            self._terms,
            np.array(self._covered, np.float64),
            frozenset(word.lower() for word in find_words(question.text)),
        )

    def symbols(self) -> Symbols:
        """The candidates as columns."""
        traits = np.array(self._symbol_traits, np.int64)
        hits = np.array([self._name_hits.get(place, 0.0) for place in self.places], np.float64)
        matched = np.floor(hits / 4.0)
        share = np.minimum(1.0, hits - 4.0 * matched)
        return Symbols(
            np.array(self._file, np.int64),
            np.array(self.text, np.float64),
            np.array(self.meaning, np.float64),
            np.array(self.exact, np.bool_),
            share * np.minimum(1.0, matched / np.maximum(1, traits >> 8)),
            np.minimum(traits & 0xFF, len(KINDS) - 1),
        )

    def represent(self, files: Sequence[int]) -> None:
        """Give each of these files a candidate: one found by its path alone has none yet."""
        known = set(self._file)
        for file in files:
            if file in known:
                continue
            only = replace(self._only, owners=(self.paths[file],))
            addresses = self._snapshot.text.passing(only, _OF_ONE_FILE)
            kinds = [KINDS[value & 0xFF] for value in self._snapshot.text.column("traits", addresses)]
            for address in sorted(
                addresses,
                key=lambda address: (
                    kinds[addresses.index(address)] not in _TYPE_KINDS,
                    address.segment_ord,
                    address.doc,
                ),
            )[:1]:
                self.number((address.segment_ord, address.doc), address)
        self._columns()

    def _columns(self) -> None:
        """Files and traits of the candidates that came since the last call."""
        text = self._snapshot.text
        new = self.places[len(self._file) :]
        stored = [self._addresses[place] for place in new if place[0] >= 0]
        keys = iter(text.column("file_key", stored))
        traits = iter(text.column("traits", stored))
        for place in new:
            if place[0] < 0:
                buffer = self._buffers[-1 - place[0]]
                symbol = buffer.symbols[place[1]]
                key = file_key(buffer.path)
                self._path_of[key] = buffer.path
                name = index_text(symbol.name)
                self._symbol_traits.append(symbol_traits(symbol.kind, name))
                known = [
                    stem
                    for stem in {_stems_of(self._snapshot)[word] for word in name.split()}
                    if stem in self._terms
                ]
                if known:
                    self._name_hits[place] = sum(4.0 + self._terms[stem] for stem in known)
            else:
                key = next(keys)
                self._symbol_traits.append(next(traits))
                if key not in self._path_of:
                    path = _paths.get(key)
                    self._path_of[key] = path or _remember(key, text.symbol(self._addresses[place]).path)
            self._file.append(self._add_file(key))

    def _add_file(self, key: int) -> int:
        file = self._files.get(key)
        if file is None:
            file = self._files[key] = len(self.paths)
            self.paths.append(self._path_of[key])
        return file

    def _covered_by_buffer(self, number: int) -> float:
        held = set().union(
            *(
                words
                for fields in analysed_fields(self._snapshot, self._buffers[number])
                for words in fields.values()
            )
        )
        return sum(share for term, share in self._terms.items() if term in held)


def find_candidates(snapshot: Snapshot, question: Question, mode: Mode, cancel: Cancel | None) -> Pool:
    """What the searches that a mode asks for find, described and ready to be ranked."""
    by_text = mode is not Mode.SEMANTIC or snapshot.embedder is None
    by_meaning = mode is not Mode.TEXT and snapshot.embedder is not None
    pool = Pool(snapshot, "hybrid" if by_text and by_meaning else "text" if by_text else "semantic")
    only = index_filter(question.filters)
    terms = query_terms(snapshot, question.text)
    wanted = WEIGHTS.candidates
    if by_text:
        _add_by_name(pool, snapshot, question, only)
        _add_by_text(pool, snapshot, terms, wanted, only, question.filters)
    if cancel is not None:
        cancel.raise_if_cancelled()
    if by_meaning:
        assert snapshot.embedder is not None
        vector = snapshot.embedder.embed_query(question.text)
        add_by_meaning(pool, snapshot, vector, wanted, only, question.filters, cancel)
    pool.describe(terms, only, by_path=by_text)
    return pool


def index_filter(filters: Filters) -> Filter:
    """The part of a user's filters that the text index applies itself."""
    return Filter(
        languages=filters.languages,
        kinds=filters.kinds,
        path_regexes=tuple(glob_to_regex(glob) for glob in filters.paths),
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


def _add_by_name(pool: Pool, snapshot: Snapshot, question: Question, only: Filter) -> None:
    """Definitions called exactly what was asked for; a mention must never come before them."""
    if not question.single:
        return
    for number, file in enumerate(snapshot.overlay.values()):
        for position, symbol in enumerate(file.symbols):
            if symbol.name in question.names and symbol.kind != "text" and passes(symbol, question.filters):
                pool.exact[pool.number((-1 - number, position))] = True
    addresses = snapshot.text.named(question.names, _EXACT, only if only else None)
    for address, visible in zip(addresses, pool.visible(addresses), strict=True):
        if visible:
            pool.exact[pool.number((address.segment_ord, address.doc), address)] = True


def _add_by_text(
    pool: Pool, snapshot: Snapshot, terms: Sequence[str], wanted: int, only: Filter, filters: Filters
) -> None:
    boosts = WEIGHTS.fields()
    found = snapshot.text.search(terms, boosts, wanted + 32 * len(snapshot.overlay), only if only else None)
    addresses = [address for _, address in found]
    for (score, address), visible in zip(found, pool.visible(addresses), strict=True):
        if visible:
            pool.text[pool.number((address.segment_ord, address.doc), address)] = score
    for score, place in _buffers_by_text(snapshot, terms, boosts, filters):
        pool.text[pool.number(place)] = score


def _buffers_by_text(
    snapshot: Snapshot, terms: Sequence[str], boosts: Mapping[str, float], filters: Filters
) -> list[tuple[float, Place]]:
    """BM25 of the buffers' symbols with the index's own term statistics, so that scores compare."""
    if not snapshot.overlay:
        return []
    total = max(1, snapshot.text.document_count)
    weights = {
        (name, term): boost
        * math.log(1 + (total - (df := snapshot.text.document_frequency(name, term)) + 0.5) / (df + 0.5))
        for name, boost in boosts.items()
        for term in terms
    }
    wanted = frozenset(terms)
    scored: list[tuple[float, Place]] = []
    for number, file in enumerate(snapshot.overlay.values()):
        for position, fields in enumerate(analysed_fields(snapshot, file)):
            score = sum(weights[name, term] for name in boosts for term in wanted & fields[name])
            if score > 0 and passes(file.symbols[position], filters):
                scored.append((score, (-1 - number, position)))
    return scored


_analysed: dict[int, tuple[OverlayFile, list[dict[str, frozenset[str]]]]] = {}


def analysed_fields(snapshot: Snapshot, file: OverlayFile) -> list[dict[str, frozenset[str]]]:
    """The analysed words of each field of a buffer's symbols; computed once for each state of a buffer."""
    known = _analysed.get(id(file))
    if known is None or known[0] is not file:
        stems = _stems_of(snapshot)
        fields = [
            {name: frozenset(stems[word] for word in words) for name, words in of_symbol.items()}
            for of_symbol in file.fields
        ]
        if len(_analysed) >= 64:
            _analysed.clear()
        known = _analysed[id(file)] = (file, fields)
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
        keys, scores, pool.work = _nearest(snapshot, vector, wanted, only, cancel)
        by_key = dict(zip(keys, scores, strict=True))
        found = snapshot.text.with_keys(keys, 4 * wanted, only if only else None)
        addresses = [address for _, address in found]
        for (key, address), visible in zip(found, pool.visible(addresses), strict=True):
            if visible:
                pool.meaning[pool.number((address.segment_ord, address.doc), address)] = by_key[key]
    for number, file in enumerate(snapshot.overlay.values()):
        if file.vectors is None:
            continue
        for position, score in enumerate((file.vectors @ vector).tolist()):
            if passes(file.symbols[position], filters):
                pool.meaning[pool.number((-1 - number, position))] = score


def _nearest(
    snapshot: Snapshot, vector: NDArray[np.float32], wanted: int, only: Filter, cancel: Cancel | None
) -> tuple[list[int], list[float], dict[str, int]]:
    assert snapshot.vectors is not None
    allowed: NDArray[np.uint64] | None = None
    if only:
        count = snapshot.text.count(only)
        if count == 0:
            return [], [], {}
        if count <= _SELECTIVE:
            allowed = np.unique(np.array(snapshot.text.keys(only, count), np.uint64))
        else:
            # A loose filter lets enough of the nearest through when more of them are fetched.
            share = count / max(1, snapshot.text.document_count)
            wanted = min(int(wanted / max(share, 0.02)), 50 * wanted)
    hits = snapshot.vectors.search(vector, wanted, filter=allowed, cancel=cancel)
    return hits.keys.tolist(), hits.scores.tolist(), asdict(hits.work)


def text_frequencies(snapshot: Snapshot, terms: Iterable[str]) -> dict[str, int]:
    """How many symbols hold each term in one field or another."""
    return {
        term: max(1, *(snapshot.text.document_frequency(field, term) for field in WEIGHTS.fields()))
        for term in terms
    }


def _shares(frequencies: Mapping[str, int], total: int) -> dict[str, float]:
    """Each term's share of the question's rarity: short and common parts of a name must not drown it."""
    rarity = {term: math.log(1 + total / frequency) for term, frequency in frequencies.items()}
    whole = sum(rarity.values()) or 1.0
    return {term: value / whole for term, value in rarity.items()}


_stem_cache: list[_Stems] = []


def _stems_of(snapshot: Snapshot) -> _Stems:
    if not _stem_cache or len(_stem_cache[0]) > _CACHED:
        _stem_cache[:] = [_Stems(snapshot)]
    return _stem_cache[0]


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
        re.fullmatch(glob_to_regex(glob), symbol.path, re.DOTALL) for glob in filters.paths
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
