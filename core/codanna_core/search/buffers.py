"""The buffers as a layer before the index: few symbols, so all of them are looked at."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from codanna_core.errors import InvalidQuery
from codanna_core.names import NameIndex
from codanna_core.search.kept import BufferWords, Kept
from codanna_core.search.layers import FileKeys, FileScores, Nearest, Traits
from codanna_core.text.documents import file_key, symbol_traits
from codanna_core.text.impact import VALUES
from codanna_core.text.name_terms import packed
from codanna_core.text.rows import Floats, Rows, Scored
from codanna_core.text.stored import Filter, StoredSymbol
from codanna_core.words import index_text


class Buffer(Protocol):
    """What a layer must know of a buffer; `overlay.OverlayFile` is one."""

    @property
    def text(self) -> str:
        """As it is typed."""

    @property
    def symbols(self) -> Sequence[StoredSymbol]:
        """In the order of the text."""

    @property
    def fields(self) -> Sequence[Mapping[str, Counter[str]]]:
        """For each symbol the words of each searched field, not yet analysed."""

    @property
    def vectors(self) -> NDArray[np.float32] | None:
        """One row a symbol; None where meaning is off or would have to be waited for."""


class BufferLayer:
    """The buffers of one moment. A row's place is -1 - (number of buffer << 32 | number of symbol)."""

    def __init__(self, files: Mapping[str, Buffer], kept: Kept) -> None:
        self._by_path = files
        self._files = list(files.values())
        self._kept = kept
        self.keys: FileKeys = np.array([file_key(path) for path in files], np.uint64)
        """The files that these buffers stand for."""

    def __len__(self) -> int:
        return len(self._files)

    def __contains__(self, path: str) -> bool:
        return path in self._by_path

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_path)

    def text(self, path: str) -> str | None:
        """What the file holds while it is edited; None where no buffer stands for it."""
        file = self._by_path.get(path)
        return file.text if file is not None else None

    def holds(self, word: str) -> bool:
        """Whether a word is part of any text."""
        return any(word in index_text(file.text) for file in self._files)

    @property
    def names(self) -> NameIndex:
        """The distinct names, for fuzzy search."""
        return self._kept.names_in(
            self._by_path,
            lambda: {symbol.name: None for file in self._files for symbol in file.symbols if symbol.has_name},
        )

    def named(self, names: Sequence[str], _limit: int, only: Filter) -> Rows:
        """See `Layer`; so do all the others."""
        wanted = frozenset(names)
        return self._those(lambda symbol: symbol.has_name and symbol.name in wanted and passes(symbol, only))

    def passing(self, only: Filter, _limit: int) -> Rows:
        """All of them."""
        return self._those(lambda symbol: passes(symbol, only))

    def matching(self, weights: Mapping[str, float], _limit: int, only: Filter) -> Scored:
        """The score that the index gives its symbols."""
        scored: list[tuple[int, float]] = []
        for number, (path, file) in enumerate(self._by_path.items()):
            for position, levels in enumerate(self._words(path, file)):
                score = sum(share * VALUES[levels[term]] for term, share in weights.items() if term in levels)
                if score > 0 and passes(file.symbols[position], only):
                    scored.append((_place(number, position), score))
        return _scored(scored)

    def nearest(self, asked: Nearest) -> Scored:
        """All of them that have vectors."""
        return _scored(
            [
                (_place(number, position), score)
                for number, file in enumerate(self._files)
                if file.vectors is not None
                for position, score in enumerate((file.vectors @ asked.vector).tolist())
                if passes(file.symbols[position], asked.only)
            ]
        )

    def nearness(self, rows: Rows, vector: NDArray[np.float32]) -> Floats:
        """Of those that have vectors."""
        near = np.zeros(len(rows))
        for row, (number, position) in enumerate(_split(rows)):
            vectors = self._files[number].vectors
            if vectors is not None:
                near[row] = float(vectors[position] @ vector)
        return near

    @property
    def languages(self) -> dict[str, str]:
        """Of each file, by its path; empty where a text has no symbols."""
        return {
            path: file.symbols[0].language if file.symbols else "" for path, file in self._by_path.items()
        }

    def files_by_words(self, shares: Mapping[str, float], _limit: int) -> FileScores:
        """By the words of all their symbols."""
        scores = []
        for path, file in self._by_path.items():
            held: set[str] = set().union(*self._words(path, file))
            scores.append(sum(share for term, share in shares.items() if term in held))
        return FileScores(self.keys, np.array(scores, np.float64))

    def traits(self, rows: Rows) -> Traits:
        """As the index would have them."""
        keys, traits, names = [], [], []
        stem = self._kept.stems.__getitem__
        for number, position in _split(rows):
            symbol, fields = self._files[number].symbols[position], self._files[number].fields[position]
            keys.append(self.keys[number])
            traits.append(symbol_traits(symbol.kind, fields["body"].total(), position))
            names.append(packed(map(stem, fields["name"])))
        return Traits(np.array(keys, np.uint64), np.array(traits, np.int64), np.array(names, np.uint64))

    def symbols(self, rows: Rows) -> list[StoredSymbol]:
        """As they are now."""
        return [self._files[number].symbols[position] for number, position in _split(rows)]

    def outline(self, path: str) -> list[StoredSymbol]:
        """As it is now."""
        return list(self._by_path[path].symbols)

    def _those(self, meant: Callable[[StoredSymbol], bool]) -> Rows:
        return Rows.before(
            [
                _place(number, position)
                for number, file in enumerate(self._files)
                for position, symbol in enumerate(file.symbols)
                if meant(symbol)
            ]
        )

    def _words(self, path: str, file: Buffer) -> BufferWords:
        return self._kept.buffer_words(path, file, file.fields)


def _place(number: int, position: int) -> int:
    return -1 - (number << 32 | position)


def _split(rows: Rows) -> Iterator[tuple[int, int]]:
    for place in rows.places.tolist():
        yield (-1 - place) >> 32, (-1 - place) & 0xFFFFFFFF


def _scored(scored: Sequence[tuple[int, float]]) -> Scored:
    return Scored(
        Rows.before([place for place, _ in scored]), np.array([score for _, score in scored], np.float64)
    )


def fits_path(path: str, regexes: Sequence[str]) -> bool:
    try:
        return any(re.fullmatch(regex, path, re.DOTALL) for regex in regexes)
    except re.error as error:
        # The index refuses it as well, but the buffers may be asked first.
        raise InvalidQuery(f"a path filter cannot be understood ({error})") from error


def passes(symbol: StoredSymbol, only: Filter) -> bool:
    """Whether a symbol passes what the text index would have filtered."""
    if only.languages and symbol.language not in only.languages:
        return False
    if only.kinds and symbol.kind not in only.kinds:
        return False
    if only.owners and symbol.path not in only.owners:
        return False
    if only.path_regexes and not fits_path(symbol.path, only.path_regexes):
        return False
    words = set(index_text(symbol.container).split())
    if not all(words.issuperset(container) for container in only.container_words):
        return False
    if only.excluded_words:
        text = set(index_text(f"{symbol.name} {symbol.container} {symbol.signature} {symbol.doc}").split())
        if any(word.lower() in text for word in only.excluded_words):
            return False
    return True
