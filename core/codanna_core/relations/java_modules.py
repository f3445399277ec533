"""Modules of Maven and Gradle: where their sources are, and which other modules they see."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable

from codanna_core.records import dataclass

ROOTS = ("src/main/java", "src/test/java")
"""Where sources are unless a manifest says otherwise."""
BUILD_FILES = ("pom.xml", "build.gradle", "build.gradle.kts")
_DIRECTORY = re.compile(r"<(?:testS|s)ourceDirectory>([^<>]{1,200})<")
_ARTIFACT = re.compile(r"<artifactId>\s*([\w.-]{1,200})\s*<")
_SOURCES = re.compile(
    r"\bsrcDirs?\b[\s=+(\[]{0,20}(?:listOf\(|files\(|setOf\()?((?:\s{0,9}['\"][^'\"\n]{1,200}['\"],?){1,20})"
)
_QUOTED = re.compile(r"['\"]([^'\"\n]{1,200})['\"]")
_PROJECT = re.compile(r"\bproject\(\s*(?:path\s*[:=]\s*)?['\"]:?([\w:.-]{1,200})['\"]")


@dataclass(frozen=True, slots=True)
class Module:
    """A folder with a build file."""

    folder: str
    roots: tuple[str, ...]
    name: str
    needs: frozenset[str]
    """Names or folders of other modules."""


class JavaModules:
    """The modules of one provider."""

    def __init__(self, texts: Iterable[tuple[str, str]]) -> None:
        self._modules = {module.folder: module for module in (_module(*item) for item in texts)}
        self._seen: dict[str, frozenset[str]] = {}

    def distance(self, path: str, other: str) -> tuple[int, int]:
        """How far a file is from another by what their modules say: in the same one, in one that it sees, or
        elsewhere; and in the same source root or not.
        """
        here, there = self._module_of(path), self._module_of(other)
        if here is None or there is None:
            return 0, 0
        if here is there:
            return 0, int(_root_of(here, path) != _root_of(there, other))
        return 1 if there.folder in self._sees(here) else 2, 0

    def _module_of(self, path: str) -> Module | None:
        folder = posixpath.dirname(path)
        while folder not in self._modules:
            if not folder:
                return None
            folder = posixpath.dirname(folder)
        return self._modules[folder]

    def _sees(self, module: Module) -> frozenset[str]:
        """Folders of the modules that it needs, directly or not."""
        if module.folder not in self._seen:
            found: set[str] = set()
            waiting = [module]
            while waiting:
                needs = waiting.pop().needs
                for other in self._modules.values():
                    if other.folder not in found and (other.name in needs or other.folder in needs):
                        found.add(other.folder)
                        waiting.append(other)
            self._seen[module.folder] = frozenset(found - {module.folder})
        return self._seen[module.folder]


def _root_of(module: Module, path: str) -> str:
    return next((root for root in module.roots if path.startswith(f"{root}/")), "")


def _module(folder: str, text: str) -> Module:
    if "<project" in text:
        named = _ARTIFACT.findall(text.partition("</parent>")[2] or text)
        roots, needs = _DIRECTORY.findall(text), set(named[1:])
        name = named[0] if named else ""
    else:
        roots = [root for found in _SOURCES.findall(text) for root in _QUOTED.findall(found)]
        needs = {found.strip(":").replace(":", "/") for found in _PROJECT.findall(text)}
        name = ""
    inside = [posixpath.normpath(posixpath.join(folder, root.strip())) for root in (*roots, *ROOTS)]
    kept = tuple(root for root in inside if not root.startswith(("..", "/")))
    return Module(folder, kept, name, frozenset(needs))
