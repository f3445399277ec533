"""The counters that `codanna/status` shows."""

from __future__ import annotations

import threading
from typing import Any


class Counters:
    """How often each method ran and how long it took."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._methods: dict[str, dict[str, float]] = {}

    def add(self, method: str, outcome: str, milliseconds: float) -> None:
        """Count one answered request. Any thread."""
        with self._lock:
            if method not in self._methods and len(self._methods) >= 100:
                return  # Method names come from the client, so their number must not be its choice.
            entry = self._methods.setdefault(
                method, {"count": 0, "error": 0, "cancelled": 0, "totalMs": 0.0, "maxMs": 0.0}
            )
            entry["count"] += 1
            if outcome != "ok":
                entry[outcome] += 1
            entry["totalMs"] = round(entry["totalMs"] + milliseconds, 3)
            entry["maxMs"] = round(max(entry["maxMs"], milliseconds), 3)

    def shape(self) -> dict[str, Any]:
        """The counters by method."""
        with self._lock:
            return {method: dict(entry) for method, entry in self._methods.items()}
