"""Runs: bring the index up to date with the whole folder, or with what was saved."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from codanna_core.cancel import Cancel
from codanna_core.config import Settings
from codanna_core.errors import Cancelled, IndexCorrupt, IndexMissing
from codanna_core.files import to_utf8
from codanna_core.files.rules import IGNORE_FILES
from codanna_core.indexing.background import Jobs
from codanna_core.indexing.between import SavesBetween
from codanna_core.indexing.coverage import Coverage
from codanna_core.indexing.damage import text_lost
from codanna_core.indexing.events import Events
from codanna_core.indexing.file_state import FileChanges
from codanna_core.indexing.prepare import FileTask, read_file
from codanna_core.indexing.role import WriterRole
from codanna_core.indexing.run import Indexer, Outcome, Paces, RunReport
from codanna_core.indexing.stores import Stores
from codanna_core.indexing.upkeep import Upkeep
from codanna_core.model import Problem
from codanna_core.problems import Code
from codanna_core.results import Progress, State, SyncReport
from codanna_core.runtime.pace import AT_ONCE
from codanna_core.storage.directory import Checkpoint

_BULK_FILES = 200


class Runs:
    """The runs of one index. They exclude each other by the mutex; readers never wait for them."""

    def __init__(
        self,
        root: Path,
        settings: Settings,
        stores: Stores,
        role: WriterRole,
        coverage: Coverage,
        upkeep: Upkeep,
        jobs: Jobs,
        events: Events,
        mutex: threading.RLock,
        closing: Cancel,
        checkpoint: Checkpoint,
    ) -> None:
        self._root = root
        self._settings = settings
        self._stores = stores
        self._role = role
        self._coverage = coverage
        self._upkeep = upkeep
        self._jobs = jobs
        self._events = events
        self._mutex = mutex
        self._closing = closing
        self._checkpoint = checkpoint
        self._saves = SavesBetween()

    @property
    def waiting_saves(self) -> int:
        """How many saves wait for a pause of a long run."""
        return self._saves.waiting

    def change_settings(self, settings: Settings) -> None:
        """Take over settings for the next run. The caller holds the mutex."""
        self._settings = settings

    def sync(
        self,
        progress: Callable[[Progress], None] | None,
        cancel: Cancel | None,
        *,
        verify: bool,
        anew: bool = False,
    ) -> SyncReport:
        """Bring the index up to date with the whole folder; `anew` builds the text index from nothing."""
        started = time.monotonic()
        stop = Cancel(cancel, self._closing)
        with self._mutex:
            if not self._role.take():
                return self._read_only_report(started)
            if anew:
                self._stores.start_text_anew()
            self._stores.models.open(writable=True)
            try:
                changes = self._reconcile(stop, verify=verify)
            except IndexCorrupt as error:
                self._events.problem(text_lost(error))
                self._stores.start_text_anew()
                changes = self._reconcile(stop, verify=verify)
            report = SyncReport(self._stores.text.snapshot().generation)
            self._events.about_folder(changes.problems)
            self._coverage.looked(changes.total)
            report.unchanged = max(0, changes.unchanged - self._stores.files.left_out())
            self._apply(changes, report, progress, stop, whole=True)
        report.seconds = time.monotonic() - started
        return report

    def update(
        self, paths: Sequence[str], cancel: Cancel | None, *, unchanged_too: bool = False
    ) -> SyncReport:
        """Bring single paths up to date; during a long run they are taken in between two of its batches.
        `unchanged_too` has them parsed again whatever is known of them.
        """
        started = time.monotonic()
        if any(path.rpartition("/")[2] in IGNORE_FILES or self._is_folder(path) for path in paths):
            # What is ignored, or what a folder holds, only the whole reconciliation can tell.
            return self.sync(None, cancel, verify=False)
        taken = self._saves.hand_in(paths, cancel)
        if taken is not None:
            return taken
        with self._mutex:
            if not self._role.take():
                return self._read_only_report(started)
            text = self._stores.text.snapshot()
            if not text.generation:
                # The index has only just been started, and single files would pass for all there are.
                return self.sync(None, cancel, verify=False)
            self._stores.models.open(writable=True)
            report = SyncReport(text.generation)
            try:
                changes = self._stores.files.reconcile_paths(
                    self._root, self._settings.discovery, text, paths
                )
            except IndexCorrupt:
                return self.sync(None, cancel, verify=False)  # It meets the same damage, and repairs it.
            if unchanged_too:
                changes.tasks = [(FileTask(task.path), size) for task, size in changes.tasks]
            self._apply(changes, report, None, Cancel(cancel, self._closing), whole=False)
        report.seconds = time.monotonic() - started
        return report

    def start_again(self, cancel: Cancel) -> None:
        """Build the text index from nothing, as a background job."""
        self.sync(None, cancel, verify=False, anew=True)

    def _reconcile(self, cancel: Cancel, *, verify: bool) -> FileChanges:
        text = self._stores.text.snapshot()
        return self._stores.files.reconcile(
            self._root, self._settings.discovery, text, cancel=cancel, verify=verify
        )

    def _apply(
        self,
        changes: FileChanges,
        report: SyncReport,
        progress: Callable[[Progress], None] | None,
        cancel: Cancel,
        *,
        whole: bool,
    ) -> None:
        text = self._stores.text.snapshot()
        restate = whole and (text.missing or not text.generation)
        if not changes.tasks and not changes.removed and not restate:
            self._events.set_state(State.READY)
            self._after_run()
            return
        before = text.generation
        had_all_vectors = before == 0 or self._stores.missing.is_complete(text)
        many = len(changes.tasks) > _BULK_FILES
        watched = self._stores.models.pace == AT_ONCE
        if many:
            self._upkeep.was_bulk()
            self._events.set_state(State.INDEXING)
        self._coverage.begin(len(changes.tasks))
        indexer = self._indexer(bulk=many)
        if many:
            self._saves.open(indexer)
        else:
            self._stores.names.begin(text)
        try:
            run = indexer.run(
                changes.tasks,
                changes.removed,
                new_paths=changes.new,
                whole=whole,
                progress=progress,
                cancel=cancel,
                between=lambda: self._saves.take(lambda paths: self._take_saved(indexer, paths)),
                on_stored=self._upkeep.train if watched else _nothing,
            )
            if run.names_cut:
                self._stores.names.show(run.names)
            else:
                self._stores.names.add(run.names, text, self._stores.text.snapshot())
        except BaseException as error:
            # Whatever was not committed is dropped, so that the next run starts from a known state.
            self._stores.abandon_writer()
            if isinstance(error, Cancelled):
                self._after_run()  # What was committed is kept, and may still lack its vectors.
            raise
        finally:
            self._saves.close()
            self._stores.names.end()
            self._events.set_state(State.READY)
        self._stores.missing.note_written(before, max(before, run.generation), run.pending, had_all_vectors)
        _fill(report, run, changes)
        self._after_run()

    def _take_saved(self, indexer: Indexer, paths: Sequence[str]) -> SyncReport:
        """Index what was saved while the run goes on, and publish it at once."""
        started = time.monotonic()
        stores = self._stores
        text = stores.text.snapshot()
        changes = stores.files.reconcile_paths(self._root, self._settings.discovery, text, paths)
        # The run may hold files that are not committed yet, so that the table does not know them.
        held = {task.path for task, _ in changes.tasks}.union(changes.removed)
        changes.removed.extend(
            path for path in paths if path not in held and not os.path.lexists(self._root / path)
        )
        report = SyncReport(text.generation)
        run = indexer.run_inline(changes.tasks, changes.removed)
        stores.names.show(run.names)
        _fill(report, run, changes)
        report.seconds = time.monotonic() - started
        return report

    def _indexer(self, *, bulk: bool) -> Indexer:
        active, pace = self._stores.models.active, self._stores.models.pace
        # While nothing is published, somebody may be waiting for a first answer.
        return Indexer(
            self._root,
            self._settings,
            self._stores.text_writer(bulk=bulk),
            active.vectors if active is not None else None,
            active.embedder if active is not None else None,
            self._stores.parsing,
            workers_can_embed=self._stores.models.workers_can_embed,
            on_commit=self._committed,
            checkpoint=self._checkpoint,
            paces=Paces(pace if self._stores.text.snapshot().generation else AT_ONCE, pace),
        )

    def _committed(self, generation: int, outcomes: Sequence[Outcome]) -> None:
        self._stores.files.record(generation, outcomes)
        self._coverage.advance(len(outcomes))
        self._events.about_files(
            (outcome.prepared.path for outcome in outcomes),
            (problem for outcome in outcomes for problem in outcome.prepared.problems),
        )
        self._upkeep.committed()
        self._events.changed()

    def _after_run(self) -> None:
        self._upkeep.after_run()
        if self._stores.parsing.has_again:
            self._jobs.beside.schedule("parse", self._parse_again)

    def _parse_again(self, cancel: Cancel) -> None:
        """Give files that were too slow once twice the time, while nobody waits for them."""
        parsed = []
        for path in self._stores.parsing.take_again():
            cancel.raise_if_cancelled()
            prepared, data = read_file(self._root, path, self._settings.discovery)
            if prepared.skipped is not None or prepared.gone:
                continue
            if self._stores.parsing.parse_again(to_utf8(data)[0], path):
                parsed.append(path)
        if parsed:
            self.update(parsed, cancel, unchanged_too=True)
        with self._mutex:
            if self._role.held:
                self._stores.parsing.verdicts.save()

    def _read_only_report(self, started: float) -> SyncReport:
        self._stores.text.reopen_if_replaced()
        if not self._stores.text.published:
            raise IndexMissing("another process has just begun to index this folder; try again in a moment")
        problem = (
            self._role.unwritable
            or self._role.silent_writer(wait=True)
            or Problem(
                Code.READ_ONLY,
                f"another process ({self._role.owner}) keeps this index current; reading only",
            )
        )
        generation = self._stores.text.snapshot().generation
        return SyncReport(generation, seconds=time.monotonic() - started, problems=[problem])

    def _is_folder(self, path: str) -> bool:
        full = self._root / path
        return full.is_dir() and not os.path.islink(full)


def _nothing() -> None:
    """A server leaves the time to those who ask, until the run is over."""


def _fill(report: SyncReport, run: RunReport, changes: FileChanges) -> None:
    report.generation = max(report.generation, run.generation)
    report.added += run.added
    report.changed += run.changed
    report.unchanged += run.unchanged
    report.removed += len(changes.removed)
    report.symbols += run.symbols
    report.embedded += run.embedded
    report.problems.extend(run.problems)
