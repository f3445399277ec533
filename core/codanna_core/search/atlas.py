"""The map of a code base: its definitions by what they mean, in regions that are named by their words."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

import numpy as np

from codanna_core.cancel import Cancel, check_cancelled
from codanna_core.search.hits import to_symbol_hit
from codanna_core.search.view import SearchView
from codanna_core.text.stored import Filter, StoredSymbol
from codanna_core.vectors import atlas
from codanna_core.vectors.sheet import ClusterMap, MapRegion, MapSymbol
from codanna_core.words import parts_of

SAMPLE = 20_000
"""Of more definitions, those of some of the files, chosen by chance."""
_KINDS = ("function", "method", "class", "struct", "enum", "trait", "interface", "type", "macro", "module")
"""Fields, constants and texts would outnumber what they belong to."""
_WORDS = 3
_IDLE = (
    "all and any are but can for from get had has have her his init into its new not one out set test that "
    "than the their them then there these they this too was what when where which who with more"
)
_SAY_NOTHING = frozenset(_IDLE.split())


def cluster_map(view: SearchView, limit: int, cancel: Cancel | None = None) -> ClusterMap:
    """The map of what is published and has vectors, with about so many symbols to show. What is typed and not
    saved is not on it.
    """
    published = view.published
    rows = published.passing(Filter(kinds=_KINDS), SAMPLE)
    vectors, known = published.vectors(rows)
    check_cancelled(cancel)
    symbols = published.symbols(rows.take(known))
    # In an order of the code alone, for the picture must not depend on how the index came about.
    order = sorted(
        range(len(symbols)), key=lambda at: (symbols[at].path, symbols[at].start_line, symbols[at].name)
    )
    symbols, vectors = [symbols[at] for at in order], vectors[known][order]
    if not symbols:
        return ClusterMap((), 0, len(rows) == SAMPLE, view.state.generation)
    lists, centers = atlas.cluster(vectors)
    check_cancelled(cancel)
    counts = np.bincount(lists, minlength=len(centers))
    places, radii = atlas.disks(centers, counts)
    words = _words_of(symbols)
    labels = _labels(
        [[words[at] for at in np.flatnonzero(lists == number)] for number in range(len(centers))]
    )
    regions = []
    for number in range(len(centers)):
        inside = np.flatnonzero(lists == number)
        own = vectors[inside]
        within = atlas.members(own, centers[number]) * 0.92 * radii[number] + places[number]
        shown = _spread(len(inside), max(1, round(limit * len(inside) / len(symbols))))
        regions.append(
            MapRegion(
                labels[number],
                len(inside),
                _rounded(places[number][0]),
                _rounded(places[number][1]),
                _rounded(radii[number]),
                tuple(
                    MapSymbol(
                        to_symbol_hit(symbols[int(inside[at])], float(own[at] @ centers[number]), "meaning"),
                        _rounded(within[at][0]),
                        _rounded(within[at][1]),
                    )
                    for at in shown
                ),
            )
        )
    return ClusterMap(tuple(regions), len(symbols), len(rows) == SAMPLE, view.state.generation)


def _rounded(number: float) -> float:
    return round(float(number), 4)


def _spread(count: int, wanted: int) -> list[int]:
    """Some of `count` numbers, at equal distances."""
    step = max(1.0, count / wanted)
    return sorted({int(number * step) for number in range(min(count, wanted))})


def _words_of(symbols: Sequence[StoredSymbol]) -> list[frozenset[str]]:
    """The words of the names of each, without those that say nothing, and in the singular."""
    raw = [parts_of(f"{symbol.name} {symbol.container.rpartition('.')[2]}") for symbol in symbols]
    known = {word for words in raw for word in words}

    def told(word: str) -> str:
        return word[:-1] if word.endswith("s") and word[:-1] in known else word

    return [
        frozenset(
            word
            for word in map(told, words)
            if len(word) > 2 and not word.isdigit() and word not in _SAY_NOTHING
        )
        for words in raw
    ]


def _labels(regions: Sequence[Sequence[frozenset[str]]]) -> list[tuple[str, ...]]:
    """For each region the words that are more frequent in it than elsewhere, those that say most first. No
    word names two regions.
    """
    everywhere = Counter(word for own in regions for words in own for word in words)
    total = sum(map(len, regions))
    used: set[str] = set()
    labels: list[tuple[str, ...]] = []
    for own in regions:
        counts = Counter(word for words in own for word in words)
        worth = {
            word: count * math.log(count / len(own) / (everywhere[word] / total))
            for word, count in counts.items()
            if word not in used and (count > 1 or len(own) < 4)
        }
        best = sorted(worth, key=lambda word: (-worth[word], word))
        label = tuple(word for word in best if worth[word] > 0 or len(regions) == 1)[:_WORDS]
        used.update(label)
        labels.append(label or tuple(best[:_WORDS]))
    return labels
