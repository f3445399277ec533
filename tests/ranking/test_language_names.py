"""The name of the language that a folder is written in says nothing; beside other languages it does."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from codanna_core import Engine
from codanna_core.search.language_names import without_language

SOURCES = {
    "app/files.py": "def read_file(path):\n    return open(path).read()\n\n\ndef write(path):\n    pass\n",
    "app/bridge.py": "def call_python(code):\n    return exec(code)\n\n\ndef stop():\n    pass\n",
    "web/files.js": "function readFile(path) {\n  return path;\n}\n",
}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """The engine over Python with a little JavaScript."""
    root = tmp_path_factory.mktemp("project")
    for path, text in SOURCES.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    with Engine.open(root, tmp_path_factory.mktemp("index")) as engine:
        engine.sync()
        yield engine


@pytest.mark.parametrize(
    ("question", "searched"),
    [
        ("python read a file", "read a file"),
        ("how to read a file in Python", "how to read a file in"),
        ("javascript read a file", "javascript read a file"),
        ("read js file", "read js file"),
        ("python", "python"),
        ("go to the definition", "go to the definition"),
        ("pythonic file", "pythonic file"),
    ],
)
def test_only_the_language_of_most_of_the_folder_is_left_out(
    project: Engine, question: str, searched: str
) -> None:
    """A question that is nothing else keeps it, and what only begins so is another word."""
    assert without_language(project._view(meaning=False), question) == searched


@pytest.mark.parametrize("mode", ["hybrid", "text"])
def test_the_language_finds_nothing_by_its_name(project: Engine, mode: str) -> None:
    """What reads a file is meant, and not what is called like the language."""
    assert project.search("python read a file", mode=mode).hits[0].name == "read_file"
    assert project.search("python", mode=mode).hits[0].name == "call_python"
