"""The captures of `references.scm`, for the room that reads relations and knows no parser itself."""

from __future__ import annotations

import threading
import time
from functools import cache
from importlib.resources import files

from tree_sitter import Node, Query, QueryCursor
from tree_sitter_language_pack import get_language

from codanna_core.languages.parse import MATCH_LIMIT, load, parse_whole
from codanna_core.languages.registry import languages

__all__ = ["Node", "captures", "has_references", "load_references"]


def captures(data: bytes, language: str, deadline_s: float) -> dict[str, list[Node]] | None:
    """The nodes by capture name, each list in the order of the text; None where it took too long."""
    tree = parse_whole(data, languages()[language], time.monotonic() + deadline_s)
    if tree is None:
        return None
    found = _cursor(language).captures(tree.root_node)
    return {name: sorted(nodes, key=_start) for name, nodes in found.items()}


def has_references(language: str) -> bool:
    """Whether the language has a `references.scm`, its own or that of the language it inherits from."""
    return bool(_query_text(language))


def load_references(language: str) -> None:
    """Load the grammar and compile the query, which takes longer than most files."""
    load(languages()[language])
    if has_references(language):
        _cursor(language)


def _start(node: Node) -> int:
    return node.start_byte


@cache
def _query_text(language: str) -> str:
    known = languages().get(language)
    if known is None or known.grammar is None:
        return ""
    file = files("codanna_core.languages") / "data" / language / "references.scm"
    own = file.read_text("utf-8") if file.is_file() else ""
    return own + "\n" + _query_text(known.inherits) if known.inherits else own


@cache
def _query(language: str) -> Query:
    return Query(get_language(languages()[language].grammar), _query_text(language))


_local = threading.local()


def _cursor(language: str) -> QueryCursor:
    """A cursor may not be shared between threads."""
    cursors: dict[str, QueryCursor] | None = getattr(_local, "cursors", None)
    if cursors is None:
        cursors = _local.cursors = {}
    if language not in cursors:
        cursors[language] = QueryCursor(_query(language), match_limit=MATCH_LIMIT)
    return cursors[language]
