"""A progress line for terminals; everywhere else it shows nothing."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self, TextIO

from codanna_core.cli.cells import cut
from codanna_core.inert import inert
from codanna_core.results import Progress, State

_FIRST_AFTER = 0.3
_SECONDS_BETWEEN = 0.1
_BAR = 24
_LEAST_SECONDS, _LEAST_SHARE = 3.0, 0.01
"""What an estimate is made from: in the first seconds processes start, and few files say little."""


class Estimate:
    """How long the rest takes, from the speed since work began to come in."""

    def __init__(self) -> None:
        self._phase: State | None = None
        self._began, self._had = 0.0, 0

    def left(self, progress: Progress, now: float) -> float | None:
        """Seconds that are left; None while that would be a guess."""
        if progress.phase is not self._phase or progress.done < self._had:
            # What was done before the first report took the time that starting took, too.
            self._phase, self._began, self._had = progress.phase, now, progress.done
        done, seconds = progress.done - self._had, now - self._began
        if seconds < _LEAST_SECONDS or done < max(1.0, _LEAST_SHARE * progress.total):
            return None
        return max(0, progress.total - progress.done) * seconds / done


class ProgressBar:
    """One line that is redrawn in place and removed at the end. It appears as soon as the work takes a while,
    whether the work has reported anything or not.
    """

    def __init__(
        self,
        stream: TextIO,
        about: str = "looking for changed files",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`about` says what happens before the first report."""
        self._stream = stream
        self._about = about
        self._clock = clock
        self._visible = stream.isatty()
        self._started = clock()
        self._estimate = Estimate()
        self._line: str | None = None
        self._drawn = False
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._ticker = threading.Thread(target=self._tick, name="progress", daemon=True)

    def show(self, progress: Progress) -> None:
        """Take a report; it is drawn with the next tick."""
        if self._visible:
            left = self._estimate.left(progress, self._clock())
            with self._lock:
                self._line = progress_line(progress, left)

    def draw(self) -> None:
        """Redraw the line, once the work has taken a while."""
        seconds = self._clock() - self._started
        if not self._visible or seconds < _FIRST_AFTER:
            return
        with self._lock:
            line = self._line if self._line is not None else f"{self._about}  {duration(seconds)}"
            columns = shutil.get_terminal_size().columns - 1
            self._stream.write("\r\x1b[2K" + cut(line, columns))
            self._stream.flush()
            self._drawn = True

    def _tick(self) -> None:
        while not self._over.wait(_SECONDS_BETWEEN):
            self.draw()

    def __enter__(self) -> Self:
        if self._visible:
            self._ticker.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        if self._visible:
            self._ticker.join()
        if self._drawn:
            self._stream.write("\r\x1b[2K")
            self._stream.flush()


def progress_line(progress: Progress, left: float | None = None) -> str:
    """What the bar shows, for instance `indexing ━━━━━━──── 1,200/4,000  830/s  3 s left`."""
    parts = [str(progress.phase)]
    if progress.total > 0:
        done = min(progress.done, progress.total)
        full = _BAR * done // progress.total
        parts.append("━" * full + "─" * (_BAR - full))
        if progress.phase is State.TRAINING:
            parts.append(f"{100 * done // progress.total} %")  # Of the work, which has no pieces to count.
        else:
            parts.append(f"{done:,}/{progress.total:,}")
    elif progress.done > 0:
        parts.append(f"{progress.done:,}")
    if progress.rate >= 1:
        parts.append(f" {progress.rate:,.0f}/s")
    if left is not None and progress.total > progress.done:
        parts.append(f" {duration(left)} left")
    if progress.message:
        parts.append(inert(progress.message))
    return " ".join(parts)


def duration(seconds: float) -> str:
    """A span of time for people."""
    whole = max(1, round(seconds))
    return f"{whole} s" if whole < 90 else f"{round(whole / 60)} min"
