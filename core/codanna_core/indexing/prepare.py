"""One file from bytes to what the indexes store. Runs in worker processes and, for single files, in the
engine.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from codanna_core.config import DiscoverySettings, SemanticSettings
from codanna_core.embed.base import Embedder
from codanna_core.embed.text import FileTexts, text_key
from codanna_core.files import (
    SkipReason,
    classify_content,
    content_hash,
    read_up_to,
    to_utf8,
)
from codanna_core.files.inside import open_inside
from codanna_core.languages.text_only import as_text, language_of
from codanna_core.model import Extraction, Problem
from codanna_core.parsing.verdicts import content_key, problem_of
from codanna_core.problems import Code
from codanna_core.records import dataclass
from codanna_core.relations.identifiers import identifiers
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
    verdict: tuple[str, str] | None = None
    """The key of the content and the code of its problem, if it has just proved that it cannot be parsed."""


@dataclass(frozen=True, slots=True)
class FileTask:
    """A file to prepare. `known_digest` is what the index holds of it, empty for a new file."""

    path: str
    known_digest: bytes = b""
    times: int = 1
    """How many times the usual processor time it may take."""
    not_parsed: str = ""
    """Code of the problem because of which it must not be parsed."""


@dataclass(frozen=True, slots=True)
class WorkerSetup:
    """What a worker must know before its first batch."""

    root: Path
    discovery: DiscoverySettings
    semantic: SemanticSettings | None
    """The model to embed with; None leaves embedding to the engine."""
    model_id: str
    """The very weights that it has to have."""
    want_texts: bool
    unparsed: Mapping[str, str]
    """Contents that cannot be parsed."""


Parse = Callable[[bytes, FileTask], Extraction]
"""How the content of a file is read."""


def read_file(root: Path, path: str, settings: DiscoverySettings) -> tuple[Prepared, bytes]:
    """Read a file and decide whether it is to be indexed at all."""
    seen_ns = time.time_ns()
    try:
        with open(open_inside(root, path), "rb", buffering=0) as file:
            # The stat is taken before the read: a write in between shows as a change next time.
            info = os.fstat(file.fileno())
            if info.st_size > settings.max_file_size:
                return Prepared(
                    path, info.st_mtime_ns, info.st_size, seen_ns=seen_ns, skipped=SkipReason.TOO_LARGE
                ), b""
            # One byte more than allowed shows that the file grew since it was looked at.
            data = read_up_to(file, settings.max_file_size + 1)
    except FileNotFoundError:
        return Prepared(path, 0, 0, gone=True), b""
    except (OSError, ValueError) as error:
        problem = Problem(Code.UNREADABLE, f"cannot be read: {error}", path)
        return Prepared(path, 0, 0, skipped=SkipReason.UNREADABLE, problems=[problem]), b""
    prepared = Prepared(path, info.st_mtime_ns, info.st_size, seen_ns=seen_ns)
    prepared.skipped = classify_content(data, path, settings)
    return prepared, data


def prepare(
    root: Path,
    task: FileTask,
    settings: DiscoverySettings,
    parse: Parse,
    embedder: Embedder | None = None,
    *,
    want_texts: bool,
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
    if task.not_parsed:
        language = language_of(data, task.path) or "text"
        extraction = as_text(data, task.path, problem_of(task.not_parsed, language, task.path))
        prepared.verdict = (content_key(language, data), task.not_parsed)
    else:
        extraction = parse(data, task)
    describe(prepared, extraction, data, want_texts=want_texts or embedder is not None)
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
    prepared.names = [symbol.name for symbol in symbols if symbol.has_name]
    if want_texts:
        prepared.texts = texts
    prepared.keys = np.array(keys, np.uint64)
    prepared.language = extraction.language
    prepared.problems.extend(Problem(problem.code, problem.message, path) for problem in extraction.problems)
    prepared.file_document = document.file(
        prepared.mtime_ns,
        prepared.size,
        prepared.seen_ns,
        prepared.digest,
        extraction,
        identifiers(data, extraction.language),
    )
