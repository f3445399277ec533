"""A small workspace and a way to run the command line in this process, away from the user's own files."""

from __future__ import annotations

import json
import os
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
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


_CONTROL = re.compile(
    rb"\x1b\[(?P<values>[\d;?]*)(?P<verb>[A-Za-z])|\x1b\](?P<system>[^\x07]*)\x07|\x1b[()78=>]B?"
)
COMMAND = [sys.executable, "-P", "-c", "import sys; from codanna_core.cli.main import main; sys.exit(main())"]


class Terminal:
    """A real pseudo-terminal around the command, and what its screen shows."""

    def __init__(self, arguments: list[str], rows: int, columns: int, **options: Any) -> None:
        import fcntl
        import pty
        import struct
        import termios

        self.rows, self.columns = rows, columns
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        environment = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES")}
        environment["TERM"] = "xterm-256color"
        streams = {"stdin": slave, "stdout": slave, "stderr": slave, **options}
        self.process = subprocess.Popen(
            [*COMMAND, *arguments], env=environment, start_new_session=True, close_fds=True, **streams
        )
        os.close(slave)
        self.raw = b""

    def type(self, keys: str) -> None:
        """Press keys."""
        os.write(self._master, keys.encode())

    def read(self, seconds: float = 0.05) -> bool:
        """Take what was written meanwhile; False once the terminal is closed."""
        if select.select([self._master], [], [], seconds)[0]:
            try:
                data = os.read(self._master, 65536)
            except OSError:  # How Linux says that the last program has closed it.
                return False
            self.raw += data
            return bool(data)
        return self.process.poll() is None

    def until(self, wanted: str | Callable[[str], bool], seconds: float = 60.0) -> str:
        """The screen once it shows what is wanted."""
        deadline = time.monotonic() + seconds
        while True:
            screen = self.screen()
            if wanted in screen if isinstance(wanted, str) else wanted(screen):
                return screen
            assert time.monotonic() < deadline, f"never shown: {wanted!r}\n{screen}"
            assert self.read() or self.screen() != screen, f"ended without {wanted!r}\n{self.screen()}"

    def end(self, seconds: float = 60.0) -> int:
        """Wait for the end; gives the exit code."""
        deadline = time.monotonic() + seconds
        while self.read():
            assert time.monotonic() < deadline, f"does not end:\n{self.screen()}"
        return self.process.wait(seconds)

    def close(self) -> None:
        """Leave nothing behind."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        os.close(self._master)

    def screen(self) -> str:
        """What has been written as rows of text; enough of a terminal for what the command uses."""
        lines: list[list[str]] = [[]]
        row = column = position = 0
        while position < len(self.raw):
            found = _CONTROL.match(self.raw, position)
            if found is not None:
                position = found.end()
                values = [int(value) for value in re.findall(rb"\d+", found["values"] or b"")]
                if found["verb"] == b"H":
                    row, column = (values or [1, 1])[0] - 1, (values[1:] or [1])[0] - 1
                elif found["verb"] == b"J":
                    lines, row, column = [[]], 0, 0
                elif found["verb"] == b"K":
                    lines[row:] = [[] if values == [2] else lines[row][:column], *lines[row + 1 :]]
            else:
                size = 1 if self.raw[position] < 0x80 else 2 if self.raw[position] < 0xE0 else 3
                size += self.raw[position] >= 0xF0
                letter = self.raw[position : position + size].decode("utf-8", "replace")
                position += size
                if letter == "\r":
                    column = 0
                elif letter == "\n":
                    row += 1
                else:
                    lines += [[] for _ in range(row + 1 - len(lines))]
                    lines[row] += " " * (column - len(lines[row]))
                    lines[row][column : column + 1] = [letter]
                    column += 1
            lines += [[] for _ in range(row + 1 - len(lines))]
        return "\n".join("".join(line).rstrip() for line in lines)


@pytest.fixture
def terminal() -> Iterator[Callable[..., Terminal]]:
    """Start the command in a terminal of its own."""
    if sys.platform == "win32":
        pytest.skip("Windows has no pseudo-terminals of this kind")
    opened: list[Terminal] = []

    def start(*arguments: str, rows: int = 24, columns: int = 80, **options: Any) -> Terminal:
        opened.append(Terminal(list(arguments), rows, columns, **options))
        return opened[-1]

    yield start
    for one in opened:
        one.close()
