"""The rows of one answer as a layer beside the folder: some hundred, so all of them are looked at."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final
from urllib.parse import quote

import numpy as np
from numpy.typing import NDArray

from codanna_core.model import Origin
from codanna_core.names import NameIndex
from codanna_core.ranking.paths import plain_name
from codanna_core.results import SnippetLine
from codanna_core.search.buffers import passes
from codanna_core.search.layers import FileKeys, FileScores, Nearest, Traits
from codanna_core.search.team import BEYOND, Beyond, FarSymbol
from codanna_core.text.documents import PLACE_BIT, file_key, symbol_traits
from codanna_core.text.impact import VALUES
from codanna_core.text.name_terms import packed
from codanna_core.text.rows import Floats, Rows, Scored
from codanna_core.text.schema import code_analyzer
from codanna_core.text.stored import Filter, StoredSymbol
from codanna_core.words import find_words, index_text
from codanna_team.checking import MOST_ROWS, fault_of, held_by, is_asked_for, levels_of
from codanna_team.remote import RemoteAnswer, RemoteQuestion, RemoteRow

_MOST_DOCUMENTS: Final = 1 << 40
_BODY = 0xFF


class TeamLayer:
    """What `search.team.Elsewhere` wants. A row's place is `BEYOND` minus its number."""

    def __init__(self, question: RemoteQuestion, answer: RemoteAnswer, link: str) -> None:
        self._link = link
        self._rows: list[RemoteRow] = []
        self._symbols: list[StoredSymbol] = []
        self.dropped = max(0, len(answer.rows) - MOST_ROWS)
        """Rows that are not what rows are."""
        for row in answer.rows[:MOST_ROWS]:
            if fault_of(row):
                self.dropped += 1
                continue
            symbol = _symbol(row)
            if is_asked_for(row, symbol, question):
                self._rows.append(row)
                self._symbols.append(symbol)
        self._levels = [levels_of(row, question.words) for row in self._rows]
        self._held = [held_by(row, question.words) for row in self._rows]
        keys = [file_key(f"{row.repository}\0{row.path}") for row in self._rows]
        self._keys: FileKeys = np.array(keys, np.uint64)
        self.size = min(_MOST_DOCUMENTS, max(len(self._rows), answer.documents))
        """Documents that were asked."""
        self._holding = {
            term: max(0, min(self.size, count))
            for term, count in answer.files_holding.items()
            if term in question.words
        }

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def keys(self) -> FileKeys:
        """Of the files that the rows are in."""
        return self._keys

    @property
    def names(self) -> NameIndex:
        """The names of the rows."""
        return NameIndex.build(dict.fromkeys(symbol.name for symbol in self._symbols if symbol.has_name))

    def named(self, names: Sequence[str], _limit: int, only: Filter) -> Rows:
        """See `Layer`; so do all the others."""
        wanted = frozenset(names)
        return self._those(lambda symbol: symbol.has_name and symbol.name in wanted and passes(symbol, only))

    def passing(self, only: Filter, _limit: int) -> Rows:
        """All that came."""
        return self._those(lambda symbol: passes(symbol, only))

    def matching(self, weights: Mapping[str, float], limit: int, only: Filter) -> Scored:
        """The score that an index of both would give."""
        scored = [
            (number, score)
            for number, levels in enumerate(self._levels)
            if (score := sum(weights.get(term, 0.0) * VALUES[level] for term, level in levels.items())) > 0
            and passes(self._symbols[number], only)
        ]
        return _best(scored, limit)

    def nearest(self, asked: Nearest) -> Scored:
        """By the cosines that came along, of which none is further away than it can be."""
        scored = [
            (number, max(-1.0, min(1.0, row.cosine)))
            for number, row in enumerate(self._rows)
            if row.cosine is not None and passes(self._symbols[number], asked.only)
        ]
        return _best(scored, asked.wanted)

    def nearness(self, rows: Rows, _vector: NDArray[np.float32]) -> Floats:
        """Of those that came with a cosine; there is one question only."""
        cosines = (self._rows[number].cosine or 0.0 for number in _numbers(rows))
        return np.array([max(-1.0, min(1.0, cosine)) for cosine in cosines], np.float64)

    def files_by_words(self, shares: Mapping[str, float], _limit: int) -> FileScores:
        """By the terms that came along."""
        keys, first = np.unique(self._keys, return_index=True)
        scores = [
            min(1.0, sum(shares.get(term, 0.0) for term in self._held[number])) for number in first.tolist()
        ]
        return FileScores(keys, np.array(scores, np.float64))

    def files_by_path(self, shares: Mapping[str, float], limit: int) -> tuple[FileKeys, Rows]:
        """By the terms of the paths that came along."""
        _, first = np.unique(self._keys, return_index=True)
        analyze = code_analyzer().analyze
        scored = []
        for number in first.tolist():
            words = find_words(self._rows[number].path)
            held = {*analyze(" ".join(map(index_text, words)))}
            scored.append((number, sum(share for term, share in shares.items() if term in held)))
        best = _best([(number, score) for number, score in scored if score > 0], limit)
        return self._keys[list(_numbers(best.rows))], best.rows

    def of_file(self, key: int, only: Filter) -> Rows:
        """Those that came."""
        numbers = np.flatnonzero(self._keys == np.uint64(key)).tolist()
        return _rows([number for number in numbers if passes(self._symbols[number], only)])

    def frequency(self, term: str) -> int:
        """As it was counted."""
        return self._holding.get(term, 0)

    def traits(self, rows: Rows) -> Traits:
        """As the index of the folder would have them."""
        analyze = code_analyzer().analyze
        numbers = list(_numbers(rows))
        traits = [
            symbol_traits(row.kind, row.traits >> 8 & _BODY, row.traits >> PLACE_BIT)
            for row in (self._rows[number] for number in numbers)
        ]
        names = [packed(analyze(index_text(self._rows[number].name))) for number in numbers]
        return Traits(self._keys[numbers], np.array(traits, np.int64), np.array(names, np.uint64))

    def symbols(self, rows: Rows) -> list[StoredSymbol]:
        """As they came."""
        return [
            FarSymbol.of(self._symbols[number], self._beyond(self._rows[number])) for number in _numbers(rows)
        ]

    def outline(self, _path: str) -> list[StoredSymbol]:
        """No path of the folder is one of these."""
        return []

    def projects(self, keys: FileKeys) -> list[str]:
        """By the last part of the repository's name."""
        found = {key: row.repository for key, row in zip(self._keys.tolist(), self._rows, strict=True)}
        return [plain_name(found[key].rpartition("/")[2]) for key in keys.tolist()]

    def beyond(self, rows: Rows) -> list[Beyond]:
        """Where they are."""
        return [self._beyond(self._rows[number]) for number in _numbers(rows)]

    def _beyond(self, row: RemoteRow) -> Beyond:
        origin = Origin(row.repository, row.branch, row.revision, link_to(row, self._link))
        return Beyond(origin, tuple(SnippetLine(line, text, False) for line, text in row.snippet))

    def _those(self, meant: Callable[[StoredSymbol], bool]) -> Rows:
        return _rows([number for number, symbol in enumerate(self._symbols) if meant(symbol)])


def link_to(row: RemoteRow, template: str) -> str:
    """What opens a row by the user's template: its host is fixed, and what is filled in is encoded."""
    values = {
        "repository": quote(row.repository, safe="/"),
        "branch": quote(row.branch or "HEAD", safe="/"),
        "revision": row.revision or quote(row.branch or "HEAD", safe="/"),
        "path": quote(row.path, safe="/"),
        "line": str(row.place.name_line + 1),
    }
    return re.sub(r"\{(\w+)\}", lambda found: values[found[1]], template)


def _symbol(row: RemoteRow) -> StoredSymbol:
    place = row.place
    return StoredSymbol(
        row.name,
        row.kind,
        row.container,
        row.language,
        row.path,
        row.signature,
        row.doc,
        place.start_line,
        place.start_col,
        place.end_line,
        place.end_col,
        place.name_line,
        place.name_col,
        place.name_end_col,
        row.flags,
        0,
    )


def _rows(numbers: Sequence[int]) -> Rows:
    return Rows.before([BEYOND - number for number in numbers])


def _numbers(rows: Rows) -> Iterator[int]:
    for place in rows.places.tolist():
        yield BEYOND - place


def _best(scored: list[tuple[int, float]], limit: int) -> Scored:
    scored = sorted(scored, key=lambda pair: (-pair[1], pair[0]))[:limit]
    return Scored(
        _rows([number for number, _ in scored]), np.array([score for _, score in scored], np.float64)
    )
