"""Sealed segments: immutable, mapped files of vectors, with their keys and what makes them searchable."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from codanna_core.records import dataclass
from codanna_core.storage import Directory
from codanna_core.storage.container import Container, ContainerWriter
from codanna_core.vectors.base import Floats, Keys, Mask
from codanna_core.vectors.hnsw import Graph
from codanna_core.vectors.ivf.build import Source
from codanna_core.vectors.ivf.coarse import Coarse
from codanna_core.vectors.ivf.codec import words
from codanna_core.vectors.ivf.lists import Lists
from codanna_core.vectors.manifest import SEALED
from codanna_core.vectors.rows import RowCodec, Rows

RowNumbers = NDArray[np.int64]


class Segment:
    """A sealed file of vectors: `keys` u64[n], `rows` [n, d], `scales` f32[n] where the codec has them."""

    def __init__(self, directory: Directory, name: str, codec: RowCodec, dimension: int, size: int) -> None:
        self.file = Container.open(directory, name, SEALED, size)
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
        self.layout: str = facts["layout"]
        """`flat`, one list around the mean; `clustered`, lists of a training; or `graph`."""
        self.lists: Lists | None = None
        self.graph: Graph | None = None
        if self.layout == "graph":
            self.graph = Graph(self.file, codec, dimension)
        else:
            self.lists = Lists(self.file, codec.metric, words(dimension))

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

    @property
    def coarse(self) -> Coarse:
        """The centroids of a clustered segment."""
        return Coarse(self.file.array("centroids"), self.file.facts["spherical"])

    @property
    def homes(self) -> NDArray[np.int32]:
        """First and second list of each row of a clustered segment: i32[n, 2]."""
        return self.file.array("homes")

    @property
    def training(self) -> dict[str, Any]:
        """When and on how many vectors the centroids were trained, and what was added since."""
        training: dict[str, Any] = self.file.facts.get("training", {})
        return training


@dataclass(frozen=True, slots=True)
class Part:
    """A segment as one state of the index sees it: `live[row]` is False for removed and replaced vectors."""

    segment: Segment
    live: Mask | None = None
    """None while all rows are live."""
    tombstones: int = 0

    @property
    def live_count(self) -> int:
        return self.segment.count - self.tombstones

    def find_live(self, keys: Keys) -> RowNumbers:
        """The row of each key, -1 where there is no live one."""
        rows = self.segment.find(keys)
        if self.live is not None:
            rows[~self.live.take(rows, mode="clip")] = -1
        return rows

    def without(self, rows: RowNumbers) -> Part:
        """The part without these live rows; copies the mask, since snapshots may hold the old one."""
        live = np.ones(self.segment.count, dtype=bool) if self.live is None else self.live.copy()
        live[rows] = False
        return Part(self.segment, live, self.tombstones + len(rows))

    def live_rows(self) -> RowNumbers:
        """The numbers of the live rows, in order."""
        if self.live is None:
            return np.arange(self.segment.count, dtype=np.int64)
        return np.flatnonzero(self.live)

    def source(self) -> Source:
        """The live rows, for a builder."""
        segment = self.segment
        return Source(segment.keys, segment.rows, segment.scales, self.live_rows())


def add_tombstones(parts: tuple[Part, ...], keys: Keys) -> tuple[Part, ...]:
    """The parts without `keys`."""
    changed = list(parts)
    for number, part in enumerate(parts):
        rows = part.find_live(keys)
        rows = rows[rows >= 0]
        if len(rows):
            changed[number] = part.without(rows)
    return tuple(changed)


def write_tombstones(directory: Directory, name: str, part: Part) -> int:
    """Store which rows of a part are dead, one bit each; returns the size of the file."""
    if part.live is None:
        raise ValueError("this part has no dead rows")
    with directory.create(name) as file:
        writer = ContainerWriter(file, SEALED)
        writer.add("dead", np.packbits(~part.live, bitorder="little"))
        return writer.finish({"kind": "dead", "segment": part.segment.name, "count": part.segment.count})


def read_tombstones(directory: Directory, name: str, segment: Segment, size: int) -> Part:
    """Read what `write_tombstones` wrote; all of it is checked, since it is small."""
    file = Container.open(directory, name, SEALED, size)
    if file.facts.get("segment") != segment.name or file.facts.get("count") != segment.count:
        raise file.corrupt(f"it does not belong to {segment.name}")
    file.verify()
    live = np.unpackbits(file.array("dead"), count=segment.count, bitorder="little") == 0
    return Part(segment, live, int(np.count_nonzero(~live)))
