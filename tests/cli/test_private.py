"""Who can read what the program writes, and what it does to the network and to other folders: nothing."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytestmark = [
    pytest.mark.skipif(os.name == "nt", reason="modes mean nothing there"),
    pytest.mark.timeout(240),
]

SPY = """
import os, sys, threading
_log = os.open(os.environ["SPY_LOG"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_PATHS = {"os.mkdir", "os.remove", "os.rmdir", "os.truncate", "os.chmod", "os.chown", "os.utime"}
_PATHS |= {"shutil.rmtree"}
_TWO = {"os.rename", "os.link", "os.symlink", "shutil.move", "shutil.copyfile"}
_inside = threading.local()

def note(kind, *values):
    if getattr(_inside, "busy", False):
        return
    _inside.busy = True
    try:
        # What is relative to an open folder has no full name here; the workspace itself is compared, too.
        if kind == "write":
            values = [path for path in map(os.fsdecode, values) if os.path.isabs(path)]
        paths = [os.path.normpath(value) if kind == "write" else str(value) for value in values]
        os.write(_log, ("\\t".join([kind, *paths]) + "\\n").encode("utf-8", "backslashreplace"))
    finally:
        _inside.busy = False

def hook(event, arguments):
    if event == "open":
        path, mode, flags = arguments
        writes = (mode and set(mode) & set("wax+")) or (isinstance(flags, int) and flags & _WRITING)
        if writes and isinstance(path, (str, bytes)):
            note("write", path)
    elif event in _PATHS and isinstance(arguments[0], (str, bytes, os.PathLike)):
        note("write", arguments[0])
    elif event in _TWO:
        note("write", *(path for path in arguments[:2] if isinstance(path, (str, bytes, os.PathLike))))
    elif event.startswith(("socket.", "urllib.", "http.", "ftplib.", "smtplib.")):
        # An event loop has a pair of sockets without an address; gethostname asks nobody.
        if event not in ("socket.__new__", "socket.gethostname"):
            note("network", f"{event} {arguments}")
    elif event in ("subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.spawn"):
        note("program", arguments[0])

sys.addaudithook(hook)
note("started", " ".join(sys.argv[:1]))
"""


SOURCE = '''def open_the_door(key):
    """Open the garden door."""
    return key
'''


class Watched:
    """The program in a process whose every write, connection and child is noted."""

    def __init__(self, tmp: Path) -> None:
        self.home = tmp / "home"
        self.root = tmp / "project"
        self.root.mkdir()
        self.home.mkdir()
        (self.root / "a.py").write_text(
            'def open_the_door(key):\n    """Open the garden door."""\n    return key\n'
        )
        (self.root / "b.py").write_text("def sail(boat):\n    return boat\n")
        spy = tmp / "spy"
        spy.mkdir()
        (spy / "sitecustomize.py").write_text(SPY)
        self.log = tmp / "spy.log"
        self.temporary = tmp / "tmp"
        self.temporary.mkdir()
        self.environment = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("XDG_", "CODANNA_", "COVERAGE", "PYTEST", "FASTEMBED"))
        } | {
            "HOME": str(self.home),
            "PYTHONPATH": str(spy),
            "PYTHONDONTWRITEBYTECODE": "1",
            "TMPDIR": str(self.temporary),
            "SPY_LOG": str(self.log),
        }
        self.allowed = [
            self.home / ".cache/codanna-lsp",
            self.home / ".local/state/codanna-lsp",
            self.temporary,
        ]
        """The index and models, the logs, and a temporary folder that has to be empty afterwards."""

    def start(self, *arguments: str | Path, **streams: Any) -> subprocess.Popen[bytes]:
        """Start a command with a umask that lets everyone read."""
        return subprocess.Popen(
            [sys.executable, "-P", "-m", "codanna_core.cli.main", *map(str, arguments)],
            cwd=self.root,
            env=self.environment,
            umask=0o022,
            **streams,
        )

    def run(self, *arguments: str | Path) -> tuple[int, bytes]:
        """Run one command to its end; its exit code, and all that it said."""
        quiet = subprocess.DEVNULL
        with self.start(*arguments, stdin=quiet, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
            said, _ = process.communicate()
        return process.returncode, said

    def notes(self, kind: str) -> list[str]:
        """What was seen of one kind, over all processes."""
        lines = self.log.read_text().splitlines()
        return [value for line in lines if line.startswith(f"{kind}\t") for value in line.split("\t")[1:]]

    def made(self) -> list[Path]:
        """All that is there now below the home folder."""
        return sorted(self.home.rglob("*"))

    def outside(self, *named: Path) -> list[str]:
        """Writes to other places than those of the program and of the command; parents may be made."""
        fine = [*self.allowed, *named]
        return [
            path
            for path in self.notes("write")
            if path != os.devnull
            and not any(Path(path).is_relative_to(place) or place.is_relative_to(path) for place in fine)
        ]


@pytest.fixture
def watched(tmp_path: Path) -> Watched:
    return Watched(tmp_path.resolve())


@pytest.fixture
def snapshot(watched: Watched) -> Iterator[None]:
    """Libraries in other languages are not audited: compare the workspace itself."""

    def state() -> list[tuple[str, int, bytes]]:
        return [
            (str(path), path.stat().st_mode, path.read_bytes()) for path in sorted(watched.root.glob("*.py"))
        ]

    before, names = state(), sorted(os.listdir(watched.root))
    yield
    assert state() == before
    assert [name for name in sorted(os.listdir(watched.root)) if not name.startswith("plot.")] == names


def message(content: dict[str, Any]) -> bytes:
    body = json.dumps({"jsonrpc": "2.0", **content}).encode()
    return b"Content-Length: %d\r\n\r\n%s" % (len(body), body)


def talk(watched: Watched) -> bytes:
    """A short session with the server, in which every question is answered; gives what the server said."""
    uri = watched.root.as_uri()
    document = {"uri": f"{uri}/a.py", "languageId": "python", "version": 1, "text": SOURCE}
    said: list[dict[str, Any]] = [
        {"id": 1, "method": "initialize", "params": {"capabilities": {}, "rootUri": uri, "processId": None}},
        {"method": "initialized", "params": {}},
        {"method": "textDocument/didOpen", "params": {"textDocument": document}},
        {"id": 2, "method": "workspace/executeCommand", "params": {"command": "codanna.reindex"}},
        {"id": 3, "method": "codanna/semanticSearch", "params": {"query": "open the door"}},
        {"id": 4, "method": "workspace/symbol", "params": {"query": "sail"}},
        {"id": 5, "method": "codanna/status", "params": {}},
        {"id": 6, "method": "shutdown"},
    ]
    heard = b""
    with watched.start("serve", stdin=subprocess.PIPE, stdout=subprocess.PIPE) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        for words in said:
            server.stdin.write(message(words))
            server.stdin.flush()
            while "id" in words and b'"id":%d,' % words["id"] not in heard:
                part = os.read(server.stdout.fileno(), 1 << 16)
                assert part, heard
                heard += part
        server.stdin.write(message({"method": "exit"}))
        server.stdin.close()
        assert server.wait(60) == 0
    return heard


def test_no_command_calls_the_network_or_writes_elsewhere(watched: Watched, snapshot: None) -> None:
    """Every command with default settings, and the server, with all their child processes."""
    plot = watched.root / "plot.svg"
    vector = watched.home.parent / "vector.json"
    vector.write_text(json.dumps([1.0] * 256))
    commands: list[tuple[str | Path, ...]] = [
        ("index",),
        ("search", "open the door"),
        ("similar", "a.py:1"),
        ("symbols", "sail"),
        ("status",),
        ("vector", "index-vectors"),
        ("vector", "search-vector", vector),
        ("vector", "cluster-info", "--plot", plot),
        ("models", "list"),
        ("models", "check"),
        ("config", "show"),
        ("config", "path"),
        ("config", "schema"),
        ("doctor",),
        ("index", "--rebuild", "--set", "index.workers=2"),
        ("index", "--verify"),
        ("clean",),
    ]
    for arguments in commands:
        code, said = watched.run(*arguments)
        assert code in (0, 1), (arguments, said)
        if arguments == ("doctor",):
            assert b"open_the_door" in talk(watched)
    # A library of fastembed tries out at its import whether this machine has IPv6, on its loopback alone.
    tried = [line for line in watched.notes("network") if not re.match(r"socket\.bind .*\('::1', 0\)", line)]
    assert tried == []
    # Python's own `platform.uname` asks the system's program for the kind of processor.
    assert set(watched.notes("program")) <= {sys.executable, "uname"}
    assert len(watched.notes("started")) > len(commands), "child processes are watched, too"
    assert watched.outside(plot) == []
    assert list(watched.temporary.iterdir()) == []


def test_the_spy_notices(watched: Watched) -> None:
    """A connection, a write and a program are seen, also in a child."""
    script = (
        "import socket, subprocess, sys, contextlib\n"
        "with contextlib.suppress(OSError): socket.create_connection(('127.0.0.1', 9), 0.1)\n"
        "write = 'import sys; open(sys.argv[1], \"w\")'\n"
        "subprocess.run([sys.executable, '-P', '-c', write, sys.argv[1]])\n"
    )
    command = [sys.executable, "-c", script, str(watched.root / "x")]
    subprocess.run(command, env=watched.environment, cwd=watched.root, check=True)
    assert any("connect" in line for line in watched.notes("network"))
    assert watched.outside() == [str(watched.root / "x")]
    # Python 3.14 starts it by `posix_spawn`, and tells of both.
    assert set(watched.notes("program")) == {sys.executable}


def test_others_cannot_read_what_was_written(watched: Watched) -> None:
    """With a umask that lets everyone read, files are 0600 and folders 0700: index, log, caches."""
    plot = watched.root / "plot.svg"
    assert watched.run("index")[0] == 0
    talk(watched)
    assert watched.run("vector", "cluster-info", "--plot", plot)[0] == 0
    made = watched.made()
    assert any(path.suffix == ".log" for path in made)
    assert len(made) > 10
    assert [(str(path), oct(path.stat().st_mode)) for path in made if path.stat().st_mode & 0o077] == []
    assert plot.stat().st_mode & 0o777 == 0o644, "the user named it"
