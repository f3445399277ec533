"""The state of an index in numbers."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import numpy as np

from codanna_core.vectors.base import VectorOptions, VectorStats
from codanna_core.vectors.rows import RowCodec
from codanna_core.vectors.segments import Segment
from codanna_core.vectors.snapshot import State

_ROLES = {
    "rows": "rows",
    "scales": "rows",
    "entries": "lists",
    "centroids": "lists",
    "strengths": "lists",
    "list_starts": "lists",
    "centroid_codes": "lists",
    "centroid_factors": "lists",
    "keys": "keys",
    "sorted_keys": "keys",
    "order": "keys",
    "homes": "homes",
    "graph": "graph",
}
"""What the sections of a segment are for; `lists` is the first stage of a search."""


def collect_stats(state: State, options: VectorOptions, row_codec: RowCodec) -> VectorStats:
    """Count everything that `cluster-info` shows."""
    manifest = state.manifest
    if manifest is None:
        return VectorStats(options.implementation, options.metric, options.precision, None, 0, 0, 0, 0)
    stats = VectorStats(
        implementation=options.implementation,
        metric=options.metric,
        precision=options.precision,
        dimension=manifest.dimension,
        count=state.count,
        dead=sum(part.tombstones for part in state.parts),
        generation=manifest.generation,
        delta=state.delta.count if state.delta else 0,
        segments=[
            {
                "file": part.segment.name,
                "kind": part.segment.layout,
                "count": part.segment.count,
                "dead": part.tombstones,
                "bytes": part.segment.file.size,
            }
            for part in state.parts
        ],
        disk_bytes=sum(entry.size + entry.dead_size for entry in [*manifest.segments, manifest.rotation]),
        bytes_per_vector=_bytes_per_vector([part.segment for part in state.parts]),
        calibration=manifest.calibration,
    )
    base = next((part.segment for part in state.parts if part.segment.layout == "clustered"), None)
    return stats if base is None else _with_clusters(stats, base)


def _bytes_per_vector(segments: list[Segment]) -> dict[str, float]:
    count = sum(segment.count for segment in segments)
    totals: dict[str, int] = {}
    for segment in segments:
        for section, role in _ROLES.items():
            totals[role] = totals.get(role, 0) + segment.file.bytes_of(section)
    return {role: round(total / count, 2) for role, total in totals.items()} if count else {}


def _with_clusters(stats: VectorStats, base: Segment) -> VectorStats:
    sizes = np.diff(base.file.array("list_starts"))
    homes = base.homes
    stats.clusters = len(sizes)
    stats.cluster_sizes = sizes.tolist()
    stats.imbalance = float(np.mean(sizes.astype(np.float64) ** 2) / np.mean(sizes) ** 2)
    stats.spilled_share = float(np.mean(homes[:, 0] != homes[:, 1]))
    stats.trained_at = float(base.training["trained_at"])
    stats.trained_on = int(base.training["trained_on"])
    stats.drift = float(base.training["drift"])
    return stats


def stats_json(numbers: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of `VectorStats` as `--json` and the protocol show them; a time that never was is null."""
    return {
        _camel(name): _moment(value) if name == "trained_at" else value for name, value in numbers.items()
    }


def _moment(seconds: float) -> str | None:
    return datetime.fromtimestamp(seconds).astimezone().isoformat(timespec="seconds") if seconds else None


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(word.capitalize() for word in others)
