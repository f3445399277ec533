"""The long run of the vector index, which `make soak` selects."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.slow
def test_soak_vectors() -> None:
    """100,000 single-file updates cost no recall, disk, memory, open files or segments."""
    script = Path(__file__).parents[2] / "benchmarks" / "soak.py"
    updates = os.environ.get("SOAK_UPDATES", "100000")
    ended = subprocess.run([sys.executable, str(script), "--updates", updates], check=False)
    assert ended.returncode == 0
