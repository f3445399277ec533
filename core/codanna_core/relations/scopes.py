"""Which binding a bare name means at a place of its file."""

from __future__ import annotations

from collections import defaultdict

from codanna_core.relations.facts import Binding, Binds, Facts, Flag
from codanna_core.relations.rules import Rules, rules_of

FLOW = ("python", "go", "rust")
"""Languages in which the last binding before the place counts when a scope binds a name twice."""


class Table:
    """The bindings of one file by name and by what they are members of."""

    def __init__(self, facts: Facts) -> None:
        self.facts = facts
        self.rules: Rules = rules_of(facts.language)
        self.by_name: dict[str, list[int]] = defaultdict(list)
        self.by_owner: dict[int, list[int]] = defaultdict(list)
        self.stars: list[int] = []
        self.containers: set[str] = set()
        self.blocks: dict[str, list[int]] = defaultdict(list)
        """`impl` blocks by the type that they add members to."""
        for number, row in enumerate(facts.bindings):
            self.by_name[row.name].append(number)
            self.by_owner[row.owner].append(number)
            if row.container:
                self.containers.add(row.container)
            if row.name == "*":
                self.stars.append(number)
            if row.kind == Binds.IMPLEMENTS:
                self.blocks[row.container].append(number)

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
        for number in self.by_name.get(name, ()):
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
