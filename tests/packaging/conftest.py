"""What the tests of packages and documents share."""

from __future__ import annotations

import sys
from pathlib import Path

TESTS = Path(__file__).parents[1]
sys.path[:0] = [str(TESTS / "packaging" / "support"), str(TESTS / "server" / "support")]
