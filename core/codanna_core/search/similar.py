"""Code like other code: the symbols nearest to a vector, and what is embedded for lines of a file."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from codanna_core.cancel import Cancel
from codanna_core.embed.text import FileTexts, embedding_text
from codanna_core.errors import DimensionMismatch, InvalidQuery
from codanna_core.files import decode
from codanna_core.model import Extraction, Problem
from codanna_core.problems import Code
from codanna_core.records import dataclass
from codanna_core.results import Filters, SearchResult
from codanna_core.search.candidates import NO_WORDS, CandidateSet, Sought, index_filter
from codanna_core.search.joined import beyond
from codanna_core.search.layers import Nearest
from codanna_core.search.page import Page
from codanna_core.search.snippets import SnippetReader
from codanna_core.search.team import Inquiry, Team
from codanna_core.search.teamed import joined
from codanna_core.search.view import SearchView
from codanna_core.text.documents import body_words, direct_children, own_body
from codanna_core.text.stored import StoredSymbol

Place = tuple[str, int, int]
"""A path, the first line and the last."""

_SORTS = (
    ("function", "method", "macro"),
    ("class", "struct", "enum", "trait", "interface", "type", "module"),
    ("constant", "variable", "field"),
    ("heading", "text"),
)
"""Kinds that answer for each other: code like a function is no field of its name."""


@dataclass(frozen=True, slots=True)
class Lines:
    """Lines of a file that are asked about, from 0; without an end, the symbol at the first."""

    path: str
    start: int
    end: int | None
    read: Callable[[str], bytes]
    """Reads a file of the folder, through no link."""
    outline: Callable[[bytes, str], Extraction]


@dataclass(frozen=True, slots=True)
class Meant:
    """Which lines are meant, of which kind they are, and what is embedded for them."""

    place: Place
    kind: str
    described: str
    problems: tuple[Problem, ...] = ()


def near_vector(
    view: SearchView, vector: ArrayLike | str, limit: int, filters: Filters, cancel: Cancel | None = None
) -> SearchResult:
    """The symbols nearest to a vector of the model's dimension, or to a question."""
    assert view.embedder is not None
    if isinstance(vector, str):
        vector = view.embedder.embed_query(vector)
    wanted = np.asarray(vector, np.float32).reshape(-1)
    if len(wanted) != view.embedder.dimension:
        raise DimensionMismatch(len(wanted), view.embedder.dimension)
    seen = joined(view, None, Inquiry(repositories=filters.repositories))
    if seen.view is None:
        return view.result("vector", [], time.perf_counter(), [*view.state.problems, *seen.problems])
    return _nearest(view, wanted, "vector", None, limit, filters, cancel)


def near_lines(
    view: SearchView,
    lines: Lines,
    limit: int,
    filters: Filters,
    cancel: Cancel | None = None,
    team: Team | None = None,
) -> SearchResult:
    """The symbols nearest to lines of a file, as it is typed where it is edited; those of a team as well."""
    assert view.embedder is not None
    text = view.buffer_text(lines.path)
    try:
        text = decode(lines.read(lines.path))[0] if text is None else text
    except OSError as error:
        raise InvalidQuery(
            f"{lines.path} is not a file that can be read ({error.strerror}); name a file, not a link, and "
            "the line of the code in question"
        ) from error
    meant = _meant(view, lines, text)
    vector = view.embedder.embed_passages([meant.described])[0]
    sort = next((sort for sort in _SORTS if meant.kind in sort), ())
    if sort and not filters.kinds:
        filters = replace(filters, kinds=sort)
    label = f"{lines.path}:{lines.start + 1}"
    inquiry = Inquiry(
        vector=vector,
        model=view.embedder.model_id,
        repositories=filters.repositories,
        only=index_filter(filters),
        limit=_over_fetch(limit + 8),
    )
    seen = joined(view, team, inquiry)
    if seen.view is None:
        return view.result(label, [], time.perf_counter(), [*view.state.problems, *seen.problems])
    found = _nearest(seen.view, vector, label, meant.place, limit, filters, cancel)
    return replace(found, problems=[*found.problems, *meant.problems, *seen.problems])


def _nearest(
    view: SearchView,
    vector: NDArray[np.float32],
    label: str,
    origin: Place | None,
    limit: int,
    filters: Filters,
    cancel: Cancel | None,
) -> SearchResult:
    """The symbols nearest to a vector; `origin` is left out."""
    started = time.perf_counter()
    only = index_filter(filters)
    asked = Nearest(vector, _over_fetch(limit + 8), only, cancel=cancel)
    candidates = CandidateSet.of(view, Sought("semantic", only), NO_WORDS, view.nearest(asked))
    page = Page(view, "", limit)
    reader = SnippetReader(view.state.root, view.buffer_text)
    for number in np.argsort(-candidates.meaning, kind="stable").tolist():
        if page.full:
            break
        symbol = candidates.symbol(view, number)
        far = beyond(view, candidates.rows, number)
        if far is not None:
            if not filters.phrases:  # They are looked up in files.
                page.add(symbol, float(candidates.meaning[number]), ("meaning",), far=far)
            continue
        inside = origin is not None and symbol.path == origin[0] and symbol.end_line >= origin[1]
        if inside and origin is not None and symbol.start_line <= origin[2]:
            continue
        if _holds(reader, symbol, filters.phrases):
            page.add(symbol, float(candidates.meaning[number]), ("meaning",))
    return view.result(label, page.hits, started, work=asked.work)


def _holds(reader: SnippetReader, symbol: StoredSymbol, phrases: Sequence[str]) -> bool:
    if not phrases:
        return True
    lines = reader.lines(symbol.path, symbol.start_line, symbol.end_line + 1)
    text = "\n".join((symbol.doc, *lines)).lower()
    return all(phrase.lower() in text for phrase in phrases)


def _meant(view: SearchView, asked: Lines, text: str) -> Meant:
    """The symbol at a line, or a selection, which is of no kind."""
    path, start_line, end_line = asked.path, asked.start, asked.end
    lines = text.splitlines()
    if not 0 <= start_line < max(1, len(lines)):
        raise InvalidQuery(f"{path} has {len(lines)} lines; line {start_line + 1} is not one of them")
    last = start_line if end_line is None else max(start_line, end_line)
    data = text.encode("utf-8", "replace")
    if end_line is None:
        outline = asked.outline(data, path)
        known = _indexed(view, path, start_line) if _fell_short(outline) else None
        if known is not None:
            place = (path, known.start_line, known.end_line)
            late = f"{path} could not be parsed in time; asked was what the index knows of the line"
            return Meant(place, known.kind, _text_of(known, lines), (Problem(Code.SLOW_FILE, late, path),))
        symbols = sorted(outline.symbols, key=lambda symbol: (symbol.start_byte, -symbol.end_byte))
        around = [
            number
            for number, symbol in enumerate(symbols)
            if symbol.start_line <= start_line <= symbol.end_line
        ]
        if around:
            symbol = symbols[around[-1]]
            body = body_words(own_body(data, symbol, direct_children(symbols)[around[-1]]))
            (described,) = FileTexts(path).of([symbol], [body])
            return Meant((path, symbol.start_line, symbol.end_line), symbol.kind, described)
    selected = "\n".join(lines[start_line : last + 1])
    return Meant((path, start_line, last), "", embedding_text(path, "", "", "text", "", "", selected))


def _fell_short(outline: Extraction) -> bool:
    """Whether nobody could parse the text in time; what it gave are lines, not definitions."""
    return any(problem.code in {Code.SLOW_FILE, Code.PARSER_CRASHED} for problem in outline.problems)


def _indexed(view: SearchView, path: str, line: int) -> StoredSymbol | None:
    """The innermost definition around a line, as the index has it."""
    around = [symbol for symbol in view.outline(path) if symbol.start_line <= line <= symbol.end_line]
    return max(around, key=lambda symbol: (symbol.start_line, -symbol.end_line), default=None)


def _text_of(symbol: StoredSymbol, lines: Sequence[str]) -> str:
    body = "\n".join(lines[symbol.start_line : symbol.end_line + 1])
    return embedding_text(
        symbol.path, symbol.container, symbol.name, symbol.kind, symbol.signature, symbol.doc, body
    )


def _over_fetch(limit: int) -> int:
    """How many candidates a search contributes, so that filters have something to choose from."""
    return max(4 * limit, limit + 64)
