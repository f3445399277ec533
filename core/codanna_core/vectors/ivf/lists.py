"""The inverted lists: for each centroid one contiguous block of entries, so that a probe is one slice.

A block of m entries is u64[columns, m]: the words of the codes, then a column with the row number (low half)
and the factor of the code as f32 (high half), and for l2 one with minus half the squared length as f32 (low
half).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from codanna_core.records import dataclass
from codanna_core.storage.container import Container, ContainerWriter
from codanna_core.vectors.base import Floats, Metric
from codanna_core.vectors.ivf import codec
from codanna_core.vectors.ivf.coarse import Coarse
from codanna_core.vectors.ivf.codec import Codes

Block = NDArray[np.uint64]

CODED_AT = 512
"""Centroids from which they have codes too, by which a query finds the nearest without reading all."""


class Lists:
    """Reads the lists of one segment; views of blocks are kept, since making one costs as much as a probe."""

    def __init__(self, file: Container, metric: Metric, code_words: int) -> None:
        self.centroids: Floats = file.array("centroids")
        self.strengths: Floats = file.array("strengths")
        self.starts: NDArray[np.int64] = file.array("list_starts")
        self.columns = int(file.facts["columns"])
        self.has_lengths = metric == "l2"
        if self.columns != code_words + 1 + self.has_lengths:
            raise file.corrupt("its codes do not belong to this index")
        self._entries: Block = file.array("entries")
        count = len(self.starts) - 1
        if (
            count < 1
            or self.centroids.shape[0] != count
            or len(self.strengths) != count
            or self.starts[0] != 0
            or self.starts[-1] * self.columns != len(self._entries)
            or (np.diff(self.starts) < 0).any()
        ):
            raise file.corrupt("its lists do not fit together")
        self._views: list[Block | None] = [None] * count
        self.codes: Codes | None = None
        self.factors: Floats = self.strengths
        if file.has("centroid_codes"):
            self.codes, self.factors = file.array("centroid_codes"), file.array("centroid_factors")
        self.nearness: Floats | None = None
        """What is added to the products with the centroids before the nearest are chosen."""
        if metric == "l2" and count > 1:
            self.nearness = Coarse(self.centroids, False).offsets()

    def __len__(self) -> int:
        return len(self._views)

    def block(self, number: int) -> Block:
        """The entries of one list, u64[columns, m]."""
        view = self._views[number]
        if view is None:
            start, end = int(self.starts[number]), int(self.starts[number + 1])
            view = self._entries[start * self.columns : end * self.columns].reshape(self.columns, end - start)
            self._views[number] = view  # Two threads may both do this; they store equal views.
        return view

    def entries(self) -> Entries:
        """Everything in the lists, for a merge."""
        count = len(self)
        blocks = np.concatenate([self.block(number) for number in range(count)], axis=1)
        words = self.columns - 1 - self.has_lengths
        pairs = blocks[words].view(np.uint32).reshape(-1, 2)
        lengths = blocks[words + 1].view(np.float32).reshape(-1, 2)[:, 0] if self.has_lengths else None
        return Entries(
            lists=np.repeat(np.arange(count, dtype=np.int32), np.diff(self.starts)),
            rows=pairs[:, 0],
            codes=blocks[:words],
            factors=pairs[:, 1].view(np.float32),
            half_squares=None if lengths is None else -lengths,
        )


@dataclass(frozen=True, slots=True)
class Entries:
    """What goes into the lists: arrays over all entries, in any order."""

    lists: NDArray[np.int32]
    rows: NDArray[np.uint32]
    codes: Codes
    """A column an entry, u64[w, n]."""
    factors: Floats
    half_squares: Floats | None
    """Half the squared length of each entry's vector, for l2."""

    def picked(self, numbers: NDArray[np.intp], rows: NDArray[np.int64]) -> Entries:
        """Some of the entries, with `rows` (an array over all of them) in place of theirs."""
        return Entries(
            self.lists[numbers],
            rows[numbers].astype(np.uint32),
            self.codes.take(numbers, axis=1),
            self.factors[numbers],
            None if self.half_squares is None else self.half_squares[numbers],
        )


def joined(first: Entries, second: Entries) -> Entries:
    """The entries of both."""
    lengths = None
    if first.half_squares is not None and second.half_squares is not None:
        lengths = np.concatenate([first.half_squares, second.half_squares])
    return Entries(
        np.concatenate([first.lists, second.lists]),
        np.concatenate([first.rows, second.rows]),
        np.concatenate([first.codes, second.codes], axis=1),
        np.concatenate([first.factors, second.factors]),
        lengths,
    )


def write_lists(
    writer: ContainerWriter, centroids: Floats, strengths: Floats, entries: Entries
) -> dict[str, int]:
    """Write the sections that `Lists` reads; returns the facts that belong with them."""
    count, code_words = len(centroids), len(entries.codes)
    columns = code_words + 1 + (entries.half_squares is not None)
    order = np.argsort(entries.lists, kind="stable")
    sizes = np.bincount(entries.lists, minlength=count)
    starts = np.zeros(count + 1, np.int64)
    np.cumsum(sizes, out=starts[1:])
    of_entry = entries.lists[order]
    # Where the first column of each entry lies; the next columns follow at the distance of the list's size.
    places = starts[of_entry] * (columns - 1) + np.arange(len(order))
    steps = sizes[of_entry]
    blocks = np.empty(columns * len(order), np.uint64)
    for word in range(code_words):
        blocks[places] = entries.codes[word].take(order)
        places += steps
    pairs = np.empty((len(order), 2), np.uint32)
    pairs[:, 0] = entries.rows[order]
    pairs[:, 1] = entries.factors[order].view(np.uint32)
    blocks[places] = pairs.view(np.uint64)[:, 0]
    if entries.half_squares is not None:
        places += steps
        pairs[:, 0] = (-entries.half_squares[order]).view(np.uint32)
        pairs[:, 1] = 0
        blocks[places] = pairs.view(np.uint64)[:, 0]
    writer.add("centroids", centroids)
    writer.add("strengths", strengths)
    writer.add("list_starts", starts)
    if count >= CODED_AT:
        centred = centroids - centroids.mean(axis=0)
        codes, factors = codec.encode(centred)
        writer.add("centroid_codes", np.ascontiguousarray(codes.T))
        writer.add("centroid_factors", factors)
    writer.add("entries", blocks)
    return {"columns": columns}
