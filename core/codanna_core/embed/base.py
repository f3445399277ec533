"""What the engine knows of an embedding model, whichever library runs it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from enum import StrEnum
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from codanna_core.cancel import Cancel
from codanna_core.records import dataclass


@runtime_checkable
class Embedder(Protocol):
    """Turns text into vectors. Safe to call from several threads; costs no more than its model when idle.

    Every vector is L2-normalised float32. A text with nothing in it that the model knows, an empty one too,
    gives the zero vector, which is equally far from everything; so does an output with NaN or infinity.
    """

    @property
    def model_id(self) -> str:
        """Names the weights exactly: two models with one id give the same vectors."""

    @property
    def dimension(self) -> int:
        """Length of every vector."""

    @property
    def instant(self) -> bool:
        """Whether vectors are cheap enough to be computed before a saved file is published."""

    def embed_passages(self, texts: Sequence[str], cancel: Cancel | None = None) -> NDArray[np.float32]:
        """float32[len(texts), dimension], one row a text, in order."""

    def embed_query(self, text: str) -> NDArray[np.float32]:
        """float32[dimension] of what a user typed."""


class Where(StrEnum):
    """Where a model's files are now."""

    BUNDLED = "bundled"
    IMPORTED = "imported"
    CACHED = "cached"
    DOWNLOADABLE = "downloadable"


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """One line of `models list`."""

    name: str
    dimension: int
    bytes: int
    """Size of the files, on disk where they are there, else as announced."""
    where: Where
    license: str
    description: str


def normalised(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Rows of float32[n, d] scaled to length 1; rows of zeros, NaN or infinity become zeros."""
    with np.errstate(over="ignore", invalid="ignore"):
        lengths = np.sqrt(np.einsum("ij,ij->i", vectors, vectors))
    usable = np.isfinite(lengths) & (lengths > 0)
    if usable.all():
        scaled: NDArray[np.float32] = vectors / lengths[:, None]
        return scaled
    result = np.zeros_like(vectors)
    result[usable] = vectors[usable] / lengths[usable, None]
    return result


def keep_quiet() -> None:
    """To be called before onnxruntime or the client of the model hub is imported: they note what they are
    used for, and send it, unless told not to.
    """
    os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
