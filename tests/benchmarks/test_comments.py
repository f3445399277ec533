"""Copies without comments, from which the doc-comment questions are asked."""

from __future__ import annotations

from pathlib import Path

import pytest

from yardsticks.comments import blanked_copy, first_sentence, without_comments
from yardsticks.scores import Target

PYTHON = b'''\
"""Module."""


def close(pool):
    """Give every connection back to the pool. Twice is fine."""
    return pool.close()  # now


def only():
    """Says nothing but this one sentence."""
'''
ELIXIR = b'''\
defmodule Pool do
  @doc """
  Gives every connection back.
  """
  def close(pool), do: pool
end
'''


@pytest.mark.parametrize(
    ("path", "source", "gone", "kept"),
    [
        ("a.py", PYTHON, [b"Module", b"Give", b"now", b"sentence"], [b"def close(pool):", b"pool.close()"]),
        ("a.ex", ELIXIR, [b"Gives", b"@doc"], [b"def close(pool), do: pool"]),
        ("a.rs", b"/// Closes it.\nfn close() {} // now\n", [b"Closes", b"now"], [b"fn close() {}"]),
        ("a.c", b'/* Closes it. */\nchar *a = "// kept";\n', [b"Closes"], [b'"// kept"']),
        ("a.js", b'"use strict";\n/** Closes it. */\nfunction a() {}\n', [b"Closes"], [b'"use strict"']),
        ("notes.txt", b"# no source\n", [], [b"# no source"]),
    ],
)
def test_comments_go_and_lines_stay(path: str, source: bytes, gone: list[bytes], kept: list[bytes]) -> None:
    """Every comment is blanked, all else keeps its place."""
    blanked = without_comments(source, path)
    assert len(blanked) == len(source)
    assert [len(line) for line in blanked.split(b"\n")] == [len(line) for line in source.split(b"\n")]
    assert not [word for word in gone if word in blanked]
    assert [source.index(word) for word in kept] == [blanked.index(word) for word in kept]


def test_first_sentences_ask_for_their_definitions(tmp_path: Path) -> None:
    """The copy has none of them, and a sentence that two definitions share asks for neither."""
    root = tmp_path / "root"
    root.mkdir()
    (root / "a.py").write_bytes(PYTHON)
    (root / "b.py").write_bytes(b'def other():\n    """Says nothing but this one sentence."""\n')
    asked = blanked_copy(root, tmp_path / "copy")
    assert asked == {"Give every connection back to the pool.": Target("a.py", "close", 4, 6)}
    assert b"connection" not in (tmp_path / "copy" / "a.py").read_bytes()


@pytest.mark.parametrize(
    ("doc", "sentence"),
    [
        ("Closes the pool at once. And more.", "Closes the pool at once."),
        ("Closes the\npool at once\n\nAnd more.", "Closes the pool at once"),
        ("Closes the pool at once\n@param pool what is closed", "Closes the pool at once"),
        ("@param pool what is closed by this", ""),
        ("Closes it.", ""),
    ],
)
def test_what_a_comment_says_first(doc: str, sentence: str) -> None:
    """Tags and single words are no questions."""
    assert first_sentence(doc) == sentence
