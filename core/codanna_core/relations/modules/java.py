"""Java: a class is found by its package and name, whatever folder its source root is in."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from codanna_core.relations.facts import Binding, Binds

if TYPE_CHECKING:
    from codanna_core.relations.modules import Found
    from codanna_core.relations.scopes import Table
    from codanna_core.relations.typer import Typer
from codanna_core.relations.values import Value

MAX_NESTED = 8


def _in_package(typer: Typer, package: str, name: str, path: str) -> Found:
    """The top-level type of a package, that of the nearest module and source root first."""
    found: list[tuple[tuple[int, int], int, str, int]] = []
    for other in sorted(typer.provider.defining(name)):
        table = typer.table(other)
        if table is None or table.facts.language != "java" or table.facts.package != package:
            continue
        for number in table.by_name.get(name, ()):
            row = table.row(number)
            if row.owner < 0 and row.kind == Binds.TYPE:
                shared = -len(posixpath.commonpath([other, path])) if other and path else 0
                found.append(((0, 0), shared, other, number))
    if len(found) > 1:
        distance = typer.manifests.java_modules.distance
        found = [(distance(path, other), shared, other, number) for _, shared, other, number in found]
    return [(other, number) for *_, other, number in sorted(found)[:1]]


def _qualified(typer: Typer, name: str, path: str) -> Found:
    """A class by its full name, nested ones included."""
    parts = name.split(".")
    for size in range(len(parts) - 1, -1, -1):
        found = _in_package(typer, ".".join(parts[:size]), parts[size], path)
        for nested in parts[size + 1 : size + 1 + MAX_NESTED]:
            found = typer.members(*found[0], nested)[0] if found else []
        if found:
            return found
    return []


def unit_names(typer: Typer, name: str, path: str, table: Table) -> Found:
    found = _in_package(typer, table.facts.package, name, path)
    if found:
        return found
    for number in table.stars:
        module = table.row(number).value.partition("#")[0]
        if module.startswith("static "):
            holder = _qualified(typer, module.removeprefix("static "), path)
            found = typer.members(*holder[0], name)[0] if holder else []
        else:
            found = _in_package(typer, module, name, path)
            if not found:
                holder = _qualified(typer, module, path)
                found = typer.members(*holder[0], name)[0] if holder else []
        if found:
            return found
    return []


def unbound(typer: Typer, name: str, path: str, table: Table) -> Value | None:
    from codanna_core.relations.values import OUTSIDE

    return OUTSIDE


def binding_of(typer: Typer, path: str, row: Binding) -> tuple[str, int] | None:
    module, _, name = row.value.partition("#")
    if module.startswith("static "):
        holder = _qualified(typer, module.removeprefix("static "), path)
        found = typer.members(*holder[0], name)[0] if holder else []
    else:
        found = _qualified(typer, f"{module}.{name}", path)
    return found[0] if found else None


def imported(typer: Typer, path: str, row: Binding) -> Value | None:
    from codanna_core.relations.values import OUTSIDE

    return OUTSIDE


def exported(typer: Typer, key: str, name: str) -> tuple[Found, bool]:
    return [], True


def submodule(typer: Typer, key: str, name: str) -> Value | None:
    return None


def outer_members(typer: Typer, path: str, row: Binding, name: str) -> Found:
    return []


def qualified(typer: Typer, name: str, path: str) -> Found:
    return (
        _qualified(typer, name, path) if name.replace(".", "").isidentifier() and name[:1].islower() else []
    )


def seen_from(typer: Typer, path: str, row: Binding) -> str | None:
    return None
