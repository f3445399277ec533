"""From a use of a name to the definitions it means, with a tier, a probability and the reason in words."""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple

from codanna_core.relations.facts import Binding, Binds, Flag, Reference, Role
from codanna_core.relations.modules import module_rules
from codanna_core.relations.modules.c import included
from codanna_core.relations.overloads import best_overloads
from codanna_core.relations.probabilities import OF_LIBRARY, probability
from codanna_core.relations.rules import GENERIC, family
from codanna_core.relations.scopes import Table
from codanna_core.relations.typer import Typer
from codanna_core.relations.types import shape_of
from codanna_core.relations.values import FILE, Place, Target, Value

MAX_POSSIBLE = 12
"""Namesakes beyond this many are so many that none of them is worth a line."""


class Tier(IntEnum):
    """How much an edge is worth."""

    POSSIBLE = 0
    LIKELY = 1
    CERTAIN = 2


class Resolution(NamedTuple):
    """What a use means. Without targets, `outside` tells "of no file here" from "unknown"."""

    targets: tuple[Target, ...]
    tier: Tier
    probability: float
    reason: str
    outside: bool = False


_SEES_THROUGH = ("javascript", "typescript", "tsx")
_HOLDERS = (Binds.VARIABLE, Binds.PARAMETER, Binds.FIELD, Binds.EXPORT)
_NAMED = (Binds.FUNCTION, Binds.TYPE, Binds.ALIAS, Binds.MODULE, Binds.MACRO)
"""What has names that are seldom shadowed, so that the name alone says something."""
_TELLING = 4
"""Letters of a name that is likely to be the project's own."""
_BY_PLATFORM = ("folder", "module")
"""Units in which one name has several definitions in several files where each is for another platform."""
UNKNOWN = Resolution((), Tier.POSSIBLE, 0.0, "unknown here")
ELSEWHERE = Resolution((), Tier.CERTAIN, 0.0, "of no file here", outside=True)


class Resolver:
    """Resolves uses against one state of the files."""

    def __init__(self, typer: Typer) -> None:
        self.typer = typer

    def resolve(self, path: str, reference: Reference) -> Resolution:
        """What a use means."""
        table = self.typer.table(path)
        if table is None:
            return UNKNOWN
        if table.rules.reader == GENERIC:
            return self._without_rules(table, path, reference)
        at = (path, reference.at, reference.owner)
        if reference.receiver and reference.role != Role.IMPORT:
            found = self._member(table, reference, at)
            if found.targets or reference.role != Role.WRITE:
                return found
        return self._bare(table, reference, at)

    def _bare(self, table: Table, reference: Reference, at: Place) -> Resolution:
        name = reference.name
        if name in table.rules.self_names or name in table.rules.super_names:
            return ELSEWHERE
        if name in table.rules.prelude and table.rules.unit == "program":
            return ELSEWHERE
        called = reference.role == Role.CALL
        found = _imported(table, reference, at[0]) or self.typer.names(name, at, called)
        if not found and called:
            found = self.typer.names(name, at)
        if found and table.facts.language == "c" and reference.role == Role.TYPE:
            found = self._typedef(found, at[0])
        if found:
            return self._found(table, reference, found, self._how(found[0], at), at)
        if name in table.rules.prelude:
            return ELSEWHERE
        value = self.typer.name_value(name, at)
        if value is not None and value.kind == "outside":
            return ELSEWHERE
        return self._by_name(table, reference, bare=True)

    def _typedef(self, found: list[tuple[str, int]], user: str) -> list[tuple[str, int]]:
        """The `typedef` of a struct of the same name, which is what a bare type name means in C."""
        path, number = found[0]
        row = self.typer.row(path, number)
        if row.kind != Binds.TYPE:
            return found
        for other in (path, *sorted(included(self.typer, user))):
            table = self.typer.table(other)
            for at in table.by_name.get(row.name, ()) if table is not None else ():
                if table is not None and table.row(at).kind == Binds.ALIAS:
                    return [(other, at)]
        return found

    def _how(self, found: tuple[str, int], at: Place) -> str:
        path, number = found
        row = self.typer.row(path, number)
        if row.kind in (Binds.IMPORT, Binds.EXPORT):
            return f"imported in line {row.line + 1}"
        if path != at[0]:
            rivals = self.typer.rivals.get((row.name, at[0]))
            if rivals is not None and rivals > 1:
                return f"the nearest of {rivals} files that define it"
            if rivals == 0:
                return "declared here, and defined in no file here"
            return "the only definition in the program" if rivals else "of the same package"
        return "defined in this file" if row.owner < 0 else "defined in an enclosing scope"

    def _member(self, table: Table, reference: Reference, at: Place) -> Resolution:
        value = self.typer.form_value(reference.receiver, at)
        if value is None:
            return self._by_name(table, reference, bare=False)
        if value.kind == "outside":
            full = module_rules(table.facts.language).qualified(
                self.typer, f"{reference.receiver}.{reference.name}", at[0]
            )
            if full:
                return self._found(table, reference, full, "named in full", at)
            return ELSEWHERE
        found, complete = self.typer.member_bindings(value, reference.name, reference.role == Role.CALL)
        if found:
            return self._found(table, reference, found, self._of(value, reference), at)
        if complete:
            return ELSEWHERE
        return self._by_name(table, reference, bare=False, partly=True)

    def _of(self, value: Value, reference: Reference) -> str:
        if value.kind == "module":
            return f"of the module {value.key or '.'}"
        row = self.typer.row(value.path, value.number)
        return f"member of {row.name}"

    def _found(
        self, table: Table, reference: Reference, found: list[tuple[str, int]], reason: str, at: Place
    ) -> Resolution:
        """Follow imports to definitions; a variable is a target itself, unless a call can see through it."""
        found = self._declared_once(found)
        targets: list[Target] = []
        for path, number in found:
            followed = self.typer.followed(path, number)
            if followed is None:
                value = self.typer.binding_value(path, number)
                if value is None:
                    return self._by_name(table, reference, bare=True, partly=True)
                if value.kind == "module" and self.typer.provider.exists(value.key):
                    return self._made(table, [Target(value.key, FILE)], Tier.CERTAIN, reason)
                if value.kind != "definition":
                    return ELSEWHERE
                followed = value.path, value.number
            path, number = self._through(reference, *followed)
            if table.rules.overloads and reference.role == Role.CALL:
                targets += self._siblings(path, number)
            if Target(path, number) not in targets:
                targets.append(Target(path, number))
        targets = self._constructors(table, reference, list(dict.fromkeys(targets)))
        targets = self._overloads(reference, targets, at)
        twins = not table.rules.overloads and self._twins(targets)
        tier = Tier.CERTAIN if len(targets) == 1 or twins else Tier.POSSIBLE
        if len(targets) > 1 and table.rules.unit in _BY_PLATFORM and not reference.receiver.endswith("?"):
            tier, reason = max(tier, Tier.LIKELY), f"{reason}, one for each platform"
        if not reference.receiver and self._has_rivals(reference.name, targets, at):
            tier = min(tier, Tier.LIKELY)
        if not reference.receiver and reference.name in table.rules.library:
            reason = f"{reason}; the standard library has one, too"
            return self._made(table, targets, Tier.POSSIBLE, reason)._replace(probability=OF_LIBRARY)
        if reference.role == Role.CALL and self.typer.rivals.get((reference.name, at[0])) == 0:
            tier = Tier.POSSIBLE
        return self._made(table, targets, tier, reason)

    def _has_rivals(self, name: str, targets: list[Target], at: Place) -> bool:
        """Whether several files of a C program define a name, or none: which is linked is not in the text."""
        rivals = self.typer.rivals.get((name, at[0]), 1)
        return rivals != 1 and any(target.path != at[0] for target in targets)

    def _declared_once(self, found: list[tuple[str, int]]) -> list[tuple[str, int]]:
        """Of several assignments to one field or variable the one that says its type, else the first."""
        rows = [self.typer.row(*item) for item in found]
        if len(found) < 2 or any(row.kind not in (Binds.FIELD, Binds.VARIABLE) for row in rows):
            return found
        typed = [item for item, row in zip(found, rows, strict=True) if row.flags & Flag.TYPED]
        return [(typed or found)[0]]

    def _through(self, reference: Reference, path: str, number: int) -> tuple[str, int]:
        """The function that a called variable is known to hold, else the variable."""
        table = self.typer.table(path)
        if table is None or table.facts.language not in _SEES_THROUGH:
            return path, number
        if reference.role == Role.CALL and self.typer.row(path, number).kind in _HOLDERS:
            value = self.typer.binding_value(path, number)
            if value is not None and value.kind == "definition":
                return value.path, value.number
        return path, number

    def _siblings(self, path: str, number: int) -> list[Target]:
        """All functions of one name and owner: an import of one of them is an import of all."""
        row = self.typer.row(path, number)
        table = self.typer.table(path)
        if row.kind != Binds.FUNCTION or table is None:
            return []
        return [
            Target(path, at)
            for at in table.by_name.get(row.name, ())
            if table.row(at).owner == row.owner and table.row(at).kind == Binds.FUNCTION
        ]

    def _twins(self, targets: list[Target]) -> bool:
        """Several definitions of one name in one file that only conditions tell apart."""
        return len({target.path for target in targets}) == 1 and len(targets) <= 4

    def _constructors(self, table: Table, reference: Reference, targets: list[Target]) -> list[Target]:
        if reference.role != Role.CALL or not table.rules.constructors:
            return targets
        made: list[Target] = []
        for path, number in targets:
            row = self.typer.row(path, number)
            if row.kind != Binds.TYPE or number == FILE:
                made.append(Target(path, number))
                continue
            found: list[tuple[str, int]] = []
            for name in table.rules.constructors:
                own, _ = self.typer.members(path, number, row.name if name == "class" else name)
                found += [
                    item
                    for item in own
                    if self.typer.row(*item).kind == Binds.FUNCTION
                    and (name != "class" or self.typer.row(*item).owner == number)
                ]
            made += [Target(*item) for item in found] or [Target(path, number)]
        return made

    def _overloads(self, reference: Reference, targets: list[Target], at: Place) -> list[Target]:
        """Of several definitions, those that the call fits best by its arguments."""
        if len(targets) < 2 or reference.arguments < 0:
            return targets
        fitting = []
        for target in targets:
            row = self.typer.row(*target)
            given = reference.arguments
            if row.required == given or (row.flags & Flag.VARIADIC and given >= row.required - 1):
                fitting.append(target)
        if len(fitting) > 1 and reference.passed:
            fitting = best_overloads(self.typer, fitting, reference, at)
        fitting = fitting or targets
        table = self.typer.table(fitting[0].path)
        if table is not None and table.rules.unit in _BY_PLATFORM:
            return fitting
        nearest = self.typer.row(*fitting[0])
        return [
            target
            for target in fitting
            if target.path == fitting[0].path and self.typer.row(*target).owner == nearest.owner
        ]

    def _made(self, table: Table, targets: list[Target], tier: Tier, reason: str) -> Resolution:
        sure = probability(table.facts.language, tier.name.lower(), len(targets))
        return Resolution(tuple(targets), tier, sure, reason)

    # By name alone.

    def _by_name(self, table: Table, reference: Reference, bare: bool, partly: bool = False) -> Resolution:
        """Where nothing proves what is meant: definitions of that name which could be."""
        name = reference.name
        common = name in table.rules.common or len(name) < 3
        if not bare and (reference.role != Role.CALL or common):
            return UNKNOWN
        found = self._namesakes(table, name, bare)
        if not found:
            return UNKNOWN if partly or (not bare and self._is_field(name, table)) else ELSEWHERE
        if len(found) == 1 and not common and reference.role == Role.CALL:
            kind = "definition" if bare else "method"
            return self._made(table, found, Tier.LIKELY, f"only {kind} of that name")
        if len(found) > MAX_POSSIBLE:
            return UNKNOWN
        words = "only its name fits" if len(found) == 1 else f"one of {len(found)} of that name"
        return self._made(table, found, Tier.POSSIBLE, words)

    def _without_rules(self, table: Table, path: str, reference: Reference) -> Resolution:
        """By the name alone: a bare one as its file defines it, else as files of its language do."""
        name, bare = reference.name, reference.receiver != "?"
        around = _owners(table, reference.owner)
        here = [number for number in _named(table, name) if not _inside_another(table, number, around)]
        near = [number for number in here if table.row(number).owner in around]
        chosen = near or here
        if bare and chosen and len({table.row(number).owner for number in chosen}) == 1:
            targets = [Target(path, number) for number in chosen]
            return _matched(targets, Tier.LIKELY, "of that name in this file")
        tables = ((other, self.typer.table(other)) for other in sorted(self.typer.provider.defining(name)))
        found = [
            Target(other, number)
            for other, held in tables
            if held is not None and held.facts.language == table.facts.language
            for number in _named(held, name)
            if not _inside_another(held, number, around if other == path else set())
        ]
        if not found or len(found) > MAX_POSSIBLE:
            return UNKNOWN if found else ELSEWHERE
        if len(found) > 1:
            return _matched(found, Tier.POSSIBLE, f"one of {len(found)} of that name")
        called = bare and reference.role == Role.CALL and len(name) >= _TELLING
        return _matched(found, Tier.LIKELY if called else Tier.POSSIBLE, "the only one of that name")

    def _is_field(self, name: str, table: Table) -> bool:
        """Whether a field of the project has the name: it may hold what is called."""
        for path in sorted(self.typer.provider.defining(name)):
            other = self.typer.table(path)
            if other is None or family(other.facts.language) != family(table.facts.language):
                continue
            for number in other.by_name.get(name, ()):
                row = other.row(number)
                if row.kind == Binds.FIELD or (row.container and row.kind == Binds.VARIABLE):
                    return True
        return False

    def _namesakes(self, table: Table, name: str, bare: bool) -> list[Target]:
        found, fields = [], []
        for path in sorted(self.typer.provider.defining(name)):
            other = self.typer.table(path)
            if other is None or family(other.facts.language) != family(table.facts.language):
                continue
            for number in other.by_name.get(name, ()):
                row = other.row(number)
                member = bool(row.container) or (
                    row.owner >= 0 and other.row(row.owner).kind in (Binds.TYPE, Binds.IMPLEMENTS)
                )
                if not bare and _holds_function(row, other):
                    fields.append(Target(path, number))
                elif row.kind in (Binds.FUNCTION, Binds.TYPE, Binds.MACRO) and member != bare:
                    if bare and row.owner >= 0 and other.row(row.owner).kind == Binds.FUNCTION:
                        continue
                    found.append(Target(path, number))
        # A field alone says too little: any object may have one of that name.
        return found + fields if found else []


def _holds_function(row: Binding, table: Table) -> bool:
    """Whether a field is declared to hold a function, which is a method by another spelling."""
    typed = row.kind == Binds.FIELD and row.flags & Flag.TYPED and "=>" in row.value
    return bool(typed) and shape_of(row.value, table.facts.language).kind == "function"


def _matched(targets: list[Target], tier: Tier, words: str) -> Resolution:
    sure = probability(GENERIC, tier.name.lower(), len(targets) if tier == Tier.POSSIBLE else 1)
    return Resolution(tuple(targets), tier, sure, f"{words}, matched without rules")


def _imported(table: Table, reference: Reference, path: str) -> list[tuple[str, int]]:
    """The import that a name stands in: it may bind another name than this one."""
    if reference.role != Role.IMPORT:
        return []
    return [
        (path, number)
        for number, row in enumerate(table.facts.bindings)
        if row.kind == Binds.IMPORT
        and row.line == reference.line
        and row.value.endswith(f"#{reference.name}")
    ][:1]


def _named(table: Table, name: str) -> list[int]:
    return [number for number in table.by_name.get(name, ()) if table.row(number).kind in _NAMED]


def _inside_another(table: Table, number: int, around: set[int]) -> bool:
    """Whether a definition is local to a function that the use is not in."""
    owner = table.row(number).owner
    return owner >= 0 and owner not in around and table.row(owner).kind == Binds.FUNCTION


def _owners(table: Table, owner: int) -> set[int]:
    """The definitions around a place."""
    found = set()
    while owner >= 0:
        found.add(owner)
        owner = table.row(owner).owner
    return found
