"""Vectors that symbols lack are looked for until it is known that none does."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from codanna_core import Engine
from codanna_core.cancel import Cancel
from codanna_core.indexing.missing import MissingVectors
from codanna_core.text.reader import TextSnapshot

OpenEngine = Callable[..., Engine]


def test_what_is_saved_during_the_look_is_not_looked_for(
    open_engine: OpenEngine, workspace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that was killed leaves no record that all vectors are there, so the next one looks. However
    often is saved meanwhile, it looks once, and the record is there again.
    """
    with open_engine() as engine:
        engine.sync()
        engine.settle()
    record = tmp_path / "index" / "complete.json"
    record.unlink()
    engine = open_engine()
    looks: list[int] = []
    make = MissingVectors._make

    def saved_meanwhile(self: MissingVectors, target: object, text: TextSnapshot, cancel: Cancel) -> bool:
        looks.append(text.generation)
        for number in range(3):
            (workspace / "saved.py").write_text(f"def saved_{number}(): pass\n")
            engine.update(["saved.py"])
        return make(self, target, text, cancel)  # type: ignore[arg-type]

    monkeypatch.setattr(MissingVectors, "_make", saved_meanwhile)
    engine.sync()
    engine.wait_until_idle(60)
    engine.settle()
    assert len(looks) == 1
    assert engine._writer.missing.is_complete(engine._writer.text.snapshot())
    assert record.exists()


def test_what_a_save_left_without_vectors_is_looked_for(
    open_engine: OpenEngine, workspace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If a vector could not be made with a save during the look, there is another look."""
    with open_engine() as engine:
        engine.sync()
        engine.settle()
    (tmp_path / "index" / "complete.json").unlink()
    engine = open_engine()
    make = MissingVectors._make
    looks: list[int] = []

    def saved_meanwhile(self: MissingVectors, target: object, text: TextSnapshot, cancel: Cancel) -> bool:
        looks.append(text.generation)
        if len(looks) == 1:
            (workspace / "saved.py").write_text("def saved_without(): pass\n")
            # As a run does whose model failed.
            before = engine._writer.text.snapshot().generation
            engine.update(["saved.py"])
            generation = engine._writer.text.snapshot().generation
            active = engine._models.active
            assert active is not None
            assert active.vectors is not None
            keys: NDArray[np.uint64] = np.array(engine._writer.text.snapshot().keys(), np.uint64)
            active.vectors.remove(keys[-1:])
            self._complete = (None, -1)
            self.note_written(before, generation, 1, False)
        return make(self, target, text, cancel)  # type: ignore[arg-type]

    monkeypatch.setattr(MissingVectors, "_make", saved_meanwhile)
    engine.sync()
    engine.wait_until_idle(60)
    (workspace / "later.py").write_text("def later(): pass\n")
    engine.update(["later.py"])
    engine.wait_until_idle(60)
    assert len(looks) == 2
    assert engine._writer.missing.is_complete(engine._writer.text.snapshot())
    assert engine._writer.missing.count(engine._writer.text.snapshot()) == 0
