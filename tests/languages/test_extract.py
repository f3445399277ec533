"""What `extract` promises for any file: positions, docs, containers, and calm in the face of bad input."""

from __future__ import annotations

import random
import subprocess
import sys
import time

import pytest

from codanna_core.languages import detect_language, languages, to_utf8, windows
from codanna_core.languages.elide.bodies import without_bodies
from codanna_core.languages.extract import extract
from codanna_core.languages.parse import compiled
from codanna_core.languages.registry import language_by_name
from codanna_core.model import Extraction, Kind, Symbol
from codanna_core.text.documents import direct_children, own_body

WITH_SYMBOLS = sorted(name for name, language in languages().items() if language.grammar)


def one(result: Extraction, name: str) -> Symbol:
    (found,) = (symbol for symbol in result.symbols if symbol.name == name)
    return found


def name_span(symbol: Symbol) -> tuple[int, int, int]:
    return symbol.name_line, symbol.name_col, symbol.name_end_col


@pytest.mark.parametrize("name", WITH_SYMBOLS)
def test_every_query_fits_its_grammar(name: str) -> None:
    """No pattern names a node that the grammar does not have, and none is impossible."""
    assert compiled(name).pattern_count > 0


@pytest.mark.parametrize(
    ("path", "head", "language"),
    [
        ("a.py", b"", "python"),
        ("src/deep.dir/main.rs", b"", "rust"),
        ("A.PY", b"", "python"),
        ("Foo.C", b"", "cpp"),
        ("x.d.ts", b"", "typescript"),
        ("bin/tool", b"#!/usr/bin/env -S python3.11 -u\n", "python"),
        ("bin/tool", b"#!/usr/bin/node\n", "javascript"),
        ("a.h", b"#include <stdio.h>\nint f(void);\n", "c"),
        ("a.h", b"// about class and such\nint f(void);\n", "c"),
        ("a.h", b"#pragma once\nnamespace a {\nclass B;\n}\n", "cpp"),
        ("a.h", b"#import <UIKit/UIKit.h>\n@interface A\n@end\n", "objc"),
        ("Jenkinsfile", b"", "groovy"),
        ("notes.unknown", b"hello", None),
        (".py", b"", None),
        ("", b"", None),
        ("bin/tool", b"#!\n", None),
    ],
)
def test_language_comes_from_name_content_and_shebang(path: str, head: bytes, language: str | None) -> None:
    """Suffix, file name, `#!` line and, for shared suffixes, the content decide."""
    assert detect_language(path, head) == language


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_lines_end_as_editors_count_them(newline: str) -> None:
    """`\\n`, `\\r\\n` and a lone `\\r` give the same positions."""
    source = newline.join(["import os", "", "class A:", "    def f(self):", "        return 1", "", "x = 1"])
    result = extract(source.encode(), "a.py")
    if newline == "\r":
        # The grammar takes a lone `\r` for white space, so only what the first line shows is certain.
        assert all(symbol.start_line < 7 for symbol in result.symbols)
        return
    method = one(result, "f")
    assert name_span(method) == (3, 8, 9)
    assert (method.start_line, method.start_col, method.end_line, method.end_col) == (3, 4, 4, 16)
    assert name_span(one(result, "x")) == (6, 0, 1)


def test_columns_count_utf16_units_and_are_marked_wide() -> None:
    """An astral character before a name counts two, an accented letter one."""
    result = extract('const a = "🙂é", nächste = () => 1;\nlet plain = 2;\n'.encode(), "a.js")
    assert name_span(one(result, "nächste")) == (0, 17, 24)
    assert one(result, "nächste").wide
    assert not one(result, "plain").wide


def test_tabs_count_one_column() -> None:
    """A tab is one UTF-16 unit, whatever its width on the screen."""
    assert name_span(one(extract(b"class A:\n\tdef f(self): pass\n", "a.py"), "f")) == (1, 5, 6)


def test_byte_order_mark_has_no_width() -> None:
    """Editors do not show the mark, so columns start behind it; byte spans include it."""
    result = extract(b"\xef\xbb\xbfdef f(): pass\n", "a.py")
    assert name_span(one(result, "f")) == (0, 4, 5)
    assert one(result, "f").start_byte == 3


def test_utf16_text_becomes_utf8() -> None:
    """A UTF-16 file with its mark is read like any other."""
    data = to_utf8("def größe(): pass\n".encode("utf-16"))
    assert one(extract(data, "a.py"), "größe").name_end_col == 9


def test_invalid_utf8_is_replaced_and_not_refused() -> None:
    """A Latin-1 file still gives its symbols."""
    result = extract(b"# caf\xe9\ndef f():\n    return '\xff\xfe'\n", "a.py")
    assert one(result, "f").doc.startswith("caf")


def test_broken_file_gives_the_rest_and_a_problem() -> None:
    """A syntax error costs the definition around it, not the file."""
    result = extract(
        b"int before(void) { return 1; }\nint broken( { ;;; ) ]\nint after(void) { return 2; }\n", "a.c"
    )
    assert {"before", "after"} <= {symbol.name for symbol in result.symbols}
    assert [problem.code for problem in result.problems] == ["syntax"]
    assert result.problems[0].path == "a.c"


def test_a_small_error_in_a_long_file_is_no_problem() -> None:
    """Macros that the grammar cannot know would otherwise fill the list of problems."""
    source = "DECLARE(struct a *, b);\n" + "int f(void);\n" * 200
    assert extract(source.encode(), "a.c").problems == []


BODIES = """\
int plain(void)
{
	if (x) {
		y();
	}
}
static int same_line(int a) {
	return "}";
}
int keeps_struct(void)
{
	struct inner {
		int field;
	};
}
struct data {
	int member;
};
int table[] = MACRO(1) {
	1,
};
int commented(void)
{
	/* a brace at the margin:
} */
	return 0;
}
#ifdef X
int last(void) {
	return 1;
}
#endif
"""


def test_skipped_bodies_change_nothing_outside_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blanking bodies before the parse gives the symbols of the whole text, to the byte."""
    skipped = extract(BODIES.encode(), "a.c")
    monkeypatch.setattr("codanna_core.languages.parse.without_bodies", lambda data, language: data)
    assert skipped.symbols == extract(BODIES.encode(), "a.c").symbols
    assert {"plain", "same_line", "inner", "member", "commented", "last"} <= {s.name for s in skipped.symbols}


def test_a_namespace_with_an_attribute_is_no_function() -> None:
    """What looks like a head but holds definitions is parsed."""
    source = b"namespace std VISIBILITY(default)\n{\nvoid *align(int size);\n}\n"
    assert "align" in {symbol.name for symbol in extract(source, "a.cpp").symbols}


def test_bodies_are_skipped() -> None:
    """Statements of a plain function never reach the parser, and offsets stay."""
    blanked = without_bodies(BODIES.encode(), languages()["c"])
    assert len(blanked) == len(BODIES)
    assert b"y();" not in blanked
    assert b'return "}"' not in blanked
    assert b"int field;" in blanked


def test_names_in_one_declaration_are_neighbours() -> None:
    """`var a, b` does not put `b` into `a`."""
    result = extract(b"package p\n\nvar a, b = 1, 2\n", "a.go")
    assert [(symbol.name, symbol.container) for symbol in result.symbols] == [("a", ""), ("b", "")]


def test_locals_are_left_out_but_nested_functions_are_not() -> None:
    """Constants and variables count at module and class level only."""
    source = b"X = 1\ndef f():\n    Y = 2\n    def g(): pass\n    class C:\n        Z = 3\n"
    found = [(symbol.container, symbol.name) for symbol in extract(source, "a.py").symbols]
    assert found == [("", "X"), ("", "f"), ("f", "g"), ("f", "C"), ("f.C", "Z")]


@pytest.mark.parametrize(
    ("comment", "doc"),
    [
        ("// One.\n// Two.\n", "One.\nTwo."),
        ("/// One.\n", "One."),
        ("/** One. */\n", "One."),
        ("/**\n * One.\n *\n *   Two.\n **/\n", "One.\n\nTwo."),
        ("/*\n   One.\n*/\n", "One."),
        ("/*********\n * One. *\n *********/\n", "One. *"),
        ("// One.\n\n", ""),
        ("int a; // Of a.\n", ""),
        ("int a; /* Of a. */\n", ""),
        ("// Two\n// -----\n", "Two"),
    ],
)
def test_comment_directly_above_is_the_doc(comment: str, doc: str) -> None:
    """Marks and frames go; a blank line or code before the comment breaks the bond."""
    source = f"int x;\nint y;\nint z;\n{comment}int f(void) {{ return 1; }}\n"
    assert one(extract(source.encode(), "a.c"), "f").doc == doc


def test_doc_and_signature_are_bounded() -> None:
    """However long the text, a symbol stays small."""
    source = "/* " + "word " * 3000 + "*/\nint f(" + "int argument, " * 500 + "int last) { return 1; }\n"
    symbol = one(extract(source.encode(), "a.c"), "f")
    assert 1500 < len(symbol.doc) <= 2000
    assert 200 < len(symbol.signature) <= 300


def test_long_decorators_do_not_push_the_name_out_of_the_signature() -> None:
    """A head that is too long begins at the line of the name."""
    source = "@parametrize([\n" + "    'some value',\n" * 50 + "])\ndef test_it(value): pass\n"
    assert one(extract(source.encode(), "a.py"), "test_it").signature == "def test_it(value)"


def test_a_licence_is_nobodys_doc() -> None:
    """The notice at the top of a file documents neither the file nor its first definition."""
    result = extract(b"# Copyright (c) 2020 Someone. All rights reserved.\ndef f(): pass\n", "a.py")
    assert result.module_doc == ""
    assert one(result, "f").doc == ""


def test_top_level_code_of_a_script_is_found() -> None:
    """Code outside every symbol becomes a text symbol; a handful of lines and imports do not."""
    imports = "".join(f"import module{number}\n" for number in range(30))
    main = "".join(f"run_the_step({number}, 'with some words')\n" for number in range(10))
    result = extract(f"{imports}\ndef f(): pass\n\n{main}".encode(), "a.py")
    texts = [symbol for symbol in result.symbols if symbol.kind == Kind.TEXT]
    assert [(text.start_line, text.end_line) for text in texts] == [(33, 42)]
    assert texts[0].name == "run_the_step(0, 'with some words')"


def test_windows_overlap_and_cover_all_lines() -> None:
    """Unknown text is found by windows of forty lines, ten of them shared with the next."""
    data = "".join(f"line number {number}\n" for number in range(100)).encode()
    assert [(text.start_line, text.end_line) for text in windows(data)] == [(0, 39), (30, 69), (60, 99)]
    result = extract(data, "notes.unknown")
    assert (result.language, len(result.symbols), result.problems) == ("text", 3, [])


@pytest.mark.parametrize("data", [b"", b"\n", b"\xef\xbb\xbf", b"   \n\t\n", b"---\n***\n"])
def test_text_without_words_has_no_symbols(data: bytes) -> None:
    """Nothing to say, nothing to find, no error."""
    assert extract(data, "a.unknown").symbols == []
    assert extract(data, "a.py").symbols == []


def test_deadline_falls_back_to_windows() -> None:
    """A file that takes too long is still found by its text, and the problem says so."""
    data = b"x = [\n" + b"1, 2, 3,\n" * 200_000
    started = time.monotonic()
    result = extract(data, "a.py", deadline_s=0.01)
    assert time.monotonic() - started < 2
    assert [problem.code for problem in result.problems] == ["slow-file"]
    assert result.symbols[0].kind == Kind.TEXT
    # The parser is clean again for the next file.
    assert one(extract(b"def f(): pass\n", "a.py"), "f").name_line == 0


NESTED = """
import sys
from codanna_core.languages.extract import extract
for text in sys.argv[2:]:
    extract((text * (100_000 // len(text))).encode(), "x", sys.argv[1], 3.0)
"""


@pytest.mark.parametrize("name", ["c", "javascript", "python"])
def test_deep_nesting_ends_calmly(name: str) -> None:
    """Tens of thousands of open brackets, calls or quotes neither crash the process nor take for ever."""
    openers = ["(", "[", "{", "a(", "f(function() {", '"', "def f():\n "]
    command = [sys.executable, "-c", NESTED, name, *openers]
    done = subprocess.run(command, timeout=90, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", WITH_SYMBOLS)
def test_noise_never_raises(name: str) -> None:
    """Random bytes, and a language's own file cut and shuffled, give an answer."""
    chance = random.Random(name)
    noise = bytes(chance.randrange(256) for _ in range(2000))
    tokens = [
        b"class ",
        b"{",
        b"}",
        b"(",
        b")",
        b"\n",
        b'"',
        b"#",
        b"fn ",
        b"def ",
        b"\xf0\x9f\x99\x82",
        b"\r",
        b"a ",
        b"=",
    ]
    shuffled = b"".join(chance.choice(tokens) for _ in range(1500))
    for data in (noise, shuffled, noise[:1], b"\x00" * 100):
        for symbol in extract(data, "x", name).symbols:
            assert 0 <= symbol.start_byte <= symbol.body_start_byte <= symbol.end_byte <= len(data)
            assert (symbol.start_line, symbol.start_col) <= (symbol.end_line, symbol.end_col)


MEMBERS = """\
class Pool:
    size: int = 4

    def __init__(self, size, connect):
        self.size = size  # declared above
        self._connect = connect  # opens one connection
        if size > 1:
            self.spare, self.lock = [], Lock()
        else:
            self.spare = None
        self.limits: dict[str, int] = {}
        local = self._connect()
        other.field = 1

        def later(self):
            self.nested = 1

    def close(self):
        self.closed = True


def __init__(self):
    self.no_class = 1


self.outside = 1
"""


def test_what_a_constructor_sets_is_a_field_of_its_class() -> None:
    """Each name once, by its first statement; what other functions set, or no class has, is none."""
    result = extract(MEMBERS.encode(), "a.py")
    fields = [symbol for symbol in result.symbols if symbol.kind == Kind.FIELD]
    assert [(symbol.name, symbol.container, symbol.start_line + 1) for symbol in fields] == [
        ("size", "Pool", 2),
        ("_connect", "Pool", 6),
        ("spare", "Pool", 8),
        ("lock", "Pool", 8),
        ("limits", "Pool", 11),
    ]
    assert name_span(one(result, "_connect")) == (5, 13, 21)
    assert one(result, "_connect").doc == "opens one connection"
    assert one(result, "limits").signature == "self.limits: dict[str, int] = {}"
    assert one(result, "later").container == "Pool.__init__"


def test_a_constructor_keeps_the_words_of_its_statements() -> None:
    """They are what it does, though some of them declare fields as well."""
    data = MEMBERS.encode()
    symbols = sorted(extract(data, "a.py").symbols, key=lambda symbol: (symbol.start_byte, -symbol.end_byte))
    children = direct_children(symbols)
    (number,) = (
        n for n, symbol in enumerate(symbols) if (symbol.name, symbol.container) == ("__init__", "Pool")
    )
    assert b"self.spare, self.lock = [], Lock()" in own_body(data, symbols[number], children[number])
    assert [child.name for child in children[number]] == ["later"]


def test_a_name_decides_a_language_or_leaves_it_open() -> None:
    """What is told by the name alone is what a file with any content has; ambiguous suffixes tell nothing."""
    every = [suffix for language in languages().values() for suffix in language.suffixes]
    open_ = [suffix for suffix in every if language_by_name(f"a{suffix}") is None]
    assert len(open_) < len(every) / 10
    assert ".h" in open_
    for suffix in every:
        told = language_by_name(f"some/a{suffix}")
        heads = (b"", b"#!/bin/sh\n", b"class A {\n@interface A\n", b"%!PS\n")
        assert told is None or {detect_language(f"some/a{suffix}", head) for head in heads} == {told}
    assert language_by_name("some/Makefile") == detect_language("some/Makefile", b"")
    assert language_by_name("some/a.d.ts") == "typescript"
    assert language_by_name("some/py") is None
