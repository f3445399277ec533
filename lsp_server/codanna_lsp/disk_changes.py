"""What changed on disk, from whoever noticed it to the folders that hold it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from codanna_core.workspace.folder import Folder
from codanna_core.workspace.watcher import IGNORED_FOLDERS
from codanna_lsp import convert


class DiskChanges:
    """Makes one batch of a burst."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        pool: ThreadPoolExecutor,
        containing: Callable[[Path], list[tuple[Folder, str]]],
        pause: Callable[[], float],
    ) -> None:
        """`containing` finds the folders that hold a path; `pause` says for how many seconds to collect."""
        self._loop = loop
        self._pool = pool
        self._containing = containing
        self._pause = pause
        self._due: dict[Folder, set[str]] = {}
        self._timer: asyncio.TimerHandle | None = None

    def note_uris(self, uris: Iterable[str]) -> None:
        """Files or folders changed. Any thread; the work is not on the loop."""
        self._pool.submit(lambda: self.note_paths(map(convert.path_from_uri, uris)))

    def note_paths(self, paths: Iterable[Path | None]) -> None:
        """The same by absolute paths, sorted here. On a worker thread."""
        changed: dict[Folder, set[str]] = {}
        for path in paths:
            if path is None or not IGNORED_FOLDERS.isdisjoint(path.parts):
                continue
            for folder, relative in self._containing(path):
                changed.setdefault(folder, set()).add(relative)
        if changed:
            self._loop.call_soon_threadsafe(self._collect, changed)

    def _collect(self, changed: dict[Folder, set[str]]) -> None:
        for folder, paths in changed.items():
            self._due.setdefault(folder, set()).update(paths)
        if self._due and self._timer is None:
            self._timer = self._loop.call_later(self._pause(), self._flush)

    def _flush(self) -> None:
        self._timer = None
        due, self._due = self._due, {}
        for folder, paths in due.items():
            if "." in paths:
                folder.sync()  # The folder itself: created, moved or mounted again.
            folder.update(paths - {"."})
