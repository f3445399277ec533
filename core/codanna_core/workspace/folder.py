"""One workspace folder: its engine, and the one thread that keeps it up to date."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from codanna_core.cancel import Cancel
from codanna_core.config import Restart, restarts
from codanna_core.errors import CodannaError
from codanna_core.inert import inert_message
from codanna_core.model import Problem
from codanna_core.problems import Code
from codanna_core.workspace.keeper import Keeper, Reporter
from codanna_core.workspace.opening import EngineSource, Opening
from codanna_core.workspace.settings_files import SettingsFiles
from codanna_core.workspace.troubles import Troubles
from codanna_core.workspace.worklist import Worklist

if TYPE_CHECKING:
    from codanna_core.search.service import IndexService

logger = logging.getLogger(__name__)

COMPARES = frozenset({Restart.FILES, Restart.TEXT, Restart.MODEL})
"""After a change that restarts one of these, the whole folder is compared with the index."""
OTHER_WRITER_POLL = 1.0
"""Pause between two looks at what another process does with the index."""


class Host(Protocol):
    """What a folder needs from the session."""

    long_pool: ThreadPoolExecutor

    def progress(self, title: str, cancel: Cancel) -> AbstractContextManager[Reporter]:
        """A progress display."""

    def status_changed(self, folder: Folder) -> None:
        """Something about the folder's state is new. Any thread."""

    def opened(self, folder: Folder) -> None:
        """The engine is ready to be asked. On the folder's thread."""

    def settings_files_changed(self, folder: Folder) -> None:
        """A settings file changed: apply the options again. On the folder's thread."""

    def reopen(self, folder: Folder) -> None:
        """The folder's index is to be opened again, perhaps in another place. Any thread."""

    def tell_user(self, message: str) -> None:
        """Show a plain message; rare."""


class Folder:
    """A folder of the workspace. Public methods may be called from any thread and never block."""

    SETTINGS_POLL = 2.0
    """Pause between two looks at the settings files."""

    def __init__(
        self,
        uri: str,
        name: str,
        root: Path,
        overrides: Mapping[str, Any],
        engines: EngineSource,
        host: Host,
        before: Folder | None = None,
        *,
        clean: bool = False,
    ) -> None:
        """`before` is the same folder's last engine, which must be gone first; `clean` removes its index."""
        self.uri = uri.rstrip("/")
        self.name = inert_message(name or root.name)
        self.root = root
        self.problems = Troubles(lambda: host.status_changed(self))
        self._host = host
        self._closing = Cancel()
        self._work = Worklist()
        first = before.join if before is not None else None
        self._opening = Opening(root, engines, overrides, self.problems, self._closing, first, clean=clean)
        self._keeper = Keeper(self.name, self.problems, self._work, self._closing, host.progress)
        self._settings_files = SettingsFiles(root)
        self._thread = threading.Thread(target=self._run, name=f"codanna-folder-{self.name}", daemon=True)

    # --- asking

    @property
    def engine(self) -> IndexService | None:
        """Whom to ask, once it is open."""
        return self._opening.engine

    @property
    def reconciled(self) -> bool:
        """Whether the index has been compared with the whole folder since it was opened."""
        return self._keeper.reconciled

    @property
    def roots(self) -> tuple[Path, ...]:
        """Its name, and that of what it links to."""
        return self._opening.roots

    def start(self) -> None:
        """Open the engine and catch up with the disk, in the background."""
        self._thread.start()

    def ready(self, cancel: Cancel, timeout: float = 20.0) -> IndexService | None:
        """The engine, waiting while it is being opened; None when it could not be."""
        return self._opening.wait(cancel, timeout)

    def relative(self, path: Path) -> str | None:
        """The root-relative form of a path; None outside of this folder."""
        for root in self.roots:
            try:
                return path.relative_to(root).as_posix()
            except ValueError:
                continue
        return None

    def missing(self) -> list[Problem]:
        """What answers lack because this folder could not be opened or brought up to date."""
        if self.engine is None and not self.problems:
            return [Problem(Code.OPENING, f"{self.name} is still being opened")]
        return self.problems.lacking()

    # --- telling

    def update(self, paths: Iterable[str]) -> None:
        """Root-relative paths changed on disk."""
        self._work.add(paths)

    def sync(self, delay: float = 0.0) -> None:
        """Reconcile the whole folder with the disk, soon."""
        self._work.sync(delay)

    def apply_settings(self, overrides: Mapping[str, Any]) -> None:
        """New options of the client; they take effect at once."""
        self._opening.overrides = overrides
        # Settings may open another model, which takes a while.
        self._host.long_pool.submit(self._apply, overrides)

    def close(self) -> None:
        """Stop all work at a committed state and let the index go."""
        self._closing.cancel()
        self._work.close()

    def join(self, timeout: float) -> None:
        """Wait for the end after `close`."""
        if self._thread.is_alive():
            self._thread.join(timeout)

    # --- the thread

    def _run(self) -> None:
        try:
            failure = self._opening.run(self._work.pause)
            engine = self.engine
            if engine is None:
                if failure:
                    self._host.tell_user(f"Codanna cannot search in {self.name}: {failure}")
                return
            if self._opening.outdated:
                self.apply_settings(self._opening.overrides)
            self._host.opened(self)
            unsubscribe = engine.subscribe(lambda: self._host.status_changed(self))
            self.sync()
            while not self._closing.cancelled:
                self._turn(engine)
            unsubscribe()
        finally:
            if self.engine is not None:
                self.engine.close()

    def _turn(self, engine: IndexService) -> None:
        batch = self._work.next(self.SETTINGS_POLL if self._writes() else OTHER_WRITER_POLL)
        if batch is None:
            return
        if self._settings_files.changed_since(self.SETTINGS_POLL):
            logger.info("a settings file of %s changed", self.root)
            self._host.settings_files_changed(self)
        self._follow_other_writer(engine)
        if batch.sync:
            self._host.long_pool.submit(self._sync, engine)
        if batch.paths:
            self._keeper.update(engine, batch.paths)

    def _sync(self, engine: IndexService) -> None:
        self._keeper.sync(engine)
        self._host.status_changed(self)

    def _apply(self, overrides: Mapping[str, Any]) -> None:
        if self.engine is None:
            return
        try:
            changed = self.engine.apply_settings(overrides)
        except CodannaError as error:
            self.problems.note(Code.SETTINGS, str(error))
            return
        logger.info("settings changed: %s", ", ".join(changed) or "none")
        due = restarts(changed)
        if Restart.FOLDER in due:
            self._host.reopen(self)
            return
        if due & COMPARES:
            self.sync()
        if changed:
            self._host.status_changed(self)

    def _writes(self) -> bool:
        return self.engine is not None and self.engine.writer

    def _follow_other_writer(self, engine: IndexService) -> None:
        """See what another process published; once it is gone, find what changed, and write from now on."""
        if self._writes() or self._work.syncing:
            return
        try:
            engine.refresh()
        except (CodannaError, OSError) as error:
            logger.info("following another process's index failed: %s", error)
            return
        if self._writes():
            logger.info("writing the index of %s from now on", self.root)
            self.sync()
