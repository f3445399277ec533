"""Stored symbols in the shapes in which they are shown."""

from __future__ import annotations

from collections.abc import Iterable

from codanna_core.model import Position, Problem, Span
from codanna_core.results import Hit, SymbolHit
from codanna_core.text.stored import StoredSymbol


def to_hit(symbol: StoredSymbol, score: float) -> Hit:
    """A hit without snippet and reasons."""
    whole, name = _spans(symbol)
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
        deprecated=symbol.deprecated,
        wide=symbol.wide,
        origin=symbol.origin,
    )


class SymbolHits(list[SymbolHit]):
    """Symbols found by name, best first, and what is missing from them."""

    def __init__(self, hits: Iterable[SymbolHit] = (), problems: Iterable[Problem] = ()) -> None:
        super().__init__(hits)
        self.problems = tuple(problems)


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
        symbol.deprecated,
        symbol.wide,
        symbol.origin,
    )


def _spans(symbol: StoredSymbol) -> tuple[Span, Span]:
    """The span of a definition and that of its name."""
    whole = Span(Position(symbol.start_line, symbol.start_col), Position(symbol.end_line, symbol.end_col))
    name = Span(Position(symbol.name_line, symbol.name_col), Position(symbol.name_line, symbol.name_end_col))
    return whole, name


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
        hit.origin,
    )
