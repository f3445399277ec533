"""When a hit counts, what a page is worth, and what a difference between two runs means."""

from __future__ import annotations

import math

import pytest

from yardsticks.scores import (
    Shown,
    Target,
    first_files,
    instead,
    interval,
    is_definition,
    mean,
    ndcg,
    symbol_values,
)

WANTED = Target("pool.py", "close", 10, 19)


def shown(
    name: str = "close", first: int = 10, last: int = 19, path: str = "pool.py", kind: str = "method"
) -> Shown:
    return Shown(path, name, kind, "Pool", first, last)


@pytest.mark.parametrize(
    ("hit", "counts"),
    [
        (shown(), True),
        (shown(first=9), True),  # With a decorator above it.
        (shown("Pool.close"), True),
        (shown("Pool::close"), True),
        (shown("open"), False),
        (shown(path="other/pool.py"), False),
        (shown("close", 1, 60, kind="class"), False),  # A class of the same name around it.
        (shown("Pool", 1, 60, kind="class"), False),
        (shown("", 1, 40, kind="text"), False),
        (shown(first=40, last=49), False),
    ],
)
def test_only_the_definition_itself_counts(hit: Shown, counts: bool) -> None:
    """Neither its container, its namesake, a window over it nor its file is the definition."""
    assert is_definition(hit, WANTED) is counts


def test_a_page_of_symbols() -> None:
    """The first right hit decides; the file counts on its own, and so does what was shown first of it."""
    page = [shown("read", path="file.py"), shown("Pool", 1, 60, kind="class"), shown()]
    assert symbol_values(page, [WANTED]) == {
        "first": 0.0,
        "in ten": 1.0,
        "mrr": 1 / 3,
        "file on page": 1.0,
        "right for file": 0.0,
    }
    assert symbol_values(page[1:][::-1], [WANTED])["right for file"] == 1.0


def test_nothing_behind_the_tenth_hit_counts() -> None:
    """A page is ten hits."""
    page = [shown("read", path=f"{number}.py") for number in range(10)] + [shown()]
    assert symbol_values(page, [WANTED]) == {"first": 0.0, "in ten": 0.0, "mrr": 0.0, "file on page": 0.0}


@pytest.mark.parametrize(
    ("hit", "what"),
    [
        (shown(), ""),
        (shown(path="file.py"), "file absent"),
        (shown("Pool", 1, 60, kind="class"), "its container"),
        (shown("limit", 3, 3, kind="field"), "a field"),
        (shown("", 1, 40, kind="text"), "a window or heading"),
        (shown("open", 30, 39), "another function"),
        (shown("Limits", 70, 79, kind="class"), "another type"),
        (shown("inner", 12, 14, kind="function"), "a part of it"),
    ],
)
def test_what_stands_in_the_place_of_a_missed_symbol(hit: Shown, what: str) -> None:
    """The first hit of the right file says what took the place."""
    assert instead([hit], [WANTED]) == what


def test_ndcg_counts_each_target_at_its_first_hit() -> None:
    """Paths match by their ends; targets with lines need overlapping lines."""
    page = [shown(path="src/a.py"), shown(path="src/a.py"), shown(path="src/b.py", first=50, last=60)]
    assert ndcg(page, [Target("a.py")]) == 1.0
    ideal = 1 + 1 / math.log2(3)
    assert ndcg(page, [Target("a.py"), Target("src/b.py", "", 55, 58)]) == pytest.approx(1.5 / ideal)
    assert ndcg(page, [Target("src/b.py", "", 1, 9)]) == 0.0


def test_files_stand_where_their_best_hit_stands() -> None:
    """Further hits of a file are no further files."""
    page = [shown(path="a"), shown(path="b"), shown("open", path="a"), shown(path="c")]
    assert [hit.path for hit in first_files(page)] == ["a", "b", "c"]


def test_every_code_base_weighs_the_same() -> None:
    """A code base with many questions does not outweigh one with few."""
    assert mean({"many": {"1": 1.0, "2": 1.0, "3": 1.0}, "few": {"1": 0.0}}) == 0.5


def test_intervals_are_paired_over_code_bases() -> None:
    """The same gain everywhere is certain, however different the code bases; opposite ones are not."""
    before = {str(number): {"q": number / 10} for number in range(8)}
    after = {name: {"q": values["q"] + 0.1} for name, values in before.items()}
    assert interval(after, before) == pytest.approx((0.1, 0.1, 0.1))
    mixed = {name: {"q": values["q"] + (0.1 if int(name) % 2 else -0.1)} for name, values in before.items()}
    difference, low, high = interval(mixed, before)
    assert difference == pytest.approx(0)
    assert low < -0.03 < 0.03 < high


def test_only_what_both_runs_asked_is_compared() -> None:
    """A question that one run lacks says nothing about the other."""
    assert interval({"a": {"q": 1.0, "new": 0.0}}, {"a": {"q": 0.5}}) == pytest.approx((0.5, 0.5, 0.5))
    assert math.isnan(interval({"a": {"q": 1.0}}, {"b": {"q": 1.0}})[0])
