"""Damage to an index: what is broken, what heals it, and what the user reads. Nothing else decides that.

The text index is built again from the sources, a store of vectors is dropped and computed again, and what is
derived from either (names, tables, stamps) is made again by whoever finds it unreadable, without a word.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Protocol, TypeVar

from codanna_core.cancel import Cancel
from codanna_core.errors import IndexCorrupt
from codanna_core.indexing.background import Jobs
from codanna_core.indexing.events import Events
from codanna_core.indexing.layout import IndexState
from codanna_core.model import Problem
from codanna_core.problems import Code
from codanna_core.runtime.yielding import OPEN_QUERIES

Answer = TypeVar("Answer")

log = logging.getLogger("codanna.engine")

_HEAL_WAIT_S = 5.0
"""A query that meets damage waits this long for the repair; a small index is whole again by then."""

_REASONS = {
    IndexState.CORRUPT: "its manifest is damaged",
    IndexState.VERSION_MISMATCH: "it was written by another version",
    IndexState.OPTION_MISMATCH: "a setting that changes what is stored was changed",
}


def text_lost(error: IndexCorrupt) -> Problem:
    """What the user reads of a damaged text index."""
    return Problem(Code.INDEX_CORRUPT, f"the text index is being rebuilt: {error}")


def text_unusable(state: IndexState) -> Problem:
    """What the user reads of a text index that this version or these settings cannot go on with."""
    return Problem(Code(f"index-{state.value}"), f"the text index is being rebuilt: {_REASONS[state]}")


def vectors_lost(error: IndexCorrupt) -> Problem:
    """What the user reads of a damaged store of vectors."""
    return Problem(Code.VECTORS_CORRUPT, f"the vectors are computed again, they were damaged: {error}")


class Replaceable(Protocol):
    """A part that heals itself by starting from nothing."""

    def start_vectors_anew(self, error: IndexCorrupt) -> bool:
        """Drop the store that is damaged; False where that is not the damaged part, or not ours to drop."""


class Damage:
    """Takes damage from whoever meets it, and has it healed in the background."""

    def __init__(
        self,
        events: Events,
        jobs: Jobs,
        vectors: Replaceable,
        embed_missing_soon: Callable[[], None],
        rebuild_text: Callable[[Cancel], object],
    ) -> None:
        self._events = events
        self._jobs = jobs
        self._vectors = vectors
        self._embed_missing_soon = embed_missing_soon
        self._rebuild_text = rebuild_text

    def heal(self, error: IndexCorrupt) -> None:
        """Have what is damaged made again."""
        if self._vectors.start_vectors_anew(error):
            self._embed_missing_soon()
            return
        self._events.problem(text_lost(error))
        self._jobs.schedule("heal", self._rebuild)

    def job_failed(self, name: str, error: Exception) -> None:
        """A background job ended with an error, be it that it met damage."""
        if isinstance(error, IndexCorrupt):
            self.heal(error)
            return
        reason = str(error)
        if isinstance(error, OSError) and error.strerror:
            reason = f"{error.strerror}: {error.filename}" if error.filename else error.strerror
        said = f"{name} failed in the background: {reason}; answers are as before"
        self._events.problem(Problem(Code.BACKGROUND, said))

    def healing(self, call: Callable[[], Answer]) -> Answer:
        """Run a query; where it meets damage, have that healed, wait a little, and run it once more."""
        try:
            with OPEN_QUERIES:
                return call()
        except IndexCorrupt as error:
            log.warning("damage met by a query: %s", error)
            self.heal(error)
            self._jobs.wait_until_idle(_HEAL_WAIT_S)
            with OPEN_QUERIES:
                return call()

    def _rebuild(self, cancel: Cancel) -> None:
        self._rebuild_text(cancel)  # It reports through the events.
