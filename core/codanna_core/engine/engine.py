"""The facade: opens an index, keeps it current, answers questions. The command line and the server are its users."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from codanna_core.config import Settings, diff, load_settings, options_digest
from codanna_core.embed.base import Embedder
from codanna_core.embed.text import embedding_text
from codanna_core.engine.answers import answer, answer_similar
from codanna_core.engine.background import Background
from codanna_core.engine.cancel import Cancel
from codanna_core.engine.file_state import FileState
from codanna_core.engine.indexer import Indexer, Outcome, RunReport
from codanna_core.engine.layout import IndexFolder, index_folder
from codanna_core.engine.meaning import Meaning, open_meaning
from codanna_core.engine.overlay import OverlayFile, read_buffer
from codanna_core.engine.prepare import FileTask, prepare, source_text
from codanna_core.engine.snapshot import Snapshot
from codanna_core.engine.symbol_search import SymbolSearch
from codanna_core.engine.text_store import TextStore
from codanna_core.errors import (
    CodannaError,
    IndexCorrupt,
    IndexLocked,
    IndexMissing,
    InvalidQuery,
    ModelUnavailable,
)
from codanna_core.files import decode
from codanna_core.languages import extract
from codanna_core.model import Extraction, Problem
from codanna_core.results import (
    Filters,
    Mode,
    Progress,
    SearchRequest,
    SearchResult,
    State,
    Status,
    SymbolHit,
    SyncReport,
)
from codanna_core.storage.collect import remove_tree, tree_size
from codanna_core.storage.directory import Checkpoint
from codanna_core.storage.lock import WriterLock
from codanna_core.text.documents import body_words, direct_children, own_body
from codanna_core.text.index import TextSnapshot, TextWriter

Answer = TypeVar("Answer")

log = logging.getLogger("codanna.engine")

_PROBLEM_LIMIT = 200
_BULK_FILES = 200
_LOOK_UP = 10_000
_SAVE_AFTER_S = 2.0
"""Derived files are written when nothing was saved for this long, so that they never delay a save."""


class Engine:
    """One workspace folder with its index. All methods may be called from any thread.

    Reading never waits for writing: an answer is computed from a snapshot. Writing is serialised, and only the
    process that holds the writer lock does it; in any other process `sync` and `update` return at once and the
    answers come from what the writer has published.
    """

    def __init__(
        self,
        root: Path,
        folder: IndexFolder,
        settings: Settings,
        problems: list[Problem],
        embedder: Embedder | None = None,
        checkpoint: Checkpoint | None = None,
    ) -> None:
        self.root = root
        self.folder = folder
        self.settings = settings
        self._problems = problems
        self._own_embedder = embedder
        self._checkpoint: Checkpoint = checkpoint or _no_checkpoint
        self._lock = WriterLock(folder.lock_file)
        self._text = TextStore(folder, root, options_digest(settings))
        self._files = FileState(folder.directory)
        self._meaning: Meaning | None = None
        self._meaning_problem: Problem | None = None
        self._meaning_lock = threading.RLock()
        self._write = threading.RLock()
        self._writer: TextWriter | None = None
        self._writer_bulk = False
        self._overlay: Mapping[str, OverlayFile] = MappingProxyType({})
        self._overlay_lock = threading.Lock()
        self._names = SymbolSearch(folder.path / "names")
        self._background = Background(self._job_failed)
        self._listeners: list[Callable[[], None]] = []
        self._state = State.EMPTY
        self._total_files = 0
        self._done_files = 0
        self._next_meaning: Meaning | None = None
        self._embedded: tuple[str, int] = ("", 0)
        """Model and generation for which every vector is known to be there."""
        self._pending = 0
        self._closed = False

    # Opening and closing

    @classmethod
    def open(
        cls,
        root: Path | str,
        index_dir: Path | str | None = None,
        settings: Settings | None = None,
        *,
        overrides: Mapping[str, Any] | None = None,
        embedder: Embedder | None = None,
        checkpoint: Checkpoint | None = None,
    ) -> Engine:
        """Open the index of a folder. Loads no model and scans nothing; `sync` does.

        `overrides` are options of the command line or an editor; an `embedder` takes the place of the model that the
        settings name. `checkpoint` is called at each named step of a commit; tests crash there.
        """
        root = _checked_root(root)
        problems: list[Problem] = []
        if settings is None:
            settings, problems = load_settings(root, overrides)
        configured = Path(index_dir) if index_dir is not None else None
        if configured is None and settings.index.dir:
            configured = Path(settings.index.dir).expanduser()
        folder = IndexFolder(index_folder(root, configured), checkpoint)
        engine = cls(root, folder, settings, list(problems), embedder, checkpoint)
        folder.create()
        problem = engine._text.open()
        if problem is not None:
            engine._note(problem)
        if engine._text.ready:
            engine._state = State.READY
            engine._names.open(engine._text.index)
        return engine

    def close(self) -> None:
        """Stop background work at its next committed state and release the index."""
        if self._closed:
            return
        self._closed = True
        self._background.stop()
        with self._write:
            if self._lock.held:
                self._save_derived()
            self._drop_writer()
            with self._meaning_lock:
                for meaning in (self._meaning, self._next_meaning):
                    if meaning is not None:
                        meaning.close()
                self._meaning = self._next_meaning = None
            self._lock.release()

    def __enter__(self) -> Engine:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # Reading

    def search(
        self,
        query: str | SearchRequest,
        *,
        limit: int | None = None,
        mode: Mode | str | None = None,
        filters: Filters | None = None,
        explain: bool = False,
        cancel: Cancel | None = None,
    ) -> SearchResult:
        """Answer a question. Raises IndexMissing before the first `sync`."""
        if isinstance(query, SearchRequest):
            request = query
        else:
            request = SearchRequest(
                query,
                self.settings.search.limit if limit is None else limit,
                _mode(self.settings.search.mode if mode is None else mode),
                filters or Filters(),
                explain=explain,
            )
        return self._healing(
            lambda: answer(self._snapshot(meaning=request.mode is not Mode.TEXT), request, cancel)
        )

    def similar(
        self,
        path: str,
        start_line: int,
        end_line: int | None = None,
        *,
        limit: int | None = None,
        filters: Filters | None = None,
        cancel: Cancel | None = None,
    ) -> SearchResult:
        """Code like the symbol at a line, or like the lines of a selection (lines from 0, both included)."""
        relative = self.relative(path)
        snapshot = self._snapshot(meaning=True)
        if snapshot.embedder is None:
            raise ModelUnavailable("similar code is found by meaning, and no model is loaded; see `status`")
        text = self._text_of(relative, snapshot)
        lines = text.splitlines()
        if not 0 <= start_line < max(1, len(lines)):
            raise InvalidQuery(f"{relative} has {len(lines)} lines; line {start_line + 1} is not one of them")
        last = start_line if end_line is None else max(start_line, end_line)
        origin, wanted = _origin(relative, text, start_line, last, whole_symbol=end_line is None)
        vector = snapshot.embedder.embed_passages([wanted])[0]
        return answer_similar(
            snapshot,
            vector,
            f"{relative}:{start_line + 1}",
            origin,
            self.settings.search.limit if limit is None else limit,
            filters or Filters(),
            cancel,
        )

    def symbols(
        self,
        query: str,
        *,
        limit: int | None = None,
        near: Sequence[str] = (),
        cancel: Cancel | None = None,
    ) -> list[SymbolHit]:
        """Symbols by name, fuzzily; what `workspace/symbol` shows."""
        wanted = self.settings.search.symbol_limit if limit is None else limit
        return self._healing(
            lambda: self._names.search(self._snapshot(meaning=False), query, wanted, near, cancel)
        )

    def document_symbols(self, path: str, text: str | None = None) -> Extraction:
        """The outline of one file, or of the given text of it."""
        relative = self.relative(path)
        data = text.encode("utf-8", "replace") if text is not None else (self.root / relative).read_bytes()
        return extract(data, relative)

    def status(self) -> Status:
        """The whole truth about the index."""
        text = self._text.index.snapshot() if self._text.ready else None
        meaning = self._meaning
        vectors = meaning.vectors.snapshot() if meaning is not None and meaning.vectors is not None else None
        problems = list(self._problems)
        if self._meaning_problem is not None:
            problems.append(self._meaning_problem)
        return Status(
            root=str(self.root),
            index_dir=str(self.folder.path),
            state=self._state_now(),
            generation=text.generation if text is not None else 0,
            writer=self._lock.held,
            files_indexed=text.file_count if text is not None else 0,
            files_total=max(self._total_files, text.file_count if text is not None else 0),
            files_skipped=self._files.skipped(text.generation if text is not None else 0),
            symbols=text.symbol_count if text is not None else 0,
            vectors_total=vectors.count if vectors is not None else 0,
            vectors_pending=self._pending,
            model=meaning.embedder.model_id if meaning is not None else self.settings.semantic.model,
            dimension=meaning.embedder.dimension if meaning is not None else 0,
            bytes_on_disk=tree_size(self.folder.path),
            problems=problems,
        )

    def subscribe(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call `listener` after each published change and change of state; returns what ends the subscription."""
        self._listeners.append(listener)

        def end() -> None:
            if listener in self._listeners:
                self._listeners.remove(listener)

        return end

    def wait_until_idle(self, timeout: float | None = None) -> bool:
        """Whether background work was done before the time was up."""
        return self._background.wait_until_idle(timeout)

    def relative(self, path: str | os.PathLike[str]) -> str:
        """A path below the root in the index's form; raises InvalidQuery for a path outside."""
        text = os.fspath(path)
        full = os.path.normpath(os.path.join(self.root, text))
        relative = os.path.relpath(full, self.root)
        if relative == os.pardir or relative.startswith(os.pardir + os.sep) or os.path.isabs(relative):
            raise InvalidQuery(f"{text} is not inside {self.root}")
        return relative.replace(os.sep, "/")

    # Writing

    def sync(
        self,
        *,
        progress: Callable[[Progress], None] | None = None,
        cancel: Cancel | None = None,
        verify: bool = False,
    ) -> SyncReport:
        """Bring the index up to date with the folder. `verify` compares contents, not only time stamps."""
        started = time.monotonic()
        with self._write:
            if not self._become_writer():
                return self._read_only_report(started)
            self._open_meaning()
            text = self._text.index.snapshot()
            changes = self._files.reconcile(
                self.root, self.settings.discovery, text, cancel=cancel, verify=verify
            )
            for problem in changes.problems:
                self._note(problem)
            self._total_files = changes.total
            report = self._apply(changes.tasks, changes.removed, changes.new, progress, cancel)
            report.unchanged += changes.unchanged
            self._after_writing()
        report.seconds = time.monotonic() - started
        return report

    def update(self, paths: Iterable[str | os.PathLike[str]], *, cancel: Cancel | None = None) -> SyncReport:
        """Bring single files or folders up to date: changed, created or deleted ones."""
        started = time.monotonic()
        wanted = [self.relative(path) for path in paths]
        with self._write:
            if not self._become_writer():
                return self._read_only_report(started)
            if any(path == "." or (self.root / path).is_dir() for path in wanted):
                return self.sync(cancel=cancel)
            self._open_meaning()
            text = self._text.index.snapshot()
            changes = self._files.reconcile_paths(self.root, self.settings.discovery, text, wanted)
            report = self._apply(changes.tasks, changes.removed, changes.new, None, cancel)
            self._after_writing()
        report.seconds = time.monotonic() - started
        return report

    def set_overlay(self, path: str, text: str) -> None:
        """Let an unsaved buffer stand for the file until it is saved and cleared."""
        relative = self.relative(path)
        meaning = self._meaning if self.settings.semantic.enabled else None
        file = read_buffer(relative, text, meaning.embedder if meaning is not None else None)
        with self._overlay_lock:
            self._overlay = MappingProxyType({**self._overlay, relative: file})

    def clear_overlay(self, path: str) -> None:
        """Forget the buffer of a file: from now on the index speaks for it."""
        relative = self.relative(path)
        with self._overlay_lock:
            self._overlay = MappingProxyType(
                {other: file for other, file in self._overlay.items() if other != relative}
            )

    def rebuild_clusters(
        self, *, progress: Callable[[str, float], None] | None = None, cancel: Cancel | None = None
    ) -> bool:
        """Seal, merge and train now instead of in the background; False where another process writes."""
        with self._write:
            if not self._become_writer():
                return False
            meaning = self._open_meaning()
        if meaning is not None and meaning.vectors is not None:
            meaning.vectors.maintain(cancel, progress)
        return True

    def reindex(
        self, *, progress: Callable[[Progress], None] | None = None, cancel: Cancel | None = None
    ) -> SyncReport:
        """Build the text index anew; vectors of unchanged texts are kept."""
        with self._write:
            if self._become_writer():
                self._start_text_anew()
            return self.sync(progress=progress, cancel=cancel)

    def clean(self) -> None:
        """Remove the index; raises IndexLocked where another process writes it."""
        with self._write:
            if not self._lock.acquire():
                raise IndexLocked(f"another process ({self._lock.owner()}) writes this index; end it first")
            self.close()
            remove_tree(self.folder.path)

    def apply_settings(self, overrides: Mapping[str, Any]) -> list[str]:
        """Take over changed settings without a restart; returns the names of the changed keys."""
        settings, problems = load_settings(self.root, overrides)
        changed = diff(self.settings, settings)
        if not changed:
            return []
        with self._write:
            self.settings = settings
            self._problems = list(problems)
            if any(name.startswith(("semantic.", "vectors.")) for name in changed):
                self._change_meaning()
        return changed

    # Inside

    def _snapshot(self, *, meaning: bool) -> Snapshot:
        if not self._lock.held:
            self._text.reopen_if_replaced()
        text = self._text.index.snapshot()
        opened = self._open_meaning() if meaning else None
        vectors = None
        problems: list[Problem] = []
        if opened is not None and opened.vectors is not None:
            if not opened.writable:
                opened.vectors.refresh()
            vectors = opened.vectors.snapshot()
        if meaning and self._meaning_problem is not None:
            problems.append(self._meaning_problem)
        if meaning and self._pending:
            problems.append(
                Problem("vectors-pending", f"{self._pending} symbols are found by text only, for now")
            )
        indexed = self._indexed_share()
        if indexed < 1.0:
            problems.append(Problem("indexing", f"{indexed:.0%} of the files are indexed so far"))
        with self._overlay_lock:
            overlay = self._overlay
        return Snapshot(
            self.root,
            text,
            vectors,
            opened.embedder if opened is not None else None,
            overlay,
            indexed,
            tuple(problems),
        )

    def _indexed_share(self) -> float:
        if self._state is not State.INDEXING or not self._total_files:
            return 1.0
        return min(1.0, self._done_files / self._total_files)

    def _open_meaning(self) -> Meaning | None:
        """The model and its vectors, loaded on first use; None, with the reason noted, where that fails."""
        with self._meaning_lock:
            meaning = self._meaning
            if meaning is not None and (meaning.writable or not self._lock.held):
                if meaning.vectors is not None or meaning.writable:
                    return meaning
            if meaning is None and self._meaning_problem is not None:
                return None
            try:
                opened = open_meaning(
                    self.folder,
                    self.settings,
                    embedder=self._own_embedder,
                    writable=self._lock.held,
                    checkpoint=self._checkpoint,
                )
            except ModelUnavailable as error:
                self._meaning_problem = Problem("no-meaning", str(error))
                return None
            if meaning is not None:
                meaning.close()
            if opened.problem is not None:
                self._note(opened.problem)
            self._meaning = opened
            return opened

    def _change_meaning(self) -> None:
        """Switch to another model: the old one answers until the vectors of the new one are complete."""
        with self._meaning_lock:
            self._meaning_problem = None
            old, self._meaning, self._next_meaning = self._meaning, None, None
            opened = self._open_meaning()
            if opened is None or not opened.writable:
                return
            if old is not None and old.embedder.model_id != opened.embedder.model_id:
                self._meaning, self._next_meaning = old, opened
        self._background.schedule("embed", self._embed_pending)

    def _become_writer(self) -> bool:
        if self._closed:
            raise CodannaError("this engine is closed")
        if not self._lock.held:
            if not self._lock.acquire():
                return False
            # The last writer may have published more, or died while it replaced the text index.
            if not self._text.ready or self._text.rebuilt_because is None:
                problem = self._text.open()
                if problem is not None:
                    self._note(problem)
        if not self._text.ready or self._text.rebuilt_because is not None:
            self._start_text_anew()
        return True

    def _start_text_anew(self) -> None:
        self._drop_writer()
        self._text.start_anew()
        self._files.forget()
        self._names.forget()

    def _text_writer(self, *, bulk: bool) -> TextWriter:
        if self._writer is not None and bulk and not self._writer_bulk:
            self._drop_writer()
        if self._writer is None:
            self._writer = self._text.index.writer(bulk=bulk)
            self._writer_bulk = bulk
        return self._writer

    def _drop_writer(self) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    def _apply(
        self,
        tasks: Sequence[tuple[FileTask, int]],
        removed: Sequence[str],
        new: frozenset[str],
        progress: Callable[[Progress], None] | None,
        cancel: Cancel | None,
    ) -> SyncReport:
        report = SyncReport(self._text.index.snapshot().generation)
        if not tasks and not removed:
            self._set_state(State.READY)
            return report
        meaning = self._meaning
        vectors = meaning.vectors if meaning is not None else None
        cold = vectors is None or vectors.snapshot().count == 0
        if len(tasks) > _BULK_FILES:
            self._set_state(State.INDEXING)
        self._done_files = max(0, self._total_files - len(tasks))

        def committed(generation: int, outcomes: Sequence[Outcome]) -> None:
            self._files.record(generation, outcomes)
            self._done_files += len(outcomes)
            self._tell()

        indexer = Indexer(
            self.root,
            self.settings,
            self._text_writer(bulk=len(tasks) > _BULK_FILES),
            vectors,
            meaning.embedder if meaning is not None else None,
            workers_can_embed=self._own_embedder is None,
            on_commit=committed,
            checkpoint=self._checkpoint,
        )
        try:
            run = indexer.run(tasks, removed, new_paths=new, cold=cold, progress=progress, cancel=cancel)
        except BaseException:
            # Whatever was not committed is dropped, so that the next run starts from a known state.
            self._abandon_writer()
            raise
        finally:
            self._set_state(State.READY)
        self._take_over(run, report, new, removed)
        return report

    def _take_over(
        self, run: RunReport, report: SyncReport, new: frozenset[str], removed: Sequence[str]
    ) -> None:
        for problem in run.problems:
            self._note(problem)
        self._pending += run.pending
        self._names.add(run.names)
        report.generation = max(report.generation, run.generation)
        report.added = min(len(new), run.files)
        report.changed = run.files - report.added
        report.removed = len(removed)
        report.unchanged = run.unchanged
        report.symbols = run.symbols
        report.embedded = run.embedded
        report.problems = run.problems

    def _abandon_writer(self) -> None:
        writer, self._writer = self._writer, None
        if writer is not None:
            writer.abandon()

    def _after_writing(self) -> None:
        """Hand what nobody waits for to the background."""
        self._background.schedule("derived", lambda cancel: self._save_derived(), after=_SAVE_AFTER_S)
        self._background.schedule("verify", lambda cancel: self._verify_rest())
        meaning = self._meaning
        if meaning is not None:
            expected = (meaning.embedder.model_id, self._embedded[1])
            if self._pending or self._embedded != expected:
                self._background.schedule("embed", self._embed_pending)
        if meaning is not None and meaning.vectors is not None and meaning.vectors.needs_maintenance():
            vectors = meaning.vectors
            self._background.schedule("clusters", lambda cancel: vectors.maintain(cancel))

    def _embed_pending(self, cancel: Cancel) -> None:
        """Compute the vectors that symbols of the text index still lack, and switch models once none is missing."""
        target = self._next_meaning or self._meaning
        if target is None or target.vectors is None or not target.writable or not self._text.ready:
            return
        text = self._text.index.snapshot()
        keys = np.unique(np.array(text.keys(), np.uint64))
        missing = keys[~target.vectors.contains(keys)]
        self._pending = len(missing)
        if len(missing):
            self._set_state(State.EMBEDDING)
            try:
                self._embed_missing(target, text, missing, cancel)
            finally:
                target.vectors.flush()
                self._set_state(State.READY)
        if target is self._next_meaning:
            with self._meaning_lock:
                # Readers that hold the old store finish with it: its files are write-once.
                self._meaning, self._next_meaning = target, None
            self._background.schedule("embed", self._embed_pending)
            return
        self._embedded = (target.embedder.model_id, text.generation)
        self._tell()

    def _embed_missing(
        self, target: Meaning, text: TextSnapshot, missing: NDArray[np.uint64], cancel: Cancel
    ) -> None:
        assert target.vectors is not None
        batch = self.settings.semantic.batch
        for start in range(0, len(missing), _LOOK_UP):
            wanted = set(missing[start : start + _LOOK_UP].tolist())
            found = text.with_keys(sorted(wanted), 8 * len(wanted))
            for path in dict.fromkeys(text.symbol(address).path for _, address in found):
                cancel.raise_if_cancelled()
                prepared = prepare(self.root, FileTask(path), self.settings.discovery, None, want_texts=True)
                # A file that changed since is embedded when its new text is indexed.
                texts = {
                    key: given
                    for key, given in zip(prepared.keys.tolist(), prepared.texts, strict=True)
                    if key in wanted
                }
                wanted.difference_update(texts)
                for first in range(0, len(texts), batch):
                    part = list(texts.items())[first : first + batch]
                    rows = target.embedder.embed_passages([given for _, given in part], cancel)
                    target.vectors.upsert(np.array([key for key, _ in part], np.uint64), rows)
                    self._pending = max(0, self._pending - len(part))

    def _save_derived(self) -> None:
        """Write what can be rebuilt but is quicker to read: the table of files, the names, the checked stamps."""
        with self._write:
            if not self._lock.held or not self._text.ready:
                return
            snapshot = self._text.index.snapshot()
            self._files.save(snapshot.generation)
            self._names.save(snapshot)
            self._text.save_stamps()

    def _verify_rest(self) -> None:
        try:
            self._text.verify_rest()
        except IndexCorrupt as error:
            self._heal_text(error)

    def _heal_text(self, error: IndexCorrupt) -> None:
        """Replace a damaged text index by an empty one and fill it from the sources."""
        self._note(Problem("index-corrupt", f"the text index is built anew: {error}"))
        with self._write:
            if self._become_writer():
                self._start_text_anew()
                self.sync()

    def _healing(self, call: Callable[[], Answer]) -> Answer:
        """Run a query; where it meets damage, rebuild and run it once more."""
        try:
            return call()
        except IndexCorrupt as error:
            log.warning("damage met by a query: %s", error)
            self._heal_text(error)
            return call()

    def _text_of(self, path: str, snapshot: Snapshot) -> str:
        buffer = snapshot.overlay.get(path)
        if buffer is not None:
            return buffer.text
        return decode((self.root / path).read_bytes())[0]

    def _note(self, problem: Problem) -> None:
        if problem not in self._problems:
            self._problems.append(problem)
            del self._problems[:-_PROBLEM_LIMIT]

    def _job_failed(self, name: str, error: Exception) -> None:
        self._note(Problem("background", f"{name} failed in the background: {error}"))

    def _set_state(self, state: State) -> None:
        if self._state is not state:
            self._state = state
            self._tell()

    def _state_now(self) -> State:
        if self._state is State.READY:
            if not self._lock.held and self._lock.owner() is not None:
                return State.READY
            if self._background.running == "clusters":
                return State.TRAINING
        return self._state

    def _tell(self) -> None:
        for listener in list(self._listeners):
            try:
                listener()
            except Exception:  # A listener's fault is not the index's.
                log.exception("a listener failed")

    def _read_only_report(self, started: float) -> SyncReport:
        problem = Problem(
            "read-only", f"another process ({self._lock.owner()}) keeps this index current; reading only"
        )
        if self._text.ready or self._text.reopen_if_replaced():
            generation = self._text.index.snapshot().generation
        else:
            raise IndexMissing("another process has just begun to index this folder; try again in a moment")
        return SyncReport(generation, seconds=time.monotonic() - started, problems=[problem])


def _checked_root(root: Path | str) -> Path:
    path = Path(os.path.abspath(os.path.expanduser(root)))
    if not path.exists():
        raise FileNotFoundError(f"there is no folder {path}")
    if not path.is_dir():
        raise NotADirectoryError(f"{path} is a file; give the folder that holds it")
    return Path(os.path.realpath(path))


def _mode(name: Mode | str) -> Mode:
    try:
        return Mode(name)
    except ValueError:
        choices = ", ".join(mode.value for mode in Mode)
        raise InvalidQuery(f"mode is {name!r}; use one of {choices}") from None


def _origin(
    path: str, text: str, first: int, last: int, *, whole_symbol: bool
) -> tuple[tuple[str, int, int], str]:
    """Which lines are asked about, and what is embedded for them."""
    data = text.encode("utf-8", "replace")
    extraction = extract(data, path)
    symbols = sorted(extraction.symbols, key=lambda symbol: (symbol.start_byte, -symbol.end_byte))
    if whole_symbol:
        around = [
            number for number, symbol in enumerate(symbols) if symbol.start_line <= first <= symbol.end_line
        ]
        if around:
            symbol = symbols[around[-1]]
            body = body_words(own_body(data, symbol, direct_children(symbols)[around[-1]]))
            described = embedding_text(
                path,
                symbol.container,
                symbol.name,
                symbol.kind,
                symbol.signature,
                symbol.doc,
                source_text(body),
            )
            return (path, symbol.start_line, symbol.end_line), described
    lines = text.splitlines()[first : last + 1]
    return (path, first, last), embedding_text(path, "", "", "text", "", "", "\n".join(lines))


def _no_checkpoint(_name: str) -> None:
    """The production checkpoint: does nothing."""
