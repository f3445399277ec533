"""Brings the index of an opened folder up to date; what goes wrong becomes a problem and another try."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Protocol

from codanna_core.cancel import Cancel
from codanna_core.errors import Cancelled, ConfigError, FolderMissing, IndexMissing, OutOfMemory
from codanna_core.problems import Code
from codanna_core.runtime.memory import freeze_gc
from codanna_core.workspace.opening import ROOT_POLL
from codanna_core.workspace.troubles import Troubles
from codanna_core.workspace.worklist import Worklist

if TYPE_CHECKING:
    from codanna_core.results import Progress
    from codanna_core.search.service import IndexService

logger = logging.getLogger(__name__)

RETRY_AFTER = 5.0
LOOK_AFTER = 60.0
"""Pause before the next try where something has to be mended first, such as a setting; a look now and then
finds that it was.
"""


class Reporter(Protocol):
    """Where progress goes."""

    def report(self, step: Progress) -> None:
        """Show a step."""


Display = Callable[[str, Cancel], AbstractContextManager[Reporter]]
"""Makes a progress display: its title, and what its cancel button sets."""


class Keeper:
    """Updates single paths and compares whole folders, one at a time each."""

    def __init__(
        self, name: str, problems: Troubles, work: Worklist, closing: Cancel, display: Display
    ) -> None:
        self.reconciled = False
        """Whether the index has been compared with the whole folder since it was opened."""
        self._name = name
        self._problems = problems
        self._work = work
        self._closing = closing
        self._display = display

    def update(self, engine: IndexService, batch: list[str]) -> None:
        """These paths changed."""
        started = time.perf_counter()
        try:
            report = engine.update(batch, cancel=self._closing)
        except Cancelled:
            return
        except FolderMissing:
            self._work.sync()  # It tells what is the matter, and looks until the folder is back.
            return
        except Exception as error:
            # The disk holds the truth: a later whole reconciliation finds what this one could not store.
            logger.exception("updating %d paths failed", len(batch))
            self._problems.note(
                Code.UPDATE, f"saving to the index failed ({type(error).__name__}), trying again"
            )
            self._work.sync(RETRY_AFTER)
            return
        self._problems.forget(Code.UPDATE)
        logger.info(
            "updated %d paths in %.0f ms, generation %d",
            len(batch),
            1000 * (time.perf_counter() - started),
            report.generation,
        )

    def sync(self, engine: IndexService) -> None:
        """Compare the whole folder with the index."""
        cancel = Cancel()
        try:
            with self._display(f"Indexing {self._name}", cancel) as display:
                report = engine.sync(progress=display.report, cancel=Cancel(cancel, self._closing))
            self._problems.forget(Code.SYNC, Code.UPDATE, Code.SYNC_STOPPED)
            if not self.reconciled:
                freeze_gc()
                engine.warm()
            self.reconciled = True
            logger.info(
                "synchronized: %d added, %d changed, %d removed in %.1f s, generation %d",
                report.added,
                report.changed,
                report.removed,
                report.seconds,
                report.generation,
            )
        except IndexMissing:
            logger.info("another process has just begun with the first index of %s", engine.root)
        except Cancelled:
            if not self._closing.cancelled:
                self._problems.note(
                    Code.SYNC_STOPPED, "indexing was stopped; run `codanna.reindex` or reopen the folder"
                )
        except Exception as error:
            self._failed(error)
        finally:
            self._work.synced()

    def _failed(self, error: Exception) -> None:
        message, again = str(error), LOOK_AFTER
        if isinstance(error, FolderMissing):
            self.reconciled = False
            again = ROOT_POLL
        elif isinstance(error, MemoryError):
            logger.error("synchronizing %s ran out of memory", self._name, exc_info=error)
            message = f"{OutOfMemory()}; trying again"
        elif not isinstance(error, ConfigError):
            logger.error("synchronizing %s failed", self._name, exc_info=error)
            message = f"indexing failed ({type(error).__name__}: {error}), trying again"
        self._problems.note(Code.SYNC, message)
        self._work.sync(again)
