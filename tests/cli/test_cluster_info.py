"""What `vector cluster-info` says in words, and the names of its numbers in JSON."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any

import pytest

from codanna_core.cli.vector import info_lines
from codanna_core.vectors.base import Calibration, VectorStats
from codanna_core.vectors.stats import stats_json


def numbers(**changed: Any) -> dict[str, Any]:
    """The state of a clustered index, with some fields changed."""
    stats = VectorStats(
        implementation="ivf",
        metric="cosine",
        precision="int8",
        dimension=256,
        count=15000,
        dead=12,
        generation=7,
        delta=30,
        segments=[{"file": "seg-00000003.vec", "kind": "clustered", "count": 14982, "dead": 12, "bytes": 9}],
        disk_bytes=5 << 20,
        bytes_per_vector={"rows": 260.0, "lists": 84.3, "graph": 0.0},
        clusters=3,
        cluster_sizes=[9, 5, 7],
        imbalance=1.31,
        spilled_share=1.0,
        trained_at=datetime(2026, 5, 4, 10, 15).timestamp(),
        trained_on=14000,
        drift=0.034,
        calibration=Calibration(0.971, 16, 192, 0.214, 128),
    )
    return {**asdict(stats), **changed}


def line(info: dict[str, Any], name: str) -> str:
    (found,) = [line for line in info_lines(info) if line.startswith(name)]
    return found.removeprefix(name).strip()


def test_numbers_are_explained() -> None:
    """Every number stands in a sentence; sections that take no bytes are left out."""
    info = numbers()
    assert line(info, "vectors") == (
        "15,000 of 256 dimensions (cosine, stored as int8); 12 removed ones wait for the next merge"
    )
    assert line(info, "on disk") == "5.0 MiB in 1 segment; 344 bytes a vector: rows 260, lists 84"
    assert line(info, "newest") == "30 vectors in the log, in no segment yet"
    assert line(info, "clusters") == "3 of 5 to 9 vectors each, median 7; imbalance 1.31 (1 is even)"
    assert line(info, "trained") == (
        "2026-05-04 10:15 on 14,000 vectors; those added since are 3% farther from their centers"
    )
    assert line(info, "a search") == (
        "reads 16 clusters, compares 192 vectors; found 97.1% of the ten nearest in 0.21 ms "
        "on 128 questions made for measuring"
    )


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"count": 400}, "none: not needed below 4,096 vectors"),
        ({"count": 5000}, "not trained yet; `codanna-lsp vector index-vectors` does it now"),
        ({"segments": [{"kind": "graph"}]}, "none: a graph over the vectors is searched instead"),
    ],
)
def test_no_clusters_have_a_reason(changed: dict[str, Any], said: str) -> None:
    """Where nothing is clustered the line says why, or what to do."""
    nothing = {"clusters": 0, "cluster_sizes": [], "trained_at": 0.0, "calibration": None}
    flat = [{"kind": "flat"}]
    assert line(numbers(**{**nothing, "segments": flat, **changed}), "clusters") == said


def test_no_vectors() -> None:
    """An empty index says so and nothing else."""
    assert info_lines(numbers(count=0)) == ["there are no vectors yet"]


def test_json_names() -> None:
    """In JSON the names are in camel case, and the time is one that other programs read."""
    document = stats_json(numbers())
    assert not [name for name in document if "_" in name]
    assert document["bytesPerVector"]["lists"] == 84.3
    assert document["clusterSizes"] == [9, 5, 7]
    assert datetime.fromisoformat(document["trainedAt"]).timestamp() == numbers()["trained_at"]
    assert stats_json(numbers(trained_at=0.0))["trainedAt"] is None
