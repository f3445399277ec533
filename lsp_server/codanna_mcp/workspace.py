"""The folders that agents may ask about: opened when first asked for, and kept up to date."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from codanna_core.cancel import Cancel
from codanna_core.errors import IndexMissing, InvalidQuery
from codanna_core.results import Progress
from codanna_core.workspace.folder import Folder
from codanna_core.workspace.keeper import Reporter
from codanna_core.workspace.opening import EngineSource
from codanna_core.workspace.watcher import IGNORED_FOLDERS, Watching
from codanna_mcp.unsaved import UnsavedTexts

if TYPE_CHECKING:
    from codanna_core.search.service import IndexService

logger = logging.getLogger(__name__)

FIRST_ANSWER_S = 4.0
"""A question about a folder that was just opened is answered after this, with what is indexed by then."""
PATIENCE_S = 1.0
"""Any question waits so long for an index that has nothing for it yet."""
COMPARED_S = 1.0
"""So long a first question waits until the index is compared with the folder."""
MOST_FOLDERS = 16
_LOOK_S = 0.05

Report = Callable[[Progress], None]


class NotReady(Exception):
    """A folder cannot be asked yet, or not at all; the text says why and what to do."""


class Workspace:
    """Opens folders and closes them. Any thread."""

    def __init__(self, engines: EngineSource, overrides: Mapping[str, Any] | None = None) -> None:
        self.long_pool = ThreadPoolExecutor(4, "codanna-long")
        self._engines = engines
        self._overrides = dict(overrides or {})
        self._folders: dict[Path, Folder] = {}
        self._started: dict[Folder, float] = {}
        self._steps: dict[str, Progress] = {}
        self._unsaved: dict[Path, UnsavedTexts] = {}
        self._changed = threading.Condition()
        self._watching = Watching(lambda: True, self._changed_paths)

    def folders(self, roots: Iterable[Path]) -> list[Folder]:
        """The folders of these roots, opened where they are not yet; a root inside another is left out."""
        wanted = list(dict.fromkeys(Path(os.path.realpath(root)) for root in roots))
        outer = [root for root in wanted if not any(other in root.parents for other in wanted)]
        if len(outer) > MOST_FOLDERS:
            raise InvalidQuery(
                f"{len(outer)} folders are open; at most {MOST_FOLDERS} can be searched at once"
            )
        with self._changed:
            return [self._folders.get(root) or self._open(root) for root in outer]

    def _open(self, root: Path) -> Folder:
        if not root.is_dir():
            raise InvalidQuery(f"there is no folder {root}; name a folder that exists")
        folder = Folder(root.as_uri(), root.name, root, self._overrides, self._engines, self)
        self._folders[root] = folder
        self._started[folder] = time.monotonic()
        self._unsaved.setdefault(root, UnsavedTexts(root))
        folder.start()
        return folder

    def service(self, folder: Folder, cancel: Cancel, report: Report | None = None) -> IndexService:
        """What answers about a folder. Waits a moment for a folder that was just opened, never for long."""
        started = self._started[folder]
        engine = folder.ready(cancel, FIRST_ANSWER_S)
        if engine is None:
            reasons = [problem.message for problem in folder.missing()]
            raise NotReady("; ".join(reasons) or f"{folder.name} could not be opened")
        self._wait(folder, cancel, started + COMPARED_S, lambda: folder.reconciled, report)
        return engine

    def unsaved(self, folder: Folder, engine: IndexService) -> Mapping[str, str]:
        """The texts that an editor has not saved, by their paths; from now on answers have them."""
        return self._unsaved[folder.root].show(folder, engine)

    def answered(
        self,
        folder: Folder,
        ask: Callable[[], Any],
        whole: Callable[[Any], bool],
        cancel: Cancel,
        report: Report | None,
    ) -> Any:
        """An answer of a folder that may only just be indexed: with what is there after some seconds."""
        until = max(self._started[folder] + FIRST_ANSWER_S, time.monotonic() + PATIENCE_S)
        while True:
            late = folder.reconciled or time.monotonic() >= until
            try:
                answer = ask()
            except IndexMissing as error:
                if late:
                    raise NotReady(self.unready(folder)) from error
            else:
                if late or whole(answer):
                    return answer
            self._wait(folder, cancel, min(until, time.monotonic() + 0.5), lambda: folder.reconciled, report)

    def unready(self, folder: Folder) -> str:
        """Why a folder that is open has nothing, or not all, to answer with; empty where it has all."""
        if folder.reconciled:
            return ""
        if reasons := [problem.message for problem in folder.missing()]:
            return "; ".join(reasons)
        step = self._steps.get(folder.name)
        share = f", {step.done:,} of {step.total:,} files so far" if step and step.total else ""
        return f"{folder.name} is being indexed{share}; ask again in a moment"

    def _wait(
        self, folder: Folder, cancel: Cancel, until: float, done: Callable[[], bool], report: Report | None
    ) -> None:
        while not done() and time.monotonic() < until:
            cancel.raise_if_cancelled()
            with self._changed:
                self._changed.wait(_LOOK_S)
            if report is not None and (step := self._steps.get(folder.name)) is not None:
                report(step)

    def close(self, timeout: float = 1.5) -> None:
        """Stop everything at committed states."""
        self._watching.close()
        with self._changed:
            folders, self._folders = list(self._folders.values()), {}
        for folder in folders:
            folder.close()
        for folder in folders:
            folder.join(timeout)
        self.long_pool.shutdown(wait=False, cancel_futures=True)

    def _changed_paths(self, paths: Sequence[Path]) -> None:
        for folder in list(self._folders.values()):
            relative = [
                inside
                for path in paths
                if IGNORED_FOLDERS.isdisjoint(path.parts) and (inside := folder.relative(path)) is not None
            ]
            if "." in relative:
                folder.sync()
            folder.update(path for path in relative if path != ".")

    # --- what a folder needs of its host

    @contextmanager
    def progress(self, title: str, cancel: Cancel) -> Iterator[Reporter]:
        """Keeps the last step, for whoever waits."""
        name = title.removeprefix("Indexing ")
        try:
            yield _Steps(lambda step: self._steps.__setitem__(name, step))
        finally:
            self._steps.pop(name, None)

    def status_changed(self, folder: Folder) -> None:
        """Wake whoever waits for the folder."""
        with self._changed:
            self._changed.notify_all()

    def opened(self, folder: Folder) -> None:
        """Watch it from now on."""
        self._watching.opened(folder)

    def settings_files_changed(self, folder: Folder) -> None:
        """Read the settings again."""
        folder.apply_settings(self._overrides)

    def reopen(self, folder: Folder) -> None:
        """Its index is to be in another place: let it go; the next question opens it again."""
        with self._changed:
            if self._folders.get(folder.root) is folder:
                del self._folders[folder.root]
        self._watching.closed(folder)
        folder.close()

    def tell_user(self, message: str) -> None:
        """An agent's user reads the answers; this goes to the log."""
        logger.warning("%s", message)


class _Steps:
    def __init__(self, keep: Report) -> None:
        self.report = keep
