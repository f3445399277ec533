"""The captures of `references.scm`, for the room that reads relations and knows no parser itself."""

from __future__ import annotations

import threading
import time
from functools import cache

from tree_sitter import Node, Query, QueryCursor

from codanna_core.languages.grammars import grammar
from codanna_core.languages.parse import MATCH_LIMIT, load, parse_whole
from codanna_core.languages.preprocessed import preprocessed
from codanna_core.languages.registry import LANGUAGE_DATA, languages

PREPROCESSED = frozenset({"c", "cpp"})

__all__ = ["Node", "captures", "has_references", "load_references"]


def captures(data: bytes, language: str, deadline_s: float) -> dict[str, list[Node]] | None:
    """The nodes by capture name, each list in the order of the text; None where it took too long."""
    deadline = time.monotonic() + deadline_s
    tree = parse_whole(data, languages()[language], deadline)
    if tree is None:
        return None
    found = _cursor(language).captures(tree.root_node)
    if language in PREPROCESSED and tree.root_node.has_error:
        found = _as_compiled(data, language, found, deadline)
    return {name: sorted(nodes, key=_start) for name, nodes in found.items()}


def _as_compiled(
    data: bytes, language: str, found: dict[str, list[Node]], deadline: float
) -> dict[str, list[Node]]:
    """The captures of the text that a compiler sees, and the names that it does not see."""
    clean = preprocessed(data)
    tree = parse_whole(clean, languages()[language], deadline) if clean != data else None
    if tree is None:
        return found
    seen = _cursor(language).captures(tree.root_node)
    for name, nodes in found.items():
        hidden = [node for node in nodes if not node.child_count and _is_blank(clean, node)]
        seen[name] = seen.get(name, []) + hidden
    return seen


def _is_blank(data: bytes, node: Node) -> bool:
    return data[node.start_byte : node.end_byte].isspace()


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
    file = LANGUAGE_DATA / language / "references.scm"
    own = file.read_text("utf-8") if file.is_file() else ""
    return own + "\n" + _query_text(known.inherits) if known.inherits else own


@cache
def _query(language: str) -> Query:
    return Query(grammar(languages()[language].grammar), _query_text(language))


_local = threading.local()


def _cursor(language: str) -> QueryCursor:
    """A cursor may not be shared between threads."""
    cursors: dict[str, QueryCursor] | None = getattr(_local, "cursors", None)
    if cursors is None:
        cursors = _local.cursors = {}
    if language not in cursors:
        cursors[language] = QueryCursor(_query(language), match_limit=MATCH_LIMIT)
    return cursors[language]
