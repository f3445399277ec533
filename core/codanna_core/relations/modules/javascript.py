"""JavaScript and TypeScript: relative paths, `package.json` names and `tsconfig` paths lead to files."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING, Any

from codanna_core.relations.facts import Binding, Binds
from codanna_core.relations.types import Shape

if TYPE_CHECKING:
    from codanna_core.relations.modules import Found
    from codanna_core.relations.scopes import Table
    from codanna_core.relations.typer import Typer
from codanna_core.relations.values import Value

ENDINGS = (".ts", ".tsx", ".mts", ".cts", ".js", ".jsx", ".mjs", ".cjs", ".d.ts")
_COMPILED = {".js": (".ts", ".tsx"), ".mjs": (".mts",), ".cjs": (".cts",), ".jsx": (".tsx",)}
MAX_STARS = 30


def _file_at(typer: Typer, stem: str) -> str | None:
    """The file that a path without or with an ending leads to, an index file of a folder included."""
    stem = posixpath.normpath(stem)
    if stem.startswith(".."):
        return None
    exists = typer.provider.exists
    base, ending = posixpath.splitext(stem)
    for other in _COMPILED.get(ending, ()):
        if exists(base + other):
            return base + other
    if ending in ENDINGS and exists(stem):
        return stem
    for other in ENDINGS:
        if exists(stem + other):
            return stem + other
    prefix = "" if stem == "." else stem + "/"
    return next((path for other in ENDINGS if exists(path := f"{prefix}index{other}")), None)


def _target(typer: Typer, module: str, path: str) -> str | None:
    if module.startswith("."):
        place = posixpath.normpath(posixpath.join(posixpath.dirname(path), module))
        found = _file_at(typer, place)
        folders = typer.manifests.node_packages.values() if found is None else ()
        here = "" if place == "." else place
        return found or next((_in_package(typer, *held, "") for held in folders if held[0] == here), None)
    for folder, pattern, targets in typer.manifests.typescript_paths:
        if folder and not path.startswith(folder + "/"):
            continue
        head, star, tail = pattern.partition("*")
        if module == pattern or (star and module.startswith(head) and module.endswith(tail)):
            middle = module[len(head) : len(module) - len(tail)] if star else ""
            for target in targets:
                found = _file_at(typer, target.replace("*", middle))
                if found is not None:
                    return found
    packages = typer.manifests.node_packages
    parts = module.split("/")
    for size in (2, 1) if module.startswith("@") else (1,):
        held = packages.get("/".join(parts[:size]))
        if held is not None:
            return _in_package(typer, *held, "/".join(parts[size:]))
    return None


def _in_package(typer: Typer, folder: str, manifest: dict[str, Any], rest: str) -> str | None:
    if rest:
        stems = [f"src/{rest}", rest, f"lib/{rest}"]
    else:
        stated = [manifest.get(key) for key in ("source", "types", "module", "main")]
        stems = ["src/index", *(item for item in stated if isinstance(item, str)), "index", "lib/index"]
    for stem in stems:
        found = _file_at(typer, posixpath.join(folder, stem))
        if found is not None:
            return found
    return None


def unit_names(typer: Typer, name: str, path: str, table: Table) -> Found:
    return []


def unbound(typer: Typer, name: str, path: str, table: Table) -> Value | None:
    from codanna_core.relations.values import OUTSIDE

    return OUTSIDE


def _top(typer: Typer, path: str, name: str, seen: frozenset[str]) -> Found:
    """What a module gives under a name: its exports first, then its own names, then what it passes on."""
    table = typer.table(path)
    if table is None:
        return []
    numbers = table.by_name.get("default" if name == "=" else name, ())
    exports = [
        at for at in numbers if table.row(at).kind == Binds.EXPORT or table.row(at).container == "exports"
    ]
    if not exports:
        exports = [
            at
            for at in numbers
            if table.row(at).owner < 0 and not table.row(at).scope_start and not table.row(at).container
        ]
    if exports:
        return [(path, exports[0])]
    for number in table.stars if len(seen) < MAX_STARS else ():
        target = _target(typer, table.row(number).value.partition("#")[0], path)
        if target is not None and target not in seen:
            found = _top(typer, target, name, seen | {target})
            if found:
                return found
    return []


def binding_of(typer: Typer, path: str, row: Binding) -> tuple[str, int] | None:
    module, mark, name = row.value.partition("#")
    if not mark:
        table = typer.table(path)
        if table is None or not row.value.isidentifier():
            return None
        numbers = table.lookup(row.value, row.at, row.owner)
        return (path, numbers[0]) if numbers else None
    target = _target(typer, module, path) if name else None
    if target is None:
        return None
    found = _top(typer, target, name, frozenset({target}))
    if not found and name == "default":
        found = _top(typer, target, "=", frozenset({target}))
    if not found or (typer.row(*found[0]).kind == Binds.MODULE and name in ("=", "default")):
        return None
    return found[0]


def imported(typer: Typer, path: str, row: Binding) -> Value | None:
    from codanna_core.relations.values import OUTSIDE, Value

    module, mark, name = row.value.partition("#")
    if not mark:
        return typer.form_value(row.value, (path, row.at, row.owner)) if row.value else None
    target = _target(typer, module, path)
    if target is None:
        return None if module.startswith(".") else OUTSIDE
    if name in ("", "=", "default"):
        return Value("module", path, key=target, shape=Shape("name", "javascript"))
    return None


def exported(typer: Typer, key: str, name: str) -> tuple[Found, bool]:
    return _top(typer, key, name, frozenset({key})), False


def submodule(typer: Typer, key: str, name: str) -> Value | None:
    return None


def outer_members(typer: Typer, path: str, row: Binding, name: str) -> Found:
    return []


def qualified(typer: Typer, name: str, path: str) -> Found:
    return []


def seen_from(typer: Typer, path: str, row: Binding) -> str | None:
    return None
