"""Terms of raw words, kept as numbers."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from codanna_core.config import DiscoverySettings
from codanna_core.indexing.prepare import FileTask, prepare
from codanna_core.languages.extract import extract
from codanna_core.text import terms
from codanna_core.text.terms import Terms, known_terms

RAWS = [b"openFile", b"files", b"x" * 100, "gr\u00f6\u00dfe".encode(), b"HTTPServer"]
TERMS = [["open", "file", "openfil"], ["file"], [], ["gr\u00f6\u00dfe"], ["http", "server", "httpserver"]]


def test_terms_learned_together_are_those_of_each_word() -> None:
    """Parts, wholes and stems, also of words that have none."""
    known = Terms()
    known.learn({RAWS[1]})
    known.learn(set(RAWS))
    assert known.of_each([[raw] for raw in RAWS]) == TERMS
    assert known.of_each([RAWS, []]) == [[term for of_raw in TERMS for term in of_raw], []]
    assert known.different(RAWS) == [*dict.fromkeys(term for of_raw in TERMS for term in of_raw)]


def test_terms_are_forgotten_when_they_are_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a file in work has is its own until it is done."""
    monkeypatch.setattr(terms, "WORDS_KEPT", 1)
    first = known_terms()
    first.learn(set(RAWS))
    assert known_terms() is not first
    assert first.of_each([[raw] for raw in RAWS]) == TERMS


def test_each_thread_has_its_own_terms() -> None:
    """Two threads that learn at once cannot give one number to two terms."""
    others: list[Terms] = []
    thread = threading.Thread(target=lambda: others.append(known_terms()))
    thread.start()
    thread.join()
    assert others[0] is not known_terms()


def test_a_document_is_a_function_of_its_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever words were met before, and in which order: two builds of one folder hold the same bytes."""
    text = 'def open_file(path):\n    """Read zebras and apples."""\n    return path\n'
    (tmp_path / "open.py").write_text(text)

    def documents(*met: bytes) -> tuple[list[str], str]:
        known = Terms()
        for raw in met:
            known.learn({raw})
        monkeypatch.setattr(terms._known, "terms", known)
        task = FileTask("open.py")
        settings = DiscoverySettings()
        done = prepare(tmp_path, task, settings, lambda data, of: extract(data, of.path), want_texts=False)
        return done.documents, json.loads(done.file_document)["file_words"]

    assert documents(b"zebras", b"path", b"apples") == documents(b"apples", b"path", b"zebras")


@pytest.mark.parametrize("field", ["file_words", "uses"])
def test_a_document_does_not_depend_on_the_seed_of_hashes(tmp_path: Path, field: str) -> None:
    """Nor do the words and the identifiers of a file: each process has a seed of its own."""
    (tmp_path / "open.py").write_text(
        "def open_file(path, mode):\n    return read(path, mode, zebra, apple)\n"
    )
    program = (
        "import json; from pathlib import Path; from codanna_core.config import DiscoverySettings as S; "
        "from codanna_core.indexing.prepare import FileTask, prepare; "
        "from codanna_core.languages.extract import extract; "
        "parse = lambda data, of: extract(data, of.path); "
        f"done = prepare(Path({str(tmp_path)!r}), FileTask('open.py'), S(), parse, want_texts=False); "
        f"print(json.loads(done.file_document)[{field!r}])"
    )
    told = {
        subprocess.run(
            [sys.executable, "-P", "-c", program],
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "PYTHONHASHSEED": str(seed)},
        ).stdout
        for seed in (1, 2, 3)
    }
    assert len(told) == 1
    assert "zebra" in told.pop()
