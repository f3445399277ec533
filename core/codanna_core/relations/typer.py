"""What an expression in normal form stands for: a small typer that follows names, members and calls.

It never guesses: what it cannot follow is `None`, and what is known to be of no file of the project is
`OUTSIDE`. The difference decides whether a name alone may be matched afterwards.
"""

from __future__ import annotations

from codanna_core.relations.by_folder import ByFolder
from codanna_core.relations.facts import Binding, Binds, Flag
from codanna_core.relations.forms import parse_form
from codanna_core.relations.manifests import Manifests
from codanna_core.relations.modules import module_rules
from codanna_core.relations.provider import Provider
from codanna_core.relations.scopes import Table
from codanna_core.relations.types import Shape, is_argument, shape_of
from codanna_core.relations.values import OUTSIDE, Place, Value

MAX_DEPTH = 14
MAX_STEPS = 4000


class Typer:
    """Follows expressions through the files of one provider; keeps what it found until it is dropped."""

    def __init__(self, provider: Provider) -> None:
        self.provider = provider
        self.manifests = Manifests(provider)
        self.tables: dict[str, Table | None] = {}
        self.values: dict[tuple[str, int], Value | None] = {}
        self.running: set[tuple[str, int]] = set()
        self.steps = 0
        self.by_folder = ByFolder(provider)
        self.reach: dict[str, frozenset[str]] = {}
        """What a file includes, kept for C."""
        self.rivals: dict[tuple[str, str], int] = {}
        """How many files of a program define a name, seen from a file; kept for C."""

    def table(self, path: str) -> Table | None:
        if path not in self.tables:
            facts = self.provider.facts(path)
            self.tables[path] = Table(facts) if facts is not None else None
        return self.tables[path]

    def row(self, path: str, number: int) -> Binding:
        table = self.table(path)
        assert table is not None
        return table.row(number)

    # Names.

    def names(self, name: str, at: Place, called: bool | None = None) -> list[tuple[str, int]]:
        """The bindings that a bare name means, imports not yet followed."""
        path, place, owner = at
        table = self.table(path)
        if table is None:
            return []
        found = table.lookup(name, place, owner, called)
        if table.rules.members_are_bare and (not found or table.row(found[0]).owner < 0):
            inherited = self._bare_member(name, table, path, owner, called)
            if inherited:
                return inherited
        if found and not (table.rules.unit == "program" and table.row(found[0]).flags & Flag.DECLARED):
            return [(path, number) for number in found]
        beyond = module_rules(table.facts.language).unit_names(self, name, path, table)
        return beyond or [(path, number) for number in found]

    def _bare_member(
        self, name: str, table: Table, path: str, owner: int, called: bool | None
    ) -> list[tuple[str, int]]:
        for number in table.enclosing_types(owner):
            found, _ = self.members(path, number, name, called)
            if found:
                return found
        if owner >= 0:
            container = self._container_of(path, owner)
            if container is not None:
                return self.members(*container, name, called)[0]
        return []

    def _container_of(self, path: str, owner: int) -> tuple[str, int] | None:
        """The type that an out-of-line function belongs to (C++, Rust, Go)."""
        table = self.table(path)
        while table is not None and owner >= 0:
            row = table.row(owner)
            if row.container:
                value = self.type_value(row.container, (path, row.at, row.owner))
                if value is not None and value.kind == "instance":
                    return value.path, value.number
                return None
            owner = row.owner
        return None

    def name_value(self, name: str, at: Place, called: bool | None = None) -> Value | None:
        """What a bare name stands for."""
        table = self.table(at[0])
        if table is None:
            return None
        if name in table.rules.self_names:
            return self._self(at, table)
        if name == "Self" and table.facts.language == "rust":
            held = self._self(at, table)
            return held._replace(kind="definition") if held is not None and held.kind == "instance" else held
        found = self.names(name, at, called)
        if found:
            return self.merged(found)
        if name in table.rules.prelude:
            return OUTSIDE
        return module_rules(table.facts.language).unbound(self, name, at[0], table)

    def _self(self, at: Place, table: Table) -> Value | None:
        if table.facts.language == "javascript":
            held = self._container_of(at[0], at[2])
            if held is not None:
                return Value("instance", *held)
        for number in table.enclosing_types(at[2]):
            row = table.row(number)
            if row.kind == Binds.TYPE:
                return Value("instance", at[0], number)
            value = self.type_value(row.container, (at[0], row.at, row.owner))
            if value is not None:
                return value
        held = self._container_of(at[0], at[2])
        return Value("instance", *held) if held is not None else None

    def followed(self, path: str, number: int) -> tuple[str, int] | None:
        """The binding behind an import, however often it is passed on; None for a module or the outside."""
        for _ in range(MAX_DEPTH):
            row = self.row(path, number)
            if row.kind not in (Binds.IMPORT, Binds.EXPORT):
                return path, number
            table = self.table(path)
            assert table is not None
            found = module_rules(table.facts.language).binding_of(self, path, row)
            if found is None or found == (path, number):
                return (path, number) if row.kind == Binds.EXPORT and "#" not in row.value else None
            path, number = found
        return None

    def merged(self, found: list[tuple[str, int]]) -> Value | None:
        """What several bindings of one name stand for: the one thing of the project that any of them is."""
        if len(found) == 1:
            return self.binding_value(*found[0])
        values = [self.binding_value(*item) for item in found[:8]]
        inside = [value for value in values if value is not None and value.kind != "outside"]
        if inside:
            same = {(value.kind, value.path, value.number) for value in inside}
            return inside[0] if len(same) == 1 or inside[0].kind == "definition" else None
        return None if None in values else OUTSIDE

    def binding_value(self, path: str, number: int) -> Value | None:
        """What a binding stands for; what is being asked already stands for nothing."""
        key = (path, number)
        if key in self.values:
            return self.values[key]
        if key in self.running or len(self.running) > MAX_DEPTH * 4 or self.steps > MAX_STEPS:
            return None
        self.running.add(key)
        self.steps += 1
        try:
            value = self._binding_value(path, number)
        finally:
            self.running.discard(key)
        if not self.running:
            self.steps = 0
        if value is not None or not self.running:
            self.values[key] = value
        return value

    def _binding_value(self, path: str, number: int) -> Value | None:
        row = self.row(path, number)
        kind = row.kind
        if kind in (Binds.FUNCTION, Binds.TYPE, Binds.MODULE, Binds.MACRO):
            return Value("definition", path, number)
        at = (path, row.at, row.owner)
        if kind in (Binds.IMPORT, Binds.EXPORT):
            table = self.table(path)
            assert table is not None
            rules = module_rules(table.facts.language)
            found = rules.binding_of(self, path, row)
            return self.binding_value(*found) if found is not None else rules.imported(self, path, row)
        if kind == Binds.ALIAS:
            value = self.type_value(row.value, at)
            if value is not None and value.kind == "instance":
                return value._replace(kind="definition")
            return value
        if not row.value:
            return None
        if row.flags & Flag.TYPED:
            return self.type_value(row.value, at)
        return self.form_value(row.value, at)

    # Types.

    def type_value(self, text: str, at: Place) -> Value | None:
        """An instance of the type of that text."""
        table = self.table(at[0])
        if table is None:
            return None
        return self.shape_value(shape_of(text, table.facts.language), at)

    def shape_value(self, shape: Shape, at: Place, depth: int = 0) -> Value | None:
        if depth > MAX_DEPTH:
            return None
        if shape.kind == "name":
            return self._named(shape, at)
        if shape.kind == "transparent":
            own = self._named(shape, at)  # The project may have a type of that name.
            inside = own is not None and own.kind == "instance"
            return own if inside else self.shape_value(shape.arguments[0], at, depth + 1)
        if shape.kind == "union":
            values = [self.shape_value(part, at, depth + 1) for part in shape.arguments]
            found = [value for value in values if value is not None and value.kind == "instance"]
            if len({(value.path, value.number) for value in found}) == 1:
                return found[0]
            return None if found or None in values else OUTSIDE
        if shape.kind == "class":
            value = self.shape_value(shape.arguments[0], at, depth + 1) if shape.arguments else None
            return value._replace(kind="definition") if value and value.kind == "instance" else value
        if shape.kind in ("sequence", "tuple", "function"):
            return Value("shape", at[0], at[2], shape=shape, place=at[1])
        return None

    def _named(self, shape: Shape, at: Place) -> Value | None:
        value = self.form_value(shape.name, at)
        if value is None or value.kind == "outside":
            table = self.table(at[0])
            return None if table is not None and shape.name in table.rules.dynamic else value
        if value.kind == "definition":
            row = self.row(value.path, value.number)
            if row.kind == Binds.TYPE:
                if row.value and not row.bases:
                    return self._underlying(value, row)
                return value._replace(kind="instance", arguments=shape.arguments, origin=(at[0], at[1]))
            return value._replace(kind="instance") if self._constructs(value) else None
        return value if value.kind in ("instance", "shape") else None

    def _underlying(self, value: Value, row: Binding) -> Value:
        """A defined type over another one (`type Handlers []Handler`) keeps both its members and shape."""
        table = self.table(value.path)
        assert table is not None
        shape = shape_of(row.value, table.facts.language)
        if shape.kind in ("sequence", "function", "tuple"):
            return value._replace(kind="instance", shape=shape, place=row.at)
        return value._replace(kind="instance")

    # Expressions.

    def form_value(self, form: str, at: Place) -> Value | None:
        """What an expression in normal form stands for at a place."""
        start, steps = parse_form(form)
        value = self._start(start, at, bool(steps) and steps[0] == "()")
        number = 0
        while number < len(steps):
            if value is None or value.kind == "outside":
                return value
            step = steps[number]
            called = number + 1 < len(steps) and steps[number + 1] == "()"
            number += 1
            if step == "()":
                value = self._called(value)
            elif step[0] != ".":
                value = self._step(value, step)
            elif called and self._passes(value, step[1:]):
                number += 1
            else:
                value = self.member_value(value, step[1:], called)
        return value

    def _passes(self, value: Value, name: str) -> bool:
        """Whether a call of that library member gives the receiver itself on (`unwrap`, `iter`)."""
        table = self.table(value.path) if value.path else None
        if table is None or name not in table.rules.passes or value.kind == "module":
            return False
        return not self.member_bindings(value, name, called=True)[0]

    def _start(self, start: str, at: Place, called: bool) -> Value | None:
        if start == "!":
            return OUTSIDE
        if start == "^":
            return self._parent(at)
        if not start or start == "?":
            return None
        if start[0] == "<":
            return self.type_value(start[1:-1], at)
        return self.name_value(start, at, called)

    def _parent(self, at: Place) -> Value | None:
        table = self.table(at[0])
        here = self._self(at, table) if table is not None else None
        if here is None or here.kind != "instance":
            return here
        row = self.row(here.path, here.number)
        for base in row.bases:
            value = self.type_value(base, (here.path, row.at, row.owner))
            if value is not None:
                return value
        return OUTSIDE if row.bases else None

    def _step(self, value: Value, step: str) -> Value | None:
        if step == "~":
            held = value.shape if value.kind == "shape" else None
            return self._part(value, "*") if held is not None and held.kind == "sequence" else value
        return self._part(value, step)

    def _sequence(self, value: Value, depth: int = 0) -> Value | None:
        """The sequence that a value is, or that its type inherits from."""
        if value.shape is not None and value.shape.kind == "sequence":
            return value
        if value.kind == "instance" and depth < 6 and value.number >= 0:
            for base in self.bases(value.path, value.number):
                found = self._sequence(base, depth + 1) if base is not None else None
                if found is not None:
                    return found
        return None

    def _part(self, value: Value, step: str) -> Value | None:
        if value.shape is None and step in ("*", "[]"):
            value = self._sequence(value) or value
        shape = value.shape
        if shape is None:
            table = self.table(value.path) if value.kind == "instance" else None
            return value if table is not None and table.rules.unit == "program" else None
        origin = (value.path, value.place, value.number if value.kind == "shape" else -1)
        if shape.kind == "sequence":
            return self.shape_value(shape.arguments[0], origin) if step[0] != "#" else None
        if shape.kind == "tuple" and step[0] == "#":
            number = int(step[1:]) if step[1:].isdigit() else -1
            if 0 <= number < len(shape.arguments):
                return self.shape_value(shape.arguments[number], origin)
        return None

    def _called(self, value: Value) -> Value | None:
        if value.kind == "shape" and value.shape is not None and value.shape.kind == "function":
            return self.shape_value(value.shape.arguments[0], (value.path, value.place, value.number))
        if value.kind == "instance":
            if value.shape is not None and value.shape.kind == "function":
                return self.shape_value(value.shape.arguments[0], (value.path, value.place, -1))
            return None
        if value.kind != "definition":
            return None
        row = self.row(value.path, value.number)
        if row.kind == Binds.TYPE:
            if row.value and not row.bases:
                return self._underlying(value, row)
            return value._replace(kind="instance")
        if self._constructs(value):
            return value._replace(kind="instance")
        return self.result(value.path, value.number)

    def _constructs(self, value: Value) -> bool:
        """Whether a plain function is the constructor of a type by its prototype (JavaScript)."""
        table = self.table(value.path)
        if table is None or table.facts.language != "javascript":
            return False
        row = table.row(value.number)
        return row.kind == Binds.FUNCTION and row.name in table.containers

    def result(self, path: str, number: int) -> Value | None:
        """What a call of a function gives."""
        row = self.row(path, number)
        if row.kind != Binds.FUNCTION or not row.value:
            return None
        at = (path, row.end - 1 if row.end > row.at else row.at, number)
        key = (path, -2 - number)  # Apart from the function itself, which may be asked about meanwhile.
        if key in self.running or len(self.running) > MAX_DEPTH * 4:
            return None
        self.running.add(key)
        try:
            if row.flags & Flag.TYPED:
                return self.type_value(row.value, at)
            return self.form_value(row.value, at)
        finally:
            self.running.discard(key)

    # Members.

    def member_value(self, value: Value, name: str, called: bool | None = None) -> Value | None:
        """What `value.name` stands for."""
        found, complete = self.member_bindings(value, name, called)
        if found:
            path, number = found[0]
            row = self.row(path, number)
            if row.kind == Binds.FUNCTION and row.flags & Flag.PROPERTY:
                return self.result(path, number)
            return self.merged(found)
        table = self.table(value.path) if value.path else None
        if table is not None and name in table.rules.elements:
            held = self._sequence(value)
            if held is not None and held.shape is not None:
                return held._replace(kind="shape", shape=Shape("function", "", held.shape.arguments))
        if called and table is not None and table.rules.namespaces:
            fields, _ = self.member_bindings(value, name, called=False)
            kept = self.merged(fields) if fields else None
            if kept is not None and kept.shape is not None and kept.shape.kind == "function":
                return kept  # A call of what a field holds.
        if complete:
            own = value.kind == "instance" and value.number >= 0 and self.row(value.path, value.number)
            return None if own and is_argument(own.name, own.bases) else OUTSIDE
        if value.kind == "module" and value.shape is not None:
            return module_rules(value.shape.name).submodule(self, value.key, name)
        return None

    def member_bindings(
        self, value: Value, name: str, called: bool | None = None
    ) -> tuple[list[tuple[str, int]], bool]:
        """The bindings that `value.name` means, and whether all places where it could be were seen."""
        if value.kind in ("instance", "definition"):
            row = self.row(value.path, value.number)
            if row.kind in (Binds.TYPE, Binds.MODULE) or self._constructs(value):
                return self.members(value.path, value.number, name, called)
            return [], False
        if value.kind == "module":
            language = value.shape.name if value.shape is not None else ""
            return module_rules(language).exported(self, value.key, name)
        return [], value.kind in ("outside", "shape")

    def members(
        self,
        path: str,
        number: int,
        name: str,
        called: bool | None = None,
        seen: frozenset[tuple[str, int]] = frozenset(),
    ) -> tuple[list[tuple[str, int]], bool]:
        """The members of that name of a type, its own before those it inherits."""
        table = self.table(path)
        if table is None or (path, number) in seen or len(seen) > 20:
            return [], True
        row = table.row(number)
        own = self._whole_members(path, table, number, row, name, called)
        overloaded = bool(called) and table.rules.overloads
        if own and not overloaded:
            return own, True
        seen = seen | {(path, number)}
        complete = True
        for base in self.bases(path, number):
            if base is None or base.kind != "instance":
                complete = complete and base is not None
                continue
            found, whole = self.members(base.path, base.number, name, called, seen)
            if found and not overloaded:
                return found, True
            own += self._not_overridden(own, found) if found else []
            complete = complete and whole
        return own, complete or bool(own)

    def _not_overridden(
        self, own: list[tuple[str, int]], found: list[tuple[str, int]]
    ) -> list[tuple[str, int]]:
        taken = {(self.row(*item).required, self.row(*item).bases) for item in own}
        return [item for item in found if (self.row(*item).required, self.row(*item).bases) not in taken]

    def bases(self, path: str, number: int) -> list[Value | None]:
        """The types that a type inherits from or embeds, those of its `impl` blocks included."""
        row = self.row(path, number)
        at = (path, row.start, row.owner)
        values = [self.type_value(base, at) for base in row.bases]
        table = self.table(path)
        for block in table.blocks.get(row.name, ()) if table is not None else ():
            held = table.row(block) if table is not None else row
            values += [self.type_value(base, (path, held.at, held.owner)) for base in held.bases]
        return values

    def _whole_members(
        self, path: str, table: Table, number: int, row: Binding, name: str, called: bool | None
    ) -> list[tuple[str, int]]:
        """Own members; where only a declaration is there, the definitions outside of the type instead."""
        found = self._own_members(path, table, number, row, name, called)
        if table.rules.unit != "program" or not found or not self.row(*found[0]).flags & Flag.DECLARED:
            return found
        apart = [(path, at) for at in table.by_name.get(name, ()) if table.adds_to(at, row.name)]
        return apart or module_rules(table.facts.language).outer_members(self, path, row, name) or found

    def _own_members(
        self, path: str, table: Table, number: int, row: Binding, name: str, called: bool | None
    ) -> list[tuple[str, int]]:
        """Members inside the definition, else those that its file adds to it, else those of other files."""
        found = [(path, at) for at in table.members(table.inside(number, name), called)]
        if found or row.kind not in (Binds.TYPE, Binds.FUNCTION, Binds.MODULE):
            return self._with_bodies(found)
        here = table.members(table.by_name.get(name, ()), called)
        found = [(path, at) for at in here if table.adds_to(at, row.name)]
        if not found and row.kind == Binds.TYPE:
            outer = module_rules(table.facts.language).outer_members(self, path, row, name)
            found = [item for item in outer if table.fits(self.row(*item), called)]
        return self._with_bodies(found)

    def _with_bodies(self, found: list[tuple[str, int]]) -> list[tuple[str, int]]:
        """Definitions before declarations where both are there."""
        if len(found) < 2:
            return found
        bodies = [item for item in found if not self.row(*item).flags & Flag.DECLARED]
        functions = [item for item in bodies if self.row(*item).kind == Binds.FUNCTION]
        return functions or bodies or found
