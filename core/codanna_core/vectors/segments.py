"""Sealed segments: immutable, mapped files of vectors, with their keys and what makes them searchable."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from codanna_core.storage import Directory
from codanna_core.vectors.base import Floats, Keys, Mask
from codanna_core.vectors.container import Container, ContainerWriter
from codanna_core.vectors.rows import RowCodec, Rows

RowNumbers = NDArray[np.int64]

BLOCK = 4096
"""Rows that exact scans and builders handle at once: a few megabytes, which fit into the cache."""


class Segment:
    """A sealed file of vectors: `keys` u64[n], `rows` [n, d], `scales` f32[n] where the codec has them."""

    def __init__(self, directory: Directory, name: str, codec: RowCodec, dimension: int, size: int) -> None:
        self.file = Container(directory, name, size)
        self.name = name
        self.codec = codec
        facts = self.file.facts
        if facts.get("kind") != "segment" or (facts["dimension"], facts["precision"]) != (
            dimension,
            codec.precision,
        ):
            raise self.file.corrupt("it does not belong to this index")
        self.count: int = facts["count"]
        self.keys: Keys = self.file.array("keys")
        self.rows: Rows = self.file.array("rows")
        self.scales: Floats | None = self.file.array("scales") if codec.scaled else None
        self._sorted_keys: Keys = self.keys
        self._order: NDArray[np.uint32] | None = None
        if self.file.has("order"):
            self._sorted_keys, self._order = self.file.array("sorted_keys"), self.file.array("order")
        if len(self.keys) != self.count or self.rows.shape != (self.count, dimension):
            raise self.file.corrupt("its sections do not fit together")

    def find(self, keys: Keys) -> RowNumbers:
        """The row of each key, -1 where there is none."""
        if not self.count:
            return np.full(len(keys), -1, dtype=np.int64)
        places = np.searchsorted(self._sorted_keys, keys)
        places[places == self.count] = 0
        rows = places if self._order is None else self._order[places].astype(np.int64)
        # Compared with the keys by row, so that a damaged order can never name a wrong vector.
        found = self.keys.take(rows, mode="clip") == keys
        return np.where(found, rows, -1)

    def scales_of(self, rows: NDArray[np.integer]) -> Floats:
        return np.ones(len(rows), np.float32) if self.scales is None else self.scales.take(rows)

    def scores(self, rows: NDArray[np.integer], query: Floats) -> Floats:
        """Exact scores of some rows: f32[len(rows)]."""
        return self.codec.scores(self.rows.take(rows, axis=0), self.scales_of(rows), query)

    def vectors(self, rows: NDArray[np.integer]) -> Floats:
        return self.codec.decode(self.rows.take(rows, axis=0), self.scales_of(rows))

    def blocks(self) -> Iterator[tuple[int, int]]:
        for start in range(0, self.count, BLOCK):
            yield start, min(start + BLOCK, self.count)


def key_sections(keys: Keys) -> tuple[Keys, NDArray[np.uint32]]:
    """Keys in order and the row of each: what `Segment.find` searches."""
    order = np.argsort(keys, kind="stable").astype(np.uint32)
    return keys[order], order


def write_flat(
    directory: Directory,
    name: str,
    codec: RowCodec,
    dimension: int,
    parts: Iterable[tuple[Keys, Rows, Floats]],
) -> int:
    """Seal vectors as they come, sorted by key; returns the size of the file."""
    gathered = [part for part in parts if len(part[0])]
    keys = np.concatenate([part[0] for part in gathered])
    rows = np.concatenate([part[1] for part in gathered])
    scales = np.concatenate([part[2] for part in gathered])
    order = np.argsort(keys)
    with directory.create(name) as file:
        writer = ContainerWriter(file)
        writer.add("keys", keys[order])
        writer.add("rows", rows[order])
        if codec.scaled:
            writer.add("scales", scales[order])
        return writer.finish(
            {"kind": "segment", "count": len(keys), "dimension": dimension, "precision": codec.precision}
        )


@dataclass(frozen=True, slots=True)
class Part:
    """A segment as one state of the index sees it: `dead[row]` is True for removed and replaced vectors."""

    segment: Segment
    dead: Mask | None = None
    dead_count: int = 0

    @property
    def live_count(self) -> int:
        return self.segment.count - self.dead_count

    def find_live(self, keys: Keys) -> RowNumbers:
        rows = self.segment.find(keys)
        if self.dead is not None:
            rows[self.dead.take(rows, mode="clip") & (rows >= 0)] = -1
        return rows

    def killed(self, rows: RowNumbers) -> Part:
        """The part with these live rows dead; copies the mask, since snapshots may hold the old one."""
        dead = np.zeros(self.segment.count, dtype=bool) if self.dead is None else self.dead.copy()
        dead[rows] = True
        return Part(self.segment, dead, self.dead_count + len(rows))

    def live_rows(self) -> RowNumbers:
        if self.dead is None:
            return np.arange(self.segment.count, dtype=np.int64)
        return np.flatnonzero(~self.dead)


def write_dead(directory: Directory, name: str, part: Part) -> int:
    """Store which rows of a part are dead, one bit each; returns the size of the file."""
    if part.dead is None:
        raise ValueError("this part has no dead rows")
    with directory.create(name) as file:
        writer = ContainerWriter(file)
        writer.add("dead", np.packbits(part.dead, bitorder="little"))
        return writer.finish({"kind": "dead", "segment": part.segment.name, "count": part.segment.count})


def read_dead(directory: Directory, name: str, segment: Segment, size: int) -> Part:
    """Read what `write_dead` wrote; the checksum of the whole file is checked, since it is small."""
    file = Container(directory, name, size)
    if file.facts.get("segment") != segment.name or file.facts.get("count") != segment.count:
        raise file.corrupt(f"it does not belong to {segment.name}")
    file.verify()
    dead = np.unpackbits(file.array("dead"), count=segment.count, bitorder="little").astype(bool)
    return Part(segment, dead, int(dead.sum()))
