"""Symbols by name: fuzzy matching over the distinct names, then one exact look-up of the best."""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import chain, repeat

import numpy as np

from codanna_core.cancel import Cancel
from codanna_core.model import Problem
from codanna_core.names import MatchKind, NameIndex, NameMatch, NameQuery, parse_query
from codanna_core.names.added import Added, AddedLog
from codanna_core.names.score import Query, score
from codanna_core.overlay import OverlayFile
from codanna_core.results import SymbolHit
from codanna_core.search.page import to_symbol_hit
from codanna_core.search.view import Snapshot
from codanna_core.storage.collect import remove_folder
from codanna_core.storage.directory import Directory
from codanna_core.text.documents import KINDS, file_key
from codanna_core.text.index import Address, Filter, StoredSymbol, TextSnapshot
from codanna_core.words import find_words, index_text

log = logging.getLogger("codanna.engine")

_GENERATION_BITS = 40
_FOLD_IN = 4096
"""More new names than this are folded into the stored part; fewer are kept in the log beside it."""
_REBUILT_AT_ONCE = 60_000
"""An index with fewer symbols has its names read back while the caller waits: a blink."""
_KEPT_EXACT = 20_000
"""An index with fewer documents has its names read back whenever it settles, so that those of code that is
gone crowd out no others, and new ones are looked for like all the rest.
"""
_MORE_NAMES = 16
"""So many times more names are looked at where the first ones give too few symbols."""
_GROUPS = (1, 30, 80)
"""How many names are looked up at a time, best first; the last number goes on."""
_SPARE = 0.1
"""Share of symbols looked up beyond those wanted, since the path and the kind shift them a little."""
_INSIDE = 300
"""Up to so many symbols in a container are judged by themselves, without a look at all names."""
_NAMESAKES = 2000
"""So many symbols of one name are compared by their columns before some of them are read."""

_CLOSE = 0.04
"""A symbol of the file, or near the file, that the user is in comes before its namesakes."""
_SECONDARY = 0.08
"""Tests, examples and copies of other projects come after what they test, show or copy."""
_SECONDARY_PATH = re.compile(
    r"(^|/)(tests?|testing|spec|specs|__tests__|examples?|samples?|demos?|fixtures?|mocks?|vendor|vendored"
    r"|third_party|thirdparty|node_modules|external)/|(^|/)(test_[^/]*|[^/]*[._-](test|spec|mock)s?\.[^/]*)$",
    re.IGNORECASE,
)
_KIND_ORDER: Mapping[str, float] = {
    "class": 0.03,
    "struct": 0.03,
    "interface": 0.03,
    "trait": 0.03,
    "enum": 0.025,
    "type": 0.02,
    "function": 0.02,
    "method": 0.02,
    "module": 0.015,
    "macro": 0.01,
    "constant": 0.005,
}
"""Among equal names definitions of types and functions come before variables and fields."""
_KIND_WEIGHTS = np.array([_KIND_ORDER.get(kind, 0.0) for kind in KINDS])
_STRONG = frozenset({MatchKind.EXACT, MatchKind.PREFIX, MatchKind.HUMPS, MatchKind.WORD, MatchKind.SUBSTRING})


class SymbolSearch:
    """Keeps the distinct names beside the text index, which stays the truth: a name without symbols shows
    nothing.

    On disk they are a mapped file and a log of what came since, both with the stamp of the text index that
    they belong to. Names are only ever added, so having too many is harmless, and the stamp says up to where
    none is missing.
    """

    def __init__(self, directory: Directory) -> None:
        self._directory = directory
        self._lock = threading.Lock()
        self._index: NameIndex | None = None
        self._stamp = -1
        self._log = AddedLog(directory)
        self._records: list[Added] = []
        """What is in the log, and during a rebuild what came since it began."""
        self._stored = False
        """Whether the files lead to the names that are known."""
        self._file: str | None = None
        """The stored part that is mapped."""
        self._in_buffers: tuple[Mapping[str, OverlayFile], NameIndex] = {}, NameIndex()
        """The buffers of the last search with their names."""
        self._adding = False
        self._rebuilding = False
        self._behind = False
        self.writes: Callable[[], bool] = lambda: True
        """Whether this process keeps the names, or reads those that another one keeps."""
        self.rebuild_soon: Callable[[TextSnapshot], None] = self.rebuild
        """How a rebuild too large to wait for is done; the engine sets its background."""

    def seems_large(self, text: TextSnapshot) -> bool:
        """Whether reading the names back is better left to another process."""
        return text.document_count > _REBUILT_AT_ONCE

    @property
    def problem(self) -> Problem | None:
        """What the last search may have missed."""
        if not self._behind:
            return None
        return Problem(
            "names", "the names of symbols are being read back; some are found by text only, for now"
        )

    def close(self) -> None:
        """Let the files go; a later search reads them anew."""
        with self._lock:
            self._log.close()
            self._index, self._stamp, self._file, self._stored = None, -1, None, False

    # What the writer tells

    def forget(self, text: TextSnapshot) -> None:
        """The text index has been begun anew and is empty."""
        with self._lock:
            self._log.close()
            remove_folder(self._directory.path)
            self._log = AddedLog(self._directory)
            self._index, self._stamp, self._records, self._file = NameIndex(), stamp_of(text), [], None
            self._stored, self._rebuilding, self._adding = True, False, False

    def begin(self, text: TextSnapshot) -> None:
        """A short run starts on top of this state; `add` or `end` follows."""
        with self._lock:
            if self._index is None:
                self._load()
            self._adding = self._stamp >= stamp_of(text)

    def end(self) -> None:
        """The run is over, be it that it failed."""
        with self._lock:
            self._adding = False

    def show(self, names: Iterable[str]) -> None:
        """Find these names from now on; whether others are missing stays open."""
        with self._lock:
            if self._index is None:
                self._load()
            index = self._index = self._index or NameIndex()
        index.add(names)

    def add(self, names: Iterable[str], before: TextSnapshot, after: TextSnapshot) -> None:
        """A run on top of the state `before` added these names and no others."""
        listed = list(dict.fromkeys(names))
        with self._lock:
            if self._index is None:
                self._load()
            index = self._index = self._index or NameIndex()
        new = index.add(listed)
        with self._lock:
            # What is built from an older state needs all of them: it may lack names that are known here.
            added = Added(stamp_of(before), stamp_of(after), listed if self._rebuilding else new)
            if self._index is not index:
                self._index.add(listed)
            if self._rebuilding or added.before == self._stamp:
                self._records.append(added)
            if added.before == self._stamp:
                self._stamp = added.after
                if self._stored:
                    self._stored = self._logged(added)

    def settled(self, text: TextSnapshot) -> bool:
        """Whether the names are those of this state alone, where that is cheap to have."""
        if text.document_count > _KEPT_EXACT or self.seems_large(text):
            return True
        with self._lock:
            if self._index is None:
                self._load()
            return self._index is not None and self._index.stamp == stamp_of(text)

    def save(self, text: TextSnapshot) -> None:
        """Make sure that the files lead to this state, and that the log stays short."""
        with self._lock:
            known = self._index is not None and self._stamp >= stamp_of(text)
            count = sum(len(added.names) for added in self._records)
        exact = self.settled(text)
        if known and self._stored and count <= _FOLD_IN and exact:
            return
        if self.seems_large(text):
            self._start_rebuild(text)
            return
        if not exact:
            self.rebuild(text)
        index = self._current(text)
        try:
            index.save(self._directory, stamp_of(text))
            with self._lock:
                self._shorten_log(stamp_of(text))
        except OSError as error:
            log.warning("the names were not saved: %s", error)

    def rebuild(self, text: TextSnapshot) -> None:
        """Read all names back from the text index, while the caller waits."""
        with self._lock:
            self._rebuilding = True
        self._take_over(NameIndex.build(text.names()), stamp_of(text))

    def rebuilt_elsewhere(self, text: TextSnapshot, generation: int) -> bool:
        """Take over what another process has stored; False where there is nothing of that generation."""
        index = NameIndex.open(self._directory)
        stamp = stamp_of(text, generation)
        with self._lock:
            if not self._rebuilding:
                return True  # The text index was begun anew meanwhile, and its names are known.
            if index is None or index.stamp != stamp:
                self._rebuilding = False
                return False
        self._take_over(index, stamp)
        with self._lock:
            try:
                self._shorten_log(stamp)
            except OSError as error:
                log.warning("the names were not saved: %s", error)
        return True

    def _take_over(self, index: NameIndex, stamp: int) -> None:
        with self._lock:
            if not self._rebuilding:
                return
            self._rebuilding, self._stored = False, False
            for added in self._records:
                if added.after > stamp:
                    index.add(added.names)
                    if added.before <= stamp:
                        stamp = added.after
            self._index, self._stamp = index, stamp

    def _logged(self, added: Added) -> bool:
        try:
            self._log.append(added)
        except OSError as error:
            log.warning("new names were not saved: %s", error)
            return False
        return True

    def _shorten_log(self, stamp: int) -> None:
        """The stored part holds everything up to this stamp."""
        self._records = [added for added in self._records if added.after > stamp]
        self._log.restart(self._records)
        self._file, self._stored = NameIndex.newest(self._directory), True

    def _start_rebuild(self, text: TextSnapshot) -> None:
        with self._lock:
            start, self._rebuilding = not self._rebuilding, True
        if start:
            self.rebuild_soon(text)

    def _load(self) -> None:
        """Read what the files have beyond what is known; the caller holds the lock."""
        newest = NameIndex.newest(self._directory)
        if self._index is None or newest != self._file:
            self._log.close()
            self._log, self._records, self._file = AddedLog(self._directory), [], newest
            self._index = NameIndex.open(self._directory)
            self._stamp = self._index.stamp if self._index is not None else -1
            self._stored = True
        for added in self._log.read():
            if added.before > self._stamp and added.before == empty_stamp(added.before):
                self._index, self._stamp = self._index or NameIndex(), added.before
            if self._index is None or added.before > self._stamp:
                break
            if added.after > self._stamp:
                self._index.add(added.names)
                self._stamp = added.after
                self._records.append(added)

    def _current(self, text: TextSnapshot) -> NameIndex:
        """The names, complete for this state where that is a matter of a blink."""
        wanted = stamp_of(text)
        with self._lock:
            if not self._adding and self._stamp < wanted:
                self._load()
            current = self._adding or self._stamp >= wanted
            self._behind = not current and self.seems_large(text)
            if self._index is not None and current:
                return self._index
        if not self._behind:
            self.rebuild(text)
        elif self.writes():
            self._start_rebuild(text)
        with self._lock:
            return self._index if self._index is not None else NameIndex()

    def search(
        self,
        snapshot: Snapshot,
        text: str,
        limit: int,
        near: Sequence[str],
        cancel: Cancel | None,
        *,
        misspelled: bool = True,
    ) -> list[SymbolHit]:
        """The best symbols for what was typed, best first. Names that are misspelled may be left out."""
        query = parse_query(text)
        if not query.name and not query.containers and not query.path:
            return _around(snapshot, near, limit)
        index = self._current(snapshot.text)
        found = _members(snapshot, query) if query.name else _contained(snapshot, query, limit)
        # In a large container most names are somebody else's, however many are looked at.
        sizes = (limit,) if query.containers else (limit, limit * _MORE_NAMES)
        for names in sizes if found is None else ():
            matches = self._matches(index, snapshot, query.name, names, cancel, misspelled=misspelled)
            found = _looked_up(snapshot, matches, query, limit, near)
            # Names stay known when their symbols are gone, and may stand before those that are there.
            if len(found) >= limit or len(matches) < names:
                break
        assert found is not None
        ranked = [
            (score + _nuances(symbol, near), symbol, kind)
            for symbol, score, kind in found
            if _qualified(symbol, query)
        ]
        ranked.sort(
            key=lambda item: (
                *(-item[0], len(item[1].path), item[1].path),
                *(item[1].name_line, item[1].name_col, item[1].kind),
            )
        )
        return [to_symbol_hit(symbol, score, kind) for score, symbol, kind in ranked[:limit]]

    def _matches(
        self,
        index: NameIndex,
        snapshot: Snapshot,
        name: str,
        limit: int,
        cancel: Cancel | None,
        *,
        misspelled: bool,
    ) -> list[NameMatch]:
        matches = index.search(name, limit, cancel, misspelled=misspelled)
        if not snapshot.overlay:
            return matches
        overlay, names = self._in_buffers
        if overlay is not snapshot.overlay:
            overlay, names = snapshot.overlay, NameIndex.build(_overlay_names(snapshot.overlay.values()))
            self._in_buffers = overlay, names
        fresh = names.search(name, limit, cancel, misspelled=misspelled)
        known = {match.name for match in matches}
        return sorted(
            [*matches, *(match for match in fresh if match.name not in known)], key=lambda match: -match.score
        )


def stamp_of(text: TextSnapshot, generation: int | None = None) -> int:
    """Which text index and which state of it, in one growing number."""
    number = int(text.folder.name.rpartition("-")[2])
    return number << _GENERATION_BITS | (text.generation if generation is None else generation)


def empty_stamp(stamp: int) -> int:
    """The stamp of the same text index before its first file."""
    return stamp >> _GENERATION_BITS << _GENERATION_BITS


def fits(hits: Sequence[SymbolHit]) -> bool:
    """Whether a name was found that the user may well have meant."""
    return any(hit.match in _STRONG for hit in hits)


def _overlay_names(files: Iterable[OverlayFile]) -> dict[str, None]:
    return {symbol.name: None for file in files for symbol in file.symbols if symbol.kind != "text"}


def _looked_up(
    snapshot: Snapshot, matches: Sequence[NameMatch], query: NameQuery, limit: int, near: Sequence[str]
) -> list[tuple[StoredSymbol, float, str]]:
    """The symbols behind matching names; the best name first, so that no common one crowds it out."""
    if not matches:
        return []
    by_name = {match.name: match for match in matches}
    only = _index_filter(query)
    found: list[tuple[StoredSymbol, float, str]] = []
    for file in snapshot.overlay.values():
        for symbol in file.symbols:
            match = by_name.get(symbol.name)
            if match is not None and symbol.kind != "text":
                found.append((symbol, match.score, match.kind.value))
    names = list(by_name)
    most = len(found) + int(limit * (1 + _SPARE))
    at = 0
    sizes = chain(_GROUPS, repeat(_GROUPS[-1]))
    while at < len(names) and (left := most - len(found)) > 0:
        size = next(sizes)
        group = names[at : at + size]
        at += size
        for symbol in snapshot.text.symbols(_chosen(snapshot.text, group, left, only, near)):
            if symbol.path not in snapshot.overlay and symbol.kind != "text":
                match = by_name[symbol.name]
                found.append((symbol, match.score, match.kind.value))
    return found


def _chosen(
    text: TextSnapshot, names: list[str], most: int, only: Filter, near: Sequence[str]
) -> list[Address]:
    """Symbols with these names; of very many namesakes those of open files and weighty kinds."""
    addresses = text.named(names, _NAMESAKES, only)
    if len(addresses) <= most:
        return addresses
    open_files = [file_key(path) for path in near]
    traits, files = text.column("traits", addresses), text.column("file_key", addresses)
    weights = _KIND_WEIGHTS[np.minimum(traits & 0xFF, len(KINDS) - 1)]
    weights += _CLOSE * np.isin(files, np.array(open_files, np.uint64))
    return [addresses[number] for number in np.lexsort((traits >> 16, files, -weights))[:most].tolist()]


def _members(snapshot: Snapshot, query: NameQuery) -> list[tuple[StoredSymbol, float, str]] | None:
    """`Container.name`: what is inside, judged one by one; None without a container or for a large one."""
    only = _index_filter(query)
    addresses = snapshot.text.passing(only, _INSIDE + 1) if only else []
    if not only or len(addresses) > _INSIDE:
        return None
    wanted = Query.of(query.name)
    inside = [symbol for file in snapshot.overlay.values() for symbol in file.symbols]
    stored = snapshot.text.symbols(addresses)
    inside += [symbol for symbol in stored if symbol.path not in snapshot.overlay]
    judged = [(symbol, score(wanted, symbol.name)) for symbol in inside if symbol.kind != "text"]
    return [(symbol, fit.value, fit.kind.value) for symbol, fit in judged if fit is not None]


def _contained(snapshot: Snapshot, query: NameQuery, limit: int) -> list[tuple[StoredSymbol, float, str]]:
    """`Container.` or `path/` without a name: what is inside."""
    only = _index_filter(query)
    if not only:
        return []
    return [
        (symbol, 0.5, MatchKind.EXACT.value)
        for symbol in snapshot.text.symbols(snapshot.text.passing(only, limit))
        if symbol.path not in snapshot.overlay and symbol.kind != "text"
    ]


def _around(snapshot: Snapshot, near: Sequence[str], limit: int) -> list[SymbolHit]:
    """An empty query: the outline of the files the user is in."""
    hits: list[SymbolHit] = []
    for path in near[:3]:
        file = snapshot.overlay.get(path)
        symbols = file.symbols if file is not None else snapshot.text.symbols_of(path)
        hits.extend(
            to_symbol_hit(symbol, 0.5, MatchKind.EXACT.value) for symbol in symbols if symbol.kind != "text"
        )
    return hits[: min(limit, 50)]


def _index_filter(query: NameQuery) -> Filter:
    words = [word for container in query.containers for word in find_words(container)]
    return Filter(container_words=(tuple(" ".join(words).split()),) if words else ())


def _qualified(symbol: StoredSymbol, query: NameQuery) -> bool:
    if query.path and query.path.lower() not in symbol.path.lower():
        return False
    if not query.containers:
        return True
    inside = set(index_text(symbol.container).split())
    return all(inside.issuperset(index_text(container).split()) for container in query.containers)


def _nuances(symbol: StoredSymbol, near: Sequence[str]) -> float:
    """What decides among names that match alike."""
    value = _KIND_ORDER.get(symbol.kind, 0.0)
    if _is_secondary(symbol.path):
        value -= _SECONDARY
    if not near:
        return value
    folder = symbol.path.rpartition("/")[0]
    for path in near[:5]:
        if path == symbol.path:
            return value + _CLOSE
        if path.rpartition("/")[0] == folder:
            value += _CLOSE / 2
            break
    return value


@lru_cache(maxsize=1 << 14)
def _is_secondary(path: str) -> bool:
    return _SECONDARY_PATH.search(path) is not None
