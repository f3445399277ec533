"""What is inside of a function: its file alone sees it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from codanna_core.relations.facts import Binding, Binds

if TYPE_CHECKING:
    from codanna_core.relations.typer import Typer


def inner_function(typer: Typer, path: str, row: Binding) -> bool:
    """Whether a binding is a function inside of another one."""
    inside = row.owner >= 0 and typer.row(path, row.owner).kind == Binds.FUNCTION
    return inside and row.kind == Binds.FUNCTION and row.scope_start > 0
