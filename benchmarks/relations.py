"""How right the relations are: precision, recall and calibration against compilers, by language and tier.

The truth of a project is a table that a program in `benchmarks/truth/` prints; benchmarks/truth/README.md
says how to make each. A use counts as found when the first definition that we name for it is the one of the
truth; a use that the truth places outside the project and we place inside is wrong.

    python benchmarks/relations.py PROJECT TRUTH.tsv [PROJECT TRUTH.tsv ...] [--show 20]

With `--questions 60` so many definitions of each project are asked for their callers instead, as a user
would, of an index of the project: through everything that is between a question and its answer.
"""

from __future__ import annotations

import argparse
import os
import random
import re
import sys
import tempfile
import time
from bisect import bisect
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from codanna_core.engine import Engine
from codanna_core.relations import reader, scopes
from codanna_core.relations.facts import Binds, Reference, Role
from codanna_core.relations.resolve import Resolution, Resolver, Tier
from codanna_core.relations.rules import GENERIC, Rules
from codanna_core.relations.typer import Typer
from codanna_core.results import Relation, RelationRequest
from codanna_core.testing.relations import MemoryProvider

OFF = 0.10
"""A stated probability further than this from the share that is right is no use."""


class Use(NamedTuple):
    """A row of the truth."""

    path: str
    line: int
    column: int
    is_call: bool
    name: str
    targets: frozenset[tuple[str, int]]
    """Path and line of the definitions; empty for a use of something outside."""


def read_truth(file: Path, provider: MemoryProvider) -> dict[tuple[str, int, int], Use]:
    """The truth by place; several rows of one place are several right answers."""
    rows: dict[tuple[str, int, int], Use] = {}
    for line in file.read_text("utf-8").splitlines():
        path, row, column, role, name, target, target_line = line.split("\t")
        key = (path, int(row), int(column))
        if not stands_there(provider, *key, name):
            continue  # Inside a macro that is expanded here.
        targets = frozenset() if target == "-" else frozenset({(target, int(target_line))})
        if targets == {(path, int(row))} and role == "ref":
            continue  # A definition's own name.
        known = rows.get(key)
        if known is not None:
            targets |= known.targets
            role = "call" if known.is_call else role
        rows[key] = Use(path, int(row), int(column), role == "call", name, targets)
    return rows


class Tally:
    """Counts of one group of uses."""

    def __init__(self) -> None:
        self.known = 0
        self.given: Counter[Tier] = Counter()
        self.right: Counter[Tier] = Counter()
        self.uses: Counter[Tier] = Counter()
        self.stated: dict[Tier, float] = defaultdict(float)
        self.weight: dict[Tier, float] = defaultdict(float)
        """Right uses; of one with several possible definitions its share."""
        self.bad: list[str] = []
        self.missed: list[str] = []

    def line(self, tiers: set[Tier]) -> str:
        given = sum(self.given[tier] for tier in tiers)
        right = sum(self.right[tier] for tier in tiers)
        precision = right / given if given else float("nan")
        recall = right / self.known if self.known else float("nan")
        return f"{precision:6.3f} / {recall:5.3f} ({given:6d})"


class Compared(NamedTuple):
    """Our edges of a project beside the truth."""

    tallies: dict[tuple[str, str], Tally]
    """By language, and `call` or `all`."""
    reasons: dict[str, list[float]]
    """Of calls by tier and reason: how many, how many right, and the sum of the stated probabilities."""
    uses: int


def compare(provider: MemoryProvider, uses: Mapping[tuple[str, int, int], Use]) -> Compared:
    """Resolve what the truth knows."""
    resolver = Resolver(Typer(provider))
    by_place = dict(places(provider))
    tallies: dict[tuple[str, str], Tally] = defaultdict(Tally)
    reasons: dict[str, list[float]] = defaultdict(lambda: [0, 0, 0])
    count = 0
    for key, use in uses.items():
        facts = provider.all.get(use.path)
        if facts is None:
            continue
        reference = by_place.get(key)
        kinds = ["call", "all"] if use.is_call else ["all"]
        groups = [tallies[facts.language, kind] for kind in kinds]
        result = resolver.resolve(use.path, reference) if reference is not None else None
        count += result is not None
        places_ = [found_place(resolver, *target) for target in result.targets] if result else []
        if use.targets and all(is_variable(provider, use.name, *target) for target in use.targets):
            continue  # Locals and parameters are not asked about.
        for tally in groups:
            tally.known += bool(use.targets)
        if result is None or not places_:
            for tally in groups:
                if use.targets:
                    tally.missed.append(text(use, result, reference))
            continue
        if all(is_variable(provider, use.name, *place) for place in places_):
            if use.targets:
                for tally in groups:
                    tally.missed.append(text(use, result, reference))
            continue
        right = bool(use.targets & set(places_))
        weight = right / len(places_) if result.tier == Tier.POSSIBLE else float(right)
        for tally in groups:
            count_ = 1 if result.tier == Tier.CERTAIN or is_by_platform(result) else len(places_)
            tally.given[result.tier] += count_
            tally.right[result.tier] += right
            tally.stated[result.tier] += result.probability
            tally.uses[result.tier] += 1
            tally.weight[result.tier] += right / len(places_) if result.tier == Tier.POSSIBLE else right
            if not right:
                tally.bad.append(text(use, result, reference))
        if use.is_call:
            shape = f"{facts.language} {result.tier.name.lower()}.{kind_of(result.reason)}"
            shape += " ?" if reference is not None and reference.receiver == "?" else ""
            reasons[shape][0] += 1
            reasons[shape][1] += weight
            reasons[shape][2] += result.probability
    return Compared(tallies, reasons, count)


def measure(project: Path, truth: Path, show: int, *, by_name: bool = False) -> None:
    started = time.process_time()
    for module in (reader, scopes) if by_name else ():
        module.rules_of = lambda _language: Rules(reader=GENERIC)  # type: ignore[attr-defined]
    provider = MemoryProvider.of_folder(project)
    read = time.process_time() - started
    uses = read_truth(truth, provider)
    started = time.process_time()
    tallies, reasons, count = compare(provider, uses)
    resolved = time.process_time() - started
    size = sum(len(provider.texts[path]) for path in provider.all) / 1e6
    print(
        f"\n{project.name}: facts {read / max(size, 1e-9):.2f} s/MB of {size:.2f} MB,"
        f" {resolved / max(count, 1) * 1e6:.0f} us a use"
    )
    for (language, kind), tally in sorted(tallies.items()):
        print(
            f"  {language:11s} {kind:5s} {tally.known:6d} in the project;"
            f" certain {tally.line({Tier.CERTAIN})};"
            f" certain + likely {tally.line({Tier.CERTAIN, Tier.LIKELY})};"
            f" possible {tally.line({Tier.POSSIBLE})}"
        )
        if show:
            for title, items in (("wrong", tally.bad), ("missed", tally.missed)):
                step = max(1, len(items) // show)
                print(f"    {title} ({len(items)}):", *items[::step][:show], sep="\n      ")
    known = sum(use.is_call for use in uses.values())
    calls = sum(
        reference.role == Role.CALL for facts in provider.all.values() for reference in facts.references
    )
    print(f"  the truth knows {known / max(1, calls):.0%} of {calls} calls")
    for (language, kind), tally in sorted(tallies.items()):
        for tier in Tier if kind == "call" else ():
            stated = tally.stated[tier] / max(1, tally.uses[tier])
            right = tally.weight[tier] / max(1, tally.uses[tier])
            off = "" if abs(stated - right) <= OFF or not tally.uses[tier] else ", which is off"
            group = f"{tier.name.lower():8s} {tally.uses[tier]:6d}"
            print(f"  {language:11s} {group} calls state {stated:.3f}, {right:.3f} are right{off}")
    for shape, (given, right, stated) in sorted(reasons.items()):
        print(f"    {shape:40s} {given:6.0f} right {right / given:.3f} stated {stated / given:.3f}")


def ask(project: Path, truth: Path, count: int, show: int) -> None:
    """Callers of some definitions that the truth knows calls of; what the truth does not know is left out."""
    provider = MemoryProvider.of_folder(project)
    calls: dict[tuple[str, int], set[tuple[str, int]]] = defaultdict(set)
    names: dict[tuple[str, int], str] = {}
    known: set[tuple[str, int, str]] = set()
    for use in read_truth(truth, provider).values():
        known.add((use.path, use.line, use.name))
        for target in use.targets if use.is_call and len(use.targets) == 1 else ():
            if not is_variable(provider, use.name, *target):
                calls[target].add((use.path, use.line))
                names.setdefault(target, use.name)
    found = wanted = right = unasked = silent = 0
    seconds: list[float] = []
    shown: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        os.environ["XDG_STATE_HOME"] = folder
        options = {"semantic": {"enabled": False}, "discovery": {"skip_generated": False}}
        with Engine.open(project, Path(folder) / "index", overrides=options) as engine:
            engine.sync()
            for path, line in random.Random(1).sample(sorted(calls), min(count, len(calls))):
                started = time.process_time()
                name = names[path, line]
                result = engine.relations(RelationRequest(Relation.CALLERS, name, path, line))
                seconds.append(time.process_time() - started)
                places_ = {(edge.path, edge.span.start.line) for edge in result.edges}
                places_ = {place for place in places_ if (*place, name) in known}
                there = calls[path, line]
                unasked += not result.targets
                silent += bool(result.targets) and not (places_ or result.unknown or result.weaker)
                found, wanted, right = found + len(places_), wanted + len(there), right + len(places_ & there)
                for kind, some in (("missed", there - places_), ("wrong", places_ - there)):
                    shown += [f"{kind}: {name} of {path}:{line + 1} in {at}:{row + 1}" for at, row in some]
    print(
        f"{project.name}: {len(seconds)} questions; of {wanted} calls {right} found, {found - right} wrong:"
        f" precision {right / max(found, 1):.3f}, recall {right / max(wanted, 1):.3f};"
        f" {unasked} definitions not understood, {silent} falsely without callers;"
        f" median {sorted(seconds)[len(seconds) // 2] * 1000:.0f} ms of processor time"
    )
    for line_ in shown[:: max(1, len(shown) // show)][:show] if show else ():
        print(f"    {line_}")


_SPLIT: dict[tuple[int, str], list[bytes]] = {}


def stands_there(provider: MemoryProvider, path: str, line: int, column: int, name: str) -> bool:
    key = (id(provider), path)
    if key not in _SPLIT:
        _SPLIT[key] = provider.texts.get(path, b"").split(b"\n")
    lines = _SPLIT[key]
    return line < len(lines) and lines[line][column : column + len(name.encode())] == name.encode()


def is_by_platform(result: Resolution) -> bool:
    """Whether the truth, which is of one platform, can know but one of the definitions."""
    return result.tier == Tier.LIKELY and result.reason.endswith("for each platform")


def kind_of(reason: str) -> str:
    return " ".join(word for word in reason.split()[:2] if not word.isdigit())


def places(provider: MemoryProvider) -> Iterator[tuple[tuple[str, int, int], Reference]]:
    """Uses by path, line and byte in the line."""
    for path, facts in provider.all.items():
        data = provider.texts[path]
        starts = [0, *(found.end() for found in re.finditer(rb"\n", data))]
        for reference in facts.references:
            line = bisect(starts, reference.at) - 1
            yield (path, line, reference.at - starts[line]), reference


_LINES: dict[int, dict[tuple[str, int], set[tuple[str, bool]]]] = {}


def is_variable(provider: MemoryProvider, name: str, path: str, line: int) -> bool:
    """Whether what is bound in that line is no definition but a variable inside one."""
    lines = _LINES.setdefault(id(provider), {})
    if not lines:
        for other, facts in provider.all.items():
            for row in facts.bindings:
                at = lines.setdefault((other, row.line), set())
                local = (
                    row.kind == Binds.PARAMETER
                    or (
                        row.kind in (Binds.VARIABLE, Binds.ALIAS)
                        and row.owner >= 0
                        and facts.bindings[row.owner].kind == Binds.FUNCTION
                    )
                    or (row.kind == Binds.ALIAS and row.scope_start > 0)
                )
                at.add((row.name, local))
    at = lines.get((path, line), set())
    named = {local for other, local in at if other == name} or {local for _, local in at}
    return named == {True}


def found_place(resolver: Resolver, path: str, number: int) -> tuple[str, int]:
    return path, resolver.typer.row(path, number).line if number >= 0 else 0


def text(use: Use, result: Resolution | None, reference: Reference | None) -> str:
    truth = ", ".join(f"{path}:{line + 1}" for path, line in use.targets) or "outside"
    receiver = f"{reference.receiver}." if reference is not None and reference.receiver else ""
    found = result.reason if result else "not seen"
    given = ", ".join(map(str, result.targets)) if result else ""
    return f"{use.path}:{use.line + 1} {receiver}{use.name} is {truth}: {found} {given}"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("pairs", nargs="+", type=Path)
    parser.add_argument("--show", type=int, default=0, help="examples of what is wrong and missed")
    parser.add_argument("--by-name", action="store_true", help="as if there were no rules for the language")
    parser.add_argument(
        "--questions", type=int, default=0, metavar="N", help="ask for callers, as a user would"
    )
    options = parser.parse_args()
    if len(options.pairs) % 2:
        sys.exit("give each project with its truth")
    for project, truth in zip(options.pairs[::2], options.pairs[1::2], strict=True):
        if options.questions:
            ask(project, truth, options.questions, options.show)
            continue
        measure(project, truth, options.show, by_name=options.by_name)


if __name__ == "__main__":
    main()
