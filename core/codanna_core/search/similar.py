"""Code like other code: the symbols nearest to a vector, and what is embedded for lines of a file."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from codanna_core.cancel import Cancel
from codanna_core.embed.text import FileTexts, embedding_text
from codanna_core.errors import InvalidQuery
from codanna_core.model import Extraction
from codanna_core.results import Filters, SearchResult
from codanna_core.search.candidates import NO_WORDS, CandidateSet, index_filter
from codanna_core.search.layers import Nearest
from codanna_core.search.page import Page
from codanna_core.search.view import SearchView
from codanna_core.text.documents import body_words, direct_children, own_body


def answer_similar(
    view: SearchView,
    vector: NDArray[np.float32],
    label: str,
    origin: tuple[str, int, int] | None,
    limit: int,
    filters: Filters,
    cancel: Cancel | None = None,
) -> SearchResult:
    """The symbols nearest to a vector; `origin` (path, first line, last line) is left out."""
    started = time.perf_counter()
    only = index_filter(filters)
    asked = Nearest(vector, _over_fetch(limit + 8), only, cancel=cancel)
    candidates = CandidateSet.of(view, "semantic", only, NO_WORDS, view.nearest(asked))
    page = Page(view, frozenset(), filters.phrases)
    for number in np.argsort(-candidates.meaning, kind="stable").tolist():
        if len(page.hits) >= limit:
            break
        symbol = candidates.symbol(view, number)
        inside = origin is not None and symbol.path == origin[0] and symbol.end_line >= origin[1]
        if inside and origin is not None and symbol.start_line <= origin[2]:
            continue
        page.add(symbol, float(candidates.meaning[number]), ("meaning",), {})
    return view.result(label, page.hits, started, work=asked.work)


def similar_request(
    path: str, text: str, start_line: int, end_line: int | None, outline: Callable[[bytes, str], Extraction]
) -> tuple[tuple[str, int, int], str]:
    """Which lines are asked about, and what is embedded for them: the symbol at a line, or a selection."""
    lines = text.splitlines()
    if not 0 <= start_line < max(1, len(lines)):
        raise InvalidQuery(f"{path} has {len(lines)} lines; line {start_line + 1} is not one of them")
    last = start_line if end_line is None else max(start_line, end_line)
    data = text.encode("utf-8", "replace")
    if end_line is None:
        symbols = sorted(
            outline(data, path).symbols, key=lambda symbol: (symbol.start_byte, -symbol.end_byte)
        )
        around = [
            number
            for number, symbol in enumerate(symbols)
            if symbol.start_line <= start_line <= symbol.end_line
        ]
        if around:
            symbol = symbols[around[-1]]
            body = body_words(own_body(data, symbol, direct_children(symbols)[around[-1]]))
            (described,) = FileTexts(path).of([symbol], [body])
            return (path, symbol.start_line, symbol.end_line), described
    selected = "\n".join(lines[start_line : last + 1])
    return (path, start_line, last), embedding_text(path, "", "", "text", "", "", selected)


def _over_fetch(limit: int) -> int:
    """How many candidates a search contributes, so that filters have something to choose from."""
    return max(4 * limit, limit + 64)
