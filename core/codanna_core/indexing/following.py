"""How a process that only reads keeps up with the one that writes."""

from __future__ import annotations

from codanna_core.indexing.events import Events
from codanna_core.indexing.saved import SavedTexts
from codanna_core.indexing.writer import Writer


class Follower:
    """Sees what the writer publishes, and takes over once it is gone."""

    def __init__(self, writer: Writer, saved: SavedTexts, events: Events) -> None:
        self._writer = writer
        self._saved = saved
        self._events = events
        self._writer_was_silent = False

    def refresh(self) -> bool:
        """Whether something is new; never in a process that writes already."""
        if self._writer.role.held:
            return False
        before = self._writer.generation
        if self._writer.try_to_write():
            return True
        self._writer.text.reopen_if_replaced()
        after = self._writer.generation
        if after != before:
            self._events.changed()
        self._saved.look_again(write_here=False)
        self._look_for_writer()
        return after != before

    def _look_for_writer(self) -> None:
        """Tell listeners when the process that writes falls silent, and when it runs again."""
        role = self._writer.role
        if not (role.asks_writer or self._saved.waiting or self._writer_was_silent):
            return
        silent = role.silent_writer() is not None
        if silent != self._writer_was_silent:
            self._writer_was_silent = silent
            self._events.changed()
