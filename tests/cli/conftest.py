"""A small workspace and a way to run the command line in this process, away from the user's own files."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from codanna_core.cli.main import main
from codanna_core.testing.embedder import FakeEmbedder

SETTINGS = '''"""Settings of the application."""


def read_settings(path):
    """Read the settings file and merge it with the defaults."""
    with open(path) as file:
        return parse(file.read())


class Session:
    def close(self):
        """Close the connection to the server."""
        self.socket.shutdown()
'''
STORE = """// Keeps what was uploaded.
export class Store {
  /** Remove expired uploads from the disk. */
  purge(limit) {
    return this.items.filter((item) => item.age < limit);
  }
}
"""


@dataclass(frozen=True)
class Outcome:
    """What one run of the command line left behind."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Standard output as the one JSON document it has to be."""
        return json.loads(self.out)


Run = Callable[..., Outcome]


@pytest.fixture(autouse=True)
def _apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test touches the user's settings, indexes and colours; vectors need no weights."""
    for name in ("XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "HOME", "LOCALAPPDATA", "APPDATA"):
        monkeypatch.setenv(name, str(tmp_path / "home"))
    monkeypatch.delenv("NO_COLOR", raising=False)
    for home in ("codanna_core.indexing.models", "codanna_core.embed.registry"):
        monkeypatch.setattr(f"{home}.load_embedder", lambda settings: FakeEmbedder())


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with two source files and a file to skip; the current folder of the test."""
    root = tmp_path / "project"
    (root / "src").mkdir(parents=True)
    (root / "src" / "settings.py").write_text(SETTINGS)
    (root / "src" / "store.js").write_text(STORE)
    (root / "logo.png").write_bytes(b"\x89PNG\r\n\x1a\n\0\0")
    monkeypatch.chdir(root)
    return root


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Run the command line with these arguments."""

    def run_with(*arguments: str | Path) -> Outcome:
        capsys.readouterr()
        try:
            code = main([str(argument) for argument in arguments])
        except SystemExit as end:  # How argparse ends after --help and after a wrong argument.
            code = int(end.code or 0)
        captured = capsys.readouterr()
        return Outcome(int(code), captured.out, captured.err)

    return run_with
