"""Edits and kills at random: whatever facts are left on disk, edges equal those of a clean build."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from codanna_core import Engine
from codanna_core.cancel import Cancel
from codanna_core.parsing.parser import HELPERS, PATIENT
from codanna_core.results import Confidence, Relation, RelationRequest
from codanna_core.testing.embedder import FakeEmbedder

CHILD = textwrap.dedent(
    """
    import json, sys
    from codanna_core import Engine
    from codanna_core.cancel import Cancel
    from codanna_core.indexing import facts
    from codanna_core.relations import fact_store
    from codanna_core.testing.embedder import FakeEmbedder

    fact_store.SEAL_BYTES, facts._COLLECT_AFTER = 3_000, 4
    engine = Engine.open(sys.argv[1], sys.argv[2], embedder=FakeEmbedder())
    engine.sync()
    engine._writer.facts.fill(Cancel())
    print("ready", flush=True)
    for line in sys.stdin:
        engine.update(json.loads(line))
        engine._writer.facts.fill(Cancel())
        print("done", flush=True)
    engine.close()
    """
)
NAMES = [f"name{number}" for number in range(10)]
PATHS = [f"{folder}{stem}" for folder in ("", "in/") for stem in ("a.py", "b.py", "c.go", "d.go", "e.js")]
KILLS_EVERY = 12


@pytest.fixture(autouse=True)
def _no_helper_stays() -> Iterator[None]:
    yield
    PATIENT.close()
    HELPERS.close()


def source(path: str, rng: random.Random) -> str:
    """A file that defines some names and calls others."""
    defined, called = rng.sample(NAMES, 2), rng.choices(NAMES, k=3)
    calls = "; ".join(f"{name}()" for name in called)
    if path.endswith(".py"):
        lines = [f"from {rng.choice(['a', 'b', 'in.a', 'in.b'])} import {', '.join(NAMES)}"]
        lines += [f"def {name}():\n    {calls}" for name in defined]
    elif path.endswith(".go"):
        lines = [f"package {'in' if '/' in path else 'main'}"]
        lines += [f"func {name}() {{ {calls} }}" for name in defined]
    else:
        lines = [f"import {{ {', '.join(NAMES[:5])} }} from './{rng.choice(['e', 'in/e'])}.js'"]
        lines += [f"export function {name}() {{ {calls} }}" for name in defined]
    return "\n".join(lines) + "\n"


def edges(engine: Engine) -> set[tuple[object, ...]]:
    """Everything that is said about who calls what."""
    found: set[tuple[object, ...]] = set()
    for name in NAMES:
        request = RelationRequest(Relation.CALLERS, name, confidence=Confidence.POSSIBLE)
        result = engine.relations(request)
        places = [(one.path, one.selection.start.line) for one in result.candidates] or [("", 0)]
        for path, line in places:
            if path:
                request = RelationRequest(Relation.CALLERS, name, path, line, confidence=Confidence.POSSIBLE)
                result = engine.relations(request)
            assert result.complete, result.problems
            for edge in result.edges:
                around = edge.source.name if edge.source is not None else ""
                found.add((name, path, line, edge.path, edge.span, around, edge.confidence, edge.reason))
    return found


class Edits:
    """A folder that is edited while the process that keeps its index is killed again and again."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.root, self.index, self.folder = folder / "work", folder / "index", folder
        self.rng = random.Random(seed)
        self.kills = 0
        self.texts: list[tuple[str, str]] = []
        """What files had before: switching back to it needs no parse."""
        for path in PATHS:
            self.write(path, source(path, self.rng))

    def write(self, path: str, text: str) -> None:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        self.texts.append((path, text))

    def edit(self) -> str:
        """Change, delete or bring back one file; returns its path."""
        kind = self.rng.random()
        path = self.rng.choice(PATHS)
        if kind < 0.1:
            (self.root / path).unlink(missing_ok=True)
        elif kind < 0.3:
            path, text = self.rng.choice(self.texts)
            self.write(path, text)
        else:
            self.write(path, source(path, self.rng))
        return path

    def start(self) -> subprocess.Popen[str]:
        child = subprocess.Popen(
            [sys.executable, "-c", CHILD, str(self.root), str(self.index)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert child.stdout is not None
        if self.rng.random() > 0.2:
            assert child.stdout.readline() == "ready\n"
        else:
            time.sleep(self.rng.random())  # This one may be killed before it is ready.
        return child

    def kill(self, child: subprocess.Popen[str]) -> None:
        os.kill(child.pid, signal.SIGKILL)
        child.communicate()
        self.kills += 1

    def run(self, count: int) -> None:
        """So many edits; a process that is killed leaves what it was just told to the next one."""
        child = self.start()
        for _ in range(count):
            stdin, stdout = child.stdin, child.stdout
            assert stdin is not None
            assert stdout is not None
            stdin.write(json.dumps([self.edit()]) + "\n")
            stdin.flush()
            if self.rng.random() < 1 / KILLS_EVERY:
                time.sleep(self.rng.random() * 0.05)
                self.kill(child)
                child = self.start()
            elif stdout.readline() == "ready\n":
                assert stdout.readline() == "done\n"
        self.kill(child)

    def check(self) -> None:
        """The index that is left, with all facts in it, against one that was never killed and has none."""
        with Engine.open(self.root, self.index, embedder=FakeEmbedder()) as engine:
            engine.sync()
            engine._writer.facts.fill(Cancel())
            assert engine.status().facts_files == engine.status().facts_total > 0
            found = edges(engine)
        clean = self.folder / f"clean{len(self.texts)}"
        with Engine.open(self.root, clean, embedder=FakeEmbedder()) as engine:
            engine.sync()
            assert found == edges(engine)
        assert found


def test_edges_after_some_kills(tmp_path: Path) -> None:
    """A sample; `make torture` makes a thousand edits."""
    edits = Edits(tmp_path, seed=5)
    edits.run(25)
    edits.check()
    assert edits.kills > 1


@pytest.mark.slow
def test_torture_edges_after_kills(tmp_path: Path) -> None:
    """TORTURE_EDITS edits, a thousand unless set, with a kill after every dozen, compared ten times."""
    edits = Edits(tmp_path, seed=int(os.environ.get("TORTURE_SEED", "11")))
    for _ in range(10):
        edits.run(int(os.environ.get("TORTURE_EDITS", "1000")) // 10)
        edits.check()
    assert edits.kills > 20
