"""One file from bytes to what the indexes store. Runs in worker processes and, for single files, in the
engine.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from codanna_core.config import DiscoverySettings
from codanna_core.embed.base import Embedder
from codanna_core.embed.text import FileTexts, text_key
from codanna_core.files import SkipReason, classify_content, content_hash, to_utf8
from codanna_core.languages import extract
from codanna_core.model import Extraction, Problem
from codanna_core.text.documents import FileDocuments, body_words, direct_children, own_body


@dataclass(slots=True)
class Prepared:
    """Everything about one file that the writer needs; plain values, so that it crosses process borders."""

    path: str
    mtime_ns: int
    size: int
    digest: bytes = b""
    seen_ns: int = 0
    """The clock from before the content was read."""
    language: str = ""
    skipped: SkipReason | None = None
    unchanged: bool = False
    """True where the content hash equals the known one: only the file's time stamp is to be noted."""
    gone: bool = False
    file_document: str = ""
    documents: list[str] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    keys: NDArray[np.uint64] = field(default_factory=lambda: np.zeros(0, np.uint64))
    texts: list[str] = field(default_factory=list)
    """The embedding text of each key; empty where the worker has embedded them already."""
    vectors: NDArray[np.float32] | None = None
    problems: list[Problem] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class FileTask:
    """A file to prepare. `known_digest` is what the index holds of it, empty for a new file."""

    path: str
    known_digest: bytes = b""


def read_file(root: Path, path: str, settings: DiscoverySettings) -> tuple[Prepared, bytes]:
    """Read a file and decide whether it is to be indexed at all."""
    full = os.path.join(root, path)
    seen_ns = time.time_ns()
    try:
        with open(full, "rb") as file:
            # The stat is taken before the read: a write in between shows as a change next time.
            info = os.fstat(file.fileno())
            if info.st_size > settings.max_file_size:
                return Prepared(
                    path, info.st_mtime_ns, info.st_size, seen_ns=seen_ns, skipped=SkipReason.TOO_LARGE
                ), b""
            data = file.read()
    except FileNotFoundError:
        return Prepared(path, 0, 0, gone=True), b""
    except (OSError, ValueError) as error:
        problem = Problem("unreadable", f"cannot be read: {error}", path)
        return Prepared(path, 0, 0, skipped=SkipReason.UNREADABLE, problems=[problem]), b""
    prepared = Prepared(path, info.st_mtime_ns, info.st_size, seen_ns=seen_ns)
    prepared.skipped = classify_content(data, path, settings)
    return prepared, data


def prepare(
    root: Path, task: FileTask, settings: DiscoverySettings, embedder: Embedder | None, *, want_texts: bool
) -> Prepared:
    """Read, parse and describe one file. `embedder` set: vectors are computed here for every symbol."""
    prepared, data = read_file(root, task.path, settings)
    if prepared.skipped is not None or prepared.gone:
        return prepared
    prepared.digest = content_hash(data)
    if prepared.digest == task.known_digest:
        prepared.unchanged = True
        return prepared
    data, _ = to_utf8(data)
    describe(prepared, extract(data, task.path), data, want_texts=want_texts or embedder is not None)
    if embedder is not None and prepared.texts:
        prepared.vectors = embedder.embed_passages(prepared.texts)
        if not want_texts:
            prepared.texts = []
    return prepared


def describe(prepared: Prepared, extraction: Extraction, data: bytes, *, want_texts: bool) -> None:
    """Fill in the documents, keys and texts of a parsed file."""
    path = prepared.path
    symbols = sorted(extraction.symbols, key=lambda symbol: (symbol.start_byte, -symbol.end_byte))
    extraction.symbols = symbols
    bodies = [
        body_words(own_body(data, symbol, children))
        for symbol, children in zip(symbols, direct_children(symbols), strict=True)
    ]
    document = FileDocuments(path, extraction.language, symbols, bodies)
    texts = FileTexts(path).of(symbols, bodies)
    keys = [*map(text_key, texts)]
    prepared.documents = document.symbols(keys)
    prepared.names = [symbol.name for symbol in symbols if symbol.kind != "text"]
    if want_texts:
        prepared.texts = texts
    prepared.keys = np.array(keys, np.uint64)
    prepared.language = extraction.language
    prepared.problems.extend(Problem(problem.code, problem.message, path) for problem in extraction.problems)
    prepared.file_document = document.file(
        prepared.mtime_ns, prepared.size, prepared.seen_ns, prepared.digest, extraction
    )
