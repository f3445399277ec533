"""Buffers: parsed in memory, they hide what the index holds of the same file. Unsaved ones stay until they
are cleared; those of saved files until the published index holds them, which `indexing/saved.py` sees to.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import PurePosixPath
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from codanna_core.embed.base import Embedder
from codanna_core.embed.text import FileTexts
from codanna_core.errors import ModelUnavailable
from codanna_core.model import Symbol
from codanna_core.parsing.parser import Parsing
from codanna_core.records import dataclass
from codanna_core.text.documents import body_words, direct_children, own_body, stored_values
from codanna_core.text.stored import StoredSymbol
from codanna_core.words import index_text, index_words


@dataclass(frozen=True, slots=True)
class OverlayFile:
    """A buffer as the search sees it."""

    path: str
    text: str
    symbols: tuple[StoredSymbol, ...]
    fields: tuple[dict[str, Counter[str]], ...]
    """For each symbol the words of each searched field, not yet analysed."""
    embedding_texts: tuple[str, ...]
    vectors: NDArray[np.float32] | None = None
    """One row a symbol; None until they are asked for, or where meaning is off."""
    model_id: str = ""
    """The model that made the vectors."""
    saved: bool = False
    """Whether this is what the disk holds, and the index will in a moment."""
    digest: bytes = b""
    """Of a saved file, as the index knows it."""


class Buffers:
    """All buffers of a folder in two layers: what is typed hides what was saved, and that the index. Readers
    take `shown`; a change makes another mapping.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._typed: dict[str, OverlayFile] = {}
        self._saved: dict[str, OverlayFile] = {}
        self.shown: Mapping[str, OverlayFile] = MappingProxyType({})

    def put(self, file: OverlayFile) -> None:
        """Let a buffer stand for its file."""
        with self._lock:
            (self._saved if file.saved else self._typed)[file.path] = file
            self._show()

    def typed(self, path: str) -> OverlayFile | None:
        """The unsaved buffer of a file."""
        return self._typed.get(path)

    def clear(self, path: str) -> None:
        """Forget an unsaved buffer."""
        with self._lock:
            if self._typed.pop(path, None) is not None:
                self._show()

    def saved(self, paths: Iterable[str] | None = None) -> list[OverlayFile]:
        """Buffers of saved files, of all or of some."""
        with self._lock:
            there = dict(self._saved)
        return list(there.values()) if paths is None else [there[path] for path in paths if path in there]

    def drop(self, files: Iterable[OverlayFile]) -> None:
        """Forget these buffers of saved files; what was saved since stays."""
        texts = {file.path: file.text for file in files}
        if texts:
            with self._lock:
                for path, text in texts.items():
                    there = self._saved.get(path)
                    if there is not None and there.text is text:
                        del self._saved[path]
                self._show()

    def embedded(self, shown: Mapping[str, OverlayFile], embedder: Embedder) -> Mapping[str, OverlayFile]:
        """These buffers with vectors where the model makes them in no time; they are kept for the next one
        who asks.
        """
        made = {path: embedded(file, embedder) for path, file in shown.items()}
        if all(made[path] is file for path, file in shown.items()):
            return shown
        with self._lock:
            for layer in (self._typed, self._saved):
                # A buffer that changed meanwhile keeps its newer state.
                layer.update({path: made[path] for path, file in layer.items() if shown.get(path) is file})
            self._show()
        return MappingProxyType(made)

    def _show(self) -> None:
        self.shown = MappingProxyType({**self._saved, **self._typed})


def stored_symbol(symbol: Symbol, path: str, language: str, key: int) -> StoredSymbol:
    """A parsed symbol in the shape in which the index gives symbols back."""
    return StoredSymbol(*stored_values(symbol, path, language, key))


def embedded(file: OverlayFile, embedder: Embedder) -> OverlayFile:
    """The buffer with vectors of this model, or with none where it would have to be waited for."""
    if file.model_id == embedder.model_id:
        return file
    if not embedder.instant or not file.embedding_texts:
        return file if file.vectors is None else replace(file, vectors=None, model_id="")
    try:
        vectors = embedder.embed_passages(file.embedding_texts)
    except ModelUnavailable:
        return replace(file, vectors=None, model_id="")  # The question itself meets the same, and reports it.
    return replace(file, vectors=vectors, model_id=embedder.model_id)


def read_buffer(path: str, text: str, parsing: Parsing) -> OverlayFile:
    """Parse a buffer and describe its symbols as the index would."""
    data = text.encode("utf-8", "replace")
    extraction = parsing.parse(data, str(PurePosixPath(path)), indexed=False)
    symbols = sorted(extraction.symbols, key=lambda symbol: (symbol.start_byte, -symbol.end_byte))
    path_words = Counter(index_text(path).split())
    fields: list[dict[str, Counter[str]]] = []
    bodies = [
        body_words(own_body(data, symbol, children))
        for symbol, children in zip(symbols, direct_children(symbols), strict=True)
    ]
    for symbol, body in zip(symbols, bodies, strict=True):
        fields.append(
            {
                "name": Counter(index_text(symbol.name).split()),
                "container": Counter(index_text(symbol.container).split()),
                "path": path_words,
                "sig": Counter(index_text(symbol.signature).split()),
                "doc": Counter(index_text(symbol.doc).split()),
                "body": Counter(index_words(body).split()),
            }
        )
    texts = FileTexts(path).of(symbols, bodies)
    stored = tuple(stored_symbol(symbol, path, extraction.language, 0) for symbol in symbols)
    return OverlayFile(path, text, stored, tuple(fields), tuple(texts))
