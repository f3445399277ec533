"""From a question to hits: text and vector search side by side, fused, looked up once, explained."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from codanna_core.embed.text import embedding_text
from codanna_core.engine.cancel import Cancel
from codanna_core.engine.globs import glob_to_regex
from codanna_core.engine.prepare import source_text
from codanna_core.engine.snapshot import Snapshot
from codanna_core.engine.snippets import SnippetReader
from codanna_core.errors import InvalidQuery
from codanna_core.languages import extract
from codanna_core.model import Position, Span
from codanna_core.ranking.fuse import reciprocal_ranks
from codanna_core.ranking.weights import WEIGHTS
from codanna_core.results import Filters, Hit, Mode, SearchRequest, SearchResult, SymbolHit
from codanna_core.text.documents import body_words, direct_children, own_body
from codanna_core.text.index import Filter, StoredSymbol
from codanna_core.words import STOP_WORDS, find_words, index_text, parts_of

SNIPPET_LINES = 3

# A filter that lets fewer symbols through than this is resolved to their keys first and scored exactly.
_SELECTIVE = 20_000

Place = tuple[int, int]
"""Where a candidate comes from: (segment, document) of the index, or (-1 - buffer number, symbol number)."""


@dataclass(slots=True)
class _Candidates:
    """Candidates of one answer with what is known of each."""

    addresses: dict[Place, object] = field(default_factory=dict)
    symbols: dict[Place, StoredSymbol] = field(default_factory=dict)


def over_fetch(limit: int) -> int:
    """How many candidates each search contributes, so that fusion and filters have something to choose
    from.
    """
    return max(4 * limit, limit + 64)


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


def answer(snapshot: Snapshot, request: SearchRequest, cancel: Cancel | None = None) -> SearchResult:
    """Answer one question from one snapshot."""
    started = time.perf_counter()
    if request.limit < 1:
        raise InvalidQuery(f"limit is {request.limit}; ask for at least one result")
    query = request.query.strip()
    problems = list(snapshot.problems)
    hits: list[Hit] = []
    if query:
        only = index_filter(request.filters)
        found = _Candidates()
        wanted = over_fetch(request.limit)
        rankings: dict[str, Sequence[Place]] = {}
        terms = query_terms(snapshot, query)
        if request.mode is not Mode.SEMANTIC or snapshot.embedder is None:
            rankings["name"] = _by_name(snapshot, query, wanted, only, request.filters, found)
            rankings["text"] = _by_text(snapshot, terms, wanted, only, request.filters, found)
        _stop_if(cancel)
        if request.mode is not Mode.TEXT and snapshot.embedder is not None:
            vector = snapshot.embedder.embed_query(query)
            rankings["meaning"] = _by_meaning(snapshot, vector, wanted, only, request.filters, found, cancel)
        _stop_if(cancel)
        hits = _fused(snapshot, request, rankings, found, terms)
    return SearchResult(
        request.query,
        hits,
        snapshot.text.generation,
        snapshot.indexed,
        (time.perf_counter() - started) * 1000,
        problems,
    )


def answer_similar(
    snapshot: Snapshot,
    vector: NDArray[np.float32],
    label: str,
    origin: tuple[str, int, int] | None,
    limit: int,
    filters: Filters,
    cancel: Cancel | None = None,
) -> SearchResult:
    """The symbols nearest to a vector; `origin` (path, first line, last line) is left out."""
    started = time.perf_counter()
    found = _Candidates()
    request = SearchRequest(label, limit + 8, Mode.SEMANTIC, filters)
    ranking = _by_meaning(
        snapshot, vector, over_fetch(limit + 8), index_filter(filters), filters, found, cancel
    )
    hits = [
        hit
        for hit in _fused(snapshot, request, {"meaning": ranking}, found, [])
        if origin is None
        or hit.path != origin[0]
        or hit.span.end.line < origin[1]
        or hit.span.start.line > origin[2]
    ]
    return SearchResult(
        label,
        hits[:limit],
        snapshot.text.generation,
        snapshot.indexed,
        (time.perf_counter() - started) * 1000,
        list(snapshot.problems),
    )


def similar_request(
    path: str, text: str, start_line: int, end_line: int | None
) -> tuple[tuple[str, int, int], str]:
    """Which lines are asked about, and what is embedded for them: the symbol at a line, or a selection."""
    lines = text.splitlines()
    if not 0 <= start_line < max(1, len(lines)):
        raise InvalidQuery(f"{path} has {len(lines)} lines; line {start_line + 1} is not one of them")
    last = start_line if end_line is None else max(start_line, end_line)
    data = text.encode("utf-8", "replace")
    if end_line is None:
        symbols = sorted(
            extract(data, path).symbols, key=lambda symbol: (symbol.start_byte, -symbol.end_byte)
        )
        around = [
            number
            for number, symbol in enumerate(symbols)
            if symbol.start_line <= start_line <= symbol.end_line
        ]
        if around:
            symbol = symbols[around[-1]]
            body = body_words(own_body(data, symbol, direct_children(symbols)[around[-1]]))
            described = embedding_text(
                path,
                symbol.container,
                symbol.name,
                symbol.kind,
                symbol.signature,
                symbol.doc,
                source_text(body),
            )
            return (path, symbol.start_line, symbol.end_line), described
    selected = "\n".join(lines[start_line : last + 1])
    return (path, start_line, last), embedding_text(path, "", "", "text", "", "", selected)


def query_terms(snapshot: Snapshot, query: str) -> list[str]:
    """The analysed words of a question without those that say nothing about code."""
    words = [word for word in find_words(query) if word.lower() not in STOP_WORDS]
    if not words:
        words = find_words(query)
    return snapshot.text.analyze(" ".join(index_text(word) for word in words))


def _by_name(
    snapshot: Snapshot, query: str, wanted: int, only: Filter, filters: Filters, found: _Candidates
) -> list[Place]:
    """Definitions called exactly what was asked for; a mention must never come before them."""
    if not query.isidentifier():
        return []
    places: list[Place] = []
    for number, file in enumerate(snapshot.overlay.values()):
        for position, symbol in enumerate(file.symbols):
            if symbol.name == query and passes(symbol, filters):
                found.symbols[-1 - number, position] = symbol
                places.append((-1 - number, position))
    for address in snapshot.text.named([query], wanted, only if only else None):
        place = (address.segment_ord, address.doc)
        if _load(snapshot, address, place, found).path not in snapshot.overlay:
            found.addresses[place] = address
            places.append(place)
    return places


def _by_text(
    snapshot: Snapshot,
    terms: Sequence[str],
    wanted: int,
    only: Filter,
    filters: Filters,
    found: _Candidates,
) -> list[Place]:
    boosts = WEIGHTS.fields()
    scored: list[tuple[float, Place]] = []
    hidden = snapshot.overlay
    for score, address in snapshot.text.search(terms, boosts, wanted + 32 * len(hidden), only):
        place = (address.segment_ord, address.doc)
        if hidden and _load(snapshot, address, place, found).path in hidden:
            continue
        found.addresses[place] = address
        scored.append((score, place))
    if hidden:
        scored.extend(_overlay_by_text(snapshot, terms, boosts, filters, found))
        scored.sort(key=lambda item: -item[0])
    return [place for _, place in scored[:wanted]]


def _overlay_by_text(
    snapshot: Snapshot,
    terms: Sequence[str],
    boosts: dict[str, float],
    filters: Filters,
    found: _Candidates,
) -> list[tuple[float, Place]]:
    """BM25 of the buffers' symbols with the index's own term statistics, so that scores compare."""
    total = max(1, snapshot.text.document_count)
    wanted = set(terms)
    scored: list[tuple[float, Place]] = []
    weights = {
        (name, term): boost
        * math.log(1 + (total - (df := snapshot.text.document_frequency(name, term)) + 0.5) / (df + 0.5))
        for name, boost in boosts.items()
        for term in terms
    }
    for number, file in enumerate(snapshot.overlay.values()):
        for position, (symbol, fields) in enumerate(zip(file.symbols, file.fields, strict=True)):
            if not passes(symbol, filters):
                continue
            score = 0.0
            for name, words in fields.items():
                analysed = set(snapshot.text.analyze(" ".join(words)))
                score += sum(weights[name, term] for term in wanted & analysed)
            if score > 0:
                place = (-1 - number, position)
                found.symbols[place] = symbol
                scored.append((score, place))
    return scored


def _by_meaning(
    snapshot: Snapshot,
    vector: NDArray[np.float32],
    wanted: int,
    only: Filter,
    filters: Filters,
    found: _Candidates,
    cancel: Cancel | None,
) -> list[Place]:
    scored: list[tuple[float, Place]] = []
    if snapshot.vectors is not None and snapshot.vectors.count:
        keys, scores = _nearest(snapshot, vector, wanted, only, cancel)
        by_key = dict(zip(keys, scores, strict=True))
        for key, address in snapshot.text.with_keys(keys, 4 * wanted, only if only else None):
            place = (address.segment_ord, address.doc)
            if snapshot.overlay and _load(snapshot, address, place, found).path in snapshot.overlay:
                continue
            found.addresses[place] = address
            scored.append((by_key[key], place))
    for number, file in enumerate(snapshot.overlay.values()):
        if file.vectors is None:
            continue
        for position, score in enumerate((file.vectors @ vector).tolist()):
            if passes(file.symbols[position], filters):
                place = (-1 - number, position)
                found.symbols[place] = file.symbols[position]
                scored.append((score, place))
    scored.sort(key=lambda item: (-item[0], item[1]))
    return [place for _, place in scored[:wanted]]


def _nearest(
    snapshot: Snapshot, vector: NDArray[np.float32], wanted: int, only: Filter, cancel: Cancel | None
) -> tuple[list[int], list[float]]:
    assert snapshot.vectors is not None
    allowed: NDArray[np.uint64] | None = None
    if only:
        count = snapshot.text.count(only)
        if count == 0:
            return [], []
        if count <= _SELECTIVE:
            allowed = np.unique(np.array(snapshot.text.keys(only, count), np.uint64))
        else:
            # A loose filter lets enough of the nearest through when more of them are fetched.
            share = count / max(1, snapshot.text.document_count)
            wanted = min(int(wanted / max(share, 0.02)), 50 * wanted)
    hits = snapshot.vectors.search(vector, wanted, filter=allowed, cancel=cancel)
    return hits.keys.tolist(), hits.scores.tolist()


def _fused(
    snapshot: Snapshot,
    request: SearchRequest,
    rankings: dict[str, Sequence[Place]],
    found: _Candidates,
    terms: Sequence[str],
) -> list[Hit]:
    parts = reciprocal_ranks(rankings, WEIGHTS.rrf_k)
    ordered = sorted(parts.items(), key=lambda item: (-sum(item[1].values()), item[0]))
    reader = SnippetReader(snapshot.root, {path: file.text for path, file in snapshot.overlay.items()})
    words = frozenset(
        part
        for word in find_words(request.query)
        if word.lower() not in STOP_WORDS
        for part in (*parts_of(word), word.lower())
    )
    hits: list[Hit] = []
    seen: set[tuple[str, int, int, str]] = set()
    for place, given in ordered:
        score = sum(given.values())
        if score < request.threshold or len(hits) >= request.limit:
            break
        symbol = _load(snapshot, found.addresses.get(place), place, found)
        identity = (symbol.path, symbol.start_line, symbol.start_col, symbol.name)
        if identity in seen:
            continue
        seen.add(identity)
        hit = to_hit(symbol, score)
        if request.filters.phrases and not _holds_phrases(reader, hit, request.filters.phrases):
            continue
        hit.reasons = tuple(sorted(given, key=lambda name: -given[name]))
        hit.snippet = reader.snippet(hit, words, SNIPPET_LINES)
        if request.explain:
            hit.signals = dict(given)
        hits.append(hit)
    return hits


def _holds_phrases(reader: SnippetReader, hit: Hit, phrases: Sequence[str]) -> bool:
    lines = reader.lines(hit.path)[hit.span.start.line : hit.span.end.line + 1]
    text = "\n".join((hit.doc, *lines)).lower()
    return all(phrase.lower() in text for phrase in phrases)


def _load(snapshot: Snapshot, address: object, place: Place, found: _Candidates) -> StoredSymbol:
    symbol = found.symbols.get(place)
    if symbol is None:
        symbol = found.symbols[place] = snapshot.text.symbol(address)
    return symbol


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


def spans(symbol: StoredSymbol) -> tuple[Span, Span]:
    """The span of a definition and that of its name."""
    whole = Span(Position(symbol.start_line, symbol.start_col), Position(symbol.end_line, symbol.end_col))
    name = Span(Position(symbol.name_line, symbol.name_col), Position(symbol.name_line, symbol.name_end_col))
    return whole, name


def to_hit(symbol: StoredSymbol, score: float) -> Hit:
    """A hit without snippet and reasons."""
    whole, name = spans(symbol)
    return Hit(
        name=symbol.name,
        kind=symbol.kind,
        container=symbol.container,
        language=symbol.language,
        path=symbol.path,
        span=whole,
        selection=name,
        signature=symbol.signature,
        doc=symbol.doc,
        score=score,
        deprecated=bool(symbol.flags & 1),
        wide=bool(symbol.flags & 2),
    )


def to_symbol_hit(symbol: StoredSymbol, score: float, match: str) -> SymbolHit:
    """A symbol found by its name."""
    whole, name = spans(symbol)
    return SymbolHit(
        name=symbol.name,
        kind=symbol.kind,
        container=symbol.container,
        language=symbol.language,
        path=symbol.path,
        selection=name,
        span=whole,
        score=score,
        match=match,
        deprecated=bool(symbol.flags & 1),
        wide=bool(symbol.flags & 2),
    )


def _stop_if(cancel: Cancel | None) -> None:
    if cancel is not None:
        cancel.raise_if_cancelled()


def as_symbol_hit(hit: Hit) -> SymbolHit:
    """A hit of a search by meaning in the shape of a symbol found by name."""
    return SymbolHit(
        name=hit.name,
        kind=hit.kind,
        container=hit.container,
        language=hit.language,
        path=hit.path,
        selection=hit.selection,
        span=hit.span,
        score=hit.score,
        match="meaning",
        deprecated=hit.deprecated,
        wide=hit.wide,
    )
