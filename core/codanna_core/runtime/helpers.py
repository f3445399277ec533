"""Warm helper processes: they answer one request at a time, and nothing they do can harm who asks.

A helper that takes too long or dies ends one request. Another takes its place, at once at first, and with a
growing pause where they keep dying.
"""

from __future__ import annotations

import atexit
import os
import threading
import time
from collections import deque
from dataclasses import field
from typing import TYPE_CHECKING

from codanna_core.errors import CodannaError
from codanna_core.records import dataclass
from codanna_core.runtime.frames import READY, read_frame, write_frame
from codanna_core.runtime.launch import end, launch
from codanna_core.runtime.limits import KERNEL_LIMITS_MEMORY, KERNEL_LIMITS_TIME, KILLED, OUT_OF_TIME, Limits
from codanna_core.runtime.measure import memory_of, processor_time_of

if TYPE_CHECKING:
    import subprocess

_TICK_S = 0.1
_CALM_TICKS = 50
"""So long it is quiet before the watch over the helpers sleeps too: saves often come one after another."""
_IDLE_S = 10.0
"""A helper beyond the first ends after this long without work; the first, once nobody keeps it."""
_START_LIMIT_S = 60.0
_WALL_FACTOR, _WALL_SPARE_S = 8, 60.0
"""Longest time by the clock, for the processor time given: only a stopped or a starved process takes so long,
which is not the fault of the request.
"""
_SECOND_HELPER_AFTER_S = 0.02
_FREE_DEATHS = 8
_DEATHS_WITHIN_S = 60.0
_LONGEST_PAUSE_S = 8.0
_FAILED_STARTS = 3
_KILLS = 6


class HelperLost(Exception):
    """A helper was ended or died over a request; the message says how."""


class Overran(HelperLost):
    """It used more processor time than the request was given."""


class _Killed(HelperLost):
    """It was killed by another process, or stopped."""


class TooLate(Exception):
    """There was no answer when the patience of the asker was over; that is nobody's fault."""


@dataclass(slots=True, eq=False)
class _Helper:
    process: subprocess.Popen[bytes]
    ready: bool = False
    idle_since: float = field(default_factory=time.monotonic)
    wall_limit: float = 0.0
    """When it is ended by the clock; 0 while it is idle."""
    patience: float | None = None
    """When the asker gives up."""
    seconds: float = 0.0
    used_before: float = 0.0
    ended: str = ""
    """Why this process ended it."""


class WarmHelpers:
    """Helper processes of one kind, shared by all threads. Starts the first when it is asked or warmed."""

    def __init__(self, entry: str, limits: Limits, most: int) -> None:
        self._entry = entry
        self._limits = limits
        self._most = most
        self._changed = threading.Condition()
        self._helpers: list[_Helper] = []
        self._deaths: deque[float] = deque(maxlen=64)
        self._failed_starts = 0
        self._not_before = 0.0
        self._keepers = 0
        self._waiting = 0
        """Who asks and has no helper yet."""
        self._watching = False
        self._watcher: threading.Thread | None = None
        self._needed = threading.Event()
        self._process = os.getpid()
        atexit.register(self.close)

    def keep(self) -> None:
        """Start a helper that is warm when the first request comes, and keep one until `release`."""
        with self._changed:
            self._after_fork()
            self._keepers += 1
        self.warm()

    def warm(self, argument: str = "") -> None:
        """Start a helper for a request that is expected, unless there is one; its body has the argument."""
        with self._changed:
            self._after_fork()
            if not self._helpers and time.monotonic() >= self._not_before:
                self._start(argument)

    def release(self) -> None:
        """Undo one `keep`."""
        with self._changed:
            self._after_fork()
            self._keepers = max(0, self._keepers - 1)

    def pids(self) -> list[int]:
        """The processes that run now."""
        with self._changed:
            return [helper.process.pid for helper in self._helpers]

    def ask(self, request: tuple[bytes, ...], seconds: float, patience: float | None = None) -> bytes:
        """Send a request and wait for its answer.

        The helper is ended when it uses more than so many `seconds` of processor time; the request carries
        the same limit where the system can enforce it. Raises HelperLost, or TooLate after `patience`.
        """
        until = None if patience is None else time.monotonic() + patience
        for _ in range(_KILLS):
            try:
                return self._ask(request, seconds, until)
            except _Killed:
                pass  # By a user or a system short of memory: nothing speaks against the request.
        raise HelperLost("the helper process was killed from outside again and again")

    def _ask(self, request: tuple[bytes, ...], seconds: float, until: float | None) -> bytes:
        helper = self._take(until)
        helper.seconds, helper.patience = seconds, until
        stdin, stdout = helper.process.stdin, helper.process.stdout
        assert stdin is not None
        assert stdout is not None
        try:
            helper.used_before = processor_time_of(helper.process) if not KERNEL_LIMITS_TIME else 0.0
            helper.wall_limit = time.monotonic() + seconds * _WALL_FACTOR + _WALL_SPARE_S
            write_frame(stdin, *request)
            answer = read_frame(stdout)
        except (EOFError, OSError, ValueError):
            self._lost(helper, seconds)
        with self._changed:
            helper.wall_limit, helper.patience = 0.0, None
            helper.idle_since = time.monotonic()
            if helper.ended and helper in self._helpers:
                self._helpers.remove(helper)  # The answer came while it was being ended.
            self._changed.notify()
        if helper.ended:
            end(helper.process)
        return answer

    def close(self) -> None:
        """End all helpers."""
        with self._changed:
            helpers, self._helpers = self._helpers, []
            self._changed.notify_all()
        if self._process == os.getpid():
            for helper in helpers:
                end(helper.process)

    # Inside

    def _await_ready(self, helper: _Helper) -> None:
        """A helper that starts belongs to nobody: whose patience ends before leaves it to the next one."""
        assert helper.process.stdout is not None
        try:
            ready = read_frame(helper.process.stdout) == READY
        except (EOFError, OSError, ValueError):
            ready = False
        code = None if ready else end(helper.process)
        with self._changed:
            if ready:
                helper.ready, helper.wall_limit = True, 0.0
                helper.idle_since = time.monotonic()
                self._failed_starts = 0
            else:
                self._note_death(helper)
                self._failed_starts += code != KILLED
            self._changed.notify_all()

    def _take(self, until: float | None) -> _Helper:
        asked = time.monotonic()
        with self._changed:
            self._after_fork()
            self._waiting += 1
            try:
                return self._next_free(asked, until)
            finally:
                self._waiting -= 1

    def _next_free(self, asked: float, until: float | None) -> _Helper:
        while True:
            now = time.monotonic()
            if until is not None and now > until:
                raise TooLate
            for helper in self._helpers:
                if not helper.wall_limit and helper.process.poll() is None:
                    # From here on it is watched; the true limit is set with the request.
                    helper.wall_limit = now + _START_LIMIT_S
                    self._watch()
                    return helper
            self._bury_idle()
            wait = _TICK_S
            starting = sum(not helper.ready for helper in self._helpers)
            if len(self._helpers) < self._most and starting < self._waiting:
                wait = max(self._not_before - now, 0.0)
                if self._helpers:
                    wait = max(wait, asked + _SECOND_HELPER_AFTER_S - now)
                if not wait:
                    self._start()
                    continue
            self._changed.wait(min(wait, _TICK_S))

    def _start(self, argument: str = "") -> None:
        if self._failed_starts > _FAILED_STARTS:
            self._failed_starts = 0
            raise CodannaError(
                "the helper processes end as soon as they start; their error is on stderr or in the log"
            )
        process = launch(f"{self._entry}:{argument}" if argument else self._entry, self._limits)
        helper = _Helper(process, wall_limit=time.monotonic() + _START_LIMIT_S)
        self._helpers.append(helper)
        threading.Thread(
            target=self._await_ready, args=(helper,), name="codanna-helper-start", daemon=True
        ).start()
        self._watch()

    def _bury_idle(self) -> None:
        """Forget helpers that died while they had nothing to do."""
        for helper in [h for h in self._helpers if not h.wall_limit and h.process.poll() is not None]:
            self._note_death(helper)
            end(helper.process)

    def _note_death(self, helper: _Helper) -> None:
        if helper in self._helpers:
            self._helpers.remove(helper)
        now = time.monotonic()
        self._deaths.append(now)
        recent = sum(now - death < _DEATHS_WITHIN_S for death in self._deaths)
        if recent > _FREE_DEATHS:
            pause = min(_LONGEST_PAUSE_S, 0.25 * 2 ** (recent - _FREE_DEATHS))
            self._not_before = max(self._not_before, now + pause)

    def _lost(self, helper: _Helper, seconds: float) -> None:
        code = end(helper.process)
        with self._changed:
            self._note_death(helper)
            if not self._helpers and self._keepers and time.monotonic() >= self._not_before:
                try:
                    self._start()  # The next who asks shall find it warm.
                except (CodannaError, OSError):
                    pass  # Who asks next is told.
            self._changed.notify()
        if helper.ended == "patience":
            raise TooLate
        if helper.ended == "time" or code in OUT_OF_TIME:
            raise Overran(f"took over {seconds:g} s of processor time")
        if helper.ended == "clock" or (code == KILLED and not helper.ended):
            raise _Killed
        raise HelperLost(helper.ended or f"ended the helper process (exit code {code})")

    def _after_fork(self) -> None:
        """A forked process has neither the helpers, which belong to its parent, nor the thread."""
        if self._process != os.getpid():
            self._process = os.getpid()
            self._helpers, self._keepers, self._waiting = [], 0, 0
            self._watching, self._watcher = False, None

    def _watch(self) -> None:
        # Starting a thread waits for its first step, which takes long where others compete for the
        # interpreter; so this one stays, and is only woken.
        if not self._watching:
            self._watching = True
            if self._watcher is None:
                self._watcher = threading.Thread(
                    target=self._keep_watch, name="codanna-helper-watch", daemon=True
                )
                self._watcher.start()
            self._needed.set()

    def _keep_watch(self) -> None:
        """End what takes too long or is not needed, as long as there is anything to look after."""
        calm = 0
        while True:
            self._needed.wait()
            time.sleep(_TICK_S)
            surplus: list[_Helper] = []
            with self._changed:
                now = time.monotonic()
                for helper in self._helpers:
                    if helper.wall_limit:
                        self._judge(helper, now)
                idle = [h for h in self._helpers if not h.wall_limit and now - h.idle_since > _IDLE_S]
                kept = 1 if self._keepers else 0
                for helper in idle[: max(0, len(self._helpers) - kept)]:
                    self._helpers.remove(helper)
                    surplus.append(helper)
                quiet = all(not h.wall_limit for h in self._helpers) and len(self._helpers) <= kept
                calm = calm + 1 if quiet else 0
                if calm > _CALM_TICKS:
                    calm, self._watching = 0, False
                    self._needed.clear()
            for helper in surplus:
                end(helper.process)

    def _judge(self, helper: _Helper, now: float) -> None:
        if helper.patience is not None and now > helper.patience:
            helper.ended = "patience"
        elif now > helper.wall_limit:
            helper.ended = "clock"
        elif not KERNEL_LIMITS_TIME and self._used(helper) > helper.seconds:
            helper.ended = "time"
        elif not KERNEL_LIMITS_MEMORY and memory_of(helper.process) > self._limits.memory:
            helper.ended = f"needed over {self._limits.memory >> 20} MiB of memory"
        if helper.ended:
            helper.process.kill()  # Who waits for its answer sees the end of the pipe.

    @staticmethod
    def _used(helper: _Helper) -> float:
        return processor_time_of(helper.process) - helper.used_before if helper.ready else 0.0
