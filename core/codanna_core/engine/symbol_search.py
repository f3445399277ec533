"""Symbols by name: fuzzy matching over the distinct names, then one exact look-up of the best."""

from __future__ import annotations

import logging
import re
import threading
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence

import orjson

from codanna_core.engine.answers import to_symbol_hit
from codanna_core.engine.cancel import Cancel
from codanna_core.engine.overlay import OverlayFile
from codanna_core.engine.snapshot import Snapshot
from codanna_core.names import MatchKind, NameIndex, NameMatch, NameQuery, parse_query
from codanna_core.results import SymbolHit
from codanna_core.storage.directory import Directory
from codanna_core.text.index import Filter, StoredSymbol, TextSnapshot
from codanna_core.words import find_words, index_text

log = logging.getLogger("codanna.engine")

_ADDED = "added.json"
_FOLD_IN = 4096
"""More new names than this are folded into the stored part; fewer are kept in a small file beside it."""
_REBUILT_AT_ONCE = 60_000
"""An index with fewer symbols has its names read back while the caller waits: a blink."""
_EXACT_SHARE = 4
_LOOK_UPS = 3
"""Symbols looked up for each result wanted: the order among equal names needs a choice."""

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
_STRONG = frozenset({MatchKind.EXACT, MatchKind.PREFIX, MatchKind.HUMPS, MatchKind.WORD, MatchKind.SUBSTRING})


class SymbolSearch:
    """Keeps the distinct names beside the text index, which stays the truth: a name without symbols shows
    nothing.
    """

    def __init__(self, directory: Directory) -> None:
        self._directory = directory
        self._lock = threading.Lock()
        self._index: NameIndex | None = None
        self._generation = -1
        self._added: dict[str, None] = {}
        self._rebuilding = False
        self._meanwhile: list[tuple[int, list[str]]] = []
        """Generation and names of the runs since a rebuild began."""
        self.rebuild_soon: Callable[[TextSnapshot], None] = self.rebuild
        """How a rebuild too large to wait for is done; the engine sets its background."""

    def seems_large(self, text: TextSnapshot) -> bool:
        """Whether reading the names back is better left to another process."""
        return text.document_count > _REBUILT_AT_ONCE

    def is_current(self, text: TextSnapshot) -> bool:
        """Whether the names are those of this generation."""
        with self._lock:
            return self._index is not None and self._generation == text.generation

    def forget(self) -> None:
        """The text index is empty."""
        with self._lock:
            self._index, self._generation, self._added = NameIndex(), 0, {}

    def add(self, names: Iterable[str], before: int, generation: int, *, complete: bool) -> None:
        """A run on top of generation `before` added these names; not `complete` says there were more."""
        with self._lock:
            index = self._index
            if self._rebuilding and complete:
                # Shown at once by what there is, and added again to what is being built.
                self._meanwhile.append((generation, list(dict.fromkeys(names))))
                if index is not None:
                    index.add(self._meanwhile[-1][1])
                return
            if index is None or self._generation != before or not complete:
                return  # The next search or save sees that the names are behind, and reads them back.
            new = [name for name in dict.fromkeys(names) if name not in index]
            index.add(new)
            self._added.update(dict.fromkeys(new))
            self._generation = generation

    def save(self, text: TextSnapshot, *, hurry: bool) -> None:
        """Store what is known: rarely all names, usually a small file with those that came since.

        In a `hurry` only the small file is written; where it does not do, the next one reads the names back.
        """
        with self._lock:
            index = self._index if self._generation == text.generation else None
            added = list(self._added)
        if hurry and (index is None or not index.stamp or len(added) > _FOLD_IN):
            return
        if index is None:
            index = self._current(text, wait=not self.seems_large(text))
            if not self.is_current(text):
                return  # A rebuild has begun; its end saves.
            with self._lock:
                added = list(self._added)
        try:
            if index.stamp and len(added) <= _FOLD_IN:
                body = orjson.dumps({"base": index.stamp, "generation": text.generation, "names": added})
                self._directory.replace(_ADDED, b"%08x" % zlib.crc32(body) + body)
                return
            index.save(self._directory, text.generation)
        except OSError as error:
            log.warning("the names were not saved: %s", error)
            return
        with self._lock:
            for name in added:
                self._added.pop(name, None)

    def rebuild(self, text: TextSnapshot) -> None:
        """Read all names back from the text index."""
        self._take_over(NameIndex.build(text.names()), text.generation)

    def rebuilt_elsewhere(self, generation: int) -> bool:
        """Take over what another process has stored; False where there is nothing of that generation."""
        index = NameIndex.open(self._directory)
        if index is None or index.stamp != generation:
            with self._lock:
                self._rebuilding, self._meanwhile = False, []
            return False
        self._take_over(index, generation)
        return True

    def _take_over(self, index: NameIndex, generation: int) -> None:
        with self._lock:
            later = [(when, names) for when, names in self._meanwhile if when > generation]
            added = dict.fromkeys(name for _, names in later for name in names if name not in index)
            index.add(added)
            self._index, self._added = index, added
            self._generation = max([generation, *(when for when, _ in later)])
            self._rebuilding, self._meanwhile = False, []

    def search(
        self, snapshot: Snapshot, text: str, limit: int, near: Sequence[str], cancel: Cancel | None
    ) -> list[SymbolHit]:
        """The best symbols for what was typed, best first."""
        query = parse_query(text)
        if not query.name and not query.containers and not query.path:
            return _around(snapshot, near, limit)
        index = self._current(snapshot.text, wait=snapshot.text.document_count <= _REBUILT_AT_ONCE)
        matches = index.search(query.name, limit, cancel) if query.name else []
        overlay = _overlay_names(snapshot.overlay.values())
        if query.name and overlay:
            fresh = NameIndex.build(overlay).search(query.name, limit, cancel)
            known = {match.name for match in matches}
            matches = sorted(
                [*matches, *(match for match in fresh if match.name not in known)],
                key=lambda match: -match.score,
            )
        found = _looked_up(snapshot, matches, query, limit)
        if not query.name:
            found = _contained(snapshot, query, limit)
        ranked = [
            (score + _nuances(symbol, near), symbol, kind)
            for symbol, score, kind in found
            if _qualified(symbol, query)
        ]
        ranked.sort(key=lambda item: (-item[0], len(item[1].path), item[1].path, item[1].name_line))
        return [to_symbol_hit(symbol, score, kind) for score, symbol, kind in ranked[:limit]]

    def _current(self, text: TextSnapshot, *, wait: bool) -> NameIndex:
        with self._lock:
            if self._index is not None and self._generation == text.generation:
                return self._index
        opened = self._opened(text.generation)
        if opened is not None:
            return opened
        if wait:
            self.rebuild(text)
        else:
            with self._lock:
                start = not self._rebuilding
                self._rebuilding = True
                if self._index is None:
                    self._index = NameIndex.open(self._directory) or NameIndex()
            if start:
                self.rebuild_soon(text)
        with self._lock:
            return self._index if self._index is not None else NameIndex()

    def _opened(self, generation: int) -> NameIndex | None:
        """What is stored, if it is as current as the text index."""
        index = NameIndex.open(self._directory)
        if index is None:
            return None
        current, names = index.stamp, []
        try:
            data = self._directory.read(_ADDED)
            if data[:8] != b"%08x" % zlib.crc32(data[8:]):
                raise ValueError("its checksum is wrong")
            values = orjson.loads(data[8:])
            if values["base"] == index.stamp:
                current, names = int(values["generation"]), [str(name) for name in values["names"]]
        except FileNotFoundError:
            pass  # Nothing was added since the names were stored.
        except (OSError, ValueError, KeyError, TypeError) as error:
            log.warning("the names are read back from the index: %s", error)
            return None
        if current != generation:
            return None
        index.add(names)
        with self._lock:
            self._index, self._generation = index, generation
            self._added = dict.fromkeys(names)
        return index


def fits(hits: Sequence[SymbolHit]) -> bool:
    """Whether a name was found that the user may well have meant."""
    return any(hit.match in _STRONG for hit in hits)


def _overlay_names(files: Iterable[OverlayFile]) -> dict[str, None]:
    return {symbol.name: None for file in files for symbol in file.symbols if symbol.kind != "text"}


def _looked_up(
    snapshot: Snapshot, matches: Sequence[NameMatch], query: NameQuery, limit: int
) -> list[tuple[StoredSymbol, float, str]]:
    """The symbols behind matching names; the best name first, so that no common one crowds it out."""
    if not matches:
        return []
    by_name = {match.name: match for match in matches}
    only = _index_filter(query)
    first = matches[: max(1, len(matches) // _EXACT_SHARE)] if len(matches) > _EXACT_SHARE else matches
    rest = matches[len(first) :]
    found: list[tuple[StoredSymbol, float, str]] = []
    for file in snapshot.overlay.values():
        for symbol in file.symbols:
            match = by_name.get(symbol.name)
            if match is not None and symbol.kind != "text":
                found.append((symbol, match.score, match.kind.value))
    for group in (first[:1], first[1:], rest):
        if not group or len(found) >= limit * _LOOK_UPS:
            continue
        for address in snapshot.text.named([match.name for match in group], limit, only):
            symbol = snapshot.text.symbol(address)
            if symbol.path not in snapshot.overlay and symbol.kind != "text":
                match = by_name[symbol.name]
                found.append((symbol, match.score, match.kind.value))
    return found


def _contained(snapshot: Snapshot, query: NameQuery, limit: int) -> list[tuple[StoredSymbol, float, str]]:
    """`Container.` or `path/` without a name: what is inside."""
    only = _index_filter(query)
    if not only:
        return []
    return [
        (symbol, 0.5, MatchKind.EXACT.value)
        for symbol in map(snapshot.text.symbol, snapshot.text.passing(only, limit))
        if symbol.path not in snapshot.overlay and symbol.kind != "text"
    ]


def _around(snapshot: Snapshot, near: Sequence[str], limit: int) -> list[SymbolHit]:
    """An empty query: the outline of the files the user is in."""
    hits: list[SymbolHit] = []
    for path in near[:3]:
        file = snapshot.overlay.get(path)
        symbols = file.symbols if file is not None else snapshot.text.symbols_of(path, limit)
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
    if _SECONDARY_PATH.search(symbol.path):
        value -= _SECONDARY
    folder = symbol.path.rpartition("/")[0]
    for path in near[:5]:
        if path == symbol.path:
            return value + _CLOSE
        if path.rpartition("/")[0] == folder:
            value += _CLOSE / 2
            break
    return value
