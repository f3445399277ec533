"""Fits the weights of the ranking: `fit_ranking.py --queries FOLDER --corpora FOLDER --indexes FOLDER`.

The signals come from the engine itself. Weights maximise the likelihood of the labelled files among the
candidates (a softmax over the files of a query), every repository and setting counting the same. What is
reported is NDCG@10, fitted and left out: each language's repositories with weights fitted on all others.
With `--write` the table that the engine reads is replaced; `--left-out FOLDER` writes a table for each
language, fitted on all others, with which `retrieval.py --left-out FOLDER` measures the whole page.
"""

from __future__ import annotations

import argparse
import json
import math
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

import numpy as np
from numpy.typing import NDArray

from codanna_core.ranking import weights as shipped
from codanna_core.ranking.query import understand
from codanna_core.ranking.signals import MEANING_SIGNALS, SIGNALS, TEXT_SIGNALS, own_scores
from codanna_core.results import Filters, Mode
from codanna_core.search.candidates import find_candidates
from yardsticks.asked import FILES, of_files
from yardsticks.run import opened
from yardsticks.scores import Shown, is_file

KEPT = 100
STEPS = 200
PENALTY = 0.02

Floats = NDArray[np.float64]


@dataclass
class Labelled:
    """One query of one repository in one setting with the signals of its candidate files."""

    repository: str
    language: str
    setting: str
    query: str
    signals: Floats
    target: NDArray[np.int64]
    """For each file the number of the target that it hits, -1 for none."""
    targets: int


def collect(options: argparse.Namespace, mode: Mode) -> list[Labelled]:
    """Signals of every query, from the engine's own candidates."""
    weights = shipped.WEIGHTS.signals[mode.value]
    collected = []
    for asked in of_files(options.queries, options.corpora):
        with opened(asked.root, options.indexes / asked.place) as engine:
            for query, targets in asked.questions.items():
                question = understand(query, Filters())
                view = engine._view(meaning=mode is not Mode.TEXT)
                found = find_candidates(view, question, mode, None)
                signals = found.file_signals(view, question)
                best = np.argsort(-(signals @ weights), kind="stable")[:KEPT]
                found = found.with_one_of_each(view, best.tolist())
                symbols = found.symbols
                own = own_scores(symbols)
                hit = np.full(len(found.paths), -1)
                for number in np.argsort(own, kind="stable").tolist():
                    # The best symbol of a file comes last and decides which target the file hits.
                    symbol = found.symbol(view, number) if any(target.first for target in targets) else None
                    file = int(symbols.file[number])
                    lines = (symbol.start_line + 1, symbol.end_line + 1) if symbol else (0, 0)
                    place = Shown(found.paths[file], "", "", "", *lines)
                    hit[file] = next((k for k, one in enumerate(targets) if is_file(place, one)), -1)
                collected.append(
                    Labelled(
                        asked.name,
                        asked.language,
                        asked.yardstick,
                        query,
                        signals[best],
                        hit[best],
                        len(targets),
                    )
                )
    return collected


def fitted(queries: list[Labelled], used: NDArray[np.bool_], penalty: float = PENALTY) -> Floats:
    """Weights that make the labelled files most likely; signals not `used` get none."""
    queries = [one for one in queries if (one.target >= 0).any()]
    groups: dict[tuple[str, str], int] = {}
    for one in queries:
        groups[one.repository, one.setting] = groups.get((one.repository, one.setting), 0) + 1
    signals = np.concatenate([one.signals for one in queries]).astype(np.float32)
    sizes = np.array([len(one.target) for one in queries])
    query = np.repeat(np.arange(len(queries)), sizes)
    start = np.r_[0, np.cumsum(sizes)[:-1]]
    share = np.array([1 / groups[one.repository, one.setting] / len(groups) for one in queries])[query]
    wanted = np.concatenate([(one.target >= 0) / (one.target >= 0).sum() for one in queries])
    scale = signals.std(0) + 1e-6
    signals = signals / scale
    weights = np.zeros(signals.shape[1])
    mean, square = np.zeros_like(weights), np.zeros_like(weights)
    for step in range(1, STEPS + 1):
        scores = (signals @ weights.astype(np.float32)).astype(np.float64)
        likely = np.exp(scores - np.maximum.reduceat(scores, start)[query])
        likely /= np.add.reduceat(likely, start)[query]
        slope = signals.T @ (share * (likely - wanted)).astype(np.float32) + penalty * weights
        mean = 0.9 * mean + 0.1 * slope
        square = 0.99 * square + 0.01 * slope * slope
        rate = 0.05 if step < 0.7 * STEPS else 0.01
        weights -= rate * (mean / (1 - 0.9**step)) / (np.sqrt(square / (1 - 0.99**step)) + 1e-8)
        weights[~used] = 0.0
    return weights / scale


def ndcg(one: Labelled, weights: Floats) -> float:
    """NDCG@10 of a query when files are shown in the order of their scores."""
    seen: set[int] = set()
    gain = 0.0
    for rank, file in enumerate(np.argsort(-(one.signals @ weights), kind="stable")[:10]):
        target = int(one.target[file])
        if target >= 0 and target not in seen:
            seen.add(target)
            gain += 1 / math.log2(rank + 2)
    return gain / sum(1 / math.log2(rank + 2) for rank in range(min(10, one.targets)))


def by_setting(scores: list[tuple[Labelled, float]]) -> dict[str, float]:
    """Mean over repositories of the mean over their queries, for each setting."""
    means = {}
    for setting in FILES:
        of_repository: dict[str, list[float]] = {}
        for one, value in scores:
            if one.setting == setting:
                of_repository.setdefault(one.repository, []).append(value)
        means[setting] = round(fmean(fmean(values) for values in of_repository.values()), 4)
    return means


def without_each(queries: list[Labelled], used: NDArray[np.bool_]) -> dict[str, Floats]:
    """For each language the weights fitted on all others."""
    return {
        language: fitted([one for one in queries if one.language != language], used)
        for language in sorted({one.language for one in queries})
    }


def left_out(queries: list[Labelled], weights: dict[str, Floats]) -> list[tuple[Labelled, float]]:
    """Each query scored with the weights fitted without its language."""
    return [(one, ndcg(one, weights[one.language])) for one in queries]


def named(weights: Floats) -> dict[str, float]:
    """A table as the engine reads it."""
    return {name: round(float(weight), 3) for name, weight in zip(SIGNALS, weights, strict=True) if weight}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--queries", type=Path, required=True, help="folder with dev/ and score.py")
    parser.add_argument("--corpora", type=Path, required=True, help="folder with the checkouts")
    parser.add_argument("--indexes", type=Path, required=True, help="folder where the indexes are kept")
    parser.add_argument("--drop", action="store_true", help="also report the loss without each signal")
    parser.add_argument("--worst", type=int, default=0, help="also list this many of the worst queries")
    parser.add_argument("--left-out", type=Path, metavar="FOLDER", help="write a table for each language")
    parser.add_argument("--write", action="store_true", help="replace the table that the engine reads")
    options = parser.parse_args()
    names = list(SIGNALS)
    table: dict[str, dict[str, float]] = {}
    without: dict[str, dict[str, dict[str, float]]] = {}
    for mode in Mode:
        queries = collect(options, mode)
        unused = {Mode.HYBRID: frozenset(), Mode.TEXT: MEANING_SIGNALS, Mode.SEMANTIC: TEXT_SIGNALS}[mode]
        used = np.array([name not in unused for name in names])
        weights = fitted(queries, used)
        shipped_now = by_setting([(one, ndcg(one, shipped.WEIGHTS.signals[mode.value])) for one in queries])
        others = without_each(queries, used)
        crossed = left_out(queries, others)
        print(
            f"{mode.value:9} fitted {by_setting([(one, ndcg(one, weights)) for one in queries])}"
            f"  left out {by_setting(crossed)}  shipped {shipped_now}",
            flush=True,
        )
        table[mode.value] = named(weights)
        if options.left_out:
            for language, of_others in others.items():
                without.setdefault(language, {})[mode.value] = named(of_others)
        if options.drop:
            for number, name in enumerate(names):
                if used[number]:
                    less = used.copy()
                    less[number] = False
                    lost = by_setting(left_out(queries, without_each(queries, less)))
                    print(f"    without {name:16} left out {lost}", flush=True)
        for one, value in sorted(crossed, key=lambda pair: pair[1])[: options.worst]:
            print(f"    {value:.2f} {one.setting} {one.repository}: {one.query}")
    if options.left_out:
        options.left_out.mkdir(parents=True, exist_ok=True)
        for language, tables in without.items():
            (options.left_out / f"{language}.json").write_text(json.dumps(tables, indent=1) + "\n")
    if options.write:
        target = Path(shipped.__file__).with_name("fitted.json")
        target.write_text(json.dumps(table, indent=1) + "\n")


if __name__ == "__main__":
    main()
