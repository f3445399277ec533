"""The second implementation: sealed segments searched by an HNSW graph of usearch instead of inverted lists.

Useful for: the lowest latency where memory is plenty. Not useful for: large indexes that change, since the
graph holds all vectors once more (4 to 12 times the bytes of the lists) and a merge copies it. Log, delta and
snapshots are the same as for the lists; only what a sealed segment is searched by differs.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from codanna_core.errors import ConfigError, IndexCorrupt
from codanna_core.storage import Directory
from codanna_core.storage.container import Container, ContainerWriter
from codanna_core.vectors.base import Floats, Keys
from codanna_core.vectors.ivf.build import Pool, Source, Step, write_rows
from codanna_core.vectors.manifest import SEALED
from codanna_core.vectors.rows import RowCodec

CONNECTIVITY = 16
EXPANSION_ADD = 128
EXPANSION_SEARCH = 128
OVERFETCH = 32
"""Results taken beyond k, which are then scored exactly; the graph compares rounded vectors."""
_BLOCK = 8192


def _empty_graph(row_codec: RowCodec, dimension: int) -> Any:
    try:
        from usearch.index import Index
    except ImportError as error:
        raise ConfigError(
            "the hnsw vector index needs usearch; install codanna-lsp[hnsw] or set the implementation to ivf"
        ) from error
    # usearch rounds to int8 as if all components were within one, which only cosine makes sure.
    rounded = "i8" if row_codec.metric == "cosine" else "f16"
    return Index(
        ndim=dimension,
        metric={"cosine": "cos", "l2": "l2sq", "dot": "ip"}[row_codec.metric],
        dtype={"int8": rounded, "f16": "f16", "f32": "f32"}[row_codec.precision],
        connectivity=CONNECTIVITY,
        expansion_add=EXPANSION_ADD,
        expansion_search=EXPANSION_SEARCH,
    )


class Graph:
    """The graph of one segment, read in place from the mapped file."""

    def __init__(self, file: Container, row_codec: RowCodec, dimension: int) -> None:
        # usearch follows the links in the file unchecked, so damage must be found before.
        file.check("graph")
        self.bytes = file.array("graph")
        self._graph = _empty_graph(row_codec, dimension)
        try:
            self._graph.view(self.bytes.data)
        except RuntimeError as error:
            raise file.corrupt(f"usearch cannot read its graph ({error})") from error

    def nearest(self, query: Floats, count: int) -> Keys:
        """The keys of about the `count` nearest vectors."""
        size = len(self._graph)
        if not size:
            return np.zeros(0, np.uint64)
        # More than there are makes usearch return rows of invalid keys.
        found = self._graph.search(query, min(count, size))
        return np.asarray(found.keys, dtype=np.uint64)


def write_graph(
    directory: Directory,
    name: str,
    row_codec: RowCodec,
    dimension: int,
    sources: Sequence[Source],
    base: Graph | None,
    base_keys: Keys,
    step: Step,
) -> int:
    """Seal rows with a graph; returns the size of the file.

    With a `base`, whose keys were `base_keys`, its graph is copied and changed; the first source is its rows.
    """
    pool = Pool(sources, row_codec)
    keys = pool.keys()
    graph = _empty_graph(row_codec, dimension)
    done = 0
    if base is not None:
        try:
            graph.load(bytes(base.bytes))
        except RuntimeError as error:
            raise IndexCorrupt(directory.path / name, f"usearch cannot copy the graph ({error})") from error
        done = len(sources[0].picked)
        # Removed before others are added, so that usearch can use their places again.
        for key in np.setdiff1d(base_keys, keys[:done]).tolist():
            graph.remove(key)
    for start in range(done, pool.count, _BLOCK):
        step("connect", (start - done) / (pool.count - done))
        block = np.arange(start, min(start + _BLOCK, pool.count))
        graph.add(keys[block], pool.vectors(block), threads=1)
    order = np.argsort(keys)
    with directory.create(name) as file:
        writer = ContainerWriter(file, SEALED)
        write_rows(writer, row_codec, dimension, pool, order, step)
        writer.add("graph", np.frombuffer(graph.save(), np.uint8))
        return writer.finish(
            {
                "kind": "segment",
                "layout": "graph",
                "count": pool.count,
                "dimension": dimension,
                "precision": row_codec.precision,
            }
        )
