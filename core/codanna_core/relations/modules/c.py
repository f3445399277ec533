"""C and C++: one program shares its names; `static` ones stay in their file."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from typing import TYPE_CHECKING

from codanna_core.relations.facts import Binding, Binds, Flag

if TYPE_CHECKING:
    from codanna_core.relations.modules import Found
    from codanna_core.relations.scopes import Table
    from codanna_core.relations.typer import Typer
from codanna_core.relations.values import Value

MAX_FILES = 200
MAX_INCLUDED = 400
MAX_HEADERS = 60
"""A name that more headers use is so common that they say nothing about it."""
HEADERS = (".h", ".hpp", ".hh", ".hxx", ".inc", ".inl", ".ipp")
_LANGUAGES = ("c", "cpp")
_Candidate = tuple[bool, bool, int, str, int]
"""Whether it is a declaration, whether nothing includes it, how near it is, and where."""


def unit_names(typer: Typer, name: str, path: str, table: Table) -> Found:
    """Definitions before declarations; of several, those in included headers, then the nearest ones."""
    placed = list(_candidates(typer, name, table))
    defined = [(other, number) for other, number in placed if _is_plain(typer, other, number)]
    if len({other for other, _ in defined}) == 1 and len(defined) == len(_without_declared(typer, placed)):
        typer.rivals[name, path] = 1
        return defined  # Wherever it is: no header needs to be looked for.
    found: list[_Candidate] = []
    for other, number in placed:
        declared = bool(typer.row(other, number).flags & Flag.DECLARED)
        found.append((declared, other not in included(typer, path), -_shared(other, path), other, number))
    found = [item for item in found if _visible(typer, path, item, found)]
    if not found:
        return []
    found.sort()
    typer.rivals[name, path] = len(
        {item[3] for item in found if item[:2] == found[0][:2] and _defines(typer, item)}
    )
    return [(other, number) for *rank, other, number in found if rank == list(found[0][:3])]


def _candidates(typer: Typer, name: str, table: Table) -> Iterator[tuple[str, int]]:
    """All that a name may mean outside of its file."""
    for other in _defining(typer, name, table):
        held = typer.table(other)
        if held is None or held.facts.language not in _LANGUAGES:
            continue
        for number in held.by_name.get(name, ()):
            row = held.row(number)
            if row.container or not row.scope_end or row.kind in (Binds.PARAMETER, Binds.FIELD):
                continue
            nested = held.facts.language != "c" or row.kind != Binds.FUNCTION
            if row.owner >= 0 and nested and held.row(row.owner).kind not in (Binds.MODULE, Binds.TYPE):
                continue
            yield other, number


def _is_plain(typer: Typer, path: str, number: int) -> bool:
    """Whether it is a definition that all of the program may use without seeing it."""
    row = typer.row(path, number)
    return row.kind == Binds.FUNCTION and not row.flags & (Flag.DECLARED | Flag.STATIC)


def _without_declared(typer: Typer, placed: Found) -> Found:
    return [item for item in placed if not typer.row(*item).flags & Flag.DECLARED]


def _defining(typer: Typer, name: str, table: Table | None) -> list[str]:
    """Files that define a name, first those of its definitions; members that C++ declares are in headers."""
    found = sorted(typer.provider.defining(name))
    if table is None or table.facts.language == "c":
        return found[:MAX_FILES]
    headers = [path for path in sorted(typer.provider.using(name)) if path.endswith(HEADERS)]
    if len(headers) <= MAX_HEADERS:
        found += [path for path in headers if path not in found]
    return found[:MAX_FILES]


def _defines(typer: Typer, item: _Candidate) -> bool:
    return not item[0] or typer.row(*item[3:]).kind == Binds.MACRO


def _visible(typer: Typer, path: str, item: _Candidate, all_: list[_Candidate]) -> bool:
    """A macro is seen where its header is included, a variable elsewhere where something declares it."""
    other, number = item[3:]
    if other == path:
        return True
    row = typer.row(other, number)
    if row.kind == Binds.MACRO or row.flags & (Flag.DECLARED | Flag.STATIC):
        return other in included(typer, path)
    if row.kind == Binds.VARIABLE and not other.endswith(HEADERS):
        return any(declared for declared, *_ in all_)
    return True


def included(typer: Typer, path: str) -> frozenset[str]:
    """All files that a file includes, directly or not, as far as the project has them."""
    if path not in typer.reach:
        seen = {path}
        waiting = [path]
        while waiting and len(seen) < MAX_INCLUDED:
            current = waiting.pop()
            table = typer.table(current)
            if table is None:
                continue
            for number in table.stars:
                for found in _headers(typer, table.row(number).value.partition("#")[0], current):
                    if found not in seen:
                        seen.add(found)
                        waiting.append(found)
        typer.reach[path] = frozenset(seen)
    return typer.reach[path]


def _headers(typer: Typer, name: str, path: str) -> list[str]:
    beside = posixpath.normpath(posixpath.join(posixpath.dirname(path), name))
    if typer.provider.exists(beside):
        return [beside]
    return sorted(typer.provider.named(name))[:4]


def _shared(one: str, other: str) -> int:
    """How many folders two paths have in common, from the root."""
    common = posixpath.commonpath([posixpath.dirname(one), posixpath.dirname(other)])
    return common.count("/") + 1 if common else 0


def unbound(typer: Typer, name: str, path: str, table: Table) -> Value | None:
    from codanna_core.relations.values import OUTSIDE

    return OUTSIDE


def binding_of(typer: Typer, path: str, row: Binding) -> tuple[str, int] | None:
    return None


def imported(typer: Typer, path: str, row: Binding) -> Value | None:
    return None


def exported(typer: Typer, key: str, name: str) -> tuple[Found, bool]:
    return [], False


def submodule(typer: Typer, key: str, name: str) -> Value | None:
    return None


def outer_members(typer: Typer, path: str, row: Binding, name: str) -> Found:
    """Out-of-line members of a class in other files."""
    found: Found = []
    for other in _defining(typer, name, typer.table(path)):
        held = typer.table(other) if other != path else None
        if held is None or held.facts.language not in _LANGUAGES:
            continue
        found += [
            (other, at)
            for at in held.by_name.get(name, ())
            if held.row(at).container.rsplit(".", 1)[-1] == row.name
        ]
    return found


def qualified(typer: Typer, name: str, path: str) -> Found:
    return []


def seen_from(typer: Typer, path: str, row: Binding) -> str | None:
    return None
