"""Parsing apart: a file that the parser cannot stand is named and searched by its text, and harms nobody."""

from __future__ import annotations

import os
import random
import resource
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from codanna_core import Engine
from codanna_core.parsing import parser as parsing
from codanna_core.parsing.verdicts import Verdicts, content_key
from codanna_core.runtime.helpers import Overran, TooLate
from codanna_core.storage.directory import FsDirectory
from codanna_core.testing.embedder import FakeEmbedder

SLOW = ("slow.groovy", "// loyalty\n" + "if " * 1000 + "loy {\n}\n")
CRASHES = ("quotes.md", ">" * 1000 + " x")
POISON = dict([SLOW, CRASHES, ("list.md", "- " * 1000 + "x"), ("begin.java", "begin " * 20000 + "loyalty")])
NOT_GENERATED = {"discovery": {"skip_generated": False}}
"""A single line of 120 kB passes for minified otherwise."""


def write(root: Path, files: dict[str, str]) -> None:
    root.mkdir(exist_ok=True)
    for name, text in files.items():
        (root / name).write_text(text)


def innocent(count: int) -> dict[str, str]:
    return {
        f"mod_{number}.py": f"def water_flowers_{number}(x):\n    '''Text {number}.'''\n    return x\n"
        for number in range(count)
    }


def names(engine: Engine) -> set[str]:
    text = engine._writer.text.index.snapshot()
    return {symbol.name for file in text.files() for symbol in text.symbols_of(file.path)}


def children_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


@pytest.mark.parametrize("others", [3, 60], ids=["in one helper", "in workers"])
def test_files_that_crash_or_never_end_are_named_and_the_rest_is_complete(
    tmp_path: Path, others: int
) -> None:
    """Each is reported once with its name, found by its text, and costs seconds once, not at every run."""
    root, index = tmp_path / "root", tmp_path / "index"
    write(root, {**POISON, **innocent(others)})
    with Engine.open(root, index, embedder=FakeEmbedder(), overrides=NOT_GENERATED) as engine:
        before = children_seconds()
        report = engine.sync()
        engine.settle()
        assert children_seconds() - before < 15
        assert report.added == len(POISON) + others
        reported = {problem.path: problem.code for problem in engine.status().problems}
        assert reported.pop("quotes.md") == reported.pop("list.md") == "parser-crashed"
        assert reported.pop("slow.groovy") == "slow-file"
        assert set(reported) <= {"begin.java"}
        assert {f"water_flowers_{number}" for number in range(others)} <= names(engine)
        assert "slow.groovy" in [hit.path for hit in engine.search("loyalty", mode="text").hits]

    with Engine.open(root, index, embedder=FakeEmbedder(), overrides=NOT_GENERATED) as engine:
        assert {"slow.groovy", "quotes.md"} <= {problem.path for problem in engine.status().problems}
        before = children_seconds()
        engine.reindex()
        engine.settle()
        assert children_seconds() - before < 4, "the verdicts are on record"
        assert {"slow.groovy", "quotes.md"} <= {problem.path for problem in engine.status().problems}


def test_the_same_text_is_parsed_as_another_language(tmp_path: Path) -> None:
    """A verdict is about a content and a grammar: the same bytes elsewhere are parsed as ever."""
    root = tmp_path / "root"
    write(root, {"a.md": "# Watering\n\ntext\n", "b.py": "# Watering\n"})
    with Engine.open(root, tmp_path / "index", embedder=FakeEmbedder()) as engine:
        key = content_key("markdown", b"# Watering\n\ntext\n")
        engine._parsing.verdicts.add(key, "parser-crashed", "a.md")
        engine.sync()
        assert [p.path for p in engine.status().problems if p.code == "parser-crashed"] == ["a.md"]


class Refuses:
    """Helpers that refuse a file until they are told to let it pass."""

    def __init__(self, error: Exception) -> None:
        self.error: Exception | None = error
        self.asked = 0

    def ask(self, request: tuple[bytes, ...], seconds: float, patience: float | None = None) -> bytes:
        self.asked += 1
        if self.error is not None:
            raise self.error
        return parsing_helpers.ask(request, seconds, patience)


parsing_helpers = parsing.HELPERS


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    write(tmp_path / "root", {"a.py": "def first():\n    pass\n"})
    with Engine.open(tmp_path / "root", tmp_path / "index", embedder=FakeEmbedder()) as opened:
        opened.sync()
        yield opened


def test_a_slow_file_is_parsed_after_all_when_twice_the_time_suffices(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The save does not wait for the second attempt; when that succeeds its symbols and no problem stay."""
    refuses = Refuses(Overran("too slow"))
    ask = refuses.ask

    def only_once(request: tuple[bytes, ...], seconds: float, patience: float | None = None) -> bytes:
        try:
            return ask(request, seconds, patience)
        finally:
            refuses.error = None

    monkeypatch.setattr(refuses, "ask", only_once)
    monkeypatch.setattr(parsing, "HELPERS", refuses)
    (engine.root / "a.py").write_text("def second():\n    pass\n")
    report = engine.update(["a.py"])
    assert [problem.code for problem in report.problems] == ["slow-file"]
    assert engine.wait_until_idle(30)
    assert "second" in names(engine)
    assert engine.status().problems == []


def test_an_outline_comes_from_the_last_good_state(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who asks for an outline while parsing takes too long gets the last one, not an error and no wait."""
    assert [symbol.name for symbol in engine.document_symbols("a.py", "def good(): pass\n").symbols] == [
        "good"
    ]
    monkeypatch.setattr(parsing, "HELPERS", Refuses(TooLate()))
    assert [symbol.name for symbol in engine.document_symbols("a.py", "def newer(): pass\n").symbols] == [
        "good"
    ]


def test_similar_code_of_a_file_that_nobody_can_parse_now(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the index knows of the place is asked about: the answer is code of the same sort, not nothing."""
    write(tmp_path / "root", innocent(4))
    with Engine.open(tmp_path / "root", tmp_path / "index", embedder=FakeEmbedder()) as engine:
        engine.sync()
        parsed = {hit.name for hit in engine.similar("mod_1.py", 1).hits}
        assert len(parsed) == 3
    monkeypatch.setattr(parsing, "HELPERS", Refuses(TooLate()))
    with Engine.open(tmp_path / "root", tmp_path / "index", embedder=FakeEmbedder()) as engine:
        found = engine.similar("mod_1.py", 1)
        assert {hit.name for hit in found.hits} == parsed
        assert [(problem.code, problem.path) for problem in found.problems] == [("slow-file", "mod_1.py")]


def test_typing_in_a_slow_file_does_not_keep_a_helper_busy(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a text went over the limit, the next ones of that file are shown by their lines for a while."""
    refuses = Refuses(Overran("too slow"))
    monkeypatch.setattr(parsing, "HELPERS", refuses)
    for number in range(10):
        engine.set_overlay("a.py", f"def typed_{number}(): pass\n")
    assert refuses.asked == 1
    assert engine.search("typed_9", mode="text").hits[0].path == "a.py"


def test_killing_helpers_at_any_moment_changes_no_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While files are saved, helpers are killed again and again; the index equals a clean build."""
    root = tmp_path / "root"
    write(root, innocent(8))
    monkeypatch.setattr("codanna_core.runtime.helpers._FREE_DEATHS", 1000)
    done = threading.Event()
    moments = random.Random(7)
    killed, turn = 0, 0

    def kill() -> None:
        nonlocal killed
        span, seen = 0.5, -1
        while not done.wait(moments.uniform(0.0, span)):
            # A helper that is always killed before it has started answers nothing on a busy machine.
            span, seen = (span * 1.5 if turn == seen else 0.5), turn
            for pid in parsing.HELPERS.pids():
                try:
                    os.kill(pid, signal.SIGKILL)
                    killed += 1
                except ProcessLookupError:
                    pass  # It is being replaced.

    with Engine.open(root, tmp_path / "index", embedder=FakeEmbedder()) as engine:
        engine.sync()
        engine.warm()
        killer = threading.Thread(target=kill)
        killer.start()
        try:
            while turn < 8 or killed < 4:
                write(root, {f"mod_{turn % 8}.py": f"def saved_{turn}(x):\n    return x\n"})
                engine.update([f"mod_{turn % 8}.py"])
                turn += 1
        finally:
            done.set()
            killer.join()
        engine.reindex()
        assert engine.wait_until_idle(60)
        found = names(engine)
    with Engine.open(root, tmp_path / "other", embedder=FakeEmbedder()) as clean:
        clean.sync()
        assert found == names(clean)


@pytest.mark.parametrize(
    "damage",
    [b"", b"{", b"[]", b'{"grammars": 1}', b'{"contents": {"python:00": "slow-file"}}', b"\xff" * 100],
)
def test_a_damaged_list_of_verdicts_is_an_empty_one(tmp_path: Path, damage: bytes) -> None:
    """What is wrong with the file costs time, nothing else."""
    (tmp_path / "unparsed.json").write_bytes(damage)
    verdicts = Verdicts(FsDirectory(tmp_path))
    assert verdicts.codes() == {}
    verdicts.add("python:00", "slow-file", "a.py")
    verdicts.save()
    assert Verdicts(FsDirectory(tmp_path)).codes() == {"python:00": "slow-file"}


def test_other_grammars_are_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A new version of the grammars gives every file another chance."""
    verdicts = Verdicts(FsDirectory(tmp_path))
    verdicts.add("python:00", "slow-file", "a.py")
    verdicts.save()
    monkeypatch.setattr("codanna_core.parsing.verdicts.grammars", lambda: "another")
    assert Verdicts(FsDirectory(tmp_path)).codes() == {}


PROCESS = """
import sys
from codanna_core import Engine
with Engine.open(sys.argv[1], sys.argv[2]) as engine:
    engine.sync()
    engine.update(["a.py"])
    engine.set_overlay("a.py", "def typed(): pass\\n")
    assert engine.document_symbols("a.py").symbols[0].name == "first"
    assert engine.similar("a.py", 0) is not None
    engine.saved("b.py")
    engine.search("first")
    engine.symbols("first")
    engine.wait_until_idle(30)
print(sorted(name for name in sys.modules if "tree_sitter" in name or name.endswith("languages.parse")))
"""


def test_a_process_that_answers_loads_no_parser(tmp_path: Path) -> None:
    """Nothing that an engine does imports tree-sitter into its own process."""
    root = tmp_path / "root"
    write(root, {"a.py": "def first():\n    pass\n", "b.py": "def other():\n    pass\n"})
    command = [sys.executable, "-P", "-c", PROCESS, str(root), str(tmp_path / "index")]
    output = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)
    assert output.returncode == 0, output.stderr
    assert output.stdout.strip() == "[]"
