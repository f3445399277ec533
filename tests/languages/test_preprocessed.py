"""A C text without branches and macros that hide its structure."""

from __future__ import annotations

import time

import pytest

from codanna_core.languages.preprocessed import preprocessed


def test_hostile_text_takes_no_longer() -> None:
    """Openings without an end are looked through once: time grows with the text, not with its square."""
    for piece in (b"/* ", b'"\\', b"#if A\n", b"a b ", b"a\n*\n", b"'", b"{\n#if\n", b"class A "):
        text = piece * (200_000 // len(piece))
        started = time.process_time()
        assert len(preprocessed(text)) == len(text)
        assert time.process_time() - started < 2


@pytest.mark.parametrize(
    ("text", "left"),
    [
        pytest.param("#if A\nf() {\n#else\ng() {\n#endif\n}\n", "f() {\n}", id="half a block"),
        pytest.param("#ifdef A\nf() {\n#else\ng() {\n#endif\n}\n", "g() {\n}", id="undefined"),
        pytest.param("#ifndef A\nif (x) {\n#endif\n#ifndef A\n}\n#endif\n", "if (x) {\n}", id="alike"),
        pytest.param("#ifdef A\nint a;\n#endif\n", "#ifdef A\nint a;\n#endif", id="whole"),
        pytest.param("#if A\nx = '{';\n#endif\n", "#if A\nx = '{';\n#endif", id="told"),
        pytest.param("local int f(void);", "int f(void);", id="before a keyword"),
        pytest.param("local gzFile f(void);", "gzFile f(void);", id="before a type"),
        pytest.param("API box_t CALL f(void);", "box_t f(void);", id="capitals"),
        pytest.param("static const char *f(void);", "static const char *f(void);", id="keywords"),
        pytest.param("struct box *f(void);", "struct box *f(void);", id="a tag"),
        pytest.param("class API Box {", "class Box {", id="a class"),
        pytest.param("class Box {", "class Box {", id="a plain class"),
        pytest.param("return new Box(1);", "return new Box(1);", id="a statement"),
        pytest.param("#endif\n#else\n#if\n", "#endif\n#else\n#if", id="loose directives"),
    ],
)
def test_what_is_left(text: str, left: str) -> None:
    """Blanks take the place of what is left out, so that all other bytes stay where they are."""
    found = preprocessed(text.encode())
    assert len(found) == len(text.encode())
    assert found.count(b"\n") == text.count("\n")
    lines = [" ".join(line.split()) for line in found.decode().split("\n")]
    assert "\n".join(line for line in lines if line) == left
