"""Killing the process at every named step of a commit, and at random moments, never leaves a mixture."""

from __future__ import annotations

import os
import random
import re
import shutil
import signal
import subprocess
import sys
import textwrap
import time
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from answering import answers, clean_answers, differences

from codanna_core import Engine
from codanna_core.testing.embedder import FakeEmbedder
from codanna_core.testing.indexes import copy_index

OLD = {
    f"mod_{number}.py": f"def old_name_{number}(x):\n    '''Old text {number}.'''\n    return x\n"
    for number in range(4)
}
NEW = {
    f"mod_{number}.py": f"def new_name_{number}(x):\n    '''New text {number}.'''\n    return x\n"
    for number in range(4)
}

CHILD = textwrap.dedent(
    """
    import json, os, signal, sys
    from codanna_core import Engine
    from codanna_core.testing.embedder import FakeEmbedder

    root, index, die_at, options = sys.argv[1], sys.argv[2], int(sys.argv[3]), json.loads(sys.argv[4])
    count = 0

    def checkpoint(name):
        global count
        count += 1
        print(name, flush=True)
        if count == die_at:
            os.kill(os.getpid(), signal.SIGKILL)

    engine = Engine.open(root, index, embedder=FakeEmbedder(), overrides=options, checkpoint=checkpoint)
    print("opened", flush=True)
    engine.sync()
    engine.wait_until_idle(60)
    print("settling", flush=True)
    engine.settle()
    engine.close()
    print("finished", flush=True)
    """
)

Record = set[tuple[str, str, int]]


def write(root: Path, files: dict[str, str]) -> None:
    root.mkdir(exist_ok=True)
    for name, text in files.items():
        (root / name).write_text(text)


def on_record(engine: Engine) -> Record:
    """Every symbol of the text index with its key."""
    text = engine._writer.text.index.snapshot()
    symbols = [symbol for file in text.files() for symbol in text.symbols_of(file.path)]
    assert len(symbols) == text.symbol_count, "there are symbols without a file"
    return {(symbol.path, symbol.name, symbol.key) for symbol in symbols}


def clean_build(root: Path, index: Path) -> Record:
    with Engine.open(root, index, embedder=FakeEmbedder()) as engine:
        engine.sync()
        return on_record(engine)


def run_child(root: Path, index: Path, die_at: int) -> str:
    done = subprocess.run(
        [sys.executable, "-P", "-c", CHILD, str(root), str(index), str(die_at), "{}"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode in (0, -signal.SIGKILL), done.stderr
    return done.stdout.strip()


def check_after_kill(root: Path, index: Path, allowed: list[Record], final: Record) -> None:
    """Reopened, the index is one of the allowed states and answers; synced, it equals a clean build."""
    with Engine.open(root, index, embedder=FakeEmbedder()) as engine:
        if engine._writer.text.ready:
            assert on_record(engine) in allowed
            engine.search("name text")
        engine.sync()
        assert on_record(engine) == final
        assert engine.wait_until_idle(60)
        found = engine.search("new text 2", mode="semantic").hits
        assert found[0].name == "new_name_2"
        assert engine.status().vectors_pending == 0


def steps_of_a_commit(tmp_path: Path) -> int:
    """How many named steps the update in question has, counted by a run that is never killed."""
    names: list[str] = []
    root = tmp_path / "counted"
    write(root, OLD)
    with Engine.open(root, tmp_path / "counted-index", embedder=FakeEmbedder()) as engine:
        engine.sync()
    write(root, NEW)
    with Engine.open(
        root, tmp_path / "counted-index", embedder=FakeEmbedder(), checkpoint=names.append
    ) as engine:
        engine.sync()
        engine.wait_until_idle(60)
    assert {"vectors:before-flush", "vectors:after-flush", "text:before-commit", "text:after-commit"} <= set(
        names
    )
    return len(names)


@pytest.mark.timeout(300)
def test_a_kill_at_each_named_step_leaves_the_old_or_the_new_state(tmp_path: Path) -> None:
    """At every step of the commit path a SIGKILL leaves the old or the new generation, never a mixture."""
    steps = steps_of_a_commit(tmp_path)
    root = tmp_path / "root"
    write(root, OLD)
    old = clean_build(root, tmp_path / "old-index")
    write(root, NEW)
    new = clean_build(root, tmp_path / "new-index")
    for step in range(1, steps + 1):
        index = tmp_path / f"index-{step}"
        write(root, OLD)
        clean_build(root, index)
        write(root, NEW)
        run_child(root, index, step)
        check_after_kill(root, index, [old, new], new)


def version_of(number: int, version: int) -> str:
    """One file of the workspace under fire, in one of its versions."""
    return "\n".join(
        f"def work_{number}_{part}_v{version}(x):\n    '''Does part {part}, version {version}.'''\n"
        f"    return x * {part}\n"
        for part in range(8)
    )


SESSIONS = textwrap.dedent(
    """
    import os, signal, sys
    from pathlib import Path
    from codanna_core import Engine
    from codanna_core.testing.embedder import FakeEmbedder

    root, index = Path(sys.argv[1]), sys.argv[2]

    def checkpoint(name):
        if name == "text:after-commit":
            os.kill(os.getpid(), signal.SIGKILL)

    def session(name, numbers, killed):
        for number in numbers:
            (root / f"f{number}.py").write_text(f"def {name}_{number}(): pass\\n")
        child = os.fork()
        if not child:
            with Engine.open(
                root, index, embedder=FakeEmbedder(), checkpoint=checkpoint if killed else None
            ) as engine:
                if len(numbers) == 40:
                    engine.sync()
                else:
                    engine.update([f"f{number}.py" for number in numbers])
                engine.settle()
            os._exit(0)
        os.waitpid(child, 0)

    session("first", range(40), False)
    session("second", range(10), True)
    # Each kill comes before tantivy has merged anything, so that the merge falls into the last session.
    for number in range(6):
        session("third", [number], True)
    session("fourth", [6], False)
    """
)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the sessions are forks")
def test_the_first_change_after_a_restart_is_not_lost_to_a_merge(tmp_path: Path) -> None:
    """A file saved first after a start loses its old symbols, also where that start merges segments."""
    root = tmp_path / "root"
    root.mkdir()
    done = subprocess.run(
        [sys.executable, "-P", "-c", SESSIONS, str(root), str(tmp_path / "index")],
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    with Engine.open(root, tmp_path / "index", embedder=FakeEmbedder()) as engine:
        names = {name for path, name, _ in on_record(engine) if path == "f6.py"}
        assert names == {"fourth_6"}


QUESTIONS = [
    *(f"does part {part} version {version}" for part in range(8) for version in range(2)),
    *(f"work {number} part {number % 8}" for number in range(0, 150, 5)),
    *("work", "part", "version 1", "return x", "wrok part", "work_3_2_v1", "pkg3_10 work"),
]
NAMES = ["work_3_2_v1", "w", "wrk", "work_1", "v0", "wokr_12"]


class Torture:
    """A workspace that changes, an indexer that is killed, and what may be found afterwards.

    `self.states` holds for each file every content that the index may show: the one it showed when it was
    last looked at, and the one on disk.
    """

    FILES = 150

    def __init__(self, place: Path, seed: int) -> None:
        self.rng = random.Random(seed)
        self.place = place
        self.root = place / "root"
        self.index = place / "index"
        self.disk: dict[str, str] = {}
        self.shown: dict[str, str] = {}
        self.records: dict[tuple[str, str], Record] = {}
        self.killed_after: Counter[str] = Counter()
        self.found: Counter[str] = Counter()
        self.span, self.steps = 0.0, 0
        """Seconds and steps that the last run took which was not killed."""
        self.root.mkdir()
        for version in (0, 1):
            # What each version of each file looks like in an index that nobody disturbed.
            texts = {name_of(number): version_of(number, version) for number in range(self.FILES)}
            write(self.root, texts)
            for path, name, key in clean_build(self.root, place / f"clean-{version}"):
                self.records.setdefault((path, texts[path]), set()).add((path, name, key))
        self.disk = texts

    def edit(self) -> None:
        """Change, remove and bring back some files, or nearly all of them."""
        for number in self.rng.sample(range(self.FILES), self.rng.choice([1, 5, 40, self.FILES])):
            name = name_of(number)
            if name in self.disk and self.rng.random() < 0.1:
                (self.root / name).unlink()
                del self.disk[name]
            else:
                self.disk[name] = version_of(number, self.rng.randrange(2))
                (self.root / name).write_text(self.disk[name])

    def kill(self, options: str, *, step: int = 0, after: float = 0.0) -> bool:
        """Start an indexer and kill it at a step, or so many seconds after it has opened the index; False
        where it was done before.
        """
        child = subprocess.Popen(
            [sys.executable, "-P", "-c", CHILD, str(self.root), str(self.index), str(step), options],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        assert child.stdout is not None
        assert child.stdout.readline() == "opened\n", child.stderr and child.stderr.read()
        started = time.monotonic()
        if not step:
            time.sleep(after)  # The random moment is the point of this test.
            os.killpg(child.pid, signal.SIGKILL)
        said, errors = child.communicate(timeout=120)
        assert child.returncode in (0, -signal.SIGKILL), errors
        steps = said.split("\n")[:-1]
        if not child.returncode:
            # What is killed next is aimed at what a run takes now.
            self.steps = len(steps)
            self.span = time.monotonic() - started if step else self.span * 0.9
            self.found["run that was done before its kill"] += 1
            return False
        if not steps:
            self.span *= 1.1  # Too early to meet anything; both ways the kills come to where the work is.
        # Files of the index are numbered; the summary counts them together.
        self.killed_after[re.sub(r"\d+", "N", steps[-1] if steps else "opened")] += 1
        return True

    def look(self, *, one_commit: bool) -> None:
        """Reopen: every file is the old or the new one, all of them where the change was one commit."""
        with Engine.open(self.root, self.index, embedder=FakeEmbedder()) as engine:
            if not engine._writer.text.ready:
                self.found["nothing yet"] += 1
                assert not self.shown
                return
            record = on_record(engine)
            hits = engine.search("does part 3").hits
            state = engine.status().state
        by_path: dict[str, Record] = {}
        for entry in record:
            by_path.setdefault(entry[0], set()).add(entry)
        now: dict[str, str] = {}
        for path, entries in by_path.items():
            allowed = [state[path] for state in (self.shown, self.disk) if path in state]
            texts = [text for text in allowed if self.records[path, text] == entries]
            assert texts, f"{path} holds a mixture: {sorted(entries)}"
            now[path] = texts[0]
        for path in self.shown:
            assert path in now or path not in self.disk, f"{path} was lost"
        if one_commit:
            assert now in (self.shown, self.disk), "a single commit was found half done"
        kind = "new" if now == self.disk else "old" if now == self.shown else "between two commits"
        self.found[kind] += 1
        assert kind != "between two commits" or state == "incomplete"
        assert hits or not now
        assert all((hit.path, hit.name) in {(path, name) for path, name, _ in record} for hit in hits)
        self.shown = now

    def complete(self) -> None:
        """A normal run makes the index equal to a clean build, vectors and answers included."""
        places = [(path, 4) for path in sorted(self.disk)[::30]]
        clean = self.place / "clean"
        shutil.rmtree(clean, ignore_errors=True)
        expected_answers = clean_answers(self.root, clean, QUESTIONS, NAMES, places)
        with Engine.open(self.root, self.index, embedder=FakeEmbedder()) as engine:
            engine.sync()
            assert engine.wait_until_idle(60)
            difference = differences(answers(engine, QUESTIONS, NAMES, places), expected_answers)
            assert not difference, difference
            expected: Record = set()
            for path, text in self.disk.items():
                expected |= self.records[path, text]
            assert on_record(engine) == expected
            meaning = engine._models.active
            assert meaning is not None
            assert meaning.vectors is not None
            keys = np.unique(np.array([key for _, _, key in expected], np.uint64))
            assert meaning.vectors.contains(keys).all()
            assert engine.status().vectors_pending == 0
        self.shown = dict(self.disk)

    def run(self, kills: int) -> None:
        """Half of the kills at a step, half at a moment. Most times the index is completed before the next
        one; now and then it is removed.
        """
        self.span, self.steps = self.undisturbed()
        number = 0
        while number < kills:
            self.edit()
            one_commit = self.rng.random() < 0.5
            options = "{}" if one_commit else '{"index": {"commit_every": 200}}'
            killed = (
                self.kill(options, after=self.rng.uniform(0, self.span))
                if number % 2
                else self.kill(options, step=self.rng.randint(1, self.steps))
            )
            self.look(one_commit=one_commit)
            if not killed:
                continue
            number += 1
            if self.rng.random() < 0.7 or number == kills:
                self.complete()
            if number % 25 == 0:
                shutil.rmtree(self.index)
                self.shown = {}

    def undisturbed(self) -> tuple[float, int]:
        """How long a whole run takes after it has opened the index, and how many steps it has."""
        names: list[str] = []
        with Engine.open(
            self.root, self.place / "counted", embedder=FakeEmbedder(), checkpoint=names.append
        ) as engine:
            started = time.monotonic()
            engine.sync()
            engine.wait_until_idle(60)
        return time.monotonic() - started, len(names)

    def summary(self) -> str:
        """What was done and found, for the one who started it."""

        def lines(counts: Counter[str]) -> str:
            return "\n".join(f"  {count:5}  {name}" for name, count in counts.most_common())

        return (
            f"\n{self.killed_after.total()} kills; the last step before each:\n{lines(self.killed_after)}\n"
            f"what each reopening showed, never a mixture:\n{lines(self.found)}\n"
            "completed, the index equalled a clean build each time: same symbols, keys and vectors, and the "
            f"same answers to {len(QUESTIONS)} questions in three modes"
        )


@pytest.mark.timeout(300)
def test_a_kill_while_the_folder_is_made(tmp_path: Path) -> None:
    """A kill while the index folder itself is being made leaves nothing that a normal run cannot finish."""
    root = tmp_path / "root"
    write(root, NEW)
    new = clean_build(root, tmp_path / "new-index")
    seen: list[str] = []
    while "replaced index.json" not in seen:
        index = tmp_path / f"index-{len(seen)}"
        seen.append(run_child(root, index, len(seen) + 1).splitlines()[-1])
        check_after_kill(root, index, [set(), new], new)
    assert "replace CACHEDIR.TAG" in seen


def name_of(number: int) -> str:
    return f"pkg{number % 7}_{number}.py"


@pytest.mark.timeout(300)
def test_kills_at_random_steps_and_moments(tmp_path: Path) -> None:
    """A sample of random kills; `make torture` runs many more."""
    Torture(tmp_path, seed=7).run(kills=4)


@pytest.mark.slow
@pytest.mark.timeout(36_000)
def test_torture_hundreds_of_kills(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The long run of the same, with a summary at its end: half of TORTURE_KILLS, or two hundred."""
    torture = Torture(tmp_path, seed=int(os.environ.get("TORTURE_SEED", "11")))
    torture.run(kills=int(os.environ.get("TORTURE_KILLS", "400")) // 2)
    with capsys.disabled():
        print(torture.summary())


def test_a_commit_done_again_after_a_kill_inside_it(tmp_path: Path) -> None:
    """What the killed commit had written, a list of deleted documents among it, does not stand in the way of
    the next one, which writes files of the same names.
    """
    root, index, killed = tmp_path / "root", tmp_path / "index", tmp_path / "killed"
    write(root, {**OLD, "stays.py": "def stays(): pass\n"})
    with Engine.open(root, index, embedder=FakeEmbedder()) as engine:
        engine.sync()
    copy_index(index, killed)
    write(root, NEW)
    with Engine.open(root, index, embedder=FakeEmbedder()) as engine:
        engine.sync()
        final = on_record(engine)
    left: list[str] = []
    for file in (index / "text-1").iterdir():
        if file.name != "meta.json" and (
            file.name == ".managed.json" or not (killed / "text-1" / file.name).exists()
        ):
            shutil.copy2(file, killed / "text-1")
            left.append(file.suffix)
    assert ".del" in left
    with Engine.open(root, killed, embedder=FakeEmbedder()) as engine:
        engine.sync()
        assert on_record(engine) == final
