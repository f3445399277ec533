"""The state of one connection, put together: folders, open texts, settings; and what handlers get of it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Mapping
from concurrent.futures import CancelledError, ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeout
from pathlib import Path
from typing import TYPE_CHECKING, Any
from typing import Protocol as Shape

from codanna_core.cancel import Cancel
from codanna_core.inert import inert_message
from codanna_core.workspace.folder import Folder
from codanna_core.workspace.opening import EngineSource
from codanna_core.workspace.watcher import Watching
from codanna_lsp import settings
from codanna_lsp.disk_changes import DiskChanges
from codanna_lsp.folders import Folders
from codanna_lsp.offers import Offers
from codanna_lsp.options import Options
from codanna_lsp.progress import Progresses, WorkDone
from codanna_lsp.protocol import ClientRefused
from codanna_lsp.snapshot import Context, Snapshot, Work
from codanna_lsp.statuses import Statuses
from codanna_lsp.texts import Texts

if TYPE_CHECKING:
    from codanna_lsp.protocol import Protocol

logger = logging.getLogger(__name__)

CONFIGURATION_TIMEOUT = 10.0


class Hub(Shape):
    """What a session needs from the server around it."""

    log_file: Path | None

    def counters(self) -> dict[str, Any]:
        """How the server is doing."""

    def settings_changed(self, options: Options) -> None:
        """The settings of the server itself may be others by now. On the event loop."""


class Session:
    """Changed only on the event loop, except where a method says otherwise."""

    def __init__(
        self,
        protocol: Protocol,
        loop: asyncio.AbstractEventLoop,
        engines: EngineSource,
        options: Options,
        hub: Hub,
    ) -> None:
        self.protocol = protocol
        self.options = options
        self.long_pool = ThreadPoolExecutor(16, "codanna-long")
        watching = Watching(options.watched_here, lambda paths: self.disk.note_paths(paths))
        self.folders = Folders(loop, engines, self, options, watching)
        self.texts = Texts(loop, self.folders.containing, options.pause, self.folders.__contains__)
        self.disk = DiskChanges(loop, self.long_pool, self.folders.containing, options.pause)
        self.progresses = Progresses(protocol, options)
        self._loop = loop
        self._hub = hub
        self._offers = Offers(protocol, options, self.long_pool)
        self._statuses = Statuses(protocol, loop, self.long_pool, self.folders)

    def snapshot(self) -> Snapshot:
        """What a query may look at now."""
        self.texts.flush()
        return Snapshot(
            tuple(self.folders),
            self.options.client,
            self.texts.documents,
            self.options.languages,
            self.options.server,
            self._hub.counters,
            self.texts.handed_over(),
        )

    def start(self) -> None:
        """Begin the background work, and ask the client for what only it can give; once."""
        if not self.folders.running:
            self.folders.start()
            self.folders.watch()
            self.long_pool.submit(self._ask_client)

    def _ask_client(self) -> None:
        """On a worker thread, because it waits."""
        if not self._offers.complete():
            self._loop.call_soon_threadsafe(self._client_does_not_watch)
        self.pull_configuration()

    def close(self, timeout: float = 1.5) -> None:
        """Stop everything at committed states. Any thread."""
        self.folders.close(timeout)
        self.long_pool.shutdown(wait=False, cancel_futures=True)
        self.texts.shut_down()

    # --- what folders tell

    def opened(self, folder: Folder) -> None:
        """A folder's engine is ready: give it the texts that are edited already. On the folder's thread."""
        self._loop.call_soon_threadsafe(self._after_open, folder)

    def _after_open(self, folder: Folder) -> None:
        self.texts.hand_over()
        self.folders.opened(folder)
        self.status_changed(folder)

    def reopen(self, folder: Folder) -> None:
        """Open a folder's index again, because its settings say another place. Any thread."""
        self.folders.reopen(folder)

    def status_changed(self, folder: Folder) -> None:
        """Something about the folder's state is new. Any thread."""
        self._statuses.changed(folder)

    def settings_files_changed(self, folder: Folder) -> None:
        """A settings file changed on disk. On the folder's thread."""
        self._loop.call_soon_threadsafe(self._apply_settings, [folder])

    # --- settings

    def pull_configuration(self) -> None:
        """Ask the client for its settings, where it has them to ask for. On a worker thread."""
        if not self.options.client.pulls_configuration:
            return
        try:
            answer = self.protocol.request(
                "workspace/configuration", {"items": [{"section": settings.SECTION}]}, CONFIGURATION_TIMEOUT
            )
        except (FutureTimeout, CancelledError, ClientRefused) as error:
            logger.warning("the client gave no configuration: %s", error)
            return
        pulled = settings.unwrap(answer[0]) if isinstance(answer, list) and answer else None
        if pulled is not None:
            self._loop.call_soon_threadsafe(self.apply_options, pulled)

    def apply_options(self, options: Mapping[str, Any]) -> None:
        """Settings the client changed; those of `initializationOptions` stay below them."""
        if self.options.change(options):
            self._apply_settings(self.folders)

    def _apply_settings(self, folders: Iterable[Folder]) -> None:
        first = next(iter(self.folders), None)
        self.options.read_again(first.root if first is not None else None)
        self._settings_changed()
        for folder in folders:
            folder.apply_settings(self.options.overrides)

    def _client_does_not_watch(self) -> None:
        self.options.client_does_not_watch()
        self._settings_changed()

    def _settings_changed(self) -> None:
        """Follow the settings that decide what is watched and offered."""
        if self.folders.running:
            self._hub.settings_changed(self.options)
            self.folders.watch()
            self._offers.follow()

    # --- telling the client (any thread)

    def context(self, cancel: Cancel) -> Context:
        """What a handler that only reads gets beside its snapshot."""
        return Context(cancel, self._partial)

    def work(self, cancel: Cancel) -> Work:
        """What a command gets."""
        return Work(cancel, self._partial, self.protocol, self.progress, self.folders.reopen_all)

    def _partial(self, token: int | str, value: Any) -> None:
        self.protocol.notify("$/progress", {"token": token, "value": value})

    def progress(self, title: str, cancel: Cancel, token: int | str | None = None) -> WorkDone:
        """A progress display for long work."""
        return self.progresses.display(title, cancel, token)

    def tell_user(self, message: str) -> None:
        """Show a plain message; rare."""
        log_file = self._hub.log_file
        where = f"The log says more: {log_file}" if log_file is not None else ""
        self.protocol.notify(
            "window/showMessage", {"type": 1, "message": inert_message(f"{message}. {where}".rstrip())}
        )
