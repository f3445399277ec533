"""The vector index as its users see it: options, policies, results, and what every implementation keeps.

Keys are 64-bit content keys. A vector never belongs to a file, so nothing here knows of files.
A score is "higher is closer" for every metric: cosine similarity, dot product, or minus the squared distance.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import field
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from codanna_core.cancel import Cancel
from codanna_core.errors import ConfigError, DimensionMismatch, InvalidQuery
from codanna_core.records import dataclass
from codanna_core.runtime.pace import POLITE, Pace

Keys = NDArray[np.uint64]
Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]

Metric = Literal["cosine", "l2", "dot"]
Precision = Literal["int8", "f32", "f16"]
Implementation = Literal["ivf", "hnsw"]

Progress = Callable[[str, float], None]
"""Called with what is being done and the share of it that is done, 0 to 1."""


@dataclass(frozen=True, slots=True)
class VectorOptions:
    """What is fixed for the life of one index. Opening an index with other metric or precision is refused."""

    metric: Metric = "cosine"
    precision: Precision = "int8"
    implementation: Implementation = "ivf"
    recall_target: float = 0.97
    """Share of the true ten nearest that a search should find; the calibration probes as much as it takes."""
    seed: int = 0
    pace: Pace = POLITE
    """Of the processes that build segments."""

    def __post_init__(self) -> None:
        for name, value, allowed in (
            ("metric", self.metric, ("cosine", "l2", "dot")),
            ("precision", self.precision, ("int8", "f32", "f16")),
            ("implementation", self.implementation, ("ivf", "hnsw")),
        ):
            if value not in allowed:
                raise ConfigError(f"{name} is {value!r}; use one of {', '.join(allowed)}")
        if not 0.5 <= self.recall_target <= 1.0:
            raise ConfigError(f"recall_target is {self.recall_target}; use a value from 0.5 to 1")


@dataclass(frozen=True, slots=True)
class ProbePolicy:
    """How much work one search does. Zero means: what the calibration found for the recall target."""

    nprobe: int = 0
    """Lists to scan."""
    rescore: int = 0
    """Candidates to score again with their stored vectors."""
    exact: bool = False
    """Score every vector; slow, for measuring."""


@dataclass(slots=True)
class Work:
    """What one search did, independent of the clock."""

    lists_probed: int = 0
    codes_scanned: int = 0
    rows_rescored: int = 0


@dataclass(frozen=True, slots=True)
class VectorHits:
    """The nearest vectors, best first; equal scores are ordered by key."""

    keys: Keys
    scores: Floats
    work: Work


@dataclass(frozen=True, slots=True)
class Calibration:
    """What was measured on queries made from the index's own vectors, and the policy chosen from it."""

    recall: float
    nprobe: int
    rescore: int
    milliseconds: float
    queries: int


@dataclass(slots=True)
class VectorStats:
    """The state of an index in numbers, plain enough for `dataclasses.asdict` and JSON."""

    implementation: str
    metric: str
    precision: str
    dimension: int | None
    count: int
    dead: int
    """Vectors on disk that were removed or replaced and wait for the next merge."""
    generation: int
    delta: int
    """Vectors in the write-ahead log that no sealed segment holds yet."""
    segments: list[dict[str, Any]] = field(default_factory=list)
    disk_bytes: int = 0
    bytes_per_vector: dict[str, float] = field(default_factory=dict)
    clusters: int = 0
    cluster_sizes: list[int] = field(default_factory=list)
    """Number of vectors in each cluster, second assignments included."""
    imbalance: float = 0.0
    """1 means all clusters are equally long; the expected scan grows in proportion."""
    spilled_share: float = 0.0
    """Vectors that a second cluster holds too, as a share of the clustered ones."""
    trained_at: float = 0.0
    trained_on: int = 0
    drift: float = 0.0
    """How much farther from their centroids the vectors added since the training lie: 0.1 is ten per cent."""
    calibration: Calibration | None = None


class VectorSnapshot(Protocol):
    """An immutable state of the index. Any number of threads may search it; no writer blocks it."""

    @property
    def count(self) -> int: ...
    @property
    def dimension(self) -> int | None:
        """None while the index has never held a vector."""
        ...

    def search(
        self,
        query: ArrayLike,
        k: int,
        *,
        filter: Keys | None = None,
        policy: ProbePolicy | None = None,
        cancel: Cancel | None = None,
    ) -> VectorHits:
        """The `k` nearest vectors; `filter`, a sorted array of keys, limits the search to those."""
        ...

    def get(self, keys: Keys) -> tuple[Floats, Mask]:
        """The stored vectors of `keys` (zeros where there is none) and which were found."""
        ...

    def nearness(self, keys: Keys, vector: Floats) -> Floats:
        """The product of each stored vector with `vector`, 0 where there is none. It does not depend on the
        other keys that it is asked with.
        """
        ...


class VectorIndex(Protocol):
    """A mutable set of vectors. One writer process; writers exclude each other, readers use snapshots."""

    def contains(self, keys: Keys) -> Mask: ...
    def upsert(self, keys: Keys, vectors: ArrayLike) -> None: ...
    def remove(self, keys: Keys) -> None: ...
    def flush(self) -> None:
        """Make everything upserted and removed so far durable."""
        ...

    def snapshot(self) -> VectorSnapshot: ...
    def refresh(self) -> bool:
        """For a read-only opener: pick up what another process published; True when something changed."""
        ...

    def needs_maintenance(self) -> bool: ...
    def maintain(self, cancel: Cancel | None = None, progress: Progress | None = None) -> None: ...
    def retain(self, live_keys: Keys) -> int:
        """Remove every vector whose key is not in `live_keys`; returns how many."""
        ...

    def verify(self) -> None:
        """Read every byte and check it against its checksum; raises IndexCorrupt naming the damaged file."""
        ...

    def stats(self) -> VectorStats: ...
    def close(self) -> None: ...


def check_vectors(keys: Keys, vectors: ArrayLike, dimension: int | None) -> tuple[Keys, Floats]:
    """Refuse what cannot be stored; the result is contiguous, keys: u64[n], vectors: f32[n, d]."""
    keys = np.ascontiguousarray(keys, dtype=np.uint64)
    array = np.ascontiguousarray(vectors, dtype=np.float32)
    if keys.ndim != 1 or array.ndim != 2 or len(keys) != len(array):
        raise InvalidQuery(
            f"expected one vector a key, got keys of shape {keys.shape} and vectors of shape {array.shape}"
        )
    if array.shape[1] == 0:
        raise InvalidQuery("the vectors are empty; give vectors of at least one dimension")
    if dimension is not None and array.shape[1] != dimension:
        raise DimensionMismatch(array.shape[1], dimension)
    if not np.isfinite(array).all():
        raise InvalidQuery("a vector contains NaN or infinity; fix the embedding that made it")
    return keys, array


def check_query(query: ArrayLike, k: int, dimension: int | None) -> Floats:
    """Refuse what cannot be searched for; the result is f32[d]."""
    vector = np.ascontiguousarray(query, dtype=np.float32)
    if vector.ndim != 1 or vector.size == 0:
        raise InvalidQuery(f"the query vector has shape {vector.shape}; give one non-empty vector")
    if dimension is not None and vector.size != dimension:
        raise DimensionMismatch(vector.size, dimension)
    # A finite sum of squares proves every component finite in one call; an infinite one may be mere overflow.
    if not math.isfinite(np.dot(vector, vector)) and not np.isfinite(vector).all():
        raise InvalidQuery("the query vector contains NaN or infinity; fix the embedding that made it")
    if k < 1:
        raise InvalidQuery(f"k is {k}; ask for at least one result")
    return vector


def prepared(vectors: Floats, metric: Metric) -> Floats:
    """Vectors as they are stored: of length one for cosine (a zero vector stays zero), else unchanged."""
    if metric != "cosine":
        return vectors
    # In double, so that neither huge nor tiny components overflow or vanish.
    norms = np.sqrt(np.einsum("ij,ij->i", vectors, vectors, dtype=np.float64))
    norms[norms == 0] = 1
    unit: Floats = (vectors / norms[:, None]).astype(np.float32)
    return unit


def prepared_query(vector: Floats, metric: Metric) -> Floats:
    """`prepared` for one vector, without the cost of working in double where single is safe."""
    if metric != "cosine":
        return vector
    square = float(np.dot(vector, vector))
    if not 1e-20 < square < 1e30:
        careful: Floats = prepared(vector[None], metric)[0]
        return careful
    unit: Floats = vector * np.float32(1 / math.sqrt(square))
    return unit


def last_of_each(keys: Keys) -> NDArray[np.intp] | None:
    """Positions of the last occurrence of each key in the order given; None when no key repeats."""
    _, reversed_first = np.unique(keys[::-1], return_index=True)
    if len(reversed_first) == len(keys):
        return None
    return np.sort(len(keys) - 1 - reversed_first)


def best(keys: Keys, scores: Floats, k: int) -> tuple[Keys, Floats]:
    """The `k` best scores, best first, equal scores ordered by key."""
    if len(scores) > 4 * k and len(scores) > 64:
        # Keep all that tie with the k-th, so that the order by key below decides and not the partition.
        bound = np.partition(scores, len(scores) - k)[len(scores) - k]
        kept = scores >= bound
        keys, scores = keys[kept], scores[kept]
    order = np.lexsort((keys, -scores))[:k]
    return keys[order], scores[order]
