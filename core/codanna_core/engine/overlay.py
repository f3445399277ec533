"""Unsaved buffers: parsed in memory, they hide what the index holds of the same file."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

import numpy as np
from numpy.typing import NDArray

from codanna_core.embed.base import Embedder
from codanna_core.embed.text import embedding_text
from codanna_core.engine.prepare import source_text
from codanna_core.languages import extract
from codanna_core.model import Symbol
from codanna_core.text.documents import body_words, direct_children, own_body, stored_values
from codanna_core.text.index import StoredSymbol
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


def stored_symbol(symbol: Symbol, path: str, language: str, key: int) -> StoredSymbol:
    """A parsed symbol in the shape in which the index gives symbols back."""
    return StoredSymbol(*stored_values(symbol, path, language, key))


def embedded(file: OverlayFile, embedder: Embedder) -> OverlayFile:
    """The buffer with vectors of this model, or with none where it would have to be waited for."""
    if file.model_id == embedder.model_id:
        return file
    if not embedder.instant or not file.embedding_texts:
        return file if file.vectors is None else replace(file, vectors=None, model_id="")
    return replace(file, vectors=embedder.embed_passages(file.embedding_texts), model_id=embedder.model_id)


def read_buffer(path: str, text: str) -> OverlayFile:
    """Parse a buffer and describe its symbols as the index would."""
    data = text.encode("utf-8", "replace")
    extraction = extract(data, str(PurePosixPath(path)))
    symbols = sorted(extraction.symbols, key=lambda symbol: (symbol.start_byte, -symbol.end_byte))
    path_words = Counter(index_text(path).split())
    fields: list[dict[str, Counter[str]]] = []
    texts: list[str] = []
    for symbol, children in zip(symbols, direct_children(symbols), strict=True):
        body = body_words(own_body(data, symbol, children))
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
        texts.append(
            embedding_text(
                path,
                symbol.container,
                symbol.name,
                symbol.kind,
                symbol.signature,
                symbol.doc,
                source_text(body),
            )
        )
    stored = tuple(stored_symbol(symbol, path, extraction.language, 0) for symbol in symbols)
    return OverlayFile(path, text, stored, tuple(fields), tuple(texts))
