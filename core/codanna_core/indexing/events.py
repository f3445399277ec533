"""What the engine tells its users without being asked: problems, its state, and that something changed."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable

from codanna_core.model import Problem
from codanna_core.problems import Code
from codanna_core.results import State

log = logging.getLogger("codanna.engine")

_PROBLEM_LIMIT = 200


class Events:
    """Collects problems and the state; listeners are called on a thread of their own, never under a lock."""

    def __init__(self) -> None:
        self._problems: list[Problem] = []
        self._folder_problems: list[Problem] = []
        """What the last look at the whole folder brought up."""
        self._listeners: list[Callable[[], None]] = []
        self._changed = threading.Event()
        self._thread: threading.Thread | None = None
        self._stopped = False
        self._lock = threading.Lock()
        self.state = State.EMPTY

    def problem(self, problem: Problem) -> None:
        """Keep a problem for the status; the same one is kept once."""
        with self._lock:
            if problem not in self._problems:
                self._problems.append(problem)
                del self._problems[:-_PROBLEM_LIMIT]

    def about_files(self, read: Iterable[str], problems: Iterable[Problem]) -> None:
        """Replace what was said of files that have been read again."""
        paths = set(read)
        with self._lock:
            self._problems = [problem for problem in self._problems if problem.path not in paths]
        for problem in problems:
            self.problem(problem)

    def about_folder(self, problems: Iterable[Problem]) -> None:
        """Replace what the look at the folder before brought up."""
        with self._lock:
            self._folder_problems = list(problems)[-_PROBLEM_LIMIT:]

    def nothing_left(self) -> Problem | None:
        """Why a folder that has files has none to index, where the last look at it told that."""
        with self._lock:
            return next((found for found in self._folder_problems if found.code is Code.NOTHING_LEFT), None)

    def replace(self, problems: Iterable[Problem]) -> None:
        """Start over, for instance with what new settings brought up."""
        with self._lock:
            self._problems = list(problems)

    def problems(self) -> list[Problem]:
        """All that is known to be missing or worked around."""
        with self._lock:
            return [*self._problems, *self._folder_problems]

    def set_state(self, state: State) -> None:
        """Say what the engine is doing."""
        if self.state is not state:
            self.state = state
            self.changed()

    def subscribe(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call `listener` after each change; several changes at once may give one call."""
        with self._lock:
            self._listeners.append(listener)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="codanna-events", daemon=True)
                self._thread.start()

        def end() -> None:
            with self._lock:
                if listener in self._listeners:
                    self._listeners.remove(listener)

        return end

    def changed(self) -> None:
        """Something was published, or the state changed."""
        self._changed.set()

    def stop(self) -> None:
        """Call nobody any more."""
        self._stopped = True
        self._changed.set()

    def _run(self) -> None:
        while True:
            self._changed.wait()
            self._changed.clear()
            if self._stopped:
                return
            with self._lock:
                listeners = list(self._listeners)
            for listener in listeners:
                try:
                    listener()
                except Exception:  # A listener's fault is not the index's.
                    log.exception("a listener failed")
