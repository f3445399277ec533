"""The one kind of cache: bounded, and it says what it keeps."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

Key = TypeVar("Key")
Value = TypeVar("Value")


class Cache(dict[Key, Value]):
    """Keeps what was worked out, so much of it at most.

    Full, it keeps what was asked for since it was full last: what is met once does not drive out the rest.
    A value depends on its key alone, so that none is ever out of date; threads may share a cache, and at
    worst one value is worked out twice.
    """

    def __init__(self, keeps: str, limit: int, make: Callable[[Key], Value]) -> None:
        super().__init__()
        self.keeps = keeps
        """What is in it, in words."""
        self.limit = limit
        self._make = make
        self._older: dict[Key, Value] = {}

    def __missing__(self, key: Key) -> Value:
        value = self._older.get(key)
        return self.keep(key, self._make(key) if value is None else value)

    def keep(self, key: Key, value: Value) -> Value:
        """Keep what was worked out elsewhere, and hand it back."""
        self.make_room(1)
        self[key] = value
        return value

    def make_room(self, count: int) -> None:
        """To be called before so many values are added at once."""
        if len(self) + count > self.limit:
            self._older = dict(self)
            self.clear()
