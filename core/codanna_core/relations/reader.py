"""From the bytes of a file to its facts: captures say what a name is, a reader what a definition says."""

from __future__ import annotations

import math
from bisect import bisect_right
from importlib import import_module
from typing import Protocol

from codanna_core.languages.captures import Node, captures, load_references
from codanna_core.languages.lines import to_utf8
from codanna_core.languages.text_only import grammar_of
from codanna_core.relations.expressions import Forms, side
from codanna_core.relations.facts import SEPARATOR, Binding, Binds, Facts, Reference, Role, is_local
from codanna_core.relations.rules import GENERIC, Rules, rules_of
from codanna_core.relations.scopes import Table
from codanna_core.runtime.limits import processor_time

DEADLINE_S = 5.0
MAX_BYTES = 4 << 20
"""Larger files are generated or minified; their names are found, their relations are not."""
MAX_ROWS = 200_000

_BY_NAME = "codanna_core.relations.readers.generic"

MEMBER_ONLY = (-2, -2)
"""The scope of a name that is only reached through what it is a member of."""

ROLES = {
    "call": Role.CALL,
    "write": Role.WRITE,
    "type": Role.TYPE,
    "import": Role.IMPORT,
    "inherit": Role.INHERIT,
    "decorator": Role.DECORATOR,
    "tag": Role.READ,
    "value": Role.VALUE,
}
"""Captures on the name itself; a later one outranks an earlier one for the same place."""
_ORDER = ("value", "write", "type", "call", "import", "inherit", "decorator", "tag")
_OWNERS = {Binds.FUNCTION, Binds.TYPE, Binds.MODULE, Binds.IMPLEMENTS, Binds.MACRO}


class Reader(Protocol):
    """A module of `readers/`."""

    def read(self, builder: Builder, found: dict[str, list[Node]]) -> None:
        """Add the file's bindings to `builder`."""


class Builder:
    """Collects bindings while a reader goes through the captured nodes."""

    def __init__(self, data: bytes, language: str, rules: Rules) -> None:
        self.forms = Forms(data, rules)
        self.language = language
        self.rules = rules
        self.package = ""
        self.size = len(data)
        self.rows: list[Binding] = []
        self.bound: set[int] = set()
        self.skipped: set[int] = set()
        """Names that are no uses, though the query takes them for some."""
        self.receivers: dict[int, str] = {}
        """Receivers that do not stand before the name, by its first byte; tried before the bare name."""
        self.text = self.forms.text

    def bind(
        self,
        name: Node,
        kind: Binds,
        around: Node | None = None,
        *,
        value: str = "",
        container: str = "",
        bases: tuple[str, ...] = (),
        flags: int = 0,
        required: int = -1,
        scope: tuple[int, int] | None = None,
        called: str | None = None,
    ) -> None:
        """Bind a name. `around` is the whole definition; `scope` where the name holds, else the innermost."""
        text = self.text(name) if called is None else called
        if not text or len(text) > 200:
            return
        node = around if around is not None else name
        begin, end = scope if scope is not None else (-1, -1)
        if called is None or called == self.text(name):
            self.bound.add(name.start_byte)
        row = Binding(
            text,
            int(kind),
            name.start_byte,
            name.start_point.row,
            node.start_byte,
            node.end_byte,
            begin,
            end,
            -1,
            value if len(value) <= 400 else "",
            container,
            bases[:32],
            flags,
            required,
        )
        self.rows.append(row)


def read_facts(data: bytes, language: str, deadline_s: float = DEADLINE_S) -> Facts | None:
    """The facts of a file; None for a language without rules. Never raises for bad input."""
    rules = rules_of(language)
    if not rules.reader:
        return None
    data = to_utf8(data)
    if len(data) > MAX_BYTES:
        return Facts(language, "", (), (), complete=False)
    if rules.reader == GENERIC:
        found_by_name: Facts = import_module(_BY_NAME).read_by_name(data, language, deadline_s)
        return found_by_name
    found = captures(data, language, deadline_s)
    if found is None:
        return Facts(language, "", (), (), complete=False)
    builder = Builder(data, language, rules)
    reader: Reader = import_module(f"codanna_core.relations.readers.{rules.reader}")
    reader.read(builder, found)
    scopes = Spans([(node.start_byte, node.end_byte) for node in found.get("scope", ())])
    bindings, owners = placed(builder, scopes)
    references = _references(builder, found, owners)
    references = _without_locals(Facts(language, "", tuple(bindings), tuple(references)))
    complete = len(bindings) <= MAX_ROWS and len(references) <= MAX_ROWS
    return Facts(
        language, builder.package, tuple(bindings[:MAX_ROWS]), tuple(references[:MAX_ROWS]), complete
    )


def read_facts_within(data: bytes, path: str, seconds: float) -> Facts | None:
    """As `read_facts`, for helper processes: more processor time than this ends the process.

    What is loaded first is ours, and does not count.
    """
    language = grammar_of(data, path)
    if language is None or not rules_of(language.name).reader:
        return None
    load_references(language.name)
    with processor_time(seconds):
        return read_facts(data, language.name, math.inf)


class Spans:
    """Nested spans, and which of them is the innermost around a place."""

    def __init__(self, spans: list[tuple[int, int]], values: list[int] | None = None) -> None:
        order = sorted(range(len(spans)), key=lambda at: (spans[at][0], -spans[at][1]))
        self.starts = [spans[at][0] for at in order]
        self.ends = [spans[at][1] for at in order]
        self.values = [at if values is None else values[at] for at in order]
        self.around: list[int] = []
        open_: list[int] = []
        for number, start in enumerate(self.starts):
            while open_ and self.ends[open_[-1]] <= start:
                open_.pop()
            self.around.append(open_[-1] if open_ else -1)
            open_.append(number)

    def innermost(self, place: int, apart_from: tuple[int, int] | None = None) -> int:
        """The number of the innermost span around `place`, -1 for none; never the span `apart_from`."""
        number = bisect_right(self.starts, place) - 1
        while number >= 0 and (
            self.ends[number] <= place or (self.starts[number], self.ends[number]) == apart_from
        ):
            number = self.around[number]
        return number


def placed(builder: Builder, scopes: Spans) -> tuple[list[Binding], Spans]:
    """The bindings in the order of the file, each with its scope and its owner."""
    rows = sorted(builder.rows, key=lambda row: (row.start, -row.end, row.at))[:MAX_ROWS]
    numbers = [at for at, row in enumerate(rows) if row.kind in _OWNERS]
    owners = Spans([(rows[at].start, rows[at].end) for at in numbers], numbers)
    placed: list[Binding] = []
    for row in rows:
        own = (row.start, row.end)
        owner = owners.innermost(row.start, own if row.kind in _OWNERS else None)
        owner_number = owners.values[owner] if owner >= 0 else -1
        if owner_number >= len(placed):
            owner_number = -1  # Two definitions of one span: neither owns the other.
        begin, end = row.scope_start, row.scope_end
        if begin == MEMBER_ONLY[0]:
            begin = end = 0
        elif begin < 0:
            scope = scopes.innermost(row.start if row.kind in _OWNERS else row.at, own)
            begin, end = 0, builder.size + 1
            if scope >= 0:
                begin, end = scopes.starts[scope] or 1, scopes.ends[scope]
        placed.append(row._replace(owner=owner_number, scope_start=begin, scope_end=end))
    return placed, owners


def _references(builder: Builder, found: dict[str, list[Node]], owners: Spans) -> list[Reference]:
    roles: dict[int, int] = {}
    for capture in _ORDER:
        role = int(ROLES[capture])
        for node in found.get(capture, ()):
            roles[node.start_byte] = role
    skipped = builder.skipped | builder.bound
    skipped.update(node.start_byte for node in found.get("skip", ()))
    forms = builder.forms
    members = {**forms.member, **forms.invoke}
    rows = []
    for node in found.get("name", ()):
        at = node.start_byte
        role = roles.get(at, 0)
        if at in skipped and role != Role.WRITE and role != Role.IMPORT:
            continue
        parent = node.parent
        receiver = builder.receivers.get(at, "")
        top = node
        if parent is not None and parent.type in members:
            before = side(parent, members[parent.type][0])
            if before is not None and before.start_byte < at:
                receiver = forms.of(before)
                top = node if parent.type in forms.invoke else parent
        given = _given(top) if role == Role.CALL else None
        arguments, passed = -1, ""
        if given is not None:
            arguments = len(given)
            if builder.rules.overloads:
                passed = SEPARATOR.join(forms.of(argument)[:100] for argument in given[:12])
        owner = owners.innermost(at)
        rows.append(
            Reference(
                forms.text(node),
                role,
                at,
                node.start_point.row,
                receiver[:400],
                owners.values[owner] if owner >= 0 else -1,
                arguments,
                passed,
            )
        )
    return rows


def _without_locals(facts: Facts) -> list[Reference]:
    """The uses that another definition could be asked about; those of local variables are none.

    They are half of all uses. A called one is kept: it may hold a function.
    """
    table = Table(facts)
    kept = []
    for reference in facts.references:
        if not reference.receiver and reference.role not in (Role.CALL, Role.IMPORT):
            found = table.lookup(reference.name, reference.at, reference.owner)
            if found and is_local(facts, facts.bindings[found[0]]):
                continue
        kept.append(reference)
    return kept


def _given(called: Node) -> list[Node] | None:
    """The arguments of the call around; None where it spreads a sequence or is not understood."""
    call = called.parent
    if call is not None and call.type.startswith(("generic_type", "scoped_type")):
        call = call.parent
    given = call.child_by_field_name("arguments") if call is not None else None
    if given is None:
        return None
    named = [child for child in given.named_children if not child.is_extra]
    if any("splat" in child.type or "spread" in child.type or "variadic" in child.type for child in named):
        return None
    return named
