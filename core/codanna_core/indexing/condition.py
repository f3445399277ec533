"""The whole truth about an index, for whoever asks how it stands."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from codanna_core.config import Settings
from codanna_core.errors import ModelUnavailable
from codanna_core.indexing.events import Events
from codanna_core.indexing.layout import IndexFolder
from codanna_core.indexing.models import Models
from codanna_core.indexing.writer import Writer
from codanna_core.model import Problem
from codanna_core.parsing.parser import Parsing
from codanna_core.parsing.verdicts import UNPARSED_CODES
from codanna_core.problems import Code
from codanna_core.results import State, Status
from codanna_core.storage.collect import tree_size
from codanna_core.text.reader import TextSnapshot

_CODES = frozenset(Code)
"""Another version may have written other ones."""


class Condition:
    """Gathers from all parts what is indexed, what is missing and why."""

    def __init__(
        self,
        root: Path,
        folder: IndexFolder,
        writer: Writer,
        models: Models,
        parsing: Parsing,
        events: Events,
    ) -> None:
        self._root = root
        self._folder = folder
        self._writer = writer
        self._models = models
        self._parsing = parsing
        self._events = events

    def status(self, text: TextSnapshot | None, settings: Settings) -> Status:
        """How the index stands; `text` is its published state, if it can be read."""
        generation = text.generation if text is not None else 0
        files = text.file_count if text is not None else 0
        active = self._models.open(writable=self._writer.role.held) if text is not None else None
        vectors = active.vectors.snapshot() if active is not None and active.vectors is not None else None
        problems = self._events.problems()
        incomplete = self._writer.coverage.problem(text) if text is not None else None
        known = (
            *(
                self._writer.role.unwritable,
                self._writer.role.silent_writer(),
                self._models.problem,
                self._writer.names.problem,
                incomplete,
            ),
            self._folder.exposed,
        )
        problems.extend(filter(None, known))
        if text is not None:
            problems.extend(problem for problem in self._unparsed(text) if problem not in problems)
        facts_files, facts_total = self._writer.facts.progress(generation)
        return Status(
            root=str(self._root),
            index_dir=str(self._folder.path),
            state=self._state(text),
            generation=generation,
            writer=self._writer.role.held,
            files_indexed=files,
            files_total=max(
                self._writer.coverage.expected_files, files + (text.missing if text is not None else 0)
            ),
            files_skipped=self._writer.coverage.skipped(generation),
            symbols=text.symbol_count if text is not None else 0,
            vectors_total=vectors.count if vectors is not None else 0,
            vectors_pending=self._writer.missing.count(text) if text is not None else 0,
            model=active.embedder.model_id if active is not None else settings.semantic.model,
            dimension=active.embedder.dimension if active is not None else 0,
            bytes_on_disk=tree_size(self._folder.path),
            problems=problems,
            facts_files=facts_files,
            facts_total=facts_total,
        )

    def file_problems(self, text: TextSnapshot | None) -> list[Problem]:
        """From the documents of all files, which takes a moment."""
        return [
            Problem(Code(code), message, file.path)
            for file in (text.files() if text is not None else ())
            for code, message in file.problems
            if code in _CODES
        ]

    def clusters(self) -> dict[str, Any]:
        """The state of the vector index in numbers; raises IndexMissing before the first run."""
        self._writer.text.index  # noqa: B018 - raises it
        active = self._models.open(writable=self._writer.role.held)
        if active is None or active.vectors is None:
            problem = self._models.problem
            raise ModelUnavailable(problem.message if problem is not None else "there are no vectors yet")
        return asdict(active.vectors.stats())

    def _unparsed(self, text: TextSnapshot) -> Iterator[Problem]:
        """Files that are searched by their text only, as far as an earlier run found out."""
        for path in self._parsing.verdicts.paths():
            file = text.file(path)
            for code, message in file.problems if file is not None else ():
                if code in UNPARSED_CODES:
                    yield Problem(Code(code), message, path)

    def _state(self, text: TextSnapshot | None) -> State:
        state = self._events.state
        if state is State.READY and text is not None and (text.missing or not text.generation):
            if self._writer.role.held_elsewhere:
                return State.INDEXING
            return State.INCOMPLETE if text.generation else State.EMPTY
        if state is State.READY and self._writer.jobs.training:
            return State.TRAINING
        if state is State.READY and self._writer.role.unwritable is not None:
            return State.READ_ONLY
        return state
