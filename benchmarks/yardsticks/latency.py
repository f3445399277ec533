"""How long an answer takes inside the engine."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from pathlib import Path

from codanna_core import SearchRequest
from codanna_core.results import Mode
from yardsticks.run import opened

ROUNDS = 20


def latency(roots: Sequence[Path], questions: Path, indexes: Path) -> None:
    """Milliseconds of an answer by mode; the first round warms the caches and does not count."""
    asked = [line.strip() for line in questions.read_text().splitlines() if line.strip()]
    for root in roots:
        with opened(root, indexes / root.name) as engine:
            symbols = engine.status().symbols
            for mode in Mode:
                rounds = [
                    [engine.search(SearchRequest(question, 10, mode)).milliseconds for question in asked]
                    for _ in range(ROUNDS + 1)
                ][1:]
                times = sorted(time for one in rounds for time in one)
                fastest = statistics.median(map(min, zip(*rounds, strict=True)))
                print(
                    f"{root.name}: {symbols} symbols  {mode.value:8}  p50 {statistics.median(times):.2f} ms"
                    f"  p95 {times[int(0.95 * len(times))]:.2f} ms  p50 of the fastest {fastest:.2f} ms",
                    flush=True,
                )
