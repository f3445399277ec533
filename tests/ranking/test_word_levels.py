"""How much each word says of a symbol: the fast way gives what the formula says."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from codanna_core.text.impact import FIELDS, LEVELS, leveled, word_levels


def by_formula(fields: list[list[str]]) -> dict[str, str]:
    """BM25 over fields of usual lengths, in parts of one, as levels of a quarter more each."""
    sums: dict[str, float] = {}
    for (weight, usual), words in zip(FIELDS.values(), fields, strict=True):
        length = min(len(words), 255)
        for word, times in Counter(words).items():
            times = min(times, 15)
            gain = weight * 2.2 * times / (times + 1.2 * (0.25 + 0.75 * (length / usual)))
            sums[word] = sums.get(word, 0.0) + gain
    levels = {}
    for word, value in sums.items():
        value = (int(16 * value) + 0.5) / 16
        number = math.floor(math.log(max(value, 0.35) / 0.35, 1.25))
        levels[word] = LEVELS[min(number, len(LEVELS) - 1)]
    return levels


FIELD = st.lists(st.sampled_from(["open", "file", "read", "a", "über"]), max_size=12)


@settings(max_examples=200, deadline=None)
@given(fields=st.tuples(FIELD, FIELD, FIELD, FIELD, FIELD))
def test_levels_are_those_of_the_formula(fields: tuple[list[str], ...]) -> None:
    """For words of any fields, once or many times."""
    assert word_levels([" ".join(words) for words in fields]) == by_formula(list(fields))


@settings(max_examples=100, deadline=None)
@given(symbols=st.lists(st.tuples(FIELD, FIELD, FIELD, FIELD, FIELD), max_size=5))
def test_levels_do_not_depend_on_the_symbols_beside(symbols: list[tuple[list[str], ...]]) -> None:
    """The symbols of a file are looked at together, and each has the words that it has alone."""
    terms = ["über", "a", "read", "file", "open"]
    by_field = [[symbol[field] for symbol in symbols] for field in range(len(FIELDS))]
    numbers = [terms.index(word) for texts in by_field for text in texts for word in text]
    counts = np.array([[len(text) for text in texts] for texts in by_field], np.int64)
    said = leveled(np.array(numbers, np.int32), counts, terms)
    together = [{word[:-1]: word[-1] for word in one.split()} for one in said]
    assert together == [by_formula(list(symbol)) for symbol in symbols]


def test_very_long_bodies_have_levels() -> None:
    """Beyond the longest body that the tables know, and with one word more often than they count."""
    body = ["data"] * 300 + [f"word{number}" for number in range(200)]
    fields = [["load"], [], ["load", "path"], [], body]
    assert word_levels([" ".join(words) for words in fields]) == by_formula(fields)
