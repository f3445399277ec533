"""How well and how fast names are found: mean reciprocal rank and latency over queries made from real names.

Queries are what people type for a name they half remember: the name in another spelling, some of its words,
the beginnings of its words, or the name with one slip. Words and humps count only where they are specific:
where one name alone holds them. Without arguments the standard library, the installed packages and, given
with --names, a list of names (one a line) are measured.

    python benchmarks/names.py [--names FILE] [--queries 2000]
"""

from __future__ import annotations

import argparse
import random
import re
import sys
import sysconfig
import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from pathlib import Path

from codanna_core.names import NameIndex, NameMatch
from codanna_core.names.words import squeeze, words

_DEFINITION = re.compile(rb"^\s*(?:async\s+)?(?:def|class)\s+(\w+)|^([A-Z_][A-Z0-9_]+)\s*=", re.MULTILINE)


def python_names(folder: Path) -> set[str]:
    """Names defined in a folder of Python files."""
    found = set()
    for path in folder.rglob("*.py"):
        if folder.name != "site-packages" and "site-packages" in path.parts:
            continue
        for groups in _DEFINITION.findall(path.read_bytes()):
            found.add((groups[0] or groups[1]).decode("utf-8", "replace"))
    return found


def respelled(name: str, rng: random.Random) -> str:
    """The name without capitals or without separators."""
    return rng.choice((name.lower(), squeeze(name), name))


def some_words(name: str, rng: random.Random) -> str | None:
    """Neighbouring words of the name as they stand there."""
    pieces = words(name)
    if len(pieces) < 3:
        return None
    size = rng.randint(2, len(pieces) - 1)
    first = rng.randint(0, len(pieces) - size)
    found = re.search(r"\W*_*".join(map(re.escape, pieces[first : first + size])), name, re.IGNORECASE)
    return found[0] if found is not None else None


def humps(name: str, rng: random.Random) -> str | None:
    """The beginnings of all words, joined as the name joins them."""
    pieces = words(name)
    if not 2 <= len(pieces) <= 6:
        return None
    heads = [word[: rng.randint(1, 3)] for word in pieces]
    if "_" in name:
        return "_".join(heads)
    return heads[0] + "".join(head.capitalize() for head in heads[1:])


def slip(name: str, rng: random.Random) -> str | None:
    """The name with one letter left out, added, replaced, or swapped with its neighbour."""
    if len(squeeze(name)) < 5:
        return None
    letters = [index for index, char in enumerate(name) if char.isalnum()]
    at = rng.choice(letters[1:-1])
    other = rng.choice("abcdefghijklmnopqrstuvwxyz")
    kind = rng.randrange(4)
    if kind == 0:
        return name[:at] + name[at + 1 :]
    if kind == 1:
        return name[:at] + other + name[at:]
    if kind == 2:
        return name[:at] + other + name[at + 1 :]
    return name[:at] + name[at + 1] + name[at] + name[at + 2 :]


KINDS: dict[str, Callable[[str, random.Random], str | None]] = {
    "whole name, other spelling": respelled,
    "neighbouring words": some_words,
    "humps": humps,
    "one slip": slip,
}


def measure(label: str, names: Iterable[str], queries: int, rng: random.Random) -> None:
    """Print one line for each kind of query."""
    listed = sorted(set(names))
    started = time.perf_counter()
    index = NameIndex.build(listed)
    built = time.perf_counter() - started
    size = index.nbytes() / len(listed)
    print(f"\n{label}: {len(listed):,} names, built in {built:.1f} s, {size:.0f} bytes a name")
    pool = [name for name in listed if 6 <= len(name) <= 40]
    haystack = "\n".join({squeeze(name) for name in listed})
    by_initials = defaultdict(set)
    for name in listed:
        pieces = tuple(words(name))
        by_initials["".join(piece[0] for piece in pieces)].add(pieces)
    for kind, make in KINDS.items():
        ranks: list[float] = []
        times: list[float] = []
        while len(ranks) < queries // len(KINDS):
            name = rng.choice(pool)
            query = make(name, rng)
            if not query:
                continue
            if kind == "neighbouring words" and haystack.count(squeeze(query)) > 1:
                continue
            if kind == "humps" and holders(query, by_initials) > 1:
                continue
            matches: list[NameMatch] = []
            times.append(timed(index, query, matches))
            wanted = squeeze(name)
            # Spellings of one name are one answer.
            place = next((i for i, match in enumerate(matches) if squeeze(match.name) == wanted), None)
            ranks.append(0.0 if place is None else 1 / (1 + place))
        report(kind, ranks, times)
    for letters in (1, 2, 3):
        times = [timed(index, "".join(rng.choices("etaoinsrlcdupmgbfkx", k=letters)), []) for _ in range(200)]
        report(f"{letters} letters", [], times)


def holders(query: str, by_initials: dict[str, set[tuple[str, ...]]]) -> int:
    """How many names have words that begin with the query's, one by one."""
    heads = words(query)
    return sum(
        len(pieces) == len(heads) and all(map(str.startswith, pieces, heads))
        for pieces in by_initials["".join(head[0] for head in heads)]
    )


def timed(index: NameIndex, query: str, into: list[NameMatch]) -> float:
    """Processor seconds of one search; the matches go into the list."""
    started = time.thread_time()
    found = index.search(query)
    taken = time.thread_time() - started
    into.extend(found)
    return taken


def report(kind: str, ranks: list[float], times: list[float]) -> None:
    """Print one line."""
    times.sort()
    quality = f"MRR {sum(ranks) / len(ranks):.3f}" if ranks else " " * 9
    half, most = times[len(times) // 2], times[int(len(times) * 0.95)]
    print(f"  {kind:28} {quality}   p50 {half * 1e3:5.2f} ms   p95 {most * 1e3:5.2f} ms")


def main() -> None:
    """Measure all collections of names."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--names", type=Path, help="a file with one name a line")
    parser.add_argument("--queries", type=int, default=2000)
    arguments = parser.parse_args()
    rng = random.Random(1)
    for label in ("stdlib", "purelib"):
        measure(label, python_names(Path(sysconfig.get_paths()[label])), arguments.queries, rng)
    if arguments.names:
        measure(arguments.names.name, arguments.names.read_text("utf-8").splitlines(), arguments.queries, rng)


if __name__ == "__main__":
    sys.exit(main())
