"""Questions about one definition: who calls it, who refers to it, and what it uses itself."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from codanna_core.relations.facts import Reference, Role
from codanna_core.relations.provider import Provider
from codanna_core.relations.resolve import Resolver, Tier
from codanna_core.relations.typer import Typer
from codanna_core.relations.values import FILE, Target

CALLS = frozenset({Role.CALL, Role.DECORATOR})
MAX_FILES = 5_000
MAX_EDGES = 20_000


class Edge(NamedTuple):
    """A use, from the definition that it stands in to the definition that it means."""

    path: str
    line: int
    """From 0, as in all data; the command line counts from 1."""
    at: int
    """First byte of the name."""
    size: int
    """Bytes of the name."""
    role: Role
    source: Target
    """The definition around the use; its number is `FILE` at the top of a file."""
    target: Target
    tier: Tier
    probability: float
    reason: str


@dataclass(slots=True)
class Answer:
    """Edges, and whether they are all of them."""

    edges: list[Edge] = field(default_factory=list)
    complete: bool = True
    files: int = 0
    """How many files were looked through, of how many that use the name."""
    of_files: int = 0
    unknown: int = 0
    """Uses of the name of which nothing says what they mean: they may be further edges."""
    problems: list[str] = field(default_factory=list)


class Relations:
    """Answers questions against one state of the files. Not to be shared between threads."""

    def __init__(self, provider: Provider) -> None:
        self.provider = provider
        self.resolver = Resolver(Typer(provider))

    def definition_at(self, path: str, name: str, at: int) -> Target | None:
        """The definition whose name begins at that byte of a file."""
        table = self.resolver.typer.table(path)
        if table is None:
            return None
        rows = [number for number in table.by_name.get(name, ()) if table.row(number).at == at]
        return Target(path, rows[0]) if rows else None

    def references(
        self, target: Target, *, minimum: Tier = Tier.LIKELY, budget_s: float | None = None
    ) -> Answer:
        """All uses of a definition."""
        return self._uses(target, None, minimum, budget_s)

    def callers(
        self, target: Target, *, minimum: Tier = Tier.LIKELY, budget_s: float | None = None
    ) -> Answer:
        """The calls of a definition, uses as decorator among them."""
        return self._uses(target, CALLS, minimum, budget_s)

    def calls(self, source: Target, *, minimum: Tier = Tier.LIKELY) -> Answer:
        """What a definition calls, functions inside it included."""
        answer = Answer(of_files=1)
        table = self.resolver.typer.table(source.path)
        if table is None:
            answer.complete = False
            answer.problems.append(f"no facts of {source.path} yet")
            return answer
        answer.files = 1
        row = table.row(source.number)
        for reference in table.facts.references:
            if row.start <= reference.at < row.end and reference.role in CALLS:
                answer.edges += self._edges(source.path, reference, minimum, answer)
        answer.complete = table.facts.complete
        return answer

    def _uses(
        self, target: Target, roles: frozenset[Role] | None, minimum: Tier, budget_s: float | None
    ) -> Answer:
        answer = Answer()
        deadline = None if budget_s is None else time.monotonic() + budget_s
        table = self.resolver.typer.table(target.path)
        if table is None:
            answer.complete = False
            answer.problems.append(f"no facts of {target.path} yet")
            return answer
        name = table.row(target.number).name
        paths = sorted(self.provider.using(name), key=lambda path: (path != target.path, path))
        answer.of_files = len(paths)
        for path in paths[:MAX_FILES]:
            if (deadline is not None and time.monotonic() > deadline) or len(answer.edges) > MAX_EDGES:
                break
            held = self.resolver.typer.table(path)
            answer.files += 1
            if held is None:
                answer.problems.append(f"no facts of {path} yet")
                continue
            if not held.facts.complete:
                answer.problems.append(f"{path} is too large to read as a whole")
            for reference in held.facts.references:
                if reference.name != name:
                    continue
                if roles is None or reference.role in roles:
                    found = self._edges(path, reference, minimum, answer)
                    answer.edges += [edge for edge in found if edge.target == target]
        answer.complete = answer.files == answer.of_files and not answer.problems
        return answer

    def _edges(self, path: str, reference: Reference, minimum: Tier, answer: Answer) -> Iterator[Edge]:
        result = self.resolver.resolve(path, reference)
        if not result.targets and not result.outside:
            answer.unknown += 1
        if result.tier < minimum:
            return
        for target in result.targets:
            yield Edge(
                path,
                reference.line,
                reference.at,
                len(reference.name.encode()),
                Role(reference.role),
                Target(path, reference.owner if reference.owner >= 0 else FILE),
                target,
                result.tier,
                result.probability,
                result.reason,
            )
