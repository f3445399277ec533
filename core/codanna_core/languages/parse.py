"""Tree-sitter within bounds of time and memory: one parser and one compiled query a language and thread."""

from __future__ import annotations

import codecs
import math
import threading
import time
from functools import cache

from tree_sitter import Node, Parser, Query, QueryCursor, Tree

from codanna_core.languages.chunked_input import ChunkedInput
from codanna_core.languages.elide.bodies import without_bodies
from codanna_core.languages.elide.masks import masked
from codanna_core.languages.elide.statements import without_statements
from codanna_core.languages.grammars import grammar
from codanna_core.languages.registry import Language, languages

MATCH_LIMIT = 65_536
"""Most query matches in progress at once; tree-sitter drops the oldest beyond it instead of growing."""

MAX_RUN = 20_000
"""Longest run of bare tokens side by side that is queried. A query looks ahead over the run from each of
its tokens: 20,000 cost a second, a megabyte of `(` would cost an hour."""

WORTH_ANOTHER = 0.005
"""Share of a text that does not parse from which it is parsed once more under the masks of its language."""

Match = tuple[int, dict[str, list[Node]]]


def parse_and_match(data: bytes, language: Language, deadline: float) -> tuple[list[Match], bool] | None:
    """The query's matches and whether there were syntax errors; None where `deadline` passed."""
    tools = _tools(language)
    data = without_bodies(_valid_utf8(data), language)
    if not data.endswith(b"\n"):
        data += b"\n"  # Perl's scanner never returns from a comment that ends with the file.
    less = without_statements(data, language)
    tree = _tree_of(less, tools.parser, deadline)
    if tree is not None and tree.root_node.has_error and less is not data:
        tree = _tree_of(data, tools.parser, deadline)
    if tree is None:
        return None
    root = tree.root_node
    has_error = root.has_error
    if has_error and root.descendant_count > MAX_RUN and _has_long_run(tree):
        return None
    # No deadline here: it takes a fifth of the parse, and the binding crashes with a progress callback.
    found = tools.cursor.matches(root)
    if has_error and language.masks and unparsed(found) > WORTH_ANOTHER * len(data):
        return _better(found, data, language, deadline)
    return found, has_error


def unparsed(found: list[Match]) -> int:
    """How many bytes the outermost error nodes cover."""
    total = reached = 0
    for start, end in sorted(node.byte_range for _, captures in found for node in captures.get("error", ())):
        total += max(end - max(start, reached), 0)
        reached = max(reached, end)
    return total


def _better(found: list[Match], data: bytes, language: Language, deadline: float) -> tuple[list[Match], bool]:
    """What was found, or what is found under the masks of the language if more of the text parses so."""
    under = masked(data, language)
    tree = _tree_of(under, _tools(language).parser, deadline) if under != data else None
    if tree is None or (tree.root_node.has_error and _has_long_run(tree)):
        return found, True
    others = _tools(language).cursor.matches(tree.root_node)
    if unparsed(others) > unparsed(found):
        return found, True
    return others, tree.root_node.has_error


def parse_whole(data: bytes, language: Language, deadline: float) -> Tree | None:
    """The tree of a whole text, bodies included; None where `deadline` passed or no query should meet it."""
    data = _valid_utf8(data)
    if not data.endswith(b"\n"):
        data += b"\n"
    tree = _tree_of(data, _tools(language).parser, deadline)
    if tree is None:
        return None
    root = tree.root_node
    if root.has_error and root.descendant_count > MAX_RUN and _has_long_run(tree):
        return None
    return tree


def load(language: Language) -> None:
    """Load the grammar and compile the query, which takes longer than most files."""
    _tools(language)


def _valid_utf8(data: bytes) -> bytes:
    """The text with `?` for each byte that is no UTF-8; the binding raises or crashes on such a name."""
    if not data.isascii():
        try:
            data.decode()
        except UnicodeDecodeError:
            return data.decode("utf-8", _BYTE_BY_BYTE).encode()
    return data


def _question_marks(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeDecodeError)
    return "?" * (error.end - error.start), error.end


_BYTE_BY_BYTE = "codanna_core.byte_by_byte"
codecs.register_error(_BYTE_BY_BYTE, _question_marks)


@cache
def levels(name: str) -> dict[int, int]:
    """The patterns of the language's query that set a level, and that level."""
    query = compiled(name)
    found = ((number, query.pattern_settings(number).get("level")) for number in range(query.pattern_count))
    return {number: int(level) for number, level in found if level}


@cache
def compiled(name: str) -> Query:
    """The language's query, with the places of syntax errors; shared by all threads."""
    language = languages()[name]
    return Query(grammar(language.grammar), f"{language.query}\n(ERROR) @error\n")


class _Tools:
    """Neither the parser nor the query cursor may be shared between threads."""

    def __init__(self, language: Language) -> None:
        self.parser = Parser(grammar(language.grammar))
        self.cursor = QueryCursor(compiled(language.name), match_limit=MATCH_LIMIT)
        if language.max_depth is not None:
            self.cursor.set_max_start_depth(language.max_depth)


def _tree_of(data: bytes, parser: Parser, deadline: float) -> Tree | None:
    """Parse a text and keep nothing of it."""
    if deadline == math.inf:  # The limit is that of the process.
        return parser.parse(data)
    pieces = ChunkedInput(data)
    tree = _parse(parser, pieces, deadline)
    pieces.let_go(_never_given_back())
    return tree


def _parse(parser: Parser, pieces: ChunkedInput, deadline: float) -> Tree | None:
    def late(_offset: int, _has_error: bool) -> bool:
        return time.monotonic() > deadline

    # Only the form with a read callback takes a progress callback.
    try:
        return parser.parse(pieces.read, encoding="utf8", progress_callback=late)
    except ValueError:  # The binding's way to say that the callback stopped it.
        parser.reset()  # Otherwise the next parse would go on with this file.
        return None


@cache
def _never_given_back() -> int:
    """How many references to each piece of text the binding keeps for ever: one in 0.26."""
    pieces = ChunkedInput(b"[1, 2]\n")
    _parse(Parser(grammar("json")), pieces, time.monotonic() + 60)
    return pieces.held_elsewhere()


def _has_long_run(tree: Tree) -> bool:
    """True where an error left a very long run of unnamed nodes, such as brackets, under one parent."""
    cursor = tree.walk()
    siblings = [0]
    run = 0
    while True:
        siblings[-1] += 1
        if siblings[-1] > 1000:  # Making nodes is the costly part, and rows so long are rare.
            node = cursor.node
            run = run + 1 if node is not None and not node.is_named else 0
            if run > MAX_RUN:
                return True
        if cursor.goto_first_child():
            siblings.append(0)
            continue
        while not cursor.goto_next_sibling():
            if not cursor.goto_parent():
                return False
            siblings.pop()


_local = threading.local()


def _tools(language: Language) -> _Tools:
    by_name: dict[str, _Tools] | None = getattr(_local, "by_name", None)
    if by_name is None:
        by_name = _local.by_name = {}
    tools = by_name.get(language.name)
    if tools is None:
        tools = by_name[language.name] = _Tools(language)
    return tools


def text_of(data: bytes, node: Node) -> str:
    """The text of a node, which it would itself read anew by way of the callback."""
    return data[node.start_byte : node.end_byte].decode("utf-8", "replace")
