"""How the house is built: who stands on whom, no circles, and nothing too large to be read at once."""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = (
    ROOT / "core" / "codanna_core",
    ROOT / "core" / "codanna_team",
    ROOT / "lsp_server" / "codanna_rpc",
    ROOT / "lsp_server" / "codanna_lsp",
    ROOT / "lsp_server" / "codanna_mcp",
)

FLOORS: tuple[frozenset[str], ...] = (
    frozenset({"arrays", "cache", "records"}),
    frozenset({"errors", "hints", "problems", "words", "inert", "private", "_version"}),
    frozenset({"model"}),
    frozenset({"results", "cancel", "logs"}),
    frozenset({"runtime"}),
    frozenset({"config"}),
    frozenset({"storage"}),
    frozenset({"languages"}),
    frozenset({"files", "embed", "text", "vectors", "names", "relations"}),
    frozenset({"parsing", "ranking", "context"}),
    frozenset({"overlay"}),
    frozenset({"indexing"}),
    frozenset({"search"}),
    frozenset({"engine", "testing"}),
    frozenset({"wire"}),
    frozenset({"workspace", "clients"}),
    frozenset({"cli"}),
    frozenset({"codanna_rpc", "codanna_team"}),
    frozenset({"codanna_lsp", "codanna_mcp"}),
)
"""The rooms from the ground up; a room imports what is on lower floors, and nothing beside or above it."""


ALLOWED = frozenset(
    re.findall(
        r"^\| `([\w./]+)` \|",
        (ROOT / "ARCHITECTURE.md").read_text("utf-8").partition("\n## Sizes\n")[2].partition("\n## ")[0],
        re.MULTILINE,
    )
)
"""Files and classes that ARCHITECTURE.md names with the reason why they are larger."""

LONG, LONGEST, MOST_LONG = 400, 500, 3
MOST_METHODS, MOST_ATTRIBUTES = 20, 12


@functools.cache
def modules() -> Mapping[str, Path]:
    """All modules of the installed packages by name."""
    return {module_name(path): path for package in PACKAGES for path in sorted(package.rglob("*.py"))}


def module_name(path: Path) -> str:
    top = next(package.parent for package in PACKAGES if path.is_relative_to(package))
    parts = path.relative_to(top).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@functools.cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"), str(path))


def imports_of(tree: ast.AST, known: Iterable[str]) -> set[str]:
    """The modules among `known` that are imported anywhere: lazily, for types only, the package itself."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                found.add(inner if inner in known else node.module)
    return found.intersection(known)


@functools.cache
def imports() -> Mapping[str, frozenset[str]]:
    known = modules()
    return {name: frozenset(imports_of(parsed(path), known)) for name, path in known.items()}


def circles(graph: Mapping[str, Iterable[str]]) -> set[str]:
    """All that can be reached from itself."""
    return {name for name in graph if name in reachable(graph, name)}


def reachable(graph: Mapping[str, Iterable[str]], start: str) -> set[str]:
    found: set[str] = set()
    waiting = list(graph[start])
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting.extend(graph[name])
    return found


def room_of(module: str) -> str:
    """The engine's rooms are its packages and modules; of the server each package is one."""
    package, _, rest = module.partition(".")
    return rest.partition(".")[0] if package == "codanna_core" else package


def floor_of(module: str) -> int:
    room = room_of(module)
    if not room:
        return floor_of("codanna_core.engine") + 1  # The package itself, which names the engine.
    return next(number for number, rooms in enumerate(FLOORS) if room in rooms)


def upward(graph: Mapping[str, Iterable[str]]) -> set[str]:
    return {
        f"{name} -> {other}"
        for name, others in graph.items()
        for other in others
        if room_of(name) != room_of(other) and floor_of(other) >= floor_of(name)
    }


def classes() -> Iterator[tuple[str, int, int]]:
    """Every class: its name, its methods, and the attributes that it declares or sets on itself."""
    for name, path in modules().items():
        for node in ast.walk(parsed(path)):
            if isinstance(node, ast.ClassDef):
                methods = [
                    item for item in node.body if isinstance(item, ast.FunctionDef | ast.AsyncFunctionDef)
                ]
                yield f"{name}.{node.name}", len(methods), len(attributes(node))


def attributes(node: ast.ClassDef) -> set[str]:
    declared = {
        item.target.id
        for item in node.body
        if isinstance(item, ast.AnnAssign) and isinstance(item.target, ast.Name)
    }
    plain = {
        target.id
        for item in node.body
        if isinstance(item, ast.Assign)
        for target in item.targets
        if isinstance(target, ast.Name) and not target.id.startswith("__")
    }
    on_self = {
        item.attr
        for item in ast.walk(node)
        if isinstance(item, ast.Attribute)
        and isinstance(item.ctx, ast.Store)
        and isinstance(item.value, ast.Name)
        and item.value.id == "self"
    }
    return declared | plain | on_self


def lengths() -> dict[str, int]:
    return {
        path.relative_to(ROOT).as_posix(): len(path.read_text("utf-8").splitlines())
        for path in modules().values()
    }


def test_every_room_has_one_floor() -> None:
    """A new room is placed before anything can import it."""
    rooms = [room for floor in FLOORS for room in floor]
    assert len(rooms) == len(set(rooms))
    assert {room_of(name) for name in modules()} - {""} <= set(rooms)


def test_imports_point_down() -> None:
    """No room imports one beside or above it, not even inside a function or for a type."""
    assert upward(imports()) == set()


def test_few_know_of_buffers() -> None:
    """Texts that are not in the index are known to the facade that takes them, to what ends them once they
    are, and to what makes views; whoever reads a view does not ask for them.
    """
    users = {name for name, others in imports().items() if "codanna_core.overlay" in others}
    assert users == {
        "codanna_core.engine",
        "codanna_core.indexing.saved",
        "codanna_core.search.answers",
    }


def test_there_is_no_circle_of_imports() -> None:
    """No module can be reached from itself, whatever kind of import leads there."""
    assert circles(imports()) == set()


def test_files_can_be_read_at_once() -> None:
    """No source file is over 400 lines but three that ARCHITECTURE.md names, and none of these over 500."""
    found = {name: lines for name, lines in lengths().items() if lines > LONG}
    assert found.keys() - ALLOWED == set()
    assert max((found[name] for name in ALLOWED & found.keys()), default=0) <= LONGEST
    assert len([name for name in ALLOWED if name.endswith(".py")]) <= MOST_LONG


def test_classes_can_be_read_at_once() -> None:
    """No class has over 20 methods or 12 attributes but those that ARCHITECTURE.md names."""
    large = {
        name
        for name, methods, attributes in classes()
        if methods > MOST_METHODS or attributes > MOST_ATTRIBUTES
    }
    assert large - ALLOWED == set()


def decorated_caches(tree: ast.Module) -> set[str]:
    """The functions and methods whose results are kept without a bound of ours."""
    return {
        node.name
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef)
        and any(
            isinstance(part, ast.Name | ast.Attribute)
            and (part.id if isinstance(part, ast.Name) else part.attr) in ("cache", "lru_cache")
            for decorator in node.decorator_list
            for part in ast.walk(decorator)
        )
    }


def test_caches_say_what_they_keep() -> None:
    """What grows with a workspace is in a `Cache`; the rest is in ARCHITECTURE.md, with its bound."""
    found = {
        f"{name}.{function}"
        for name, path in modules().items()
        for function in decorated_caches(parsed(path))
    }
    text = (ROOT / "ARCHITECTURE.md").read_text("utf-8").partition("\n## Caches\n")[2].partition("\n## ")[0]
    assert found == set(re.findall(r"`(codanna_\w+(?:\.\w+)+)`", text))


def test_exceptions_are_needed() -> None:
    """What ARCHITECTURE.md allows to be large is there and is large."""
    long = {name for name, lines in lengths().items() if lines > LONG}
    large = {name for name, methods, held in classes() if methods > MOST_METHODS or held > MOST_ATTRIBUTES}
    assert set() < ALLOWED <= long | large


def test_the_checks_notice() -> None:
    """Each helper sees what it looks for: a late import, one for types, the package itself, a climb."""
    tree = ast.parse("import a\nif TYPE_CHECKING:\n    from a.b import c\ndef f():\n    from a import d\n")
    assert imports_of(tree, {"a", "a.b.c", "a.d", "a.e"}) == {"a", "a.b.c", "a.d"}
    assert circles({"a": ["b"], "b": ["c"], "c": ["b"], "d": ["d"]}) == {"b", "c", "d"}
    climb = {"codanna_core.text.index": ["codanna_core.search.page"], "codanna_core.search.page": []}
    assert upward(climb) == {"codanna_core.text.index -> codanna_core.search.page"}
    beside = {"codanna_core.text.index": ["codanna_core.names.scan"], "codanna_core.names.scan": []}
    assert len(upward(beside)) == 1
    kept = "@cache\ndef f(): ...\n@functools.lru_cache(maxsize=1)\ndef g(): ...\n@other\ndef h(): ...\n"
    assert decorated_caches(ast.parse(kept)) == {"f", "g"}
    (node,) = ast.parse(
        "class A:\n    x: int\n    y = 1\n    def f(self):\n        self.z, self.u = 1, 2\n"
    ).body
    assert isinstance(node, ast.ClassDef)
    assert attributes(node) == {"x", "y", "z", "u"}
