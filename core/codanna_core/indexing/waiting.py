"""Workers that were started before it was known what they are to do: a new process takes as long as a whole
program that is loaded meanwhile.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from codanna_core.config import Settings
from codanna_core.runtime.launch import end, launch
from codanna_core.runtime.limits import Limits
from codanna_core.runtime.pace import processors

if TYPE_CHECKING:
    import subprocess

WORKER = "codanna_core.indexing.worker:main"
_LONGEST_S = 30.0
"""What nobody has taken by then is ended: the run was another process's, or had little to do."""
MOST_WORKERS = 16
FILES_A_WORKER = 8
"""For fewer, another one costs more than it saves."""

_lock = threading.Lock()
_waiting: list[tuple[Limits, subprocess.Popen[bytes]]] = []


def worker_count(settings: Settings, files: int) -> int:
    """Processes for a run of this many files."""
    configured = settings.index.workers
    if configured:
        return configured
    return max(1, min(processors(), files // FILES_A_WORKER, MOST_WORKERS))


def start_workers(count: int, limits: Limits) -> None:
    """Start some for whoever takes them."""
    for _ in range(count):
        process = launch(WORKER, limits)
        with _lock:
            _waiting.append((limits, process))
    timer = threading.Timer(_LONGEST_S, end_waiting)
    timer.daemon = True
    timer.start()


def worker_for(limits: Limits) -> subprocess.Popen[bytes]:
    """A worker with these limits: one that waits, or a new one."""
    with _lock:
        found = next((number for number, one in enumerate(_waiting) if one[0] == limits), None)
        if found is not None:
            return _waiting.pop(found)[1]
    return launch(WORKER, limits)


def end_waiting() -> None:
    """End those that nobody has taken."""
    with _lock:
        left = _waiting.copy()
        _waiting.clear()
    for _, process in left:
        end(process)
