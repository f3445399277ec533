"""Twins: definitions of one name in one container, of which one is the one to use."""

from __future__ import annotations

import re
from collections.abc import Sequence

from codanna_core.model import Kind
from codanna_core.text.stored import StoredSymbol

_PUT_ASIDE = re.compile(
    r"(?:^|[/_.\-])(?:deprecated|legacy|obsolete|attic|old|compat|single_?include|amalgamat(?:ed|ion))(?=[/_.\-]|$)"
    r"|\.d\.[cm]?ts$|\.pyi$",
    re.IGNORECASE,
)
"""Paths of code that another has taken the place of, of copies in one piece, and of mere declarations."""
_VERSION = re.compile(r"(?:^|(?<=[/_.\-]))v(\d{1,3})(?=[/_.\-]|$)", re.IGNORECASE)
_TYPES = {Kind.CLASS, Kind.STRUCT, Kind.ENUM, Kind.TRAIT, Kind.INTERFACE, Kind.TYPE}
_CALLED = {Kind.FUNCTION, Kind.METHOD, Kind.MACRO}


def in_front(symbols: Sequence[StoredSymbol]) -> list[int]:
    """The order in which to show these, the best first: each twin that is not the one to use changes places
    with the one that is. All others stay where they are.
    """
    order = [*range(len(symbols))]
    places: dict[tuple[str, str, str], list[int]] = {}
    for number, symbol in enumerate(symbols):
        places.setdefault((symbol.name.strip("_"), symbol.container, _sort(symbol.kind)), []).append(number)
    for twins in places.values():
        left = twins.copy()
        for place in twins if len(twins) > 1 else ():
            # The first that stands behind no other; where each does, the order says.
            free = (one for one in left if not any(_behind(symbols[one], symbols[other]) for other in left))
            order[place] = next(free, left[0])
            left.remove(order[place])
    return order


def _behind(one: StoredSymbol, other: StoredSymbol) -> bool:
    """Whether `other` is to be used in place of `one`."""
    standing, wanted = _standing(one), _standing(other)
    if standing != wanted:
        return standing > wanted
    versions, others = _VERSION.findall(one.path), _VERSION.findall(other.path)
    alike = len(versions) == len(others) and _VERSION.sub("v", one.path) == _VERSION.sub("v", other.path)
    return alike and [*map(int, versions)] < [*map(int, others)]


def _standing(symbol: StoredSymbol) -> tuple[bool, bool, bool]:
    return symbol.deprecated, _PUT_ASIDE.search(symbol.path) is not None, symbol.name.startswith("_")


def _sort(kind: str) -> str:
    return "type" if kind in _TYPES else "called" if kind in _CALLED else kind
