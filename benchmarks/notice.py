"""How often an answer says that nothing matches well: `notice.py --corpora FOLDER --indexes FOLDER`.

Asked are the questions about each code base itself, those about the others, random letters, and questions
about another world. For each mode it prints the weights, and how many get the notice: by the engine as it is,
and left out, each language with weights fitted on all others.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from codanna_core.problems import Code
from codanna_core.ranking.confidence import Evidence, evidence_row
from codanna_core.ranking.query import understand
from codanna_core.results import Filters, Mode, SearchRequest
from codanna_core.search.candidates import find_candidates
from yardsticks.asked import Asked, of_questions
from yardsticks.run import opened

OWN, OTHER, LETTERS, WORLD = "own", "other code base", "random letters", "another world"
FALSE_ALARMS = {Mode.HYBRID: 0.03, Mode.SEMANTIC: 0.03, Mode.TEXT: 0.04}
"""Share of the questions about their own code base that the fit gives up: their pages are cut."""
OF_EACH = 8
STEPS = 30
WORLDLY = (
    "chocolate cake with strawberries",
    "how tall is the eiffel tower",
    "lyrics of a love song",
    "train from paris to berlin",
    "who won the world cup",
    "symptoms of the common cold",
    "best hiking trails in norway",
    "recipe for onion soup",
    "planting tomatoes in spring",
    "learn to play the violin",
)

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Case:
    """One question with what spoke for an answer, and whether it got the notice."""

    sort: str
    language: str
    row: tuple[float, ...]
    noticed: bool


def letters(random_source: random.Random, count: int) -> list[str]:
    """Questions of letters that are no words; every second one can be spoken."""
    made = []
    for number in range(count):
        words = []
        for _ in range(random_source.randint(1, 4)):
            if number % 2:
                word = "".join(
                    random_source.choices("abcdefghijklmnopqrstuvwxyz", k=random_source.randint(4, 10))
                )
            else:
                parts = random_source.randint(2, 4)
                word = "".join(
                    random_source.choice("bcdfghjklmnprstvwz") + random_source.choice("aeiou")
                    for _ in range(parts)
                )
            words.append(word)
        made.append(" ".join(words))
    return made


def cases(bases: Sequence[Asked], indexes: Path, mode: Mode) -> list[Case]:
    """Every question to every code base."""
    random_source = random.Random(3)
    nonsense = letters(random_source, 50)
    found = []
    for base in bases:
        others = [
            question
            for other in bases
            if other.name != base.name
            for question in random_source.sample(list(other.questions), OF_EACH)
        ]
        sorts: Mapping[str, Iterable[str]] = {
            OWN: base.questions,
            OTHER: others,
            LETTERS: nonsense,
            WORLD: WORLDLY,
        }
        with opened(base.root, indexes / base.place) as engine:
            view = engine._view(meaning=mode is not Mode.TEXT)
            for sort, questions in sorts.items():
                for question in questions:
                    candidates = find_candidates(view, understand(question, Filters()), mode, None)
                    evidence: Evidence = candidates.evidence(view)
                    answer = engine.search(SearchRequest(question, mode=mode, snippets=False))
                    noticed = any(problem.code is Code.NO_GOOD_MATCH for problem in answer.problems)
                    row = evidence_row(evidence, candidates.sought.mode, bundled=True)
                    found.append(Case(sort, base.language, row, noticed))
    return found


def fitted(kept: Sequence[Case], given_up: float) -> Floats:
    """Weights whose sum is below 1 for the share that is given up, by logistic regression."""
    own = np.array([case.row for case in kept if case.sort == OWN])
    other = np.array([case.row for case in kept if case.sort == OTHER])
    rows, right = np.concatenate((own, other)), np.r_[np.ones(len(own)), np.zeros(len(other))]
    middle, scale = rows.mean(0), rows.std(0)
    scaled = np.column_stack((np.ones(len(rows)), (rows - middle) / scale))
    counts = np.where(right > 0, 1.0, len(own) / len(other))
    weights = np.zeros(scaled.shape[1])
    for _ in range(STEPS):
        likely = 1 / (1 + np.exp(-scaled @ weights))
        curve = (scaled * (counts * likely * (1 - likely))[:, None]).T @ scaled + np.eye(len(weights))
        weights += np.linalg.solve(curve, scaled.T @ (counts * (right - likely)) - weights)
    natural: Floats = weights[1:] / scale
    bound = float(np.quantile(own @ natural, given_up))
    return natural / bound


def left_out(found: Sequence[Case], given_up: float) -> dict[str, list[bool]]:
    """Who would get the notice by weights that were fitted on all other languages."""
    noticed: dict[str, list[bool]] = {}
    for language in sorted({case.language for case in found}):
        weights = fitted([case for case in found if case.language != language], given_up)
        for case in found:
            if case.language == language:
                noticed.setdefault(case.sort, []).append(float(np.dot(weights, case.row)) < 1.0)
    return noticed


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpora", type=Path, required=True, help="folder with the checkouts")
    parser.add_argument("--indexes", type=Path, required=True, help="folder where the indexes are kept")
    options = parser.parse_args()
    bases = list(of_questions(options.corpora, held_out=False))
    for mode in Mode:
        found = cases(bases, options.indexes, mode)
        print(f"{mode.value}: weights {fitted(found, FALSE_ALARMS[mode]).round(3).tolist()}")
        by_others = left_out(found, FALSE_ALARMS[mode])
        for sort in (OWN, OTHER, LETTERS, WORLD):
            now = [case.noticed for case in found if case.sort == sort]
            print(
                f"  {sort:16} {len(now):4}  now {np.mean(now):.3f}  left out {np.mean(by_others[sort]):.3f}"
            )


if __name__ == "__main__":
    main()
