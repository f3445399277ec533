"""The committed index as a layer: one state of the text index with one of the vectors."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields

import numpy as np
from numpy.typing import NDArray

from codanna_core.arrays import among, distinct
from codanna_core.search.layers import FileKeys, FileScores, Nearest, Traits
from codanna_core.text.reader import TextSnapshot
from codanna_core.text.rows import NOTHING, Floats, Rows, Scored
from codanna_core.text.stored import Filter, StoredFile, StoredSymbol
from codanna_core.vectors.base import VectorSnapshot, Work

_SELECTIVE = 20_000
"""A filter that lets fewer symbols through than this is resolved to their keys first and scored exactly."""
_MORE = 16
"""More vectors than those of code that is gone, when as many others are looked at."""
_A_BIT = 1e-6
"""So that a term that says nothing still finds what holds it."""
_COUNTED = [field.name for field in fields(Work)]


class CommittedLayer:
    """What the writer published last."""

    def __init__(self, text: TextSnapshot, vectors: VectorSnapshot | None) -> None:
        self.size = text.document_count
        """Documents of every type."""
        self.paths = text.paths
        """Which files there are."""
        self._text = text
        self._vectors = vectors

    def named(self, names: Sequence[str], limit: int, only: Filter) -> Rows:
        """See `Layer`; so do all the others."""
        return self._text.named(names, limit, only)

    def passing(self, only: Filter, limit: int) -> Rows:
        """Of too many, those of the files with the lowest keys."""
        return self._text.passing(only, limit)

    def matching(self, weights: Mapping[str, float], limit: int, only: Filter) -> Scored:
        """By the words with their levels."""
        return self._text.search(weights, limit, only)

    def files_by_words(self, shares: Mapping[str, float], limit: int) -> FileScores:
        """By the words of files."""
        keys, _, scores = self._text.files_holding("file_words", _held(shares), limit)
        return FileScores(keys, np.minimum(1.0, scores))

    def files_by_path(self, shares: Mapping[str, float], limit: int) -> tuple[FileKeys, Rows]:
        """Files with terms in their paths: their keys and their documents."""
        keys, found, _ = self._text.files_holding("file_path", _held(shares), limit)
        return keys, Rows.at(found)

    def traits(self, rows: Rows) -> Traits:
        """From three columns."""
        files, traits, names = (
            self._text.column(name, rows) for name in ("file_key", "traits", "name_terms")
        )
        return Traits(files, traits.astype(np.int64), names)

    def symbols(self, rows: Rows) -> list[StoredSymbol]:
        """From the documents."""
        return self._text.symbols(rows)

    def outline(self, path: str) -> list[StoredSymbol]:
        """From the documents."""
        return self._text.symbols_of(path)

    def paths_of_files(self, rows: Rows) -> list[str]:
        """Of file documents."""
        return self._text.paths_of_files(rows)

    def file(self, path: str) -> StoredFile | None:
        """What is known of a file."""
        return self._text.file(path)

    def files(
        self, using: Sequence[str] = (), like: str | None = None, holding: Sequence[str] = ()
    ) -> Iterator[StoredFile]:
        """Files that use identifiers, or whose whole paths fit a pattern."""
        return self._text.files(using, like, holding)

    def frequency(self, field: str, term: str) -> int:
        """How many documents hold an analysed term."""
        return self._text.document_frequency(field, term)

    def nearest(self, asked: Nearest) -> Scored:
        """The symbols of the nearest keys. Vectors outlive the code that they were made for, so that more
        are looked at where some have no symbol.
        """
        if self._vectors is None or not self._vectors.count:
            return NOTHING
        only, wanted, near_enough = asked.only, asked.wanted, asked.near_enough
        plenty = near_enough is not None and not only and self._text.document_count > 2 * wanted
        share = near_enough if near_enough is not None and plenty else 0.0
        count, most = wanted, 4 * wanted
        looked_up = found_keys = np.zeros(0, np.uint64)
        found: list[Rows] = []
        while True:
            keys, scores = self._nearest_keys(asked, self._vectors, count)
            bound = share * scores.max(initial=0.0) if plenty else -np.inf
            while True:
                new = keys[(scores >= bound) & ~among(keys, looked_up)]
                of_rows, rows = self._text.with_keys(new.tolist(), most, only)
                found.append(rows)
                found_keys = np.concatenate((found_keys, of_rows))
                looked_up = np.concatenate((looked_up, new))
                alive = among(keys, found_keys) & (scores >= bound)
                best = scores[alive].max(initial=0.0)
                if not plenty or bound <= share * best:
                    break
                bound = share * best
            dead = len(looked_up) - int(np.count_nonzero(alive))
            if only or not dead or len(keys) < count or (scores < bound).any() or len(keys) - dead >= wanted:
                break
            count += 2 * dead + _MORE
        chosen = keys[alive] if only else keys[alive][:wanted]
        shown = among(found_keys, chosen)
        order = np.argsort(chosen)
        places = order[np.searchsorted(chosen, found_keys[shown], sorter=order)]
        return Scored(Rows.concat(found).take(shown), scores[alive][places].astype(np.float64))

    def nearness(self, rows: Rows, vector: NDArray[np.float32]) -> Floats:
        """By the keys of the rows."""
        if self._vectors is None or not self._vectors.count:
            return np.zeros(len(rows))
        near: Floats = self._vectors.nearness(self._text.column("key", rows), vector).astype(np.float64)
        return near

    def vectors(self, rows: Rows) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """The vector of each row, and whether there is one."""
        if self._vectors is None or not self._vectors.count:
            return np.zeros((len(rows), 1), np.float32), np.zeros(len(rows), np.bool_)
        return self._vectors.get(self._text.column("key", rows))

    def _nearest_keys(
        self, asked: Nearest, vectors: VectorSnapshot, wanted: int
    ) -> tuple[NDArray[np.uint64], NDArray[np.float32]]:
        allowed: NDArray[np.uint64] | None = None
        if asked.only:
            count = self._text.count(asked.only)
            if count == 0:
                asked.work.clear()
                return np.zeros(0, np.uint64), np.zeros(0, np.float32)
            if count <= _SELECTIVE:
                allowed = distinct(np.array(self._text.keys(asked.only, count), np.uint64))
            else:
                # A loose filter lets enough of the nearest through when more of them are fetched.
                share = count / max(1, self._text.document_count)
                wanted = min(int(wanted / max(share, 0.02)), 50 * wanted)
        hits = vectors.search(asked.vector, wanted, filter=allowed, cancel=asked.cancel)
        asked.work.clear()
        asked.work.update((name, getattr(hits.work, name)) for name in _COUNTED)
        return hits.keys, hits.scores


def _held(shares: Mapping[str, float]) -> dict[str, float]:
    return {term: share + _A_BIT for term, share in shares.items()}
