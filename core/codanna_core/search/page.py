"""From a question to hits: candidates of both searches, ranked by file, shown by symbol."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from codanna_core.cancel import Cancel
from codanna_core.embed.text import FileTexts, embedding_text
from codanna_core.errors import InvalidQuery
from codanna_core.languages.registry import detect_language, languages
from codanna_core.model import Extraction, Position, Problem, Span
from codanna_core.ranking.paths import CLASSES
from codanna_core.ranking.query import Question, understand, unknown
from codanna_core.ranking.signals import SIGNALS, Floats, Symbols, own_scores, places_in_group
from codanna_core.ranking.weights import WEIGHTS
from codanna_core.results import Filters, Hit, SearchRequest, SearchResult, SymbolHit
from codanna_core.search.candidates import Pool, add_by_meaning, find_candidates, index_filter, over_fetch
from codanna_core.search.snippets import SnippetReader
from codanna_core.search.spelling import corrections
from codanna_core.search.view import Snapshot
from codanna_core.text.documents import KINDS, body_words, direct_children, own_body
from codanna_core.text.index import StoredSymbol
from codanna_core.words import STOP_WORDS, find_words, parts_of

SNIPPET_LINES = 3

UNPARSED = "text"
"""The language of a file that no grammar is for."""

_FIELD = KINDS.index("field")

# Files that are judged by symbol for each hit asked for; those behind them cannot come onto the page.
_FILES_A_HIT = 2
_SPARE_FILES = 4


def answer(snapshot: Snapshot, request: SearchRequest, cancel: Cancel | None = None) -> SearchResult:
    """Answer one question from one snapshot."""
    started = time.perf_counter()
    if request.limit < 1:
        raise InvalidQuery(f"limit is {request.limit}; ask for at least one result")
    question = understand(request.query.strip(), request.filters)
    question = _with_known_languages(question)
    hits: list[Hit] = []
    problems = [*snapshot.problems, *question.problems]
    if question.text:
        corrected = corrections(snapshot, question.text)
        for word, near in corrected.items():
            problems.append(Problem("spelling", f"`{word}` occurs nowhere; `{near}` is searched for as well"))
        question = replace(question, text=" ".join((question.text, *corrected.values())))
        pool = find_candidates(snapshot, question, request.mode, cancel)
        _stop_if(cancel)
        hits = _page(snapshot, request, question, pool)
        phrases = question.filters.phrases
        if phrases and not hits:
            # Quotation marks are also part of pasted messages, whose variable parts no source text holds.
            question = replace(question, filters=replace(question.filters, phrases=()))
            hits = _page(snapshot, request, question, pool)
            if hits:
                quoted = " and ".join(f'"{phrase}"' for phrase in phrases)
                problems.append(
                    Problem("no-exact-match", f"nothing found holds exactly {quoted}; these are near it")
                )
    return SearchResult(
        request.query,
        hits,
        snapshot.text.generation,
        snapshot.indexed,
        (time.perf_counter() - started) * 1000,
        problems,
    )


def _with_known_languages(question: Question) -> Question:
    """Languages by their names, be it that suffixes such as `py` were given; unknown ones are told."""
    if not question.filters.languages:
        return question
    named: list[str] = []
    problems = list(question.problems)
    for given in question.filters.languages:
        name = given.lower()
        if name not in languages() and name != UNPARSED:
            name = detect_language(f"file.{name.lstrip('.')}", b"") or name
            if name not in languages():
                problems.append(unknown("language", given, languages(), "nothing is written in it"))
        named.append(name)
    filters = replace(question.filters, languages=tuple(named))
    return replace(question, filters=filters, problems=tuple(problems))


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
    pool.unite()
    page = Page(snapshot, frozenset(), filters.phrases)
    for number in np.argsort(-pool.meaning, kind="stable").tolist():
        if len(page.hits) >= limit:
            break
        symbol = pool.symbol(number)
        inside = origin is not None and symbol.path == origin[0] and symbol.end_line >= origin[1]
        if inside and origin is not None and symbol.start_line <= origin[2]:
            continue
        page.add(symbol, float(pool.meaning[number]), ("meaning",), {})
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
    path: str, text: str, start_line: int, end_line: int | None, outline: Callable[[bytes, str], Extraction]
) -> tuple[tuple[str, int, int], str]:
    """Which lines are asked about, and what is embedded for them: the symbol at a line, or a selection."""
    lines = text.splitlines()
    if not 0 <= start_line < max(1, len(lines)):
        raise InvalidQuery(f"{path} has {len(lines)} lines; line {start_line + 1} is not one of them")
    last = start_line if end_line is None else max(start_line, end_line)
    data = text.encode("utf-8", "replace")
    if end_line is None:
        symbols = sorted(
            outline(data, path).symbols, key=lambda symbol: (symbol.start_byte, -symbol.end_byte)
        )
        around = [
            number
            for number, symbol in enumerate(symbols)
            if symbol.start_line <= start_line <= symbol.end_line
        ]
        if around:
            symbol = symbols[around[-1]]
            body = body_words(own_body(data, symbol, direct_children(symbols)[around[-1]]))
            (described,) = FileTexts(path).of([symbol], [body])
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
    # An exact phrase may be in any of them.
    looked_at = len(of_files) if question.filters.phrases else _FILES_A_HIT * request.limit + _SPARE_FILES
    shown = np.argsort(-of_files, kind="stable")[:looked_at]
    pool.represent(shown[: request.limit + _SPARE_FILES].tolist())
    symbols = pool.symbols()
    meant = symbols.exact
    if all(len(parts_of(name)) == 1 for name in question.names):
        # A name of several words is meant exactly; a single one is also what tests and fields are called.
        behind: NDArray[np.bool_] = np.asarray(signals[:, -len(CLASSES) :].any(axis=1))
        meant = meant & ~behind[symbols.file] & (symbols.kind != _FIELD)
    rows, raw = _ranked(symbols, of_files, shown, meant, request.limit)
    words = frozenset(
        part
        for word in find_words(question.text)
        if word.lower() not in STOP_WORDS
        for part in (*parts_of(word), word.lower())
    )
    page = Page(snapshot, words, question.filters.phrases, snippets=request.snippets)
    parts = signals * weights
    phrases = parts @ _PHRASE_OF
    for number, total in zip(rows.tolist(), raw.tolist(), strict=True):
        score = _shown(total)
        if score < request.threshold or len(page.hits) >= request.limit:
            break
        file, exact = symbols.file[number], bool(symbols.exact[number])
        explained = {}
        if request.explain:
            explained = _explained(parts[file], exact, total - float(of_files[file]))
        page.add(pool.symbol(number), score, _reasons(phrases[file].tolist(), exact), explained)
    return page.hits


def _ranked(
    symbols: Symbols, of_files: Floats, shown: NDArray[np.int64], meant: NDArray[np.bool_], limit: int
) -> tuple[NDArray[np.int64], Floats]:
    """The symbols of the best files and those called exactly so, best first, with their scores. The best of
    those that are `meant` comes first of all.
    """
    own = own_scores(symbols)
    # An exact name is shown first even where its file is not among the best.
    is_shown = np.zeros(len(of_files), np.bool_)
    is_shown[shown] = True
    rows = np.flatnonzero(is_shown[symbols.file] | symbols.exact)
    rows = rows[np.lexsort((-own[rows], symbols.file[rows]))]
    file, own = symbols.file[rows], own[rows]
    rank, first = places_in_group(file)
    raw = of_files[file] - WEIGHTS.again * rank - WEIGHTS.weaker * (own[first] - own)
    order = np.lexsort((rows, -raw))
    order = order[rank[order] < limit]
    rows, raw = rows[order], raw[order]
    exact = np.flatnonzero(meant[rows])
    if len(exact):
        # Whatever else speaks for other files: a definition called exactly so is what a name asks for.
        moved = np.r_[exact[0], np.delete(np.arange(len(rows)), exact[0])]
        rows, raw = rows[moved], np.r_[raw[0], raw[moved[1:]]]
    return rows, raw


def _shown(raw: float) -> float:
    """A sum of signals as a score between 0 and 1."""
    return 1.0 / (1.0 + math.exp(-max(-30.0, min(30.0, (raw - 4.0) / 2.0))))


def _explained(given: Floats, exact: bool, again: float) -> dict[str, float]:
    """Each signal's part of the score, the largest first."""
    parts = {name: float(part) for name, part in zip(SIGNALS, given, strict=True) if part}
    parts = dict(sorted(parts.items(), key=lambda item: -abs(item[1])))
    if exact:
        parts["exact name"] = 1.0
    if again:
        parts["moved"] = again
    return parts


_PHRASES = {
    "text": ("text", "definition", "words"),
    "name": ("type name", "exact type"),
    "file name": ("file name", "file name match"),
    "folder": ("folders", "last folder"),
    "meaning": ("meaning", "meanings", "nearest"),
}
_PHRASE_OF = np.array([[name in names for names in _PHRASES.values()] for name in SIGNALS], np.float64)
_LEAST_PART = 0.05


def _reasons(given: Sequence[float], exact: bool) -> tuple[str, ...]:
    parts = [(part, phrase) for phrase, part in zip(_PHRASES, given, strict=True) if part > _LEAST_PART]
    parts.sort(key=lambda item: -item[0])
    found = tuple(phrase for _, phrase in parts)
    return ("name", *(phrase for phrase in found if phrase != "name")) if exact else found


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

    def __init__(
        self, snapshot: Snapshot, words: frozenset[str], phrases: Sequence[str], *, snippets: bool = True
    ) -> None:
        self.hits: list[Hit] = []
        self._snippets = snippets
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
        if self._snippets:
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
    return SymbolHit(
        symbol.name,
        symbol.kind,
        symbol.container,
        symbol.language,
        symbol.path,
        symbol.start_line,
        symbol.start_col,
        symbol.end_line,
        symbol.end_col,
        symbol.name_line,
        symbol.name_col,
        symbol.name_end_col,
        score,
        match,
        bool(symbol.flags & 1),
        bool(symbol.flags & 2),
    )


def _stop_if(cancel: Cancel | None) -> None:
    if cancel is not None:
        cancel.raise_if_cancelled()


def as_symbol_hit(hit: Hit) -> SymbolHit:
    """A hit of a search by meaning in the shape of a symbol found by name."""
    return SymbolHit(
        hit.name,
        hit.kind,
        hit.container,
        hit.language,
        hit.path,
        hit.span.start.line,
        hit.span.start.character,
        hit.span.end.line,
        hit.span.end.character,
        hit.selection.start.line,
        hit.selection.start.character,
        hit.selection.end.character,
        hit.score,
        "meaning",
        hit.deprecated,
        hit.wide,
    )
