"""Threads for work beside a run, at low priority where nobody waits: training, embedding, saving what is
derived.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Final

from codanna_core.cancel import Cancel
from codanna_core.errors import Cancelled
from codanna_core.runtime.pace import POLITE, Pace

log = logging.getLogger("codanna.engine")

Job = Callable[[Cancel], None]

_FACTS_STOP_S = 0.5


class Background:
    """Runs jobs one after the other. A job scheduled again under the same name before it started runs
    once.
    """

    def __init__(
        self,
        on_error: Callable[[str, Exception], None],
        on_turn: Callable[[str], None] = lambda name: None,
        pace: Pace = POLITE,
    ) -> None:
        """`on_turn` is called when a job has begun and when it has ended, with its name."""
        self._jobs: dict[str, tuple[float, Job]] = {}
        self._waiters = 0
        self._condition = threading.Condition()
        self._cancel = Cancel()
        self._running: str | None = None
        self._stopped = False
        self._thread: threading.Thread | None = None
        self._on_error = on_error
        self._on_turn = on_turn
        self._pace = pace

    def schedule(self, name: str, job: Job, *, after: float = 0.0) -> None:
        """Run a job once `after` seconds are over; scheduling it again before starts the time anew."""
        with self._condition:
            if self._stopped:
                return
            self._jobs[name] = (time.monotonic() + after, job)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="codanna-background", daemon=True)
                self._thread.start()
            self._condition.notify_all()

    @property
    def running(self) -> str | None:
        """Name of the job that runs now."""
        return self._running

    @property
    def busy(self) -> bool:
        """Whether a job runs or waits."""
        with self._condition:
            return bool(self._jobs) or self._running is not None

    def wait_until_idle(self, timeout: float | None) -> bool:
        """Whether all jobs were done before the time was up; jobs that wait for their time start at once."""
        with self._condition:
            self._waiters += 1
            self._condition.notify_all()
            try:
                return self._condition.wait_for(lambda: not self._jobs and self._running is None, timeout)
            finally:
                self._waiters -= 1

    def cancel(self) -> None:
        """Cancel the running job and drop the others, for good."""
        with self._condition:
            self._stopped = True
            self._jobs.clear()
            self._cancel.cancel()
            self._condition.notify_all()

    def stop(self, timeout: float = 10.0) -> None:
        """The same, and wait for the thread."""
        self.cancel()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(timeout)

    def _seconds_to_next(self) -> float | None:
        if not self._jobs:
            return None
        if self._waiters:
            return 0
        return max(0.0, min(due for due, _ in self._jobs.values()) - time.monotonic())

    def _run(self) -> None:
        self._pace.enter_thread(threading.get_native_id())  # Searches keep the processor.
        while (chosen := self._next()) is not None:
            name, job = chosen
            self._on_turn(name)
            try:
                job(self._cancel)
            except Cancelled:
                pass  # Whoever cancelled knows.
            except Exception as error:  # A failed job must not end the thread that runs the others.
                log.exception("background job %s failed", name)
                self._on_error(name, error)
            finally:
                with self._condition:
                    self._running = None
                self._on_turn(name)

    def _next(self) -> tuple[str, Job] | None:
        """Wait for the next job that is due; None once all is stopped."""
        with self._condition:
            self._condition.notify_all()
            while not self._stopped and (left := self._seconds_to_next()) != 0:
                self._condition.wait(left)
            if self._stopped:
                return None
            name = min(self._jobs, key=lambda job_name: self._jobs[job_name][0])
            _, job = self._jobs.pop(name)
            self._running = name
            return name, job


class Jobs:
    """The background of one engine: a lane for jobs of its own, one `beside` it for what waits for another
    process, so that it need not wait for the jobs of this one, one for training, which may do so for long,
    and one for facts, which may take minutes.
    """

    TRAINING: Final = "clusters"
    """The job that the status shows."""

    def __init__(
        self,
        on_error: Callable[[str, Exception], None],
        on_training: Callable[[], None],
        pace: Pace,
    ) -> None:
        """`on_training` is called when training has begun and when it has ended."""

        def turn(name: str) -> None:
            if name == self.TRAINING:
                on_training()

        self._own = Background(on_error, pace=pace)
        self._training = Background(on_error, turn, pace)
        self.beside = Background(on_error, pace=pace)
        self.facts = Background(on_error)
        """Nothing waits for these: a question reads the facts that it needs itself."""

    def schedule(self, name: str, job: Job, *, after: float = 0.0) -> None:
        """Run a job once `after` seconds are over; scheduling it again before starts the time anew."""
        lane = self._training if name == self.TRAINING else self._own
        lane.schedule(name, job, after=after)

    @property
    def training(self) -> bool:
        """Whether clusters are being trained."""
        return self._training.running is not None

    def wait_until_idle(self, timeout: float | None) -> bool:
        """Whether all jobs were done before the time was up."""
        started = time.monotonic()
        lanes = (self._own, self.beside, self._training)
        while True:
            for lane in lanes:
                left = None if timeout is None else max(0.0, timeout - (time.monotonic() - started))
                if not lane.wait_until_idle(left):
                    return False
            if not any(lane.busy for lane in lanes):
                return True  # None of them gave another one work meanwhile.

    def stop(self) -> None:
        """Cancel what runs and drop the rest."""
        lanes = (self._own, self._training, self.beside)
        for lane in (*lanes, self.facts):
            lane.cancel()  # First all of them, since a job may wait for that of another lane.
        for lane in lanes:
            lane.stop()
        self.facts.stop(_FACTS_STOP_S)  # A helper may be reading a large file, and nothing depends on it.
