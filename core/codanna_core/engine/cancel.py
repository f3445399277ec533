"""A cancel token that long work polls between batches."""

from __future__ import annotations

import threading

from codanna_core.errors import Cancelled


class Cancel:
    """Set once, from any thread; work that sees it stops at the next committed state."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def cancel(self) -> None:
        """Ask the work to stop."""
        self._event.set()

    def is_set(self) -> bool:
        """Whether the work was asked to stop, under the name that `threading.Event` gives it."""
        return self._event.is_set()

    @property
    def cancelled(self) -> bool:
        """Whether the work was asked to stop."""
        return self._event.is_set()

    def raise_if_cancelled(self) -> None:
        """Leave the current work if it was asked to stop."""
        if self._event.is_set():
            raise Cancelled("stopped on request")
