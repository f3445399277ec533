"""Rust: modules are files by `mod`, paths begin at the crate, here, above, or at another crate here."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from codanna_core.relations.facts import Binding, Binds
from codanna_core.relations.modules.inner import inner_function
from codanna_core.relations.types import Shape

if TYPE_CHECKING:
    from codanna_core.relations.modules import Found
    from codanna_core.relations.scopes import Table
    from codanna_core.relations.typer import Typer
from codanna_core.relations.values import Value

MAX_STEPS = 12
_ROOTS = ("lib.rs", "main.rs", "mod.rs")


def _value(path: str) -> Value:
    from codanna_core.relations.values import Value

    return Value("module", path, key=path, shape=Shape("name", "rust"))


def _folder(path: str) -> str:
    """Where the child modules of a file are."""
    folder, base = posixpath.split(path)
    return folder if base in _ROOTS else posixpath.join(folder, base.removesuffix(".rs"))


def _child(typer: Typer, path: str, name: str) -> str | None:
    folder = _folder(path)
    for stem in (f"{name}.rs", f"{name}/mod.rs"):
        found = posixpath.join(folder, stem)
        if typer.provider.exists(found) and found != path:
            return found
    return None


def _parent(typer: Typer, path: str) -> str | None:
    folder, base = posixpath.split(path)
    if base in ("lib.rs", "main.rs"):
        return path
    if base == "mod.rs":
        folder = posixpath.dirname(folder)
    stems = [posixpath.join(folder, name) for name in ("mod.rs", "lib.rs", "main.rs")] + [f"{folder}.rs"]
    return next((stem for stem in stems if typer.provider.exists(stem) and stem != path), None)


def _root(typer: Typer, path: str) -> str:
    for _ in range(MAX_STEPS):
        above = _parent(typer, path)
        if above is None or above == path:
            break
        path = above
    return path


def _named(typer: Typer, path: str, name: str, depth: int = 0) -> Found:
    """A top-level name of a module, `*` imports included."""
    table = typer.table(path)
    if table is None or depth > 4:
        return []
    found = [
        (path, number)
        for number in table.by_name.get(name, ())
        if table.row(number).owner < 0 and table.row(number).scope_end and not table.row(number).scope_start
    ]
    if found:
        return found[:1]
    for number in table.stars:
        if table.row(number).owner < 0:
            value = _walk(typer, table.row(number).value.partition("#")[0].split("::"), path, depth + 1)
            more = _in(typer, value, name, depth + 1) if value is not None else []
            found += [item for item in more if item not in found]
    return found  # Several are under conditions that leave one of them.


def _in(typer: Typer, value: Value, name: str, depth: int = 0) -> Found:
    if value.kind == "module":
        return _named(typer, value.key, name, depth)
    if value.kind == "definition":
        return typer.members(value.path, value.number, name)[0]
    return []


def _walk(
    typer: Typer, parts: list[str], path: str, depth: int = 0, start: Value | None = None
) -> Value | None:
    """What a path of names leads to from a file; `OUTSIDE` for another crate that is not here."""
    from codanna_core.relations.values import OUTSIDE

    value = start
    here = path
    for number, part in enumerate(parts[:MAX_STEPS], 0 if start is None else 1):
        if not number and part in ("crate", "$crate"):
            value = _value(_root(typer, path))
        elif part == "self":
            value = value or _value(path)
        elif part == "super":
            above = _parent(typer, value.key if value is not None else here)
            value = _value(above) if above is not None else None
        elif not number:
            value = _first(typer, part, path, depth)
        elif value is not None and value.kind in ("module", "definition"):
            found = _in(typer, value, part, depth)
            below = submodule(typer, value.key, part) if value.kind == "module" else None
            value = typer.binding_value(*found[0]) if found else below
        if value is None or value.kind == "outside":
            return value if value is not None else (OUTSIDE if not number else None)
    return value


def _first(typer: Typer, name: str, path: str, depth: int) -> Value | None:
    found = _named(typer, path, name, depth)
    if found:
        return typer.binding_value(*found[0])
    child = _child(typer, path, name)
    if child is not None:
        return _value(child)
    for crate, _, root in typer.manifests.cargo_crates:
        if crate == name and typer.provider.exists(root):
            return _value(root)
    return None


def unit_names(typer: Typer, name: str, path: str, table: Table) -> Found:
    for number in table.stars if name not in table.rules.prelude else []:
        value = _led(typer, path, table.row(number))
        found = _in(typer, value, name) if value is not None else []
        if found:
            return found
    macros = [other for other in sorted(typer.provider.defining(name)) if _is_macro(typer, other, name)]
    return [(macros[0], typer.tables[macros[0]].by_name[name][0])] if len(macros) == 1 else []  # type: ignore[union-attr]


def _led(typer: Typer, path: str, row: Binding, *names: str) -> Value | None:
    """What the path of an import leads to, with names behind it; from the module inside the file around."""
    parts = [part for part in (*row.value.partition("#")[0].split("::"), *names) if part]
    inside = _module_around(typer, path, row.owner)
    start = None
    if inside is not None and parts[:1] == ["self"]:
        start, parts = inside, parts[1:]
    elif inside is not None and parts[:1] == ["super"]:
        while inside is not None and parts[:1] == ["super"]:
            inside = _module_around(typer, path, typer.row(path, inside.number).owner)
            parts = parts[1:]
        start = inside or _value(path)
    elif (
        inside is not None
        and parts
        and typer.members(path, inside.number, parts[0])[0] != _at(typer, path, row)
    ):
        start = inside if typer.members(path, inside.number, parts[0])[0] else None
    return _walk(typer, parts, path, start=start) if parts else start


def _at(typer: Typer, path: str, row: Binding) -> Found:
    """The row itself, as it is found by its name."""
    table = typer.table(path)
    numbers = table.by_name.get(row.name, ()) if table is not None else ()
    return [(path, number) for number in numbers if typer.row(path, number).at == row.at]


def _module_around(typer: Typer, path: str, owner: int) -> Value | None:
    """The module inside the file that an owner is, if it is one."""
    if owner < 0 or typer.row(path, owner).kind != Binds.MODULE:
        return None
    return Value("definition", path, owner)


def _is_macro(typer: Typer, path: str, name: str) -> bool:
    table = typer.table(path)
    return (
        table is not None
        and table.facts.language == "rust"
        and any(table.row(at).kind == Binds.MACRO for at in table.by_name.get(name, ()))
    )


def unbound(typer: Typer, name: str, path: str, table: Table) -> Value | None:
    from codanna_core.relations.values import OUTSIDE

    if name in ("crate", "super"):
        return _walk(typer, [name], path)
    for crate, _, root in typer.manifests.cargo_crates:
        if crate == name and typer.provider.exists(root):
            return _value(root)
    return OUTSIDE


def binding_of(typer: Typer, path: str, row: Binding) -> tuple[str, int] | None:
    module, _, name = row.value.partition("#")
    if not name or not module:
        return None
    value = _led(typer, path, row)
    found = _in(typer, value, name) if value is not None else []
    if not found or (found[0][0] == path and typer.row(*found[0]).at == row.at):
        return None
    return found[0]


def imported(typer: Typer, path: str, row: Binding) -> Value | None:
    from codanna_core.relations.values import OUTSIDE

    name = row.value.partition("#")[2]
    parts = row.value.partition("#")[0].split("::")
    if parts[0] == "self" and len(parts) == 2 and not name:
        child = _child(typer, path, parts[1])
        return _value(child) if child is not None else OUTSIDE
    value = _led(typer, path, row, name)
    if value is None and parts[0] not in ("self", "super", "crate"):
        return OUTSIDE
    return value


def exported(typer: Typer, key: str, name: str) -> tuple[Found, bool]:
    return _named(typer, key, name), False


def submodule(typer: Typer, key: str, name: str) -> Value | None:
    if name == "super":
        above = _parent(typer, key)
        return _value(above) if above is not None else None
    child = _child(typer, key, name)
    return _value(child) if child is not None else None


def outer_members(typer: Typer, path: str, row: Binding, name: str) -> Found:
    """Members that `impl` blocks of other files of the crate add."""
    found: Found = []
    for other in sorted(typer.provider.defining(name)):
        table = typer.table(other) if other != path else None
        if table is None or table.facts.language != "rust":
            continue
        for at in table.by_name.get(name, ()):
            owner = table.row(at).owner
            if (
                owner >= 0
                and table.row(owner).kind == Binds.IMPLEMENTS
                and table.row(owner).container == row.name
            ):
                found.append((other, at))
    return found


def qualified(typer: Typer, name: str, path: str) -> Found:
    return []


def seen_from(typer: Typer, path: str, row: Binding) -> str | None:
    return path if inner_function(typer, path, row) else None
