"""Identifiers outside comments and strings."""

from __future__ import annotations

import pytest

from codanna_core.relations.identifiers import identifiers


@pytest.mark.parametrize(
    ("language", "text", "wanted"),
    [
        ("python", 'a = "b" # c\n"""d\n""" + e.f(rb\'g\', f"{h.i} j")', {"a", "e", "f", "h", "i"}),
        ("go", 'a := `b "` + c("d") // e\n/* f */ g(\'h\')', {"a", "c", "g"}),
        ("java", "a.b(\"c\", 'd'); /* e\n */ f(); // g", {"a", "b", "f"}),
        ("rust", 'a(b\'c\', "d", r#"e "f" "#); // g\nlet h: &\'i u8;', {"a", "b", "let", "h", "i", "u8"}),
        ("typescript", "a(`b ${c}`, 'd') // e\n$f", {"a", "b", "$", "c", "$f"}),
        ("c", 'a("b\\"c", \'\\n\'); // d', {"a"}),
        (None, 'a "b" c', {"a", "c"}),
    ],
)
def test_comments_and_strings_are_left_out(language: str | None, text: str, wanted: set[str]) -> None:
    """What stands in a comment or a string is no identifier; what stands in an f-string's braces is."""
    found = identifiers(text.encode(), language)
    assert wanted <= found
    assert found - wanted <= {"b"}


def test_other_scripts_and_broken_bytes() -> None:
    """Letters of any script are kept, broken bytes and open comments do no harm."""
    assert "größe" in identifiers("größe = 1".encode(), "python")
    assert "b" in identifiers(b"\xff\xfe a /* never closed\nb", "java")
    assert identifiers(b"", "go") == set()
