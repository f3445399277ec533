"""The open texts, and how the engines come to know what is not saved. Used on the event loop."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

from codanna_core.workspace.folder import Folder
from codanna_lsp import convert
from codanna_lsp.documents import Document
from codanna_rpc.unsaved import Offer

logger = logging.getLogger(__name__)

HAND_OVER_S = 2.0
"""Longer than any text takes; a request that is asked of an older one is better than none."""


class Texts:
    """The open texts of one connection."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        containing: Callable[[Path], list[tuple[Folder, str]]],
        pause: Callable[[], float],
        is_open: Callable[[Folder], bool],
    ) -> None:
        """`containing` finds the folders that hold a path; `pause` says for how many seconds edits wait;
        `is_open` whether a folder still belongs to the workspace.
        """
        self.documents: dict[Path, Document] = {}
        self._loop = loop
        self._containing = containing
        self._pause = pause
        self._is_open = is_open
        self._lane = ThreadPoolExecutor(1, "codanna-overlay")
        self._last: Future[None] | None = None
        self._due: set[Path] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._offers: dict[Folder, Offer] = {}
        """For other programs of this user, such as an agent's server."""

    def hand_over(self) -> None:
        """An engine was opened: give it the texts that are edited already."""
        self._due.update(path for path, document in self.documents.items() if document.changed)
        self.flush()

    def handed_over(self) -> Callable[[], None]:
        """What waits until the engines know the texts of now. It may be called on any thread."""
        last = self._last

        def wait() -> None:
            # One thread hands over in order, so what was given to it last comes last.
            if last is not None:
                with suppress(TimeoutError, CancelledError):
                    last.result(HAND_OVER_S)

        return wait

    def shut_down(self) -> None:
        """Hand over nothing more. Any thread."""
        self._lane.shutdown(wait=False, cancel_futures=True)
        for offer in list(self._offers.values()):
            offer.close()

    def open(self, document: Document) -> None:
        """A text is open in the editor from now on."""
        self.documents[document.path] = document
        if self._containing(document.path):
            self._last = self._lane.submit(self._compare_with_disk, document, document.version)

    def _compare_with_disk(self, document: Document, version: int) -> None:
        # An editor restores unsaved texts of its last run by opening them; only those need an overlay.
        if convert.read_lines(document.path) == document.lines:
            return

        def differs() -> None:
            if self.documents.get(document.path) is document and document.version == version:
                document.changed = True
                self.changed(document)

        self._loop.call_soon_threadsafe(differs)

    def close(self, path: Path) -> None:
        """The editor let a text go; what is on disk counts again."""
        document = self.documents.pop(path, None)
        if document is not None and document.changed:
            self._due.add(path)
            self.flush()

    def saved(self, path: Path) -> None:
        """A file was written to disk: from now on what is there counts, and the engine keeps it findable."""
        document = self.documents.get(path)
        if document is not None:
            self._due.discard(path)
            document.changed = False
        for folder, relative in self._containing(path):
            self._last = self._lane.submit(self._save, folder, relative)

    def _save(self, folder: Folder, relative: str) -> None:
        self._offer(folder, relative, None)
        engine = folder.engine
        if engine is not None:
            try:
                engine.saved(relative)
            except Exception:
                logger.exception("a saved file is shown once it is indexed, not before")
            engine.clear_overlay(relative)
        folder.update([relative])

    def changed(self, document: Document) -> None:
        """A text differs from what the index has; searches see it after the pause of `debounce_ms`."""
        self._due.add(document.path)
        if self._timer is None:
            self._timer = self._loop.call_later(self._pause(), self.flush)

    def flush(self) -> None:
        """Hand the changed texts to the engines now."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        due, self._due = self._due, set()
        for path in due:
            document = self.documents.get(path)
            lines = list(document.lines) if document is not None and document.changed else None
            for folder, relative in self._containing(path):
                self._last = self._lane.submit(self._overlay, folder, relative, lines)

    def _overlay(self, folder: Folder, relative: str, lines: list[str] | None) -> None:
        engine = folder.engine
        if engine is None:
            return  # Opening the engine hands over every changed text again.
        try:
            if lines is None:
                engine.clear_overlay(relative)
                self._offer(folder, relative, None)
            else:
                text = "".join(lines)
                engine.set_overlay(relative, text)
                self._offer(folder, relative, text)
        except Exception:
            logger.exception("the unsaved text of a file could not be searched")

    def _offer(self, folder: Folder, relative: str, text: str | None) -> None:
        """Let other programs see it; on the thread that hands over."""
        offer = self._offers.get(folder)
        if offer is None:
            for other in [one for one in self._offers if one.root == folder.root]:
                self._offers.pop(other).close()  # The folder was opened again.
            offer = self._offers[folder] = Offer(folder.root, lambda: self._is_open(folder))
        offer.put(relative, text)
