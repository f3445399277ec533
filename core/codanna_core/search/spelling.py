"""Words of a question that are spelled wrong: unknown to the index, and one slip away from a known one."""

from __future__ import annotations

from collections.abc import Iterator
from string import ascii_lowercase

from codanna_core.search.view import SearchView
from codanna_core.words import STOP_WORDS, find_words, parts_of

# Short words are one slip away from too many others, and a rare word is no better than what was typed.
_LEAST_LETTERS = 5
_LEAST_FILES = 3


def corrections(view: SearchView, text: str) -> dict[str, str]:
    """For each word that occurs nowhere in the workspace the most frequent one that differs by one letter or
    two swapped ones.

    The first letter counts as right: people seldom miss it, and it tells `mounted` from `counted`.
    """
    found: dict[str, str] = {}
    for word in find_words(text):
        plain = word.lower()
        if len(word) < _LEAST_LETTERS or not (word.isascii() and word.isalpha()) or plain in STOP_WORDS:
            continue
        if len(parts_of(word)) > 1 or any(_files_with(view, plain)):
            continue
        if view.knows(plain):
            continue
        count, near = max((max(_files_with(view, one), default=0), one) for one in _one_slip_away(plain))
        if count >= _LEAST_FILES:
            found[word] = near
    return found


def _files_with(view: SearchView, word: str) -> Iterator[int]:
    """How many files have the word, in whatever form, in their symbols, and how many in their path."""
    for stem in view.kept.terms(word):
        for field in ("file_words", "file_path"):
            yield view.frequency(field, stem)


def _one_slip_away(word: str) -> Iterator[str]:
    for at in range(1, len(word)):
        head, letter, rest = word[:at], word[at], word[at + 1 :]
        yield head + rest
        if rest:
            yield head + rest[0] + letter + rest[1:]
        for other in ascii_lowercase:
            yield head + other + letter + rest
            if other != letter:
                yield head + other + rest
    yield from (word + other for other in ascii_lowercase)
