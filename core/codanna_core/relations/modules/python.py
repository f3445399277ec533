"""Python: modules are files below a source root, packages are folders."""

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

MAX_STARS = 12


def _value(path: str) -> Value:
    from codanna_core.relations.values import Value

    return Value("module", path, key=path, shape=Shape("name", "python"))


def _module_at(typer: Typer, stem: str) -> str | None:
    """The file of a module by its path without suffix; a folder without `__init__.py` ends with `/`."""
    for suffix in ("/__init__.py", ".py", ".pyi", "/__init__.pyi", ".pyx"):
        path = stem + suffix if stem else suffix.lstrip("/")
        if typer.provider.exists(path):
            return path
    if stem and any(path.endswith(".py") for path in typer.provider.folder(stem)):
        return stem + "/"
    return None


def _is_package(typer: Typer, folder: str) -> bool:
    return typer.provider.exists(posixpath.join(folder, "__init__.py"))


def _absolute(typer: Typer, module: str, path: str) -> str | None:
    """The file of an absolute import, looked for from the importing file's folder upwards."""
    stem = module.replace(".", "/")
    folder = posixpath.dirname(path)
    first = True
    while True:
        # Inside a package an absolute import does not see the neighbours.
        if not (first and _is_package(typer, folder)):
            for root in (folder, posixpath.join(folder, "src"), posixpath.join(folder, "lib")):
                if not _is_package(typer, root):
                    found = _module_at(typer, posixpath.join(root, stem))
                    if found is not None and not found.endswith("/"):
                        return found
        first = False
        if not folder:
            break
        folder = posixpath.dirname(folder)
    found = _module_at(typer, stem)
    for root in typer.manifests.python_roots if found is None else ():
        inside = _module_at(typer, posixpath.join(root, stem))
        if inside is not None and not inside.endswith("/"):
            return inside
    return found or _elsewhere(typer, stem)


def _elsewhere(typer: Typer, stem: str) -> str | None:
    """The one file whose path ends like the module, below a folder that is no package (a monorepo's part)."""
    ends = [f"{stem}.py"] if "/" in stem else []
    ends.append(f"{stem}/__init__.py")
    paths = [path for end in ends for path in typer.provider.named(end) if path != end]
    roots = [
        path
        for path in paths
        if not _is_package(typer, path[: path.rindex(f"/{stem}")] if f"/{stem}" in path else "")
    ]
    return roots[0] if len(roots) == 1 else None


def _target(typer: Typer, module: str, path: str) -> str | None:
    if not module.startswith("."):
        return _absolute(typer, module, path)
    dots = len(module) - len(module.lstrip("."))
    folder = posixpath.dirname(path)
    for _ in range(dots - 1):
        folder = posixpath.dirname(folder)
    rest = module.lstrip(".").replace(".", "/")
    return _module_at(typer, posixpath.join(folder, rest) if rest else folder)


def unit_names(typer: Typer, name: str, path: str, table: Table) -> Found:
    return _from_stars(typer, name, path, table, frozenset({path}))


def _from_stars(typer: Typer, name: str, path: str, table: Table, seen: frozenset[str]) -> Found:
    if name.startswith("_") or len(seen) > MAX_STARS:
        return []
    for number in reversed(table.stars):
        target = _target(typer, table.row(number).value.partition("#")[0], path)
        if target is not None and target not in seen:
            found = _top(typer, target, name, seen | {target})
            if found:
                return found
    return []


def _top(typer: Typer, path: str, name: str, seen: frozenset[str]) -> Found:
    table = typer.table(path)
    if table is None:
        return []
    numbers = [
        number
        for number in table.by_name.get(name, ())
        if table.row(number).owner < 0 and table.row(number).scope_start == 0 and table.row(number).scope_end
    ]
    if numbers:
        definitions = [at for at in numbers if table.row(at).kind in (Binds.FUNCTION, Binds.TYPE)]
        return [(path, (definitions or numbers)[-1])]
    return _from_stars(typer, name, path, table, seen)


def unbound(typer: Typer, name: str, path: str, table: Table) -> Value | None:
    from codanna_core.relations.values import OUTSIDE

    return OUTSIDE


def binding_of(typer: Typer, path: str, row: Binding) -> tuple[str, int] | None:
    module, _, name = row.value.partition("#")
    target = _target(typer, module, path) if name else None
    if target is None or target.endswith("/"):
        return None
    found = _top(typer, target, name, frozenset({target}))
    if not found or (found[0][0] == path and typer.row(*found[0]).at == row.at):
        return None
    return found[0]


def imported(typer: Typer, path: str, row: Binding) -> Value | None:
    from codanna_core.relations.values import OUTSIDE

    module, _, name = row.value.partition("#")
    target = _target(typer, module, path)
    if target is None:
        return OUTSIDE if not module.startswith(".") else None
    return submodule(typer, target, name) if name else _value(target)


def submodule(typer: Typer, key: str, name: str) -> Value | None:
    if not key.endswith(("/", "/__init__.py", "__init__.py")):
        return None
    found = _module_at(typer, posixpath.join(posixpath.dirname(key), name))
    return _value(found) if found is not None else None


def exported(typer: Typer, key: str, name: str) -> tuple[Found, bool]:
    if key.endswith("/"):
        return [], False
    return _top(typer, key, name, frozenset({key})), False


def outer_members(typer: Typer, path: str, row: Binding, name: str) -> Found:
    return []


def qualified(typer: Typer, name: str, path: str) -> Found:
    return []


def seen_from(typer: Typer, path: str, row: Binding) -> str | None:
    return path if inner_function(typer, path, row) else None
