"""A small workspace in several languages, and engines over it that need no model."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from codanna_core import Engine
from codanna_core.testing.embedder import FakeEmbedder

sys.path.insert(0, str(Path(__file__).parent / "support"))

FILES = {
    "bank/account.py": '''"""Accounts of a bank."""


class Account:
    """Money of one customer."""

    def deposit_money(self, amount):
        """Put cash into the account."""
        self.balance += amount

    def withdraw_money(self, amount):
        """Take cash out of the account."""
        self.balance -= amount
''',
    "net/open.go": """package net

// Open connects to the host.
func Open(host string) error { return nil }
""",
    "ui/button.ts": """/** A thing to press. */
export class Button {
  press(times: number): void { this.count += times; }
}
""",
    "notes.txt": "Remember to water the flowers every morning.\n",
}


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    root = tmp_path / "work space ü🙂"
    for name, text in FILES.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return root


@pytest.fixture
def embedder() -> FakeEmbedder:
    return FakeEmbedder()


OpenEngine = Callable[..., Engine]


@pytest.fixture
def open_engine(workspace: Path, tmp_path: Path, embedder: FakeEmbedder) -> Iterator[OpenEngine]:
    """Opens engines over the workspace and closes those that the test left open."""
    opened: list[Engine] = []

    def open_one(**options: object) -> Engine:
        options.setdefault("embedder", embedder)
        engine = Engine.open(workspace, tmp_path / "index", **options)  # type: ignore[arg-type]
        opened.append(engine)
        return engine

    yield open_one
    for engine in opened:
        engine.close()
