"""When to rebuild which segments."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from codanna_core.records import dataclass
from codanna_core.vectors.base import Implementation
from codanna_core.vectors.segments import Part

CLUSTER_AT = 4096
"""Vectors from which clusters pay: fewer are all compared exactly, and with a few more a search takes .8 of
the time of a scan over their codes.
"""
GROWTH = 2.0
"""Train again when there are this many times the vectors of the last training."""
TURNOVER = 0.3
"""Train again when this share of the vectors of the last training has been replaced: lists fit best what they
were trained on, and how much to probe was measured on it."""
DRIFT = 0.15
"""Train again when vectors added since lie this much farther from their centroids."""
MERGE_AT = 16384
"""Flat rows to merge into the lists; scanning them costs 0.1 ms a search."""
MERGE_SHARE = 1 / 16
"""The same as a share of a large clustered segment, since a merge writes all of it."""
TOMBSTONE_SHARE = 0.25
"""Share of dead rows from which the clustered segment is written again."""
JOIN_AT = 6
"""Small flat segments to join into one; each costs a search 0.05 ms."""
JOIN_BELOW = 32768

Action = Literal["train", "merge", "join"]
LAYOUTS: dict[Implementation, str] = {"ivf": "clustered", "hnsw": "graph"}


@dataclass(frozen=True, slots=True)
class Plan:
    """What to do, and the parts that the new segment replaces."""

    action: Action
    parts: tuple[Part, ...]


def plan(parts: Sequence[Part], delta: int, implementation: Implementation) -> Plan | None:
    """The most useful rebuild of sealed segments, None when all is well; `delta` counts unsealed vectors."""
    base = next((part for part in parts if part.segment.layout != "flat"), None)
    flat = [part for part in parts if part.segment.layout == "flat"]
    live = sum(part.live_count for part in parts)
    if base is None:
        return Plan("train", tuple(parts)) if live + delta >= CLUSTER_AT else None
    if base.segment.layout != LAYOUTS[implementation] or _outgrown(base, live + delta):
        return Plan("train", (base, *flat))
    waiting = sum(part.segment.count for part in flat)
    stale = base.tombstones > TOMBSTONE_SHARE * base.segment.count
    if stale and base.segment.layout == "graph":  # A graph keeps the places of what it removed.
        return Plan("train", (base, *flat))
    if stale or waiting > max(MERGE_AT, MERGE_SHARE * base.segment.count):
        return Plan("merge", (base, *flat))
    small = [part for part in flat if part.segment.count < JOIN_BELOW]
    return Plan("join", tuple(small)) if len(small) >= JOIN_AT else None


def _outgrown(base: Part, live: int) -> bool:
    """Whether the lists were trained on too few or on other vectors; a graph has no training."""
    if base.segment.layout == "graph":
        return False
    training = base.segment.training
    if live >= max(GROWTH * training["trained_on"], CLUSTER_AT):
        return True
    replaced = training["added"] - max(0, live - training["trained_on"])
    if replaced > TURNOVER * training["trained_on"]:
        return True
    return bool(training["drift"] > DRIFT and training["added"] > training["trained_on"] / 4)
