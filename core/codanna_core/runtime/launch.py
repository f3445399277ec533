"""Starts child processes of this program, each confined and tied to this process.

They are started with `-c`, not by `multiprocessing`, so that a program which embeds the engine needs no
`if __name__ == "__main__"` guard and nothing of its own is imported twice.
"""

from __future__ import annotations

import os
import queue
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import TYPE_CHECKING

from codanna_core.runtime.limits import Limits
from codanna_core.runtime.system import WINDOWS

if TYPE_CHECKING:
    import subprocess

_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
"""Several processes are the parallelism; threads of a library inside each would only be in the way. Even
where one works alone: on a busy machine they wait for each other by spinning, ten times as long as they work.
"""

_BUFFER = 1 << 16
"""As much as a pipe holds: most answers are read at once."""


_PACKAGES = str(Path(__file__).resolve().parents[2])


def launch(entry: str, limits: Limits, *, keep_errors: bool = False) -> subprocess.Popen[bytes]:
    """Start a child that runs `module:function`, or `module:function:argument`, and talks over its stdin and
    stdout.

    What it prints to stderr goes where ours goes, or into a pipe where errors are kept.
    """
    import subprocess  # Late: most commands start no process.

    program = (
        f"import sys; sys.path.append({_PACKAGES!r}); from codanna_core.runtime.child import main; "
        f"main({entry!r}, {os.getpid()}, {limits.memory}, {limits.nice})"
    )
    return _LAUNCHER.run(
        lambda: subprocess.Popen(
            [sys.executable, "-P", "-c", program],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE if keep_errors else None,
            bufsize=_BUFFER,
            # Signals for the group of this process, such as Ctrl-C in a terminal, are not for its children.
            process_group=None if WINDOWS else 0,
            # On Windows, a child of a program without a console would open one that the user sees.
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
            env={**os.environ, **dict.fromkeys(_THREADS, "1")},
        )
    )


def end(process: subprocess.Popen[bytes]) -> int:
    """End a child at once and wait for it; returns its exit code, the one from before if it was gone."""
    process.kill()
    code = process.wait()
    # Only now: closing a pipe waits for a thread that reads from it, and that one has seen its end.
    for stream in (process.stdin, process.stdout, process.stderr):
        if stream is not None:
            try:
                stream.close()
            except OSError:
                pass  # What was still to be written has no reader.
    return code


class _Launcher:
    """Starts all children from one thread that lives as long as the process: Linux ties a child to the
    *thread* that started it, and would end it with a thread of a pool.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process = 0
        self._calls: queue.SimpleQueue[
            tuple[Callable[[], subprocess.Popen[bytes]], Future[subprocess.Popen[bytes]]]
        ]

    def run(self, start: Callable[[], subprocess.Popen[bytes]]) -> subprocess.Popen[bytes]:
        with self._lock:
            if self._process != os.getpid():  # A fork has no threads but the one that forked.
                self._process = os.getpid()
                self._calls = queue.SimpleQueue()
                threading.Thread(target=self._serve, name="codanna-launcher", daemon=True).start()
        started: Future[subprocess.Popen[bytes]] = Future()
        self._calls.put((start, started))
        return started.result()

    def _serve(self) -> None:
        while True:
            start, started = self._calls.get()
            try:
                started.set_result(start())
            except BaseException as error:
                started.set_exception(error)


_LAUNCHER = _Launcher()
