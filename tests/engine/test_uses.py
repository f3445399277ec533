"""Which files use an identifier, as the index knows it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import orjson
import pytest

from codanna_core import Engine
from codanna_core.indexing.layout import IndexFolder
from codanna_core.testing.embedder import FakeEmbedder
from codanna_core.text.index import TextIndex
from codanna_core.text.schema import FEATURE_VERSION

OpenEngine = Callable[..., Engine]


def using(engine: Engine, *words: str) -> list[str]:
    manifest = engine.folder.read_manifest()
    assert manifest is not None
    snapshot = TextIndex(engine.folder.path / manifest.text, create=False).snapshot()
    return sorted(file.path for file in snapshot.files(words))


def test_files_are_found_by_what_they_use(open_engine: OpenEngine, workspace: Path) -> None:
    """Identifiers in code count, with their case, and those in comments and strings do not."""
    (workspace / "use.py").write_text("from bank.account import Account  # Session\nAccount().log('Timer')\n")
    (workspace / "calls.apex").write_text('Account.log("Timer");\n')
    (workspace / "many.c").write_text("void f(void) { account(); }\n")
    with open_engine() as engine:
        engine.sync()
        assert using(engine, "Account") == ["bank/account.py", "calls.apex", "use.py"]
        assert using(engine, "account") == ["many.c", "use.py"]
        assert using(engine, "Account", "log") == ["calls.apex", "use.py"]
        assert using(engine, "Session") == using(engine, "Timer") == []
        (workspace / "use.py").write_text("Timer()\n")
        engine.update(["use.py"])
        assert using(engine, "Timer") == ["use.py"]
        assert using(engine, "Account") == ["bank/account.py", "calls.apex"]


@pytest.mark.parametrize(
    ("name", "paths"),
    [
        ("plain", ["a.cpp", "b.js"]),
        ("~plain", ["a.cpp", "b.js"]),
        ("open$now", ["a.cpp", "b.js"]),
        ("data-id", ["b.js"]),
        ("$", ["b.js"]),
        ("", []),
        ("nowhere", []),
    ],
)
def test_names_that_are_no_words(
    open_engine: OpenEngine, workspace: Path, name: str, paths: list[str]
) -> None:
    """Whatever its language makes of a name, no file that uses it is missing."""
    (workspace / "a.cpp").write_text("void f(plain *p) { p->~plain(); open$now(); }\n")
    (workspace / "b.js").write_text("open$now(plain, <a data-id={$()}/>)\n")
    with open_engine() as engine:
        engine.sync()
        found = engine._answers.view(meaning=False).tree.using(name)
        assert sorted(found) == paths


def test_files_indexed_by_other_processes_say_what_they_use(open_engine: OpenEngine, workspace: Path) -> None:
    """What workers prepare has the same identifiers as what the engine prepares itself."""
    for number in range(40):
        (workspace / f"part{number}.go").write_text(f"package net\n\nfunc f{number}() {{ Shared() }}\n")
    with open_engine() as engine:
        engine.sync()
        assert len(using(engine, "Shared")) == 40


def test_an_index_without_identifiers_is_indexed_again_and_embeds_nothing(
    open_engine: OpenEngine, workspace: Path, embedder: FakeEmbedder
) -> None:
    """The version before knew no identifiers: its text is read again, its vectors stay."""
    with open_engine() as engine:
        engine.sync()
        folder: IndexFolder = engine.folder
    values = orjson.loads((folder.path / "index.json").read_bytes())
    assert values["feature"] == FEATURE_VERSION
    manifest = folder.read_manifest()
    assert manifest is not None
    folder.write_manifest(replace(manifest, feature=FEATURE_VERSION - 1))
    with open_engine() as engine:
        report = engine.sync()
        assert report.embedded == 0
        assert report.added == 4
        assert using(engine, "Account") == ["bank/account.py"]
