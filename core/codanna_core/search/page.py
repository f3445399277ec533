"""The page: symbols in the order of their scores, each once, with what was decisive."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from codanna_core.ranking.confidence import LEAST, relevant, shown
from codanna_core.ranking.order import best_symbols, meant_exactly
from codanna_core.ranking.query import Question
from codanna_core.ranking.signals import NAME_SIGNALS, SIGNALS, SYMBOL_SIGNALS, Floats, symbol_signals
from codanna_core.ranking.twins import in_front
from codanna_core.ranking.weights import WEIGHTS
from codanna_core.results import Hit, SearchRequest
from codanna_core.search.candidates import CandidateSet
from codanna_core.search.hits import to_hit
from codanna_core.search.joined import beyond, in_folder
from codanna_core.search.phrases import Quoted
from codanna_core.search.snippets import SnippetReader
from codanna_core.search.team import Beyond
from codanna_core.search.view import SearchView
from codanna_core.text.stored import StoredSymbol
from codanna_core.words import asked_parts, parts_of

SNIPPET_LINES = 3


def add_ranked(
    view: SearchView,
    request: SearchRequest,
    question: Question,
    candidates: CandidateSet,
    page: Page,
    *,
    among: Quoted | None,
    well: bool,
) -> None:
    """Add what is relevant, the best first; more of one file only where they are about as good as those of
    others. With `among`, all of these are relevant and nothing else is; `well` says whether anything matches
    the question well.
    """
    least = LEAST[candidates.sought.mode]
    signals = candidates.file_signals(view, question)
    weights = WEIGHTS.signals[candidates.sought.mode]
    of_files = signals @ weights
    if request.near is not None:
        of_files = of_files + WEIGHTS.near * in_folder(view, candidates.keys) * np.array(
            [_closeness(request.near, path) for path in candidates.paths]
        )
    candidates = candidates.looked_closer(view, of_files, request.limit)
    if among is not None:
        candidates = candidates.among(view, among.rows)
    symbols = candidates.symbols
    own = symbol_signals(symbols, candidates.terms) * WEIGHTS.symbols[candidates.sought.mode]
    single = all(len(parts_of(name)) == 1 for name in question.names)
    meant = meant_exactly(symbols, signals, candidates.qualified, single_words=single)
    rows, raw = best_symbols(symbols, of_files, own.sum(1), meant, request.limit)
    parts = signals * weights
    phrases, own_phrases = parts @ _PHRASE_OF, own @ _OWN_PHRASE_OF
    if among is None:
        kept = relevant(raw, symbols.text[rows], symbols.meaning[rows], None if well else least)
        rows, raw = rows[kept], raw[kept]
    best = rows[: request.limit]
    read = view.symbols(candidates.rows.take(best))
    order = in_front(read)
    rows = np.concatenate((best[order], rows[request.limit :]))
    first = dict(zip(best.tolist(), read, strict=True))
    for number, total in zip(rows.tolist(), raw.tolist(), strict=True):
        score = min(shown(total), page.least)
        if score < request.threshold or page.full:
            break
        file, exact = symbols.file[number], bool(symbols.exact[number])
        explained = {}
        if request.explain:
            # What no signal says is what its place on the page cost or gave.
            moved = total - float(of_files[file]) - float(own[number].sum())
            explained = _explained(np.append(parts[file], own[number]), exact, moved)
        reasons = _reasons((phrases[file] + own_phrases[number]).tolist(), exact)
        symbol = first[number] if number in first else candidates.symbol(view, number)
        page.add(symbol, score, reasons, explained, beyond(view, candidates.rows, number))
    for symbol in among.loose if among is not None else ():
        page.add(symbol, min(shown(least), page.least), ("text",))


def _explained(given: Floats, exact: bool, moved: float) -> dict[str, float]:
    """Each signal's part of the score, the largest first."""
    parts = {name: float(part) for name, part in zip(_ALL, given, strict=True) if part}
    parts = dict(sorted(parts.items(), key=lambda item: -abs(item[1])))
    if exact:
        parts["exact name"] = max(0.0, moved)
    if moved < 0.0 or (moved and not exact):
        parts["moved"] = moved
    return parts


_PHRASES = {
    "text": ("words", "own text", "own text and meaning", "text and meaning in a long question"),
    "name": ("exact type", *NAME_SIGNALS),
    "file name": ("file name", "file name match"),
    "folder": ("folders", "last folder"),
    "meaning": (
        "own meaning",
        "own text and meaning",
        "meaning in a long question",
        "text and meaning in a long question",
    ),
}
_ALL = (*SIGNALS, *SYMBOL_SIGNALS)
_OF_PHRASES = np.array([[name in names for names in _PHRASES.values()] for name in _ALL], np.float64)
_PHRASE_OF, _OWN_PHRASE_OF = _OF_PHRASES[: len(SIGNALS)], _OF_PHRASES[len(SIGNALS) :]
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
    """Collects hits, each place once, with their snippets, up to the number that was asked for."""

    def __init__(self, view: SearchView, text: str, limit: int, *, snippets: bool = True) -> None:
        self.hits: list[Hit] = []
        self._limit = limit
        self._snippets = snippets
        self._reader = SnippetReader(view.state.root, view.buffer_text)
        self._words = asked_parts(text)
        self._seen: set[tuple[str, str, int, int, str]] = set()

    @property
    def full(self) -> bool:
        """Whether it holds what was asked for."""
        return len(self.hits) >= self._limit

    @property
    def least(self) -> float:
        """The score of the last hit, 1 before the first."""
        return self.hits[-1].score if self.hits else 1.0

    def add(
        self,
        symbol: StoredSymbol,
        score: float,
        reasons: tuple[str, ...],
        signals: dict[str, float] | None = None,
        far: Beyond | None = None,
    ) -> None:
        """Add a symbol behind the others; one that is `far` has no file here, whatever its path."""
        origin = far.origin if far is not None else None
        place = (symbol.path, symbol.start_line, symbol.start_col, symbol.name)
        identity = (origin.repository if origin is not None else "", *place)
        if self.full or identity in self._seen:
            return
        self._seen.add(identity)
        hit = to_hit(symbol, score)
        hit.reasons = reasons
        hit.signals = signals or {}
        hit.origin = origin
        if far is not None:
            hit.snippet = far.lines  # No file has to be read for them.
        elif self._snippets:
            hit.snippet = self._reader.snippet(hit, self._words, SNIPPET_LINES)
        self.hits.append(hit)
