"""Facts for relations on disk: filled in while nobody waits, kept by content, and never wrong."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from codanna_core import Engine
from codanna_core.cancel import Cancel
from codanna_core.errors import IndexCorrupt
from codanna_core.files import content_hash
from codanna_core.indexing.facts import key_of, may_have_facts
from codanna_core.indexing.file_state import FileState
from codanna_core.parsing.parser import PATIENT, Parsing
from codanna_core.relations.encoding import decode
from codanna_core.relations.fact_store import FactStore
from codanna_core.relations.facts import Facts
from codanna_core.results import Relation, RelationRequest

OpenEngine = Callable[..., Engine]
CODE = 3
"""Files of the workspace that have facts."""


@pytest.fixture(autouse=True)
def _no_helper_stays() -> Iterator[None]:
    yield
    PATIENT.close()


def fill(engine: Engine) -> None:
    engine._writer.facts.fill(Cancel())


def progress(engine: Engine) -> tuple[int, int]:
    status = engine.status()
    return status.facts_files, status.facts_total


def stored(engine: Engine, path: str) -> set[str] | None:
    """The names that the stored facts of a file, as it is on disk, say it binds."""
    encoded = engine._writer.facts.get(path, content_hash((engine.root / path).read_bytes()))
    return {row.name for row in decode(encoded).bindings} if encoded else None


def test_a_long_lived_program_fills_them_in(open_engine: OpenEngine, workspace: Path) -> None:
    """After `warm`, each run is followed by reading what has no facts yet; the status says how far it is."""
    with open_engine() as engine:
        engine.sync()
        assert progress(engine) == (0, 0)  # The table of files is not saved yet.
        engine.warm()
        assert engine._writer.jobs.facts.wait_until_idle(60)
        assert progress(engine) == (CODE, CODE)
        assert "Account" in (stored(engine, "bank/account.py") or ())
        assert stored(engine, "notes.txt") is None
        (workspace / "new.go").write_text("package net\n\nfunc Fresh() {}\n")
        engine.update(["new.go"])
        assert engine._writer.jobs.facts.wait_until_idle(60)
        assert progress(engine) == (CODE + 1, CODE + 1)
        assert stored(engine, "new.go") == {"Fresh"}
    with open_engine() as engine:
        assert progress(engine) == (CODE + 1, CODE + 1)


def test_a_command_fills_in_nothing(open_engine: OpenEngine) -> None:
    """A program that ends soon does not spend its user's time on all files."""
    with open_engine() as engine:
        engine.sync()
        engine.settle()
        assert not engine._writer.jobs.facts.busy
    with open_engine() as engine:
        assert progress(engine) == (0, CODE)


def test_what_a_question_reads_is_kept(
    open_engine: OpenEngine, workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next process does not parse it again; unsaved texts are never kept."""
    (workspace / "use.py").write_text("from bank.account import Account\n\nAccount()\n")
    request = RelationRequest(Relation.CALLERS, name="Account")
    with open_engine() as engine:
        engine.sync()
        found = engine.relations(request).edges
        assert [edge.path for edge in found] == ["use.py"]
        held = engine._writer.facts._opened().held()
        engine.set_overlay("use.py", "from bank.account import Account\n\nAccount(1)\nAccount(2)\n")
        assert len(engine.relations(request).edges) == 2
        assert engine._writer.facts._opened().held() == held

    def refuse(*_: object, **__: object) -> bytes:
        raise AssertionError("parsed again")

    monkeypatch.setattr(Parsing, "facts", refuse)
    with open_engine() as engine:
        engine.sync()
        assert [edge.path for edge in engine.relations(request).edges] == ["use.py"]


def test_a_reader_sees_what_the_writer_stores(open_engine: OpenEngine) -> None:
    """A second process reads facts and stores none."""
    with open_engine() as engine:
        engine.sync()
        with open_engine() as reader:
            assert stored(reader, "net/open.go") is None
            reader._writer.facts.keep("net/open.go", bytes(16), b"")
            fill(engine)
            assert stored(reader, "net/open.go") == {"Open", "host"}
            assert key_of("net/open.go", bytes(16)) not in engine._writer.facts._opened().held()


def test_a_reader_does_not_count_for_every_status(
    open_engine: OpenEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A count reads the table of all files, and an editor asks for the status all the time."""
    with open_engine() as engine:
        engine.sync()
    with open_engine() as engine, open_engine() as reader:
        engine._writer.try_to_write()
        assert progress(reader) == (0, CODE)
        counts: list[int] = []
        monkeypatch.setattr(FileState, "contents_on_disk", lambda _, generation: counts.append(generation))
        assert [progress(reader) for _ in range(3)] == [(0, CODE)] * 3
        assert counts == []
        monkeypatch.setattr("codanna_core.indexing.facts._COUNT_AFTER_S", 0.0)
        progress(reader)
        assert len(counts) == 1


def test_a_changed_file_is_left_for_the_next_look(open_engine: OpenEngine, workspace: Path) -> None:
    """Facts are stored under the content that they were read from, and no other."""
    with open_engine() as engine:
        engine.sync()
        before = content_hash((workspace / "net/open.go").read_bytes())
        (workspace / "net/open.go").write_text("package net\n\nfunc Shut() {}\n")
        fill(engine)
        assert engine._writer.facts.get("net/open.go", before) is None
        assert progress(engine) == (CODE - 1, CODE)
        engine.sync()
        fill(engine)
        assert stored(engine, "net/open.go") == {"Shut"}


def test_a_full_disk_fails_no_question(
    open_engine: OpenEngine, workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What cannot be kept is answered all the same, and the background says what happened."""
    (workspace / "use.py").write_text("from bank.account import Account\n\nAccount()\n")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with open_engine() as engine:
        engine.sync()
        monkeypatch.setattr("codanna_core.storage.log.LogWriter.append", full)
        request = RelationRequest(Relation.CALLERS, name="Account")
        assert [edge.path for edge in engine.relations(request).edges] == ["use.py"]
        engine.warm()
        assert engine._writer.jobs.facts.wait_until_idle(60)
        assert any("No space left" in problem.message for problem in engine.status().problems)
        monkeypatch.undo()
        engine.update(["use.py"])
        fill(engine)
        assert progress(engine) == (CODE + 1, CODE + 1)


def test_damage_costs_reading_again(open_engine: OpenEngine, workspace: Path, tmp_path: Path) -> None:
    """Whatever byte of the stored facts is changed, the answers are those of the sources."""
    with open_engine() as engine:
        engine.sync()
        fill(engine)
        wanted = {path: stored(engine, path) for path in ("bank/account.py", "net/open.go", "ui/button.ts")}
    source = random.Random(7)
    files = {path: path.read_bytes() for path in (tmp_path / "index" / "facts").iterdir()}
    assert len(files) == 2
    for _ in range(12):
        victim = source.choice(sorted(files))
        for path, data in files.items():
            damaged = bytearray(data)
            if path == victim:
                damaged[source.randrange(len(data))] ^= 1 << source.randrange(8)
            path.write_bytes(damaged)
        with open_engine() as engine:
            engine.sync()
            fill(engine)
            assert {path: stored(engine, path) for path in wanted} == wanted


def test_an_unfinished_index_drops_nothing(
    open_engine: OpenEngine, workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Until all files are indexed, nobody knows which contents are used no more."""
    monkeypatch.setattr("codanna_core.relations.fact_store.SEAL_BYTES", 1)
    monkeypatch.setattr("codanna_core.indexing.facts._COLLECT_AFTER", 0)
    with open_engine() as engine:
        engine.sync()
        fill(engine)
        held = engine._writer.facts._opened().held()
        for path in ("bank/account.py", "ui/button.ts"):
            (workspace / path).unlink()
        engine.sync()
        engine._writer.facts.fill(Cancel(), whole=False)
        assert engine._writer.facts._opened().held() == held
        fill(engine)
        assert len(engine._writer.facts._opened().held()) == 1
    with open_engine() as engine:
        engine._writer.try_to_write()
        fill(engine)  # The table of files has not been read.
        assert len(engine._writer.facts._opened().held()) == 1


@pytest.mark.parametrize("rows", [60_000, 1])
def test_questions_share_what_is_decoded(
    open_engine: OpenEngine, workspace: Path, monkeypatch: pytest.MonkeyPatch, rows: int
) -> None:
    """Up to a bound; the answers are the same beyond it."""
    (workspace / "use.py").write_text("from bank.account import Account\n\nAccount()\n")
    decoded: list[bytes] = []

    def counting(data: bytes) -> Facts:
        decoded.append(data)
        return decode(data)

    monkeypatch.setattr("codanna_core.search.relations.decode", counting)
    monkeypatch.setattr("codanna_core.search.relations.ROWS_KEPT", rows)
    request = RelationRequest(Relation.CALLERS, name="Account")
    with open_engine() as engine:
        engine.sync()
        fill(engine)
        first = engine.relations(request).edges
        count = len(decoded)
        assert count > 1
        assert engine.relations(request).edges == first
        assert [edge.path for edge in first] == ["use.py"]
        assert len(decoded) == (count if rows > 1 else 2 * count)


def test_damage_while_filling_leaves_the_index_alone(
    open_engine: OpenEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Damaged facts are made again by themselves; the text index is not."""

    def damaged(_: FactStore) -> None:
        raise IndexCorrupt(Path("facts-00000001.fct"), "it is damaged")

    with open_engine() as engine:
        generation = engine.sync().generation
        monkeypatch.setattr(FactStore, "tidy", damaged)
        engine.warm()
        assert engine._writer.jobs.facts.wait_until_idle(60)
        assert engine.wait_until_idle(60)
        assert engine.status().generation == generation
        assert engine.status().problems == []
        monkeypatch.undo()
        fill(engine)
        assert progress(engine) == (CODE, CODE)


def test_closing_waits_for_no_file(open_engine: OpenEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    """A helper may need seconds for a large file; an editor that closes waits for none of them."""
    reading, go_on = threading.Event(), threading.Event()

    def slow(*_: object, **__: object) -> bytes:
        reading.set()
        go_on.wait(60)
        return b""

    monkeypatch.setattr(Parsing, "facts", slow)
    engine = open_engine()
    engine.sync()
    engine.warm()
    assert reading.wait(60)
    started = time.monotonic()
    engine.close()
    assert time.monotonic() - started < 8
    go_on.set()
    assert engine._writer.jobs.facts.wait_until_idle(60)
    with open_engine() as again:
        assert again._writer.facts._opened().held() == set()


def test_clean_takes_the_facts_with_it(open_engine: OpenEngine, tmp_path: Path) -> None:
    """They belong to the index and go with it."""
    with open_engine() as engine:
        engine.sync()
        fill(engine)
        folder = engine.folder
    folder.remove()
    assert not (tmp_path / "index").exists()


def test_suffixes_that_have_facts() -> None:
    """By the name alone; a key tells languages apart that have the same content."""
    assert [path for path in ("a.py", "b/c.h", "d.md", "e", "f.txt") if may_have_facts(path)] == [
        "a.py",
        "b/c.h",
    ]
    assert key_of("a/b.js", bytes(16)) == key_of("c.js", bytes(16)) != key_of("a/b.ts", bytes(16))
