"""Fifty questions and what an engine answers, so that two indexes of one tree can be compared."""

from __future__ import annotations

import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from codanna_core import Engine
from codanna_core.problems import Code
from codanna_core.results import Hit
from codanna_core.testing.embedder import FakeEmbedder

Answers = dict[str, list[Any]]


def answers(engine: Engine, questions: list[str], names: list[str], places: list[tuple[str, int]]) -> Answers:
    """Hits, order and scores of every question, by words, by meaning and by both, and of names and places."""
    found: Answers = {}
    for question in questions:
        for mode in ("hybrid", "text", "semantic"):
            result = engine.search(question, mode=mode, limit=10, explain=True)
            found[f"{mode}: {question}"] = [asdict(hit) for hit in result.hits] + [
                problem.message for problem in result.problems
            ]
    for name in names:
        found[f"symbols: {name}"] = [asdict(hit) for hit in engine.symbols(name, limit=20)]
    for path, line in places:
        if (engine.root / path).exists():
            found[f"similar: {path}:{line}"] = [asdict(hit) for hit in _similar(engine, path, line)]
    return found


def _similar(engine: Engine, path: str, line: int) -> list[Hit]:
    """On a busy machine the line is parsed too late now and then, which the answer says; then once more."""
    until = time.monotonic() + 60
    while True:
        answer = engine.similar(path, line)
        if not any(problem.code == Code.SLOW_FILE for problem in answer.problems):
            return answer.hits
        assert time.monotonic() < until, f"{path} is parsed too late for a minute"


def clean_answers(
    root: Path, index: Path, questions: list[str], names: list[str], places: list[tuple[str, int]]
) -> Answers:
    """What an index answers that was built of this tree and of nothing before it."""
    with Engine.open(root, index, embedder=FakeEmbedder()) as engine:
        engine.sync()
        engine.settle()
        return answers(engine, questions, names, places)


def differences(one: Answers, other: Answers) -> str:
    """Which answers differ in their hits, in their order, and in their scores alone."""

    def told(hits: list[Any]) -> list[Any]:
        return [(hit["path"], hit["name"], hit["score"]) if isinstance(hit, dict) else hit for hit in hits]

    lines = [
        f"{key}\n    {told(one[key])}\n    {told(other[key])}" for key in other if one.get(key) != other[key]
    ]
    return "\n".join([f"{len(lines)} of {len(other)} answers differ", *lines[:3]]) if lines else ""
