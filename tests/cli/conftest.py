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


_PIECE = re.compile(
    r"\x1b\[(?P<values>[\d;?>=]*)(?P<verb>[@-~])|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[()].|\x1b.|(?P<letter>.|\n)"
)
COMMAND = [sys.executable, "-P", "-c", "from codanna_core.cli.main import program; program()"]


class Terminal:
    """A real pseudo-terminal around a program, and what its screen shows."""

    def __init__(
        self, program: list[str], rows: int, columns: int, environ: dict[str, str], **options: Any
    ) -> None:
        import fcntl
        import pty
        import termios

        self.master, slave = pty.openpty()
        self.resize(rows, columns)
        environment = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES")}
        environment |= {"TERM": "xterm-256color", **environ}
        streams = {"stdin": slave, "stdout": slave, "stderr": slave, **options}
        self.process = subprocess.Popen(
            program,
            env=environment,
            start_new_session=True,
            # Shells want the terminal to be theirs, not only open.
            preexec_fn=lambda: fcntl.ioctl(slave, termios.TIOCSCTTY, 0),
            **streams,
        )
        os.close(slave)
        self.raw = b""

    def resize(self, rows: int, columns: int) -> None:
        """Make the window larger or smaller."""
        import fcntl
        import struct
        import termios

        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def type(self, keys: str) -> None:
        """Press keys."""
        os.write(self.master, keys.encode())

    def read(self, seconds: float = 0.05) -> bool:
        """Take what was written meanwhile; False once the terminal is closed."""
        if select.select([self.master], [], [], seconds)[0]:
            try:
                data = os.read(self.master, 65536)
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
            if self._is_whole() and (wanted in screen if isinstance(wanted, str) else wanted(screen)):
                return screen
            assert time.monotonic() < deadline, f"never shown: {wanted!r}\n{screen}"
            assert self.read() or self.screen() != screen, f"ended without {wanted!r}\n{self.screen()}"

    def _is_whole(self) -> bool:
        """False in the middle of a frame, which hides the cursor first and shows it last."""
        return self.raw.rfind(b"\x1b[?25l") <= self.raw.rfind(b"\x1b[?25h")

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
        os.close(self.master)

    def screen(self) -> str:
        """What has been written as rows of text; enough of a terminal for the command and for shells."""
        lines: list[list[str]] = [[]]
        row = column = 0
        for found in _PIECE.finditer(self.raw.decode("utf-8", "replace")):
            verb, letter = found["verb"], found["letter"]
            values = [int(value) for value in re.findall(r"\d+", found["values"] or "")]
            count = max(1, (values or [1])[0])
            if verb == "H":
                row, column = count - 1, (values[1:] or [1])[0] - 1
            elif verb in tuple("ABCD"):
                row += {"A": -count, "B": count}.get(verb, 0)
                column += {"C": count, "D": -count}.get(verb, 0)
            elif verb == "G":
                column = count - 1
            elif verb == "J":
                whole = values[:1] in ([2], [3])
                lines[0 if whole else row :] = [] if whole else [lines[row][:column]]
            elif verb == "K":
                lines[row] = [] if values == [2] else lines[row][:column]
            elif letter == "\r":
                column = 0
            elif letter == "\b":
                column -= 1
            elif letter == "\n":
                row += 1
            elif letter and letter.isprintable():
                lines[row] += " " * (column - len(lines[row]))
                lines[row][column : column + 1] = [letter]
                column += 1
            row, column = max(0, row), max(0, column)
            lines += [[] for _ in range(row + 1 - len(lines))]
        return "\n".join("".join(line).rstrip() for line in lines)


@pytest.fixture
def terminal() -> Iterator[Callable[..., Terminal]]:
    """Start the command in a terminal of its own."""
    if sys.platform == "win32":
        pytest.skip("Windows has no pseudo-terminals of this kind")
    opened: list[Terminal] = []

    def start(
        *arguments: str,
        program: list[str] = COMMAND,
        rows: int = 24,
        columns: int = 80,
        environ: dict[str, str] | None = None,
        **options: Any,
    ) -> Terminal:
        opened.append(Terminal([*program, *arguments], rows, columns, environ or {}, **options))
        return opened[-1]

    yield start
    for one in opened:
        one.close()
