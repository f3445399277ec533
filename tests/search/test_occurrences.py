"""`refs` of names that nothing defines, and of mentions in text and in names of tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from codanna_core import Engine
from codanna_core.problems import Code
from codanna_core.results import Relation, RelationRequest, RelationResult
from codanna_core.testing.embedder import FakeEmbedder

FILES = {
    "a.py": "import requests\ndef load():\n    # requests is slow\n    return requests.get('requests')\n",
    "b.js": "import { requests } from 'web';\nrequests();\n",
    "c.rb": "def call\n  requests(1)\nend\n",
    "notes.md": "We use requests.\n",
    "read.py": "def read_settings(): ...\n",
    "test_read.py": (
        "from read import read_settings\n\ndef test_read_settings_twice():\n    read_settings()\n"
        "\ndef test_thread_settings():\n    pass\n"
    ),
}


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    root = tmp_path / "work"
    root.mkdir()
    for path, text in FILES.items():
        (root / path).write_text(text)
    with Engine.open(root, tmp_path / "index", embedder=FakeEmbedder()) as opened:
        opened.sync()
        yield opened


def places(result: RelationResult) -> list[tuple[str, int, str]]:
    return [(edge.path, edge.span.start.line + 1, edge.role) for edge in result.edges]


def refs(engine: Engine, name: str, *, text: bool = False) -> RelationResult:
    return engine.relations(RelationRequest(Relation.REFERENCES, name, text=text))


def test_a_name_that_nothing_defines(engine: Engine) -> None:
    """Its imports and uses are listed in all languages, and the answer says that they are just a name."""
    result = refs(engine, "requests")
    assert places(result) == [
        ("a.py", 1, "import"),
        ("a.py", 4, "read"),
        ("b.js", 1, "import"),
        ("b.js", 2, "call"),
        ("c.rb", 2, "call"),
    ]
    assert [one.code for one in result.problems] == [Code.RELATIONS_BY_NAME]
    assert (result.targets, result.complete) == ([], True)
    assert all(edge.target is None for edge in result.edges)
    source = result.edges[1].source
    assert source is not None
    assert source.name == "load"


def test_mentions_on_request(engine: Engine) -> None:
    """Comments, strings and prose count only if they are asked for."""
    result = refs(engine, "requests", text=True)
    mentions = [place for place in places(result) if place[2] == "text"]
    assert mentions == [("a.py", 3, "text"), ("a.py", 4, "text"), ("notes.md", 1, "text")]
    assert len(result.edges) == 5 + len(mentions)


def test_names_of_tests_on_request(engine: Engine) -> None:
    """A test whose name has the words of the name side by side is one of its mentions."""
    result = refs(engine, "read_settings", text=True)
    assert [place for place in places(result) if place[2] == "test"] == [("test_read.py", 3, "test")]
    assert ("test_read.py", 4, "call") in places(result)
    assert [place for place in places(refs(engine, "read_settings")) if place[2] == "test"] == []


def test_at_a_place_of_a_name_that_nothing_defines(engine: Engine) -> None:
    """The name under the cursor is enough."""
    result = engine.relations(RelationRequest(Relation.REFERENCES, "", "b.js", 1, 3))
    assert ("a.py", 4, "read") in places(result)


def test_a_name_that_nothing_uses(engine: Engine) -> None:
    """Neither defined nor used: an empty answer without the notice about names."""
    result = refs(engine, "nowhere_at_all")
    assert (result.edges, result.problems) == ([], [])


def test_mentions_in_a_buffer(engine: Engine) -> None:
    """What is typed counts, and what it replaces does not."""
    engine.set_overlay("a.py", "x = 'requests'\n")
    result = refs(engine, "requests", text=True)
    assert [place for place in places(result) if place[0] == "a.py"] == [("a.py", 1, "text")]
