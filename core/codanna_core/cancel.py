"""A cancel token that long work polls between batches."""

from __future__ import annotations

import threading

from codanna_core.errors import Cancelled


class Cancel:
    """Set once, from any thread; work that sees it stops at the next committed state.

    A token made from others is set as soon as one of them is.
    """

    def __init__(self, *others: Cancel | None) -> None:
        self._event = threading.Event()
        self._others = tuple(other for other in others if other is not None)

    def cancel(self) -> None:
        """Ask the work to stop."""
        self._event.set()

    @property
    def cancelled(self) -> bool:
        """Whether the work was asked to stop."""
        return self._event.is_set() or any(other.cancelled for other in self._others)

    def raise_if_cancelled(self) -> None:
        """Leave the current work if it was asked to stop."""
        if self.cancelled:
            raise Cancelled("stopped on request")


def check_cancelled(cancel: Cancel | None) -> None:
    """Leave work that its caller may have asked to stop."""
    if cancel is not None:
        cancel.raise_if_cancelled()
