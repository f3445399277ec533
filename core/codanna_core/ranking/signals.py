"""What is known of the files that may answer a question, as numbers that are weighed and added.

A file is judged by its best symbols, its path and its words together; the page then shows the best symbol of
the best files first. Every signal is scaled to about 0..1 within one answer, so weights compare.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from codanna_core.ranking.paths import ASKED_BY, CLASSES, PathTraits
from codanna_core.text.documents import KINDS

Floats = NDArray[np.float64]

SIGNALS: dict[str, str] = {
    "text": "One lucky long definition must not beat a file in which several definitions match.",
    "definition": "A window of loose lines or a field mentions a thing; a definition is it.",
    "type name": "A type called what was asked for beats the functions that use it.",
    "exact type": "A class must come before its constructor and its namesakes.",
    "file name": "`session.py` answers a question about sessions, `session_cookie_store.py` one about more.",
    "file name match": "A file named by the question's rare words must beat files that repeat them.",
    "folders": "People name the folder when several files have one name.",
    "last folder": "A package is often named by its folder alone.",
    "words": "A file that holds all the rare words of a question beats one that repeats a single one.",
    "meaning": "The answer may share no word with the question.",
    "meanings": "Several near symbols in one file are worth more than one accident.",
    "nearest": "Being clearly the nearest counts more than being one of many near ones.",
    "both": "Words and meaning agreeing is the best evidence there is.",
    "test": "Tests repeat every word of what they test.",
    "example": "Examples and documentation mention what the code defines.",
    "bench": "Benchmarks mention what the code defines.",
    "foreign": "Vendored, generated and build files are rarely what is looked for.",
    "stub": "A stub repeats the names of the code without being it.",
    "prose": "Prose talks about code; the code is asked for.",
}
"""Every signal of a file and the wrong result that it prevents, in the order of the columns."""

TEXT_SIGNALS = frozenset({"text", "definition", "type name", "exact type", "words", "both"})
MEANING_SIGNALS = frozenset({"meaning", "meanings", "nearest", "both"})

_AGREEING = 4
_DEFINITIONS = np.isin(
    KINDS,
    ("function", "method", "class", "struct", "enum", "trait", "interface", "module", "type", "macro"),
)
_TYPES = np.isin(KINDS, ("class", "struct", "enum", "trait", "interface", "module", "type"))


@dataclass(slots=True)
class Symbols:
    """The candidates of one answer, a row each."""

    file: NDArray[np.int64]
    """Number of the file."""
    text: Floats
    """BM25, 0 where the text search did not find it."""
    meaning: Floats
    """Cosine, 0 where the vector search did not find it."""
    exact: NDArray[np.bool_]
    """Whether it is called exactly what was asked for."""
    name: Floats
    """Share of the question in the name times share of the name in the question."""
    kind: NDArray[np.int64]
    """Index into `KINDS`."""


def own_scores(symbols: Symbols) -> Floats:
    """How well each symbol answers by itself, for the choice inside a file; about 0..3."""
    return (
        _of_best(symbols.text)
        + _of_best(symbols.meaning)
        + 0.5 * symbols.exact
        + 0.5 * symbols.name * _DEFINITIONS[symbols.kind]
    )


def file_signals(
    symbols: Symbols,
    traits: Sequence[PathTraits],
    terms: Mapping[str, float],
    words: Floats,
    asked: frozenset[str],
) -> Floats:
    """One row a file, one column for each of `SIGNALS`.

    `terms` are the question's terms with their share of its rarity, which add up to 1; `words` is the share
    of them that each file holds; `asked` are the question's words in lower case.
    """
    count = len(traits)
    definition = _DEFINITIONS[symbols.kind]
    types = _TYPES[symbols.kind]
    _, text = _best_and_sum(symbols.file, symbols.text, count)
    defined, _ = _best_and_sum(symbols.file, symbols.text * definition, count)
    type_name, _ = _best_and_sum(symbols.file, symbols.name * types, count)
    exact_type, _ = _best_and_sum(symbols.file, (symbols.exact & types).astype(np.float64), count)
    nearest, near = _best_and_sum(symbols.file, np.maximum(symbols.meaning, 0.0), count)
    text = _of_best(text)
    meaning = _of_best(nearest)
    of_paths = _path_signals(traits, terms)
    classes = np.array([trait.classes for trait in traits], np.float64).reshape(count, len(CLASSES))
    for column, name in enumerate(CLASSES):
        if name in ASKED_BY and asked & ASKED_BY[name]:
            classes[:, column] = 0.0
    return np.column_stack(
        (
            text,
            _of_best(defined),
            type_name,
            exact_type,
            of_paths,
            words,
            meaning,
            near / sum(1 / rank for rank in range(1, _AGREEING + 1)),
            meaning**2,
            text * meaning,
            classes,
        )
    )


def _of_best(values: Floats) -> Floats:
    best = values.max(initial=0.0)
    return values / best if best > 0 else values


def _best_and_sum(file: NDArray[np.int64], values: Floats, count: int) -> tuple[Floats, Floats]:
    """For each file the best value, and the sum of its best few, each later one counting less."""
    order = np.lexsort((-values, file))
    files, sorted_values = file[order], values[order]
    first = np.flatnonzero(np.r_[True, files[1:] != files[:-1]]) if len(files) else np.zeros(0, np.int64)
    rank = np.arange(len(files)) - np.repeat(first, np.diff(np.r_[first, len(files)]))
    best = np.zeros(count)
    best[files[first]] = sorted_values[first]
    parts = np.where(rank < _AGREEING, sorted_values / (rank + 1), 0.0)
    return best, np.bincount(files, parts, count).astype(np.float64)


def _path_signals(traits: Sequence[PathTraits], terms: Mapping[str, float]) -> Floats:
    """float64[files, 4]: how the file name and the folders match."""
    asked = frozenset(terms)
    rows = np.zeros((len(traits), 4))
    for number, trait in enumerate(traits):
        if not asked.isdisjoint(trait.stem):
            matched = sum(word in asked for word in trait.stem) / len(trait.stem)
            covered = sum(terms[word] for word in asked.intersection(trait.stem))
            rows[number, 0] = matched
            rows[number, 1] = matched * min(1.0, covered)
        if not asked.isdisjoint(trait.folders):
            rows[number, 2] = min(1.0, sum(terms[word] for word in asked & trait.folders))
            if trait.last_folder:
                rows[number, 3] = sum(word in asked for word in trait.last_folder) / len(trait.last_folder)
    return rows
