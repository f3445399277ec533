"""Go: a folder is a package, an import path is a module's name and the folder behind it."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from codanna_core.relations.facts import Binding, Binds
from codanna_core.relations.types import Shape

if TYPE_CHECKING:
    from codanna_core.relations.modules import Found
    from codanna_core.relations.scopes import Table
    from codanna_core.relations.typer import Typer
from codanna_core.relations.values import Value


def _top(typer: Typer, folder: str, package: str, name: str) -> Found:
    found: Found = []
    for path in typer.by_folder.defining(name, folder):
        table = typer.table(path)
        if table is None or (package and table.facts.package != package):
            continue
        for number in table.by_name.get(name, ()):
            row = table.row(number)
            if row.owner < 0 and row.scope_end and not row.scope_start and row.kind != Binds.IMPORT:
                found.append((path, number))
    return found


def unit_names(typer: Typer, name: str, path: str, table: Table) -> Found:
    found = _top(typer, posixpath.dirname(path), table.facts.package, name)
    if found:
        return found
    for number in table.stars:
        folder = _folder(typer, table.row(number).value.partition("#")[0])
        if folder is not None:
            found = _top(typer, folder, "", name)
            if found:
                return found
    return []


def unbound(typer: Typer, name: str, path: str, table: Table) -> Value | None:
    from codanna_core.relations.values import OUTSIDE

    return OUTSIDE


def _folder(typer: Typer, module: str) -> str | None:
    """The folder of an import path; None for a package of nobody here."""
    for prefix, folder in typer.manifests.go_modules:
        if module == prefix or module.startswith(prefix + "/"):
            return posixpath.join(folder, module[len(prefix) :].lstrip("/")).rstrip("/")
    return None


def imported(typer: Typer, path: str, row: Binding) -> Value | None:
    from codanna_core.relations.values import OUTSIDE, Value

    folder = _folder(typer, row.value.partition("#")[0])
    if folder is None:
        return OUTSIDE
    return Value("module", path, key=folder, shape=Shape("name", "go"))


def exported(typer: Typer, key: str, name: str) -> tuple[Found, bool]:
    found = [item for item in _top(typer, key, "", name) if not item[0].endswith("_test.go")]
    return found, True


def outer_members(typer: Typer, path: str, row: Binding, name: str) -> Found:
    folder = posixpath.dirname(path)
    found: Found = []
    for other in typer.by_folder.defining(name, folder):
        table = typer.table(other) if other != path else None
        if table is None:
            continue
        found += [(other, at) for at in table.by_name.get(name, ()) if table.row(at).container == row.name]
    return found


def submodule(typer: Typer, key: str, name: str) -> Value | None:
    return None


def binding_of(typer: Typer, path: str, row: Binding) -> tuple[str, int] | None:
    return None


def qualified(typer: Typer, name: str, path: str) -> Found:
    return []


def seen_from(typer: Typer, path: str, row: Binding) -> str | None:
    # What is not exported begins with no capital letter; a function inside of another one has no name.
    return None if row.name[:1].isupper() else posixpath.dirname(path)
