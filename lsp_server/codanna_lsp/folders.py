"""The folders of a workspace as they come and go; each has one engine at a time."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path

from codanna_core.cancel import Cancel
from codanna_core.workspace.folder import Folder, Host
from codanna_core.workspace.opening import EngineSource
from codanna_core.workspace.watcher import Watching
from codanna_lsp import convert
from codanna_lsp.options import Options
from codanna_lsp.snapshot import innermost

logger = logging.getLogger(__name__)


class Folders:
    """Changed on the event loop, except where a method says otherwise."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        engines: EngineSource,
        host: Host,
        options: Options,
        watching: Watching,
    ) -> None:
        self._loop = loop
        self._engines = engines
        self._host = host
        self._options = options
        self._watching = watching
        self._open: dict[Path, Folder] = {}
        self._closed: dict[Path, Folder] = {}
        self._running = False

    def __iter__(self) -> Iterator[Folder]:
        return iter(list(self._open.values()))

    def __contains__(self, folder: Folder) -> bool:
        return self._open.get(folder.root) is folder

    @property
    def running(self) -> bool:
        """Whether background work has begun."""
        return self._running

    def start(self) -> None:
        """Begin the background work; before this nothing of the engine runs."""
        self._running = True
        for folder in self:
            folder.start()

    def watch(self) -> None:
        """Watch the folders as far as that is wanted now."""
        if self._running:
            self._watching.follow(self)

    def stop_watching(self) -> None:
        """Watch none of them any more."""
        self._watching.close()

    def opened(self, folder: Folder) -> None:
        """A folder's engine is there."""
        if self._running:
            self._watching.opened(folder)

    def add(self, uri: str, name: str, *, clean: bool = False) -> None:
        """Open a folder of the workspace; what is no local folder is left alone."""
        root = convert.path_from_uri(uri)
        if root is None or root in self._open:
            logger.info("a workspace folder is not local or known already; left alone")
            return
        # An index has one writer; the folder's last engine must be gone before the next one is opened.
        before = self._closed.pop(root, None)
        overrides = self._options.overrides
        folder = Folder(uri, name, root, overrides, self._engines, self._host, before, clean=clean)
        self._open[root] = folder
        if self._running:
            folder.start()

    def remove(self, uri: str) -> None:
        """Let a folder go."""
        root = convert.path_from_uri(uri)
        folder = self._open.pop(root, None) if root is not None else None
        if folder is not None:
            folder.close()
            self._closed[folder.root] = folder
            self._watching.closed(folder)

    def reopen(self, folder: Folder) -> None:
        """Open a folder's index again, because its settings say another place. Any thread."""
        self._loop.call_soon_threadsafe(self._reopen, folder, False)

    def _reopen(self, folder: Folder, clean: bool) -> None:
        if folder in self:
            self.remove(folder.uri)
            self.add(folder.uri, folder.name, clean=clean)

    def reopen_all(self, cancel: Cancel, clean: bool) -> None:
        """Close every engine and open it again, its index removed if asked. On a worker thread; waits."""
        reopened: Future[list[Folder]] = Future()

        def reopen() -> None:
            for folder in self:
                self._reopen(folder, clean)
            reopened.set_result(list(self))

        self._loop.call_soon_threadsafe(reopen)
        for folder in reopened.result():
            folder.ready(cancel)

    def of_document(self, uri: str) -> tuple[Folder, str] | None:
        """The innermost folder that holds a document, and the path in it."""
        path = convert.path_from_uri(uri)
        return None if path is None else innermost(self, path)

    def containing(self, path: Path) -> list[tuple[Folder, str]]:
        """Every folder that holds the path; nested folders both index it. Any thread."""
        found = ((folder, folder.relative(path)) for folder in self)
        return [(folder, relative) for folder, relative in found if relative is not None]

    def close(self, timeout: float) -> None:
        """Stop all work at committed states. Any thread."""
        for folder in self:
            folder.close()
        for folder in self:
            folder.join(timeout)
