"""How the files of a run are handed to workers."""

from __future__ import annotations

from codanna_core.indexing import pool
from codanna_core.indexing.prepare import FileTask

PYTHON = [(FileTask(f"src/module{number}.py"), 20_000) for number in range(200)]
OTHERS = [(FileTask(path), 3_000) for path in ("setup.sh", "src/fast.c", "Makefile", "docs/a.md", "src/x.js")]


def batches(files: list[tuple[FileTask, int]]) -> list[list[str]]:
    return [[task.path for task in batch] for batch in pool._batches(files)]


def test_kinds_of_few_files_go_to_one_worker() -> None:
    """Each worker would otherwise make what it reads a language with, for a file or two."""
    files = [*OTHERS[:2], *PYTHON[:90], *OTHERS[2:], *PYTHON[90:]]
    found = batches(files)
    (together,) = [batch for batch in found if any(not path.endswith(".py") for path in batch)]
    assert together == [task.path for task, _ in OTHERS]
    assert together not in (found[0], found[-1]), "neither a first answer nor the last batch waits for it"
    assert sorted(path for batch in found for path in batch) == sorted(task.path for task, _ in files)


def test_first_and_last_batches_are_small() -> None:
    """So that a first answer comes early, also where all files are of kinds of which there are few."""
    assert len(batches(PYTHON)[0]) < len(batches(PYTHON)[5])
    assert len(batches(PYTHON)[-1]) <= len(batches(PYTHON)[0]), "no worker waits for long for another one"
    assert batches(OTHERS) == [[task.path for task, _ in OTHERS]]
    assert batches([]) == []
