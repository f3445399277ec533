"""A small project, and the MCP server as a process over it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from queue import Queue
from typing import Any

import pytest

REPOSITORY = Path(__file__).parents[2]
PROGRAM = [sys.executable, "-m", "codanna_core.cli.main", "mcp"]

SETTINGS = '''"""Settings of the application."""


def read_settings(path):
    """Read the settings file and merge it with the defaults."""
    with open(path) as file:
        return parse(file.read())


def start():
    return read_settings("app.toml")


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


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Settings, tokens and indexes of the person who runs the tests stay out of them."""
    home = tmp_path / "home"
    home.mkdir()
    for name in ("HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME", "LOCALAPPDATA", "APPDATA"):
        monkeypatch.setenv(name, str(home))
    paths = [str(REPOSITORY / "core"), str(REPOSITORY / "lsp_server"), os.environ.get("PYTHONPATH", "")]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, paths)))
    return home


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Two source files, one that is ignored and one that is hidden."""
    root = tmp_path / "project"
    (root / "src").mkdir(parents=True)
    (root / "src" / "settings.py").write_text(SETTINGS)
    (root / "src" / "store.js").write_text(STORE)
    (root / ".ignore").write_text("secret.py\n")
    (root / "secret.py").write_text("def secret_key():\n    return 'hush'\n")
    (root / ".env").write_text("KEY=hush\n")
    return root


class RawClient:
    """Speaks lines of JSON with the server, and takes nothing else from it."""

    def __init__(self, *arguments: str | Path, cwd: Path | None = None) -> None:
        self.process = subprocess.Popen(
            [*PROGRAM, *map(str, arguments)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=cwd,
        )
        self._messages: Queue[Any] = Queue()
        self.errors = b""
        threading.Thread(target=self._read, daemon=True).start()
        self._heard = threading.Thread(target=self._hear, daemon=True)
        self._heard.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._messages.put(json.loads(line))
        self._messages.put(None)

    def _hear(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.errors += line

    def write(self, data: bytes) -> None:
        """Send bytes as they are."""
        assert self.process.stdin is not None
        self.process.stdin.write(data)
        self.process.stdin.flush()

    def send(self, message: Any) -> None:
        """Send a message."""
        self.write(json.dumps(message).encode() + b"\n")

    def receive(self, timeout: float = 60.0) -> Any:
        """The next message of the server."""
        message = self._messages.get(timeout=timeout)
        assert message is None or message["jsonrpc"] == "2.0"
        return message

    def answer_to(self, number: int | str) -> Any:
        """The answer to a request; what comes before it is dropped."""
        while True:
            message = self.receive()
            assert message is not None, "the server ended"
            if message.get("id") == number and "method" not in message:
                return message

    def start(self, capabilities: Any = None, version: str = "2025-06-18") -> Any:
        """Shake hands."""
        client = {"name": "raw", "version": "1"}
        params = {"protocolVersion": version, "capabilities": capabilities or {}, "clientInfo": client}
        self.send({"jsonrpc": "2.0", "id": "start", "method": "initialize", "params": params})
        answer = self.answer_to("start")
        self.send({"jsonrpc": "2.0", "method": "notifications/initialized"})
        return answer["result"]

    def call(self, number: int, tool: str, /, **arguments: Any) -> Any:
        """Call a tool; its answer is to be fetched."""
        params = {"name": tool, "arguments": arguments}
        return self.send({"jsonrpc": "2.0", "id": number, "method": "tools/call", "params": params})

    def end(self) -> int:
        """Close standard input and wait for the end."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        code = self.process.wait(30)
        self._heard.join(10)
        return code


Opened = Callable[..., RawClient]


@pytest.fixture
def opened() -> Iterator[Opened]:
    """Start servers that end with the test."""
    clients: list[RawClient] = []

    def start(*arguments: str | Path, cwd: Path | None = None) -> RawClient:
        clients.append(RawClient(*arguments, cwd=cwd))
        return clients[-1]

    yield start
    for client in clients:
        client.process.kill()
        client.process.wait()
