"""Killing the process at every named step of a commit, and at random moments, never leaves a mixture."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from codanna_core import Engine
from codanna_core.testing.embedder import FakeEmbedder

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
    import os, signal, sys
    from codanna_core import Engine
    from codanna_core.testing.embedder import FakeEmbedder

    root, index, die_at = sys.argv[1], sys.argv[2], int(sys.argv[3])
    count = 0

    def checkpoint(name):
        global count
        count += 1
        if count == die_at:
            print(name, flush=True)
            os.kill(os.getpid(), signal.SIGKILL)

    engine = Engine.open(root, index, embedder=FakeEmbedder(), checkpoint=checkpoint)
    engine.sync()
    engine.wait_until_idle(60)
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
    text = engine._writing.text.index.snapshot()
    return {
        (symbol.path, symbol.name, symbol.key)
        for file in text.files()
        for symbol in text.symbols_of(file.path)
    }


def clean_build(root: Path, index: Path) -> Record:
    with Engine.open(root, index, embedder=FakeEmbedder()) as engine:
        engine.sync()
        return on_record(engine)


def run_child(root: Path, index: Path, die_at: int) -> str:
    done = subprocess.run(
        [sys.executable, "-P", "-c", CHILD, str(root), str(index), str(die_at)],
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
        if engine._writing.text.ready:
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


def kill_at_random(tmp_path: Path, kills: int, seed: int) -> None:
    """Kill indexing runs after random times; after each, the index opens, answers, and can be completed."""
    rng = random.Random(seed)
    root = tmp_path / "root"
    many = {
        f"pkg{number % 7}_{number}.py": "\n".join(
            f"def work_{number}_{part}(x):\n    '''Does part {part}.'''\n    return x * {part}\n"
            for part in range(8)
        )
        for number in range(150)
    }
    write(root, many)
    write(root, NEW)
    final = clean_build(root, tmp_path / "clean")
    index = tmp_path / "index"
    for _ in range(kills):
        child = subprocess.Popen(
            [sys.executable, "-P", "-c", CHILD, str(root), str(index), "0"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        time.sleep(rng.uniform(0.05, 2.5))  # The random moment is the point of this test.
        os.killpg(child.pid, signal.SIGKILL)
        child.wait()
        with Engine.open(root, index, embedder=FakeEmbedder()) as engine:
            if engine._writing.text.ready:
                # Whole files only: every file on record has exactly the symbols of a clean build.
                record = on_record(engine)
                paths = {path for path, _, _ in record}
                assert record == {entry for entry in final if entry[0] in paths}
                engine.search("does part 3")
        if rng.random() < 0.3:
            for name in rng.sample(sorted(many), 20):
                os.utime(root / name)
    with Engine.open(root, index, embedder=FakeEmbedder()) as engine:
        engine.sync()
        assert on_record(engine) == final


@pytest.mark.timeout(300)
def test_kills_at_random_moments_of_indexing(tmp_path: Path) -> None:
    """A sample of random kills; `make torture` runs many more."""
    kill_at_random(tmp_path, kills=6, seed=7)


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_torture_two_hundred_kills_at_random_moments(tmp_path: Path) -> None:
    """The long run of the same."""
    kill_at_random(tmp_path, kills=200, seed=11)
