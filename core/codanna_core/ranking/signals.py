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
    "project": "The folder called like the project holds its heart; what lies beside it only supports it.",
    "words": "A file that holds all the rare words of a question beats one that repeats a single one.",
    "meaning": "The answer may share no word with the question.",
    "meanings": "Several near symbols in one file are worth more than one accident.",
    "nearest": "Being clearly the nearest counts more than being one of many near ones.",
    "both": "Words and meaning agreeing is the best evidence there is.",
    "test": "Tests repeat every word of what they test.",
    "example": "Examples and documentation mention what the code defines.",
    "bench": "Benchmarks mention what the code defines.",
    "foreign": "Vendored and generated files are rarely what is looked for.",
    "stub": "A stub repeats the names of the code without being it.",
    "prose": "Prose talks about code; the code is asked for.",
    "data": "Settings and data files list the words of the code that reads them.",
    "platform": "Of the variants of one thing for several systems, the one that runs here is meant.",
}
"""Every signal of a file and the wrong result that it prevents, in the order of the columns."""

TEXT_SIGNALS = frozenset({"text", "definition", "type name", "exact type", "words", "both"})
MEANING_SIGNALS = frozenset({"meaning", "meanings", "nearest", "both"})

_AGREEING = 4
_DEFINITIONS = np.isin(
    KINDS,
    ("function", "method", "class", "struct", "enum", "trait", "interface", "module", "type", "macro"),
)
TYPE_KINDS = np.isin(KINDS, ("class", "struct", "enum", "trait", "interface", "module", "type"))


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
    project: str,
) -> Floats:
    """One row a file, one column for each of `SIGNALS`.

    `terms` are the question's terms with their share of its rarity, which add up to 1; `words` is the share
    of them that each file holds; `asked` are the question's words in lower case; `project` is the
    workspace's name as `plain_name`.
    """
    count = len(traits)
    definition = _DEFINITIONS[symbols.kind]
    types = TYPE_KINDS[symbols.kind]
    text = _of_best(_sum_of_best(symbols.file, symbols.text, count))
    defined = _best(symbols.file, symbols.text * definition, count)
    type_name = _best(symbols.file, symbols.name * types, count)
    exact_type = _best(symbols.file, (symbols.exact & types).astype(np.float64), count)
    near = np.maximum(symbols.meaning, 0.0)
    meaning = _of_best(_best(symbols.file, near, count))
    nears = _sum_of_best(symbols.file, near, count)
    of_paths = _path_signals(traits, terms)
    bits = np.array([trait.classes for trait in traits], np.int64)
    classes = (bits[:, None] >> np.arange(len(CLASSES)) & 1).astype(np.float64)
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
            np.array([project in trait.homes for trait in traits], np.float64),
            words,
            meaning,
            nears / sum(1 / rank for rank in range(1, _AGREEING + 1)),
            meaning**2,
            text * meaning,
            classes,
        )
    )


def _of_best(values: Floats) -> Floats:
    best = values.max(initial=0.0)
    return values / best if best > 0 else values


def places_in_group(groups: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """For each element of sorted groups its place in its group from 0, and where its group begins."""
    numbers = np.arange(len(groups))
    begins = np.ones(len(groups), np.bool_)
    begins[1:] = groups[1:] != groups[:-1]
    first = np.maximum.accumulate(np.where(begins, numbers, 0))
    return numbers - first, first


def _best(file: NDArray[np.int64], values: Floats, count: int) -> Floats:
    """For each file the best value, 0 where there is none above."""
    best = np.zeros(count)
    np.maximum.at(best, file, values)
    return best


def _sum_of_best(file: NDArray[np.int64], values: Floats, count: int) -> Floats:
    """For each file the sum of its best few values, each later one counting less."""
    found = np.flatnonzero(values)
    found = found[np.argsort(-values[found], kind="stable")]
    found = found[np.argsort(file[found], kind="stable")]
    file = file[found]
    rank, _ = places_in_group(file)
    parts = np.where(rank < _AGREEING, values[found] / (rank + 1), 0.0)
    return np.bincount(file, parts, count).astype(np.float64)


def _path_signals(traits: Sequence[PathTraits], terms: Mapping[str, float]) -> Floats:
    """float64[files, 4]: how the file name and the folders match."""
    asked = frozenset(terms)
    rows = np.zeros((len(traits), 4))
    for number, trait in enumerate(traits):
        if not asked.isdisjoint(trait.stem):
            held = [word for word in trait.stem if word in asked]
            matched = len(held) / len(trait.stem)
            rows[number, 0] = matched
            rows[number, 1] = matched * min(1.0, sum([terms[word] for word in set(held)]))
        if not asked.isdisjoint(trait.folders):
            rows[number, 2] = min(1.0, sum([terms[word] for word in asked & trait.folders]))
            if trait.last_folder:
                rows[number, 3] = sum([word in asked for word in trait.last_folder]) / len(trait.last_folder)
    return rows
