"""The files of a view: those of the index, and those that buffers stand for."""

from __future__ import annotations

from collections.abc import Iterator

from codanna_core.relations.identifiers import spellings
from codanna_core.search.buffers import BufferLayer
from codanna_core.search.committed import CommittedLayer
from codanna_core.text.stored import StoredFile


class FileTree:
    """Which files there are, and what is known of them. Holds for one answer, as the view does."""

    def __init__(self, index: CommittedLayer, buffers: BufferLayer) -> None:
        self._index = index
        self._buffers = buffers
        self._stored: dict[str, StoredFile | None] = {}
        """What was read of files."""

    def exists(self, path: str) -> bool:
        """Whether there is such a file."""
        return path in self._buffers or path in self._index.paths

    def stored(self, path: str) -> StoredFile | None:
        """What the index says of a file; None where a buffer stands for it or nothing is known of it."""
        if path in self._buffers:
            return None
        if path not in self._stored:
            self._stored[path] = self._index.file(path)
        return self._stored[path]

    def using(self, name: str) -> Iterator[StoredFile]:
        """The files of the index that use an identifier outside comments and strings."""
        seen: set[str] = set()
        for words in spellings(name):
            for file in self._index.files(words):
                if file.path not in seen and file.path not in self._buffers:
                    seen.add(file.path)
                    self._stored[file.path] = file
                    yield file

    def buffers(self) -> list[str]:
        """The files that buffers stand for."""
        return list(self._buffers)

    def folder(self, path: str) -> set[str]:
        """The files directly inside a folder, "" for the root."""
        prefix = f"{path}/" if path else ""
        inside = (one for one in self._buffers if one.startswith(prefix) and "/" not in one[len(prefix) :])
        return {*self._index.paths.inside(path), *inside}

    def named(self, base: str) -> set[str]:
        """The files of that base name, wherever they are."""
        found = self._index.paths.named(base) if base else ()
        return {*found, *(one for one in self._buffers if one.rpartition("/")[2] == base)}

    def down_to(self, depth: int) -> Iterator[StoredFile]:
        """The files of the index below so many folders at most."""
        return self._index.files(like=f"([^/]+/){{0,{depth}}}[^/]+" if depth else "[^/]+")
