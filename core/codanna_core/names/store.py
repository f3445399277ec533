"""The names of a workspace's symbols, on disk and in memory, beside the text index that has them."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Protocol

from codanna_core.model import Problem
from codanna_core.names.index import NameIndex
from codanna_core.names.name_log import AddedNames, NameLog
from codanna_core.problems import Code
from codanna_core.storage.collect import remove_folder
from codanna_core.storage.directory import Directory

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


class NamesSource(Protocol):
    """One state of the text index, as far as names go."""

    folder: Path
    generation: int

    @property
    def document_count(self) -> int:
        """How large it is."""

    def names(self) -> list[str]:
        """Every distinct name of a symbol."""


class RebuildApart(Protocol):
    """How a rebuild too large to wait for is done."""

    @property
    def allowed(self) -> bool:
        """Whether this process keeps the names, or reads those that another one keeps."""

    def start(self, names: NameStore, text: Any) -> None:
        """Begin with it for a state of the text index; `rebuilt_elsewhere` follows."""


class NameStore:
    """Keeps the distinct names beside the text index, which stays the truth: a name without symbols shows
    nothing.

    On disk they are a mapped file and a log of what came since, both with the stamp of the text index that
    they belong to. Names are only ever added, so having too many is harmless, and the stamp says up to where
    none is missing.
    """

    def __init__(self, directory: Directory, apart: RebuildApart) -> None:
        self._directory = directory
        self._lock = threading.Lock()
        self._index: NameIndex | None = None
        self._stamp = -1
        self._log = NameLog(directory)
        self._records: list[AddedNames] = []
        """What is in the log, and during a rebuild what came since it began."""
        self._stored = False
        """Whether the files lead to the names that are known."""
        self._file: str | None = None
        """The stored part that is mapped."""
        self._adding = False
        self._rebuilding = False
        self._behind = False
        self._apart = apart

    def seems_large(self, text: NamesSource) -> bool:
        """Whether reading the names back is better left to another process."""
        return text.document_count > _REBUILT_AT_ONCE

    @property
    def problem(self) -> Problem | None:
        """What the last search may have missed."""
        if not self._behind:
            return None
        return Problem(
            Code.NAMES, "the names of symbols are being read back; some are found by text only, for now"
        )

    def close(self) -> None:
        """Let the files go; a later search reads them anew."""
        with self._lock:
            self._log.close()
            self._index, self._stamp, self._file, self._stored = None, -1, None, False

    # What the writer tells

    def forget(self, text: NamesSource) -> None:
        """The text index has been begun anew and is empty."""
        with self._lock:
            self._log.close()
            remove_folder(self._directory.path)
            self._log = NameLog(self._directory)
            self._index, self._stamp, self._records, self._file = NameIndex(), stamp_of(text), [], None
            self._stored, self._rebuilding, self._adding = True, False, False

    def begin(self, text: NamesSource) -> None:
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

    def add(self, names: Iterable[str], before: NamesSource, after: NamesSource) -> None:
        """A run on top of the state `before` added these names and no others."""
        listed = list(dict.fromkeys(names))
        with self._lock:
            if self._index is None:
                self._load()
            index = self._index = self._index or NameIndex()
        new = index.add(listed)
        with self._lock:
            # What is built from an older state needs all of them: it may lack names that are known here.
            added = AddedNames(stamp_of(before), stamp_of(after), listed if self._rebuilding else new)
            if self._index is not index:
                self._index.add(listed)
            if self._rebuilding or added.before == self._stamp:
                self._records.append(added)
            if added.before == self._stamp:
                self._stamp = added.after
                if self._stored:
                    self._stored = self._logged(added)

    def settled(self, text: NamesSource) -> bool:
        """Whether the names are those of this state alone, where that is cheap to have."""
        if text.document_count > _KEPT_EXACT or self.seems_large(text):
            return True
        with self._lock:
            if self._index is None:
                self._load()
            return self._index is not None and self._index.stamp == stamp_of(text)

    def save(self, text: NamesSource) -> None:
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
        index = self.current(text)
        try:
            index.save(self._directory, stamp_of(text))
            with self._lock:
                self._shorten_log(stamp_of(text))
        except OSError as error:
            log.warning("the names were not saved: %s", error)

    def rebuild(self, text: NamesSource) -> None:
        """Read all names back from the text index, while the caller waits."""
        with self._lock:
            self._rebuilding = True
        self._take_over(NameIndex.build(text.names()), stamp_of(text))

    def rebuilt_elsewhere(self, text: NamesSource, generation: int) -> bool:
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

    def _logged(self, added: AddedNames) -> bool:
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

    def _start_rebuild(self, text: NamesSource) -> None:
        with self._lock:
            start, self._rebuilding = not self._rebuilding, True
        if start:
            self._apart.start(self, text)

    def _load(self) -> None:
        """Read what the files have beyond what is known; the caller holds the lock."""
        newest = NameIndex.newest(self._directory)
        if self._index is None or newest != self._file:
            self._log.close()
            self._log, self._records, self._file = NameLog(self._directory), [], newest
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

    def current(self, text: NamesSource) -> NameIndex:
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
        elif self._apart.allowed:
            self._start_rebuild(text)
        with self._lock:
            return self._index if self._index is not None else NameIndex()


def stamp_of(text: NamesSource, generation: int | None = None) -> int:
    """Which text index and which state of it, in one growing number."""
    number = int(text.folder.name.rpartition("-")[2])
    return number << _GENERATION_BITS | (text.generation if generation is None else generation)


def empty_stamp(stamp: int) -> int:
    """The stamp of the same text index before its first file."""
    return stamp >> _GENERATION_BITS << _GENERATION_BITS
