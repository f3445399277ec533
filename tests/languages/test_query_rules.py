"""The rules of `symbols.scm` and `language.toml` that languages share, each shown by one that needs it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from codanna_core.languages import languages
from codanna_core.languages.extract import extract
from codanna_core.model import Symbol

FIXTURES = Path(__file__).parent / "fixtures"
SETTING_BEHIND_PREDICATE = re.compile(r'\(#(?!set!)[^()"]*(?:"(?:[^"\\]|\\.)*"[^()"]*)*\)[\s)]*\(#set!')


def symbols_of(text: str, language: str) -> list[Symbol]:
    return [symbol for symbol in extract(text.encode(), "x", language).symbols if symbol.kind != "text"]


def outline(text: str, language: str) -> list[str]:
    return [f"{symbol.kind} {symbol.container}|{symbol.name}" for symbol in symbols_of(text, language)]


@pytest.mark.parametrize("name", sorted(name for name, language in languages().items() if language.query))
def test_settings_stand_before_predicates(name: str) -> None:
    """The binding writes behind its memory when `#set!` follows a text predicate in one pattern."""
    assert not SETTING_BEHIND_PREDICATE.search(languages()[name].query)


def test_a_setting_behind_a_predicate_would_be_seen() -> None:
    """The check above knows the dangerous order from the safe one."""
    assert SETTING_BEHIND_PREDICATE.search('((a) @name (#match? @name "^(x)$") (#set! level "1"))')
    assert not SETTING_BEHIND_PREDICATE.search('((a) @name (#set! level "1") (#match? @name "^(x)$"))')


def test_equations_of_one_function_are_one_symbol() -> None:
    """A type signature and all equations merge: signature of the first, span up to the last."""
    text = "module M where\n\nf :: Int -> Int\nf 0 = 1\nf n = n\n\ng :: Int\ng = 2\n"
    f = symbols_of(text, "haskell")[1]
    assert (f.name, f.signature, f.start_line, f.end_line) == ("f", "f :: Int -> Int", 2, 4)
    assert outline(text, "haskell") == ["module |M", "function M|f", "constant M|g"]


def test_a_comment_of_its_own_parts_two_functions_of_one_name() -> None:
    """`fare/1` and `fare/2` of Erlang differ in arity; the comment above the second tells them apart."""
    text = "-module(m).\n\n%% One.\nfare(A) ->\n    A.\n\n%% Two.\nfare(A, B) ->\n    A + B.\n"
    assert [symbol.doc for symbol in symbols_of(text, "erlang")[1:]] == ["One.", "Two."]


def test_headings_hold_what_follows_up_to_the_next_of_their_level() -> None:
    """Underlined and marked headings nest by their level, also over skipped levels."""
    text = "A\n=\n\n### Deep\n\nB\n-\n\n# C\n"
    assert outline(text, "markdown") == ["heading |A", "heading A|Deep", "heading A|B", "heading |C"]
    assert [symbol.end_line for symbol in symbols_of(text, "markdown")] == [6, 3, 6, 8]


def test_heading_names_are_without_marks() -> None:
    """Code, emphasis, links, tags and closing hashes are taken off, what is in back-ticks stays as it is."""
    text = "# *Use* `__init__` in [Python](https://x.org/a_b) <a id='z'></a>##\n\n## End ##\n"
    assert [symbol.name for symbol in symbols_of(text, "markdown")] == ["Use __init__ in Python ##", "End"]


def test_package_lines_divide_a_file() -> None:
    """A Perl package reaches to the next one, and a package with a block holds just its block."""
    text = "package A;\nsub a { 1 }\npackage B {\n  sub b { 2 }\n}\npackage C;\nsub c { 3 }\n"
    assert outline(text, "perl") == [
        "module |A",
        "function A|a",
        "module |B",
        "function B|b",
        "module |C",
        "function C|c",
    ]


def test_labels_are_joined_to_a_name() -> None:
    """A Terraform resource is named as it is referred to; its name span is the last label."""
    (web,) = symbols_of('resource "aws_instance" "web" {\n}\n', "hcl")
    assert web.name == "aws_instance.web"
    assert (web.name_col, web.name_end_col) == (25, 28)


def test_a_body_beside_the_signature_belongs_to_the_definition() -> None:
    """Dart keeps them as siblings; the span covers both, and what is inside is contained."""
    text = "int f(int a) {\n  int g() => a;\n  return g();\n}\n"
    f, g = symbols_of(text, "dart")
    assert (f.signature, f.end_line, g.container) == ("int f(int a)", 3, "f")


def test_comments_behind_a_definition_are_not_in_it() -> None:
    """The F# grammar counts the next function's doc to the one before it."""
    text = "module M\n\nlet a x = x\n\n/// Second.\nlet b x = x\n"
    a, b = symbols_of(text, "fsharp")[1:]
    assert (a.end_line, b.doc) == (2, "Second.")


def test_the_doc_inside_a_definition_is_not_that_of_its_first_member() -> None:
    """In Nim a doc comment stands below the head, right above what comes first inside."""
    text = "proc outer() =\n  ## Outer.\n  proc inner() = discard\n  inner()\n"
    assert [symbol.doc for symbol in symbols_of(text, "nim")] == ["Outer.", ""]


def test_docstrings_and_comments_in_the_head_are_no_part_of_the_signature() -> None:
    """Clojure writes the doc before the parameters, Ruby users comment below `module`."""
    assert symbols_of('(defn f "Doc." [x] (inc x))', "clojure")[0].signature == "(defn f [x]"
    assert symbols_of("module A\n  # First.\n  X = 1\nend\n", "ruby")[0].signature == "module A"


def test_a_file_that_ends_in_a_comment_is_parsed() -> None:
    """Perl's scanner hangs on `y#` at the very end of a text without a line end."""
    assert outline("sub f { 1 }\ny#", "perl")[0] == "function |f"


@pytest.mark.parametrize("name", sorted(name for name, language in languages().items() if language.grammar))
def test_a_broken_line_costs_only_its_surroundings(name: str) -> None:
    """Nonsense in the middle of a fixture leaves at least a quarter of its symbols, and no error."""
    (source,) = (path for path in (FIXTURES / name).iterdir() if path.name != "outline.txt")
    lines = source.read_text(encoding="utf-8").split("\n")
    whole = set(outline("\n".join(lines), name))
    lines.insert(len(lines) // 2, ") ] ??? ) = =")
    assert len(whole & set(outline("\n".join(lines), name))) * 4 >= len(whole)
