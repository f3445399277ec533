"""Settings that change the model while its vectors are being made."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from codanna_core import Engine
from codanna_core.cancel import Cancel
from codanna_core.problems import Code
from codanna_core.testing.embedder import FakeEmbedder

OpenEngine = Callable[..., Engine]


class Patient(FakeEmbedder):
    """Embeds in the background, and only once it is let go."""

    def __init__(self, dimension: int = 64, model_id: str = "fake") -> None:
        super().__init__(dimension, model_id, instant=False)
        self.begun = threading.Event()
        self.go = threading.Event()

    def embed_passages(self, texts: Sequence[str], cancel: Cancel | None = None) -> NDArray[np.float32]:
        self.begun.set()
        while not self.go.wait(0.01):
            if cancel is not None:
                cancel.raise_if_cancelled()
        return super().embed_passages(texts, cancel)


@pytest.mark.parametrize(
    "changes",
    [
        [{"semantic": {"batch": 17}}],
        [{"semantic": {"threads": 3}}],
        [{"semantic": {"enabled": False}}, {"semantic": {"enabled": True}}],
        [{"vectors": {"recall_target": 0.9}}],
        [{"vectors": {"precision": "f32"}}],
    ],
    ids=["batch", "threads", "off-on", "recall", "precision"],
)
def test_settings_changed_while_vectors_are_made(
    open_engine: OpenEngine, changes: list[dict[str, dict[str, object]]]
) -> None:
    """A change in the middle of embedding ends with every vector made, by one writer of each store."""
    embedder = Patient()
    engine = open_engine(embedder=embedder)
    engine.sync()
    assert embedder.begun.wait(30)
    for change in changes:
        assert engine.apply_settings(change)
    embedder.go.set()
    assert engine.wait_until_idle(60)
    status = engine.status()
    assert (status.vectors_pending, status.vectors_total > 0) == (0, True)
    assert not [problem for problem in status.problems if problem.code == "background"]
    assert engine.search("deposit: put cash into an account", mode="semantic").hits


def test_the_old_model_answers_until_the_new_one_is_complete(
    open_engine: OpenEngine, monkeypatch: pytest.MonkeyPatch, workspace: Path
) -> None:
    """After a switch the old vectors answer; the new model takes over when all of its own are made."""
    old, new = FakeEmbedder(64, "old"), Patient(32, "new")
    monkeypatch.setattr(
        "codanna_core.indexing.models.load_embedder",
        lambda settings: new if settings.model == "new" else old,
    )
    engine = open_engine(embedder=None, overrides={"index": {"workers": 1}})
    engine.sync()
    assert engine.status().model == old.model_id
    engine.apply_settings({"semantic": {"model": "new"}})
    assert new.begun.wait(30)
    assert engine.search("deposit: put cash into an account", mode="semantic").hits
    assert engine.status().model == old.model_id
    new.go.set()
    assert engine.wait_until_idle(60)
    status = engine.status()
    assert (status.model, status.dimension, status.vectors_pending) == (new.model_id, 32, 0)
    assert engine.search("deposit: put cash into an account", mode="semantic").hits


def test_an_index_of_an_older_table_answers_while_vectors_of_the_new_one_are_made(
    open_engine: OpenEngine,
) -> None:
    """After an upgrade of the package the old table is gone: words answer until the new vectors are there."""
    before = open_engine(embedder=FakeEmbedder(64, "old"), overrides={"index": {"workers": 1}})
    before.sync()
    before.close()
    table = Patient(64, "new")
    engine = open_engine(embedder=table, overrides={"index": {"workers": 1}})
    engine.sync()
    assert table.begun.wait(30)
    answer = engine.search("deposit: put cash into an account", mode="hybrid")
    assert answer.hits[0].name == "deposit_money"
    assert engine.status().vectors_pending > 0
    table.go.set()
    assert engine.wait_until_idle(60)
    assert engine.status().vectors_pending == 0
    assert engine.search("deposit: put cash into an account", mode="semantic").hits[0].name == "deposit_money"


def test_words_alone_are_said_to_be_alone(open_engine: OpenEngine) -> None:
    """A command that ends before anyone counts what is missing says it as well."""
    before = open_engine(embedder=FakeEmbedder(64, "old"), overrides={"index": {"workers": 1}})
    before.sync()
    before.close()
    answer = open_engine(embedder=FakeEmbedder(64, "new")).search("put cash into an account")
    assert [problem.code for problem in answer.problems] == [Code.VECTORS_PENDING]


def test_workers_embed_with_the_model_of_the_engine_alone(
    open_engine: OpenEngine, monkeypatch: pytest.MonkeyPatch, workspace: Path
) -> None:
    """Workers that find another model, as after an upgrade of the package, leave embedding to the engine."""
    for number in range(40):
        (workspace / f"part{number}.py").write_text(f"def handle_{number}(request):\n    return {number}\n")
    own = FakeEmbedder(48, "own")
    monkeypatch.setattr("codanna_core.indexing.models.load_embedder", lambda settings: own)
    engine = open_engine(embedder=None, overrides={"index": {"workers": 2}})
    engine.sync()
    assert engine.wait_until_idle(60)
    status = engine.status()
    assert (status.model, status.vectors_pending, status.problems) == (own.model_id, 0, [])
    assert engine.search("handle 7: return request", mode="semantic").hits
    assert len(own.embedded) >= 40
