"""Definitions are shown in parts, and no part ends inside a statement."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tree_sitter import Node, Parser
from tree_sitter_language_pack import get_language

from codanna_core.context.statements import body_of
from codanna_core.languages.extract import extract
from codanna_core.languages.registry import detect_language, languages

FIXTURES = Path(__file__).parents[1] / "languages" / "fixtures"


def grammar_of(path: Path) -> str | None:
    name = detect_language(path.name, path.read_bytes()[:8192])
    return languages()[name].grammar if name else None


FILES = sorted(path for path in FIXTURES.rglob("*") if path.is_file() and grammar_of(path) is not None)
INSIDE = re.compile(
    r"argument|string|^array|^list$|^object$|dict|tuple|parameter|binary|operand|^call|concat|comment|condition"
    r"|^(?:return|throw|expression)_statement|^assign|initializer_list"
)
"""Nodes inside which a text is one statement."""


def around(root: Node, first: int, last: int) -> Node:
    """The smallest node that holds both lines."""
    node = root
    while True:
        inner = next(
            (one for one in node.children if one.start_point[0] <= first and one.end_point >= (last, 1)), None
        )
        if inner is None:
            return node
        node = inner


def cuts(path: Path) -> list[tuple[int, int, int]]:
    """Line of the definition, last line before a border and first line behind it, for every border."""
    data = path.read_bytes()
    lines = data.decode("utf-8", "replace").splitlines()
    found = []
    for symbol in extract(data, path.name).symbols:
        if symbol.kind == "text":
            continue
        language = detect_language(path.name, data[:8192]) or ""
        body = body_of(lines[symbol.start_line : symbol.end_line + 1], symbol.signature, language)
        for statement in body.statements if body is not None else ():
            before = symbol.start_line + statement.first - 1
            while not lines[before].strip():
                before -= 1
            found.append((symbol.start_line, before, symbol.start_line + statement.first))
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(FIXTURES).as_posix())
def test_no_border_is_inside_a_statement(path: Path) -> None:
    """What the parser sees around each border, up to the definition, is no expression and no comment."""
    data = path.read_bytes()
    grammar = grammar_of(path)
    assert grammar is not None
    root = Parser(get_language(grammar)).parse(data).root_node
    for symbol, before, first in cuts(path):
        node: Node | None = around(root, before, first)
        while node is not None and node.start_point[0] > symbol:
            assert not INSIDE.search(node.type), (before + 1, first + 1, node.type)
            node = node.parent


def parts(text: str, signature: str, language: str) -> list[tuple[int, int]]:
    body = body_of(text.splitlines(), signature, language)
    return [(one.first, one.end) for one in body.statements] if body is not None else []


def test_statements_of_indented_and_of_braced_code() -> None:
    """A call over several lines, a decorator and a comment stay with what they belong to."""
    python = "def f(a):\n    b = g(\n        a,\n    )\n\n    # why\n    c = b\n    return c\n"
    assert parts(python, "def f(a)", "python") == [(1, 4), (5, 7), (7, 8)]
    rust = (
        "fn f(a: u8) -> u8 {\n    let b = a\n        .g()\n        .h();\n    #[cfg(x)]\n    i();\n    b\n}\n"
    )
    assert parts(rust, "fn f(a: u8) -> u8", "rust") == [(1, 4), (4, 6), (6, 8)]


def test_a_long_compound_statement_is_looked_into() -> None:
    """Its inner statements are shown with its head; a further clause needs the first."""
    clauses = "    try:\n        a()\n        b()\n    except E:\n        c()\n        d()\n"
    text = f"def f():\n{clauses}    return 1\n"
    body = body_of(text.splitlines(), "def f()", "python")
    assert body is not None
    found = {(one.first, one.end): one.heads for one in body.statements}
    assert found[(2, 3)] == ((1, 2),)
    assert found[(5, 6)] == ((4, 5),)
    assert found[(4, 5)] == ((1, 2),)
    assert (7, 8) in found


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("def f():\n    a = '''\n    b\n    c = 1\n", "python"),
        ("def f\n  a = <<~SQL\n  select\n  SQL\n  b\nend\n", "ruby"),
        ("function f() {\n  a(\n  b)\n  }}\n  c()\n}\n", "javascript"),
        ("def f(): return 1\n", "python"),
        ("something else\n  a\n  b\n", "python"),
    ],
)
def test_what_is_not_clear_is_not_divided(text: str, language: str) -> None:
    """A text without end or of another kind, brackets that do not fit, a body on the line of the head."""
    assert body_of(text.splitlines(), "def f", language) is None


def test_dividing_a_long_definition_takes_no_time_worth_mentioning() -> None:
    """Thousands of lines are refused, brackets by the thousand are counted once."""
    assert body_of(["def f():", *["    a()"] * 5000], "def f()", "python") is None
    body = body_of(["def f():", *["    a(" + "(" * 2000 + ")" * 2000 + ")"] * 100], "def f()", "python")
    assert body is not None
    assert len(body.statements) == 100


def test_a_head_that_is_not_clear_is_left_alone() -> None:
    """Where a quotation mark in the head has no other, nothing behind it can be told apart."""
    text = "function f(a = 'x,\n  b,\n  c) {\n  one();\n  two();\n}\n"
    assert body_of(text.splitlines(), "function f(a = 'x, b, c)", "javascript") is None


@pytest.mark.parametrize("prefix", ["r", "br", "cr"])
@pytest.mark.parametrize("marks", ["#", "##"])
def test_rust_texts_with_marks_are_unclear(prefix: str, marks: str) -> None:
    """A quotation mark inside of one does not end it."""
    text = f'{prefix}{marks}"{{ " {marks}'
    lines = ["fn main() {", f"    let text = {text};", "    first(text);", "    second(text);", "}"]
    assert body_of(lines, "fn main()", "rust") is None
    lines[1] = '    let text = "{";'
    assert body_of(lines, "fn main()", "rust") is not None
