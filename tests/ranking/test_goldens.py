"""Forty questions to two small pinned projects; any change of the ranking shows as a diff with numbers."""

from __future__ import annotations

import os
from pathlib import Path

from codanna_core import Engine

HERE = Path(__file__).parent
GOLDEN = HERE / "rank_stats.txt"


def test_results_are_those_on_record(tmp_path: Path) -> None:
    """First results and rank statistics equal the committed file; CODANNA_UPDATE_GOLDENS=1 writes it anew."""
    lines: list[str] = []
    ranks: list[int] = []
    for project in ("shop", "relay"):
        with Engine.open(HERE / "projects" / project, tmp_path / project) as engine:
            engine.sync()
            for line in (HERE / "queries.txt").read_text().splitlines():
                of, _, rest = line.partition(" | ")
                if of != project:
                    continue
                query, _, wanted = rest.rpartition(" | ")
                hits = engine.search(query, limit=10).hits
                found = [f"{hit.path.rsplit('/', 1)[-1]}:{hit.name}" for hit in hits]
                ranks.append(found.index(wanted) + 1 if wanted in found else 0)
                lines.append(f"{ranks[-1]:2}  {project}: {query}  ->  {', '.join(found[:3])}")
    first = sum(rank == 1 for rank in ranks)
    mean = sum(1 / rank for rank in ranks if rank) / len(ranks)
    lines.append(f"{len(ranks)} queries, {first} first, mean reciprocal rank {mean:.3f}")
    text = "\n".join(lines) + "\n"
    if os.environ.get("CODANNA_UPDATE_GOLDENS"):
        GOLDEN.write_text(text)
    assert text == GOLDEN.read_text()
