"""Long work gives way to questions: both run in the interpreter, which serves one thread at a time."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from typing import TypeVar

Item = TypeVar("Item")

_LONGEST_S = 0.02
"""Longest pause at a time, so that long work comes to an end however much is asked."""
_EVERY = 64
"""Items between two pauses; a few milliseconds of work."""


class Questions:
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

    def give_way(self) -> None:
        """Wait until nothing is being answered, but not for long."""
        with self._changed:
            self._changed.wait_for(lambda: not self._open, _LONGEST_S)

    def in_between(self, items: Iterable[Item]) -> Iterator[Item]:
        """The items, with pauses for questions between them."""
        for number, item in enumerate(items):
            if number % _EVERY == 0:
                self.give_way()
            yield item


QUESTIONS = Questions()
"""One for all engines of a process, since they share its interpreter."""
