"""The files of one committed state: most questions about them are answered without reading a document."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from codanna_core.text.queries import Queries
from codanna_core.text.rows import Rows
from codanna_core.text.schema import USES
from codanna_core.text.searcher import Searcher
from codanna_core.text.stored import StoredFile

META = "\x00meta"
"""The meta document shares the `file` field; no path can start with a NUL byte."""


class Paths:
    """Which files there are. Any number of threads may ask."""

    def __init__(self, searcher: Searcher, queries: Queries) -> None:
        self._searcher = searcher
        self._queries = queries

    def __contains__(self, path: str) -> bool:
        # Most paths that are asked about are tried in vain, and no document ever had them.
        there = self._searcher.has_term("file", path)
        return there and self._searcher.count(self._queries.term("file", path)) > 0

    def inside(self, folder: str) -> list[str]:
        """The files directly inside a folder, "" for the root."""
        start = f"{folder}/" if folder else ""
        found = self._searcher.beginning("file", start)
        return [one for one in found if "/" not in one[len(start) :] and one != META and one in self]

    def named(self, base: str) -> list[str]:
        """The files of a base name, wherever they are; with folders before it, those in them."""
        return [path for path in self._ending(f"{base}\0") if path in self]

    def using(self, words: Sequence[str]) -> tuple[NDArray[np.uint64], Rows]:
        """The files that use all of these identifiers: their keys and their documents."""
        found = self._searcher.find(self._queries.all_of(USES, words), max(1, self._searcher.document_count))
        addresses = [address for _, address in found]
        return self._searcher.column("file_key", addresses), Rows.at(addresses)

    def read(self, rows: Rows) -> list[StoredFile]:
        """What file documents hold."""
        return list(map(to_file, self._searcher.payloads(rows.addresses.tolist())))

    @cached_property
    def _all(self) -> str:
        """All paths, those of deleted documents as well, with a NUL byte before and behind each."""
        paths = (path for path in self._searcher.beginning("file", "") if path != META)
        return "\0".join(("", *paths, ""))

    def _ending(self, end: str) -> list[str]:
        """Paths by their last parts and the NUL byte behind them."""
        found, at = [], self._all.find(end)
        while at >= 0:
            behind = at + len(end) - 1
            if self._all[at - 1] in "/\0":
                found.append(self._all[self._all.rfind("\0", 0, behind) + 1 : behind])
            at = self._all.find(end, behind)
        return found


def to_file(payload: list[Any]) -> StoredFile:
    """The payload of a file document as what it says."""
    path, mtime_ns, size, seen_ns, digest, language, symbols, problems = payload
    assert isinstance(problems, list)
    return StoredFile(
        str(path),
        int(str(mtime_ns)),
        int(str(size)),
        int(str(seen_ns)),
        bytes.fromhex(str(digest)),
        str(language),
        int(str(symbols)),
        tuple((str(code), str(message)) for code, message in problems),
    )
