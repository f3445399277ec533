"""Our own file watcher, for where nobody else watches: one thread for each folder."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from codanna_core.problems import Code

if TYPE_CHECKING:
    from codanna_core.workspace.folder import Folder

logger = logging.getLogger(__name__)

IGNORED_FOLDERS = frozenset({".git", ".hg", ".svn"})
"""Version control writes into these all the time, and nothing in them is code."""
BURST = 5_000
"""From so many changes at once on, the system may have dropped some: the whole folder is reconciled."""
STEP_MS = 50
QUIET_MS = 300


class Watching:
    """Watches each opened folder, or none where that is not wanted. Used on one thread."""

    def __init__(self, wanted: Callable[[], bool], changed: Callable[[Sequence[Path]], None]) -> None:
        """`changed` gets absolute paths, on a thread of the watcher."""
        self._wanted = wanted
        self._changed = changed
        self._stops: dict[Folder, threading.Event] = {}

    def follow(self, folders: Iterable[Folder]) -> None:
        """Watch these as far as they are open, or stop, as it is wanted now."""
        if not self._wanted():
            self.close()
            return
        for folder in folders:
            if folder.engine is not None:
                self.opened(folder)

    def close(self) -> None:
        """Stop all watching."""
        for folder in list(self._stops):
            self.closed(folder)

    def opened(self, folder: Folder) -> None:
        """A folder's engine is there."""
        if not self._wanted() or folder in self._stops:
            return
        stop = self._stops[folder] = threading.Event()
        threading.Thread(
            target=self._watch, args=(folder, stop), name=f"codanna-watch-{folder.name}", daemon=True
        ).start()

    def closed(self, folder: Folder) -> None:
        """A folder was let go."""
        stop = self._stops.pop(folder, None)
        if stop is not None:
            stop.set()

    def _watch(self, folder: Folder, stop: threading.Event) -> None:
        from watchfiles import watch  # 90 ms of imports that most sessions never need.

        try:
            for changes in watch(
                folder.root,
                watch_filter=lambda change, path: IGNORED_FOLDERS.isdisjoint(Path(path).parts),
                debounce=QUIET_MS,
                step=STEP_MS,
                stop_event=stop,
                recursive=True,
                ignore_permission_denied=True,
                raise_interrupt=False,
            ):
                if len(changes) >= BURST:
                    folder.sync()
                else:
                    self._changed([Path(path) for _, path in changes])
        except Exception as error:
            if stop.is_set():
                return
            # Most often the system's limit of watched folders; saves from the editor are still noticed.
            logger.warning("watching %s failed: %s", folder.root, error)
            folder.problems.note(
                Code.WATCH,
                f"changes outside of the editor are not noticed ({type(error).__name__}); on Linux raise"
                " fs.inotify.max_user_watches",
            )
