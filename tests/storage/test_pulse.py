"""A writer that is stopped is noticed, one that is busy is not, and nobody is asked without need."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from codanna_core.storage.pulse import Pulse, Watch, pipe_of

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there are no named pipes")

WRITER = """
import ctypes, sys, time
from pathlib import Path
from codanna_core.storage.pulse import Pulse
Pulse(Path(sys.argv[1])).start()
time.sleep(1)
print("ready", flush=True)
sys.stdin.readline()
ctypes.PyDLL(None).sleep(6)  # Holds the interpreter's lock, as native code may.
print("done", flush=True)
sys.stdin.readline()
"""


@pytest.fixture(autouse=True)
def own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


@contextmanager
def a_writer(index: Path) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, str(index)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as writer:
        try:
            assert writer.stdout is not None
            assert writer.stdout.readline() == "ready\n"
            yield writer
        finally:
            writer.kill()


def test_a_stopped_writer_is_silent_until_it_continues(tmp_path: Path) -> None:
    """Noticed within some three seconds, also by one that has asked before, and over at once."""
    watch = Watch(tmp_path)
    assert not watch.hear()
    with a_writer(tmp_path) as writer:
        assert not watch.hear()
        writer.send_signal(signal.SIGSTOP)
        time.sleep(1)
        started = time.monotonic()
        assert watch.hear()
        assert time.monotonic() - started < 3
        assert watch.silent()
        writer.send_signal(signal.SIGCONT)
        deadline = time.monotonic() + 20
        while watch.silent():
            assert time.monotonic() < deadline
            time.sleep(0.01)
    assert not watch.hear()
    watch.close()


def test_a_native_call_is_not_silence(tmp_path: Path) -> None:
    """A process whose interpreter stands still for seconds still answers."""
    watch = Watch(tmp_path)
    with a_writer(tmp_path) as writer:
        assert writer.stdin is not None
        writer.stdin.write("\n")
        writer.stdin.flush()
        end = time.monotonic() + 5
        while time.monotonic() < end:
            assert not watch.silent()
            time.sleep(0.1)
    watch.close()


def test_one_that_was_stopped_itself_looks_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What seems late after a long pause of this process is given a second look."""
    pulse, watch = Pulse(tmp_path), Watch(tmp_path)
    pulse.start()
    assert not watch.hear()
    clock = [time.monotonic() + 2]
    monkeypatch.setattr("codanna_core.storage.pulse._bytes_in", lambda descriptor: 1)
    monkeypatch.setattr("codanna_core.storage.pulse.time.monotonic", lambda: clock[0])
    assert not watch.silent()
    clock[0] += 60
    assert not watch.silent()
    clock[0] += 0.3
    assert watch.silent()
    watch.close()
    pulse.stop()


def test_a_pulse_ends_and_begins_again(tmp_path: Path) -> None:
    """Its thread ends with it."""
    before = threading.active_count()
    for _ in range(3):
        pulse, watch = Pulse(tmp_path), Watch(tmp_path)
        pulse.start()
        assert not watch.hear()
        pulse.stop()
        watch.close()
    deadline = time.monotonic() + 20
    while threading.active_count() > before:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_what_is_no_pipe_of_ours_is_left_alone(tmp_path: Path) -> None:
    """A file or a link in place of the pipe is neither read nor written."""
    pipe = pipe_of(tmp_path)
    pipe.parent.mkdir(parents=True)
    other = tmp_path / "other"
    other.write_text("kept")
    for make in (lambda: pipe.write_text("kept"), lambda: pipe.symlink_to(other)):
        make()
        pulse = Pulse(tmp_path)
        pulse.start()
        assert not Watch(tmp_path).hear()
        pulse.stop()
        assert pipe.read_text() == other.read_text() == "kept"
        os.unlink(pipe)


def test_writers_that_follow_each_other_close_nothing_of_each_other(tmp_path: Path) -> None:
    """What one leaves in the pipe when it ends reaches the next, which goes on answering, and the files that
    are opened meanwhile keep their descriptors.
    """
    other = tmp_path / "other"
    for _ in range(30):
        first, second = Pulse(tmp_path), Pulse(tmp_path)
        first.start()
        second.start()
        first.stop()
        with other.open("wb") as file:
            watch = Watch(tmp_path)
            assert not watch.hear()
            watch.close()
            second.stop()
            file.write(b"untouched")
        assert other.read_bytes() == b"untouched"
    assert sum(thread.name == "codanna-pulse" for thread in threading.enumerate()) <= 3
