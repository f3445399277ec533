"""Symbols by name: fuzzy matching over the distinct names, then one exact look-up of the best."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain, repeat

import numpy as np

from codanna_core.arrays import among
from codanna_core.cancel import Cancel
from codanna_core.model import Problem
from codanna_core.names import MatchKind, NameMatch, NameQuery, parse_query
from codanna_core.names.score import Query, score
from codanna_core.search.hits import SymbolHits, to_symbol_hit
from codanna_core.search.overview import overview
from codanna_core.search.team import Inquiry, Team
from codanna_core.search.teamed import joined
from codanna_core.search.view import SearchView
from codanna_core.text.documents import KINDS, PLACE_BIT, file_key
from codanna_core.text.rows import NONE, Rows
from codanna_core.text.stored import Filter, StoredSymbol
from codanna_core.words import find_words, index_text

_MORE_NAMES = 16
"""So many times more names are looked at where the first ones give too few symbols."""
_GROUPS = (1, 30, 80)
"""How many names are looked up at a time, best first; the last number goes on."""
_SPARE = 0.1
"""Share of symbols looked up beyond those wanted, since the path and the kind shift them a little."""
_ASKED_ELSEWHERE = 3
"""Letters from which on a name is looked for in a team's index; fewer fit too much."""
_INSIDE = 300
"""Up to so many symbols in a container are judged by themselves, without a look at all names."""
_NAMESAKES = 2000
"""So many symbols of one name are compared by their columns before some of them are read."""

_CLOSE = 0.04
"""A symbol of the file, or near the file, that the user is in comes before its namesakes."""
_ELSEWHERE = 0.04
"""What can be opened here comes before its namesakes of a team."""
_SECONDARY = 0.08
"""Tests, examples and copies of other projects come after what they test, show or copy."""
_KIND_ORDER: Mapping[str, float] = {
    "class": 0.03,
    "struct": 0.03,
    "interface": 0.03,
    "trait": 0.03,
    "enum": 0.025,
    "type": 0.02,
    "function": 0.02,
    "method": 0.02,
    "module": 0.015,
    "macro": 0.01,
    "constant": 0.005,
}
"""Among equal names definitions of types and functions come before variables and fields."""
_KIND_WEIGHTS = np.array([_KIND_ORDER.get(kind, 0.0) for kind in KINDS])
_STRONG = frozenset({MatchKind.EXACT, MatchKind.PREFIX, MatchKind.HUMPS, MatchKind.WORD, MatchKind.SUBSTRING})


def find_symbols(
    view: SearchView,
    text: str,
    limit: int,
    near: Sequence[str],
    cancel: Cancel | None,
    *,
    misspelled: bool = True,
    team: Team | None = None,
) -> SymbolHits:
    """The best symbols for what was typed, best first; those of a team as well. Names that are misspelled may
    be left out.
    """
    query = parse_query(text)
    problems: tuple[Problem, ...] = ()
    if query.repositories or (team is not None and len(query.name) >= _ASKED_ELSEWHERE):
        asked = team if len(query.name) >= _ASKED_ELSEWHERE else None
        inquiry = Inquiry(prefix=query.name, repositories=query.repositories, limit=limit)
        seen = joined(view, asked, inquiry)
        problems = seen.problems
        if seen.view is None:
            return SymbolHits((), problems)
        view = seen.view
    if not query.name and not query.containers and not query.path:
        return SymbolHits(
            to_symbol_hit(symbol, 0.5, MatchKind.EXACT.value) for symbol in overview(view, near, limit)
        )
    found = _members(view, query) if query.name else _contained(view, query, limit)
    # In a large container most names are somebody else's, however many are looked at.
    sizes = (limit,) if query.containers else (limit, limit * _MORE_NAMES)
    for names in sizes if found is None else ():
        matches = view.matching_names(query.name, names, cancel, misspelled=misspelled)
        found = _looked_up(view, matches, query, limit, near)
        # Names stay known when their symbols are gone, and may stand before those that are there.
        if len(found) >= limit or len(matches) < names:
            break
    assert found is not None
    ranked = [
        (score + _nuances(view, symbol, near), symbol, kind)
        for symbol, score, kind in found
        if _qualified(symbol, query)
    ]
    ranked.sort(
        key=lambda item: (
            *(-item[0], len(item[1].path), item[1].path),
            *(item[1].name_line, item[1].name_col, item[1].kind),
        )
    )
    return SymbolHits(
        (to_symbol_hit(symbol, score, kind) for score, symbol, kind in ranked[:limit]), problems
    )


def fits(hits: SymbolHits) -> bool:
    """Whether a name was found that the user may well have meant."""
    return any(hit.match in _STRONG for hit in hits)


Found = list[tuple[StoredSymbol, float, str]]
"""Symbols with how well their names match, and how."""


def _looked_up(
    view: SearchView, matches: Sequence[NameMatch], query: NameQuery, limit: int, near: Sequence[str]
) -> Found:
    """The symbols behind matching names; the best name first, so that no common one crowds it out."""
    by_name = {match.name: match for match in matches}
    only = _index_filter(query)
    found: Found = []
    names = list(by_name)
    most = int(limit * (1 + _SPARE))
    at = 0
    sizes = chain(_GROUPS, repeat(_GROUPS[-1]))
    while at < len(names) and (left := most - len(found)) > 0:
        size = next(sizes)
        group = names[at : at + size]
        at += size
        for symbol in view.symbols(_chosen(view, group, left, only, near)):
            if symbol.has_name:
                match = by_name[symbol.name]
                found.append((symbol, match.score, match.kind.value))
    return found


def _chosen(view: SearchView, names: list[str], most: int, only: Filter, near: Sequence[str]) -> Rows:
    """Symbols with these names; of very many namesakes those of open files and weighty kinds."""
    rows = view.named(names, _NAMESAKES, only)
    if len(rows) <= most:
        return rows
    open_files = [file_key(path) for path in near]
    files, traits, _ = view.traits(rows)
    weights = _KIND_WEIGHTS[np.minimum(traits & 0xFF, len(KINDS) - 1)]
    weights += _CLOSE * among(files, np.array(open_files, np.uint64))
    return rows.take(np.lexsort((traits >> PLACE_BIT, files, -weights))[:most])


def _members(view: SearchView, query: NameQuery) -> Found | None:
    """`Container.name`: what is inside, judged one by one; None without a container or for a large one."""
    only = _index_filter(query)
    rows = view.passing(only, _INSIDE + 1) if only else NONE
    if not only or len(rows) > _INSIDE:
        return None
    wanted = Query.of(query.name)
    judged = [(symbol, score(wanted, symbol.name)) for symbol in view.symbols(rows) if symbol.has_name]
    return [(symbol, fit.value, fit.kind.value) for symbol, fit in judged if fit is not None]


def _contained(view: SearchView, query: NameQuery, limit: int) -> Found:
    """`Container.` or `path/` without a name: what is inside."""
    only = _index_filter(query)
    if not only:
        return []
    inside = view.symbols(view.passing(only, limit))
    return [(symbol, 0.5, MatchKind.EXACT.value) for symbol in inside if symbol.has_name]


def _index_filter(query: NameQuery) -> Filter:
    words = [word.lower() for container in query.containers for word in find_words(container)]
    return Filter(container_words=(tuple(words),) if words else ())


def _qualified(symbol: StoredSymbol, query: NameQuery) -> bool:
    if query.path and query.path.lower() not in symbol.path.lower():
        return False
    if not query.containers:
        return True
    inside = set(index_text(symbol.container).split())
    return all(inside.issuperset(index_text(container).split()) for container in query.containers)


def _nuances(view: SearchView, symbol: StoredSymbol, near: Sequence[str]) -> float:
    """What decides among names that match alike."""
    value = _KIND_ORDER.get(symbol.kind, 0.0) - (_ELSEWHERE if symbol.origin is not None else 0.0)
    if view.kept.secondary[symbol.path]:
        value -= _SECONDARY
    if not near:
        return value
    folder = symbol.path.rpartition("/")[0]
    for path in near[:5]:
        if path == symbol.path:
            return value + _CLOSE
        if path.rpartition("/")[0] == folder:
            value += _CLOSE / 2
            break
    return value
