"""Long work gives way to queries: both run in the interpreter, which serves one thread at a time."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

Item = TypeVar("Item")

_LONGEST_S = 0.02
_EVERY = 64
"""Items between two pauses; a few milliseconds of work."""


class OpenQueries:
    """Counts what is being answered. Entered by who answers; asked by who can wait a little."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._open = 0

    def __enter__(self) -> None:
        with self._changed:
            self._open += 1

    def __exit__(self, *_: object) -> None:
        with self._changed:
            self._open -= 1
            if not self._open:
                self._changed.notify_all()

    def wait(self, most_seconds: float) -> None:
        """Return when nothing is being answered, or after this long."""
        with self._changed:
            self._changed.wait_for(lambda: not self._open, most_seconds)


OPEN_QUERIES = OpenQueries()
"""One for all engines of a process, since they share its interpreter."""


class Courtesy:
    """The pauses of one long run. They take no longer than its work, so that it comes to an end however much
    is asked.
    """

    def __init__(self, queries: OpenQueries = OPEN_QUERIES) -> None:
        self._queries = queries
        self._items = 0
        self._resumed = time.monotonic()

    def in_between(self, items: Iterable[Item]) -> Iterator[Item]:
        """The items, with pauses for queries between them."""
        for item in items:
            self._items += 1
            if self._items % _EVERY == 0:
                self._queries.wait(min(_LONGEST_S, time.monotonic() - self._resumed))
                self._resumed = time.monotonic()
            yield item
