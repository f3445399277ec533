"""Reports the state of folders to the client."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from codanna_core.wire import EDITOR, problem_json
from codanna_core.workspace.folder import Folder
from codanna_lsp import convert

if TYPE_CHECKING:
    from codanna_lsp.folders import Folders
    from codanna_lsp.protocol import Protocol

EVERY = 0.2


class Statuses:
    """Sends `codanna/statusChanged`, at most a few times a second."""

    def __init__(
        self,
        protocol: Protocol,
        loop: asyncio.AbstractEventLoop,
        pool: ThreadPoolExecutor,
        folders: Folders,
    ) -> None:
        self._protocol = protocol
        self._loop = loop
        self._pool = pool
        self._folders = folders
        self._due: set[Folder] = set()
        self._lock = threading.Lock()

    def changed(self, folder: Folder) -> None:
        """Something about a folder is new. Any thread."""
        with self._lock:
            first = not self._due
            self._due.add(folder)
        if first:
            self._loop.call_soon_threadsafe(self._loop.call_later, EVERY, self._hand_on)

    def _hand_on(self) -> None:
        self._pool.submit(self._send)

    def _send(self) -> None:
        with self._lock:
            due, self._due = self._due, set()
        shapes = [folder_status(folder) for folder in due if folder in self._folders]
        if shapes:
            self._protocol.notify("codanna/statusChanged", {"folders": shapes})


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
