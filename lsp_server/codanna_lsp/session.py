"""The state of one connection: folders, open documents, settings; and the snapshots that queries get."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeout
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from codanna_core.cancel import Cancel
from codanna_core.inert import inert_message
from codanna_core.wire import EDITOR, problem_json
from codanna_lsp import convert, settings
from codanna_lsp.capabilities import ClientCapabilities
from codanna_lsp.documents import Document
from codanna_lsp.folder import EngineSource, Folder
from codanna_lsp.progress import WorkDone
from codanna_lsp.protocol import ClientRefused

if TYPE_CHECKING:
    from codanna_core.config import ServerSettings
    from codanna_core.search.service import IndexService
    from codanna_lsp.protocol import Protocol

logger = logging.getLogger(__name__)

CONFIGURATION_TIMEOUT = 10.0

IGNORED_FOLDERS = frozenset({".git", ".hg", ".svn"})
"""Version control writes into these all the time, and nothing in them is code."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What a query may look at. Taken on the event loop, so it is ordered against edits."""

    folders: tuple[Folder, ...]
    client: ClientCapabilities
    documents: Mapping[Path, Document]
    outline_languages: frozenset[str]
    server_settings: ServerSettings
    counters: Callable[[], dict[str, Any]]

    @property
    def columns(self) -> convert.Columns:
        """The conversion of columns for this client."""
        return convert.Columns(self.client.position_encoding)

    def engines(self, cancel: Cancel) -> list[tuple[Folder, IndexService]]:
        """The engines that could be opened; waits for those that are being opened."""
        pairs = ((folder, folder.ready(cancel)) for folder in self.folders)
        return [(folder, engine) for folder, engine in pairs if engine is not None]

    def only(self, folder: Folder) -> Snapshot:
        """The same, of one folder."""
        return replace(self, folders=(folder,))

    def locate(self, uri: str) -> tuple[Folder, str] | None:
        """The innermost folder that holds a document, and the path in it."""
        path = convert.path_from_uri(uri)
        return None if path is None else innermost(self.folders, path)

    def lines(self, folder: Folder, path: str) -> list[str]:
        """The current lines of a file: those of the editor, else those on disk."""
        document = self._document(folder, path)
        # Copying a list is one step under the interpreter lock, so an edit cannot tear it.
        return list(document.lines) if document is not None else convert.read_lines_inside(folder.root, path)

    def line_source(self, folder: Folder, path: str) -> convert.LineSource:
        """The lines of a file, read only when asked for, and once."""
        return cache(lambda: self.lines(folder, path))

    def uri(self, folder: Folder, path: str) -> str:
        """The URI of a file, spelled as the client spells it."""
        document = self._document(folder, path)
        return document.uri if document is not None else f"{folder.uri}/{convert.quote_path(path)}"

    def _document(self, folder: Folder, path: str) -> Document | None:
        """The open document of a file, under the folder's name or that of what it links to."""
        found = (self.documents.get(root / path) for root in folder.roots)
        return next((document for document in found if document is not None), None)

    def uris(self, folder: Folder) -> Callable[[str], str]:
        """The same for many files of one folder."""
        opened = {
            relative: document.uri
            for path, document in list(self.documents.items())
            if (relative := folder.relative(path)) is not None
        }
        return lambda path: opened.get(path) or f"{folder.uri}/{convert.quote_path(path)}"

    def near(self, folder: Folder) -> list[str]:
        """The open files of a folder; symbols close to them come first."""
        paths = (folder.relative(path) for path in list(self.documents))
        return [path for path in paths if path is not None]


@dataclass(frozen=True, slots=True)
class Context:
    """The request that a worker thread is working on."""

    cancel: Cancel
    session: Session

    def partial(self, token: int | str, value: Any) -> None:
        """Send a part of the result."""
        self.session.protocol.notify("$/progress", {"token": token, "value": value})


def innermost(folders: Iterable[Folder], path: Path) -> tuple[Folder, str] | None:
    """The deepest folder that holds the path."""
    found: tuple[Folder, str] | None = None
    for folder in folders:
        relative = folder.relative(path)
        if relative is not None and (found is None or len(folder.root.parts) > len(found[0].root.parts)):
            found = folder, relative
    return found


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
        self.documents: dict[Path, Document] = {}
        self.progress_tokens: dict[int | str, Callable[[], None]] = {}
        self.log_file: Path | None = None
        self.counters: Callable[[], dict[str, Any]] = dict
        self.long_pool = ThreadPoolExecutor(16, "codanna-long")
        self.on_folder_opened: Callable[[Folder], None] = lambda folder: None
        self.on_folder_closed: Callable[[Folder], None] = lambda folder: None
        self.on_settings_changed: Callable[[], None] = lambda: None
        self._engines = engines
        self._overlay_lane = ThreadPoolExecutor(1, "codanna-overlay")
        self._overlay_due: set[Path] = set()
        self._overlay_timer: asyncio.TimerHandle | None = None
        self._changed: dict[Folder, set[str]] = {}
        self._changed_timer: asyncio.TimerHandle | None = None
        self._status_due: set[Folder] = set()
        self._status_lock = threading.Lock()
        self._running = False

    def snapshot(self) -> Snapshot:
        """What a query may look at now."""
        self.flush_overlays()
        return Snapshot(
            tuple(self.folders.values()),
            self.client,
            self.documents,
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

    def reopen_folders(self, cancel: Cancel, *, clean: bool = False) -> None:
        """Close every engine and open it anew, with its index removed if asked. On a worker thread; waits."""
        reopened: Future[list[Folder]] = Future()

        def reopen() -> None:
            for folder in list(self.folders.values()):
                self.remove_folder(folder.uri)
                self.add_folder(folder.uri, folder.name, clean=clean)
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
        self._overlay_lane.shutdown(wait=False, cancel_futures=True)

    def opened(self, folder: Folder) -> None:
        """A folder's engine is ready: give it the texts that are edited already. On the folder's thread."""
        self.loop.call_soon_threadsafe(self._after_open, folder)

    def _after_open(self, folder: Folder) -> None:
        self._overlay_due.update(path for path, document in self.documents.items() if document.changed)
        self.flush_overlays()
        self.on_folder_opened(folder)
        self.status_changed(folder)

    # --- files

    def containing(self, path: Path) -> list[tuple[Folder, str]]:
        """Every folder that holds the path; nested folders both index it."""
        found = ((folder, folder.relative(path)) for folder in list(self.folders.values()))
        return [(folder, relative) for folder, relative in found if relative is not None]

    def changed_on_disk(self, uris: Iterable[str]) -> None:
        """Files or folders changed; a burst becomes one batch. Any thread; the work is not on the loop."""
        self.long_pool.submit(self._sort_changed, uris)

    def _sort_changed(self, uris: Iterable[str]) -> None:
        changed: dict[Folder, set[str]] = {}
        for uri in uris:
            path = convert.path_from_uri(uri)
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

    # --- documents

    def open_document(self, document: Document) -> None:
        """A text is open in the editor from now on."""
        self.documents[document.path] = document
        if self.containing(document.path):
            self._overlay_lane.submit(self._compare_with_disk, document, document.version)

    def _compare_with_disk(self, document: Document, version: int) -> None:
        # An editor restores unsaved texts of its last run by opening them; only those need an overlay.
        if convert.read_lines(document.path) == document.lines:
            return

        def differs() -> None:
            if self.documents.get(document.path) is document and document.version == version:
                document.changed = True
                self.overlay_changed(document)

        self.loop.call_soon_threadsafe(differs)

    def close_document(self, path: Path) -> None:
        """The editor let a text go; what is on disk counts again."""
        document = self.documents.pop(path, None)
        if document is None or not document.changed:
            return
        if document.saved_version == document.version:
            return  # The save that is on its way drops the overlay once the index has it.
        self._overlay_due.add(path)
        self.flush_overlays()

    def saved(self, document: Document) -> None:
        """A text was written to disk: index it, and drop its overlay once the index has it."""
        document.saved_version = document.version
        path, version = document.path, document.version

        def drop_overlay() -> None:
            current = self.documents.get(path)
            if current is None or (current is document and document.version == version):
                document.changed = False
                self._overlay_due.add(path)
                self.flush_overlays()

        def indexed() -> None:
            self.loop.call_soon_threadsafe(drop_overlay)

        for folder, relative in self.containing(path):
            self._index_saved(folder, relative, indexed, shown=document.changed)

    def saved_unopened(self, path: Path) -> None:
        """A file was saved whose text the editor does not share."""
        for folder, relative in self.containing(path):
            self._index_saved(folder, relative)

    def _index_saved(
        self, folder: Folder, relative: str, then: Callable[[], None] | None = None, *, shown: bool = False
    ) -> None:
        """Show what was saved at once, unless an overlay does so, and have it indexed."""

        def save() -> None:
            if folder.engine is not None and not shown:
                try:
                    folder.engine.saved(relative)
                except Exception:
                    logger.exception("a saved file is shown once it is indexed, not before")
            folder.update([relative], then)

        self._overlay_lane.submit(save)

    def overlay_changed(self, document: Document) -> None:
        """A text differs from what the index has; searches see it after the pause of `debounce_ms`."""
        self._overlay_due.add(document.path)
        if self._overlay_timer is None:
            self._overlay_timer = self.loop.call_later(
                self.server_settings.debounce_ms / 1000, self.flush_overlays
            )

    def flush_overlays(self) -> None:
        """Hand the changed texts to the engines now."""
        if self._overlay_timer is not None:
            self._overlay_timer.cancel()
            self._overlay_timer = None
        due, self._overlay_due = self._overlay_due, set()
        for path in due:
            document = self.documents.get(path)
            lines = list(document.lines) if document is not None and document.changed else None
            for folder, relative in self.containing(path):
                self._overlay_lane.submit(self._overlay, folder, relative, lines)

    def _overlay(self, folder: Folder, relative: str, lines: list[str] | None) -> None:
        engine = folder.engine
        if engine is None:
            return  # Opening the engine hands over every changed text again.
        try:
            if lines is None:
                engine.clear_overlay(relative)
            else:
                engine.set_overlay(relative, "".join(lines))
        except Exception:
            logger.exception("the unsaved text of a file could not be searched")

    # --- watching

    def watched_by_client(self) -> bool:
        """Whether the client is to report changes on disk."""
        wish = self.server_settings.watch
        return wish == "client" or (wish == "auto" and self.client.watches_files)

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
        roots = [folder.root for folder in self.folders.values()]
        self.overrides = overrides
        self.server_settings = settings.server_settings(overrides, roots[0] if roots else None)
        self.on_settings_changed()
        for folder in self.folders.values():
            folder.apply_settings(overrides)

    # --- telling the client (any thread)

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
