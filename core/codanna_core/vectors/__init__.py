"""Vectors by content key: a durable set with fast nearest-neighbour search.

`base` holds the interface, `store` the durable index (write-ahead log, delta, sealed segments, one manifest),
`ivf` the clusters and codes inside its segments, `hnsw` the second implementation, `exact` the reference.
"""

from codanna_core.vectors.base import (
    ProbePolicy,
    VectorHits,
    VectorIndex,
    VectorOptions,
    VectorSnapshot,
    VectorStats,
    Work,
)
from codanna_core.vectors.store import open_vector_index

__all__ = [
    "ProbePolicy",
    "VectorHits",
    "VectorIndex",
    "VectorOptions",
    "VectorSnapshot",
    "VectorStats",
    "Work",
    "open_vector_index",
]
