"""How a folder comes to its engine: opened on the folder's thread, while others wait for it."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from codanna_core.cancel import Cancel
from codanna_core.errors import CodannaError
from codanna_core.problems import Code
from codanna_core.runtime.memory import few_arenas
from codanna_core.workspace.troubles import Troubles

if TYPE_CHECKING:
    from codanna_core.search.service import IndexService

logger = logging.getLogger(__name__)

CLOSE_TIMEOUT = 30.0
ROOT_POLL = 1.0
"""Pause between two looks whether a folder that is gone has come back."""


class EngineSource(Protocol):
    """Where engines come from; tests bring a double."""

    def open(self, root: Path, overrides: Mapping[str, Any]) -> IndexService:
        """Open the index of a folder with the client's options."""

    def remove(self, root: Path, overrides: Mapping[str, Any]) -> None:
        """Remove the index of a folder that no engine has open."""


class Opening:
    """The engine of one folder, from the first try to open it."""

    def __init__(
        self,
        root: Path,
        engines: EngineSource,
        overrides: Mapping[str, Any],
        problems: Troubles,
        closing: Cancel,
        first: Callable[[float], None] | None,
        *,
        clean: bool,
    ) -> None:
        """`first` waits until the last engine of this folder is gone; `clean` removes the index."""
        self.engine: IndexService | None = None
        self.roots: tuple[Path, ...] = (root,)
        """The folder's name, and that of what it links to."""
        self.overrides = overrides
        """The client's options; whoever has new ones may replace them at any time."""
        self._root = root
        self._engines = engines
        self._problems = problems
        self._closing = closing
        self._first = first
        self._clean = clean
        self._opened_with = overrides
        self._done = threading.Event()

    def wait(self, cancel: Cancel, timeout: float) -> IndexService | None:
        """The engine, waiting while it is being opened; None when it could not be."""
        end = time.monotonic() + timeout
        while not self._done.wait(0.02):
            cancel.raise_if_cancelled()
            if time.monotonic() > end:
                return None
        return self.engine

    @property
    def outdated(self) -> bool:
        """Whether other options came while the engine was being opened."""
        return self.overrides is not self._opened_with

    def run(self, pause: Callable[[float], bool]) -> str:
        """Try until it is decided, while `pause` lets us wait. Why there is no engine; empty where there is
        one, or where nobody wants it any more.
        """
        if self._first is not None:
            self._first(CLOSE_TIMEOUT)
            self._first = None
        self.roots = (self._root, Path(os.path.realpath(self._root)))
        few_arenas()
        try:
            while (failure := self._open()) is None:
                self._done.set()
                while not self._root.is_dir() and pause(ROOT_POLL):
                    pass
            return failure
        finally:
            self._done.set()

    def _open(self) -> str | None:
        """What `run` says; None where another try is worth it, once the folder is there."""
        try:
            if self._clean:
                self._remove_index()
            self._opened_with = self.overrides
            self.engine = self._engines.open(self._root, self._opened_with)
            self._problems.forget(Code.OPEN)
        except (CodannaError, OSError) as error:
            if not self._root.is_dir() and not self._closing.cancelled:
                self._problems.note(
                    Code.OPEN, f"there is no folder {self._root}; it is opened as soon as there is one"
                )
                return None
            return self._failed(str(error))
        except Exception:
            logger.exception("opening %s failed", self._root)
            return self._failed("the index could not be opened")
        return ""

    def _failed(self, reason: str) -> str:
        self._problems.note(Code.OPEN, reason)
        return reason

    def _remove_index(self) -> None:
        try:
            self._engines.remove(self._root, self.overrides)
        except (CodannaError, OSError) as error:
            self._problems.note(Code.CLEAN, f"the index was not removed: {error}")
