"""Worker processes for bulk indexing: bounded work in flight, and a crash costs one file at most."""

from __future__ import annotations

import queue
import threading
import time
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from dataclasses import field, replace
from typing import TYPE_CHECKING

from codanna_core.cancel import Cancel
from codanna_core.errors import CodannaError
from codanna_core.files import SkipReason
from codanna_core.indexing.prepare import FileTask, Prepared, WorkerSetup
from codanna_core.indexing.waiting import end_waiting, worker_for
from codanna_core.model import Problem
from codanna_core.parsing.verdicts import CRASHED, SLOW
from codanna_core.records import dataclass
from codanna_core.runtime.frames import receive, send
from codanna_core.runtime.launch import end
from codanna_core.runtime.limits import KILLED, OUT_OF_TIME, Limits
from codanna_core.runtime.pace import Pace

if TYPE_CHECKING:
    import subprocess

_BATCH_BYTES = 600_000
_BATCH_FILES = 64
_FEW_BYTES = _BATCH_BYTES // 4
"""Less of one kind of file than this is left to one worker."""
_IN_FLIGHT = 2
_SILENCE_LIMIT_S = 90.0
_MAX_FAILED_STARTS = 3
_MOST_TIMES = 6


@dataclass(slots=True)
class _Answer:
    worker: _Worker | None
    """None: somebody only wants the caller to have its turn."""
    batch: list[Prepared] | bytes | None
    """None: the worker is gone; READY: it has started."""


@dataclass(slots=True, eq=False)
class _Worker:
    process: subprocess.Popen[bytes]
    pending: deque[list[FileTask]] = field(default_factory=deque)
    heard: float = field(default_factory=time.monotonic)
    ready: bool = False
    silent: bool = False
    """Whether it was ended because nothing was heard from it."""


class WorkerPool:
    """Prepares files in parallel. Used by one thread; closing it ends its processes."""

    def __init__(self, setup: WorkerSetup, workers: int, pace: Pace) -> None:
        self._setup = setup
        self._pace = pace
        self._answers: queue.SimpleQueue[_Answer] = queue.SimpleQueue()
        self._failed_starts = 0
        self._workers = [self._start() for _ in range(max(1, workers))]

    def prepare_all(
        self, files: Sequence[tuple[FileTask, int]], cancel: Cancel | None
    ) -> Iterator[list[Prepared]]:
        """Yield prepared batches in the order they finish. `files` holds tasks with their sizes in bytes."""
        waiting = deque(_batches(files))
        outstanding = 0
        while waiting or outstanding:
            if cancel is not None:
                cancel.raise_if_cancelled()
            for worker in self._workers:
                while waiting and len(worker.pending) < _IN_FLIGHT:
                    self._hand_out(worker, waiting.popleft())
                    outstanding += 1
            try:
                answer = self._answers.get(timeout=0.5)
            except queue.Empty:
                self._end_silent_workers()
                continue
            if answer.worker is None:
                yield []
                continue
            if answer.worker not in self._workers:
                continue
            if isinstance(answer.batch, bytes):
                answer.worker.ready = True
                answer.worker.heard = time.monotonic()
                continue
            if answer.batch is None and not answer.worker.ready:
                self._failed_starts += 1
                if self._failed_starts > _MAX_FAILED_STARTS:
                    raise CodannaError(
                        "the indexing workers end as soon as they start; "
                        "their error is on stderr or in the log"
                    )
                outstanding -= len(answer.worker.pending)
                waiting.extendleft(answer.worker.pending)
                self._replace(answer.worker)
                continue
            if answer.batch is None:
                lost = list(answer.worker.pending)
                outstanding -= len(lost)
                code = self._replace(answer.worker)
                waiting.extendleft(lost[1:])
                # The first batch was being worked on: one of its files is to blame.
                if lost and lost[0][0].not_parsed:
                    yield [_given_up(lost[0][0])]
                elif lost:
                    slow = answer.worker.silent or code in OUT_OF_TIME
                    waiting.extendleft(_more_carefully(lost[0], slow, killed=code == KILLED and not slow))
                continue
            answer.worker.pending.popleft()
            answer.worker.heard = time.monotonic()
            outstanding -= 1
            yield answer.batch

    def wake(self) -> None:
        """Yield an empty batch soon; from any thread."""
        self._answers.put(_Answer(None, None))

    def keep(self, pace: Pace) -> None:
        """Have the workers stand back from now on, as a pace says."""
        self._pace = pace
        for worker in self._workers:
            pace.enter(worker.process.pid)

    def close(self) -> None:
        """End the workers and wait for them."""
        for worker in self._workers:
            end(worker.process)
        self._workers = []
        end_waiting()

    def _hand_out(self, worker: _Worker, batch: list[FileTask]) -> None:
        if not worker.pending:
            worker.heard = time.monotonic()
        worker.pending.append(batch)
        try:
            assert worker.process.stdin is not None
            send(worker.process.stdin, batch)
        except (BrokenPipeError, ValueError, OSError):
            pass  # Its reader thread reports the death, and the batch is handed out again from `pending`.

    def _start(self) -> _Worker:
        process = worker_for(Limits(nice=self._pace.nice))
        worker = _Worker(process)
        assert process.stdin is not None
        try:
            send(process.stdin, self._setup)
        except (BrokenPipeError, OSError):
            pass  # As above.
        threading.Thread(target=self._listen, args=(worker,), name="index-worker-reader", daemon=True).start()
        return worker

    def _listen(self, worker: _Worker) -> None:
        assert worker.process.stdout is not None
        try:
            while True:
                self._answers.put(_Answer(worker, receive(worker.process.stdout)))
        except (EOFError, OSError, ValueError):
            self._answers.put(_Answer(worker, None))

    def _replace(self, worker: _Worker) -> int:
        code = end(worker.process)
        self._workers[self._workers.index(worker)] = self._start()
        return code

    def _end_silent_workers(self) -> None:
        now = time.monotonic()
        for worker in self._workers:
            if worker.pending and now - worker.heard > _SILENCE_LIMIT_S:
                worker.silent = True
                worker.process.kill()  # Its reader thread sees the end of the pipe.


def _batches(files: Sequence[tuple[FileTask, int]]) -> Iterator[list[FileTask]]:
    """Small ones first, so that the first commit and a first answer come early, and small ones last, so that
    all workers end together.
    """
    least = limit = _BATCH_BYTES // 8
    left = sum(size for _, size in files)
    for part in _kinds_together(files):
        batch: list[FileTask] = []
        size = 0
        for task, file_size in part:
            batch.append(task)
            size += file_size
            left -= file_size
            if size >= min(limit, max(left // 8, least)) or len(batch) >= _BATCH_FILES:
                yield batch
                batch, size = [], 0
                limit = min(limit * 2, _BATCH_BYTES)
        if batch:
            yield batch


def _kinds_together(files: Sequence[tuple[FileTask, int]]) -> list[list[tuple[FileTask, int]]]:
    """The files in parts. Those of kinds of which there are few are one part in the middle: what a worker
    reads a language with takes longer to make than a few files, and so is made in one worker alone.
    """
    kinds = [task.path.rpartition("/")[2].rpartition(".")[2] for task, _ in files]
    sizes: Counter[str] = Counter()
    for kind, (_, size) in zip(kinds, files, strict=True):
        sizes[kind] += size
    few = {kind for kind, size in sizes.items() if size < _FEW_BYTES}
    common = [file for kind, file in zip(kinds, files, strict=True) if kind not in few]
    middle = len(common) // 2
    rare = [file for kind, file in zip(kinds, files, strict=True) if kind in few]
    return [common[:middle], rare, common[middle:]]


def _more_carefully(batch: list[FileTask], slow: bool, *, killed: bool) -> Iterator[list[FileTask]]:
    """What to do with a batch that ended a worker: each file alone with twice the time, then by its text.
    A worker that was `killed` from outside says nothing about the file, unless that happens again and again.
    """
    times = batch[0].times
    if len(batch) > 1 or times == 1 or (killed and times < _MOST_TIMES):
        for task in batch:
            yield [replace(task, times=times + 1)]
    else:
        yield [replace(batch[0], not_parsed=SLOW if slow else CRASHED)]


def _given_up(task: FileTask) -> Prepared:
    problem = Problem(CRASHED, "ended the parser process and was left out", task.path)
    return Prepared(task.path, 0, 0, skipped=SkipReason.UNREADABLE, problems=[problem])
