"""Killed commands, and helpers that are killed under them: afterwards all answers are a clean build's."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path

import pytest
from answering import Answers, answers, differences

from codanna_core import Engine
from codanna_core.parsing.parser import HELPERS

COMMAND = [sys.executable, "-P", "-c", "from codanna_core.cli.main import program; program()"]
FILES = 40
QUESTIONS = [
    *(f"does part {part} of handler {part * 3}" for part in range(6)),
    *(f"handle {number} request" for number in range(38)),
    *("request", "version 1", "return part", "handel part", "part_3_2", "comment about 7"),
]
NAMES = ["part_3_2", "handle", "hndl 4"]

pytestmark = pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="children are found in /proc")


def text_of(number: int, version: int) -> str:
    return "".join(
        f"def part_{number}_{part}_v{version}(request):\n"
        f'    """Does part {part} of handler {number}, a comment about {number * part}."""\n'
        f"    return handle_{number}(request, version={version})\n\n\n"
        for part in range(6)
    )


class Shop:
    """A folder that changes, and an index that processes keep current until they are killed."""

    def __init__(self, place: Path, seed: int) -> None:
        self.rng = random.Random(seed)
        self.place = place
        self.root, self.index = place / "root", place / "index"
        self.root.mkdir()
        self.span = 3.0
        self.done: Counter[str] = Counter()
        for number in range(FILES):
            self.write(number)

    def write(self, number: int) -> None:
        (self.root / f"file{number}.py").write_text(text_of(number, self.rng.randrange(1_000_000)))

    def edit(self) -> None:
        """Change some files, and now and then begin with no index."""
        self.edit_files()
        if self.rng.random() < 0.3:
            shutil.rmtree(self.index, ignore_errors=True)

    def edit_files(self) -> list[str]:
        """Change some files; gives their names."""
        numbers = self.rng.sample(range(FILES), self.rng.choice([10, 20, FILES]))
        for number in numbers:
            self.write(number)
        return [f"file{number}.py" for number in numbers]

    def command(self) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [*COMMAND, "index", str(self.root), "--index-dir", str(self.index), "--set", "index.workers=2"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def kill_command(self) -> None:
        """Kill the command line at a random moment; its helpers end with it."""
        process = self.command()
        time.sleep(self.rng.uniform(0, self.span))  # The random moment is the point of this test.
        children = children_of(process.pid)
        self.done["command"] += process.poll() is None
        process.kill()
        process.communicate(timeout=60)
        wait_for_end(children)

    def kill_helper(self) -> None:
        """Kill a worker of the command line at a random moment; the command completes its work."""
        process = self.command()
        started, killed = time.monotonic(), False
        moment = self.rng.uniform(0, self.span)
        while process.poll() is None and not killed:
            time.sleep(0.005)
            children = children_of(process.pid)
            if children and time.monotonic() - started > moment:
                killed = kill(self.rng.choice(children))
        _, errors = process.communicate(timeout=120)
        assert process.returncode == 0, errors
        self.done["worker"] += killed
        if not killed:
            self.span = max(0.5, self.span * 0.9)

    def kill_parser(self) -> None:
        """Kill the parser of single files while they are saved."""
        stop = threading.Event()

        def harass() -> None:
            while not stop.wait(self.rng.uniform(0.001, 0.1)):
                self.done["parser"] += sum(kill(process) for process in HELPERS.pids())
                if self.done["parser"] >= limit:
                    return

        with self.engine() as engine:
            engine.sync()
            names = self.edit_files()
            limit = self.done["parser"] + 3
            thread = threading.Thread(target=harass)
            thread.start()
            try:
                for name in names:
                    engine.update([name])
            finally:
                stop.set()
                thread.join()

    def engine(self) -> Engine:
        return Engine.open(self.root, self.index)

    def compare(self) -> None:
        """Fifty questions in three modes, with order and scores, against an index that nobody disturbed."""
        clean = self.place / "clean"
        shutil.rmtree(clean, ignore_errors=True)
        with Engine.open(self.root, clean) as engine:
            expected = settled_answers(engine)
        with self.engine() as engine:
            found = settled_answers(engine)
        assert not (difference := differences(found, expected)), difference

    def run(self, kills: int) -> None:
        ways = {"command": self.kill_command, "worker": self.kill_helper, "parser": self.kill_parser}
        while any(self.done[way] < kills // len(ways) for way in ways):
            self.edit()
            ways[min(ways, key=self.done.__getitem__)]()
            self.compare()


def settled_answers(engine: Engine) -> Answers:
    engine.sync()
    engine.settle()
    assert engine.wait_until_idle(60)
    return answers(engine, QUESTIONS, NAMES, [("file3.py", 2), ("file20.py", 8)])


def children_of(process: int) -> list[int]:
    try:
        tasks = [*Path(f"/proc/{process}/task").glob("*/children")]
        return [int(child) for task in tasks for child in task.read_text().split()]
    except OSError:
        return []


def kill(process: int) -> bool:
    try:
        os.kill(process, signal.SIGKILL)
    except ProcessLookupError:
        return False
    return True


def wait_for_end(processes: list[int]) -> None:
    """A child of a killed process is gone at once; whoever collects it may take a moment."""
    deadline = time.monotonic() + 30
    for process in processes:
        while Path(f"/proc/{process}/stat").exists() and not is_over(process):
            assert time.monotonic() < deadline, f"{process} outlived its parent"
            time.sleep(0.01)


def is_over(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] in "ZX"
    except OSError:
        return True


@pytest.mark.timeout(300)
def test_killed_commands_and_helpers(tmp_path: Path) -> None:
    """One of each kind; `make torture` runs many more."""
    Shop(tmp_path, seed=5).run(kills=3)


@pytest.mark.slow
@pytest.mark.timeout(36_000)
def test_torture_commands_and_helpers(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A quarter of TORTURE_KILLS, or a hundred: commands, workers and parsers in turn."""
    shop = Shop(tmp_path, seed=int(os.environ.get("TORTURE_SEED", "13")))
    shop.run(kills=int(os.environ.get("TORTURE_KILLS", "400")) // 4)
    with capsys.disabled():
        print(f"\nkilled: {dict(shop.done)}; each time {len(QUESTIONS)} answers were those of a clean build")
