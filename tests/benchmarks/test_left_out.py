"""Tables of weights that were fitted without one language."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from codanna_core.ranking.weights import WEIGHTS
from yardsticks.run import use_table


def test_weights_of_no_signal_end_the_run(tmp_path: Path) -> None:
    """After a signal is renamed its old weight would silently count for nothing, in every figure."""
    before = {mode: weights.copy() for mode, weights in WEIGHTS.symbols.items()}
    table = tmp_path / "go.json"
    table.write_text(json.dumps({"hybrid": {"name": 4.0, "name covers": -2.0}}))
    with pytest.raises(SystemExit, match=r"go\.json has weights of no signal \(name covers\); fit it again"):
        use_table(table)
    assert all(np.array_equal(before[mode], weights) for mode, weights in WEIGHTS.symbols.items())
