"""What is known of the symbols that may answer a question and of their files, as numbers that are weighed and
added.

A symbol keeps its own score to the end; what speaks for its file, by the file's best symbols, its path and
its words together, lifts all symbols of the file alike. Every signal is scaled to about 0..1, so weights
compare.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from codanna_core.ranking.paths import ASKED_BY, CLASSES, PathTraits
from codanna_core.records import dataclass
from codanna_core.text.documents import KINDS
from codanna_core.text.name_terms import CODES, code_of, unpacked

Floats = NDArray[np.float64]

SIGNALS: dict[str, str] = {
    "exact type": "A class must come before its constructor and its namesakes.",
    "file name": "`session.py` answers a question about sessions, `session_cookie_store.py` one about more.",
    "file name match": "A file named by the question's rare words must beat files that repeat them.",
    "folders": "People name the folder when several files have one name.",
    "last folder": "A package is often named by its folder alone.",
    "project": "The folder called like the project holds its heart; what lies beside it only supports it.",
    "words": "A file that holds all the rare words of a question beats one that repeats a single one.",
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

SYMBOL_SIGNALS: dict[str, str] = {
    "own text": "Of two symbols of one file the one that holds the rarer words is meant.",
    "own meaning": "Of two symbols of one file the one that is nearer is meant.",
    "meaning in a long question": "A message of many words is near to much; its rare words decide.",
    "own text and meaning": "A symbol that is near and contains the words beats one that has only either.",
    "text and meaning in a long question": (
        "Of many words some occur by chance; present and near is what answers a message."
    ),
    "name": "A definition called all that was asked for, and nothing else, is meant.",
    "question in the name": "A rare word in a longer name counts twice, as text and in the vector.",
    "name in the question": "A short name of which one word was asked for is called like much.",
    "first word of the name": "A question begins with what is done, and so do the names of what does it.",
    "order of words": "Words that follow each other in the question and in a name are meant together.",
    "long": "People ask for what does the work, seldom for the one line that passes it on.",
    "window": "A window of loose lines or a heading mentions a thing; a definition is it.",
    "variable": "A variable mentions what a definition is.",
    "constant": "A constant names what a function does.",
    "field": "A field is called like the thing that it holds.",
}
"""Every signal of a symbol itself and the wrong result that it prevents, in the order of the columns."""

NAME_SIGNALS = (
    "name",
    "question in the name",
    "name in the question",
    "first word of the name",
    "order of words",
)
_BOTH = frozenset({"own text and meaning", "text and meaning in a long question"})
TEXT_SIGNALS = _BOTH | {"exact type", "words", "own text", *NAME_SIGNALS}
MEANING_SIGNALS = _BOTH | {"own meaning", "meaning in a long question"}

_LONG = np.log1p(np.arange(256)) / 5.0
"""What the length of a body counts, in words; of a long one about 1."""
_USUAL, _SHORTER, _LONGER = 2.0, -0.7, 1.0
"""The logarithm of the number of terms of a usual question, some six, and how much shorter and longer ones
count as such. What that changes is counted from the best, so that sums mean the same for all questions.
"""
_ASIDE = ("text", "heading", "variable", "constant", "field")
_IS_ASIDE = np.isin(KINDS, _ASIDE)
_KIND_SIGNALS = np.array(
    [[kind in _ASIDE[:2], *(kind == one for one in _ASIDE[2:])] for kind in KINDS], np.float64
)
"""A row a kind, a column for each of the signals from `window` on."""
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
    kind: NDArray[np.int64]
    """Index into `KINDS`."""
    body: NDArray[np.int64]
    """How many words the body has, 255 for more."""
    names: NDArray[np.uint64]
    """The words of the name, see `text.name_terms`."""


def of_definitions(symbols: Symbols) -> NDArray[np.bool_]:
    """Which of these say how well anything matches: definitions, or all where none is among them."""
    aside = _IS_ASIDE[symbols.kind]
    return aside if aside.all() else ~aside


def symbol_signals(symbols: Symbols, terms: Mapping[str, float]) -> Floats:
    """One row a symbol, one column for each of `SYMBOL_SIGNALS`. `terms` are those of the question with their
    shares.
    """
    longer = max(_SHORTER, min(_LONGER, math.log1p(len(terms)) - _USUAL))
    text = _of_best(symbols.text)
    near = np.maximum(symbols.meaning, 0.0)
    both = text * near
    signals = np.empty((len(text), len(SYMBOL_SIGNALS)))
    signals[:, 0] = text
    signals[:, 1] = near
    signals[:, 2] = longer * (near - near.max(initial=0.0))
    signals[:, 3] = both
    signals[:, 4] = longer * (both - both.max(initial=0.0))
    signals[:, 5:10] = _names(symbols.names, terms)
    signals[:, 10] = _LONG.take(symbols.body)
    signals[:, 11:] = _KIND_SIGNALS.take(symbols.kind, axis=0)
    return signals


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
    types = TYPE_KINDS[symbols.kind]
    exact_type = _best(symbols.file, (symbols.exact & types).astype(np.float64), len(traits))
    of_paths = _path_signals(traits, terms)
    bits = np.array([trait.classes for trait in traits], np.int64)
    classes = (bits[:, None] >> np.arange(len(CLASSES)) & 1).astype(np.float64)
    for column, name in enumerate(CLASSES):
        if name in ASKED_BY and asked & ASKED_BY[name]:
            classes[:, column] = 0.0
    return np.column_stack(
        (
            exact_type,
            of_paths,
            np.array([project in trait.homes for trait in traits], np.float64),
            words,
            classes,
        )
    )


def _names(names: NDArray[np.uint64], terms: Mapping[str, float]) -> Floats:
    """float64[symbols, 5], a column for each of `NAME_SIGNALS`."""
    words = unpacked(names)
    shares, places = np.zeros(CODES), np.full(CODES, -2)
    for place, (term, share) in enumerate(terms.items()):
        shares[code_of(term)] += share
        places[code_of(term)] = place
    held, asked = shares.take(words), places.take(words)
    length = np.maximum(1, np.count_nonzero(words, axis=0))
    covers = np.minimum(1.0, held.sum(axis=0))
    covered = np.count_nonzero(held, axis=0) / length
    follow = np.count_nonzero((asked[1:] == asked[:-1] + 1) & (asked[1:] > 0), axis=0)
    return np.column_stack(
        (covers * covered, covers, covered, asked[0] == 0, follow / np.maximum(1, length - 1))
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
