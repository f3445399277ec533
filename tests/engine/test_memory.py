"""What the engine does for those who wait for the interpreter."""

from __future__ import annotations

import gc

from codanna_core.runtime.memory import freeze_gc


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
