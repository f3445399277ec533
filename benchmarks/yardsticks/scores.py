"""When a hit counts, and what a page is worth."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import NamedTuple

import numpy as np

from codanna_core.results import Hit

PAGE = 10
ROUNDS = 2000
SAME_SHARE = 0.5
"""Share of the longer of two spans that both must have to be one definition: an attribute line more or less
is allowed, and a constructor is not the class of the same name around it.
"""

Values = Mapping[str, Mapping[str, float]]
"""A figure of each question of each code base."""


class Target(NamedTuple):
    """What answers a question. For files `name` is empty; lines count from 1, 0 stands for the whole file."""

    path: str
    name: str = ""
    first: int = 0
    last: int = 0


class Shown(NamedTuple):
    """A hit of a page; lines count from 1."""

    path: str
    name: str
    kind: str
    container: str
    first: int
    last: int

    @classmethod
    def of(cls, hit: Hit) -> Shown:
        """How a hit of the engine is judged."""
        return cls(
            hit.path, hit.name, hit.kind, hit.container, hit.span.start.line + 1, hit.span.end.line + 1
        )


def last_part(name: str) -> str:
    """A name without what qualifies it."""
    return name.replace("::", ".").rstrip(".").rpartition(".")[2] or name


def is_definition(shown: Shown, target: Target) -> bool:
    """The strict rule: a hit is the definition itself, by file, name and lines."""
    if shown.path != target.path or last_part(shown.name) != last_part(target.name):
        return False
    shared = min(shown.last, target.last) - max(shown.first, target.first) + 1
    longer = max(shown.last - shown.first, target.last - target.first) + 1
    return shared >= SAME_SHARE * longer


def is_file(shown: Shown, target: Target) -> bool:
    """The rule for files: one path ends in the other, and where the target has lines they overlap."""
    path, wanted = shown.path, target.path
    if path != wanted and not path.endswith("/" + wanted) and not wanted.endswith("/" + path):
        return False
    return not target.first or not (shown.last < target.first or shown.first > target.last)


def ndcg(page: Sequence[Shown], targets: Sequence[Target]) -> float:
    """NDCG of the first ten hits: each target counts at its first hit, two at one rank count once."""
    ranks = {
        next((rank for rank, shown in enumerate(page[:PAGE]) if is_file(shown, target)), None)
        for target in targets
    } - {None}
    ideal = sum(1 / math.log2(rank + 2) for rank in range(min(PAGE, len(targets))))
    return sum(1 / math.log2(rank + 2) for rank in ranks if rank is not None) / ideal


def first_files(page: Sequence[Shown]) -> list[Shown]:
    """The best hit of each file, in the order of the files."""
    best: dict[str, Shown] = {}
    for shown in page:
        best.setdefault(shown.path, shown)
    return list(best.values())


def symbol_values(page: Sequence[Shown], targets: Sequence[Target]) -> dict[str, float]:
    """What a page is worth to someone who looks for one of these definitions."""
    page = page[:PAGE]
    right = [any(is_definition(shown, target) for target in targets) for shown in page]
    rank = right.index(True) if True in right else None
    paths = {target.path for target in targets}
    in_file = [number for number, shown in enumerate(page) if shown.path in paths]
    values = {
        "first": float(rank == 0),
        "in ten": float(rank is not None),
        "mrr": 0.0 if rank is None else 1 / (rank + 1),
        "file on page": float(bool(in_file)),
    }
    if in_file:
        values["right for file"] = float(right[in_file[0]])
    return values


def instead(page: Sequence[Shown], targets: Sequence[Target]) -> str:
    """What a page shows first of the right file where it is not the right symbol; empty where it is."""
    paths = {target.path for target in targets}
    shown = next((shown for shown in page[:PAGE] if shown.path in paths), None)
    if shown is None:
        return "file absent"
    if any(is_definition(shown, target) for target in targets):
        return ""
    if shown.kind in ("text", "heading"):
        return "a window or heading"
    if shown.kind in ("field", "constant", "variable"):
        return f"a {shown.kind}"
    own = [target for target in targets if target.path == shown.path]
    if any(shown.first <= target.first and shown.last >= target.last for target in own):
        return "its container"
    if any(shown.first >= target.first and shown.last <= target.last for target in own):
        return "a part of it"
    return (
        "another type"
        if shown.kind in ("class", "struct", "enum", "trait", "interface", "type")
        else ("another function")
    )


def mean(values: Values) -> float:
    """Mean over code bases of the mean over their questions."""
    return fmean(fmean(of_one.values()) for of_one in values.values() if of_one)


def interval(now: Values, before: Values) -> tuple[float, float, float]:
    """Difference of two runs over the same questions, and 95 % of what it is for other code bases (for other
    questions where there is only one).
    """
    differences = {
        name: [of_one[question] - before[name][question] for question in of_one if question in before[name]]
        for name, of_one in now.items()
        if name in before
    }
    samples = [values for values in differences.values() if values]
    if not samples:
        return math.nan, math.nan, math.nan
    units = np.array(samples[0] if len(samples) == 1 else [fmean(values) for values in samples])
    chosen = np.random.default_rng(7).integers(0, len(units), (ROUNDS, len(units)))
    low, high = np.quantile(units[chosen].mean(axis=1), (0.025, 0.975))
    return float(units.mean()), float(low), float(high)
