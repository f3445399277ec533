"""What manifests say about where modules are. They are data: read within limits, never run."""

from __future__ import annotations

import json
import posixpath
import re
import tomllib
from functools import cached_property
from typing import Any

from codanna_core.relations.java_modules import BUILD_FILES, JavaModules
from codanna_core.relations.provider import Provider

MAX_BYTES = 1 << 20
MAX_FILES = 500
_CONFIGS = ("tsconfig.json", "tsconfig.base.json", "jsconfig.json")
_MODULE = re.compile(r"^\s*module\s+\"?([^\s\"]+)", re.MULTILINE)


class Manifests:
    """What the manifests of one provider say, each kind read once and when it is asked for."""

    def __init__(self, provider: Provider) -> None:
        self._provider = provider

    @cached_property
    def go_modules(self) -> list[tuple[str, str]]:
        """See `go_modules`; so do all the others."""
        return go_modules(self._provider)

    @cached_property
    def node_packages(self) -> dict[str, tuple[str, dict[str, Any]]]:
        """Names, folders and contents."""
        return node_packages(self._provider)

    @cached_property
    def typescript_paths(self) -> list[tuple[str, str, list[str]]]:
        """Folders, patterns and targets."""
        return typescript_paths(self._provider)

    @cached_property
    def cargo_crates(self) -> list[tuple[str, str, str]]:
        """Names, folders and roots."""
        return cargo_crates(self._provider)

    @cached_property
    def python_roots(self) -> list[str]:
        """Folders."""
        return python_roots(self._provider)

    @cached_property
    def java_modules(self) -> JavaModules:
        """By their build files."""
        return JavaModules(item for base in BUILD_FILES for item in _texts(self._provider, base))


def _texts(provider: Provider, base: str) -> list[tuple[str, str]]:
    """Folder and text of the manifests of that name, those nearest to the root first."""
    paths = sorted(provider.named(base), key=lambda path: (path.count("/"), path))[:MAX_FILES]
    found = []
    for path in paths:
        if "node_modules/" in path or ".." in path.split("/"):
            continue
        data = provider.read(path)
        if data is not None and len(data) <= MAX_BYTES:
            found.append((posixpath.dirname(path), data.decode("utf-8", "replace")))
    return found


def go_modules(provider: Provider) -> list[tuple[str, str]]:
    """Module names of `go.mod` files with their folders, the longest name first."""
    found = []
    for folder, text in _texts(provider, "go.mod"):
        module = _MODULE.search(text)
        if module is not None:
            found.append((module[1], folder))
    return sorted(found, key=lambda item: -len(item[0]))


def node_packages(provider: Provider) -> dict[str, tuple[str, dict[str, Any]]]:
    """Package names of `package.json` files with their folders and contents."""
    found: dict[str, tuple[str, dict[str, Any]]] = {}
    for folder, text in _texts(provider, "package.json"):
        data = _json(text)
        name = data.get("name")
        if isinstance(name, str) and name and name not in found:
            found[name] = (folder, data)
    return found


def typescript_paths(provider: Provider) -> list[tuple[str, str, list[str]]]:
    """`paths` and `baseUrl` of `tsconfig.json` files: folder, pattern, targets relative to the root."""
    found = []
    bases = []
    for folder, text in [item for base in _CONFIGS for item in _texts(provider, base)]:
        options = _json(text).get("compilerOptions")
        if not isinstance(options, dict):
            continue
        base = options.get("baseUrl")
        root = posixpath.normpath(posixpath.join(folder, base if isinstance(base, str) else "."))
        if isinstance(base, str) and not root.startswith(".."):
            bases.append((folder, "*", [posixpath.join(root, "*")]))
        paths = options.get("paths")
        for pattern, targets in paths.items() if isinstance(paths, dict) else ():
            if isinstance(targets, list):
                inside = [
                    posixpath.normpath(posixpath.join(root, target))
                    for target in targets
                    if isinstance(target, str)
                ]
                found.append((folder, pattern, [path for path in inside if not path.startswith("..")]))
    return found + bases


def cargo_crates(provider: Provider) -> list[tuple[str, str, str]]:
    """Crate names of `Cargo.toml` files, their folders and the paths of their libraries' roots."""
    found = []
    for folder, text in _texts(provider, "Cargo.toml"):
        data = _toml(text)
        package = data.get("package")
        name = package.get("name") if isinstance(package, dict) else None
        if not isinstance(name, str):
            continue
        library = data.get("lib")
        path = library.get("path") if isinstance(library, dict) else None
        named = library.get("name") if isinstance(library, dict) else None
        root = posixpath.normpath(posixpath.join(folder, path if isinstance(path, str) else "src/lib.rs"))
        found.append(((named if isinstance(named, str) else name).replace("-", "_"), folder, root))
    return found


_PYTHON_ROOTS = (
    "tool.setuptools.package-dir",
    "tool.setuptools.packages.find.where",
    "tool.poetry.packages",
    "tool.hatch.build.sources",
    "tool.hatch.build.targets.wheel.packages",
    "tool.pdm.build.package-dir",
    "tool.pytest.ini_options.pythonpath",
    "tool.pyright.extraPaths",
    "tool.mypy.mypy_path",
)


def python_roots(provider: Provider) -> list[str]:
    """Folders that `pyproject.toml` files name as the root of packages, those nearest to the root first."""
    found: dict[str, None] = {}
    for folder, text in _texts(provider, "pyproject.toml"):
        data = _toml(text)
        for key in _PYTHON_ROOTS:
            for root in _folders(_at(data, key), parents=key.endswith("wheel.packages")):
                path = posixpath.normpath(posixpath.join(folder, root))
                if not path.startswith(("..", "/")):
                    found["" if path == "." else path] = None
    return list(found)


def _at(data: object, key: str) -> object:
    for part in key.split("."):
        data = data.get(part) if isinstance(data, dict) else None
    return data


def _folders(value: object, *, parents: bool) -> list[str]:
    """A text, a list of texts or of tables with `from`, or the values of a table."""
    items = list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else [value]
    named = [item.get("from") if isinstance(item, dict) else item for item in items[:100]]
    texts = [item for item in named if isinstance(item, str)]
    return [posixpath.dirname(text) for text in texts] if parents else texts


def _json(text: str) -> dict[str, Any]:
    try:
        data = json.loads(_without_comments(text))
    except (ValueError, RecursionError):
        return {}
    return data if isinstance(data, dict) else {}


_COMMENT = re.compile(r'("(?:\\.|[^"\\])*")|//[^\n]*|/\*.*?\*/', re.DOTALL)
_TRAILING = re.compile(r",(\s*[}\]])")


def _without_comments(text: str) -> str:
    return _TRAILING.sub(r"\1", _COMMENT.sub(lambda found: found[1] or " ", text))


def _toml(text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError):
        return {}
