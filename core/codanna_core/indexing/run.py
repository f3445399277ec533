"""Prepared files go into the vectors first, then into the text index, then become visible at once."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import field
from itertools import chain, repeat
from pathlib import Path

from codanna_core.cancel import Cancel
from codanna_core.config import Settings
from codanna_core.embed.base import Embedder
from codanna_core.errors import Cancelled
from codanna_core.indexing.ahead import INLINE_FILES
from codanna_core.indexing.fresh_vectors import FreshVectors
from codanna_core.indexing.pool import WorkerPool
from codanna_core.indexing.prepare import FileTask, Prepared, WorkerSetup, prepare
from codanna_core.indexing.waiting import worker_count
from codanna_core.model import Extraction, Problem
from codanna_core.parsing.parser import Parsing
from codanna_core.records import dataclass
from codanna_core.results import Progress, State
from codanna_core.runtime.pace import POLITE, Pace
from codanna_core.runtime.yielding import Courtesy
from codanna_core.storage.directory import Checkpoint
from codanna_core.text.writer import TextWriter
from codanna_core.vectors.base import VectorIndex

log = logging.getLogger("codanna.engine")

# Beyond this many, reading all names back from the index costs less than adding them one by one.
_MAX_NAMES = 2_000
_MAX_PROBLEMS = 1000
_EARLY_COMMITS = (0.25, *[2] * 7, 16)
"""Shares of `commit_every` for the first commits: somebody may be waiting for a first answer. With the
default the first eight make segments of up to ten thousand documents, and eight of these tantivy merges.
"""
_LATE_COMMITS = 64
"""The same for all others: as much as fits into the memory of a writer for bulk work."""
_PROGRESS_EVERY_S = 0.2


@dataclass(slots=True)
class Outcome:
    """What the index now knows of one file."""

    prepared: Prepared


@dataclass(slots=True)
class RunReport:
    """Counts of one run; complete up to the last commit even where the run was stopped."""

    generation: int = 0
    added: int = 0
    changed: int = 0
    unchanged: int = 0
    """Files that were read and held what was known."""
    symbols: int = 0
    embedded: int = 0
    pending: int = 0
    """Vectors that are still to be computed."""
    names: list[str] = field(default_factory=list)
    """Names of the indexed symbols, cut off beyond a bound."""
    names_cut: bool = False
    problems: list[Problem] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Paces:
    """Of the workers of a run."""

    first: Pace
    """Until the early commits are there."""
    later: Pace


POLITELY = Paces(POLITE, POLITE)


@dataclass(slots=True)
class _Uncommitted:
    """What was applied since the last commit."""

    outcomes: list[Outcome] = field(default_factory=list)
    symbols: int = 0


class Indexer:
    """Applies changed files to the indexes. One at a time, by the process that holds the writer lock."""

    def __init__(
        self,
        root: Path,
        settings: Settings,
        writer: TextWriter,
        vectors: VectorIndex | None,
        embedder: Embedder | None,
        parsing: Parsing,
        *,
        workers_can_embed: bool,
        on_commit: Callable[[int, Sequence[Outcome]], None],
        checkpoint: Checkpoint,
        paces: Paces = POLITELY,
    ) -> None:
        self._root = root
        self._settings = settings
        self._writer = writer
        self._vectors = FreshVectors(vectors, embedder, workers_can_embed=workers_can_embed)
        self._parsing = parsing
        self._on_commit = on_commit
        self._checkpoint = checkpoint
        self._paces = paces
        self._pool: WorkerPool | None = None
        self._uncommitted = _Uncommitted()
        self._report = RunReport()
        self._taken_in: dict[str, int] = {}
        """Files that were saved during the run, with the clock from before they were read for it."""

    def run(
        self,
        tasks: Sequence[tuple[FileTask, int]],
        removed: Iterable[str],
        *,
        new_paths: frozenset[str],
        whole: bool,
        progress: Callable[[Progress], None] | None,
        cancel: Cancel | None,
        between: Callable[[], None],
        on_stored: Callable[[], None],
    ) -> RunReport:
        """Index files and forget others; `between` is called between two batches, `on_stored` when all are
        applied and their vectors stored, before the last commit. Where the run is about the `whole` folder,
        each commit states how many files are still missing.
        """
        self._forget(removed)
        if whole:
            self._writer.missing = len(tasks)
        limit = self._settings.index.commit_every
        shares = chain(_EARLY_COMMITS, repeat(_LATE_COMMITS))
        share = next(shares)
        done = 0
        if whole and 0 < len(tasks) <= INLINE_FILES:
            self._vectors.expect()
        courtesy = Courtesy() if len(tasks) > INLINE_FILES else None
        started = told = time.monotonic()
        try:
            for batch in self._prepared(tasks, cancel):
                for prepared in batch:
                    if prepared.path in self._taken_in:
                        self._apply_again(prepared)
                    else:
                        known = prepared.path not in new_paths
                        self._apply(prepared, known_before=known, courtesy=courtesy)
                done += len(batch)
                if whole:
                    self._writer.missing = len(tasks) - done
                self._checkpoint("index:batch-applied")
                between()
                if self._uncommitted.symbols >= limit * share:
                    self._commit()
                    share = next(shares)
                    if share == _EARLY_COMMITS[-1] and self._pool is not None:
                        self._pool.keep(self._paces.later)
                now = time.monotonic()
                if progress is not None and (now - told >= _PROGRESS_EVERY_S or done == len(tasks)):
                    told = now
                    progress(Progress(State.INDEXING, done, len(tasks), done / max(now - started, 1e-6)))
        except Cancelled:
            # What was applied is whole files, so it may as well be kept.
            self._commit()
            raise
        self._vectors.store()
        on_stored()
        self._commit()
        return self._report

    def run_inline(self, tasks: Sequence[tuple[FileTask, int]], removed: Iterable[str]) -> RunReport:
        """Index a few files at once, in the middle of a run, and publish them with what the run has so
        far.
        """
        whole, self._report = self._report, RunReport()
        try:
            gone = list(removed)
            self._taken_in.update(dict.fromkeys(gone, time.time_ns()))
            self._forget(gone)
            for task, _ in tasks:
                self._take_in(task.path)
            self._commit()
            return self._report
        finally:
            self._report, part = whole, self._report
            whole.generation = max(whole.generation, part.generation)
            whole.embedded += part.embedded
            whole.pending += part.pending
            whole.names.extend(part.names)
            whole.names_cut |= part.names_cut

    def _take_in(self, path: str) -> None:
        # The run may have applied another content of the file and not committed it, so nothing that is known
        # of it counts: neither its hash, nor that the index does not hold it.
        self._taken_in[path] = time.time_ns()
        for prepared in self._prepared_here([(FileTask(path), 0)], None):
            self._apply(prepared, known_before=True)

    def _apply_again(self, prepared: Prepared) -> None:
        """The run comes to a file that was saved meanwhile: what it read before the save is out of date."""
        if prepared.seen_ns > self._taken_in[prepared.path]:
            self._take_in(prepared.path)

    def wake(self) -> None:
        """Have `between` called soon; from any thread."""
        pool = self._pool
        if pool is not None:
            pool.wake()

    def _prepared(
        self, tasks: Sequence[tuple[FileTask, int]], cancel: Cancel | None
    ) -> Iterator[list[Prepared]]:
        if len(tasks) <= INLINE_FILES:
            for prepared in self._prepared_here(tasks, cancel):
                yield [prepared]
            return
        setup = WorkerSetup(
            self._root,
            self._settings.discovery,
            self._settings.semantic if self._vectors.by_workers else None,
            self._vectors.model_id,
            want_texts=self._vectors.embeds and not self._vectors.by_workers,
            unparsed=self._parsing.verdicts.codes(),
        )
        self._pool = WorkerPool(setup, worker_count(self._settings, len(tasks)), self._paces.first)
        try:
            yield from self._pool.prepare_all(tasks, cancel)
        finally:
            pool, self._pool = self._pool, None
            pool.close()

    def _prepared_here(
        self, tasks: Sequence[tuple[FileTask, int]], cancel: Cancel | None
    ) -> Iterator[Prepared]:
        for task, _ in tasks:
            if cancel is not None:
                cancel.raise_if_cancelled()
            yield prepare(
                self._root, task, self._settings.discovery, self._parse, want_texts=self._vectors.embeds
            )

    def _parse(self, data: bytes, task: FileTask) -> Extraction:
        return self._parsing.parse(data, task.path)

    def _forget(self, removed: Iterable[str]) -> None:
        for path in removed:
            self._writer.delete_file(path)
            self._uncommitted.outcomes.append(Outcome(Prepared(path, 0, 0, gone=True)))

    def _apply(self, prepared: Prepared, *, known_before: bool, courtesy: Courtesy | None = None) -> None:
        report = self._report
        if len(report.problems) < _MAX_PROBLEMS:
            report.problems.extend(prepared.problems)
        self._uncommitted.outcomes.append(Outcome(prepared))
        if prepared.verdict is not None:
            self._parsing.verdicts.add(*prepared.verdict, prepared.path)
        if prepared.unchanged:
            report.unchanged += 1
            return
        if known_before:
            self._writer.delete_file(prepared.path)
        if prepared.gone or prepared.skipped is not None:
            return
        documents: Iterable[str] = prepared.documents
        if courtesy is not None:
            documents = courtesy.in_between(documents)
        self._writer.add_file(prepared.file_document, documents)
        if known_before:
            report.changed += 1
        else:
            report.added += 1
        report.symbols += len(prepared.documents)
        if len(report.names) < _MAX_NAMES:
            report.names.extend(prepared.names)
        else:
            report.names_cut = True
        # A file counts as well, so that folders full of files without symbols are committed in steps too.
        self._uncommitted.symbols += len(prepared.documents) + 1
        if len(prepared.keys):
            report.pending += self._vectors.add(prepared)
        # The outcomes of a long run stay until the next commit; only the small part of them is needed.
        prepared.documents, prepared.names, prepared.texts = [], [], []
        prepared.vectors = None

    def _commit(self) -> None:
        if not self._uncommitted.outcomes and not self._writer.has_to_restate:
            return
        self._vectors.store()
        self._report.embedded += self._vectors.made()
        self._vectors.flush(self._checkpoint)
        outcomes = self._uncommitted.outcomes
        self._uncommitted = _Uncommitted()
        if self._writer.has_to_restate or any(not outcome.prepared.unchanged for outcome in outcomes):
            self._report.generation = self._writer.commit(self._checkpoint)
        self._on_commit(self._report.generation, outcomes)
