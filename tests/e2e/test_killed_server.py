"""An editor restarts a server that was killed at any moment, and no save is ever missing afterwards."""

from __future__ import annotations

import os
import random
import sys
import time
from pathlib import Path

import pytest
from raw_client import HERE, MINIMAL, RawClient

from codanna_core import Engine
from codanna_core.testing.embedder import FakeEmbedder

SERVER = (sys.executable, str(HERE / "engine_server.py"))
FILES = 25


class Editor:
    """Saves files, asks questions, and starts the server again whenever it is gone."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.client: RawClient | None = None
        self.texts: dict[int, int] = {}
        self._version = 0

    def start(self) -> RawClient:
        """A running server."""
        self.client = RawClient(SERVER)
        self.client.initialize(self.root, capabilities=MINIMAL, options={"server": {"watch": "off"}})
        return self.client

    def save(self, number: int) -> None:
        """Write a file as editors do, then tell the server."""
        assert self.client is not None
        self._version += 1
        path = self.root / f"file{number}.py"
        temporary = path.with_suffix(".tmp")
        temporary.write_text(f"def saved_{number}_v{self._version}():\n    return {self._version}\n")
        os.replace(temporary, path)
        self.texts[number] = self._version
        self.client.notify("textDocument/didSave", {"textDocument": {"uri": path.as_uri()}})

    def kill(self) -> None:
        """SIGKILL, without any farewell."""
        assert self.client is not None
        self.client.kill()

    def expected(self) -> set[str]:
        """The one symbol that each file must have."""
        return {f"saved_{number}_v{version}" for number, version in self.texts.items()}

    def found(self) -> set[str]:
        """The symbols that the index has."""
        assert self.client is not None
        return {name for name in self.client.symbols("saved_") if name.startswith("saved_")}


@pytest.mark.timeout(600)
def test_no_save_is_lost(tmp_path: Path) -> None:
    """Saves and questions, a kill at a random moment, a restart: the index ends up as the disk is."""
    save_and_kill(tmp_path, 6, seed=11)


@pytest.mark.slow
@pytest.mark.timeout(36_000)
def test_torture_no_save_is_lost(tmp_path: Path) -> None:
    """The same for a quarter of TORTURE_KILLS, or a hundred times."""
    save_and_kill(tmp_path, int(os.environ.get("TORTURE_KILLS", "400")) // 4, seed=12)


QUESTIONS = [
    *(f"saved {number} return" for number in range(30)),
    *(f"file{number} v{number}" for number in range(20)),
    "saved value",
]


def asked(editor: Editor, question: str) -> list[tuple[str, str, float]]:
    """Hits, order and scores of the server's answer."""
    assert editor.client is not None
    hits = editor.client.request("codanna/semanticSearch", {"query": question})["hits"]
    return [(hit["path"], hit["name"], hit["score"]) for hit in hits]


def clean_answers(root: Path, index: Path) -> list[list[tuple[str, str, float]]]:
    """What an index answers that was built of this tree and of nothing before it."""
    with Engine.open(root, index, embedder=FakeEmbedder()) as engine:
        engine.sync()
        return [
            [(hit.path, hit.name, round(hit.score, 6)) for hit in engine.search(question).hits]
            for question in QUESTIONS
        ]


def save_and_kill(tmp_path: Path, kills: int, seed: int) -> None:
    """Live an editor's life with a server that is killed again and again."""
    root = tmp_path / "project"
    root.mkdir()
    rng = random.Random(seed)
    editor = Editor(root)
    client = editor.start()
    for turn in range(kills):
        for _ in range(rng.randint(1, 30)):
            editor.save(rng.randrange(FILES))
            if rng.random() < 0.3:
                client.start_request("codanna/semanticSearch", {"query": "saved value"})
        for _ in range(rng.choice([0, 0, 1, 5, 20])):
            # Sometimes in the middle of the work, sometimes when a part of it is done.
            client.request("codanna/status", {})
        editor.kill()
        client = editor.start()
        try:
            client.eventually(lambda: editor.found() == editor.expected(), timeout=60)
        except AssertionError:
            status = client.request("codanna/status", {})
            there, expected = editor.found(), editor.expected()
            log = Path(status["server"]["log"]).read_text("utf-8", "replace")[-4000:]
            pytest.fail(
                f"turn {turn}: missing {expected - there}, too many {there - expected}; {status}\n{log}"
            )
        clean = clean_answers(root, tmp_path / f"clean-{turn}")
        # A file that was saved a moment ago is answered from its buffer until the index has it.
        deadline = time.monotonic() + 60
        while (found := [asked(editor, question) for question in QUESTIONS]) != clean:
            assert time.monotonic() < deadline, (turn, found, clean)
        client.check()
        assert not client.seen("window/showMessage"), turn
    assert client.shut_down() == 0
