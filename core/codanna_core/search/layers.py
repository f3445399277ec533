"""What each of the two layers of a view answers: the committed index, and the buffers before it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from codanna_core.cancel import Cancel
from codanna_core.records import dataclass
from codanna_core.text.rows import Floats, Rows, Scored
from codanna_core.text.stored import Filter, StoredSymbol

FileKeys = NDArray[np.uint64]
"""Tell files apart, and say nothing else of them."""


@dataclass(frozen=True, slots=True)
class Nearest:
    """A search by vector."""

    vector: NDArray[np.float32]
    wanted: int
    only: Filter
    near_enough: float | None = None
    """Share of the best score below which nothing matters, because words are searched as well."""
    cancel: Cancel | None = None
    work: dict[str, int] = field(default_factory=dict)
    """Filled with what the search did."""


class FileScores(NamedTuple):
    """Files with a score each."""

    keys: FileKeys
    scores: Floats


class Traits(NamedTuple):
    """What is known of rows without reading their documents."""

    files: FileKeys
    traits: NDArray[np.int64]
    """See `text.documents.symbol_traits`."""
    names: NDArray[np.uint64]
    """See `text.name_terms.packed`."""


class Layer(Protocol):
    """Symbols and files to be searched. Layers without a million symbols need not mind the limits."""

    def named(self, names: Sequence[str], limit: int, only: Filter) -> Rows:
        """Symbols with exactly one of these names."""

    def passing(self, only: Filter, limit: int) -> Rows:
        """Symbols that pass a filter."""

    def matching(self, weights: Mapping[str, float], limit: int, only: Filter) -> Scored:
        """Symbols by the weights of the terms they hold, each times its level in the symbol."""

    def nearest(self, asked: Nearest) -> Scored:
        """Symbols by their cosine with a vector."""

    def nearness(self, rows: Rows, vector: NDArray[np.float32]) -> Floats:
        """The cosine of each row with a vector; 0 for a row without one."""

    def files_by_words(self, shares: Mapping[str, float], limit: int) -> FileScores:
        """Files by the share of the question that they hold."""

    def traits(self, rows: Rows) -> Traits:
        """The file of each row, and what ranking must know of it."""

    def symbols(self, rows: Rows) -> list[StoredSymbol]:
        """The whole of each row."""

    def outline(self, path: str) -> list[StoredSymbol]:
        """The symbols of one file, in the order of the file."""
