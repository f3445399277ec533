"""Hits over texts in memory."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from codanna_core.context.packer import pack
from codanna_core.languages.extract import extract
from codanna_core.model import Position, Span
from codanna_core.results import Context, Hit, SearchResult

Packed = Callable[..., Context]


def hits_of(texts: Mapping[str, str]) -> list[Hit]:
    """Every symbol of some files, in their order."""
    return [
        Hit(
            symbol.name,
            symbol.kind,
            symbol.container,
            "python",
            path,
            Span(Position(symbol.start_line, symbol.start_col), Position(symbol.end_line, symbol.end_col)),
            Span(
                Position(symbol.name_line, symbol.name_col), Position(symbol.name_line, symbol.name_end_col)
            ),
            symbol.signature,
            symbol.doc,
            0.5,
        )
        for path, text in texts.items()
        for symbol in extract(text.encode("utf-8", "replace"), path).symbols
    ]


@pytest.fixture
def packed() -> Packed:
    """Pack all symbols of some files, of Python unless hits are given."""

    def pack_all(
        texts: Mapping[str, str], budget: int = 1500, hits: list[Hit] | None = None, words: str = ""
    ) -> Context:
        result = SearchResult("asked", hits_of(texts) if hits is None else hits, 1, 1.0, 0.0)

        def lines(path: str, first: int, end: int) -> list[str]:
            return texts[path].split("\n")[first:end]

        return pack(result, lines, budget, frozenset(words.split()))

    return pack_all
