"""Makes sealed segments: flat ones at once, clustered ones in the background, from any mix of live rows."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from codanna_core.arrays import distinct
from codanna_core.records import dataclass
from codanna_core.storage import Directory
from codanna_core.storage.container import ContainerWriter
from codanna_core.vectors.base import Floats, Keys
from codanna_core.vectors.cores import ONE_CORE, Cores
from codanna_core.vectors.ivf import codec
from codanna_core.vectors.ivf.assign import Assigner
from codanna_core.vectors.ivf.coarse import Coarse
from codanna_core.vectors.ivf.lists import Entries, Lists, joined, write_lists
from codanna_core.vectors.ivf.train import POINTS_PER_CENTROID, block_size, list_count, train
from codanna_core.vectors.manifest import SEALED
from codanna_core.vectors.rows import RowCodec, Rows

SOAR_WEIGHT = 1.5
_BLOCK = 8192

Ints = NDArray[np.int64]
Step = Callable[[str, float], None]
"""Called with what is being done and its share, 0 to 1; raises when the work is to stop."""


@dataclass(frozen=True, slots=True)
class Source:
    """Rows to put into a new segment; `picked` are their numbers in the arrays."""

    keys: Keys
    rows: Rows
    scales: Floats | None
    picked: Ints


class Trained(Protocol):
    """What a merge takes over from the clustered segment that it extends."""

    @property
    def coarse(self) -> Coarse: ...
    @property
    def homes(self) -> NDArray[np.int32]:
        """First and second list of each row: i32[n, 2]."""
        ...

    @property
    def training(self) -> dict[str, Any]: ...
    @property
    def lists(self) -> Lists | None: ...


class Pool:
    """The rows of several sources as one sequence, without copying them together."""

    def __init__(self, sources: Sequence[Source], row_codec: RowCodec) -> None:
        self._sources = sources
        self._codec = row_codec
        self._ends = np.cumsum([len(source.picked) for source in sources], dtype=np.int64)
        self.count = int(self._ends[-1]) if len(sources) else 0

    def keys(self) -> Keys:
        return np.concatenate([source.keys[source.picked] for source in self._sources])

    def take(self, numbers: Ints) -> tuple[Rows, Floats]:
        """Stored rows and scales of some numbers in the sequence."""
        whose = np.searchsorted(self._ends, numbers, side="right")
        first = self._sources[0]
        rows = np.empty((len(numbers), first.rows.shape[1]), first.rows.dtype)
        scales = np.ones(len(numbers), np.float32)
        for index in distinct(whose).tolist():
            source = self._sources[index]
            here = np.flatnonzero(whose == index)
            picked = source.picked[numbers[here] - (self._ends[index] - len(source.picked))]
            rows[here] = source.rows[picked]
            if source.scales is not None:
                scales[here] = source.scales[picked]
        return rows, scales

    def vectors(self, numbers: Ints) -> Floats:
        return self._codec.decode(*self.take(numbers))

    def blocks(self, order: Ints) -> Iterator[tuple[int, int, Rows, Floats]]:
        for start in range(0, len(order), _BLOCK):
            rows, scales = self.take(order[start : start + _BLOCK])
            yield start, start + len(rows), rows, scales


def write_flat(
    directory: Directory, name: str, row_codec: RowCodec, dimension: int, sources: Sequence[Source]
) -> int:
    """Seal rows as one list around their mean, without training; returns the size of the file."""
    pool = Pool(sources, row_codec)
    order = np.argsort(pool.keys())
    mean = np.zeros(dimension, np.float64)
    for _, _, rows, scales in pool.blocks(order):
        mean += row_codec.decode(rows, scales).sum(axis=0, dtype=np.float64)
    centroids = (mean / max(pool.count, 1)).astype(np.float32)[None]
    homes = np.zeros((pool.count, 2), np.int32)
    plan = _Plan(pool, order, homes, Coarse(centroids, False), np.ones(1, np.float32))
    entries = _encode(row_codec, dimension, plan, np.arange(pool.count), _quiet)
    return _write(directory, name, row_codec, dimension, plan, entries, {}, _quiet)


def write_clustered(
    directory: Directory,
    name: str,
    row_codec: RowCodec,
    dimension: int,
    sources: Sequence[Source],
    base: Trained | None,
    seed: int,
    step: Step,
    cores: Cores = ONE_CORE,
) -> int:
    """Seal rows in trained lists; returns the size of the file.

    With a `base` the first source holds rows of that segment: its centroids, assignments and codes are taken
    over and only the other rows are assigned and encoded. Without one the centroids are trained anew.
    """
    pool = Pool(sources, row_codec)
    spherical = row_codec.metric == "cosine"
    homes = np.empty((pool.count, 2), np.int32)
    done = 0
    if base is None:
        count = list_count(pool.count)
        rng = np.random.default_rng(seed)
        picked = np.sort(rng.permutation(pool.count)[: POINTS_PER_CENTROID * count])
        sample = pool.vectors(picked)
        coarse = train(
            sample,
            count,
            spherical=spherical,
            seed=seed,
            tick=lambda share: step("train", share),
            cores=cores,
        )
        del sample
        training = {"trained_on": pool.count, "trained_at": time.time()}
    else:
        coarse, training = base.coarse, dict(base.training)
        done = len(sources[0].picked)
        homes[:done] = base.homes[sources[0].picked]
    assigner = Assigner(coarse, SOAR_WEIGHT)
    distance = 0.0

    def first(rows: Ints) -> float:
        vectors = pool.vectors(rows)
        homes[rows, 0] = nearest = assigner.first(vectors)
        return _distance(vectors, coarse.centroids[nearest])

    def second(rows: Ints) -> None:
        homes[rows, 1] = assigner.second(pool.vectors(rows), homes[rows, 0])

    added = pool.count - done
    pieces = _pieces(np.arange(done, pool.count))
    for number, part in enumerate(cores.each(first, pieces)):
        step("assign", number / len(pieces) / 2)
        distance += part
    # In the order of their first lists, of which the second ones are neighbours.
    pieces = _pieces(done + np.argsort(homes[done:, 0], kind="stable"))
    for number, _ in enumerate(cores.each(second, pieces)):
        step("assign", (1 + number / len(pieces)) / 2)
    if base is None:
        training["distance"] = distance / pool.count
        training["drift"] = 0.0
        training["added"] = 0
    elif added:
        # The drift is an average over everything added since the training.
        earlier = training["added"]
        drift = distance / added / training["distance"] - 1 if training["distance"] > 0 else 0.0
        training["drift"] = (training["drift"] * earlier + drift * added) / (earlier + added)
        training["added"] = earlier + added
    order = np.lexsort((pool.keys(), homes[:, 0]))
    homes = homes[order]
    old = base.lists if base is not None else None
    if old is None:
        strengths = _strengths(row_codec, pool, order, homes, coarse)
        plan = _Plan(pool, order, homes, coarse, strengths)
        entries = _encode(row_codec, dimension, plan, np.arange(pool.count), step, cores)
    else:
        plan = _Plan(pool, order, homes, coarse, old.strengths)
        fresh = _encode(row_codec, dimension, plan, np.flatnonzero(order >= done), step, cores)
        entries = joined(_kept(old, sources[0], order), fresh)
    return _write(directory, name, row_codec, dimension, plan, entries, {"training": training}, step)


def _pieces(rows: Ints) -> list[Ints]:
    size = block_size(len(rows))
    return [rows[start : start + size] for start in range(0, len(rows), size)]


def _distance(vectors: Floats, centroids: Floats) -> float:
    difference = vectors - centroids
    return float(np.sqrt(np.einsum("ij,ij->i", difference, difference)).sum())


def _quiet(_what: str, _share: float) -> None:
    """Sealing a flat segment is too short to report."""


def write_rows(
    writer: ContainerWriter, row_codec: RowCodec, dimension: int, pool: Pool, order: Ints, step: Step
) -> None:
    """Write the sections that every segment has: keys, rows and their scales, in `order`."""
    scales_in_order = np.empty(pool.count, np.float32)

    def rows_in_order() -> Iterator[Rows]:
        for start, end, rows, scales in pool.blocks(order):
            step("write", start / pool.count)
            scales_in_order[start:end] = scales
            yield rows

    writer.add("keys", pool.keys()[order])
    writer.add("rows", rows_in_order(), (pool.count, dimension))
    if row_codec.scaled:
        writer.add("scales", scales_in_order)


@dataclass(frozen=True, slots=True)
class _Plan:
    """The rows of a new segment: `order[row]` is the number of a row in the pool, `homes[row]` its lists."""

    pool: Pool
    order: Ints
    homes: NDArray[np.int32]
    coarse: Coarse
    strengths: Floats


def _write(
    directory: Directory,
    name: str,
    row_codec: RowCodec,
    dimension: int,
    plan: _Plan,
    entries: Entries,
    facts: dict[str, Any],
    step: Step,
) -> int:
    pool, coarse = plan.pool, plan.coarse
    clustered = len(coarse.centroids) > 1
    with directory.create(name) as file:
        writer = ContainerWriter(file, SEALED)
        write_rows(writer, row_codec, dimension, pool, plan.order, step)
        if clustered:
            keys = pool.keys()[plan.order]
            key_order = np.argsort(keys).astype(np.uint32)
            writer.add("sorted_keys", keys[key_order])
            writer.add("order", key_order)
            writer.add("homes", plan.homes)
        columns = write_lists(writer, coarse.centroids, plan.strengths, entries)
        return writer.finish(
            {
                "kind": "segment",
                "layout": "clustered" if clustered else "flat",
                "count": pool.count,
                "dimension": dimension,
                "precision": row_codec.precision,
                "spherical": coarse.spherical,
                **columns,
                **facts,
            }
        )


def _strengths(
    row_codec: RowCodec, pool: Pool, order: Ints, homes: NDArray[np.int32], coarse: Coarse
) -> Floats:
    """The mean projection of the vectors of a list on its centroid; ones for centroids that are means."""
    count = len(coarse.centroids)
    if not coarse.spherical:
        return np.ones(count, np.float32)
    sums, sizes = np.zeros(count), np.zeros(count)
    for start, end, rows, scales in pool.blocks(order):
        vectors = row_codec.decode(rows, scales)
        for home in homes[start:end].T:
            along = np.einsum("ij,ij->i", vectors, coarse.centroids[home])
            sums += np.bincount(home, along, minlength=count)
            sizes += np.bincount(home, minlength=count)
    strengths: Floats = (sums / np.maximum(sizes, 1)).astype(np.float32)
    return strengths


def _encode(
    row_codec: RowCodec, dimension: int, plan: _Plan, picked: Ints, step: Step, cores: Cores = ONE_CORE
) -> Entries:
    """Codes of the `picked` rows for each list that holds them."""
    count = len(picked)
    levels = 2 if len(plan.coarse.centroids) > 1 else 1
    centres = plan.coarse.centroids * plan.strengths[:, None]
    homes = plan.homes[picked, :levels].T
    codes = np.empty((codec.words(dimension), levels, count), np.uint64)
    factors = np.empty((levels, count), np.float32)
    half_squares = np.empty(count, np.float32) if row_codec.metric == "l2" else None

    def encode(piece: tuple[int, int, Rows, Floats]) -> None:
        start, end, rows, scales = piece
        vectors = row_codec.decode(rows, scales)
        for level in range(levels):
            residuals = vectors - centres[homes[level, start:end]]
            block, factors[level, start:end] = codec.encode(residuals)
            codes[:, level, start:end] = block.T
        if half_squares is not None:
            half_squares[start:end] = np.einsum("ij,ij->i", vectors, vectors) / 2

    for number, _ in enumerate(cores.each(encode, plan.pool.blocks(plan.order[picked]))):
        step("encode", number * _BLOCK / count)
    return Entries(
        lists=np.ascontiguousarray(homes).reshape(-1),
        rows=np.tile(picked.astype(np.uint32), levels),
        codes=codes.reshape(len(codes), levels * count),
        factors=factors.reshape(-1),
        half_squares=None if half_squares is None else np.tile(half_squares, levels),
    )


def _kept(old: Lists, source: Source, order: Ints) -> Entries:
    """The entries of the rows that a merge takes over, under their new row numbers."""
    rows_now = np.full(len(source.keys), -1, np.int64)
    taken = np.flatnonzero(order < len(source.picked))
    rows_now[source.picked[order[taken]]] = taken
    entries = old.entries()
    rows = rows_now.take(entries.rows)
    return entries.picked(np.flatnonzero(rows >= 0), rows)
