"""Buffers: parsed in memory, they hide what the index holds of the same file. Unsaved ones stay until they
are cleared; those of saved files only until the index has them.
"""

from __future__ import annotations

import os
import threading
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from stat import S_ISREG
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from codanna_core.config import DiscoverySettings
from codanna_core.embed.base import Embedder
from codanna_core.embed.text import FileTexts
from codanna_core.errors import ModelUnavailable
from codanna_core.files import content_hash, decode, is_indexable
from codanna_core.indexing.prepare import read_file
from codanna_core.model import Symbol
from codanna_core.parsing.parser import Parsing
from codanna_core.text.documents import body_words, direct_children, own_body, stored_values
from codanna_core.text.reader import TextSnapshot
from codanna_core.text.stored import StoredFile, StoredSymbol
from codanna_core.words import index_text, index_words

_SAVED_LIMIT = 1 << 19
"""Reading a larger file twice would take longer than waiting for the index."""


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
    """All buffers of a folder. Readers take `shown`; a change makes another mapping."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.shown: Mapping[str, OverlayFile] = MappingProxyType({})

    def put(self, file: OverlayFile) -> None:
        """Let a buffer stand for its file; that of a saved file stands back behind an unsaved one."""
        with self._lock:
            there = self.shown.get(file.path)
            if not file.saved or there is None or there.saved:
                self._show({**self.shown, file.path: file})

    def clear(self, path: str) -> None:
        """Forget an unsaved buffer."""
        with self._lock:
            there = self.shown.get(path)
            if there is not None and not there.saved:
                self._show({other: file for other, file in self.shown.items() if other != path})

    def saved(self, paths: Iterable[str] | None = None) -> list[OverlayFile]:
        """Buffers of saved files, of all or of some, for `stored`."""
        shown = self.shown
        files = shown.values() if paths is None else (shown[path] for path in paths if path in shown)
        return [file for file in files if file.saved]

    def stored(self, files: Iterable[OverlayFile]) -> None:
        """The index has these; what was saved since stays."""
        texts = {file.path: file.text for file in files}
        if texts:
            with self._lock:
                self._show(
                    {
                        path: file
                        for path, file in self.shown.items()
                        if not file.saved or texts.get(path) is not file.text
                    }
                )

    def embedded(self, shown: Mapping[str, OverlayFile], embedder: Embedder) -> Mapping[str, OverlayFile]:
        """These buffers with vectors where the model makes them in no time; they are kept for the next one
        who asks.
        """
        made = {path: embedded(file, embedder) for path, file in shown.items()}
        if all(made[path] is file for path, file in shown.items()):
            return shown
        with self._lock:
            # A buffer that changed meanwhile keeps its newer state.
            self._show(
                {path: made[path] if shown.get(path) is file else file for path, file in self.shown.items()}
            )
        return MappingProxyType(made)

    def _show(self, files: dict[str, OverlayFile]) -> None:
        self.shown = MappingProxyType(files)


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


def read_saved(
    root: Path, path: str, settings: DiscoverySettings, known: StoredFile | None, parsing: Parsing
) -> OverlayFile | None:
    """A file as it is on disk; None where the index knows this content, or is not to know it."""
    try:
        if not S_ISREG(os.lstat(root / path).st_mode):
            return None  # A link may lead out of the folder.
    except OSError:
        return None
    if known is None and is_indexable(root, path, settings) is not None:
        return None
    prepared, data = read_file(root, path, settings)
    if prepared.skipped is not None or prepared.gone or len(data) > _SAVED_LIMIT:
        return None
    if known is not None and known.digest == content_hash(data):
        return None
    return replace(read_buffer(path, decode(data)[0], parsing), saved=True, digest=content_hash(data))


def is_published(root: Path, path: str, settings: DiscoverySettings, text: TextSnapshot) -> bool:
    """Whether the index holds a file as it is on disk, or is not to hold it."""
    known = text.file(path)
    if known is None and is_indexable(root, path, settings) is not None:
        return True
    prepared, data = read_file(root, path, settings)
    if prepared.gone or prepared.skipped is not None:
        return known is None
    return known is not None and known.digest == content_hash(data)


def digest_on_disk(root: Path, path: str, settings: DiscoverySettings) -> bytes:
    """What a file is on disk; empty where there is none to be read."""
    prepared, data = read_file(root, path, settings)
    return b"" if prepared.gone or prepared.skipped is not None else content_hash(data)


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
