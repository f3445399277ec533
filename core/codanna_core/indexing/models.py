"""The model and its vectors, opened together on first use: an index opens without loading either."""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from codanna_core.cancel import Cancel
from codanna_core.config import Settings
from codanna_core.embed.base import Embedder
from codanna_core.embed.registry import load_embedder
from codanna_core.errors import CodannaError, IndexCorrupt, ModelLost, ModelUnavailable
from codanna_core.indexing.events import Notes
from codanna_core.indexing.layout import IndexFolder
from codanna_core.indexing.prepare import FileTask, prepare
from codanna_core.model import Problem
from codanna_core.parsing.parser import Parsing
from codanna_core.results import State
from codanna_core.storage.collect import remove_folder
from codanna_core.text.reader import TextSnapshot
from codanna_core.vectors import open_vector_index
from codanna_core.vectors.base import VectorIndex, VectorOptions

log = logging.getLogger("codanna.engine")

_RECORD = "complete.json"

_QUICKLY_COUNTED = 200_000
"""Documents whose keys are read within half a second."""

# Missing keys looked up in the text index at a time while vectors are made afterwards.
_LOOK_UP = 10_000

# Vectors of code that is gone are kept, so that switching branches back embeds nothing, until they outnumber
# the others by far.
_KEPT_SHARE = 3
_SPARE = 20_000


@dataclass(slots=True)
class Meaning:
    """An embedding model with the store of its vectors."""

    embedder: Embedder
    vectors: VectorIndex | None
    """None while there is no store and this process may not make one."""
    writable: bool

    def close(self) -> None:
        """Release the store."""
        if self.vectors is not None:
            self.vectors.close()


class Meanings:
    """The model in use and, while its vectors are being made, the one that will follow it."""

    def __init__(
        self,
        root: Path,
        folder: IndexFolder,
        settings: Settings,
        embedder: Embedder | None,
        notes: Notes,
        parsing: Parsing,
    ) -> None:
        self._parsing = parsing
        self._root = root
        self._folder = folder
        self._settings = settings
        self._given = embedder
        self._notes = notes
        self._lock = threading.RLock()
        self._work = threading.Lock()
        """Held by the background job that writes to a store."""
        self._abort = Cancel()
        """Stops that job when the store is about to be another one."""
        self._active: Meaning | None = None
        self._next: Meaning | None = None
        self._vectors_folder = folder.path / "vectors"
        self._complete: tuple[str, int] = ("", -1)
        """Model and generation for which every vector is known to be there."""
        self._counted: tuple[str, int, int] = ("", -1, 0)
        """Model, generation, and how many vectors were counted missing in it."""
        self.problem: Problem | None = None
        """Why there is no model."""
        self.pending = 0
        """Vectors that are still to be computed."""

    @property
    def workers_can_embed(self) -> bool:
        """Whether another process can load the same model by the settings."""
        return self._given is None

    @property
    def active(self) -> Meaning | None:
        """What is open now; opens nothing."""
        return self._active

    def open(self, *, writable: bool) -> Meaning | None:
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
                self.problem = Problem("no-meaning", str(error))
                return None
            if active is not None:
                active.close()
            self._active = opened
            return opened

    def change(self, settings: Settings, *, writable: bool) -> None:
        """Take over settings; the old model answers until the vectors of the new one are complete."""
        if self._active is not None and _same_store(self._settings, settings):
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

    def _opened_beside(self, old: Meaning | None, *, writable: bool) -> Meaning | None:
        """Open what the settings name. An old model that can answer meanwhile stays active; the store of the
        same model is taken over as it is.
        """
        try:
            embedder = self._embedder()
        except ModelUnavailable as error:
            self.problem = Problem("no-meaning", str(error))
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

    def maintain(self, cancel: Cancel) -> None:
        """Seal, merge and train, as a background job."""
        with self._work:
            active = self._active
            if active is not None and active.vectors is not None and active.writable:
                active.vectors.maintain(Cancel(cancel, self._abort))

    def start_vectors_anew(self, error: IndexCorrupt) -> bool:
        """Drop a store in which damage was met, so that its vectors are computed again.

        False where the damage is not in a store, or another process writes it and has to notice by itself.
        """
        with self._lock:
            active = self._active
            if (
                active is None
                or active.vectors is None
                or not error.path.is_relative_to(self._vectors_folder)
            ):
                return False
            self._notes.problem(_lost(error))
            if not active.writable:
                return False
            directory = self._folder.inside(self._store(active.embedder))
            active.vectors.close()
            remove_folder(directory.path)
            vectors = open_vector_index(directory, vector_options(self._settings), writable=True)
            self._active = Meaning(active.embedder, vectors, writable=True)
            self._complete = ("", -1)
            return True

    def give_up(self, error: ModelLost) -> None:
        """Do without a model whose process ended over it, until the settings are changed or a restart."""
        with self._lock:
            self.problem = Problem("no-meaning", str(error))
            self.pending = 0
            self.close()
        self._notes.changed()

    def close(self) -> None:
        """Release both stores."""
        with self._lock:
            for meaning in (self._active, self._next):
                if meaning is not None:
                    meaning.close()
            self._active = self._next = None

    def is_complete(self, text: TextSnapshot) -> bool:
        """Whether all vectors of a state of the text are known to be there."""
        active = self._active
        if active is None:
            return True
        if self.pending:
            return False
        state = (active.embedder.model_id, text.generation)
        if self._complete != state and self._facts(active, text) == self._read_record():
            self._complete = state
        return self._complete == state

    def note_written(self, generation: int, pending: int, had_all: bool) -> None:
        """A run committed a generation on top of one that `had_all` its vectors, and left `pending` to be
        made.
        """
        self.pending += pending
        active = self._active
        if active is not None and not pending and had_all:
            self._complete = (active.embedder.model_id, generation)

    def record_completeness(self, text: TextSnapshot) -> None:
        """Note on disk that no vector is missing, so that the next process need not look for any."""
        active = self._active
        if active is None or not active.writable or not self.is_complete(text):
            return
        facts = self._facts(active, text)
        if facts is not None and facts != self._read_record():
            self._folder.directory.replace(_RECORD, orjson.dumps(facts))

    def count_pending(self, text: TextSnapshot) -> int:
        """How many vectors the symbols lack, counted where nobody knows it yet and counting is quick."""
        active = self._active
        if active is None or self.pending or self.is_complete(text):
            return self.pending
        state = (active.embedder.model_id, text.generation)
        if self._counted[:2] != state:
            if text.document_count > _QUICKLY_COUNTED:
                return 0
            keys = np.unique(np.array(text.keys(), np.uint64))
            missing = ~active.vectors.contains(keys) if active.vectors is not None else keys
            self._counted = (*state, int(np.count_nonzero(missing)))
        return self._counted[2]

    def _facts(self, meaning: Meaning, text: TextSnapshot) -> dict[str, Any] | None:
        """A state of both stores in short. A log that lost its end shows in the count."""
        if meaning.vectors is None:
            return None
        return {
            "vectors": self._store(meaning.embedder).rpartition("/")[2],
            "count": meaning.vectors.snapshot().count,
            "text": text.folder.name,
            "generation": text.generation,
        }

    def _read_record(self) -> Any:
        try:
            return orjson.loads(self._folder.directory.read(_RECORD))
        except (OSError, ValueError):
            return {}  # Then the missing vectors are looked for.

    def embed_missing(self, text: TextSnapshot, cancel: Cancel) -> bool:
        """Compute the vectors that symbols still lack; True when the models were switched and one more look
        is due.
        """
        with self._work:
            try:
                return self._embed_missing(text, Cancel(cancel, self._abort))
            except ModelLost as error:
                self.give_up(error)
                return False

    def _embed_missing(self, text: TextSnapshot, cancel: Cancel) -> bool:
        target = self._next or self._active
        if target is None or target.vectors is None or not target.writable:
            return False
        keys = np.unique(np.array(text.keys(), np.uint64))
        missing = keys[~target.vectors.contains(keys)]
        self.pending = len(missing)
        if target.vectors.snapshot().count > _SPARE + _KEPT_SHARE * len(keys):
            log.info("%d unreferenced vectors were collected", target.vectors.retain(keys))
        if len(missing):
            log.info("%d vectors are missing and are computed now", len(missing))
            self._notes.set_state(State.EMBEDDING)
            try:
                self._embed(target, text, missing, cancel)
            finally:
                target.vectors.flush()
                self._notes.set_state(State.READY)
        if target is self._next:
            with self._lock:
                # Readers that hold snapshots of the old store finish with them: its files are write-once.
                old, self._active, self._next = self._active, target, None
            if old is not None:
                old.close()
            return True
        self.pending = 0
        self._complete = (target.embedder.model_id, text.generation)
        self.record_completeness(text)
        self._notes.changed()
        return False

    def _embed(
        self, target: Meaning, text: TextSnapshot, missing: NDArray[np.uint64], cancel: Cancel
    ) -> None:
        assert target.vectors is not None
        batch = self._settings.semantic.batch
        for start in range(0, len(missing), _LOOK_UP):
            wanted = set(missing[start : start + _LOOK_UP].tolist())
            _, found = text.with_keys(sorted(wanted), 8 * len(wanted))
            for path in dict.fromkeys(symbol.path for symbol in text.symbols(found)):
                cancel.raise_if_cancelled()
                prepared = prepare(
                    self._root,
                    FileTask(path),
                    self._settings.discovery,
                    lambda data, task: self._parsing.parse(data, task.path, indexed=False),
                    want_texts=True,
                )
                # A file that changed since is embedded when its new text is indexed.
                texts = {
                    key: given
                    for key, given in zip(prepared.keys.tolist(), prepared.texts, strict=True)
                    if key in wanted
                }
                wanted.difference_update(texts)
                items = list(texts.items())
                for first in range(0, len(items), batch):
                    part = items[first : first + batch]
                    rows = target.embedder.embed_passages([given for _, given in part], cancel)
                    target.vectors.upsert(np.array([key for key, _ in part], np.uint64), rows)
                    self.pending = max(0, self.pending - len(part))

    def _embedder(self) -> Embedder:
        settings = self._settings.semantic
        if not settings.enabled:
            raise ModelUnavailable("search by meaning is switched off in the settings ([semantic] enabled)")
        return self._given if self._given is not None else load_embedder(settings)

    def _open_store(self, embedder: Embedder, *, writable: bool) -> Meaning:
        options = vector_options(self._settings)
        name = self._store(embedder)
        directory = self._folder.inside(name)
        if writable:
            self._folder.will_make(name)
        try:
            vectors: VectorIndex | None = open_vector_index(directory, options, writable=writable)
        except IndexCorrupt as error:
            log.warning("vectors are damaged: %s", error)
            self._notes.problem(_lost(error))
            vectors = None
            if writable:
                remove_folder(directory.path)
                vectors = open_vector_index(directory, options, writable=True)
        except (FileNotFoundError, CodannaError) as error:
            if writable:
                raise
            log.info("no vectors to read yet: %s", error)
            vectors = None
        return Meaning(embedder, vectors, writable)

    def _store(self, embedder: Embedder) -> str:
        options = vector_options(self._settings)
        digest = f"{options.metric}-{options.precision}-{options.implementation}"
        return self._folder.vectors(embedder.model_id, digest)


def _lost(error: IndexCorrupt) -> Problem:
    return Problem("vectors-corrupt", f"the vectors are computed again, they were damaged: {error}")


def _same_store(before: Settings, after: Settings) -> bool:
    """Whether two settings name the same model and the same store of its vectors."""
    keys = ("enabled", "model", "model_path", "threads")
    return vector_options(before) == vector_options(after) and all(
        getattr(before.semantic, key) == getattr(after.semantic, key) for key in keys
    )


def vector_options(settings: Settings) -> VectorOptions:
    """The options of the store, from the settings."""
    chosen = settings.vectors
    return VectorOptions(
        metric=chosen.metric,  # type: ignore[arg-type]  # Checked against its choices when resolved.
        precision=chosen.precision,  # type: ignore[arg-type]
        implementation=chosen.implementation,  # type: ignore[arg-type]
        recall_target=chosen.recall_target,
    )
