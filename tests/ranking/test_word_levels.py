"""How much each word says of a symbol: the fast way gives what the formula says."""

from __future__ import annotations

import math
from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from codanna_core.text.impact import FIELDS, LEVELS, word_levels


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


def test_very_long_bodies_have_levels() -> None:
    """Beyond the longest body that the tables know, and with one word more often than they count."""
    body = ["data"] * 300 + [f"word{number}" for number in range(200)]
    fields = [["load"], [], ["load", "path"], [], body]
    assert word_levels([" ".join(words) for words in fields]) == by_formula(fields)
