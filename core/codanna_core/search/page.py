"""From a question to hits: candidates of both searches, each with its own score and that of its file."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from codanna_core.cancel import Cancel
from codanna_core.errors import InvalidQuery
from codanna_core.languages.registry import detect_language, languages
from codanna_core.model import Problem
from codanna_core.problems import Code
from codanna_core.ranking.order import best_symbols, meant_exactly
from codanna_core.ranking.query import Question, understand, unknown
from codanna_core.ranking.signals import SIGNALS, SYMBOL_SIGNALS, Floats, symbol_signals
from codanna_core.ranking.weights import WEIGHTS
from codanna_core.results import Hit, SearchRequest, SearchResult
from codanna_core.search.candidates import CandidateSet, find_candidates
from codanna_core.search.hits import to_hit
from codanna_core.search.snippets import SnippetReader
from codanna_core.search.spelling import corrections
from codanna_core.search.view import SearchView
from codanna_core.text.stored import StoredSymbol
from codanna_core.words import STOP_WORDS, find_words, parts_of

SNIPPET_LINES = 3

_EVEN, _STEP = 10.2, 3.0
"""The sum at which every second first hit was right on the labelled questions, and how far it is from there
to the one at which 73 of 100 were.
"""

UNPARSED = "text"
"""The language of a file that no grammar is for."""


def answer(view: SearchView, request: SearchRequest, cancel: Cancel | None = None) -> SearchResult:
    """Answer one question from one view."""
    started = time.perf_counter()
    if request.limit < 1:
        raise InvalidQuery(f"limit is {request.limit}; ask for at least one result")
    question = understand(request.query.strip(), request.filters)
    question = _with_known_languages(question)
    hits: list[Hit] = []
    problems = [*view.state.problems, *question.problems]
    if question.text:
        corrected = corrections(view, question.text)
        for word, near in corrected.items():
            problems.append(
                Problem(Code.SPELLING, f"`{word}` occurs nowhere; `{near}` is searched for as well")
            )
        question = replace(question, text=" ".join((question.text, *corrected.values())))
        candidates = find_candidates(view, question, request.mode, cancel)
        _stop_if(cancel)
        hits = _page(view, request, question, candidates)
        phrases = question.filters.phrases
        if phrases and not hits:
            # Quotation marks are also part of pasted messages, whose variable parts no source text holds.
            question = replace(question, filters=replace(question.filters, phrases=()))
            hits = _page(view, request, question, candidates)
            if hits:
                quoted = " and ".join(f'"{phrase}"' for phrase in phrases)
                problems.append(
                    Problem(Code.NO_EXACT_MATCH, f"nothing found holds exactly {quoted}; these are near it")
                )
    return view.result(request.query, hits, started, problems)


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


def _page(
    view: SearchView, request: SearchRequest, question: Question, candidates: CandidateSet
) -> list[Hit]:
    """The best symbols; more of one file only where they are about as good as those of others."""
    signals = candidates.file_signals(view, question)
    weights = WEIGHTS.signals[candidates.sought.mode]
    of_files = signals @ weights
    if request.near is not None:
        of_files = of_files + WEIGHTS.near * np.array(
            [_closeness(request.near, path) for path in candidates.paths]
        )
    candidates = candidates.looked_closer(view, of_files, request.limit)
    symbols = candidates.symbols
    own = symbol_signals(symbols) * WEIGHTS.symbols[candidates.sought.mode]
    single = all(len(parts_of(name)) == 1 for name in question.names)
    meant = meant_exactly(symbols, signals, single_words=single)
    rows, raw = best_symbols(symbols, of_files, own.sum(1), meant, request.limit)
    words = frozenset(
        part
        for word in find_words(question.text)
        if word.lower() not in STOP_WORDS
        for part in (*parts_of(word), word.lower())
    )
    page = Page(view, words, question.filters.phrases, snippets=request.snippets)
    parts = signals * weights
    phrases, own_phrases = parts @ _PHRASE_OF, own @ _OWN_PHRASE_OF
    for number, total in zip(rows.tolist(), raw.tolist(), strict=True):
        score = _shown(total)
        if score < request.threshold or len(page.hits) >= request.limit:
            break
        file, exact = symbols.file[number], bool(symbols.exact[number])
        explained = {}
        if request.explain:
            # What no signal says is what its place on the page cost or gave.
            moved = total - float(of_files[file]) - float(own[number].sum())
            explained = _explained(np.append(parts[file], own[number]), exact, moved)
        reasons = _reasons((phrases[file] + own_phrases[number]).tolist(), exact)
        page.add(candidates.symbol(view, number), score, reasons, explained)
    return page.hits


def _shown(raw: float) -> float:
    """A sum of signals as a score between 0 and 1: about how often a first hit with such a sum was right."""
    return 1.0 / (1.0 + math.exp(-max(-30.0, min(30.0, (raw - _EVEN) / _STEP))))


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
    "text": ("words", "own text", "own both"),
    "name": ("exact type",),
    "file name": ("file name", "file name match"),
    "folder": ("folders", "last folder"),
    "meaning": ("own meaning", "own both"),
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
    """Collects hits that hold the phrases asked for, each place once, with their snippets."""

    def __init__(
        self, view: SearchView, words: frozenset[str], phrases: Sequence[str], *, snippets: bool = True
    ) -> None:
        self.hits: list[Hit] = []
        self._snippets = snippets
        self._reader = SnippetReader(view.state.root, view.buffer_text)
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


def _stop_if(cancel: Cancel | None) -> None:
    if cancel is not None:
        cancel.raise_if_cancelled()
