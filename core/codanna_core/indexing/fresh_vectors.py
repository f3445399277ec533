"""Vectors of a run, on their way into the store before the commit that names them."""

from __future__ import annotations

import logging
from threading import Thread

import numpy as np
from numpy.typing import NDArray

from codanna_core.embed.base import Embedder
from codanna_core.errors import ModelUnavailable
from codanna_core.indexing.prepare import Prepared
from codanna_core.storage.directory import Checkpoint
from codanna_core.vectors.base import VectorIndex

log = logging.getLogger("codanna.engine")

_UPSERT_ROWS = 8192
_UNKNOWN = "\U0001f4df\u0416\u58eb"
"""No vocabulary has this word."""


class FreshVectors:
    """Embeds what the store lacks, where that is cheap enough, and hands it over in large pieces."""

    def __init__(
        self, vectors: VectorIndex | None, embedder: Embedder | None, *, workers_can_embed: bool
    ) -> None:
        self._vectors = vectors
        self._embedder = embedder
        self._keys: list[NDArray[np.uint64]] = []
        self._rows: list[NDArray[np.float32]] = []
        self._row_count = 0
        self._made = 0
        self.embeds = embedder is not None and embedder.instant and vectors is not None
        """Whether vectors are cheap enough to be computed before the text is committed."""
        self.by_workers = (
            self.embeds and workers_can_embed and vectors is not None and not vectors.snapshot().count
        )
        """Where no vector is known yet, workers need not ask which are missing and embed everything."""

    def expect(self) -> None:
        """Load what embedding needs while somebody else works: the whole vocabulary is read for a word that
        it does not have, and any file may hold one.
        """
        if self.embeds and not self.by_workers:
            Thread(target=self._embed_unknown, name="codanna-vocabulary", daemon=True).start()

    def _embed_unknown(self) -> None:
        assert self._embedder is not None
        try:
            self._embedder.embed_query(_UNKNOWN)
        except ModelUnavailable:
            pass  # The run meets it again, and says it.

    @property
    def model_id(self) -> str:
        """The model that workers are to load."""
        return self._embedder.model_id if self._embedder is not None else ""

    def add(self, prepared: Prepared) -> int:
        """Take the vectors of a file; how many are left for later."""
        if self._vectors is None:
            return 0
        keys, first = np.unique(prepared.keys, return_index=True)
        if prepared.vectors is None or not self.by_workers:
            missing = ~self._vectors.contains(keys)
            if not missing.any():
                return 0
            keys, first = keys[missing], first[missing]
        rows = self._rows_of(prepared, first)
        if rows is None:
            return len(keys)
        self._keys.append(keys)
        self._rows.append(rows)
        self._row_count += len(keys)
        if self._row_count >= _UPSERT_ROWS:
            self.store()
        return 0

    def store(self) -> None:
        """Hand over what is there; the log of the store has it then."""
        if self._vectors is None or not self._row_count:
            return
        keys, first = np.unique(np.concatenate(self._keys), return_index=True)
        rows = np.concatenate(self._rows)[first]
        self._keys, self._rows, self._row_count = [], [], 0
        if self.by_workers:
            missing = ~self._vectors.contains(keys)
            keys, rows = keys[missing], rows[missing]
        self._vectors.upsert(keys, rows)
        self._made += len(keys)

    def made(self) -> int:
        """How many vectors were new to the store since this was asked for last."""
        made, self._made = self._made, 0
        return made

    def flush(self, checkpoint: Checkpoint) -> None:
        """Make durable what was handed over."""
        if self._vectors is not None:
            checkpoint("vectors:before-flush")
            self._vectors.flush()
            checkpoint("vectors:after-flush")

    def _rows_of(self, prepared: Prepared, numbers: NDArray[np.intp]) -> NDArray[np.float32] | None:
        if prepared.vectors is not None:
            rows: NDArray[np.float32] = prepared.vectors[numbers]
            return rows
        if not self.embeds or self._embedder is None:
            return None
        try:
            return self._embedder.embed_passages([prepared.texts[number] for number in numbers])
        except ModelUnavailable as error:
            # The run goes on by text; what makes missing vectors afterwards reports the model.
            log.warning("no vectors are computed in this run: %s", error)
            self.embeds = False
            return None
