"""What nobody waits for after a run: derived files, checks, missing vectors, clusters."""

from __future__ import annotations

import threading

from codanna_core.cancel import Cancel
from codanna_core.indexing.background import Jobs
from codanna_core.indexing.role import WriterRole
from codanna_core.indexing.stores import Stores
from codanna_core.runtime.memory import give_back, trim

_SAVE_AFTER_S = 2.0
"""Derived files are written when nothing was saved for this long, so that they never delay a save."""
_TRIM_AFTER_S = 3.0
"""And then what saves have used goes back to the system: while they follow each other they use it again."""


class Upkeep:
    """Hands work to the background, and does it there."""

    def __init__(self, stores: Stores, role: WriterRole, jobs: Jobs, mutex: threading.RLock) -> None:
        self._stores = stores
        self._role = role
        self._jobs = jobs
        self._lives_long = False
        self._mutex = mutex
        self._unsaved = False
        self._was_bulk = False

    def committed(self) -> None:
        """A run published something that derived files do not say yet."""
        self._unsaved = True

    def was_bulk(self) -> None:
        """A run used much memory, which goes back to the system once all is saved."""
        self._was_bulk = True

    def after_run(self) -> None:
        """Schedule all that is due."""
        stores, schedule = self._stores, self._jobs.schedule
        text = stores.text.snapshot()
        if self._unsaved or stores.files.dirty or not stores.names.settled(text):
            self._unsaved = True
            schedule("derived", lambda cancel: self.save_derived(), after=_SAVE_AFTER_S)
        schedule("verify", lambda cancel: stores.text.verify_rest())
        if not stores.missing.is_complete(text):
            self.embed_missing_soon()
        self.train()
        if self._lives_long:
            # Not at once: saves often come one after another, and a question reads what it needs itself.
            self._jobs.facts.schedule("facts", self._fill_facts, after=_SAVE_AFTER_S)
            self._trim_soon()

    def train(self) -> None:
        """Train clusters if it is time. For a command that somebody waits for it is once all vectors are
        stored, beside the last commit and all that follows.
        """
        models = self._stores.models
        vectors = models.active.vectors if models.active is not None else None
        if vectors is not None and vectors.needs_maintenance():
            self._jobs.schedule(Jobs.TRAINING, models.maintain)

    def stay(self) -> None:
        """From now on, read the facts of files in the background, and keep little memory: this program lives
        long.
        """
        self._lives_long = True
        self._jobs.facts.schedule("facts", self._fill_facts)
        self._trim_soon()

    def _trim_soon(self) -> None:
        self._jobs.schedule("memory", lambda cancel: trim(), after=_TRIM_AFTER_S)

    def embed_missing_soon(self) -> None:
        """Look for missing vectors in the background."""
        self._jobs.schedule("embed", self._embed_missing)

    def save_last(self) -> None:
        """Before the end: write what is quick to write. The caller holds the mutex."""
        if self._role.held and self._unsaved:
            self.save_derived(hurry=True)

    def save_derived(self, *, hurry: bool = False) -> None:
        """Write what is quicker to read than to rebuild: the table of files, names, checked stamps."""
        stores = self._stores
        with self._mutex:
            if not self._role.held or not stores.text.ready:
                return
            self._unsaved = False
            snapshot = stores.text.snapshot()
            stores.save_derived()
        if not hurry:
            stores.names.save(snapshot)
        if self._was_bulk and not hurry:
            self._was_bulk = False
            give_back()

    def _fill_facts(self, cancel: Cancel) -> None:
        stores = self._stores
        if stores.text.ready:
            text = stores.text.snapshot()
            stores.facts.fill(cancel, whole=text.generation > 0 and not text.missing)

    def _embed_missing(self, cancel: Cancel) -> None:
        stores = self._stores
        if stores.text.ready and stores.missing.embed(stores.text.snapshot(), cancel):
            self.embed_missing_soon()
