"""Questions about definitions: who calls them, who refers to them, and what they use themselves."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import field
from typing import NamedTuple

from codanna_core.records import dataclass
from codanna_core.relations.encoding import Wanted
from codanna_core.relations.facts import Binds, Reference, Role, is_local
from codanna_core.relations.meant import Meant, meant_by
from codanna_core.relations.modules.javascript import ENDINGS as MODULES
from codanna_core.relations.provider import OutOfTime, Provider
from codanna_core.relations.reach import Reach
from codanna_core.relations.resolve import Resolution, Resolver, Tier
from codanna_core.relations.scopes import Table
from codanna_core.relations.typer import Typer
from codanna_core.relations.values import FILE, Target

CALLS = frozenset({Role.CALL, Role.DECORATOR})
PASSES = frozenset({Role.VALUE, Role.READ})
UNSURE = frozenset({"cpp"})
"""Languages whose types are too often out of sight for a use to be said to mean something outside."""
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


Found = Callable[[list[Edge]], None]
"""Hears of edges as they are found, those of one file at a time."""


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
    weaker: int = 0
    """Edges of lower tiers than asked for."""
    passed: int = 0
    """Uses that pass the definition on without a call, where calls were asked for; they may lead to calls."""
    problems: list[str] = field(default_factory=list)


class Relations:
    """Answers questions against one state of the files. Not to be shared between threads."""

    def __init__(self, provider: Provider) -> None:
        self.provider = provider
        self.resolver = Resolver(Typer(provider))

    def references(
        self, target: Target, *, minimum: Tier = Tier.LIKELY, budget_s: float | None = None
    ) -> Answer:
        """All uses of a definition."""
        return self.uses([target], None, minimum=minimum, budget_s=budget_s)

    def callers(
        self, target: Target, *, minimum: Tier = Tier.LIKELY, budget_s: float | None = None
    ) -> Answer:
        """The calls of a definition, uses as decorator among them."""
        return self.uses([target], CALLS, minimum=minimum, budget_s=budget_s)

    def calls(
        self, sources: Target | Iterable[Target], *, minimum: Tier = Tier.LIKELY, found: Found | None = None
    ) -> Answer:
        """What definitions call, functions inside them included."""
        answer = Answer()
        try:
            for source in [sources] if isinstance(sources, Target) else sources:
                answer.of_files += 1
                edges = self._calls(source, minimum, answer)
                answer.edges += edges
                if found is not None and edges:
                    found(edges)
        except OutOfTime:
            answer.complete = False
        return answer

    def uses(
        self,
        targets: Collection[Target],
        roles: Collection[Role] | None = None,
        *,
        minimum: Tier = Tier.LIKELY,
        budget_s: float | None = None,
        found: Found | None = None,
        within: str | None = None,
    ) -> Answer:
        """The uses of definitions in some roles, or in all; `within` one file, or in all."""
        answer = Answer()
        deadline = None if budget_s is None else time.monotonic() + budget_s
        try:
            missing = [target.path for target in targets if self.resolver.typer.table(target.path) is None]
            if missing:
                answer.problems += [f"no facts of {path} yet" for path in dict.fromkeys(missing)]
                answer.complete = False
                return answer
            meant = meant_by(self.resolver.typer, targets)
            search = _Search(self, meant, roles, minimum, answer, self._only(targets, within))
            for edges in search.run(deadline):
                answer.edges += edges
                if found is not None and edges:
                    found(edges)
        except OutOfTime:
            answer.complete = False
        answer.complete = answer.complete and answer.files == answer.of_files and not answer.problems
        return answer

    def _only(self, targets: Collection[Target], within: str | None) -> set[str] | None:
        """The files that can use these, where fewer than all can: what is local to a function stays there."""
        if within is not None:
            return {within}
        return {target.path for target in targets} if all(map(self.is_local, targets)) else None

    def is_local(self, target: Target) -> bool:
        """Whether a definition is a parameter or a variable inside a function."""
        table = self.resolver.typer.table(target.path)
        return table is not None and target.number != FILE and is_local(table.facts, table.row(target.number))

    def edge(self, path: str, reference: Reference, target: Target, result: Resolution) -> Edge:
        """A resolved use."""
        return Edge(
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

    def _calls(self, source: Target, minimum: Tier, answer: Answer) -> list[Edge]:
        table = self.resolver.typer.table(source.path)
        if table is None:
            answer.complete = False
            answer.problems.append(f"no facts of {source.path} yet")
            return []
        answer.files += 1
        answer.complete = answer.complete and table.facts.complete
        row = table.row(source.number)
        edges: list[Edge] = []
        for reference in table.facts.references:
            if row.start <= reference.at < row.end and reference.role in CALLS:
                result = self.resolver.resolve(source.path, reference)
                answer.unknown += not result.targets and not result.outside
                if result.tier >= minimum:
                    edges += [self.edge(source.path, reference, target, result) for target in result.targets]
                else:
                    answer.weaker += len(result.targets)
        return edges


class _Search:
    """One search for uses: which files under which names are still to be looked through."""

    def __init__(
        self,
        relations: Relations,
        meant: Meant,
        roles: Collection[Role] | None,
        minimum: Tier,
        answer: Answer,
        only: set[str] | None = None,
    ) -> None:
        self._relations = relations
        self._meant = meant
        self._roles = roles
        self._minimum = minimum
        self._answer = answer
        self._only = only
        self._reach = Reach(relations.resolver.typer, meant)
        self._waiting: deque[str] = deque()
        self._files: set[str] = set()
        self._names: set[str] = set()
        self._want()

    def run(self, deadline: float | None) -> Iterator[list[Edge]]:
        """The edges of one file after the other, beginning where the definitions are."""
        answer = self._answer
        for name in sorted(self._meant.names):
            self._look_for(name)
        for word in sorted(self._meant.modules) if self._only is None else ():
            self._names |= {"default", "="}
            self._want()
            mentioning = self._relations.provider.mentioning(word)
            self._wait_for(path for path in mentioning if path.endswith(MODULES))
        while self._waiting and answer.files < MAX_FILES and len(answer.edges) <= MAX_EDGES:
            if deadline is not None and time.monotonic() > deadline:
                return
            path = self._waiting.popleft()
            if not self._relations.provider.may_use(path, self._wanted):
                answer.files += 1
                continue
            table = self._relations.resolver.typer.table(path)
            answer.files += 1
            if table is None:
                answer.problems.append(f"no facts of {path} yet")
                continue
            if not table.facts.complete:
                answer.problems.append(f"{path} is too large, or takes too long, to be read as a whole")
            yield self._in_file(path, table)

    def _look_for(self, name: str) -> None:
        """Also look through the files that use this name."""
        if name in self._names:
            return
        self._names.add(name)
        self._want()
        self._wait_for(self._using(name))

    def _want(self) -> None:
        """Look out for the names from now on."""
        self._wanted = Wanted.of(self._names | self._meant.names, self._meant.names)

    def _wait_for(self, using: Iterable[str]) -> None:
        homes = {target.path for target in self._meant.targets}
        paths = set(using) - self._files
        self._waiting.extend(sorted(paths, key=lambda path: (path not in homes, path)))
        self._files |= paths
        self._answer.of_files = len(self._files)

    def _using(self, name: str) -> set[str]:
        if self._only is not None:
            return set(self._only)
        return {path for path in self._relations.provider.using(name) if self._reach.has(path)}

    def _in_file(self, path: str, table: Table) -> list[Edge]:
        names = self._meant.names | self._aliases(path, table)
        edges: list[Edge] = []
        for reference in table.uses(names):
            if self._roles is None or reference.role in self._roles:
                edges += self._edges(path, reference)
            elif reference.role in PASSES and self._roles == CALLS:
                result = self._relations.resolver.resolve(path, reference)
                self._answer.passed += any(target in self._meant.targets for target in result.targets)
        return edges

    def _aliases(self, path: str, table: Table) -> set[str]:
        """Other names under which a file imports what is meant, or hands it on."""
        found: set[str] = set()
        for number in table.valued(self._names | self._meant.names):
            row = table.row(number)
            if row.name in self._meant.names:
                continue
            if row.kind == Binds.VARIABLE and row.value.rpartition(".")[2] in self._meant.names:
                found.add(row.name)
            if row.kind in (Binds.IMPORT, Binds.EXPORT) and row.value.rpartition("#")[2] in self._names:
                behind = self._relations.resolver.typer.followed(path, number)
                if behind is not None and Target(*behind) in self._meant.targets:
                    found.add(row.name)
                    if row.kind == Binds.EXPORT and row.name.isidentifier():
                        self._look_for(row.name)
        return found

    def _edges(self, path: str, reference: Reference) -> list[Edge]:
        relations, meant, answer = self._relations, self._meant, self._answer
        result = relations.resolver.resolve(path, reference)
        if not result.targets:
            table = relations.resolver.typer.table(path)
            unsure = not result.outside or (table is not None and table.facts.language in UNSURE)
            answer.unknown += unsure and reference.name in meant.names
            return []
        hits = [target for target in result.targets if target in meant.targets]
        if not hits and reference.role == Role.CALL:
            # The call of a type that inherits its constructor means that one, and makes an instance; the call
            # of a variable means what it holds, and uses the variable.
            made = relations.resolver.resolve(path, reference._replace(role=Role.VALUE))
            hits = [target for target in made.targets if target in meant.types]
        if not hits:
            base = next((target for target in result.targets if target in meant.through), None)
            if base is None:
                return []
            hits = [meant.through[base].target]
            result = meant.through[base].weaken(result)
        if result.tier < self._minimum:
            answer.weaker += 1
            return []
        return [relations.edge(path, reference, hits[0], result)]
