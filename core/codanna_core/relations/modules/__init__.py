"""How each language finds what another file holds: imports, packages, units of names."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from codanna_core.relations.facts import Binding

if TYPE_CHECKING:
    from codanna_core.relations.scopes import Table
from codanna_core.relations.values import Value

Found = list[tuple[str, int]]

HOMES = {
    "python": "python",
    "go": "golang",
    "javascript": "javascript",
    "typescript": "javascript",
    "tsx": "javascript",
    "java": "java",
    "rust": "rust",
    "c": "c",
    "cpp": "c",
}


Typer = TypeVar("Typer", contravariant=True)
"""Who asks, and is asked back for tables and values; a parameter, for it imports this module."""


class ModuleRules(Protocol[Typer]):
    """A module of this folder."""

    def unit_names(self, typer: Typer, name: str, path: str, table: Table) -> Found:
        """What a name means that the file itself does not bind, but its unit or a `*` import does."""

    def unbound(self, typer: Typer, name: str, path: str, table: Table) -> Value | None:
        """What a name stands for that nothing binds: `OUTSIDE` where nothing of the project could."""

    def binding_of(self, typer: Typer, path: str, row: Binding) -> tuple[str, int] | None:
        """The binding that an import or export of a name takes over, if it is one of the project."""

    def imported(self, typer: Typer, path: str, row: Binding) -> Value | None:
        """What an import or export without such a binding stands for: a module, or the outside."""

    def exported(self, typer: Typer, key: str, name: str) -> tuple[Found, bool]:
        """The bindings of a name in a module, and whether all of the module was seen."""

    def submodule(self, typer: Typer, key: str, name: str) -> Value | None:
        """The module of that name inside another one."""

    def qualified(self, typer: Typer, name: str, path: str) -> Found:
        """What a dotted name means that begins with the name of a package."""

    def seen_from(self, typer: Typer, path: str, row: Binding) -> str | None:
        """The folder whose files alone can see a definition, or the file itself; None where others can."""

    def outer_members(self, typer: Typer, path: str, row: Binding, name: str) -> Found:
        """Members of a type that other files add to it."""


@cache
def module_rules(language: str) -> ModuleRules[Any]:
    """The rules of a language."""
    rules: ModuleRules[Any] = import_module(f"codanna_core.relations.modules.{HOMES[language]}")
    return rules
