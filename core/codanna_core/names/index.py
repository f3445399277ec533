"""The fuzzy index over a workspace's distinct symbol names: a stored part, and a small one for what is
new."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable
from typing import Final, NamedTuple

from codanna_core.cancel import Cancel
from codanna_core.names import scan
from codanna_core.names.name_columns import NameColumns, build_columns
from codanna_core.names.score import MatchKind, Query, Score, score
from codanna_core.names.words import codes_of, squeeze
from codanna_core.storage.directory import Directory

_FILE_NAME: Final = re.compile(r"names-(\d{8})\.bin")
_DELTA_LIMIT: Final = 4096
"""New names beyond this become a part of their own, so that a search never builds more than this many."""

_MAX_QUERY: Final = 63

_INITIALS: Final = 50
"""Most names whose initials are the query, where the query does not look like initials."""

_ENOUGH: Final = 50
"""With so many names that begin like the query or hold such words, nothing fainter is looked for."""

_FAINT: Final = 40
"""Most candidates of each faint tier; they cost the most to judge."""

_WELL_SPELLED: Final = 5
"""Fewer names with words like the query than this, and it may be misspelled."""

_LONG: Final = 8
"""A query of this length that fits one name to the letter is hardly a slip."""

_SHORT: Final = 3
"""Up to this length nearly everything is one edit away."""


class NameMatch(NamedTuple):
    """A name that fits a query."""

    name: str
    score: float
    kind: MatchKind


class NameIndex:
    """Finds names by what people type. Safe to share between threads.

    Names are never removed: the caller looks symbols up by exact name, so a name that no symbol has any
    more shows nothing, and the next rebuild drops it.
    """

    def __init__(self, parts: Iterable[NameColumns] = (), stamp: int = 0) -> None:
        self._lock = threading.Lock()
        self._saving = threading.Lock()
        self._parts = tuple(parts)
        self._fresh: dict[str, None] = {}
        self._fresh_part: NameColumns | None = None
        self.stamp = stamp
        """What `save` was given: how current the stored names are."""

    @classmethod
    def build(cls, names: Iterable[str]) -> NameIndex:
        """Make an index in memory over all these names."""
        return cls([build_columns(dict.fromkeys(names))])

    @classmethod
    def open(cls, directory: Directory) -> NameIndex | None:
        """The newest index stored in a folder; None where there is none that is whole."""
        for name in reversed(_stored(directory)):
            try:
                part, stamp = NameColumns.load(directory, name)
            except (ValueError, OSError):
                continue  # Cut short by a crash or damaged: an older one serves, or a rebuild.
            return cls([part], stamp)
        return None

    @staticmethod
    def newest(directory: Directory) -> str | None:
        """The file that `open` reads first."""
        stored = _stored(directory)
        return stored[-1] if stored else None

    def save(self, directory: Directory, stamp: int = 0) -> None:
        """Store all names as one part and drop the older files; `stamp` comes back from `open`."""
        with self._saving:
            with self._lock:
                parts, fresh = self._parts, set(self._fresh)
            merged = parts[0] if len(parts) == 1 and not fresh else build_columns(_merged(parts, fresh))
            old = _stored(directory)
            name = f"names-{_number(old[-1]) + 1 if old else 1:08d}.bin"
            merged.store(directory, name, stamp)
            stored, _ = NameColumns.load(directory, name)
            with self._lock:
                # What came meanwhile stays in memory; a new part may hold names that were stored just now.
                later = _merged(self._parts[len(parts) :], self._fresh)
                self._parts = (stored,)
                self._fresh = {name: None for name in later if name not in fresh}
                self._fresh_part = None
                self.stamp = stamp
            directory.delete(old)

    def __len__(self) -> int:
        with self._lock:
            return sum(part.count for part in self._parts) + len(self._fresh)

    def nbytes(self) -> int:
        """Size of all columns, mapped ones included."""
        with self._lock:
            return sum(part.nbytes() for part in self._parts)

    def __contains__(self, name: str) -> bool:
        with self._lock:
            if name in self._fresh:
                return True
            parts = self._parts
        return _in_parts(parts, name)

    def add(self, names: Iterable[str]) -> list[str]:
        """Add names; those known already cost next to nothing. Gives the new ones."""
        with self._lock:
            parts = self._parts
            known = self._fresh
            fresh = [name for name in dict.fromkeys(names) if name not in known]
            fresh = [name for name in fresh if not _in_parts(parts, name)]
            if not fresh:
                return []
            known.update(dict.fromkeys(fresh))
            self._fresh_part = None
            if len(known) > _DELTA_LIMIT:
                self._parts = (*parts, build_columns(known))
                self._fresh = {}
            return fresh

    def search(
        self, query: str, limit: int = 200, cancel: Cancel | None = None, *, misspelled: bool = True
    ) -> list[NameMatch]:
        """The best names for a query, best first; ties go to the shorter name, then by alphabet. Without
        `misspelled` none that has a slip or holds mere letters of the query.
        """
        wanted = Query.of(query[:_MAX_QUERY].strip())
        if not wanted.text or limit < 1:
            return []
        found: dict[str, Score] = {}
        for part in self._snapshot():
            if cancel is not None:
                cancel.raise_if_cancelled()
            for name, tier in _candidates(part, wanted, limit, misspelled=misspelled):
                if name not in found:
                    judged = score(wanted, name, tier)
                    if judged is not None:
                        found[name] = judged
        ranked = sorted(found.items(), key=lambda item: (-item[1].value, len(item[0]), item[0]))
        return [NameMatch(name, *judged) for name, judged in ranked[:limit]]

    def _snapshot(self) -> tuple[NameColumns, ...]:
        with self._lock:
            if not self._fresh:
                return self._parts
            if self._fresh_part is None:
                self._fresh_part = build_columns(self._fresh)
            return (*self._parts, self._fresh_part)


def _candidates(
    part: NameColumns, query: Query, limit: int, *, misspelled: bool
) -> Iterable[tuple[str, MatchKind]]:
    """Names of one part that may fit, gathered tier by tier until there are enough."""
    # A shorter text only lets more through to the scoring.
    codes = codes_of(query.squeezed)[:_MAX_QUERY]
    rows: dict[int, MatchKind] = {}

    def take(found: scan.Rows, tier: MatchKind, most: int = limit) -> None:
        for row in found[:most].tolist():
            rows.setdefault(row, tier)

    take(scan.exact_rows(part, query.text.encode("utf-8", "replace"), codes), MatchKind.EXACT)
    if len(codes):
        heads, tails = scan.beginning(part, codes, limit)
        take(heads, MatchKind.PREFIX)
    marked = len(query.initials) > 1
    if len(codes) > 1:
        # Initials come cheap and rank above words, so they are looked up even where there is plenty.
        pure = scan.by_initials(part, query.initials if marked else query.squeezed, codes, limit)
        if len(query.initials) < len(codes):
            pure = scan.humps(scan.Survivors.among(part, pure), codes)
        take(pure, MatchKind.HUMPS, limit if marked else _INITIALS)
    if len(codes) and len(rows) < limit:
        take(tails, MatchKind.WORD)
    if len(codes) and len(rows) < min(limit, _ENOUGH):
        some = scan.Survivors.of(part, codes, codes_of(query.initials))
        fitting = scan.humps(some, codes)
        take(fitting, MatchKind.HUMPS, _FAINT)
        take(scan.substring(part, codes, limit), MatchKind.SUBSTRING)
        well_spelled = len(heads) + len(tails) + (len(fitting) if marked else 0)
        misspelled = misspelled and well_spelled < (_WELL_SPELLED if len(codes) < _LONG else 1)
        if misspelled and len(codes) > _SHORT:
            take(scan.one_edit(part, codes, _FAINT), MatchKind.TYPO)
        if misspelled and len(codes) > 2:
            if marked:
                some = scan.Survivors.of(part, codes, codes[:1])
            take(scan.subsequence(some, codes), MatchKind.SUBSEQUENCE, _FAINT)
    return zip(part.some_names(list(rows)), rows.values(), strict=True)


def _merged(parts: Iterable[NameColumns], fresh: Iterable[str]) -> dict[str, None]:
    names: dict[str, None] = {}
    for part in parts:
        names.update(dict.fromkeys(part.names()))
    names.update(dict.fromkeys(fresh))
    return names


def _number(file_name: str) -> int:
    return int(file_name.removeprefix("names-").removesuffix(".bin"))


def _in_parts(parts: tuple[NameColumns, ...], name: str) -> bool:
    encoded = name.encode("utf-8", "replace")
    codes = codes_of(squeeze(name))
    return any(len(scan.exact_rows(part, encoded, codes)) for part in parts)


def _stored(directory: Directory) -> list[str]:
    return sorted(name for name in directory.names() if _FILE_NAME.fullmatch(name))
