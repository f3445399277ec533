"""Files that were saved a moment ago are found before the index has stored them."""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from codanna_core import Engine
from codanna_core.overlay import OverlayFile

OpenEngine = Callable[..., Engine]


@pytest.fixture
def engine(open_engine: OpenEngine) -> Engine:
    opened = open_engine()
    opened.sync()
    return opened


def names(engine: Engine, query: str) -> list[str]:
    return [hit.name for hit in engine.symbols(query)]


def save(engine: Engine, path: str, text: str) -> None:
    (engine.root / path).write_text(text)
    engine.saved(path)


def test_a_saved_file_is_found_before_it_is_stored(engine: Engine) -> None:
    """Its symbols are found by name and by words, and those that it had are not found any more."""
    save(engine, "net/open.go", "package net\n\n// Lay the phone down.\nfunc HangUp() {}\n")
    assert names(engine, "HangUp")[:1] == ["HangUp"]
    assert engine.search("lay the phone down").hits[0].name == "HangUp"
    assert "Open" not in names(engine, "Open")


def test_of_what_is_typed_the_last_state_is_kept(engine: Engine) -> None:
    """Who types and searches in turns does not fill the memory with what stood there before."""
    for number in range(40):
        engine.set_overlay("net/open.go", f"package net\n// Lay it down.\nfunc HangUp{number}() {{}}\n")
        assert engine.search("lay it down").hits[0].name == f"HangUp{number}"
    gc.collect()
    assert sum(isinstance(one, OverlayFile) for one in gc.get_objects()) < 10


def test_storing_a_file_ends_its_preview(engine: Engine) -> None:
    """After the update the index speaks for the file: what changes on disk then is found by an update."""
    save(engine, "net/open.go", "package net\nfunc HangUp() {}\n")
    engine.update(["net/open.go"])
    (engine.root / "net/open.go").unlink()
    engine.update(["net/open.go"])
    assert "HangUp" not in names(engine, "HangUp")


def test_what_was_saved_during_an_update_stays_visible(open_engine: OpenEngine, workspace: Path) -> None:
    """A second save that comes while the first one is committed is not hidden by the end of that."""
    committing, go_on = threading.Event(), threading.Event()

    def checkpoint(name: str) -> None:
        if name == "text:before-commit" and threading.current_thread().name == "first save":
            committing.set()
            assert go_on.wait(30)

    engine = open_engine(checkpoint=checkpoint)
    engine.sync()
    save(engine, "net/open.go", "package net\nfunc First() {}\n")
    first = threading.Thread(target=engine.update, args=(["net/open.go"],), name="first save")
    first.start()
    assert committing.wait(30)
    save(engine, "net/open.go", "package net\nfunc Second() {}\n")
    assert names(engine, "Second")[:1] == ["Second"]
    go_on.set()
    first.join(30)
    assert names(engine, "Second")[:1] == ["Second"]
    assert "First" not in names(engine, "First")


def test_an_unsaved_buffer_is_not_hidden_by_a_save(engine: Engine) -> None:
    """What is typed after a save is newer than what was saved, and ends only with the buffer."""
    engine.set_overlay("net/open.go", "package net\nfunc Typed() {}\n")
    save(engine, "net/open.go", "package net\nfunc Saved() {}\n")
    assert names(engine, "Typed")[:1] == ["Typed"]
    engine.update(["net/open.go"])
    assert names(engine, "Typed")[:1] == ["Typed"]
    engine.clear_overlay("net/open.go")
    assert names(engine, "Saved")[:1] == ["Saved"]


def test_closing_a_buffer_shows_what_was_saved(engine: Engine) -> None:
    """Text typed after a save and thrown away leaves the saved text, stored by the index or not."""
    save(engine, "net/open.go", "package net\nfunc Saved() {}\n")
    engine.set_overlay("net/open.go", "package net\nfunc Typed() {}\n")
    engine.clear_overlay("net/open.go")
    assert names(engine, "Saved")[:1] == ["Saved"]
    assert "Typed" not in names(engine, "Typed")


def test_a_large_buffer_that_is_saved_stays_visible(engine: Engine) -> None:
    """A file too large to be parsed for this moment alone is shown from the buffer that was just saved."""
    text = "package net\nfunc Large() {}\n" + "// filler\n" * 60_000
    engine.set_overlay("net/open.go", text)
    save(engine, "net/open.go", text)
    engine.clear_overlay("net/open.go")
    assert names(engine, "Large")[:1] == ["Large"]
    engine.update(["net/open.go"])
    assert names(engine, "Large")[:1] == ["Large"]


def test_what_another_process_publishes_ends_a_saved_text(open_engine: OpenEngine) -> None:
    """In a process that only reads, a question after the commit of the other one drops the saved text."""
    writer = open_engine()
    writer.sync()
    reader = open_engine()
    save(reader, "net/open.go", "package net\nfunc HangUp() {}\n")
    assert reader._saved.waiting
    assert names(reader, "HangUp")[:1] == ["HangUp"]
    assert reader._saved.waiting
    writer.update(["net/open.go"])
    assert names(reader, "HangUp")[:1] == ["HangUp"]
    assert not reader._saved.waiting


def test_a_saved_file_that_becomes_ignored_goes(engine: Engine) -> None:
    """A new file that was saved, and ignored before it was stored, is not kept among the answers."""
    save(engine, "net/new.go", "package net\nfunc Brief() {}\n")
    assert names(engine, "Brief")[:1] == ["Brief"]
    (engine.root / ".codannaignore").write_text("new.go\n")
    engine.sync()
    assert "Brief" not in names(engine, "Brief")


@pytest.mark.parametrize("path", ["hidden/.secret.py", "out.py", "picture.py", "gone.py"])
def test_what_is_not_to_be_indexed_is_not_shown(engine: Engine, path: str) -> None:
    """A hidden, an ignored and a binary file, and one that is gone, do not appear by being saved."""
    (engine.root / ".codannaignore").write_text("out.py\n")
    file = engine.root / path
    if path != "gone.py":
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(b"def left_out(): pass\n" + (b"\0\1" * 50 if path == "picture.py" else b""))
    engine.saved(path)
    assert "left_out" not in names(engine, "left_out")


def test_a_link_that_is_saved_is_not_followed(engine: Engine, tmp_path: Path) -> None:
    """A link may lead out of the folder, and results never do."""
    (tmp_path / "outside.py").write_text("def outside(): pass\n")
    (engine.root / "link.py").symlink_to(tmp_path / "outside.py")
    engine.saved("link.py")
    assert "outside" not in names(engine, "outside")
