"""Definitions called exactly what was asked for, and how well their places fit what qualifies the name."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from codanna_core.ranking.paths import is_hollow
from codanna_core.ranking.query import Question
from codanna_core.ranking.signals import TYPE_KINDS
from codanna_core.search.globs import literal_end
from codanna_core.search.view import SearchView
from codanna_core.text.documents import KINDS, PLACE_BIT
from codanna_core.text.rows import Rows, Scored
from codanna_core.text.stored import Filter, StoredSymbol
from codanna_core.words import find_words, parts_of

_EXACT = 64
"""So many of one name are looked at."""
_NAMESAKES = 2000
"""So many are compared by their kinds before some of them are chosen."""
_DEFINING = np.isin(KINDS, ("function", "method", "macro"))
_SOMEWHERE, _CONTAINED = 0.5, 0.25
"""What it counts that the last qualifier is some folder above, and that it is no file but the container."""
_GENERIC = re.compile(r"<[^>]*>")


def find_named(view: SearchView, question: Question, only: Filter) -> Scored:
    """Symbols of the name; of very many the types first, then functions. Without qualifiers all fit alike."""
    whole = question.text.removesuffix("()")
    rows = view.named((*question.names, whole), _NAMESAKES, only)
    if not question.qualifiers:
        rows = _weightiest(view, rows)
        return Scored(rows, np.zeros(len(rows)))
    if len(rows) > _EXACT:
        last = question.qualifiers[-1]
        words = tuple(part for word in find_words(last) for part in parts_of(word))
        inside = view.named(
            question.names, _EXACT, replace(only, container_words=(*only.container_words, words))
        )
        if not len(inside) and not only.path_regexes:
            beside = replace(only, path_regexes=(f"{literal_end(last)}(\\.[^/]*|/[^/]*)",))
            inside = view.named(question.names, _EXACT, beside)
        rows = inside if len(inside) else _weightiest(view, rows)
    wanted = [qualifier.lower() for qualifier in question.qualifiers]
    fits = [
        len(wanted) + 1 if symbol.name == whole else _fit(wanted, symbol) for symbol in view.symbols(rows)
    ]
    return Scored(rows, np.array(fits, np.float64))


def _weightiest(view: SearchView, rows: Rows) -> Rows:
    if len(rows) <= _EXACT:
        return rows
    files, traits, _ = view.traits(rows)
    kinds = np.minimum(traits & 0xFF, len(KINDS) - 1)
    weights = 2 * TYPE_KINDS[kinds] + _DEFINING[kinds]
    return rows.take(np.lexsort((traits >> PLACE_BIT, files, -weights))[:_EXACT])


def _fit(wanted: Sequence[str], symbol: StoredSymbol) -> float:
    """How many qualifiers, from the last one on, are what the symbol is in."""
    folders, _, file = symbol.path.lower().rpartition("/")
    stem = file.partition(".")[0]
    inside = _GENERIC.sub("", symbol.container.lower())
    parts = [*folders.split("/"), *(() if is_hollow(stem) else (stem,)), *inside.split(".")]
    parts = [part for part in parts if part]
    count = 0
    for left, right in zip(reversed(wanted), reversed(parts), strict=False):
        if left != right:
            break
        count += 1
    contained = _CONTAINED * (inside.rpartition(".")[2] == wanted[-1])
    return count + contained if count else _SOMEWHERE * (wanted[-1] in parts)
