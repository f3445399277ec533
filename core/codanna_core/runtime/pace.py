"""How much of the machine long work may take: all of it while a person waits, what is left over otherwise."""

from __future__ import annotations

import os
import sys

from codanna_core.records import dataclass


@dataclass(frozen=True, slots=True)
class Pace:
    """How work treats the other programs of the machine."""

    nice: int = 10
    """How far it stands back behind them."""

    def enter(self, process: int) -> None:
        """Have a process, or on Linux a thread, stand back. It never comes forward again."""
        if self.nice and hasattr(os, "setpriority"):
            try:
                os.setpriority(os.PRIO_PROCESS, process, self.nice)
            except ProcessLookupError:
                pass  # It has ended, which whoever started it finds out.

    def enter_thread(self, thread: int) -> None:
        """The same for a thread, where priorities belong to threads."""
        if sys.platform == "linux":
            self.enter(thread)


def processors() -> int:
    """How many this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


POLITE = Pace()
AT_ONCE = Pace(nice=0)
"""For work that a person waits for."""
