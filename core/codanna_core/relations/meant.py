"""What a question about definitions is about: they, what stands for them, and the names it goes by."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import NamedTuple

from codanna_core.relations.facts import Binds, Flag
from codanna_core.relations.resolve import Resolution, Tier
from codanna_core.relations.typer import Typer
from codanna_core.relations.values import Target

MAX_BASES = 50
_CONSTRUCTORS = ("__init__", "__new__", "constructor")
"""Where a call of a class means the class itself, and runs these; elsewhere it means one of them."""

_OF_ABSTRACT, _OF_OVERRIDDEN = 0.5, 0.3
"""How often a call of a method that others override is one of a certain override; estimated, not measured."""


class Through(NamedTuple):
    """A definition that is called through the method of a base or an interface."""

    target: Target
    base: str
    abstract: bool

    def weaken(self, result: Resolution) -> Resolution:
        """A use of the base's method as one that may reach the definition."""
        share = _OF_ABSTRACT if self.abstract else _OF_OVERRIDDEN
        return result._replace(
            tier=Tier.POSSIBLE, probability=share, reason=f"through {self.base}, which it overrides"
        )


@dataclass(frozen=True, slots=True)
class Meant:
    """The definitions, with all that a use may say to mean them."""

    targets: frozenset[Target]
    """Constructors of the types among them included."""
    types: frozenset[Target]
    """The types among them, and those that they construct: a call of such a type is a use."""
    names: frozenset[str]
    through: dict[Target, Through]
    """Methods of bases that the definitions override."""


def meant_by(typer: Typer, targets: Collection[Target]) -> Meant:
    """What counts as a use of these definitions."""
    meant = set(targets)
    names: set[str] = set()
    types: set[Target] = set()
    through: dict[Target, Through] = {}
    for target in targets:
        table = typer.table(target.path)
        assert table is not None
        row = table.row(target.number)
        names.add(row.name)
        constructors = [row.name if name == "class" else name for name in table.rules.constructors]
        if row.kind == Binds.TYPE:
            types.add(target)
            for name in constructors:
                own, _ = typer.members(target.path, target.number, name)
                meant |= {
                    Target(*item)
                    for item in own
                    if item[0] == target.path
                    and typer.row(*item).owner == target.number
                    and typer.row(*item).kind == Binds.FUNCTION
                }
        around = table.row(row.owner) if row.owner >= 0 else None
        if row.kind == Binds.FUNCTION and around is not None:
            if around.kind == Binds.TYPE and (
                row.name in (*constructors, *_CONSTRUCTORS) or row.name == around.name
            ):
                names.add(around.name)
                if row.name in _CONSTRUCTORS:
                    types.add(Target(target.path, row.owner))
            else:
                _add_bases(typer, target, row.owner, row.name, through)
    return Meant(frozenset(meant), frozenset(types), frozenset(names), through)


def _add_bases(typer: Typer, target: Target, owner: int, name: str, through: dict[Target, Through]) -> None:
    """Note the methods of that name of all bases."""
    waiting = [(target.path, owner)]
    seen: set[tuple[str, int]] = set()
    while waiting and len(seen) < MAX_BASES:
        place = waiting.pop()
        if place in seen:
            continue
        seen.add(place)
        for path, number in _bases(typer, *place):
            found, _ = typer.members(path, number, name)
            for item in found:
                base = Target(*item)
                if base.path != target.path or base.number != target.number:
                    row = typer.row(*item)
                    abstract = bool(row.flags & (Flag.DECLARED | Flag.INTERFACE))
                    label = f"{typer.row(path, number).name}.{name}"
                    through.setdefault(base, Through(target, label, abstract))
            waiting.append((path, number))


def _bases(typer: Typer, path: str, number: int) -> list[tuple[str, int]]:
    row = typer.row(path, number)
    if row.kind == Binds.IMPLEMENTS:
        values = [typer.type_value(base, (path, row.at, row.owner)) for base in row.bases]
    elif row.kind == Binds.TYPE:
        values = typer.bases(path, number)
    else:
        return []
    return [
        (value.path, value.number)
        for value in values
        if value is not None and value.kind == "instance" and value.number >= 0
    ]
