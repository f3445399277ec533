"""The first lines of every child process."""

from __future__ import annotations

from importlib import import_module

from codanna_core.runtime.limits import Limits, confine
from codanna_core.runtime.memory import collect_rarely


def main(entry: str, parent: int, memory: int, nice: int) -> None:
    """Apply the limits, then run `module:function`, or `module:function:argument`."""
    collect_rarely()
    confine(parent, Limits(memory, nice))
    module, function, *arguments = entry.split(":")
    getattr(import_module(module), function)(*arguments)
