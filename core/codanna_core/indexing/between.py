"""Saves that come during a long run are taken in between two of its batches."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import field

from codanna_core.cancel import Cancel
from codanna_core.indexing.run import Indexer
from codanna_core.records import dataclass
from codanna_core.results import SyncReport

_LOOK_S = 0.2
"""How often one who waits looks whether it was cancelled."""


@dataclass(slots=True)
class _Saved:
    """Paths that wait to be taken in."""

    paths: list[str]
    done: threading.Event = field(default_factory=threading.Event)
    report: SyncReport | None = None


class SavesBetween:
    """The door between those who save and the run that goes on."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: list[_Saved] = []
        self._running: Indexer | None = None

    @property
    def waiting(self) -> int:
        """How many saves wait for a pause of the run."""
        return len(self._waiting)

    def open(self, indexer: Indexer) -> None:
        """A long run goes on: from now on it takes saves in."""
        with self._lock:
            self._running = indexer

    def close(self) -> None:
        """The run is over. Those who came too late for it do it themselves."""
        with self._lock:
            self._running = None
            waiting, self._waiting = self._waiting, []
        for saved in waiting:
            saved.done.set()

    def hand_in(self, paths: Sequence[str], cancel: Cancel | None) -> SyncReport | None:
        """Have a long run take these in, and wait for that; None where the caller has to do it."""
        with self._lock:
            if self._running is None:
                return None
            saved = _Saved(list(paths))
            self._waiting.append(saved)
            self._running.wake()
        while not saved.done.wait(_LOOK_S):
            if cancel is not None:
                cancel.raise_if_cancelled()
        return saved.report

    def take(self, index: Callable[[Sequence[str]], SyncReport]) -> None:
        """In a pause of the run: have all that wait indexed, one after the other."""
        with self._lock:
            waiting, self._waiting = self._waiting, []
        try:
            for saved in waiting:
                saved.report = index(saved.paths)
                saved.done.set()
        finally:
            # Where one of them failed, all that are left do it themselves when the run is over.
            for saved in waiting:
                saved.done.set()
