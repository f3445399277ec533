"""The reference: every vector in memory, every search exact. Tests compare the others with it."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from codanna_core.cancel import Cancel, check_cancelled
from codanna_core.vectors.base import (
    Floats,
    Keys,
    Mask,
    ProbePolicy,
    Progress,
    VectorHits,
    VectorOptions,
    VectorStats,
    Work,
    best,
    check_query,
    check_vectors,
    prepared,
)


class ExactSnapshot:
    """Immutable copy of the vectors. Cost of a search: all of them."""

    def __init__(self, options: VectorOptions, keys: Keys, vectors: Floats, dimension: int | None) -> None:
        self._options = options
        self._keys = keys
        self._vectors = vectors
        self._dimension = dimension

    @property
    def count(self) -> int:
        return len(self._keys)

    @property
    def dimension(self) -> int | None:
        return self._dimension

    def search(
        self,
        query: ArrayLike,
        k: int,
        *,
        filter: Keys | None = None,
        policy: ProbePolicy | None = None,
        cancel: Cancel | None = None,
    ) -> VectorHits:
        vector = check_query(query, k, self._dimension)
        check_cancelled(cancel)
        if not len(self._keys):
            return VectorHits(np.zeros(0, np.uint64), np.zeros(0, np.float32), Work())
        keys, vectors = self._keys, self._vectors
        if filter is not None:
            kept = np.isin(keys, filter)
            keys, vectors = keys[kept], vectors[kept]
        vector = prepared(vector[None], self._options.metric)[0]
        if self._options.metric == "l2":
            difference = vectors - vector
            scores = -np.einsum("ij,ij->i", difference, difference)
        else:
            scores = vectors @ vector
        return VectorHits(*best(keys, scores, k), Work(rows_rescored=len(keys)))

    def get(self, keys: Keys) -> tuple[Floats, Mask]:
        place = {int(key): row for row, key in enumerate(self._keys)}
        found = np.array([int(key) in place for key in keys], dtype=bool)
        vectors = np.zeros((len(keys), self._dimension or 0), dtype=np.float32)
        for row, key in enumerate(keys):
            if found[row]:
                vectors[row] = self._vectors[place[int(key)]]
        return vectors, found

    def nearness(self, keys: Keys, vector: Floats) -> Floats:
        vectors, _ = self.get(keys)
        near: Floats = np.einsum("ij,j->i", vectors, vector.astype(np.float64)).astype(np.float32)
        return near


class ExactIndex:
    """A dictionary of vectors with the contract of `VectorIndex`; nothing is stored on disk."""

    def __init__(self, options: VectorOptions) -> None:
        self._options = options
        self._vectors: dict[int, Floats] = {}
        self._dimension: int | None = None
        self._generation = 0

    def contains(self, keys: Keys) -> Mask:
        return np.array([int(key) in self._vectors for key in keys], dtype=bool)

    def upsert(self, keys: Keys, vectors: ArrayLike) -> None:
        keys, array = check_vectors(keys, vectors, self._dimension)
        if not len(keys):
            return
        self._dimension = array.shape[1]
        for key, vector in zip(keys.tolist(), prepared(array, self._options.metric), strict=True):
            self._vectors[key] = vector
        self._generation += 1

    def remove(self, keys: Keys) -> None:
        for key in keys:
            self._vectors.pop(int(key), None)
        self._generation += 1

    def flush(self) -> None:
        """Nothing is on disk."""

    def snapshot(self) -> ExactSnapshot:
        keys = np.fromiter(self._vectors, dtype=np.uint64, count=len(self._vectors))
        rows = list(self._vectors.values())
        vectors = np.stack(rows) if rows else np.zeros((0, self._dimension or 0), dtype=np.float32)
        return ExactSnapshot(self._options, keys, vectors, self._dimension)

    def refresh(self) -> bool:
        return False

    def needs_maintenance(self) -> bool:
        return False

    def maintain(self, cancel: Cancel | None = None, progress: Progress | None = None) -> None:
        """An exact index has nothing to improve."""

    def retain(self, live_keys: Keys) -> int:
        gone = self._vectors.keys() - set(live_keys.tolist())
        for key in gone:
            del self._vectors[key]
        return len(gone)

    def verify(self) -> None:
        """Nothing is on disk."""

    def stats(self) -> VectorStats:
        return VectorStats(
            implementation="exact",
            metric=self._options.metric,
            precision="f32",
            dimension=self._dimension,
            count=len(self._vectors),
            dead=0,
            generation=self._generation,
            delta=len(self._vectors),
        )

    def close(self) -> None:
        """Nothing is held open."""
