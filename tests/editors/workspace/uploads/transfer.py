"""Sending files to the store."""

from __future__ import annotations

import random
import time
from pathlib import Path

from config.settings import Settings


class TransferError(Exception):
    """The store refused a file or could not be reached."""


class Transfer:
    """Sends files in pieces, so that a broken connection costs one piece only."""

    def __init__(self, store, settings: Settings) -> None:
        self.store = store
        self.settings = settings

    def send(self, path: Path) -> str:
        """Send one file and give the key under which it is kept."""
        key = path.name
        with path.open("rb") as source:
            while piece := source.read(self.settings.piece_size):
                self._send_with_backoff(key, piece)
        return key

    def _send_with_backoff(self, key: str, piece: bytes) -> None:
        """Retry failed uploads, waiting longer each time, until the settings say to give up."""
        for attempt in range(self.settings.attempts):
            try:
                self.store.append(key, piece)
                return
            except ConnectionError:
                pause = min(30.0, 0.5 * 2**attempt)
                time.sleep(pause * random.uniform(0.5, 1.5))
        raise TransferError(f"{key} was not stored after {self.settings.attempts} attempts")


def remove_orphans(store, known: set[str]) -> int:
    """Delete stored pieces that no known file refers to."""
    orphans = [key for key in store if key not in known]
    for key in orphans:
        store.remove(key)
    return len(orphans)
