"""What a question about definitions is about: they, what stands for them, and the names it goes by."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

from codanna_core.records import dataclass
from codanna_core.relations.facts import Binds, Flag
from codanna_core.relations.resolve import Resolution, Tier
from codanna_core.relations.typer import Typer
from codanna_core.relations.values import Target

MAX_BASES = 50
_CONSTRUCTORS = ("__init__", "__new__", "constructor")
"""Where a call of a class means the class itself, and runs these; elsewhere it means one of them."""

_WITH_DEFAULTS = ("javascript", "typescript", "tsx")

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
    """The types among them, and those that they construct: a call of such a type is a use. Variables, too: a
    call of one means what it is known to hold, and uses the variable all the same."""
    names: frozenset[str]
    through: dict[Target, Through]
    """Methods of bases that the definitions override."""
    modules: frozenset[str]
    """Words of the paths of modules whose default export is one of them: importers choose its name."""


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
        if row.kind == Binds.VARIABLE:
            types.add(target)
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
                    for heir in _heirs(typer, (target.path, row.owner), row.name):
                        types.add(heir)
                        names.add(typer.row(*heir).name)
            else:
                _add_bases(typer, target, row.owner, row.name, through)
    modules = {_word_of(target.path) for target in meant if _is_default(typer, target)}
    return Meant(frozenset(meant), frozenset(types), frozenset(names), through, frozenset(modules))


def _is_default(typer: Typer, target: Target) -> bool:
    """Whether a definition is what its module is imported for, under whatever name."""
    table = typer.table(target.path)
    if table is None or table.facts.language not in _WITH_DEFAULTS:
        return False
    return any(typer.followed(target.path, number) == target for number in table.by_name.get("default", ()))


def _word_of(path: str) -> str:
    """What the imports of a module have to mention: its base name, or the folder that it is the index of."""
    folder, _, base = path.rpartition("/")
    stem = base.partition(".")[0]
    return folder.rpartition("/")[2] if stem == "index" else stem


def _heirs(typer: Typer, base: tuple[str, int], constructor: str) -> list[Target]:
    """The types that inherit a constructor, having none of their own."""
    found: dict[Target, None] = {}
    waiting = [base]
    while waiting and len(found) < MAX_BASES:
        place = waiting.pop()
        for path in sorted(typer.provider.using(typer.row(*place).name)):
            table = typer.table(path)
            for number in table.of_kind(Binds.TYPE) if table is not None else ():
                heir = Target(path, number)
                if not typer.row(*heir).bases or heir in found or place not in _bases(typer, *heir):
                    continue
                if not any(typer.row(*own).owner == number for own in typer.members(*heir, constructor)[0]):
                    found[heir] = None
                    waiting.append(heir)
    return list(found)


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
