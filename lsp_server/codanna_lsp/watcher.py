"""Our own file watcher, for clients that cannot watch: one thread for each folder."""

from __future__ import annotations

import logging
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from codanna_core.model import Problem
from codanna_core.problems import Code
from codanna_lsp import convert
from codanna_lsp.session import IGNORED_FOLDERS, Session

if TYPE_CHECKING:
    from codanna_lsp.folder import Folder

logger = logging.getLogger(__name__)

BURST = 5_000
"""From so many changes at once on, the system may have dropped some: the whole folder is reconciled."""
STEP_MS = 50
QUIET_MS = 300


class Watching:
    """Watches each opened folder, or none where the client does it. Used on the event loop."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._stops: dict[Folder, threading.Event] = {}

    def start(self) -> None:
        """Watch what is to be watched from now on."""
        self._session.on_folder_opened = self._opened
        self._session.on_folder_closed = self._closed
        for folder in self._session.folders.values():
            if folder.engine is not None:
                self._opened(folder)

    def settings_changed(self) -> None:
        """Begin or stop to watch, as the settings now say."""
        if not self._wanted():
            self.close()
            return
        for folder in self._session.folders.values():
            if folder.engine is not None:
                self._opened(folder)

    def close(self) -> None:
        """Stop all watching."""
        for folder in list(self._stops):
            self._closed(folder)

    def _wanted(self) -> bool:
        return self._session.server_settings.watch != "off" and not self._session.watched_by_client()

    def _opened(self, folder: Folder) -> None:
        if not self._wanted() or folder in self._stops:
            return
        stop = self._stops[folder] = threading.Event()
        threading.Thread(
            target=self._watch, args=(folder, stop), name=f"codanna-watch-{folder.name}", daemon=True
        ).start()

    def _closed(self, folder: Folder) -> None:
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
                    self._session.changed_on_disk([convert.uri_from_path(Path(path)) for _, path in changes])
        except Exception as error:
            if stop.is_set():
                return
            # Most often the system's limit of watched folders; saves from the editor are still noticed.
            logger.warning("watching %s failed: %s", folder.root, error)
            folder.problems.append(
                Problem(
                    Code.WATCH,
                    f"changes outside of the editor are not noticed ({type(error).__name__}); on Linux raise"
                    " fs.inotify.max_user_watches",
                )
            )
            self._session.status_changed(folder)
