"""Vectors that symbols of the text index lack: how many, since when none, and making them afterwards."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from codanna_core.arrays import distinct
from codanna_core.cancel import Cancel
from codanna_core.config import Settings
from codanna_core.errors import ModelLost
from codanna_core.indexing.events import Events
from codanna_core.indexing.models import ActiveModel, Models
from codanna_core.indexing.prepare import FileTask, prepare
from codanna_core.model import Problem
from codanna_core.parsing.parser import Parsing
from codanna_core.problems import Code
from codanna_core.results import State
from codanna_core.storage.directory import Directory
from codanna_core.text.reader import TextSnapshot
from codanna_core.vectors.base import VectorIndex

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


class MissingVectors:
    """Keeps count of them for the model in use, and makes them for the one that follows it."""

    def __init__(
        self,
        root: Path,
        directory: Directory,
        settings: Settings,
        models: Models,
        parsing: Parsing,
        events: Events,
    ) -> None:
        self._root = root
        self._directory = directory
        self._settings = settings
        self._models = models
        self._parsing = parsing
        self._events = events
        self._complete: tuple[VectorIndex | None, int] = (None, -1)
        """Store and generation for which every vector is known to be there."""
        self._runs: tuple[VectorIndex | None, int, int] = (None, -1, -1)
        """Runs in a row that left no vector to be made: their store, the generation before and the last."""
        self._counted: tuple[str, int, int] = ("", -1, 0)
        """Model, generation, and how many vectors were counted missing in it."""
        self._pending = 0

    @property
    def pending(self) -> int:
        """Vectors that are still to be computed; none where there is no model that could."""
        return self._pending if self._models.active is not None else 0

    def problem(self, text: TextSnapshot) -> Problem | None:
        """What answers lack until then."""
        if self.pending:
            return Problem(Code.VECTORS_PENDING, f"{self.pending:,} symbols are found by text only, for now")
        if not self._has_none() or not text.symbol_count:
            return None
        return Problem(
            Code.VECTORS_PENDING,
            f"{text.symbol_count:,} symbols are found by text only, because the index has no vectors of this"
            " model; `codanna-lsp index` adds them",
        )

    def _has_none(self) -> bool:
        """Whether no vector of the model in use was ever made, which is seen without counting."""
        active = self._models.active
        return active is not None and (active.vectors is None or not active.vectors.snapshot().count)

    def change_settings(self, settings: Settings) -> None:
        """Take over settings for the next look."""
        self._settings = settings

    def is_complete(self, text: TextSnapshot) -> bool:
        """Whether all vectors of a state of the text are known to be there."""
        active = self._models.active
        if active is None:
            return True
        if self._pending:
            return False
        if self._known(active, text.generation):
            return True
        if self._facts(active, text) != self._read_record():
            return False
        self._complete = (active.vectors, text.generation)
        return True

    def note_written(self, before: int, generation: int, pending: int, had_all: bool) -> None:
        """A run committed a generation on top of one that `had_all` its vectors, and left `pending` to be
        made.
        """
        self._pending += pending
        active = self._models.active
        if active is None or pending:
            self._runs = (None, -1, -1)
            return
        store, first, last = self._runs
        self._runs = (
            active.vectors,
            first if (store, last) == (active.vectors, before) else before,
            generation,
        )
        if had_all:
            self._complete = (active.vectors, generation)

    def record(self, text: TextSnapshot) -> None:
        """Note on disk that no vector is missing, so that the next process need not look for any."""
        active = self._models.active
        if active is None or not active.writable or not self.is_complete(text):
            return
        facts = self._facts(active, text)
        if facts is not None and facts != self._read_record():
            self._directory.replace(_RECORD, orjson.dumps(facts))

    def count(self, text: TextSnapshot) -> int:
        """How many vectors the symbols lack, counted where nobody knows it yet and counting is quick."""
        active = self._models.active
        if active is None or self._pending or self.is_complete(text):
            return self.pending
        state = (active.embedder.model_id, text.generation)
        if self._counted[:2] != state:
            if text.document_count > _QUICKLY_COUNTED:
                return 0
            keys = distinct(np.array(text.keys(), np.uint64))
            missing = ~active.vectors.contains(keys) if active.vectors is not None else keys
            self._counted = (*state, int(np.count_nonzero(missing)))
        return self._counted[2]

    def embed(self, text: TextSnapshot, cancel: Cancel) -> bool:
        """Compute the vectors that symbols still lack; True when the models were switched and one more look
        is due.
        """
        with self._models.working(cancel) as (target, stop):
            try:
                if target is None or (target is self._models.active and self.is_complete(text)):
                    return False
                return self._make(target, text, stop)
            except ModelLost as error:
                self._models.give_up(error)
                return False

    def _make(self, target: ActiveModel, text: TextSnapshot, cancel: Cancel) -> bool:
        if target.vectors is None or not target.writable:
            return False
        keys = distinct(np.array(text.keys(), np.uint64))
        missing = keys[~target.vectors.contains(keys)]
        self._pending = len(missing)
        if target.vectors.snapshot().count > _SPARE + _KEPT_SHARE * len(keys):
            log.info("%d unreferenced vectors were collected", target.vectors.retain(keys))
        if len(missing):
            log.info("%d vectors are missing and are computed now", len(missing))
            self._events.set_state(State.EMBEDDING)
            try:
                self._embed(target, text, missing, cancel)
            finally:
                target.vectors.flush()
                self._events.set_state(State.READY)
        if self._models.switch(target):
            return True
        self._pending = 0
        # What was saved meanwhile has its vectors too. Otherwise they would be looked for again after each of
        # many saves, and reading a million keys takes a second and much memory.
        store, first, last = self._runs
        saved = store is target.vectors and first <= text.generation <= last
        self._complete = (target.vectors, last if saved else text.generation)
        self.record(text)
        self._events.changed()
        return False

    def _known(self, active: ActiveModel, generation: int) -> bool:
        store, known = self._complete
        return store is active.vectors and known == generation

    def _embed(
        self, target: ActiveModel, text: TextSnapshot, missing: NDArray[np.uint64], cancel: Cancel
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
                    self._pending = max(0, self._pending - len(part))

    def _facts(self, active: ActiveModel, text: TextSnapshot) -> dict[str, Any] | None:
        """A state of both stores in short. A log that lost its end shows in the count."""
        if active.vectors is None:
            return None
        return {
            "vectors": self._models.store_name(active.embedder).rpartition("/")[2],
            "count": active.vectors.snapshot().count,
            "text": text.folder.name,
            "generation": text.generation,
        }

    def _read_record(self) -> Any:
        try:
            return orjson.loads(self._directory.read(_RECORD))
        except (OSError, ValueError):
            return {}  # Then the missing vectors are looked for.
