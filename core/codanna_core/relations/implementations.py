"""What implements a definition: the subtypes of a type, and the methods of them that override a method."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from codanna_core.relations.edges import MAX_FILES, Answer, Edge, Found, Relations
from codanna_core.relations.facts import Binding, Binds, Flag, Role
from codanna_core.relations.probabilities import probability
from codanna_core.relations.provider import OutOfTime
from codanna_core.relations.resolve import Tier
from codanna_core.relations.values import Target

_TYPES = (Binds.TYPE, Binds.IMPLEMENTS)


def implementations(
    relations: Relations, targets: Collection[Target], *, minimum: Tier, found: Found | None = None
) -> Answer:
    """Edges from what implements the targets, through any number of types, nearest first."""
    search = _Search(relations, minimum)
    try:
        for target in targets:
            for edges in search.of(target):
                search.answer.edges += edges
                if found is not None:
                    found(edges)
    except OutOfTime:
        search.answer.complete = False
    search.answer.complete = search.answer.complete and search.answer.files == search.answer.of_files
    return search.answer


class _Search:
    """One search through types."""

    def __init__(self, relations: Relations, minimum: Tier) -> None:
        self.answer = Answer()
        self._typer = relations.resolver.typer
        self._provider = relations.provider
        self._minimum = minimum
        self._seen: set[Target] = set()

    def of(self, target: Target) -> Iterator[list[Edge]]:
        """The edges of one target."""
        if self._typer.table(target.path) is None:
            self.answer.problems.append(f"no facts of {target.path} yet")
            self.answer.complete = False
            return
        row = self._typer.row(*target)
        if row.kind == Binds.TYPE:
            for subtype, tier in self._subtypes(target):
                yield self._edges([subtype], target, tier, f"a subtype of {row.name}")
        elif row.kind == Binds.FUNCTION and (owner := self._owner(target, row)) is not None:
            around = self._typer.row(*owner).name
            for subtype, tier in self._subtypes(owner):
                own = self._own(subtype, row.name, target)
                yield self._edges(own, target, tier, f"overrides {around}.{row.name}")

    def _owner(self, target: Target, row: Binding) -> Target | None:
        around = self._typer.row(target.path, row.owner) if row.owner >= 0 else None
        return Target(target.path, row.owner) if around is not None and around.kind == Binds.TYPE else None

    def _own(self, subtype: Target, name: str, target: Target) -> list[Target]:
        """The methods of that name that a type has itself."""
        table = self._typer.table(subtype.path)
        if table is None:
            return []
        inside = [at for at in table.by_name.get(name, ()) if table.row(at).owner == subtype.number]
        own = [(subtype.path, at) for at in inside if table.row(at).kind == Binds.FUNCTION]
        if not own and table.row(subtype.number).kind == Binds.TYPE:
            own = [
                item
                for item in self._typer.members(subtype.path, subtype.number, name, True)[0]
                if table.adds_to(item[1], table.row(subtype.number).name) and item[0] == subtype.path
            ]
        return [Target(*item) for item in own if item != tuple(target)]

    def _subtypes(self, base: Target) -> Iterator[tuple[Target, Tier]]:
        """The types below a type, each once."""
        waiting, seen = [base], {base}
        while waiting:
            above = waiting.pop(0)
            for subtype, tier in self._below(above):
                if subtype not in seen:
                    seen.add(subtype)
                    waiting.append(subtype)
                    yield subtype, tier

    def _below(self, base: Target) -> Iterator[tuple[Target, Tier]]:
        row = self._typer.row(*base)
        if row.kind != Binds.TYPE:
            return
        table = self._typer.table(base.path)
        if table is not None and table.facts.language == "go" and row.flags & Flag.INTERFACE:
            yield from self._of_go(base)
            return
        paths = sorted(self._provider.using(row.name), key=lambda path: (path != base.path, path))
        self.answer.of_files += len(paths)
        for path in paths[:MAX_FILES]:
            self.answer.files += 1
            table = self._typer.table(path)
            if table is None:
                self.answer.problems.append(f"no facts of {path} yet")
                continue
            for number in table.of_kind(*_TYPES):
                held = table.row(number)
                if held.bases and self._extends(path, held, base):
                    yield Target(path, number), Tier.CERTAIN

    def _extends(self, path: str, row: Binding, base: Target) -> bool:
        at = (path, row.at if row.kind == Binds.IMPLEMENTS else row.start, row.owner)
        values = (self._typer.type_value(one, at) for one in row.bases)
        return any(value is not None and (value.path, value.number) == tuple(base) for value in values)

    def _of_go(self, base: Target) -> Iterator[tuple[Target, Tier]]:
        """The types that have all methods of an interface by their names: nothing says it in the text."""
        table = self._typer.table(base.path)
        assert table is not None
        names = {
            table.row(at).name for at in table.owned(base.number) if table.row(at).kind == Binds.FUNCTION
        }
        having: dict[tuple[str, str], int] = {}
        for name in names:
            found = self._methods_in_go(name)
            for key in found:
                having[key] = having.get(key, 0) + 1
        for folder, name in sorted(key for key, count in having.items() if count == len(names)):
            for path in sorted(self._provider.folder(folder)):
                held = self._typer.table(path)
                for at in held.by_name.get(name, ()) if held is not None else ():
                    if held is not None and held.row(at).kind == Binds.TYPE:
                        yield Target(path, at), Tier.LIKELY

    def _methods_in_go(self, name: str) -> set[tuple[str, str]]:
        """Folder and type of every method of that name."""
        found = set()
        for path in self._provider.defining(name):
            self.answer.files += 1
            self.answer.of_files += 1
            table = self._typer.table(path)
            if table is not None and table.facts.language == "go":
                folder = path.rpartition("/")[0]
                rows = (table.row(at) for at in table.by_name.get(name, ()))
                found |= {(folder, row.container) for row in rows if row.container}
        return found

    def _edges(self, sources: list[Target], target: Target, tier: Tier, reason: str) -> list[Edge]:
        fresh = [source for source in dict.fromkeys(sources) if source not in self._seen]
        self._seen.update(fresh)
        if tier < self._minimum:
            self.answer.weaker += len(fresh)
            return []
        return [self._edge(source, target, tier, reason) for source in fresh]

    def _edge(self, source: Target, target: Target, tier: Tier, reason: str) -> Edge:
        table = self._typer.table(source.path)
        assert table is not None
        row = table.row(source.number)
        sure = probability(table.facts.language, tier.name.lower(), 1)
        size = len(row.name.encode())
        return Edge(source.path, row.line, row.at, size, Role.INHERIT, source, target, tier, sure, reason)
