"""Identifiers outside comments and strings."""

from __future__ import annotations

import time

import pytest

from codanna_core.relations.identifiers import MAX_IDENTIFIERS, MAX_UNKNOWN, identifiers


@pytest.mark.parametrize(
    ("language", "text", "wanted"),
    [
        ("python", 'a = "b" # c\n"""d\n""" + e.f(rb\'g\', f"{h.i} j")', {"a", "e", "f", "h", "i"}),
        ("go", 'a := `b "` + c("d") // e\n/* f */ g(\'h\')', {"a", "c", "g"}),
        ("java", "a.b(\"c\", 'd'); /* e\n */ f(); // g", {"a", "b", "f"}),
        ("rust", 'a(b\'c\', "d", r#"e "f" "#); // g\nlet h: &\'i u8;', {"a", "b", "let", "h", "i", "u8"}),
        ("typescript", "a(`http://b ${c}`, 'd') // e\n$f", {"a", "http", "b", "$", "c", "$f"}),
        ("c", 'a("b\\"c", \'\\n\'); // d', {"a"}),
        ("ruby", 'a "b", "x #{c.d}" # e', {"a", "x", "c", "d"}),
        ("kotlin", "a '\"' + c + '\"' /* d */", {"a", "c"}),
        ("bash", 'a ${#c[@]} # d\ne "$f"', {"a", "c", "e", "f"}),
        ("php", "#[Route]\na() # b", {"Route", "a"}),
        ("haskell", "a {- b -} c -- d", {"a", "c"}),
        (None, 'a "b" c', {"a", "c"}),
    ],
)
def test_comments_and_strings_are_left_out(language: str | None, text: str, wanted: set[str]) -> None:
    """What stands in a comment or a string is no identifier; what stands in an f-string's braces is."""
    found = set(identifiers(text.encode(), language))
    assert wanted <= found
    assert found - wanted <= {"r"}  # Of the string in Rust.


def test_prose_uses_nothing() -> None:
    """A page that mentions names is no use of them."""
    assert identifiers(b"Call `run` of Session.", "markdown") == []


def test_other_scripts_and_broken_bytes() -> None:
    """Letters of any script are kept, broken bytes and open comments do no harm."""
    assert "größe" in identifiers("größe = 1".encode(), "python")
    assert "b" in identifiers(b"\xff\xfe a /* never closed\nb", "java")
    assert identifiers(b"", "go") == []


def test_marks_that_never_end_are_looked_for_once() -> None:
    """A megabyte of open comments is read a few times over, not once for each of them."""
    data = b"/* a\n" * 200_000 + b"last"
    started = time.process_time()
    assert identifiers(data, "c")[-1] == "last"
    assert time.process_time() - started < 5


def test_a_closed_comment_before_an_open_one_stays_a_comment() -> None:
    """Only what has no end counts as code."""
    assert identifiers(b"a /* b */ c /* d a", "go") == ["a", "c", "d"]


def test_generated_data_keeps_the_same_names() -> None:
    """Of too many names the first ones are kept."""
    found = identifiers(b" ".join(b"n%d" % number for number in range(MAX_IDENTIFIERS + 10)), "c")
    assert len(found) == MAX_IDENTIFIERS
    assert found[0] == "n0"
    assert identifiers(b" ".join(b"n%d" % number for number in range(MAX_UNKNOWN + 10)), None) == []
    assert "x" * 300 not in identifiers(b"x" * 300, "c")
