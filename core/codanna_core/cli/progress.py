"""A progress bar for terminals; everywhere else it shows nothing."""

from __future__ import annotations

import shutil
import time
from types import TracebackType
from typing import Self, TextIO

from codanna_core.inert import inert
from codanna_core.results import Progress

_FIRST_AFTER = 0.3
_SECONDS_BETWEEN = 0.1
_BAR = 24


class ProgressBar:
    """One line that is redrawn in place and removed at the end. Appears only when the work takes a while."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._visible = stream.isatty()
        self._next = time.monotonic() + _FIRST_AFTER
        self._drawn = False

    def show(self, progress: Progress) -> None:
        """Redraw the line, at most ten times a second."""
        now = time.monotonic()
        if not self._visible or now < self._next:
            return
        self._next = now + _SECONDS_BETWEEN
        self._drawn = True
        width = shutil.get_terminal_size().columns - 1
        self._stream.write("\r\x1b[2K" + progress_line(progress)[:width])
        self._stream.flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._drawn:
            self._stream.write("\r\x1b[2K")
            self._stream.flush()


def progress_line(progress: Progress) -> str:
    """What the bar shows, for instance `indexing ━━━━━━──── 1,200/4,000  830/s  3 s left`."""
    parts = [str(progress.phase)]
    if progress.total > 0:
        done = min(progress.done, progress.total)
        full = _BAR * done // progress.total
        parts.append("━" * full + "─" * (_BAR - full))
        parts.append(f"{done:,}/{progress.total:,}")
    elif progress.done > 0:
        parts.append(f"{progress.done:,}")
    if progress.rate > 0:
        parts.append(f" {progress.rate:,.0f}/s")
        if progress.total > progress.done:
            parts.append(f" {_duration((progress.total - progress.done) / progress.rate)} left")
    if progress.message:
        parts.append(inert(progress.message))
    return " ".join(parts)


def _duration(seconds: float) -> str:
    whole = max(1, round(seconds))
    return f"{whole} s" if whole < 90 else f"{round(whole / 60)} min"
