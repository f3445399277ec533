"""Symbols by name: fuzzy matching over the distinct names, then one exact look-up of the best."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path

from codanna_core.engine.answers import to_symbol_hit
from codanna_core.engine.cancel import Cancel
from codanna_core.engine.snapshot import Snapshot
from codanna_core.results import SymbolHit
from codanna_core.text.index import TextIndex, TextSnapshot


class SymbolSearch:
    """Keeps the distinct names beside the text index, which stays the truth: a name without symbols shows
    nothing.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._names: set[str] = set()

    def open(self, text: TextIndex) -> None:
        with self._lock:
            self._names = set(text.snapshot().names())

    def add(self, names: Sequence[str]) -> None:
        with self._lock:
            self._names.update(names)

    def forget(self) -> None:
        with self._lock:
            self._names = set()

    def save(self, snapshot: TextSnapshot) -> None:
        self.add(snapshot.names())

    def search(
        self, snapshot: Snapshot, query: str, limit: int, near: Sequence[str], cancel: Cancel | None
    ) -> list[SymbolHit]:
        needle = query.lower()
        matches = sorted(name for name in self._names if needle in name.lower())[:limit]
        hits: list[SymbolHit] = []
        for file in snapshot.overlay.values():
            hits.extend(
                to_symbol_hit(symbol, 1.0, "substring")
                for symbol in file.symbols
                if needle in symbol.name.lower()
            )
        for address in snapshot.text.named(matches, limit):
            symbol = snapshot.text.symbol(address)
            if symbol.path in snapshot.overlay:
                continue
            hits.append(to_symbol_hit(symbol, 1.0, "substring"))
        return hits
