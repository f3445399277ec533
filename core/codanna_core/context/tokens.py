"""How many tokens a text takes at most, for a reader whose tokenizer is not known.

Tokenizers learn from text that people wrote: a consonant behind a vowel costs them next to nothing, a rare
letter or a mark a whole token. So the cost of an ASCII character depends on its class and on that of the one
before it, and any other byte counts as one token. The table was fitted so that no piece of source code, and
no random text of any class, takes more tokens with the tokenizers that `make tokens` compares; on source code
it is about 1.4 times what they need.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

_VOWELS, _CONSONANTS, _RARE = b"aeiouy", b"bcdfghlmnprst", b"jkqvwxz"
_UPPER, _DIGITS, _SPACE, _BREAKS, _UNDERSCORE = (
    b"ABCDEFGHIJKLMNOPQRSTUVWXYZ",
    b"0123456789",
    b" ",
    b"\n\r\t",
    b"_",
)
_MARKS, _OTHER = 8, 9
_LINE_FEED = 10

_COSTS = np.array(
    [
        # vowel, consonant, rare, upper, digit, space, break, _, mark, other byte
        [40, 2, 36, 112, 52, 112, 36, 112, 110, 100],  # after a vowel
        [2, 42, 112, 54, 112, 36, 112, 62, 56, 100],  # after a consonant
        [112, 112, 112, 112, 112, 36, 112, 80, 112, 100],  # after a rare letter
        [2, 74, 112, 86, 112, 36, 112, 36, 112, 100],  # after a capital
        [56, 112, 112, 112, 46, 36, 56, 36, 112, 100],  # after a digit
        [40, 14, 36, 62, 102, 2, 54, 36, 70, 100],  # after a space
        [112, 112, 112, 112, 112, 88, 16, 112, 112, 100],  # at the start of a line
        [60, 108, 92, 36, 36, 112, 36, 36, 112, 100],  # after an underscore
        [36, 112, 112, 94, 72, 70, 112, 112, 70, 100],  # after a mark
        [36, 112, 112, 94, 72, 70, 112, 112, 70, 100],  # after any other byte
    ],
    np.int64,
)
"""Hundredths of a token."""

WHOLE = 100
"""Hundredths in a token."""


def _classes() -> np.ndarray[tuple[int], np.dtype[np.intp]]:
    classes = np.full(256, _MARKS, np.intp)
    classes[128:] = _OTHER
    for number, members in enumerate(
        (_VOWELS, _CONSONANTS, _RARE, _UPPER, _DIGITS, _SPACE, _BREAKS, _UNDERSCORE)
    ):
        classes[list(members)] = number
    return classes


_CLASS_OF = _classes()


def cost(text: str) -> int:
    """Hundredths of a token that a piece of text adds where it begins a line. The costs of lines, each with
    its line break, add up to that of the text.
    """
    return int(_costs_of("\n" + text).sum())


def line_costs(lines: Sequence[str]) -> list[int]:
    """The cost of each line with its line break."""
    if not lines:
        return []
    text = "\n" + "\n".join(lines) + "\n"
    data = text.encode("utf-8", "replace")
    ends = np.flatnonzero(np.frombuffer(data, np.uint8) == _LINE_FEED)
    # Between two line breaks stand the steps from the first of them to the second.
    found: list[int] = np.add.reduceat(_costs_of(text), ends[:-1]).tolist()
    return found


def _costs_of(text: str) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """What each character costs behind the one before it; the first one costs nothing."""
    classes = _CLASS_OF[np.frombuffer(text.encode("utf-8", "replace"), np.uint8)]
    costs: np.ndarray[tuple[int], np.dtype[np.int64]] = _COSTS.ravel()[
        classes[:-1] * len(_COSTS) + classes[1:]
    ]
    return costs


def most_tokens(text: str) -> int:
    """How many tokens a text takes at most."""
    return -(-cost(text) // WHOLE) + 1
