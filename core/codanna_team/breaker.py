"""Leaves an engine alone that does not answer, so that it costs the next question nothing."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from enum import Enum
from typing import Final

FAILURES: Final = 2
"""So many in a row, and it is left alone: one may be chance."""
_FIRST, _LONGEST = 5.0, 300.0
"""Seconds that it is left alone at first, and at most; each time twice as long."""


class Door(Enum):
    """How a question may be asked now."""

    OPEN = "open"
    """Wait for the answer."""
    TRIAL = "trial"
    """Ask without waiting, to see whether the engine is back."""
    SHUT = "shut"
    """Do not ask."""


class Breaker:
    """Counts failures. Any thread may use it."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._failures = 0
        self._pause = _FIRST
        self._until = 0.0

    def door(self) -> Door:
        """How to ask; of all that ask during a pause's end, one tries."""
        with self._lock:
            if self._failures < FAILURES:
                return Door.OPEN
            if self._clock() < self._until:
                return Door.SHUT
            # Until the trial has ended, nobody else tries.
            self._until = self._clock() + self._pause
            return Door.TRIAL

    def succeeded(self) -> None:
        """It answered in time."""
        with self._lock:
            self._failures, self._pause = 0, _FIRST

    def failed(self, *, for_good: bool = False) -> None:
        """It did not; `for_good` says that the next question would fare no better."""
        with self._lock:
            again = self._failures >= FAILURES
            self._failures = FAILURES if for_good else self._failures + 1
            if self._failures >= FAILURES:
                self._pause = min(_LONGEST, self._pause * 2) if again else _FIRST
                self._until = self._clock() + self._pause
