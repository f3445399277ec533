"""Prints what the records say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from statistics import median

from codanna_core.text.schema import code_analyzer
from codanna_core.words import STOP_WORDS, find_words, index_text
from yardsticks.asked import Asked
from yardsticks.run import Record
from yardsticks.scores import interval, mean

ORDER = ("files sub-folder", "files whole", "changes", "comments", "questions", "cosqa")
METRICS = ("ndcg", "first", "in ten", "mrr", "file on page", "right for file")
_analyze = code_analyzer().analyze


def order(yardstick: str) -> int:
    """The place of a yardstick in what is printed."""
    return ORDER.index(yardstick)


def figures(records: Iterable[Record], metric: str) -> dict[str, dict[str, float]]:
    """A metric of each question of each code base."""
    found: dict[str, dict[str, float]] = {}
    for one in records:
        if metric in one.values:
            found.setdefault(one.name, {})[one.question] = one.values[metric]
    return found


def by_row(records: Iterable[Record]) -> dict[tuple[str, str], list[Record]]:
    """The records of each yardstick and mode, in the order in which they were asked."""
    rows: dict[tuple[str, str], list[Record]] = {}
    for one in records:
        rows.setdefault((one.yardstick, one.mode), []).append(one)
    return rows


def share_in_name(asked: Asked) -> list[float]:
    """For each question the share of its words that stand in the name of the answer that has the most."""
    shares = []
    for question, targets in asked.questions.items():
        words = _terms(" ".join(word for word in find_words(question) if word.lower() not in STOP_WORDS))
        held = max(len(words & _terms(target.name)) for target in targets)
        shares.append(held / max(1, len(words)))
    return shares


def _terms(text: str) -> set[str]:
    return set(_analyze(index_text(text)))


def print_shares(asked: list[Asked]) -> None:
    for yardstick in dict.fromkeys(one.yardstick for one in asked):
        shares = [share for one in asked if one.yardstick == yardstick for share in share_in_name(one)]
        print(
            f"{yardstick}: {len(shares)} questions; share of a question's words in the answer's name: "
            f"median {median(shares):.2f}, none in {sum(share == 0 for share in shares)}"
        )


def print_figures(records: list[Record]) -> None:
    """One line for each yardstick and mode: means over code bases of the means over their questions."""
    shown = ""
    for (yardstick, mode), rows in by_row(records).items():
        if yardstick != shown:
            shown = yardstick
            print(f"\n{yardstick}: {len({one.name for one in rows})} code bases, {len(rows)} questions")
        line = f"  {mode:13}" + "".join(
            f"  {metric} {mean(found):.3f}" for metric in METRICS if (found := figures(rows, metric))
        )
        times = [one.milliseconds for one in rows if one.milliseconds]
        print(line + (f"  p50 {median(times):.1f} ms" if times else ""))
        missed = Counter(one.instead for one in rows if one.instead)
        if missed:
            print(" " * 17 + "shown instead: " + ", ".join(f"{what} {n}" for what, n in missed.most_common()))


def print_comparison(now: list[Record], before: list[Record]) -> None:
    """Differences to another run over the same questions, with 95 % intervals over code bases."""
    old = by_row(before)
    print("\nagainst the other run: difference [95 % over code bases]")
    for key, rows in by_row(now).items():
        if key not in old:
            continue
        parts, changed = [], False
        for metric in METRICS:
            found, other = figures(rows, metric), figures(old[key], metric)
            if found and other:
                difference, low, high = interval(found, other)
                changed |= any((difference, low, high))
                parts.append(f"{metric} {difference:+.3f} [{low:+.3f}, {high:+.3f}]")
        print(f"  {key[0]:16} {key[1]:13} " + ("  ".join(parts) if changed else "unchanged"))


def print_modes(records: list[Record]) -> None:
    """Hybrid against the better of its two halves, and each mode against its plain twin."""
    rows = by_row(records)
    twins = {"hybrid": "plain", "semantic": "plain cosine", "text": "plain text"}
    print("\nwithin this run: difference [95 % over code bases]")
    for yardstick in dict.fromkeys(one.yardstick for one in records):
        metric = "ndcg" if (yardstick, "plain") not in rows else "mrr"
        pairs = [("hybrid", "semantic"), ("hybrid", "text"), *twins.items()]
        for left, right in pairs:
            if (yardstick, left) in rows and (yardstick, right) in rows:
                difference, low, high = interval(
                    figures(rows[yardstick, left], metric), figures(rows[yardstick, right], metric)
                )
                print(
                    f"  {yardstick:16} {left:8} - {right:13}"
                    f" {metric} {difference:+.3f} [{low:+.3f}, {high:+.3f}]"
                )


def print_each(records: list[Record]) -> None:
    """Each question about symbols: where its answer is on the page and what was shown first of its file."""
    for one in records:
        if "mrr" in one.values:
            place = (
                "first"
                if one.values["first"]
                else "on the page"
                if one.values["in ten"]
                else "file on the page"
                if one.values["file on page"]
                else "absent"
            )
            shown = next((hit for hit in one.page), None)
            best = f"{shown.path}:{shown.first} {shown.name}" if shown else "nothing"
            print(f"{one.name}  {one.mode}  {place}  [{one.instead or 'right'}]  {one.question}  ->  {best}")
