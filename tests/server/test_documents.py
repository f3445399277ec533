"""Open texts: edits land where the client means them, in every encoding, and impossible ones do no harm."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codanna_lsp.documents import Document, column_to_index, index_to_column, split_lines

ENCODINGS = ("utf-8", "utf-16", "utf-32")
TEXTS = st.text(alphabet="ab\n\r\u00e9\u4e2d\U0001f600\u2028\x0b", max_size=30)


def document(text: str) -> Document:
    return Document("file:///x", Path("/x"), 1, split_lines(text))


def place(text: str, index: int, encoding: str) -> tuple[int, int]:
    """The client's position of an index that is not inside a line end."""
    lines = split_lines(text[:index])
    return len(lines) - 1, index_to_column(lines[-1], len(lines[-1]), encoding)


def edges(text: str) -> list[int]:
    """Every index where an editor can put its cursor."""
    return [
        index
        for index in range(len(text) + 1)
        if not (0 < index < len(text) and text[index - 1 : index + 1] == "\r\n")
    ]


@given(TEXTS)
def test_lines_join_to_the_text(text: str) -> None:
    """Splitting loses nothing and knows three line ends only."""
    lines = split_lines(text)
    assert "".join(lines) == text
    assert len(lines) == 1 + text.replace("\r\n", "\n").replace("\r", "\n").count("\n")


@given(TEXTS, TEXTS, st.sampled_from(ENCODINGS), st.data())
def test_incremental_edit_equals_string_edit(text: str, new: str, encoding: str, data: st.DataObject) -> None:
    """An incremental change gives the same text, and the same lines, as cutting the string."""
    start, end = sorted(data.draw(st.tuples(st.sampled_from(edges(text)), st.sampled_from(edges(text)))))
    changed = document(text)
    changed.replace(place(text, start, encoding), place(text, end, encoding), new, encoding)
    expected = text[:start] + new + text[end:]
    assert changed.text == expected
    assert changed.lines == split_lines(expected)


@given(TEXTS, st.tuples(*[st.integers(0, 2**31 - 1)] * 4), st.sampled_from(ENCODINGS))
def test_impossible_ranges_do_no_harm(text: str, numbers: tuple[int, int, int, int], encoding: str) -> None:
    """A range beyond the text, or one that ends before it starts, is moved to the nearest possible place."""
    changed = document(text)
    changed.replace(numbers[:2], numbers[2:], "new", encoding)
    assert "new" in changed.text
    assert changed.lines == split_lines(changed.text)


@pytest.mark.parametrize(("encoding", "column"), [("utf-8", 4), ("utf-16", 2), ("utf-32", 1)])
def test_columns_after_an_astral_character(encoding: str, column: int) -> None:
    """One emoji is four, two or one units wide."""
    assert column_to_index("\U0001f600x\n", column, encoding) == 1
    assert index_to_column("\U0001f600x\n", 1, encoding) == column


def test_column_inside_a_character_falls_before_it() -> None:
    """Half a surrogate pair is no place; the character stays whole."""
    assert column_to_index("\U0001f600x", 1, "utf-16") == 0
    assert column_to_index("\u00e9x", 1, "utf-8") == 0
