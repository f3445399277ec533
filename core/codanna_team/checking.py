"""Rows from a team's engine are a stranger's data: what is not plainly a definition in a file is dropped."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Mapping
from typing import Final

from codanna_core.search.buffers import passes
from codanna_core.text.documents import KINDS
from codanna_core.text.impact import LEVELS
from codanna_core.text.stored import StoredSymbol
from codanna_team.remote import RemoteQuestion, RemoteRow
from codanna_team.rows import Place

MOST_ROWS: Final = 2_000
"""Of one answer; whatever an engine sends, judging it costs no more than this many."""

_LANGUAGE = re.compile(r"[a-z0-9_+#.-]{0,40}")
_REVISION = re.compile(r"[0-9a-f]{0,64}")
_LARGEST: Final = 1 << 31
_LINES, _LINE = 40, 2_000
_SIZES: Final[Mapping[str, int]] = {
    "repository": 300,
    "branch": 300,
    "path": 1_000,
    "name": 1_000,
    "container": 2_000,
    "signature": 4_000,
    "doc": 20_000,
}
"""The longest that each text of a row can be, in characters."""


def fault_of(row: RemoteRow) -> str:
    """Why a row cannot be shown; empty for one that can."""
    for name, longest in _SIZES.items():
        if not _is_text(getattr(row, name), longest):
            return name
    if not row.repository or not is_place(row.repository):
        return "repository"
    if row.branch and not is_place(row.branch):
        return "branch"
    if not is_place(row.path):
        return "path"
    if (
        row.kind not in KINDS
        or not _LANGUAGE.fullmatch(row.language)
        or not _REVISION.fullmatch(row.revision)
    ):
        return "kind, language or revision"
    if not _is_place_of_code(row.place) or not 0 <= row.traits < 1 << 62:
        return "numbers"
    if len(row.snippet) > _LINES:
        return "snippet"
    for line, text in row.snippet:
        if not 0 <= line < _LARGEST or not _is_text(text, _LINE) or "\n" in text:
            return "snippet"
    if row.cosine is not None and not math.isfinite(row.cosine):
        return "cosine"
    return ""


def is_place(path: str) -> bool:
    """Whether this is a path or a name with `/` that leads nowhere else, on any system."""
    if path.startswith("/") or "\\" in path or not path.isprintable():
        return False
    return not any(part in ("", ".", "..") for part in path.split("/"))


def is_asked_for(row: RemoteRow, symbol: StoredSymbol, question: RemoteQuestion) -> bool:
    """Whether a row is what a question asks for: of the right repositories, and past the filters."""
    names = {row.repository.lower(), f"{row.repository}@{row.branch}".lower()}
    if names & {name.lower() for name in question.left_out}:
        return False
    if question.repositories and not names & {name.lower() for name in question.repositories}:
        return False
    return not question.only or passes(symbol, question.only)


def levels_of(row: RemoteRow, terms: Collection[str]) -> dict[str, str]:
    """The levels of the question's terms in a symbol."""
    return {term: level for term, level in row.levels.items() if term in terms and level in LEVELS and level}


def held_by(row: RemoteRow, terms: Collection[str]) -> frozenset[str]:
    """The question's terms in a file; those of its symbols among them."""
    return frozenset(term for term in (*row.held, *row.levels) if term in terms)


def _is_text(text: str, longest: int) -> bool:
    if len(text) > longest or "\0" in text:
        return False
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _is_place_of_code(place: Place) -> bool:
    start, end = (place.start_line, place.start_col), (place.end_line, place.end_col)
    return min(place) >= 0 and max(place) < _LARGEST and start <= end and place.name_col <= place.name_end_col
