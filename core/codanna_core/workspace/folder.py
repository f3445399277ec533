"""One workspace folder: its engine, and the one thread that keeps it up to date."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from codanna_core.cancel import Cancel
from codanna_core.config import Restart, restarts
from codanna_core.errors import Cancelled, CodannaError, ConfigError, FolderMissing, IndexMissing, OutOfMemory
from codanna_core.inert import inert_message
from codanna_core.model import Problem
from codanna_core.problems import Code
from codanna_core.runtime.memory import few_arenas, freeze_gc
from codanna_core.workspace.settings_files import SettingsFiles
from codanna_core.workspace.troubles import Troubles
from codanna_core.workspace.worklist import Worklist

if TYPE_CHECKING:
    from codanna_core.results import Progress
    from codanna_core.search.service import IndexService

logger = logging.getLogger(__name__)


class EngineSource(Protocol):
    """Where engines come from; tests bring a double."""

    def open(self, root: Path, overrides: Mapping[str, Any]) -> IndexService:
        """Open the index of a folder with the client's options."""

    def remove(self, root: Path, overrides: Mapping[str, Any]) -> None:
        """Remove the index of a folder that no engine has open."""


CLOSE_TIMEOUT = 30.0

COMPARES = frozenset({Restart.FILES, Restart.TEXT, Restart.MODEL})
"""After a change that restarts one of these, the whole folder is compared with the index."""


class Reporter(Protocol):
    """Where progress goes."""

    def report(self, step: Progress) -> None:
        """Show a step."""


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

    RETRY_AFTER = 5.0
    ROOT_POLL = 1.0
    """Pause between two looks whether a folder that is gone has come back."""
    SETTINGS_POLL = 2.0
    """Pause between two looks at the settings files."""
    OTHER_WRITER_POLL = 1.0
    """Pause between two looks at what another process does with the index."""

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
        self.engine: IndexService | None = None
        self.problems = Troubles(lambda: host.status_changed(self))
        self.reconciled = False
        """Whether the index has been compared with the whole folder since it was opened."""
        self._overrides = overrides
        self._engines = engines
        self._host = host
        self._before = before
        self._clean = clean
        self.roots: tuple[Path, ...] = (root,)
        """Its name, and that of what it links to."""
        self._opened = threading.Event()
        self._closing = Cancel()
        self._work = Worklist()
        self._settings_files = SettingsFiles(root)
        self._settings_looked = time.monotonic()
        self._thread = threading.Thread(target=self._run, name=f"codanna-folder-{self.name}", daemon=True)

    # --- asking

    def start(self) -> None:
        """Open the engine and catch up with the disk, in the background."""
        self._thread.start()

    def ready(self, cancel: Cancel, timeout: float = 20.0) -> IndexService | None:
        """The engine, waiting while it is being opened; None when it could not be."""
        end = time.monotonic() + timeout
        while not self._opened.wait(0.02):
            cancel.raise_if_cancelled()
            if time.monotonic() > end:
                return None
        return self.engine

    def relative(self, path: Path) -> str | None:
        """The root-relative form of a path; None outside of this folder."""
        for root in self.roots:
            try:
                return path.relative_to(root).as_posix()
            except ValueError:
                continue
        return None

    # --- telling

    def update(self, paths: Iterable[str]) -> None:
        """Root-relative paths changed on disk."""
        self._work.add(paths)

    def sync(self, delay: float = 0.0) -> None:
        """Reconcile the whole folder with the disk, soon."""
        self._work.sync(delay)

    def apply_settings(self, overrides: Mapping[str, Any]) -> None:
        """New options of the client; they take effect at once."""
        self._overrides = overrides
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
            if self._before is not None:
                self._before.join(CLOSE_TIMEOUT)
                self._before = None
            self.roots = (self.root, Path(os.path.realpath(self.root)))
            few_arenas()
            try:
                while not self._open():
                    self._opened.set()
                    self._wait_for_root()
            finally:
                self._opened.set()
            if self.engine is None:
                return
            self._host.opened(self)
            unsubscribe = self.engine.subscribe(lambda: self._host.status_changed(self))
            self.sync()
            while not self._closing.cancelled:
                self._turn()
            unsubscribe()
        finally:
            if self.engine is not None:
                self.engine.close()

    def _open(self) -> bool:
        """Open the engine; False where that is worth another try, once the folder is there."""
        try:
            if self._clean:
                self._remove_index()
            overrides = self._overrides
            self.engine = self._engines.open(self.root, overrides)
            self.problems.forget(Code.OPEN)
            if self._overrides is not overrides:  # They came while the engine was being opened.
                self.apply_settings(self._overrides)
        except (CodannaError, OSError) as error:
            if not self.root.is_dir() and not self._closing.cancelled:
                self.problems.note(
                    Code.OPEN, f"there is no folder {self.root}; it is opened as soon as there is one"
                )
                return False
            self._failed_to_open(str(error))
        except Exception:
            logger.exception("opening %s failed", self.root)
            self._failed_to_open("the index could not be opened")
        return True

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

    def _wait_for_root(self) -> None:
        while not self.root.is_dir() and self._work.pause(self.ROOT_POLL):
            pass

    def _turn(self) -> None:
        batch = self._work.next(self.SETTINGS_POLL if self._writes() else self.OTHER_WRITER_POLL)
        if batch is None:
            return
        self._look_at_settings()
        self._follow_other_writer()
        if batch.sync:
            self._host.long_pool.submit(self._sync)
        if batch.paths:
            self._update(batch.paths)

    def _look_at_settings(self) -> None:
        now = time.monotonic()
        if now - self._settings_looked < self.SETTINGS_POLL:
            return
        self._settings_looked = now
        if self._settings_files.changed():
            logger.info("a settings file of %s changed", self.root)
            self._host.settings_files_changed(self)

    def _writes(self) -> bool:
        return self.engine is not None and self.engine.writer

    def _follow_other_writer(self) -> None:
        """See what another process published; once it is gone, find what changed, and write from now on."""
        assert self.engine is not None
        if self._writes() or self._work.syncing:
            return
        try:
            self.engine.refresh()
        except (CodannaError, OSError) as error:
            logger.info("following another process's index failed: %s", error)
            return
        if self._writes():
            logger.info("writing the index of %s from now on", self.root)
            self.sync()

    def _remove_index(self) -> None:
        try:
            self._engines.remove(self.root, self._overrides)
        except (CodannaError, OSError) as error:
            self.problems.note(Code.CLEAN, f"the index was not removed: {error}")

    def _update(self, batch: list[str]) -> None:
        assert self.engine is not None
        started = time.perf_counter()
        try:
            report = self.engine.update(batch, cancel=self._closing)
        except Cancelled:
            return
        except FolderMissing:
            self.sync()  # It tells what is the matter, and looks until the folder is back.
            return
        except Exception as error:
            # The disk holds the truth: a later whole reconciliation finds what this one could not store.
            logger.exception("updating %d paths failed", len(batch))
            self.problems.note(
                Code.UPDATE, f"saving to the index failed ({type(error).__name__}), trying again"
            )
            self.sync(self.RETRY_AFTER)
            return
        self.problems.forget(Code.UPDATE)
        logger.info(
            "updated %d paths in %.0f ms, generation %d",
            len(batch),
            1000 * (time.perf_counter() - started),
            report.generation,
        )

    def _sync(self) -> None:
        assert self.engine is not None
        cancel = Cancel()
        try:
            with self._host.progress(f"Indexing {self.name}", cancel) as display:
                report = self.engine.sync(progress=display.report, cancel=Cancel(cancel, self._closing))
            self.problems.forget(Code.SYNC, Code.UPDATE, Code.SYNC_STOPPED)
            if not self.reconciled:
                freeze_gc()
                self.engine.warm()
            self.reconciled = True
            logger.info(
                "synchronised: %d added, %d changed, %d removed in %.1f s, generation %d",
                report.added,
                report.changed,
                report.removed,
                report.seconds,
                report.generation,
            )
        except IndexMissing:
            logger.info("another process has just begun with the first index of %s", self.root)
        except FolderMissing as error:
            self.reconciled = False
            self.problems.note(Code.SYNC, str(error))
            self.sync(self.ROOT_POLL)
        except MemoryError:
            logger.exception("synchronising %s ran out of memory", self.root)
            self.problems.note(Code.SYNC, f"{OutOfMemory()}; trying again")
            self.sync(12 * self.RETRY_AFTER)
        except ConfigError as error:
            # Something of the workspace has to be mended; a look now and then finds that it was.
            self.problems.note(Code.SYNC, str(error))
            self.sync(12 * self.RETRY_AFTER)
        except Cancelled:
            if not self._closing.cancelled:
                self.problems.note(
                    Code.SYNC_STOPPED, "indexing was stopped; run `codanna.reindex` or reopen the folder"
                )
        except Exception as error:
            logger.exception("synchronising %s failed", self.root)
            self.problems.note(Code.SYNC, f"indexing failed ({type(error).__name__}: {error}), trying again")
            self.sync(12 * self.RETRY_AFTER)
        finally:
            self._work.synced()
            self._host.status_changed(self)

    def _failed_to_open(self, reason: str) -> None:
        self.problems.note(Code.OPEN, reason)
        self._host.tell_user(f"Codanna cannot search in {self.name}: {reason}")

    def missing(self) -> list[Problem]:
        """What answers lack because this folder could not be opened or brought up to date."""
        if self.engine is None and not self.problems:
            return [Problem(Code.OPENING, f"{self.name} is still being opened")]
        return self.problems.lacking()
