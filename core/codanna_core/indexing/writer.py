"""The one writer of an index: reconciles the folder, takes single saves in between, heals, hands over its
lock.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from codanna_core.cancel import Cancel
from codanna_core.config import Settings, options_digest
from codanna_core.errors import Cancelled, CodannaError, IndexCorrupt, IndexMissing
from codanna_core.files import to_utf8
from codanna_core.files.rules import IGNORE_FILES
from codanna_core.indexing.background import Background
from codanna_core.indexing.events import Notes
from codanna_core.indexing.file_state import FileChanges, FileState
from codanna_core.indexing.layout import IndexFolder
from codanna_core.indexing.models import Meanings
from codanna_core.indexing.names_build import build_elsewhere
from codanna_core.indexing.prepare import FileTask, read_file
from codanna_core.indexing.run import Indexer, Outcome, RunReport
from codanna_core.indexing.text_store import TextStore
from codanna_core.model import Problem
from codanna_core.names.store import NameStore
from codanna_core.parsing.parser import Parsing
from codanna_core.results import Progress, State, SyncReport
from codanna_core.runtime.memory import give_back
from codanna_core.storage.directory import Checkpoint
from codanna_core.storage.lock import NOT_WRITABLE, WriterLock
from codanna_core.storage.pulse import Pulse, Watch
from codanna_core.text.reader import TextSnapshot
from codanna_core.text.writer import TextWriter

log = logging.getLogger("codanna.engine")

_BULK_FILES = 200
_SAVE_AFTER_S = 2.0
"""Derived files are written when nothing was saved for this long, so that they never delay a save."""


@dataclass(slots=True)
class _Saved:
    """Paths that wait to be taken in between two batches of a long run."""

    paths: list[str]
    done: threading.Event = field(default_factory=threading.Event)
    report: SyncReport | None = None


class Writing:
    """Everything that changes the index. Its methods exclude each other; readers never wait for them."""

    def __init__(
        self,
        root: Path,
        folder: IndexFolder,
        settings: Settings,
        meanings: Meanings,
        names: NameStore,
        notes: Notes,
        parsing: Parsing,
        checkpoint: Checkpoint,
    ) -> None:
        self._parsing = parsing
        self._root = root
        self._folder = folder
        self._settings = settings
        self._meanings = meanings
        self._names = names
        self._notes = notes
        self._checkpoint = checkpoint
        self._lock = WriterLock(folder.lock_file)
        self._pulse, self._watch = Pulse(folder.path), Watch(folder.path)
        self._refused: OSError | None = None
        self._files = FileState(folder.directory)
        self._mutex = threading.RLock()
        self._writer: TextWriter | None = None
        self._writer_is_bulk = False
        self._closing = Cancel()
        self._saved_lock = threading.Lock()
        self._saved: list[_Saved] = []
        self._running: Indexer | None = None
        self._unsaved = False
        self._was_bulk = False
        self.text = TextStore(folder, root, options_digest(settings))
        self.background = Background(self._job_failed)
        self._beside = Background(self._job_failed)
        """For what waits for another process, so that it need not wait for the jobs of this one."""
        names.writes = lambda: self._lock.held
        names.rebuild_soon = self._rebuild_names_soon
        self.total_files = 0
        self.done_files = 0

    @property
    def is_writer(self) -> bool:
        """Whether this process holds the writer lock."""
        return self._lock.held

    @property
    def unwritable(self) -> Problem | None:
        """Set where this user may read the index and not write it."""
        if self._refused is None:
            return None
        return Problem(
            "read-only-index",
            f"the index in {self._folder.path} cannot be written ({self._refused.strerror}), so answers come "
            "from what is there; change its permissions or name another place with --index-dir or index.dir",
        )

    def silent_writer(self, *, wait: bool = False) -> Problem | None:
        """Set where another process writes and does not run. With `wait` it is known when this returns,
        without it soon.
        """
        if self._lock.held or not (self._watch.hear() if wait else self._watch.silent()):
            return None
        return Problem(
            "writer-silent",
            f"process {self._lock.owner() or 'unknown'} keeps this index current and does not respond: it is "
            "stopped or frozen. Continue or end it; until then only files saved here are up to date",
        )

    @property
    def asks_writer(self) -> bool:
        """Whether it is being found out if the process that writes runs."""
        return not self._lock.held and self._watch.waiting

    def written_elsewhere(self) -> bool:
        """Whether another process writes this index now."""
        return self._lock.is_held_elsewhere()

    def indexed_share(self, text: TextSnapshot) -> float:
        """Share of the files that the published generation covers."""
        if not text.generation:
            return 0.0  # The first index has been begun, and nothing of it is committed.
        if self._notes.state is State.INDEXING and self.total_files:
            return min(1.0, self.done_files / self.total_files)
        if text.missing:
            files = text.file_count
            return files / (files + text.missing)
        return 1.0

    def incomplete(self, text: TextSnapshot) -> Problem | None:
        """Says so where the index does not cover the whole folder."""
        share = self.indexed_share(text)
        if share >= 1.0:
            return None
        starting = self.is_writer and not text.generation
        if starting or self._notes.state is State.INDEXING or self.written_elsewhere():
            return Problem("indexing", f"{share:.0%} of the files are indexed so far")
        if not text.generation:
            return Problem("incomplete", "there is no index yet; `codanna-lsp index` builds it")
        return Problem(
            "incomplete",
            f"{share:.0%} of the files are indexed, for the last run was stopped before its end; "
            "`codanna-lsp index` does the rest",
        )

    @property
    def expected_files(self) -> int:
        """Files that are, or will be, in the index; 0 until this process has looked at the folder."""
        return max(0, self.total_files - self._files.left_out())

    def skipped(self, generation: int) -> dict[str, int]:
        """How many files were left out, by reason."""
        return self._files.skipped(generation)

    def open(self) -> None:
        """Open the text index that is there, if one is."""
        problem = self.text.open()
        if problem is not None:
            self._notes.problem(problem)
        if self.text.ready:
            self._notes.set_state(State.READY)

    def close(self) -> None:
        """Stop at the next committed state and give the lock back."""
        self._closing.cancel()
        self.background.stop()
        self._beside.stop()
        with self._mutex:
            if self._lock.held and self._unsaved:
                self._save_derived(hurry=True)
            self._names.close()
            self._drop_writer()
            if self._lock.held:
                self._secure()
            self._let_lock_go()
            self._watch.close()

    def wait_until_idle(self, timeout: float | None) -> bool:
        """Whether all background work was done before the time was up."""
        started = time.monotonic()
        while self.background.wait_until_idle(timeout):
            if not self._beside.busy:
                return True
            left = None if timeout is None else max(0.0, timeout - (time.monotonic() - started))
            if not self._beside.wait_until_idle(left):
                return False
        return False

    def settle(self, cancel: Cancel | None = None) -> None:
        """Wait until merges and background work are done, for a program that ends right after."""
        while not self.wait_until_idle(0.2):
            if cancel is not None and cancel.cancelled:
                return
        with self._mutex:
            self._drop_writer(wait=True)

    def try_to_write(self) -> bool:
        """Become the writer if nobody else is; True if this process is."""
        with self._mutex:
            return self._become_writer()

    def change_settings(self, settings: Settings) -> None:
        """Take over settings for the next run."""
        with self._mutex:
            self._settings = settings
            self.text.change_options(options_digest(settings))

    # Runs

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
            if not self._become_writer():
                return self._read_only_report(started)
            if anew:
                self._start_text_anew()
            self._meanings.open(writable=True)
            try:
                changes = self._reconcile(stop, verify=verify)
            except IndexCorrupt as error:
                self._notes.problem(Problem("index-corrupt", f"the text index is built anew: {error}"))
                self._start_text_anew()
                changes = self._reconcile(stop, verify=verify)
            report = SyncReport(self.text.snapshot().generation)
            self._notes.about_folder(changes.problems)
            self.total_files = changes.total
            report.unchanged = max(0, changes.unchanged - self._files.left_out())
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
        with self._saved_lock:
            saved = _Saved(list(paths)) if self._running is not None else None
            if saved is not None and self._running is not None:
                self._saved.append(saved)
                self._running.wake()
        if saved is not None:
            while not saved.done.wait(0.2):
                if cancel is not None:
                    cancel.raise_if_cancelled()
            if saved.report is not None:
                return saved.report
        with self._mutex:
            if not self._become_writer():
                return self._read_only_report(started)
            text = self.text.snapshot()
            if not text.generation:
                # The index has only just been started, and single files would pass for all there are.
                return self.sync(None, cancel, verify=False)
            self._meanings.open(writable=True)
            report = SyncReport(text.generation)
            try:
                changes = self._files.reconcile_paths(self._root, self._settings.discovery, text, paths)
            except IndexCorrupt:
                return self.sync(None, cancel, verify=False)  # It meets the same damage, and repairs it.
            if unchanged_too:
                changes.tasks = [(FileTask(task.path), size) for task, size in changes.tasks]
            self._apply(changes, report, None, Cancel(cancel, self._closing), whole=False)
        report.seconds = time.monotonic() - started
        return report

    def heal(self, error: IndexCorrupt) -> None:
        """Have what is damaged built anew in the background."""
        if self._meanings.start_vectors_anew(error):
            self.embed_missing_soon()
        else:
            self.heal_text(error)

    def heal_text(self, error: IndexCorrupt) -> None:
        """Replace a damaged text index by an empty one and fill it from the sources, in the background."""
        self._notes.problem(Problem("index-corrupt", f"the text index is built anew: {error}"))
        self.background.schedule(
            "heal", lambda cancel: self._ignore(self.sync(None, cancel, verify=False, anew=True))
        )

    def _reconcile(self, cancel: Cancel, *, verify: bool) -> FileChanges:
        text = self.text.snapshot()
        return self._files.reconcile(self._root, self._settings.discovery, text, cancel=cancel, verify=verify)

    def _apply(
        self,
        changes: FileChanges,
        report: SyncReport,
        progress: Callable[[Progress], None] | None,
        cancel: Cancel,
        *,
        whole: bool,
    ) -> None:
        text = self.text.snapshot()
        restate = whole and (text.missing or not text.generation)
        if not changes.tasks and not changes.removed and not restate:
            self._notes.set_state(State.READY)
            self._after_writing()
            return
        before = text.generation
        had_all_vectors = before == 0 or self._meanings.is_complete(text)
        many = len(changes.tasks) > _BULK_FILES
        if many:
            self._was_bulk = True
            self._notes.set_state(State.INDEXING)
        self.done_files = max(0, self.total_files - len(changes.tasks))
        indexer = self._indexer(bulk=many)
        if many:
            with self._saved_lock:
                self._running = indexer
        else:
            self._names.begin(text)
        try:
            run = indexer.run(
                changes.tasks,
                changes.removed,
                new_paths=changes.new,
                whole=whole,
                progress=progress,
                cancel=cancel,
                between=lambda: self._take_saved(indexer),
            )
            if run.names_cut:
                self._names.show(run.names)
            else:
                self._names.add(run.names, text, self.text.snapshot())
        except BaseException as error:
            # Whatever was not committed is dropped, so that the next run starts from a known state.
            self._abandon_writer()
            if isinstance(error, Cancelled):
                self._after_writing()  # What was committed is kept, and may still lack its vectors.
            raise
        finally:
            with self._saved_lock:
                self._running = None
            self._release_saved()
            self._names.end()
            self._notes.set_state(State.READY)
        self._meanings.note_written(max(before, run.generation), run.pending, had_all_vectors)
        _fill(report, run, changes)
        self._after_writing()

    def _take_saved(self, indexer: Indexer) -> None:
        """Index what was saved while the run goes on, and publish it at once."""
        with self._saved_lock:
            waiting, self._saved = self._saved, []
        try:
            for saved in waiting:
                started = time.monotonic()
                text = self.text.snapshot()
                changes = self._files.reconcile_paths(self._root, self._settings.discovery, text, saved.paths)
                # The run may hold files that are not committed yet, so that the table does not know them.
                held = {task.path for task, _ in changes.tasks}.union(changes.removed)
                changes.removed.extend(
                    path
                    for path in saved.paths
                    if path not in held and not os.path.lexists(self._root / path)
                )
                report = SyncReport(text.generation)
                run = indexer.run_inline(changes.tasks, changes.removed)
                self._names.show(run.names)
                _fill(report, run, changes)
                report.seconds = time.monotonic() - started
                saved.report = report
                saved.done.set()
        finally:
            # Where one of them failed, all that are left do it themselves when the run is over.
            for saved in waiting:
                saved.done.set()

    def _release_saved(self) -> None:
        """Release those who came too late for the run: they do it themselves when the run is over."""
        with self._saved_lock:
            waiting, self._saved = self._saved, []
        for saved in waiting:
            saved.done.set()

    def _indexer(self, *, bulk: bool) -> Indexer:
        active = self._meanings.active
        return Indexer(
            self._root,
            self._settings,
            self._text_writer(bulk=bulk),
            active.vectors if active is not None else None,
            active.embedder if active is not None else None,
            self._parsing,
            workers_can_embed=self._meanings.workers_can_embed,
            on_commit=self._committed,
            checkpoint=self._checkpoint,
        )

    def _committed(self, generation: int, outcomes: Sequence[Outcome]) -> None:
        self._files.record(generation, outcomes)
        self.done_files += len(outcomes)
        self._notes.about_files(
            (outcome.prepared.path for outcome in outcomes),
            (problem for outcome in outcomes for problem in outcome.prepared.problems),
        )
        self._unsaved = True
        self._notes.changed()

    def _after_writing(self) -> None:
        """Hand what nobody waits for to the background."""
        schedule = self.background.schedule
        if self._unsaved or self._files.dirty or not self._names.settled(self.text.snapshot()):
            self._unsaved = True
            schedule("derived", lambda cancel: self._save_derived(), after=_SAVE_AFTER_S)
        schedule("verify", lambda cancel: self._verify_rest())
        if self._parsing.has_again:
            self._beside.schedule("parse", self._parse_again)
        if not self._meanings.is_complete(self.text.snapshot()):
            schedule("embed", self._embed_missing)
        active = self._meanings.active
        if active is not None and active.vectors is not None and active.vectors.needs_maintenance():
            schedule("clusters", self._meanings.maintain)

    def _parse_again(self, cancel: Cancel) -> None:
        """Give files that were too slow once twice the time, while nobody waits for them."""
        parsed = []
        for path in self._parsing.take_again():
            cancel.raise_if_cancelled()
            prepared, data = read_file(self._root, path, self._settings.discovery)
            if prepared.skipped is not None or prepared.gone:
                continue
            if self._parsing.parse_again(to_utf8(data)[0], path):
                parsed.append(path)
        if parsed:
            self.update(parsed, cancel, unchanged_too=True)
        with self._mutex:
            if self._lock.held:
                self._parsing.verdicts.save()

    def _rebuild_names_soon(self, text: TextSnapshot) -> None:
        self._beside.schedule("names", lambda cancel: self._rebuild_names(text, cancel))

    def _rebuild_names(self, text: TextSnapshot, cancel: Cancel) -> None:
        generation = build_elsewhere(text.folder, self._folder.path / "names", cancel)
        if not self._names.rebuilt_elsewhere(text, generation):
            log.warning("the names could not be read back in a process of their own")
            self._names.rebuild(text)

    def embed_missing_soon(self) -> None:
        """Look for missing vectors in the background."""
        self.background.schedule("embed", self._embed_missing)

    def _embed_missing(self, cancel: Cancel) -> None:
        if self.text.ready and self._meanings.embed_missing(self.text.snapshot(), cancel):
            self.embed_missing_soon()

    # The lock and the text index

    def _become_writer(self) -> bool:
        if self._closing.cancelled:
            raise CodannaError("this engine is closed")
        if self._lock.held and not self._folder.lock_file.exists():
            # Somebody removed the folder: what is open leads to files that are gone, the lock included.
            self._abandon_writer()
            self._meanings.close()
            self._names.close()
            self._let_lock_go()
        if not self._lock.held:
            if not self._take_lock():
                return False
            # The last writer may have published more, or died while it replaced the text index.
            problem = self.text.open()
            if problem is not None:
                self._notes.problem(problem)
        if not self.text.ready or self.text.rebuilt_because is not None:
            self._start_text_anew()
        return True

    def _take_lock(self) -> bool:
        try:
            self._folder.make()
            taken = self._lock.acquire()
            self._refused = self._lock.refused
            if taken:
                self._folder.claim()
                self._pulse.start()
        except (OSError, CodannaError) as error:
            self._let_lock_go()
            if not isinstance(error, OSError) or error.errno not in NOT_WRITABLE:
                raise
            taken, self._refused = False, error
        if self._refused is not None and not self._has_published():
            raise self._refused  # There is nothing to read either.
        return taken

    def _secure(self) -> None:
        try:
            self._folder.secure()
        except OSError as error:
            log.info("the index was removed, or cannot be secured: %s", error)

    def _let_lock_go(self) -> None:
        self._pulse.stop()
        self._lock.release()

    def _has_published(self) -> bool:
        return self.text.ready and self.text.snapshot().generation > 0

    def _start_text_anew(self) -> None:
        self._drop_writer()
        self.text.start_anew()
        self._files.forget()
        self._names.forget(self.text.snapshot())

    def _text_writer(self, *, bulk: bool) -> TextWriter:
        if self._writer is not None and bulk and not self._writer_is_bulk:
            self._drop_writer(wait=True)
        if self._writer is None:
            self._writer = self.text.index.writer(bulk=bulk)
            self._writer_is_bulk = bulk
        return self._writer

    def _drop_writer(self, *, wait: bool = False) -> None:
        writer, self._writer = self._writer, None
        if writer is not None:
            writer.close(wait_for_merges=wait)

    def _abandon_writer(self) -> None:
        writer, self._writer = self._writer, None
        if writer is not None:
            writer.abandon()

    def _save_derived(self, *, hurry: bool = False) -> None:
        """Write what is quicker to read than to rebuild: the table of files, names, checked stamps."""
        with self._mutex:
            if not self._lock.held or not self.text.ready:
                return
            self._unsaved = False
            snapshot = self.text.snapshot()
            self._files.save(snapshot.generation)
            self._parsing.verdicts.save()
            self.text.save_stamps()
            self._meanings.record_completeness(snapshot)
        if not hurry:
            self._names.save(snapshot)
        if self._was_bulk and not hurry:
            self._was_bulk = False
            give_back()

    def _verify_rest(self) -> None:
        try:
            self.text.verify_rest()
        except IndexCorrupt as error:
            self.heal_text(error)

    def _read_only_report(self, started: float) -> SyncReport:
        self.text.reopen_if_replaced()
        if not self._has_published():
            raise IndexMissing("another process has just begun to index this folder; try again in a moment")
        problem = (
            self.unwritable
            or self.silent_writer(wait=True)
            or Problem(
                "read-only", f"another process ({self._lock.owner()}) keeps this index current; reading only"
            )
        )
        generation = self.text.snapshot().generation
        return SyncReport(generation, seconds=time.monotonic() - started, problems=[problem])

    def _is_folder(self, path: str) -> bool:
        full = self._root / path
        return full.is_dir() and not os.path.islink(full)

    def _job_failed(self, name: str, error: Exception) -> None:
        if isinstance(error, IndexCorrupt):
            self.heal(error)
            return
        self._notes.problem(Problem("background", f"{name} failed in the background: {error}"))

    @staticmethod
    def _ignore(_report: SyncReport) -> None:
        """A background run reports through the notes."""


def _fill(report: SyncReport, run: RunReport, changes: FileChanges) -> None:
    report.generation = max(report.generation, run.generation)
    report.added += run.added
    report.changed += run.changed
    report.unchanged += run.unchanged
    report.removed += len(changes.removed)
    report.symbols += run.symbols
    report.embedded += run.embedded
    report.problems.extend(run.problems)
