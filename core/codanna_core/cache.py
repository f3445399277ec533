"""The one kind of cache: bounded, owned by whoever asks, with what it keeps in its name."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

Key = TypeVar("Key")
Value = TypeVar("Value")


class Cache(dict[Key, Value]):
    """Keeps what was worked out, for so many keys at most; full, it is emptied.

    What it keeps depends on the key alone, so that it is never out of date. Threads may share it: at worst
    one thing is worked out twice.
    """

    def __init__(self, keeps: str, limit: int, make: Callable[[Key], Value]) -> None:
        super().__init__()
        self.keeps = keeps
        """What is in it, in words."""
        self._limit = limit
        self._make = make

    def __missing__(self, key: Key) -> Value:
        return self.keep(key, self._make(key))

    def keep(self, key: Key, value: Value) -> Value:
        """Keep what was worked out elsewhere, and hand it back."""
        if len(self) >= self._limit:
            self.clear()
        self[key] = value
        return value
