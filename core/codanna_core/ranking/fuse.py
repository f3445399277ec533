"""Reciprocal rank fusion: agreement of several rankings, without comparing their scores."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import TypeVar

Item = TypeVar("Item", bound=Hashable)


def reciprocal_ranks(rankings: Mapping[str, Sequence[Item]], k: int) -> dict[Item, dict[str, float]]:
    """For each item the part that each named ranking gives it; the item's score is their sum."""
    parts: dict[Item, dict[str, float]] = {}
    for name, ranking in rankings.items():
        for rank, item in enumerate(ranking):
            given = parts.setdefault(item, {})
            given.setdefault(name, 1.0 / (k + rank + 1))
    return parts
