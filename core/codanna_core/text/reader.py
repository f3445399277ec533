"""One committed state of the text index: what is searched in it and read from it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import tantivy
from numpy.typing import NDArray

from codanna_core.text.documents import PLACE_BIT
from codanna_core.text.impact import VALUES
from codanna_core.text.paths import META, Paths, to_file
from codanna_core.text.queries import Queries
from codanna_core.text.rows import NONE, NOTHING, Address, Floats, Rows, Scored
from codanna_core.text.schema import USES, WORDS
from codanna_core.text.searcher import Searcher
from codanna_core.text.stored import Filter, StoredFile, StoredSymbol


class TextSnapshot:
    """One committed state. Any number of threads may read it; a later commit does not change it."""

    def __init__(self, searcher: tantivy.Searcher, schema: tantivy.Schema, folder: Path) -> None:
        self.folder = folder
        self._queries = Queries(schema)
        self._searcher = Searcher(searcher, self._queries, folder)
        self.paths = Paths(self._searcher, self._queries)
        self._frequencies: dict[tuple[str, str], int] = {}
        found = self._searcher.find(self._queries.term("file", META), 1)
        stated = self._searcher.payloads([found[0][1]])[0] if found else [0]
        self.generation = int(stated[0])
        # Indexes from before the second number was written were complete or are completed by the next run.
        self.missing = int(stated[1]) if len(stated) > 1 else 0
        """How many files the run that made this state had still to read."""

    @property
    def symbol_count(self) -> int:
        """How many symbol documents there are; costs a pass over one column."""
        return self.count(Filter())

    @property
    def file_count(self) -> int:
        """How many file documents there are."""
        return max(0, self.document_count - self.symbol_count - (1 if self.generation else 0))

    @property
    def document_count(self) -> int:
        """Documents of every type, deleted ones not counted."""
        return self._searcher.document_count

    def analyze(self, text: str) -> list[str]:
        """Query words as the index knows them, each once, in order."""
        return self._queries.analyze(text)

    def document_frequency(self, field: str, term: str) -> int:
        """How many documents hold an analysed term, deleted ones not counted."""
        known = self._frequencies.get((field, term))
        if known is None:
            there = self._searcher.has_term(field, term)
            known = self._searcher.count(self._queries.term(field, term)) if there else 0
            self._frequencies[field, term] = known
        return known

    def search(self, shares: Mapping[str, float], limit: int, only: Filter | None = None) -> Scored:
        """Best symbols for analysed terms: the sum of their shares, each times its level in the symbol."""
        if not shares or limit <= 0:
            return NOTHING
        parts = [
            (WORDS, term + level, share * value)
            for term, share in shares.items()
            for level, value in VALUES.items()
        ]
        found, scores = self._searcher.best(parts, limit, only, self._searcher.by_content)
        return Scored(Rows.at(found), scores)

    def files_holding(
        self, field: str, weights: Mapping[str, float], limit: int
    ) -> tuple[NDArray[np.uint64], list[Address], Floats]:
        """Files by the sum of the weights of the analysed terms that a field holds, however often: keys,
        documents and sums.
        """
        if not weights or limit <= 0:
            return np.zeros(0, np.uint64), [], np.zeros(0)
        parts = [(field, term, weight) for term, weight in weights.items()]
        found, scores = self._searcher.best(parts, limit, None, self._searcher.by_file)
        return self._searcher.column("file_key", found), found, scores

    def column(self, name: str, rows: Rows) -> NDArray[np.uint64]:
        """One number of each document, such as its `file_key`, without reading the documents."""
        return self._searcher.column(name, _addresses(rows))

    def paths_of_files(self, rows: Rows) -> list[str]:
        """The paths that file documents are about."""
        return [str(payload[0]) for payload in self._searcher.payloads(_addresses(rows))]

    def named(self, names: Sequence[str], limit: int, only: Filter | None = None) -> Rows:
        """Symbols with exactly one of these names."""
        if not names:
            return NONE
        return Rows.at(self._searcher.first(self._queries.any_at_one("exact", names, only), limit))

    def passing(self, only: Filter, limit: int) -> Rows:
        """Symbols that pass a filter."""
        return Rows.at(self._searcher.first(self._queries.restricted(None, only), limit))

    def with_keys(
        self, keys: Sequence[int], limit: int, only: Filter | None = None
    ) -> tuple[NDArray[np.uint64], Rows]:
        """Symbols whose embedding text has one of these keys: the key of each, and the symbols."""
        if not keys:
            return np.zeros(0, np.uint64), NONE
        addresses = self._searcher.first(self._queries.any_at_one("key", keys, only), limit)
        return self._searcher.column("key", addresses), Rows.at(addresses)

    def count(self, only: Filter) -> int:
        """How many symbols a filter lets through."""
        return self._searcher.count(self._queries.restricted(None, only))

    def keys(self, only: Filter | None = None, limit: int | None = None) -> list[int]:
        """Embedding keys of all symbols that pass a filter."""
        wanted = limit if limit is not None else max(1, self.document_count)
        found = self._searcher.find(self._queries.restricted(None, only), wanted)
        keys: list[int] = self._searcher.column("key", [address for _, address in found]).tolist()
        return keys

    def symbols(self, rows: Rows) -> list[StoredSymbol]:
        """Read symbol documents; raises IndexCorrupt where the store is damaged."""
        return list(map(StoredSymbol._make, self._searcher.payloads(_addresses(rows))))

    def symbols_of(self, path: str, limit: int = 100_000) -> list[StoredSymbol]:
        """All symbols of one file, in the order of the file."""
        query = self._queries.any_at_one("owner", [path], None)
        rows = Rows.at([address for _, address in self._searcher.find(query, limit)])
        return self.symbols(rows.take(np.argsort(self.column("traits", rows) >> PLACE_BIT, kind="stable")))

    def file(self, path: str) -> StoredFile | None:
        """The file document of a path, if it is indexed."""
        if not self._searcher.has_term("file", path):
            return None
        found = self._searcher.find(self._queries.term("file", path), 1)
        return to_file(self._searcher.payloads([found[0][1]])[0]) if found else None

    def files(
        self, using: Sequence[str] = (), like: str | None = None, holding: Sequence[str] = ()
    ) -> Iterator[StoredFile]:
        """The files that use all of these identifiers outside comments and strings, or whose whole paths fit,
        or whose symbols hold all of these terms.

        Without any it is every file: slow on large indexes, for rebuilding what is derived from them.
        """
        if like is not None:
            query = self._queries.files_like(like)
        else:
            terms = [(USES, using), ("file_words", holding)]
            found = [self._queries.all_of(field, values) for field, values in terms if values]
            query = found[0] if found else self._queries.every_file()
        wanted = self._searcher.count(query) if using or holding or like is not None else self.document_count
        for _, address in self._searcher.find(query, max(1, wanted)):
            (payload,) = self._searcher.payloads([address])
            if isinstance(payload[0], str):
                yield to_file(payload)

    def names(self) -> list[str]:
        """Every distinct symbol name."""
        return sorted(filter(None, self._searcher.terms("exact")))


def _addresses(rows: Rows) -> list[Address]:
    return [address for address in rows.addresses.tolist() if address is not None]
