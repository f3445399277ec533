"""The write side of one engine, put together: every part gets what it needs when it is made."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

from codanna_core.cancel import Cancel
from codanna_core.config import Settings, options_digest
from codanna_core.errors import IndexCorrupt, IndexMissing
from codanna_core.indexing.background import Jobs
from codanna_core.indexing.coverage import Coverage
from codanna_core.indexing.damage import Damage
from codanna_core.indexing.events import Events
from codanna_core.indexing.facts import FactsOnDisk
from codanna_core.indexing.file_state import FileState
from codanna_core.indexing.layout import IndexFolder
from codanna_core.indexing.missing import MissingVectors
from codanna_core.indexing.models import Models
from codanna_core.indexing.names_apart import NamesApart
from codanna_core.indexing.role import WriterRole
from codanna_core.indexing.runs import Runs
from codanna_core.indexing.stores import Stores
from codanna_core.indexing.text_store import TextStore
from codanna_core.indexing.upkeep import Upkeep
from codanna_core.names.store import NameStore
from codanna_core.parsing.parser import Parsing
from codanna_core.results import Progress, State
from codanna_core.storage.directory import Checkpoint
from codanna_core.storage.lock import WriterLock
from codanna_core.text.reader import TextSnapshot


class Writer:
    """Everything that changes the index. Its methods exclude each other; readers never wait for them."""

    def __init__(
        self,
        root: Path,
        folder: IndexFolder,
        settings: Settings,
        models: Models,
        events: Events,
        parsing: Parsing,
        checkpoint: Checkpoint,
    ) -> None:
        self._events = events
        self._mutex = threading.RLock()
        self._closing = Cancel()
        lock = WriterLock(folder.lock_file)
        self.jobs = Jobs(lambda name, error: self.damage.job_failed(name, error), events.changed, models.pace)
        self.text = TextStore(folder, root, options_digest(settings))
        apart = NamesApart(self.jobs.beside, folder.path, lock, models.pace)
        self.names = NameStore(folder.inside("names"), apart)
        files = FileState(folder.directory)
        missing = MissingVectors(root, folder.directory, settings, models, parsing, events)
        facts = FactsOnDisk(folder, settings, files, parsing, lock, self._mutex)
        self._stores = Stores(self.text, files, self.names, models, missing, parsing, facts)
        self.role = WriterRole(folder, lock, self._stores, events, self._closing)
        self.coverage = Coverage(files, self.role, events)
        self.upkeep = Upkeep(self._stores, self.role, self.jobs, self._mutex)
        self.runs = Runs(
            root,
            settings,
            self._stores,
            self.role,
            self.coverage,
            self.upkeep,
            self.jobs,
            events,
            self._mutex,
            self._closing,
            checkpoint,
        )
        self.damage = Damage(events, self.jobs, models, self.upkeep.embed_missing_soon, self.runs.start_again)

    @property
    def missing(self) -> MissingVectors:
        """The vectors that are lacking."""
        return self._stores.missing

    @property
    def published(self) -> TextSnapshot | None:
        """The state of the text index; None where there is none, even if somebody removed it."""
        try:
            return self.text.snapshot()
        except IndexMissing:
            return None
        except IndexCorrupt as error:
            self.damage.heal(error)
            return None

    @property
    def generation(self) -> int:
        """The number of that state, -1 for none."""
        text = self.published
        return text.generation if text is not None else -1

    @property
    def facts(self) -> FactsOnDisk:
        """What is stored of each file for relations."""
        return self._stores.facts

    def open(self) -> None:
        """Open the text index that is there, if one is."""
        problem = self.text.open()
        if problem is not None:
            self._events.problem(problem)
        if self.text.ready:
            self._events.set_state(State.READY)

    def close(self) -> None:
        """Stop at the next committed state and give the lock back."""
        self._closing.cancel()
        self.jobs.stop()
        with self._mutex:
            self.upkeep.save_last()
            self.names.close()
            self.facts.close()
            self._stores.drop_writer()
            self.role.give_up()

    def settle(
        self, cancel: Cancel | None = None, progress: Callable[[Progress], None] | None = None
    ) -> None:
        """Wait until merges and background work are done, for a program that ends right after."""
        while not self.jobs.wait_until_idle(0.1):
            if cancel is not None and cancel.cancelled:
                return
            done = self._stores.models.trained
            if progress is not None and done is not None:
                progress(Progress(State.TRAINING, round(1000 * done), 1000, 0.0))
        with self._mutex:
            self._stores.drop_writer(wait=True)

    def try_to_write(self) -> bool:
        """Become the writer if nobody else is; True if this process is."""
        with self._mutex:
            return self.role.take()

    def change_settings(self, settings: Settings) -> None:
        """Take over settings for the next run."""
        with self._mutex:
            self.runs.change_settings(settings)
            self.missing.change_settings(settings)
            self.facts.change_settings(settings)
            self.text.change_options(options_digest(settings))
