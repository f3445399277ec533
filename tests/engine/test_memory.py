"""What the engine does for those who wait for the interpreter."""

from __future__ import annotations

import gc
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from codanna_core import Engine
from codanna_core.arrays import distinct
from codanna_core.indexing import upkeep
from codanna_core.runtime.memory import freeze_gc, trim


def anonymous_memory() -> int:
    """Bytes of this process that no file has."""
    lines = Path("/proc/self/smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) << 10 for line in lines if line.startswith("Anonymous:"))


def test_what_lives_long_is_not_looked_at_again() -> None:
    """After settling, a full collection sees next to nothing of what was alive; garbage of then is gone."""
    living = [[number] for number in range(10_000)]
    try:
        freeze_gc()
        assert len(gc.get_objects()) < len(living)
        freeze_gc()
        assert len(gc.get_objects()) < len(living)
    finally:
        gc.unfreeze()
    assert len(gc.get_objects()) > len(living)


def test_what_saves_used_goes_back_to_the_system(
    open_engine: Callable[..., Engine], workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A program that lives long returns free memory after its saves, once for many; a command never does."""
    trimmed: list[str] = []
    monkeypatch.setattr(upkeep, "trim", lambda: trimmed.append(threading.current_thread().name))
    with open_engine() as engine:
        engine.sync()
        engine.wait_until_idle(60)
        assert not trimmed
        engine.warm()
        for number in range(3):
            (workspace / "saved.py").write_text(f"def saved_{number}(): pass\n")
            engine.update(["saved.py"])
        assert not trimmed  # Not while saves follow each other.
        engine.wait_until_idle(60)
        assert trimmed == ["codanna-background"]


@pytest.mark.skipif(sys.platform != "linux", reason="other systems take memory back by themselves")
def test_trimming_returns_memory() -> None:
    """What was freed between things that stay is the system's again."""
    kept = [bytes(2_000) for _ in range(20_000)]
    del kept[::2]
    before = anonymous_memory()
    trim()
    assert anonymous_memory() <= before - 5 * (1 << 20)


def test_distinct_values_are_those_of_numpy() -> None:
    """In order, each once."""
    for values in ([], [3], [2, 2, 1, 5, 1], [*range(9)]):
        given = np.array(values, np.uint64)
        assert distinct(given).tolist() == np.unique(given).tolist()
