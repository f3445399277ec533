"""Who writes an index: its lock, the takeover once another holder is gone, and what is known of that one."""

from __future__ import annotations

import logging

from codanna_core.cancel import Cancel
from codanna_core.errors import CodannaError
from codanna_core.indexing.events import Events
from codanna_core.indexing.layout import IndexFolder
from codanna_core.indexing.seeding import seed
from codanna_core.indexing.stores import Stores
from codanna_core.model import Problem
from codanna_core.problems import Code
from codanna_core.storage.lock import NOT_WRITABLE, WriterLock
from codanna_core.storage.pulse import Pulse, Watch

log = logging.getLogger("codanna.engine")


class WriterRole:
    """The role that one process has for one index. Only whoever holds the mutex of the runs may change it."""

    def __init__(
        self, folder: IndexFolder, lock: WriterLock, stores: Stores, events: Events, closing: Cancel
    ) -> None:
        self._folder = folder
        self._lock = lock
        self._stores = stores
        self._events = events
        self._closing = closing
        self._pulse, self._watch = Pulse(folder.path), Watch(folder.path)
        self._refused: OSError | None = None

    @property
    def held(self) -> bool:
        """Whether this process writes."""
        return self._lock.held

    @property
    def owner(self) -> int | None:
        """The process that writes, as far as it can be told."""
        return self._lock.owner()

    @property
    def held_elsewhere(self) -> bool:
        """Whether another process writes now."""
        return self._lock.is_held_elsewhere()

    @property
    def unwritable(self) -> Problem | None:
        """Set where this user may read the index and not write it."""
        if self._refused is None:
            return None
        return Problem(
            Code.READ_ONLY_INDEX,
            f"the index in {self._folder.path} cannot be written ({self._refused.strerror}), so answers come "
            "from what is there; change its permissions, or choose another location with --index-dir or"
            " index.dir",
        )

    def silent_writer(self, *, wait: bool = False) -> Problem | None:
        """Set where another process writes and does not run. With `wait` it is known when this returns,
        without it soon.
        """
        if self._lock.held or not (self._watch.hear() if wait else self._watch.silent()):
            return None
        return Problem(
            Code.WRITER_SILENT,
            f"process {self._lock.owner() or 'unknown'} keeps this index current and does not respond: it is "
            "stopped or frozen. Continue or end it; until then only files saved here are up to date",
        )

    @property
    def asks_writer(self) -> bool:
        """Whether it is being found out if the process that writes runs."""
        return not self._lock.held and self._watch.waiting

    def take(self) -> bool:
        """Become the writer if nobody else is; True if this process is."""
        if self._closing.cancelled:
            raise CodannaError("this engine is closed")
        if self._lock.held and not self._folder.lock_file.exists():
            # Somebody removed the folder: what is open leads to files that are gone, the lock included.
            self._stores.close()
            self._let_lock_go()
        text = self._stores.text
        if not self._lock.held:
            if not self._take_lock():
                return False
            seed(self._folder, text.options)
            # The last writer may have published more, or died while it replaced the text index.
            problem = text.open()
            if problem is not None:
                self._events.problem(problem)
        if not text.ready or text.rebuilt_because is not None:
            self._stores.start_text_anew()
        return True

    def give_up(self) -> None:
        """Hand the role back, for good."""
        if self._lock.held:
            try:
                self._folder.secure()
            except OSError as error:
                log.info("the index was removed, or cannot be secured: %s", error)
        self._let_lock_go()
        self._watch.close()

    def _take_lock(self) -> bool:
        try:
            self._folder.make()
            taken = self._lock.acquire()
            self._refused = self._lock.refused
            if taken:
                self._folder.claim()
                self._pulse.start()
        except (OSError, CodannaError) as error:
            self._let_lock_go()
            if not isinstance(error, OSError) or error.errno not in NOT_WRITABLE:
                raise
            taken, self._refused = False, error
        if self._refused is not None and not self._stores.text.published:
            raise self._refused  # There is nothing to read either.
        return taken

    def _let_lock_go(self) -> None:
        self._pulse.stop()
        self._lock.release()
