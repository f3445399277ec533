"""From a question to hits: candidates of both searches, ranked by file, shown by symbol."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from codanna_core.embed.text import embedding_text
from codanna_core.engine.cancel import Cancel
from codanna_core.engine.candidates import Pool, add_by_meaning, find_candidates, index_filter, over_fetch
from codanna_core.engine.prepare import source_text
from codanna_core.engine.snapshot import Snapshot
from codanna_core.engine.snippets import SnippetReader
from codanna_core.errors import InvalidQuery
from codanna_core.languages import extract
from codanna_core.model import Position, Span
from codanna_core.ranking.query import Question, understand
from codanna_core.ranking.signals import SIGNALS, own_scores
from codanna_core.ranking.weights import WEIGHTS
from codanna_core.results import Filters, Hit, SearchRequest, SearchResult, SymbolHit
from codanna_core.text.documents import body_words, direct_children, own_body
from codanna_core.text.index import StoredSymbol
from codanna_core.words import STOP_WORDS, find_words, parts_of

SNIPPET_LINES = 3

# Files that are judged by symbol for each hit asked for; those behind them cannot come onto the page.
_FILES_A_HIT = 2
_SPARE_FILES = 4


def answer(snapshot: Snapshot, request: SearchRequest, cancel: Cancel | None = None) -> SearchResult:
    """Answer one question from one snapshot."""
    started = time.perf_counter()
    if request.limit < 1:
        raise InvalidQuery(f"limit is {request.limit}; ask for at least one result")
    question = understand(request.query.strip(), request.filters)
    hits: list[Hit] = []
    if question.text:
        pool = find_candidates(snapshot, question, request.mode, cancel)
        _stop_if(cancel)
        hits = _page(snapshot, request, question, pool)
    return SearchResult(
        request.query,
        hits,
        snapshot.text.generation,
        snapshot.indexed,
        (time.perf_counter() - started) * 1000,
        list(snapshot.problems),
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
    pool = Pool(snapshot, "semantic")
    add_by_meaning(pool, snapshot, vector, over_fetch(limit + 8), index_filter(filters), filters, cancel)
    page = Page(snapshot, frozenset(), filters.phrases)
    for number in sorted(range(len(pool)), key=lambda number: -pool.meaning[number]):
        if len(page.hits) >= limit:
            break
        symbol = pool.symbol(number)
        inside = origin is not None and symbol.path == origin[0] and symbol.end_line >= origin[1]
        if inside and origin is not None and symbol.start_line <= origin[2]:
            continue
        page.add(symbol, pool.meaning[number], ("meaning",), {})
    return SearchResult(
        label,
        page.hits,
        snapshot.text.generation,
        snapshot.indexed,
        (time.perf_counter() - started) * 1000,
        list(snapshot.problems),
        pool.work,
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


def _page(snapshot: Snapshot, request: SearchRequest, question: Question, pool: Pool) -> list[Hit]:
    """The best symbol of the best files first; more of one file only where they are about as good."""
    signals = pool.file_signals(question)
    weights = WEIGHTS.signals[pool.mode]
    of_files = signals @ weights
    if request.near is not None:
        of_files = of_files + WEIGHTS.near * np.array([_closeness(request.near, path) for path in pool.paths])
    order = np.argsort(-of_files, kind="stable")
    shown = order[: _FILES_A_HIT * request.limit + _SPARE_FILES]
    pool.represent(shown[: request.limit + _SPARE_FILES].tolist())
    symbols = pool.symbols()
    own = own_scores(symbols)
    # An exact name is shown first even where its file is not among the best.
    rows = np.flatnonzero(np.isin(symbols.file, shown) | symbols.exact)
    by_file: dict[int, list[int]] = {}
    for number in rows[np.argsort(-own[rows], kind="stable")].tolist():
        by_file.setdefault(int(symbols.file[number]), []).append(number)
    ranked: list[tuple[float, int]] = []
    for file, numbers in by_file.items():
        best = own[numbers[0]]
        for rank, number in enumerate(numbers[: request.limit]):
            loss = WEIGHTS.again * rank + WEIGHTS.weaker * (best - own[number])
            ranked.append((float(of_files[file] - loss), number))
    ranked.sort(key=lambda item: (-item[0], pool.places[item[1]]))
    if symbols.exact.any():
        # Whatever else speaks for other files: a definition called exactly so is what a name asks for.
        first = next(place for place, (_, number) in enumerate(ranked) if symbols.exact[number])
        if first:
            ranked.insert(0, (ranked[0][0], ranked.pop(first)[1]))
    words = frozenset(
        part
        for word in find_words(question.text)
        if word.lower() not in STOP_WORDS
        for part in (*parts_of(word), word.lower())
    )
    page = Page(snapshot, words, question.filters.phrases)
    for raw, number in ranked:
        score = _shown(raw)
        if score < request.threshold or len(page.hits) >= request.limit:
            break
        parts = signals[symbols.file[number]] * weights
        given = {name: float(part) for name, part in zip(SIGNALS, parts, strict=True) if part}
        exact = bool(symbols.exact[number])
        again = raw - float(of_files[symbols.file[number]])
        page.add(pool.symbol(number), score, _reasons(given, exact), _explained(request, given, exact, again))
    return page.hits


def _shown(raw: float) -> float:
    """A sum of signals as a score between 0 and 1."""
    return 1.0 / (1.0 + math.exp(-max(-30.0, min(30.0, (raw - 4.0) / 2.0))))


def _explained(
    request: SearchRequest, given: dict[str, float], exact: bool, again: float
) -> dict[str, float]:
    if not request.explain:
        return {}
    parts = dict(sorted(given.items(), key=lambda item: -abs(item[1])))
    if exact:
        parts["exact name"] = 1.0
    if again:
        parts["moved"] = again
    return parts


_PHRASES = {
    "text": "text",
    "definition": "text",
    "words": "text",
    "type name": "name",
    "exact type": "name",
    "file name": "file name",
    "file name match": "file name",
    "folders": "folder",
    "last folder": "folder",
    "meaning": "meaning",
    "meanings": "meaning",
    "nearest": "meaning",
}


def _reasons(given: dict[str, float], exact: bool) -> tuple[str, ...]:
    sums: dict[str, float] = {"name": 100.0} if exact else {}
    for name, part in given.items():
        phrase = _PHRASES.get(name)
        if phrase is not None:
            sums[phrase] = sums.get(phrase, 0.0) + part
    return tuple(sorted((phrase for phrase in sums if sums[phrase] > 0.05), key=lambda phrase: -sums[phrase]))


def _closeness(near: str, path: str) -> float:
    """Share of the folders of `near` that a path has too, 1 in the same folder."""
    own, other = near.split("/")[:-1], path.split("/")[:-1]
    shared = 0
    for left, right in zip(own, other, strict=False):
        if left != right:
            break
        shared += 1
    return (1.0 + shared) / (1.0 + max(len(own), len(other)))


class Page:
    """Collects hits that hold the phrases asked for, each place once, with their snippets."""

    def __init__(self, snapshot: Snapshot, words: frozenset[str], phrases: Sequence[str]) -> None:
        self.hits: list[Hit] = []
        self._reader = SnippetReader(
            snapshot.root, {path: file.text for path, file in snapshot.overlay.items()}
        )
        self._words = words
        self._phrases = phrases
        self._seen: set[tuple[str, int, int, str]] = set()

    def add(
        self, symbol: StoredSymbol, score: float, reasons: tuple[str, ...], signals: dict[str, float]
    ) -> None:
        identity = (symbol.path, symbol.start_line, symbol.start_col, symbol.name)
        if identity in self._seen:
            return
        self._seen.add(identity)
        hit = to_hit(symbol, score)
        if self._phrases and not _holds_phrases(self._reader, hit, self._phrases):
            return
        hit.reasons = reasons
        hit.signals = signals
        hit.snippet = self._reader.snippet(hit, self._words, SNIPPET_LINES)
        self.hits.append(hit)


def _holds_phrases(reader: SnippetReader, hit: Hit, phrases: Sequence[str]) -> bool:
    lines = reader.lines(hit.path, hit.span.start.line, hit.span.end.line + 1)
    text = "\n".join((hit.doc, *lines)).lower()
    return all(phrase.lower() in text for phrase in phrases)


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
