"""Which binding a bare name means at a place of its file."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from functools import cached_property
from typing import TypeVar

from codanna_core.relations.columns import Columns, Records
from codanna_core.relations.facts import Binding, Binds, Facts, Flag, Reference, Rows
from codanna_core.relations.rules import Rules, rules_of

FLOW = ("python", "go", "rust")
"""Languages in which the last binding before the place counts when a scope binds a name twice."""


_NAME, _KIND, _AT, _OWNER, _VALUE, _CONTAINER, _SCOPE_START, _SCOPE_END = map(
    Binding._fields.index, ("name", "kind", "at", "owner", "value", "container", "scope_start", "scope_end")
)
_LONGEST = 1_000
"""Bytes; of longer names so many count."""
_MANY = 8
"""Bindings of one name beyond these are looked through by columns."""
Record = TypeVar("Record")
_USED = Reference._fields.index("name")


class Named:
    """The numbers of bindings by their names, found when they are asked for."""

    def __init__(self, find: Callable[[str], list[int]]) -> None:
        self._find = find
        self._found: dict[str, list[int]] = {}

    def __getitem__(self, name: str) -> list[int]:
        if name not in self._found:
            self._found[name] = self._find(name)
        return self._found[name]

    def __contains__(self, name: str) -> bool:
        return bool(self[name])

    def get(self, name: str, default: Sequence[int] = ()) -> Sequence[int]:
        """As of a dictionary."""
        return self[name] or default


class Table:
    """The bindings of one file by name and by what they are members of."""

    def __init__(self, facts: Facts) -> None:
        self.facts = facts
        self.rules: Rules = rules_of(facts.language)
        self._rows = _searched(facts.bindings)
        self._uses = _searched(facts.references)
        self.by_name = Named(lambda name: self._rows.holding(_NAME, name))
        self._inside: dict[str, dict[int, list[int]]] = {}
        """Bindings by name and owner, as far as they were asked for."""
        self.stars = self.by_name["*"]
        self.blocks: dict[str, list[int]] = defaultdict(list)
        """`impl` blocks by the type that they add members to."""
        for number in self.of_kind(Binds.IMPLEMENTS):
            self.blocks[self.row(number).container].append(number)

    @cached_property
    def containers(self) -> set[str]:
        """The types that bindings say they are members of."""
        return self._rows.texts(_CONTAINER) - {""}

    def of_kind(self, *kinds: Binds) -> list[int]:
        """The bindings of these kinds."""
        return self._rows.having(_KIND, kinds)

    def owned(self, owner: int) -> list[int]:
        """The bindings whose definition around them is this one."""
        return self._rows.having(_OWNER, (owner,))

    def inside(self, owner: int, name: str) -> list[int]:
        """Those of a name."""
        if name not in self._inside:
            found = self._inside[name] = {}
            for number in self.by_name.get(name):
                found.setdefault(self._rows.number(_OWNER, number), []).append(number)
        return self._inside[name].get(owner, [])

    def valued(self, names: Collection[str]) -> list[int]:
        """The variables, imports and exports whose value ends with one of these names."""
        ends = tuple(f"{mark}{name}" for name in names for mark in ".#")
        if not self._rows.may_end(_VALUE, ends, names):
            return []
        numbers = self.of_kind(Binds.VARIABLE, Binds.IMPORT, Binds.EXPORT)
        values = ((number, self._rows.text(_VALUE, number)) for number in numbers)
        return [number for number, value in values if value in names or value.endswith(ends)]

    def uses(self, names: Iterable[str]) -> list[Reference]:
        """The uses of some names, in the order in which they stand there."""
        found = {number for name in names for number in self._uses.holding(_USED, name)}
        return [self.facts.references[number] for number in sorted(found)]

    def row(self, number: int) -> Binding:
        return self.facts.bindings[number]

    def adds_to(self, at: int, type_name: str) -> bool:
        """Whether a binding is a member of that type by what is written around or before it."""
        member = self.row(at)
        if member.container.rsplit(".", 1)[-1] == type_name and member.kind in (
            Binds.FUNCTION,
            Binds.FIELD,
            Binds.VARIABLE,
        ):
            return True
        if member.owner < 0:
            return False
        block = self.row(member.owner)
        return block.kind == Binds.IMPLEMENTS and block.container == type_name

    def lookup(self, name: str, place: int, owner: int, called: bool | None = None) -> list[int]:
        """The bindings that a bare name means, most often one; several for overloads and `#ifdef` twins."""
        best: list[int] = []
        best_size = 1 << 60
        numbers = self.by_name.get(name, ())
        if len(numbers) > _MANY:
            numbers = self._rows.around(numbers, (_SCOPE_START, _SCOPE_END), place)
        for number in numbers:
            row = self.facts.bindings[number]
            if not row.scope_start <= place < row.scope_end or row.kind in (Binds.EXPORT, Binds.IMPLEMENTS):
                continue
            if self._hidden(row, owner, place) or not self.fits(row, called):
                continue
            size = row.scope_end - row.scope_start
            if size < best_size:
                best, best_size = [number], size
            elif size == best_size:
                best.append(number)
        if len(best) > 1:
            return self._chosen(best, place)
        return best

    def near(self, start: int, end: int) -> list[int]:
        """Bindings whose names may have a byte of a part of the text."""
        return self._rows.between(_AT, start - _LONGEST, end)

    def members(self, numbers: Iterable[int], called: bool | None) -> Iterator[int]:
        """Those that can be members, as the name is used."""
        for number in numbers:
            row = self.row(number)
            if row.kind not in (Binds.PARAMETER, Binds.IMPLEMENTS) and self.fits(row, called):
                yield number

    def fits(self, row: Binding, called: bool | None) -> bool:
        """Whether the binding is in the namespace of functions, or in that of values, as it is used."""
        if called is None or not self.rules.namespaces or row.kind in (Binds.TYPE, Binds.IMPORT):
            return True
        if row.kind == Binds.VARIABLE and row.flags & Flag.STATIC:
            return True  # A variant of an `enum` of Rust is made by a call.
        return (row.kind == Binds.FUNCTION) == called

    def _hidden(self, row: Binding, owner: int, place: int) -> bool:
        """A name of a class body is not seen from the functions inside it, where members need a receiver."""
        if row.owner < 0 or self.rules.members_are_bare:
            return False
        around = self.facts.bindings[row.owner]
        if around.kind != Binds.TYPE or row.kind == Binds.ALIAS:
            return False
        return owner != row.owner or (self.facts.language in FLOW and row.at >= place)

    def _chosen(self, numbers: list[int], place: int) -> list[int]:
        rows = self.facts.bindings
        renamed = [at for at in numbers if rows[at].kind == Binds.MACRO and rows[at].flags & Flag.DECLARED]
        numbers = [at for at in numbers if at not in renamed] or numbers
        callables = [at for at in numbers if rows[at].kind in (Binds.FUNCTION, Binds.TYPE, Binds.MACRO)]
        if callables and len(callables) == len(numbers):
            bodies = [at for at in callables if not rows[at].flags & Flag.DECLARED]
            return bodies or callables
        if self.facts.language in FLOW:
            before = [at for at in numbers if rows[at].at <= place and rows[at].scope_start > 0]
            if before:
                return [before[-1]]
        return [callables[0]] if callables else [numbers[0]]

    def enclosing_types(self, owner: int) -> list[int]:
        """The types around an owner, innermost first, `impl` blocks among them."""
        found = []
        while owner >= 0:
            row = self.facts.bindings[owner]
            if row.kind in (Binds.TYPE, Binds.IMPLEMENTS):
                found.append(owner)
            owner = row.owner
        return found


def _searched(rows: Rows[Record]) -> Columns[Record] | Records[Record]:
    return rows if isinstance(rows, Columns) else Records(rows)
