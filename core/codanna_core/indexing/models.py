"""The model and its vectors, opened together on first use: an index opens without loading either."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

from codanna_core.cancel import Cancel
from codanna_core.config import Restart, Settings, diff, restarts
from codanna_core.embed.base import Embedder
from codanna_core.embed.registry import load_embedder
from codanna_core.errors import CodannaError, IndexCorrupt, ModelLost, ModelUnavailable
from codanna_core.indexing.damage import vectors_lost
from codanna_core.indexing.events import Events
from codanna_core.indexing.layout import IndexFolder
from codanna_core.model import Problem
from codanna_core.problems import Code
from codanna_core.records import dataclass
from codanna_core.runtime.pace import POLITE, Pace
from codanna_core.storage.collect import remove_folder
from codanna_core.vectors import open_vector_index
from codanna_core.vectors.base import VectorIndex, VectorOptions
from codanna_core.vectors.rebuild import share_of_all

log = logging.getLogger("codanna.engine")


@dataclass(slots=True)
class ActiveModel:
    """An embedding model with the store of its vectors."""

    embedder: Embedder
    vectors: VectorIndex | None
    """None while there is no store and this process may not make one."""
    writable: bool

    def close(self) -> None:
        """Release the store."""
        if self.vectors is not None:
            self.vectors.close()


class Models:
    """The model in use and, while its vectors are being made, the one that will follow it."""

    def __init__(
        self,
        folder: IndexFolder,
        settings: Settings,
        embedder: Embedder | None,
        events: Events,
        pace: Pace = POLITE,
    ) -> None:
        self._folder = folder
        self._settings = settings
        self._given = embedder
        self._events = events
        self.pace = pace
        """Of all work on the index."""
        self._lock = threading.RLock()
        self._work = threading.Lock()
        """Held by the background job that writes to a store."""
        self._abort = Cancel()
        """Stops that job when the store is about to be another one."""
        self._active: ActiveModel | None = None
        self._next: ActiveModel | None = None
        self.problem: Problem | None = None
        """Why there is no model."""
        self.trained: float | None = None
        """How much of the clusters that are being trained is done."""

    @property
    def workers_can_embed(self) -> bool:
        """Whether another process can load the same model by the settings."""
        return self._given is None

    @property
    def active(self) -> ActiveModel | None:
        """What is open now; opens nothing."""
        return self._active

    def open(self, *, writable: bool) -> ActiveModel | None:
        """The model and its vectors, loaded on first use; None, with `problem` set, where that fails."""
        with self._lock:
            active = self._active
            if active is not None and (active.writable or (not writable and active.vectors is not None)):
                return active
            if active is None and self.problem is not None:
                return None
            try:
                opened = self._open_store(self._embedder(), writable=writable)
            except ModelUnavailable as error:
                self.problem = Problem(Code.NO_MEANING, str(error))
                return None
            if active is not None:
                active.close()
            self._active = opened
            return opened

    def change(self, settings: Settings, *, writable: bool) -> None:
        """Take over settings; the old model answers until the vectors of the new one are complete."""
        if self._active is not None and Restart.MODEL not in restarts(diff(self._settings, settings)):
            self._settings = settings
            return
        # Nobody else may write to a store that is opened again.
        self._abort.cancel()
        with self._work, self._lock:
            self._abort = Cancel()
            before, self._settings, self.problem = self._settings, settings, None
            old, waiting = self._active, self._next
            self._active = self._next = None
            if waiting is not None:
                waiting.close()
            keep = old if vector_options(before) == vector_options(settings) else None
            opened = self._opened_beside(keep, writable=writable)
            if old is not None and old is not self._active:
                old.close()
            if opened is not None and self._active is old:
                self._next = opened

    def _opened_beside(self, old: ActiveModel | None, *, writable: bool) -> ActiveModel | None:
        """Open what the settings name. An old model that can answer meanwhile stays active; the store of the
        same model is taken over as it is.
        """
        try:
            embedder = self._embedder()
        except ModelUnavailable as error:
            self.problem = Problem(Code.NO_MEANING, str(error))
            return None
        if old is not None and old.embedder.model_id == embedder.model_id:
            self._active = old
            return None
        opened = self._open_store(embedder, writable=writable)
        if old is not None and opened.writable:
            self._active = old
            return opened
        self._active = opened
        return None

    def rebuild_clusters(
        self, cancel: Cancel | None = None, progress: Callable[[str, float], None] | None = None
    ) -> None:
        """Seal, merge and train while the caller waits; only for the process that writes."""
        active = self.open(writable=True)
        if active is not None and active.vectors is not None:
            active.vectors.maintain(cancel, progress)

    def maintain(self, cancel: Cancel) -> None:
        """Seal, merge and train, as a background job."""
        with self._work:
            active = self._active
            if active is not None and active.vectors is not None and active.writable:
                try:
                    active.vectors.maintain(Cancel(cancel, self._abort), self._note_training)
                finally:
                    self.trained = None

    def _note_training(self, what: str, share: float) -> None:
        self.trained = share_of_all(what, share)

    def start_vectors_anew(self, error: IndexCorrupt) -> bool:
        """Drop a store in which damage was met, so that its vectors are computed again.

        False where the damage is not in a store, or another process writes it and has to notice by itself.
        """
        with self._lock:
            active = self._active
            if (
                active is None
                or active.vectors is None
                or not error.path.is_relative_to(self._folder.path / "vectors")
            ):
                return False
            self._events.problem(vectors_lost(error))
            if not active.writable:
                return False
            directory = self._folder.inside(self.store_name(active.embedder))
            active.vectors.close()
            remove_folder(directory.path)
            options = replace(vector_options(self._settings), pace=self.pace)
            vectors = open_vector_index(directory, options, writable=True)
            self._active = ActiveModel(active.embedder, vectors, writable=True)
            return True

    def give_up(self, error: ModelLost) -> None:
        """Do without a model whose process ended over it, until the settings are changed or a restart."""
        with self._lock:
            self.problem = Problem(Code.NO_MEANING, str(error))
            self.close()
        self._events.changed()

    def close(self) -> None:
        """Release both stores."""
        with self._lock:
            for model in (self._active, self._next):
                if model is not None:
                    model.close()
            self._active = self._next = None

    @contextmanager
    def working(self, cancel: Cancel) -> Iterator[tuple[ActiveModel | None, Cancel]]:
        """For the one job at a time that writes to a store: the model whose vectors are to be made, the next
        one first, and what stops the job too when that store is about to be another one.
        """
        with self._work:
            yield self._next or self._active, Cancel(cancel, self._abort)

    def switch(self, made: ActiveModel) -> bool:
        """Let the next model answer from now on, whose vectors are complete; False where it does already."""
        with self._lock:
            if made is not self._next:
                return False
            # Readers that hold snapshots of the old store finish with them: its files are write-once.
            old, self._active, self._next = self._active, made, None
        if old is not None:
            old.close()
        return True

    def store_name(self, embedder: Embedder) -> str:
        """The folder of a model's vectors inside the index."""
        options = vector_options(self._settings)
        digest = f"{options.metric}-{options.precision}-{options.implementation}"
        return self._folder.vectors(embedder.model_id, digest)

    def _embedder(self) -> Embedder:
        settings = self._settings.semantic
        if not settings.enabled:
            raise ModelUnavailable("search by meaning is off in the settings ([semantic] enabled)")
        return self._given if self._given is not None else load_embedder(settings)

    def _open_store(self, embedder: Embedder, *, writable: bool) -> ActiveModel:
        options = replace(vector_options(self._settings), pace=self.pace)
        name = self.store_name(embedder)
        directory = self._folder.inside(name)
        if writable:
            self._folder.will_make(name)
        try:
            vectors: VectorIndex | None = open_vector_index(directory, options, writable=writable)
        except IndexCorrupt as error:
            log.warning("vectors are damaged: %s", error)
            self._events.problem(vectors_lost(error))
            vectors = None
            if writable:
                remove_folder(directory.path)
                vectors = open_vector_index(directory, options, writable=True)
        except (FileNotFoundError, CodannaError) as error:
            if writable:
                raise
            log.info("no vectors to read yet: %s", error)
            vectors = None
        return ActiveModel(embedder, vectors, writable)


def vector_options(settings: Settings) -> VectorOptions:
    """The options of the store, from the settings."""
    chosen = settings.vectors
    return VectorOptions(
        metric=chosen.metric,  # type: ignore[arg-type]  # Checked against its choices when resolved.
        precision=chosen.precision,  # type: ignore[arg-type]
        implementation=chosen.implementation,  # type: ignore[arg-type]
        recall_target=chosen.recall_target,
    )
