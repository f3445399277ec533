"""An embedder that needs no weights: the same words give the same vectors, shared words give near vectors."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from codanna_core.cancel import Cancel
from codanna_core.embed.base import normalised
from codanna_core.embed.text import words


class FakeEmbedder:
    """Sum of one pseudo-random direction a word. Deterministic across processes and platforms."""

    def __init__(self, dimension: int = 64, model_id: str = "fake", *, instant: bool = True) -> None:
        self.dimension = dimension
        self.instant = instant
        self.model_id = f"{model_id}-{dimension}"
        self.embedded: list[str] = []
        """Every passage that was embedded, in order; tests assert on what was not embedded again."""
        self._rows: dict[str, NDArray[np.float32]] = {}

    def embed_passages(self, texts: Sequence[str], cancel: Cancel | None = None) -> NDArray[np.float32]:
        """float32[len(texts), dimension]; the zero vector for a text without words."""
        if cancel is not None:
            cancel.raise_if_cancelled()
        self.embedded.extend(texts)
        return self._embed(texts)

    def embed_query(self, text: str) -> NDArray[np.float32]:
        """float32[dimension]; a query equal to a passage gives its vector."""
        vector: NDArray[np.float32] = self._embed([text])[0]
        return vector

    def _embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        sums = np.zeros((len(texts), self.dimension), np.float32)
        for number, text in enumerate(texts):
            for word in words(text):
                sums[number] += self._row(word)
        return normalised(sums)

    def _row(self, word: str) -> NDArray[np.float32]:
        row = self._rows.get(word)
        if row is None:
            seed = int.from_bytes(blake2b(word.encode(), digest_size=8).digest(), "little")
            row = np.random.default_rng(seed).standard_normal(self.dimension).astype(np.float32)
            self._rows[word] = row
        return row
