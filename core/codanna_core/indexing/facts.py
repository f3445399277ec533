"""The facts of files on disk: found by content, kept when a question has read them, filled in while nobody
waits.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Sequence
from hashlib import blake2b
from typing import TYPE_CHECKING, NamedTuple

from codanna_core.cancel import Cancel
from codanna_core.config import Settings
from codanna_core.errors import IndexCorrupt
from codanna_core.files import content_hash, to_utf8
from codanna_core.files.inside import read_inside
from codanna_core.indexing.file_state import FileState
from codanna_core.indexing.layout import IndexFolder
from codanna_core.languages.registry import detect_language
from codanna_core.parsing.parser import Parsing
from codanna_core.parsing.verdicts import grammars
from codanna_core.storage.lock import WriterLock

if TYPE_CHECKING:
    from codanna_core.relations.fact_store import FactStore

log = logging.getLogger("codanna.engine")

FOLDER = "facts"
_COUNT_AFTER_S = 10.0
_COLLECT_AFTER = 1_000
"""So many new contents make it worth looking for those that no file has any more."""


class _Progress(NamedTuple):
    """How many files have their facts, and how many have any."""

    done: int
    total: int
    generation: int = -1
    """What was counted, where another process fills them in."""
    counted: float = 0.0

    @property
    def live(self) -> bool:
        """Whether this process fills them in, and knows."""
        return self.generation < 0

    def is_fresh(self, generation: int) -> bool:
        """Whether the count still holds: it reads the table of all files."""
        return self.generation == generation and time.monotonic() - self.counted < _COUNT_AFTER_S


class FactsOnDisk:
    """Encoded facts by the content of a file and its suffix, which together decide the language."""

    def __init__(
        self,
        folder: IndexFolder,
        settings: Settings,
        files: FileState,
        parsing: Parsing,
        lock: WriterLock,
        mutex: threading.RLock,
    ) -> None:
        self._folder = folder
        self._settings = settings
        self._files = files
        self._parsing = parsing
        self._writer_lock = lock
        self._mutex = mutex
        self._lock = threading.Lock()
        self._store: FactStore | None = None
        self._closed = False
        self._new = _COLLECT_AFTER
        """How many contents came since the last look for those that are not used any more."""
        self._progress: _Progress | None = None
        self._failed = False

    # For questions, from any thread

    def get(self, path: str, digest: bytes) -> bytes | None:
        """The encoded facts of a file with this content; None where they are not there."""
        store = self._opened()
        key = key_of(path, digest)
        found = store.get(key)
        if found is None and not store.writable:
            store.refresh()
            found = store.get(key)
        return found

    def keep(self, path: str, digest: bytes, encoded: bytes) -> None:
        """Keep what a question has read of an indexed file, if this process writes."""
        if self._failed or self._closed or not self._writer_lock.held:
            return
        try:
            self._to_write().put(key_of(path, digest), encoded)
        except (OSError, IndexCorrupt) as error:
            # The question has its answer all the same; whoever fills the rest in reports it.
            self._failed = True
            log.warning("facts cannot be kept: %s", error)

    def progress(self, generation: int) -> tuple[int, int]:
        """Of how many files the facts are there, and how many have any. From any thread."""
        known = self._progress
        if known is not None and (known.live or known.is_fresh(generation)):
            return known.done, known.total
        contents = self._files.contents_on_disk(generation)
        if contents is None:
            return 0, 0
        store = self._opened()
        store.refresh()
        held = store.held()
        wanted = [key_of(*item) for item in contents if may_have_facts(item[0])]
        counted = _Progress(sum(key in held for key in wanted), len(wanted), generation, time.monotonic())
        if self._progress is None or not self._progress.live:
            self._progress = counted
        return counted.done, counted.total

    # For the one that writes

    def fill(self, cancel: Cancel, *, whole: bool = True) -> None:
        """Read the facts of all files that have none yet. If the index is `whole`, those of contents that are
        gone are dropped; else they may be of files that are still to be indexed.
        """
        if self._closed or not self._writer_lock.held:
            return
        with self._mutex:
            contents = self._files.contents()
        try:
            self._fill(contents, cancel, whole)
        except IndexCorrupt as error:
            # Nothing else depends on them: what is damaged is dropped when the store is opened again.
            log.warning("facts are read again: %s", error)
            self._opened().close()

    def change_settings(self, settings: Settings) -> None:
        """Take over settings for the next files that are read."""
        self._settings = settings

    def close(self) -> None:
        """Let the files go; from now on nothing is written."""
        with self._lock:
            self._closed = True
            if self._store is not None:
                self._store.close()

    # Inside

    def _fill(self, contents: Sequence[tuple[str, bytes]], cancel: Cancel, whole: bool) -> None:
        wanted = {key_of(*item): item for item in contents if may_have_facts(item[0])}
        store = self._to_write()
        missing = list(wanted.keys() - store.held())
        missing.sort(key=lambda key: wanted[key][0])
        total, left = len(wanted), len(missing)
        self._progress = _Progress(total - left, total)
        for key in missing:
            cancel.raise_if_cancelled()
            path, digest = wanted[key]
            encoded = self._read(path, digest)
            if encoded is not None:
                if not store.put(key, encoded):
                    log.warning("no more facts are kept: there is no room, or this process writes no more")
                    return
                left -= 1
                self._new += 1
                self._progress = _Progress(total - left, total)
        self._failed = False
        store.tidy()
        if whole and contents and self._new >= _COLLECT_AFTER:
            store.collect(wanted.keys())
            self._new = 0

    def _read(self, path: str, digest: bytes) -> bytes | None:
        """The facts of a file; None where it is gone or has another content than the index knows."""
        try:
            data = read_inside(self._folder.root, path, self._settings.discovery.max_file_size)
        except (OSError, ValueError):
            return None  # The next look at the folder finds out, and is followed by the next fill.
        if content_hash(data) != digest:
            return None
        return self._parsing.facts(to_utf8(data)[0], path, hurry=False)

    def _opened(self) -> FactStore:
        from codanna_core.relations.fact_store import FactStore  # Late, as what parses has it.

        with self._lock:
            if self._store is None:
                self._store = FactStore(self._folder.inside(FOLDER), _rules())
                self._store.refresh()
            return self._store

    def _to_write(self) -> FactStore:
        store = self._opened()
        with self._lock:
            if not store.writable and not self._closed:
                self._folder.will_make(FOLDER)
                store.open_to_write()
        return store


def key_of(path: str, digest: bytes) -> bytes:
    """The key of a content under a suffix, or under a name without one."""
    base = path.rpartition("/")[2]
    suffix = base.rpartition(".")[2].encode("utf-8", "surrogatepass")
    return blake2b(suffix + b"\0" + digest, digest_size=16).digest()


def may_have_facts(path: str) -> bool:
    """Whether a file of that name is of a language with rules. Scripts without a suffix are read when they
    are asked for.
    """
    from codanna_core.relations.rules import has_own_rules

    language = detect_language(path, b"")
    return language is not None and has_own_rules(language)


def _rules() -> str:
    """All that facts depend on besides the content."""
    from codanna_core.relations.rules import rules_digest

    return f"{rules_digest()}/{grammars()}"
