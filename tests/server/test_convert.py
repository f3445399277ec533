"""LSP shapes: URIs of odd names, columns in the client's encoding, outlines as trees."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from codanna_core.model import Position, Span, Symbol
from codanna_lsp import convert


@pytest.mark.parametrize(
    "name",
    [
        "plain.py",
        "with space.py",
        "100%.py",
        "a#b?c;d&e=f.py",
        "\u00fcml\u00e4ut \U0001f600.py",
        "[x](y)+'\".py",
        "c:d.py",
    ],
)
def test_uris_survive_odd_names(name: str) -> None:
    """Every file name comes back from its URI, and the URI is plain ASCII."""
    path = Path("/work") / name
    uri = convert.uri_from_path(path)
    assert uri.isascii()
    assert convert.path_from_uri(uri) == path


@pytest.mark.skipif(os.name == "nt", reason="names are bytes on POSIX only")
def test_uri_of_a_name_that_is_no_utf8() -> None:
    """A file name of arbitrary bytes comes back byte for byte."""
    path = Path(os.fsdecode(b"/srv/\xff\xfe.py"))
    assert convert.path_from_uri(convert.uri_from_path(path)) == path


@pytest.mark.parametrize(
    ("uri", "path"),
    [
        ("file:///a/b.py", "/a/b.py"),
        ("FILE:///a/b.py", "/a/b.py"),
        ("file:/a/b.py", "/a/b.py"),
        ("file://localhost/a/b.py", "/a/b.py"),
        ("file:///a/./x/../b.py", "/a/b.py"),
        ("file:///a%2Fb.py", "/a/b.py"),
        ("file:///a/b.py#L3", "/a/b.py"),
    ],
)
@pytest.mark.skipif(os.name == "nt", reason="POSIX paths")
def test_spellings_of_file_uris(uri: str, path: str) -> None:
    """Clients spell the same file in several ways."""
    assert convert.path_from_uri(uri) == Path(path)


@pytest.mark.parametrize(
    "uri",
    [
        "",
        "x",
        "untitled:Untitled-1",
        "http://host/a.py",
        "git:/a.py",
        "file:",
        "file://",
        "file:///a%00b",
        "file:a.py",
    ],
)
def test_what_is_no_local_file(uri: str) -> None:
    """Other schemes and broken URIs name no file and raise nothing."""
    assert convert.path_from_uri(uri) is None


@pytest.mark.parametrize(("encoding", "column"), [("utf-8", 7), ("utf-16", 5), ("utf-32", 4)])
def test_columns_follow_the_encoding(encoding: str, column: int) -> None:
    """The engine counts UTF-16 units; the client gets its own."""
    columns = convert.Columns(encoding)
    place = columns.position(Position(0, 5), True, lambda: ['x="\U0001f600"'])
    assert place == {"line": 0, "character": column}


def test_ascii_lines_are_never_read() -> None:
    """A file is opened for its columns only where they can differ."""

    def explode() -> list[str]:
        raise AssertionError("read for nothing")

    span = Span(Position(1, 2), Position(1, 5))
    assert convert.Columns("utf-8").range(span, False, explode)["end"] == {"line": 1, "character": 5}
    assert convert.Columns("utf-16").range(span, True, explode)["end"] == {"line": 1, "character": 5}


def symbol(name: str, start: int, end: int, **more: Any) -> Symbol:
    return Symbol(
        **{
            "name": name, "kind": "function", "container": "", "signature": name, "doc": "",
            "start_line": start, "start_col": 0, "end_line": end, "end_col": 3,
            "name_line": start, "name_col": 0, "name_end_col": 1,
            "start_byte": 0, "end_byte": 0, "body_start_byte": 0, **more,
        }
    )  # fmt: skip


def names(tree: list[dict[str, Any]]) -> list[Any]:
    return [[entry["name"], *names(entry.get("children", []))] for entry in tree]


def test_outline_nests_by_range() -> None:
    """A symbol becomes the child of the innermost one around it, whatever the order they came in."""
    tree = convert.document_symbols(
        [symbol("c", 2, 3), symbol("a", 0, 9), symbol("d", 5, 6), symbol("b", 1, 4), symbol("e", 10, 12)],
        [],
        "utf-16",
    )
    assert names(tree) == [["a", ["b", ["c"]], ["d"]], ["e"]]


def test_outline_selection_lies_inside_the_range() -> None:
    """Editors refuse a whole outline for one selection outside of its range; ours never is."""
    (entry,) = convert.document_symbols([symbol("a", 3, 4, name_line=1)], [], "utf-16")
    assert entry["selectionRange"]["start"] == {"line": 3, "character": 0}


def test_deep_outline_is_flattened() -> None:
    """Nesting that no encoder takes is cut off at a depth, and nothing is lost."""
    tree = convert.document_symbols([symbol(str(n), n, 2000 - n) for n in range(900)], [], "utf-16")
    assert len(convert.flat_symbols(tree, "file:///x")) == 900


def test_nested_folders_give_each_place_once() -> None:
    """What two engines found at one place is one result; the better one stays."""
    hit = {
        "name": "a",
        "uri": "file:///x",
        "selectionRange": {"start": {"line": 1, "character": 0}},
        "score": 2,
    }
    assert convert.without_doubles([hit, {**hit, "score": 1}, {**hit, "name": "b"}]) == [
        hit,
        {**hit, "name": "b"},
    ]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain words, snake_case, 3 of 4.", "plain words, snake_case, 3 of 4."),
        ("![i](https://x.invalid/i.png)", r"\!\[i\](https://x.invalid/i.png)"),
        ("[l](command:quit) <img src=x> &lt;", r"\[l\](command:quit) \<img src=x\> \&lt;"),
        (
            "# head\n    code\n- item\n1. item\n===",
            r"\# head" + "\ncode\n" + r"\- item" + "\n" + r"1\. item" + "\n" + r"\===",
        ),
        ("`code` *bold* _em_ ~~x~~ a|b", r"\`code\` \*bold\* \_em\_ \~\~x\~\~ a\|b"),
        ("c:\\x", r"c:\\x"),
    ],
)
def test_plain_markdown_shows_a_text_as_it_is(text: str, shown: str) -> None:
    """Nothing of it is a link, an image, HTML, a heading, a list, code or emphasis."""
    assert convert.plain_markdown(text) == shown


def test_a_fence_is_longer_than_any_inside() -> None:
    """And the language is a plain word."""
    assert convert.fenced("a ```` b", "py\n# x") == "`````py#x\na ```` b\n`````"
