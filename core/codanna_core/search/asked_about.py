"""Which definition a question about relations means: by its name, by a place, or by changed lines."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import field
from pathlib import PurePosixPath

from codanna_core.errors import InvalidQuery
from codanna_core.languages.lines import Lines
from codanna_core.model import Kind
from codanna_core.records import dataclass
from codanna_core.relations.facts import Binding, Binds, Flag, Reference
from codanna_core.relations.local_uses import local_at
from codanna_core.relations.modules import HOMES, module_rules
from codanna_core.relations.resolve import Resolver
from codanna_core.relations.scopes import Table
from codanna_core.relations.values import FILE, Target
from codanna_core.results import Relation, RelationRequest
from codanna_core.search.relations import ViewProvider
from codanna_core.search.view import SearchView
from codanna_core.text.stored import Filter, StoredSymbol
from codanna_core.words import index_text

MOST_CANDIDATES = 200
"""A name with more definitions is no question that a list could answer."""
MOST_CHANGED = 2_000

_SEPARATOR = re.compile(r"::|[.#/]")
_CALLABLE = frozenset({Kind.FUNCTION, Kind.METHOD, Kind.CLASS, Kind.STRUCT, Kind.MACRO, Kind.TRAIT})
_NEVER = frozenset({Kind.TEXT, Kind.HEADING})
_DEFINES = (Binds.FUNCTION, Binds.TYPE, Binds.ALIAS, Binds.MODULE, Binds.VARIABLE, Binds.FIELD, Binds.MACRO)
_AROUND = (Binds.FUNCTION, Binds.TYPE, Binds.MACRO)


@dataclass(slots=True)
class AskedAbout:
    """Groups of definitions; those of one group are one to whoever asks."""

    groups: list[list[Target]] = field(default_factory=list)
    symbols: dict[Target, StoredSymbol] = field(default_factory=dict)
    """What the index says of those that were found by name."""
    unread: list[StoredSymbol] = field(default_factory=list)
    """Definitions of that name in files without facts."""
    used: str = ""
    """A name that is used, and means no definition here."""


class Asked:
    """Finds what a question is about. For one question."""

    def __init__(self, view: SearchView, provider: ViewProvider, resolver: Resolver) -> None:
        self._view = view
        self._provider = provider
        self._resolver = resolver

    def about(self, request: RelationRequest) -> AskedAbout:
        """What a question is about."""
        if request.changed:
            return AskedAbout([self._changed(request.changed)])
        if request.path is not None and request.line is not None:
            found, used = self._at(request)
            return AskedAbout(self._grouped(found), used="" if found or request.exact else used)
        if not request.name:
            raise InvalidQuery("name a definition, or a place in a file")
        return self._named(request)

    # By name.

    def _named(self, request: RelationRequest) -> AskedAbout:
        *containers, name = [part for part in _SEPARATOR.split(request.name.strip()) if part] or [""]
        rows = self._view.named([name], MOST_CANDIDATES, Filter()) if name else None
        symbols = [
            symbol
            for symbol in (self._view.symbols(rows) if rows is not None else [])
            if symbol.kind not in _NEVER
        ]
        symbols = _inside(symbols, containers)
        if request.path is not None:
            symbols = [symbol for symbol in symbols if symbol.path == request.path]
        if request.relation is not Relation.REFERENCES:
            symbols = [symbol for symbol in symbols if symbol.kind in _CALLABLE] or symbols
        found = AskedAbout()
        targets: list[Target] = []
        for symbol in symbols:
            target = (self._by_line(symbol) if len(symbols) > 1 else None) or self._target_of(symbol)
            if target is not None:
                targets.append(target)
                found.symbols[target] = symbol
            else:
                found.unread.append(symbol)
        found.groups = self._grouped(targets)
        if not containers and not found.groups and not found.unread:
            found.used = name
        return found

    def _by_line(self, symbol: StoredSymbol) -> Target | None:
        """By what the facts say of the line alone: of many of a name, no file is read to list them."""
        table = self._resolver.typer.table(symbol.path)
        for number in table.by_name.get(symbol.name, ()) if table is not None else ():
            row = table.row(number) if table is not None else None
            if row is not None and row.kind in _DEFINES and row.line == symbol.name_line:
                return Target(symbol.path, number)
        return None

    def _target_of(self, symbol: StoredSymbol) -> Target | None:
        table = self._resolver.typer.table(symbol.path)
        lines = self._provider.lines(symbol.path) if table is not None else None
        if table is None or lines is None:
            return None
        rows = [
            number
            for number in table.by_name.get(symbol.name, ())
            if table.row(number).kind in _DEFINES and lines.line_of(table.row(number).at) == symbol.name_line
        ]
        return Target(symbol.path, rows[0]) if rows else None

    def _grouped(self, targets: Iterable[Target]) -> list[list[Target]]:
        """Overloads and twins of one owner together; declarations only where no definition is."""
        groups: dict[tuple[object, ...], list[Target]] = {}
        declared: list[Target] = []
        for target in dict.fromkeys(targets):
            row = self._row(target)
            if row is not None and row.flags & Flag.DECLARED and row.kind == Binds.FUNCTION and row.owner < 0:
                declared.append(target)
                continue
            twins = row is not None and row.kind in (Binds.FUNCTION, Binds.MACRO)
            key = (target.path, row.owner, row.container) if twins and row is not None else target
            groups.setdefault(key, []).append(target)
        found = list(groups.values())
        if not found and declared:
            # Without a definition the declarations are all that there is, and they are of one thing.
            return [declared]
        return found

    def _row(self, target: Target) -> Binding | None:
        table = self._resolver.typer.table(target.path)
        return table.row(target.number) if table is not None and target.number != FILE else None

    # By place.

    def _at(self, request: RelationRequest) -> tuple[list[Target], str]:
        """The definitions that a place is about, and the name that is used there."""
        path, line, name = request.path or "", request.line or 0, request.name
        table = self._resolver.typer.table(path)
        lines = self._provider.lines(path) if table is not None else None
        if table is None or lines is None or line >= len(lines.starts):
            return [], ""
        whole = place = _line(lines, line)
        if request.character is not None:
            text = lines.texts[line].decode("utf-8", "replace").encode("utf-16-le")[: 2 * request.character]
            start = place[0] + len(text.decode("utf-16-le", "replace").encode("utf-8", "replace"))
            place = start, start
        found = self._definitions(path, table, place, _DEFINES, name)
        if not found and request.exact and (local := local_at(table, lines.data, place[0])) is not None:
            found = [Target(path, local)]
        if found:
            return found, ""
        uses = [
            use
            for use in table.facts.references
            if _touches(use.at, use.name, *place) and name in ("", use.name)
        ]
        if uses:
            return self._meant(path, uses, files=request.exact), uses[0].name
        if request.exact and (imported := self._imported(path, table, lines, place[0])):
            return imported, ""
        # Clients that count roughly point at the keyword or the indentation before a name.
        found = self._definitions(path, table, whole, _AROUND, name)
        if found or request.exact:
            return found[:1], ""
        around = [
            number
            for number, row in enumerate(table.facts.bindings)
            if row.kind in _AROUND and row.start <= place[0] < row.end and name in ("", row.name)
        ]
        return [Target(path, around[-1])] if around else [], ""

    def _definitions(
        self, path: str, table: Table, place: tuple[int, int], kinds: Sequence[Binds], name: str
    ) -> list[Target]:
        return [
            Target(path, number)
            for number, row in ((number, table.row(number)) for number in table.near(*place))
            if row.kind in kinds and _touches(row.at, row.name, *place) and name in ("", row.name)
        ]

    def _imported(self, path: str, table: Table, lines: Lines, place: int) -> list[Target]:
        """What a name at a place is another name of, and the file of a module that is named there."""
        typer, line = self._resolver.typer, lines.line_of(place)
        for number, row in enumerate(table.facts.bindings):
            if row.kind != Binds.IMPORT or row.line != line:
                continue
            if _touches(row.at, row.name, place, place):
                found = typer.followed(path, number)
                return [Target(*found)] if found is not None else self._file(path, table, row)
            module = row.value.rpartition("#")[0]
            at = lines.texts[line].find(module.encode()) if module else -1
            if at >= 0 and _touches(lines.starts[line] + at, module, place, place):
                return self._file(path, table, row._replace(value=f"{module}#"))
        return []

    def _file(self, path: str, table: Table, row: Binding) -> list[Target]:
        """The file of the module that is imported."""
        if table.facts.language not in HOMES:
            return []
        value = module_rules(table.facts.language).imported(self._resolver.typer, path, row)
        is_file = value is not None and value.kind == "module" and self._provider.exists(value.key)
        return [Target(value.key, FILE)] if value is not None and is_file else []

    def _meant(self, path: str, uses: Sequence[Reference], *, files: bool) -> list[Target]:
        found: list[Target] = []
        for use in uses:
            found += [one for one in self._resolver.resolve(path, use).targets if files or one.number != FILE]
        return list(dict.fromkeys(found))

    # By changed lines.

    def _changed(self, changed: Sequence[tuple[str, int, int]]) -> list[Target]:
        """The innermost definition around each changed line."""
        found: dict[Target, None] = {}
        for path, first, last in changed:
            table = self._resolver.typer.table(path)
            lines = self._provider.lines(path) if table is not None else None
            if table is None or lines is None:
                continue
            rows = [
                (lines.line_of(row.start), lines.line_of(max(row.start, row.end - 1)), number)
                for number, row in enumerate(table.facts.bindings)
                if row.kind in _AROUND
            ]
            for number in _innermost(rows, first, min(last, len(lines.starts))):
                found[Target(path, number)] = None
                if len(found) >= MOST_CHANGED:
                    return list(found)
        return list(found)


def _innermost(rows: Sequence[tuple[int, int, int]], first: int, last: int) -> set[int]:
    """For each line the last of the spans around it that begins before the others end."""
    found: set[int] = set()
    near = [row for row in rows if row[0] <= last and row[1] >= first]
    for line in range(first, last + 1):
        around = [(start, -end, number) for start, end, number in near if start <= line <= end]
        if around:
            found.add(max(around)[2])
        if not near:
            break
    return found


def _line(lines: Lines, line: int) -> tuple[int, int]:
    """First byte of a line, and the byte behind it."""
    behind = line + 1 < len(lines.starts)
    return lines.starts[line], lines.starts[line + 1] if behind else len(lines.data) + 1


def _touches(at: int, name: str, start: int, end: int) -> bool:
    """Whether a name stands in a part of the text, or at a place of no length."""
    if start == end:
        return at <= start <= at + len(name.encode())
    return start <= at < end


def _inside(symbols: Sequence[StoredSymbol], containers: Sequence[str]) -> list[StoredSymbol]:
    """Those in containers of these names; where none is, those whose paths have the names.

    Spelled exactly comes first: in Python `shop.total` is a function of the package, no method of `Shop`.
    """
    exact = set(containers)
    if spelled := [one for one in symbols if exact.issubset(_parts(one))]:
        return spelled
    placed = [
        one
        for one in symbols
        if exact.issubset([*_parts(one), *PurePosixPath(one.path).with_suffix("").parts])
        and exact.issuperset(_parts(one))
    ]
    if placed:
        return placed
    wanted = set(index_text(" ".join(containers)).split())
    by_container = [one for one in symbols if wanted.issubset(index_text(one.container).split())]
    return by_container or [
        one for one in symbols if wanted.issubset(index_text(f"{one.path} {one.container}").split())
    ]


def _parts(symbol: StoredSymbol) -> list[str]:
    return [part for part in _SEPARATOR.split(symbol.container) if part]
