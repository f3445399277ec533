"""Which of some keys are among others."""

from __future__ import annotations

import numpy as np
import pytest

from codanna_core.arrays import among


@pytest.mark.parametrize(("values", "kept"), [(0, 0), (0, 5), (5, 0), (1, 1), (300, 200), (200, 300)])
def test_among_is_what_numpy_says(values: int, kept: int) -> None:
    """Whatever their number and order, repeated ones included."""
    random = np.random.default_rng(7)
    some = random.integers(0, 2**63, 400, np.uint64)
    asked, known = random.choice(some, values), random.choice(some, kept)
    assert among(asked, known).tolist() == np.isin(asked, known).tolist()
