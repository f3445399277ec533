"""The state of one connection: folders, open documents, settings; and the snapshots that queries get."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeout
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from codanna_core.cancel import Cancel
from codanna_core.inert import inert_message
from codanna_core.wire import EDITOR, problem_json
from codanna_core.workspace.folder import EngineSource, Folder
from codanna_core.workspace.watcher import IGNORED_FOLDERS
from codanna_lsp import convert, settings
from codanna_lsp.capabilities import ClientCapabilities
from codanna_lsp.progress import WorkDone
from codanna_lsp.protocol import ClientRefused
from codanna_lsp.snapshot import Context, Snapshot, Work, innermost
from codanna_lsp.texts import Texts

if TYPE_CHECKING:
    from codanna_core.config import ServerSettings
    from codanna_lsp.protocol import Protocol

logger = logging.getLogger(__name__)

CONFIGURATION_TIMEOUT = 10.0


class Session:
    """Changed only on the event loop, except where a method says otherwise."""

    STATUS_EVERY = 0.2

    def __init__(
        self,
        protocol: Protocol,
        loop: asyncio.AbstractEventLoop,
        engines: EngineSource,
        client: ClientCapabilities,
        overrides: dict[str, Any],
        server_settings: ServerSettings,
        outline_languages: frozenset[str] = frozenset(),
    ) -> None:
        self.protocol = protocol
        self.loop = loop
        self.client = client
        self.initial_overrides = overrides
        self.overrides = overrides
        self.server_settings = server_settings
        self.outline_languages = outline_languages
        """Languages (LSP ids) for which the client says that nobody else answers outline requests."""
        self.folders: dict[Path, Folder] = {}
        self._closed_folders: dict[Path, Folder] = {}
        self.texts = Texts(loop, self.containing, lambda: self.server_settings.debounce_ms / 1000)
        self.progress_tokens: dict[int | str, Callable[[], None]] = {}
        self.log_file: Path | None = None
        self.counters: Callable[[], dict[str, Any]] = dict
        self.long_pool = ThreadPoolExecutor(16, "codanna-long")
        self.on_folder_opened: Callable[[Folder], None] = lambda folder: None
        self.on_folder_closed: Callable[[Folder], None] = lambda folder: None
        self.on_settings_changed: Callable[[], None] = lambda: None
        self._engines = engines
        self._changed: dict[Folder, set[str]] = {}
        self._changed_timer: asyncio.TimerHandle | None = None
        self._status_due: set[Folder] = set()
        self._status_lock = threading.Lock()
        self._running = False

    def snapshot(self) -> Snapshot:
        """What a query may look at now."""
        self.texts.flush()
        return Snapshot(
            tuple(self.folders.values()),
            self.client,
            self.texts.documents,
            self.outline_languages,
            self.server_settings,
            self.counters,
        )

    # --- folders

    def start(self) -> None:
        """Begin the background work; before this nothing of the engine runs."""
        self._running = True
        for folder in self.folders.values():
            folder.start()

    def add_folder(self, uri: str, name: str, *, clean: bool = False) -> None:
        """Open a folder of the workspace; what is no local folder is left alone."""
        root = convert.path_from_uri(uri)
        if root is None or root in self.folders:
            logger.info("a workspace folder is not local or known already; left alone")
            return
        # An index has one writer; the folder's last engine must be gone before the next one is opened.
        before = self._closed_folders.pop(root, None)
        folder = Folder(uri, name, root, self.overrides, self._engines, self, before, clean=clean)
        self.folders[root] = folder
        if self._running:
            folder.start()

    def remove_folder(self, uri: str) -> None:
        """Let a folder go."""
        root = convert.path_from_uri(uri)
        folder = self.folders.pop(root, None) if root is not None else None
        if folder is not None:
            folder.close()
            self._closed_folders[folder.root] = folder
            self.on_folder_closed(folder)

    def reopen(self, folder: Folder) -> None:
        """Open a folder's index again, because its settings say another place. Any thread."""
        self.loop.call_soon_threadsafe(self._reopen, folder, False)

    def _reopen(self, folder: Folder, clean: bool) -> None:
        if self.folders.get(folder.root) is folder:
            self.remove_folder(folder.uri)
            self.add_folder(folder.uri, folder.name, clean=clean)

    def reopen_folders(self, cancel: Cancel, clean: bool) -> None:
        """Close every engine and open it anew, with its index removed if asked. On a worker thread; waits."""
        reopened: Future[list[Folder]] = Future()

        def reopen() -> None:
            for folder in list(self.folders.values()):
                self._reopen(folder, clean)
            reopened.set_result(list(self.folders.values()))

        self.loop.call_soon_threadsafe(reopen)
        for folder in reopened.result():
            folder.ready(cancel)

    def folder_of(self, uri: str) -> tuple[Folder, str] | None:
        """The innermost folder that holds a document, and the path in it."""
        path = convert.path_from_uri(uri)
        return None if path is None else innermost(self.folders.values(), path)

    def close(self, timeout: float = 1.5) -> None:
        """Stop everything at committed states. Any thread."""
        for folder in self.folders.values():
            folder.close()
        for folder in self.folders.values():
            folder.join(timeout)
        self.long_pool.shutdown(wait=False, cancel_futures=True)
        self.texts.shut_down()

    def opened(self, folder: Folder) -> None:
        """A folder's engine is ready: give it the texts that are edited already. On the folder's thread."""
        self.loop.call_soon_threadsafe(self._after_open, folder)

    def _after_open(self, folder: Folder) -> None:
        self.texts.hand_over()
        self.on_folder_opened(folder)
        self.status_changed(folder)

    # --- files

    def containing(self, path: Path) -> list[tuple[Folder, str]]:
        """Every folder that holds the path; nested folders both index it."""
        found = ((folder, folder.relative(path)) for folder in list(self.folders.values()))
        return [(folder, relative) for folder, relative in found if relative is not None]

    def changed_on_disk(self, uris: Iterable[str]) -> None:
        """Files or folders changed; a burst becomes one batch. Any thread; the work is not on the loop."""
        self.long_pool.submit(lambda: self.changed_paths(map(convert.path_from_uri, uris)))

    def changed_paths(self, paths: Iterable[Path | None]) -> None:
        """The same by absolute paths, sorted here. On a worker thread."""
        changed: dict[Folder, set[str]] = {}
        for path in paths:
            if path is None or not IGNORED_FOLDERS.isdisjoint(path.parts):
                continue
            for folder, relative in self.containing(path):
                changed.setdefault(folder, set()).add(relative)
        if changed:
            self.loop.call_soon_threadsafe(self._note_changed, changed)

    def _note_changed(self, changed: dict[Folder, set[str]]) -> None:
        for folder, paths in changed.items():
            self._changed.setdefault(folder, set()).update(paths)
        if self._changed and self._changed_timer is None:
            self._changed_timer = self.loop.call_later(
                self.server_settings.debounce_ms / 1000, self._flush_changed
            )

    def _flush_changed(self) -> None:
        self._changed_timer = None
        changed, self._changed = self._changed, {}
        for folder, paths in changed.items():
            if "." in paths:
                folder.sync()  # The folder itself: created, moved or mounted anew.
            folder.update(paths - {"."})

    # --- watching

    def watched_by_client(self) -> bool:
        """Whether the client is to report changes on disk."""
        wish = self.server_settings.watch
        return wish == "client" or (wish == "auto" and self.client.watches_files)

    def watched_here(self) -> bool:
        """Whether we are to watch ourselves."""
        return self.server_settings.watch != "off" and not self.watched_by_client()

    def client_does_not_watch(self) -> None:
        """The client refused to watch although it had said it can."""
        self.client = replace(self.client, watches_files=False)
        self.on_settings_changed()

    # --- settings

    def pull_configuration(self) -> None:
        """Ask the client for its settings, where it has them to ask for. On a worker thread."""
        if not self.client.pulls_configuration:
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
            self.loop.call_soon_threadsafe(self.apply_options, pulled)

    def apply_options(self, options: Mapping[str, Any]) -> None:
        """Settings the client changed; those of `initializationOptions` stay below them."""
        overrides = settings.layered(self.initial_overrides, options)
        if overrides == self.overrides:
            return
        self.overrides = overrides
        self._apply_settings(self.folders.values())

    def settings_files_changed(self, folder: Folder) -> None:
        """A settings file changed on disk. On the folder's thread."""
        self.loop.call_soon_threadsafe(self._apply_settings, [folder])

    def _apply_settings(self, folders: Iterable[Folder]) -> None:
        roots = [folder.root for folder in self.folders.values()]
        self.server_settings = settings.server_settings(self.overrides, roots[0] if roots else None)
        self.on_settings_changed()
        for folder in folders:
            folder.apply_settings(self.overrides)

    # --- telling the client (any thread)

    def context(self, cancel: Cancel) -> Context:
        """What a handler that only reads gets beside its snapshot."""
        return Context(cancel, self._partial)

    def work(self, cancel: Cancel) -> Work:
        """What a command gets."""
        return Work(cancel, self._partial, self.protocol, self.progress, self.reopen_folders)

    def _partial(self, token: int | str, value: Any) -> None:
        self.protocol.notify("$/progress", {"token": token, "value": value})

    def progress(self, title: str, cancel: Cancel, token: int | str | None = None) -> WorkDone:
        """A progress display for long work."""
        return WorkDone(
            self.protocol,
            title,
            token=token,
            may_create=self.client.work_done_progress,
            on_cancel=cancel.cancel,
            tokens=self.progress_tokens,
        )

    def status_changed(self, folder: Folder) -> None:
        """Send `codanna/statusChanged`, at most a few times a second."""
        with self._status_lock:
            first = not self._status_due
            self._status_due.add(folder)
        if first:
            self.loop.call_soon_threadsafe(self.loop.call_later, self.STATUS_EVERY, self._send_status)

    def _send_status(self) -> None:
        self.long_pool.submit(self._send_status_now)

    def _send_status_now(self) -> None:
        with self._status_lock:
            due, self._status_due = self._status_due, set()
        shapes = [folder_status(folder) for folder in due if self.folders.get(folder.root) is folder]
        if shapes:
            self.protocol.notify("codanna/statusChanged", {"folders": shapes})

    def tell_user(self, message: str) -> None:
        """Show a plain message; rare."""
        where = f"The log says more: {self.log_file}" if self.log_file is not None else ""
        self.protocol.notify(
            "window/showMessage", {"type": 1, "message": inert_message(f"{message}. {where}".rstrip())}
        )


def folder_status(folder: Folder) -> convert.Json:
    """The state of a folder, also of one whose engine is not there."""
    problems = [problem_json(problem, EDITOR) for problem in folder.problems]
    if folder.engine is None:
        state = "failed" if problems else "opening"
        return {"uri": folder.uri, "name": folder.name, "state": state, "problems": problems}
    shape = convert.status(folder.engine.status(), folder.uri)
    shape["name"] = folder.name
    shape["reconciled"] = folder.reconciled
    shape["problems"] = problems + shape["problems"]
    return shape
