"""Edges of small projects beside what compilers and type checkers say of them."""

from __future__ import annotations

from pathlib import Path

import pytest

import relations
from codanna_core.relations.resolve import Tier
from codanna_core.testing.relations import MemoryProvider

SAMPLES = Path(__file__).parents[1] / "relations" / "samples"
LANGUAGES = ("c", "cpp", "go", "java", "javascript", "python", "rust", "typescript")
LEAST = {"cpp": (0.88, 0.8)}
"""Precision and recall of calls, where less is known of a language."""


@pytest.mark.parametrize("language", LANGUAGES)
def test_calls_are_those_that_a_compiler_sees(language: str) -> None:
    """Edges that are certain or likely are right, and few calls are missed."""
    provider = MemoryProvider.of_folder(SAMPLES / language)
    uses = relations.read_truth(SAMPLES / f"{language}.tsv", provider)
    tally = relations.compare(provider, uses).tallies[language, "call"]
    shown = {Tier.CERTAIN, Tier.LIKELY}
    given, right = (sum(counts[tier] for tier in shown) for counts in (tally.given, tally.right))
    precision, recall = LEAST.get(language, (1.0, 0.94))
    assert tally.known >= 10
    assert right / given >= precision, tally.bad
    assert right / tally.known >= recall, tally.missed


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_truth_is_of_these_texts(language: str) -> None:
    """A sample that is edited needs its table made again: benchmarks/truth/README.md says how."""
    provider = MemoryProvider.of_folder(SAMPLES / language)
    rows = [line.split("\t") for line in (SAMPLES / f"{language}.tsv").read_text("utf-8").splitlines()]
    standing = [relations.stands_there(provider, row[0], int(row[1]), int(row[2]), row[4]) for row in rows]
    assert sum(standing) >= 0.85 * len(rows)  # The others are inside of macros that are expanded there.
    for _, _, _, _, name, target, line in rows:
        if target != "-":
            there = provider.texts[target].decode().splitlines()
            assert int(line) < len(there), name
