"""The lean reader of static models: one memory-mapped table of token vectors, a mean, no other library.

It reads the very folder that fastembed's static model class reads and gives the same vectors. It exists
because importing fastembed costs every indexing process 0.7 s and over 100 MB that this model does not need.
"""

from __future__ import annotations

import hashlib
import mmap
import threading
from collections.abc import Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from codanna_core.cancel import Cancel
from codanna_core.embed.base import normalised
from codanna_core.embed.text import PARTS
from codanna_core.embed.tokenizer import WordTokenizer
from codanna_core.embed.trusted import check_dimension, checked_header
from codanna_core.errors import ModelUnavailable

_TYPES = {"I8": np.int8, "I64": np.int64, "F16": np.float16, "F32": np.float32}
_BLOCK = 64
"""Texts whose tokens are looked up together: those of one file share most of them."""

PART_WEIGHTS = dict(zip(PARTS, (0.4, 0.48, 0.9, 0.48, 1.3, 0.94), strict=True))
"""How much each part of a symbol counts, whatever its length: in one sum a long body drowns the name."""
_PARTS = [*PART_WEIGHTS.values()]
_ALIKE = 0.05
"""How alike the tokens of one part are, from which the length of their sum follows without the sum."""


class _Scratch(threading.local):
    """One number for each token, kept by every thread: touching new memory costs more than the look-ups."""

    def __init__(self, tokens: int) -> None:
        self.held = np.zeros(tokens, bool)
        self.columns = np.zeros(tokens, np.int32)


class StaticEmbedder:
    """Weighted mean of token vectors. All processes share the mapped table; threads need no lock."""

    def __init__(self, folder: Path, *, own: bool = False) -> None:
        """`own` is for the model of the package, whose files are as they were built."""
        self._folder = folder
        settings = _read_json(folder / "config.json")
        try:
            self._model_id = f"{settings['name']}@{settings['digest'][:16]}"
        except (KeyError, TypeError) as error:
            raise ModelUnavailable(
                f"{folder / 'config.json'} does not name a model; reinstall codanna-lsp"
            ) from error
        tensors = read_safetensors(folder / "model.safetensors")
        self._tokenizer = WordTokenizer.read(folder / "tokenizer.json", own=own)
        try:
            self._rows = tensors["embeddings"]
            self._weights = tensors["weights"].astype(np.float32)
        except KeyError as error:
            raise ModelUnavailable(f"{folder} contains no tensor {error}; reinstall codanna-lsp") from error
        if self._rows.ndim != 2 or self._weights.ndim != 1:
            raise ModelUnavailable(f"{folder} contains no table of vectors; reinstall codanna-lsp")
        check_dimension(folder / "model.safetensors", int(self._rows.shape[1]))
        if len(self._rows) != len(self._weights) or len(self._rows) != self._tokenizer.size:
            raise ModelUnavailable(f"the files in {folder} do not belong together; reinstall codanna-lsp")
        self._scratch = _Scratch(len(self._rows))
        self._lengths = np.full(len(self._rows), -1.0)
        """Of the vectors, each worked out when a text first has its token."""

    @property
    def model_id(self) -> str:
        """Name and digest of the weights."""
        return self._model_id

    @property
    def instant(self) -> bool:
        """A table look-up costs less than parsing did."""
        return True

    @property
    def dimension(self) -> int:
        """Length of every vector."""
        return int(self._rows.shape[1])

    def embed_passages(self, texts: Sequence[str], cancel: Cancel | None = None) -> NDArray[np.float32]:
        """float32[len(texts), dimension]; about 10 µs a text of 40 tokens where there are many."""
        sums = np.zeros((len(texts), self.dimension), np.float32)
        for first in range(0, len(texts), _BLOCK):
            if cancel is not None:
                cancel.raise_if_cancelled()
            self._add(texts[first : first + _BLOCK], sums[first : first + _BLOCK])
        return normalised(sums)

    def _add(self, texts: Sequence[str], sums: NDArray[np.float32]) -> None:
        """Texts of one file share most of their tokens, so each token's vector is read once for all of them.
        Then every text has a product of its own, in double: neither what stands beside it nor how its sum is
        rounded may change its vector.
        """
        parts = [text.split("\n") for text in texts]
        ids, counts = self._tokenizer.ids_of_each([*chain.from_iterable(parts)])
        held, columns = self._scratch.held, self._scratch.columns
        held[ids] = True
        used = np.flatnonzero(held)
        held[used] = False
        columns[used] = np.arange(len(used), dtype=np.int32)
        places = columns[ids]
        rows = self._rows[used].astype(np.float64)
        lengths = self._lengths
        unknown = np.flatnonzero(lengths[used] < 0)
        if len(unknown):
            lengths[used[unknown]] = np.sqrt(np.einsum("ij,ij->i", rows[unknown], rows[unknown]))
        sizes = self._weights[used] * lengths[used]
        weights = self._weights[ids] * np.repeat(_scales(parts, sizes[places], counts), counts)
        firsts = np.cumsum([0, *map(len, parts)])[:-1]
        ends = np.cumsum(np.add.reduceat(counts, firsts)).tolist()
        exact = np.empty(sums.shape)
        start = 0
        for end, total in zip(ends, exact, strict=True):
            np.dot(weights[start:end], rows.take(places[start:end], axis=0), out=total)
            start = end
        sums[:] = exact

    def embed_query(self, text: str) -> NDArray[np.float32]:
        """float32[dimension]; queries and passages are embedded alike."""
        ids = self._tokenizer.ids(text)
        total = np.dot(self._weights.take(ids), self._rows.take(ids, axis=0).astype(np.float32))
        vector: NDArray[np.float32] = normalised(total[None, :])[0]
        return vector

    def verify(self) -> None:
        """Read every byte and compare with the digest; `ModelUnavailable` when the files were changed."""
        expected = _read_json(self._folder / "config.json")["digest"]
        if digest_of(self._folder) != expected:
            raise ModelUnavailable(f"the files in {self._folder} are damaged; reinstall codanna-lsp")


def _scales(
    parts: Sequence[Sequence[str]], sizes: NDArray[np.float64], counts: NDArray[np.int64]
) -> NDArray[np.float64]:
    """What brings each part to its weight. `sizes` are the lengths of the weighted vectors of all tokens,
    `counts` how many of them each part has. A text that is no symbol's is one part.
    """
    wanted = [*chain.from_iterable(_PARTS if len(one) == len(_PARTS) else [1.0] * len(one) for one in parts)]
    part = np.repeat(np.arange(len(counts)), counts)
    apart = np.bincount(part, sizes * sizes, len(counts))
    alike = np.bincount(part, sizes, len(counts)) ** 2
    squares = (1 - _ALIKE) * apart + _ALIKE * alike
    return np.array(wanted) / np.sqrt(np.where(squares > 0, squares, 1.0))


def is_own_model(folder: Path) -> bool:
    """Whether a folder holds a static model with a tokenizer that this reader understands."""
    try:
        StaticEmbedder(folder)
    except ModelUnavailable:
        return False
    return True


def digest_of(folder: Path) -> str:
    """The digest that `config.json` records: of the table, then of the tokenizer."""
    digest = hashlib.sha256()
    for file in ("model.safetensors", "tokenizer.json"):
        digest.update((folder / file).read_bytes())
    return digest.hexdigest()


def read_safetensors(path: Path) -> dict[str, NDArray[Any]]:
    """The tensors of a safetensors file as read-only views of one memory map."""
    try:
        with path.open("rb") as file:
            mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        header, start = checked_header(path, mapped)
        tensors: dict[str, NDArray[Any]] = {}
        for name, entry in header.items():
            if name == "__metadata__":
                continue
            kind, shape = _TYPES[entry["dtype"]], entry["shape"]
            first, last = entry["data_offsets"]
            count = int(np.prod(shape))
            if last - first != count * np.dtype(kind).itemsize:
                raise ValueError("it is cut short")
            tensors[name] = np.frombuffer(mapped, kind, count, start + first).reshape(shape)
        return tensors
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ModelUnavailable(f"{path} cannot be read ({error}); reinstall codanna-lsp") from error


def _read_json(path: Path) -> Any:
    try:
        return orjson.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise ModelUnavailable(f"{path} cannot be read ({error}); reinstall codanna-lsp") from error
