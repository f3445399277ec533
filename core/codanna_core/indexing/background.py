"""One low-priority thread for work that nobody waits for: training, embedding, saving what is derived."""

from __future__ import annotations

import logging
import os
import sys
import threading
import time
from collections.abc import Callable

from codanna_core.cancel import Cancel
from codanna_core.errors import Cancelled

log = logging.getLogger("codanna.engine")

Job = Callable[[Cancel], None]


class Background:
    """Runs jobs one after the other. A job scheduled again under the same name before it started runs
    once.
    """

    def __init__(self, on_error: Callable[[str, Exception], None]) -> None:
        self._jobs: dict[str, tuple[float, Job]] = {}
        self._waiters = 0
        self._condition = threading.Condition()
        self._cancel = Cancel()
        self._running: str | None = None
        self._stopped = False
        self._thread: threading.Thread | None = None
        self._on_error = on_error

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

    def stop(self, timeout: float = 10.0) -> None:
        """Cancel the running job, drop the others and wait for the thread."""
        with self._condition:
            self._stopped = True
            self._jobs.clear()
            self._cancel.cancel()
            self._condition.notify_all()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(timeout)

    def _seconds_to_next(self) -> float | None:
        if not self._jobs:
            return None
        if self._waiters:
            return 0
        return max(0.0, min(due for due, _ in self._jobs.values()) - time.monotonic())

    def _run(self) -> None:
        if sys.platform == "linux":
            # On Linux priorities belong to threads: searches keep the processor.
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 10)
        while True:
            with self._condition:
                self._running = None
                self._condition.notify_all()
                while not self._stopped and (left := self._seconds_to_next()) != 0:
                    self._condition.wait(left)
                if self._stopped:
                    return
                name = min(self._jobs, key=lambda job_name: self._jobs[job_name][0])
                _, job = self._jobs.pop(name)
                self._running = name
            try:
                job(self._cancel)
            except Cancelled:
                continue
            except Exception as error:  # A failed job must not end the thread that runs the others.
                log.exception("background job %s failed", name)
                self._on_error(name, error)
