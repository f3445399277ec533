"""Handles name symbols while files are edited."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codanna_core.context.handles import Handle, digest_of, handle_of, parse_handle


def test_a_handle_reads_back() -> None:
    """Path, container, name and digest, whatever the path holds."""
    handle = handle_of("a#b/c.py", "Box", "open", "method", 3, ["def open(self):", "    pass"])
    assert parse_handle(str(handle)) == handle
    assert str(handle).startswith("a#b/c.py#Box.open~")


def test_lines_without_a_name_are_named_by_their_place() -> None:
    """A window of lines, counted from 1."""
    handle = handle_of("a.txt", "", "Some heading", "text", 11, ["a", "b"])
    assert handle.name == "L12-13"
    assert handle.lines == (11, 12)


def test_the_digest_is_of_the_code_alone() -> None:
    """Indentation does not matter, a changed word does."""
    assert digest_of(["  a", "    b"]) == digest_of(["a", "b"])
    assert digest_of(["a", "b"]) != digest_of(["a", "c"])


def test_one_that_is_written_by_hand() -> None:
    """The digest may be left out."""
    assert parse_handle("src/a.py#Box.open") == Handle("src/a.py", "Box.open")


@pytest.mark.parametrize("text", ["", "name", "#name", "path#", "a b"])
def test_anything_else_is_none(text: str) -> None:
    """A plain name, and halves of a handle."""
    assert parse_handle(text) is None


@given(st.text())
def test_no_text_is_too_odd(text: str) -> None:
    """Parsing gives a handle or None, and what it gives reads back."""
    handle = parse_handle(text)
    assert handle is None or parse_handle(str(handle)) == handle
