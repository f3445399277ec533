"""Helper processes: whatever happens inside one, who asks gets an answer or a reason, and the next works."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from codanna_core.errors import CodannaError
from codanna_core.runtime import helpers as module
from codanna_core.runtime.frames import READY, read_frame
from codanna_core.runtime.helpers import HelperLost, Overran, TooLate, WarmHelpers
from codanna_core.runtime.launch import end, launch
from codanna_core.runtime.limits import Limits

ENTRY = "codanna_core.testing.helper:serve"

linux_only = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")


@pytest.fixture
def helpers() -> Iterator[WarmHelpers]:
    made = WarmHelpers(ENTRY, Limits(memory=1 << 30), most=2)
    yield made
    made.close()


def ask(helpers: WarmHelpers, request: bytes, seconds: float = 30.0, patience: float | None = None) -> bytes:
    return helpers.ask((request,), seconds, patience)


def wait_for(condition: Callable[[], bool], seconds: float = 30.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.01)


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_one_helper_answers_one_request_after_the_other(helpers: WarmHelpers) -> None:
    """Answers come from the same warm process."""
    assert ask(helpers, b"echo one") == b"one"
    (first,) = helpers.pids()
    assert ask(helpers, b"echo two") == b"two"
    assert helpers.pids() == [first]


def test_processor_time_ends_native_code(helpers: WarmHelpers) -> None:
    """What holds the interpreter and never returns is ended by the system; the next request is answered."""
    if sys.platform == "win32":
        pytest.skip("the parent measures there")
    with pytest.raises(Overran):
        ask(helpers, b"spin-within 0.3", 0.3)
    assert ask(helpers, b"echo next") == b"next"


def test_the_parent_measures_where_the_system_cannot(
    helpers: WarmHelpers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a limit of the system the parent looks at the clock of the child's processor time."""
    if not Path("/bin/ps").exists() and sys.platform != "win32":
        pytest.skip("there is no ps here")
    monkeypatch.setattr(module, "KERNEL_LIMITS_TIME", False)
    with pytest.raises(Overran):
        ask(helpers, b"spin", 1.0)
    assert ask(helpers, b"echo next") == b"next"


def test_a_crash_costs_one_request(helpers: WarmHelpers) -> None:
    """Who asked is told that the helper died; the next request gets another one."""
    with pytest.raises(HelperLost, match="exit code -11"):
        ask(helpers, b"crash")
    assert ask(helpers, b"echo next") == b"next"


@linux_only
def test_memory_is_limited(helpers: WarmHelpers) -> None:
    """A helper cannot take more memory than it is given."""
    assert ask(helpers, b"fill 100000000") == b"done"
    with pytest.raises(HelperLost):
        ask(helpers, b"fill 2000000000")


def test_a_helper_killed_from_outside_is_replaced(helpers: WarmHelpers) -> None:
    """Killed while it waits for work, it is replaced without anybody noticing."""
    ask(helpers, b"echo one")
    os.kill(helpers.pids()[0], signal.SIGKILL)
    wait_for(lambda: not alive(helpers.pids()[0]) if helpers.pids() else True)
    assert ask(helpers, b"echo two") == b"two"


def test_patience_ends_before_the_work(helpers: WarmHelpers) -> None:
    """Who cannot wait is released, and the helper is not left to what nobody waits for."""
    ask(helpers, b"echo warm")
    (slow,) = helpers.pids()
    with pytest.raises(TooLate):
        ask(helpers, b"sleep 60", patience=0.3)
    assert slow not in helpers.pids()
    assert ask(helpers, b"echo next") == b"next"


def test_a_helper_that_starts_slowly_outlives_who_could_not_wait(helpers: WarmHelpers) -> None:
    """Where a start takes longer than each asker waits, as on a busy machine, it is left to the next one."""
    helpers.keep()
    (starting,) = helpers.pids()
    os.kill(starting, signal.SIGSTOP)
    for _ in range(3):
        with pytest.raises(TooLate):
            ask(helpers, b"echo early", patience=0.3)
    assert helpers.pids() == [starting], "neither ended nor doubled"
    os.kill(starting, signal.SIGCONT)
    assert ask(helpers, b"echo late") == b"late"
    assert helpers.pids() == [starting]


def test_a_second_request_does_not_wait_for_the_first(helpers: WarmHelpers) -> None:
    """While one helper works another one answers; without work it ends after a while."""
    import threading

    ended: list[str] = []

    def slow() -> None:
        try:
            ask(helpers, b"sleep 60", patience=20)
        except (TooLate, HelperLost):
            ended.append("late")

    thread = threading.Thread(target=slow)
    thread.start()
    wait_for(lambda: bool(helpers.pids()))
    assert ask(helpers, b"echo meanwhile") == b"meanwhile"
    assert len(helpers.pids()) == 2
    helpers.close()
    thread.join(30)
    assert not thread.is_alive()


def test_helpers_without_work_end(helpers: WarmHelpers, monkeypatch: pytest.MonkeyPatch) -> None:
    """The last helper stays only while somebody keeps it."""
    monkeypatch.setattr(module, "_IDLE_S", 0.2)
    helpers.keep()
    ask(helpers, b"echo one")
    (kept,) = helpers.pids()
    wait_for(lambda: not helpers._watching)
    assert helpers.pids() == [kept]
    helpers.release()
    ask(helpers, b"echo two")
    wait_for(lambda: helpers.pids() == [])


def test_helpers_that_keep_dying_are_slowed_down(helpers: WarmHelpers) -> None:
    """After some deaths the next start waits, so that a fault cannot keep a machine busy."""
    for _ in range(module._FREE_DEATHS + 2):
        with pytest.raises(HelperLost):
            ask(helpers, b"crash")
    with pytest.raises(TooLate):
        ask(helpers, b"echo one", patience=0.2)
    assert ask(helpers, b"echo two") == b"two", "the pause ends"


def test_a_helper_that_cannot_start_is_told() -> None:
    """Where helpers end before they are ready, no file is to blame, and the error says so."""
    broken = WarmHelpers("codanna_core.testing.helper:end_at_once", Limits(), most=1)
    try:
        with pytest.raises(CodannaError, match="as soon as they start"):
            ask(broken, b"echo one")
    finally:
        broken.close()


def test_no_helper_leaves_a_core(helpers: WarmHelpers) -> None:
    """A crash writes no dump of memory into the user's folders."""
    if sys.platform == "win32":
        pytest.skip("there are no core files")
    assert ask(helpers, b"cores") == b"(0, 0)"


PARENT = f"""
import sys, threading
from codanna_core.runtime.helpers import WarmHelpers
from codanna_core.runtime.limits import Limits
helpers = WarmHelpers({ENTRY!r}, Limits(), most=1)
helpers.ask((b"echo x",), 30.0)
print(helpers.pids()[0], flush=True)
helpers.ask((b"spin",), 1e6)
"""


@linux_only
def test_a_helper_dies_with_its_parent() -> None:
    """A parent killed outright takes along even a helper that never looks at its pipes."""
    parent = subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    assert alive(child)
    parent.kill()
    parent.wait()
    wait_for(lambda: not alive(child))
    parent.stdout.close()


def test_long_work_ends_when_its_input_does() -> None:
    """Where no system ties a child to its parent, the end of its input tells that the parent is gone."""
    child = launch("codanna_core.testing.helper:work", Limits(memory=0))
    assert child.stdin is not None
    assert child.stdout is not None
    try:
        assert read_frame(child.stdout) == READY
        assert child.poll() is None
        child.stdin.close()
        assert child.wait(30) == 1
    finally:
        end(child)


@linux_only
def test_a_helper_outlives_the_thread_that_asked(helpers: WarmHelpers) -> None:
    """Linux ties a child to the thread that started it; a helper must stay when that thread ends."""
    import threading

    thread = threading.Thread(target=lambda: ask(helpers, b"echo x"))
    thread.start()
    thread.join()
    (pid,) = helpers.pids()
    assert ask(helpers, b"echo y") == b"y"
    assert helpers.pids() == [pid]
