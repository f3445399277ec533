"""What is to be brought up to date, gathered on any thread and worked off on one."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable

from codanna_core.records import dataclass


@dataclass(frozen=True, slots=True)
class Batch:
    """What to do next; with nothing in it, it is time to look around."""

    paths: list[str]
    sync: bool


class Worklist:
    """Changed paths, and whether the whole folder is to be compared."""

    def __init__(self) -> None:
        self._wake = threading.Condition()
        self._paths: dict[str, None] = {}
        self._sync_at: float | None = None
        self._syncing = False
        self._closed = False

    def add(self, paths: Iterable[str]) -> None:
        """These changed."""
        with self._wake:
            self._paths.update(dict.fromkeys(paths))
            self._wake.notify()

    def sync(self, delay: float = 0.0) -> None:
        """Compare the whole folder with the index, soon."""
        with self._wake:
            at = time.monotonic() + delay
            self._sync_at = at if self._sync_at is None else min(at, self._sync_at)
            self._wake.notify()

    def synced(self) -> None:
        """A comparison has ended; another one may begin."""
        with self._wake:
            self._syncing = False
            self._wake.notify()

    @property
    def syncing(self) -> bool:
        """Whether the whole folder is being compared."""
        return self._syncing

    def close(self) -> None:
        """Wake up who waits: there will be nothing more."""
        with self._wake:
            self._closed = True
            self._wake.notify()

    def pause(self, seconds: float) -> bool:
        """Wait that long, or until something is new; False once this was closed."""
        with self._wake:
            if not self._closed:
                self._wake.wait(seconds)
            return not self._closed

    def next(self, patience: float) -> Batch | None:
        """What to do next, at the latest after `patience` seconds; None once this was closed."""
        with self._wake:
            while not (self._closed or self._paths or self._sync_due()):
                if not self._wake.wait(self._until_sync(patience)):
                    break
            if self._closed:
                return None
            sync = self._sync_due()
            if sync:
                self._sync_at, self._syncing = None, True
            batch = Batch(list(self._paths), sync)
            self._paths = {}
            return batch

    def _sync_due(self) -> bool:
        return self._sync_at is not None and not self._syncing and time.monotonic() >= self._sync_at

    def _until_sync(self, patience: float) -> float:
        if self._sync_at is None or self._syncing:
            return patience
        return min(patience, max(0.0, self._sync_at - time.monotonic()))
