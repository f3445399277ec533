"""Which definitions stand around a place of a text that is read from its beginning."""

from __future__ import annotations

from collections.abc import Sequence

from codanna_core.model import Kind
from codanna_core.records import dataclass


@dataclass(slots=True)
class OpenDefinition:
    """A definition whose end has not been passed yet."""

    start: int
    end: int
    kind: str
    chain: str
    """Its containers and its own name."""
    levels: int


def constructed_type(around: Sequence[OpenDefinition], constructors: Sequence[str]) -> OpenDefinition | None:
    """The type whose constructor is the innermost open definition; None where that is something else."""
    if len(around) < 3 or around[-1].kind != Kind.METHOD:
        return None
    name = around[-1].chain.removeprefix(f"{around[-2].chain}.")
    return around[-2] if name in constructors else None
