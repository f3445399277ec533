"""The same tree gives the same answers, whatever edits, kills and merges led to it."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from answering import Answers, answers, clean_answers, differences

from codanna_core import Engine
from codanna_core.testing.embedder import FakeEmbedder

VERBS = (
    "open",
    "close",
    "read",
    "write",
    "parse",
    "merge",
    "cache",
    "fetch",
    "retry",
    "cancel",
    "lock",
    "sort",
)
THINGS = ("file", "session", "request", "token", "buffer", "index", "vector", "socket", "config", "worker")
MORE = ("fast", "lazy", "remote", "shared", "stale", "atomic")


def module(rng: random.Random) -> str:
    """A file of a few definitions that share most of their words with others."""
    parts = []
    for _ in range(rng.randint(1, 7)):
        verb, thing, more = rng.choice(VERBS), rng.choice(THINGS), rng.choice(MORE)
        body = " ".join(rng.choice(VERBS + THINGS + MORE) for _ in range(rng.randint(0, 30)))
        if rng.random() < 0.3:
            parts.append(
                f"class {more.title()}{thing.title()}:\n    '''Holds a {thing}.'''\n\n"
                f"    def {verb}(self, {thing}):\n        return '{body}'\n"
            )
        else:
            parts.append(f"def {verb}_{thing}({more}):\n    '''{body[:60]}'''\n    return '{body}'\n")
    if rng.random() < 0.3:
        parts.append(parts[0])
    return "\n\n".join(parts)


def path_of(rng: random.Random, files: int) -> str:
    number = rng.randrange(files)
    return f"{THINGS[number % 5]}/{VERBS[number % 7]}_{number}.py"


QUESTIONS = [
    *(f"{VERBS[n]} {THINGS[n % 10]}" for n in range(12)),
    *(f"how to {VERBS[n % 12]} a {MORE[n % 6]} {THINGS[n % 10]}" for n in range(24)),
    *THINGS[:6],
    *("read_file", "LazyToken", "SharedSocket", "open session path:token/**", "retri a sesion"),
    *("lang:python cache", "class stale vector kind:class", "write -cache", "socket lock"),
    *("where are workers canceled and buffers merged", "nothing like it", "atomic"),
]
NAMES = [
    "open",
    "rf",
    "Lazy",
    "readfile",
    "cach",
    "LT",
    "tok",
    "mrege_file",
    "Session.",
    "SharedSocket.close",
    "o",
]
PLACES = [(f"{THINGS[n % 5]}/{VERBS[n % 7]}_{n}.py", 2) for n in range(0, 40, 5)]


class Tree:
    """A folder that changes at random."""

    def __init__(self, root: Path, seed: int, files: int) -> None:
        self.root, self.rng, self.files = root, random.Random(seed), files
        for _ in range(files):
            self.write(path_of(self.rng, files))

    def write(self, path: str) -> None:
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path).write_text(module(self.rng))

    def change(self, count: int) -> list[str]:
        """Edit, remove and rename files; gives the paths that changed."""
        changed = []
        for _ in range(count):
            path = path_of(self.rng, self.files)
            what, there = self.rng.random(), (self.root / path).exists()
            if there and what < 0.15:
                (self.root / path).unlink()
            elif there and what < 0.3:
                other = path_of(self.rng, self.files)
                (self.root / other).parent.mkdir(parents=True, exist_ok=True)
                (self.root / path).rename(self.root / other)
                changed.append(other)
            else:
                self.write(path)
            changed.append(path)
        return changed


def live(tree: Tree, index: Path, sessions: int) -> None:
    """Many short sessions, some of which end in the middle of what they do."""
    rng = tree.rng
    for _ in range(sessions):
        with Engine.open(tree.root, index, embedder=FakeEmbedder()) as engine:
            engine.sync()
            for _ in range(rng.randint(0, 6)):
                engine.update(tree.change(rng.choice([1, 1, 3])))
            if rng.random() < 0.3:
                engine.settle()
        tree.change(rng.choice([0, 2, 20]))


def after_history(tree: Tree, index: Path) -> Answers:
    with Engine.open(tree.root, index, embedder=FakeEmbedder()) as engine:
        engine.sync()
        engine.settle()
        return answers(engine, QUESTIONS, NAMES, PLACES)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("seed", range(2))
def test_answers_do_not_depend_on_history(tmp_path: Path, seed: int) -> None:
    """Hits, order and scores after many edits, removals, renames and restarts are those of a clean build."""
    assert len(QUESTIONS) >= 50
    tree = Tree(tmp_path / "root", seed, files=120)
    live(tree, tmp_path / "index", sessions=8)
    clean = clean_answers(tree.root, tmp_path / "clean", QUESTIONS, NAMES, PLACES)
    assert sum(map(len, clean.values())) > 1000
    difference = differences(after_history(tree, tmp_path / "index"), clean)
    assert not difference, difference
