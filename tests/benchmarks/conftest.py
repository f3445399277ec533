"""What measures is tested like what is measured; `benchmarks/` is a folder of scripts, not a package."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[2] / folder) for folder in ("benchmarks", "training")]
