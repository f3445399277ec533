"""The files of a view: those of the index, and those that buffers stand for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

import numpy as np

from codanna_core.languages.registry import language_by_name
from codanna_core.relations.identifiers import spellings
from codanna_core.search.buffers import BufferLayer
from codanna_core.search.committed import CommittedLayer
from codanna_core.search.layers import FileKeys
from codanna_core.text.rows import Rows
from codanna_core.text.stored import StoredFile


class PathsOf(Protocol):
    """Finds the paths of files by their keys, or in their documents."""

    def __call__(self, keys: FileKeys, rows: Rows, *, of_files: bool) -> list[str]: ...


class FileTree:
    """Which files there are, and what is known of them. Holds for one answer, as the view does."""

    def __init__(self, index: CommittedLayer, buffers: BufferLayer, paths: PathsOf) -> None:
        self._index = index
        self._buffers = buffers
        self._paths = paths
        self._stored: dict[str, StoredFile | None] = {}
        """What was read of files."""
        self._documents: dict[str, tuple[Rows, int]] = {}
        """Where the documents of files are that were found and not read."""

    def exists(self, path: str) -> bool:
        """Whether there is such a file."""
        return path in self._buffers or path in self._index.paths

    def stored(self, path: str) -> StoredFile | None:
        """What the index says of a file; None where a buffer stands for it or nothing is known of it."""
        if path in self._buffers:
            return None
        if path not in self._stored:
            rows, number = self._documents.get(path, (None, 0))
            if rows is None:
                self._stored[path] = self._index.file(path)
            else:
                (self._stored[path],) = self._index.paths.read(rows.take(np.array([number])))
        return self._stored[path]

    def using(self, name: str) -> set[str]:
        """The files of the index that use an identifier outside comments and strings."""
        found: set[str] = set()
        for words in spellings(name):
            keys, rows = self._index.paths.using(words)
            for number, path in enumerate(self._paths(keys, rows, of_files=True)):
                self._documents[path] = rows, number
                found.add(path)
        return found.difference(self._buffers)

    def language(self, path: str) -> str:
        """The language of a file of the index; "" where it has none."""
        by_name = language_by_name(path)
        if by_name is not None:
            return by_name
        stored = self.stored(path)
        return stored.language if stored is not None else ""

    def buffers(self) -> list[str]:
        """The files that buffers stand for."""
        return list(self._buffers)

    def folder(self, path: str) -> set[str]:
        """The files directly inside a folder, "" for the root."""
        prefix = f"{path}/" if path else ""
        inside = (one for one in self._buffers if one.startswith(prefix) and "/" not in one[len(prefix) :])
        return {*self._index.paths.inside(path), *inside}

    def named(self, base: str) -> set[str]:
        """The files of that base name, wherever they are; with folders before it, those in them."""
        if not base:
            return set()
        buffers = (one for one in self._buffers if one == base or one.endswith(f"/{base}"))
        return {*self._index.paths.named(base), *buffers}

    def down_to(self, depth: int) -> Iterator[StoredFile]:
        """The files of the index below so many folders at most."""
        return self._index.files(like=f"([^/]+/){{0,{depth}}}[^/]+" if depth else "[^/]+")
