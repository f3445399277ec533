"""Fits the weights of the ranking: `fit_ranking.py --queries FOLDER --corpora FOLDER --cosqa FOLDER --indexes
FOLDER`.

Symbols and files are fitted together. The signals come from the engine itself. Weights maximise the
likelihood of what was labelled among the candidates: a softmax over the symbols of a question where symbols
are labelled, over the files by their best symbols where files are. Every code base counts the same within
its yardstick. What is reported is left out: each language with weights fitted on all others.
With `--write` the table that the engine reads is replaced; `--left-out FOLDER` writes a table for each
language, fitted on all others, with which `retrieval.py --left-out FOLDER` measures the whole page.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from codanna_core.ranking import weights as shipped
from codanna_core.ranking.query import understand
from codanna_core.ranking.signals import (
    MEANING_SIGNALS,
    SIGNALS,
    SYMBOL_SIGNALS,
    TEXT_SIGNALS,
    symbol_signals,
)
from codanna_core.results import Filters, Mode
from codanna_core.search.candidates import find_candidates
from yardsticks.asked import SYMBOLS, Asked, of_changes, of_comments, of_cosqa, of_files, of_questions
from yardsticks.run import opened
from yardsticks.scores import PAGE, Shown, first_files, is_definition, is_file, mean, ndcg, symbol_values

SHARES = {
    "questions": 1.5,
    "comments": 1.9,
    "cosqa": 0.6,
    "files sub-folder": 2.5,
    "files whole": 2.5,
    "changes": 2.2,
}
"""How much each yardstick counts in the fit."""
KEPT, RANDOM = 200, 100
"""Candidates of a question that are fitted: the best of today's order, and some of the rest."""
STEPS, FURTHER_STEPS = 10, 5
PENALTY = 0.003
_LONGEST_STEP = 1.5
UNUSED = {
    Mode.HYBRID: frozenset({"own text"}),  # Beside `own text and meaning` it adds nothing.
    Mode.TEXT: MEANING_SIGNALS,
    Mode.SEMANTIC: TEXT_SIGNALS,
}
NAMES = (*SIGNALS, *SYMBOL_SIGNALS)

Floats = NDArray[np.float64]


@dataclass
class Labelled:
    """One question with its candidate symbols."""

    asked: Asked
    question: str
    places: list[Shown]
    signals: NDArray[np.float32]
    """A row each: those of its file, then its own."""
    file: NDArray[np.int64]
    right: NDArray[np.bool_]


def everything(options: argparse.Namespace) -> Iterable[Asked]:
    copies = options.indexes / "copies"
    yield from of_questions(options.corpora, held_out=False)
    yield from of_comments(options.corpora, copies, held_out=False)
    yield from of_cosqa(options.cosqa, copies)
    yield from of_files(options.queries, options.corpora)
    yield from of_changes(options.queries, options.corpora)


def collect(options: argparse.Namespace, mode: Mode) -> list[Labelled]:
    """Signals of every question, from the engine's own candidates."""
    weights = shipped.WEIGHTS.signals[mode.value]
    collected = []
    for asked in everything(options):
        rule = is_definition if asked.yardstick in SYMBOLS else is_file
        with opened(asked.root, options.indexes / asked.place) as engine:
            for query, targets in asked.questions.items():
                question = understand(query, Filters())
                view = engine._view(meaning=mode is not Mode.TEXT)
                found = find_candidates(view, question, mode, None)
                of_files = found.file_signals(view, question)
                found = found.looked_closer(view, of_files @ weights, PAGE)
                symbols = found.symbols
                stored = view.symbols(found.rows)
                places = [
                    Shown(one.path, one.name, one.kind, one.container, one.start_line + 1, one.end_line + 1)
                    for one in stored
                ]
                own = symbol_signals(symbols, found.terms)
                signals = np.hstack((of_files[symbols.file], own)).astype(np.float32)
                right = np.array([any(rule(one, target) for target in targets) for one in places], np.bool_)
                collected.append(Labelled(asked, query, places, signals, symbols.file, right))
    return collected


class Fit:
    """The candidates of all questions as one matrix."""

    def __init__(self, questions: Sequence[Labelled], used: NDArray[np.bool_]) -> None:
        self._used = used
        rng = np.random.default_rng(7)
        chosen = [_chosen(one, rng) for one in questions]
        sizes = [len(rows) for rows in chosen]
        self._signals = np.concatenate(
            [one.signals[rows] for one, rows in zip(questions, chosen, strict=True)]
        )[:, used]
        self._right = np.concatenate([one.right[rows] for one, rows in zip(questions, chosen, strict=True)])
        self._question = np.repeat(np.arange(len(questions)), sizes)
        files = np.concatenate([one.file[rows] for one, rows in zip(questions, chosen, strict=True)])
        _, self._file = np.unique(self._question << 32 | files, return_inverse=True)
        self._of_symbols = np.array([one.asked.yardstick in SYMBOLS for one in questions])
        self._answered = np.array([bool(one.right.any()) for one in questions])
        self._groups = [(one.asked.yardstick, one.asked.name) for one in questions]
        self.languages = np.array([one.asked.language for one in questions])

    def weights(self, kept: NDArray[np.bool_], begin: Floats | None = None) -> Floats:
        """What makes the labelled ones of the kept questions most likely, by Newton's method."""
        shares = self._shares(kept & self._answered)
        rows = np.flatnonzero(shares[self._question] > 0)
        signals, right, file = self._signals[rows], self._right[rows], self._file[rows]
        scale = signals.std(0) + 1e-3
        signals = signals / scale
        share = shares[self._question[rows]]
        of_symbols = self._of_symbols[self._question[rows]]
        begins = np.r_[True, np.diff(self._question[rows]) != 0]
        start, question = np.flatnonzero(begins), np.cumsum(begins) - 1
        weights = np.zeros(signals.shape[1]) if begin is None else begin[self._used] * scale
        for _ in range(STEPS if begin is None else FURTHER_STEPS):
            scores = (signals @ weights.astype(np.float32)).astype(np.float64)
            counts = of_symbols | _best_of_files(scores, file, right)
            counted = np.where(counts, scores, -1e9)
            likely = np.exp(counted - np.maximum.reduceat(counted, start)[question])
            likely /= np.add.reduceat(likely, start)[question]
            wanted = np.where(right & counts, np.where(of_symbols, likely, 1.0), 0.0)
            wanted /= np.maximum(np.add.reduceat(wanted, start)[question], 1e-12)
            slope = signals.T @ (share * (likely - wanted)).astype(np.float32) + PENALTY * weights
            spread = signals * np.sqrt(likely * share)[:, None].astype(np.float32)
            means = np.add.reduceat(signals * likely[:, None].astype(np.float32), start)
            means *= np.sqrt(share[start])[:, None].astype(np.float32)
            curve = (spread.T @ spread - means.T @ means).astype(np.float64) + PENALTY * np.eye(len(weights))
            step = np.linalg.solve(curve, slope)
            weights = weights - step / max(1.0, np.abs(step).max() / _LONGEST_STEP)
        whole: Floats = np.zeros(len(self._used))
        whole[self._used] = weights / scale
        return whole

    def _shares(self, kept: NDArray[np.bool_]) -> Floats:
        """How much each question counts."""
        sizes: dict[tuple[str, str], int] = {}
        for number in np.flatnonzero(kept).tolist():
            sizes[self._groups[number]] = sizes.get(self._groups[number], 0) + 1
        bases = {yardstick: sum(key[0] == yardstick for key in sizes) for yardstick in SHARES}
        shares = np.zeros(len(kept))
        for number in np.flatnonzero(kept).tolist():
            group = self._groups[number]
            shares[number] = SHARES[group[0]] / bases[group[0]] / sizes[group]
        return shares / shares.sum()


def _chosen(one: Labelled, rng: np.random.Generator) -> NDArray[np.int64]:
    order = np.argsort(-(one.signals @ _prior()), kind="stable")
    rest = order[KEPT:]
    some = rng.choice(rest, min(RANDOM, len(rest)), replace=False)
    rows: NDArray[np.int64] = np.unique(np.concatenate((order[:KEPT], some, np.flatnonzero(one.right))))
    return rows


def _prior() -> NDArray[np.float32]:
    """An order good enough to choose what is fitted."""
    table = {
        **dict(zip(SIGNALS, shipped.WEIGHTS.signals["hybrid"].tolist(), strict=True)),
        "own text and meaning": 3.0,
        "own meaning": 9.0,
        "window": -2.0,
        "field": -2.0,
    }
    return np.array([table.get(name, 0.0) for name in NAMES], np.float32)


def _best_of_files(scores: Floats, file: NDArray[np.int64], right: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The symbol by which each file counts: the best that is right, or else the best."""
    order = np.lexsort((-scores, ~right, file))
    first = np.r_[True, np.diff(file[order]) != 0]
    best = np.zeros(len(scores), np.bool_)
    best[order[first]] = True
    return best


def left_out(fit: Fit) -> tuple[Floats, dict[str, Floats]]:
    """Weights of all languages, and for each language those fitted on all others."""
    whole = fit.weights(np.ones(len(fit.languages), np.bool_))
    languages = sorted(set(fit.languages.tolist()))
    return whole, {one: fit.weights(fit.languages != one, whole) for one in languages}


def figures(questions: Sequence[Labelled], weights: dict[str, Floats], again: float) -> str:
    """The figures of every yardstick, each question ranked with the weights of its language."""
    values: dict[str, dict[str, dict[str, dict[str, float]]]] = {}
    for one in questions:
        page = ranked(one, weights[one.asked.language], again)
        targets = one.asked.questions[one.question]
        if one.asked.yardstick in SYMBOLS:
            found = symbol_values(page, targets)
        else:
            found = {"files": ndcg(first_files(page), targets), "page": ndcg(page, targets)}
        for name, value in found.items():
            of_name = values.setdefault(one.asked.yardstick, {}).setdefault(name, {})
            of_name.setdefault(one.asked.name, {})[one.question] = value
    return "\n".join(
        f"  {yardstick:17}" + "  ".join(f"{name} {mean(of_name):.3f}" for name, of_name in named.items())
        for yardstick, named in values.items()
    )


def ranked(one: Labelled, weights: Floats, again: float) -> list[Shown]:
    """The candidates in the order of the page."""
    scores = one.signals.astype(np.float64) @ weights
    order = np.lexsort((-scores, one.file))
    file = one.file[order]
    first = np.maximum.accumulate(np.where(np.r_[True, file[1:] != file[:-1]], np.arange(len(file)), 0))
    moved = scores[order] - again * (np.arange(len(file)) - first)
    return [one.places[row] for row in order[np.argsort(-moved, kind="stable")].tolist()]


def named(weights: Floats) -> dict[str, float]:
    """A table as the engine reads it."""
    return {name: round(float(weight), 3) for name, weight in zip(NAMES, weights, strict=True) if weight}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--queries", type=Path, required=True, help="folder with dev/ and score.py")
    parser.add_argument("--corpora", type=Path, required=True, help="folder with the checkouts")
    parser.add_argument("--cosqa", type=Path, required=True, help="folder with CoSQA's development split")
    parser.add_argument("--indexes", type=Path, required=True, help="folder where the indexes are kept")
    parser.add_argument("--again", type=float, nargs="*", default=[shipped.WEIGHTS.again])
    parser.add_argument("--drop", action="store_true", help="also report the loss without each signal")
    parser.add_argument("--left-out", type=Path, metavar="FOLDER", help="write a table for each language")
    parser.add_argument("--write", action="store_true", help="replace the table that the engine reads")
    options = parser.parse_args()
    table: dict[str, dict[str, float]] = {}
    without: dict[str, dict[str, dict[str, float]]] = {}
    for mode in Mode:
        questions = collect(options, mode)
        unused = UNUSED[mode]
        used = np.array([name not in unused for name in NAMES])
        whole, others = left_out(Fit(questions, used))
        for again in options.again:
            print(f"{mode.value}, left out, {again} again\n{figures(questions, others, again)}", flush=True)
        if options.drop:
            for number in np.flatnonzero(used).tolist():
                less = used.copy()
                less[number] = False
                _, dropped = left_out(Fit(questions, less))
                print(f"without {NAMES[number]}\n{figures(questions, dropped, options.again[0])}", flush=True)
        table[mode.value] = named(whole)
        for language, of_others in others.items():
            without.setdefault(language, {})[mode.value] = named(of_others)
    if options.left_out:
        options.left_out.mkdir(parents=True, exist_ok=True)
        for language, tables in without.items():
            (options.left_out / f"{language}.json").write_text(json.dumps(tables, indent=1) + "\n")
    if options.write:
        target = Path(shipped.__file__).with_name("fitted.json")
        target.write_text(json.dumps(table, indent=1) + "\n")


if __name__ == "__main__":
    main()
