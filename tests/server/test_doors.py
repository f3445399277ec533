"""Doors: only this machine, only who knows the token, and nobody keeps the client out."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from raw_client import FAKE_SERVER

from codanna_core.errors import ConfigError
from codanna_rpc import doors

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the addresses are those of POSIX systems")


class Waiting:
    """A server process that waits at a door, and what it has printed."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.process = process
        self.lines: list[str] = []
        self.news = threading.Condition()
        threading.Thread(target=self._read, daemon=True).start()
        self.until(lambda: len(self.lines) >= 2)
        self.place: dict[str, Any] = json.loads(self.lines[1])

    def _read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            with self.news:
                self.lines.append(line.decode().rstrip())
                self.news.notify_all()

    def until(self, condition: Any) -> None:
        with self.news:
            assert self.news.wait_for(condition, 15), self.lines

    def refused(self, reason: str) -> None:
        """Wait until a visitor was sent away for this reason."""
        self.until(lambda: any("closed a connection" in line and reason in line for line in self.lines))

    def connect(self) -> socket.socket:
        if "socket" in self.place:
            connection = socket.socket(socket.AF_UNIX)
            connection.connect(self.place["socket"])
        else:
            connection = socket.create_connection((self.place["host"], self.place["port"]))
        connection.settimeout(15)
        return connection

    def enter(self, **options: Any) -> socket.socket:
        """Come in as the client; fails where the server does not answer."""
        connection = self.connect()
        connection.sendall(hello(token=self.place.get("token"), **options))
        assert b'"positionEncoding"' in connection.recv(65536)
        return connection


@pytest.fixture(scope="module")
def door() -> Iterator[Waiting]:
    """One server for those who do not come in."""
    with waiting("--tcp", "127.0.0.1:0") as server:
        yield server


@contextlib.contextmanager
def waiting(*arguments: str, env: dict[str, str] | None = None) -> Iterator[Waiting]:
    process = subprocess.Popen(
        [*FAKE_SERVER, *arguments],
        stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        env={**os.environ, **(env or {})},
        # A run in the background ignores SIGINT, and what it starts inherits that.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    try:
        yield Waiting(process)
    finally:
        process.kill()
        process.wait()


def frame(message: Any) -> bytes:
    body = json.dumps(message).encode()
    return b"Content-Length: %d\r\n\r\n%b" % (len(body), body)


def hello(**options: Any) -> bytes:
    params = {"capabilities": {}, "initializationOptions": options}
    return frame({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params})


def request(connection: socket.socket, method: str, params: Any) -> Any:
    connection.sendall(frame({"jsonrpc": "2.0", "id": "asked", "method": method, "params": params}))
    data = b""
    while b'"id":"asked"' not in data:
        data += (part := connection.recv(65536))
        assert part, data
    return data


def is_closed(connection: socket.socket) -> bool:
    """Whether the other side hung up, without a word."""
    try:
        return connection.recv(10) == b""
    except ConnectionResetError:
        return True


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "", "127.1.2.3"])
def test_loopback_by_any_name(host: str) -> None:
    """Names count for what they resolve to."""
    with waiting("--tcp", f"{host}:0") as server:
        assert server.lines[0].startswith("listening on ")
        server.enter().close()
        assert server.process.wait(10) == 1


@pytest.mark.parametrize("host", ["0.0.0.0", "[::]", "192.0.2.1", "[::ffff:192.0.2.1]"])
def test_other_addresses_are_refused(host: str) -> None:
    """Nothing that another machine could reach is opened."""
    done = subprocess.run(
        [*FAKE_SERVER, "--tcp", f"{host}:0"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 2
    assert "can be reached from other machines" in done.stderr
    assert "127.0.0.1" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_name_that_resolves_outside_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """One address outside is enough, also behind a name that has loopback too."""

    def resolve(*_: Any, **__: Any) -> list[Any]:
        stream = (socket.AF_INET, socket.SOCK_STREAM, 6, "")
        return [(*stream, ("127.0.0.1", 0)), (*stream, ("192.0.2.7", 0))]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    with pytest.raises(ConfigError, match=r"192\.0\.2\.7 can be reached"):
        doors.tcp_channel("innocent.example", 0, print)


def test_a_taken_port_is_named() -> None:
    """An address in use says so and what to do."""
    refused = pytest.raises(ConfigError, match="choose another port")
    with socket.create_server(("127.0.0.1", 0)) as taken, refused:
        doors.tcp_channel("127.0.0.1", taken.getsockname()[1], print)


def test_the_token_is_needed_and_reaches_nothing_else(project: Path, tmp_path: Path) -> None:
    """It is neither taken for a setting nor written into the log."""
    state = tmp_path / "state"
    arguments = ("--tcp", "127.0.0.1:0", "--log-level", "debug")
    with waiting(*arguments, env={"XDG_STATE_HOME": str(state)}) as server:
        connection = server.connect()
        token = server.place["token"]
        assert len(token) >= 32
        params = {
            "capabilities": {},
            "rootUri": project.as_uri(),
            "initializationOptions": {"token": token, "search": {"limit": 3}},
        }
        connection.sendall(frame({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params}))
        assert b'"id":1' in connection.recv(65536)
        connection.sendall(frame({"jsonrpc": "2.0", "method": "initialized", "params": {}}))
        status = request(connection, "codanna/status", {})
        assert token.encode() not in status
        assert b'"token"' not in status
        connection.close()
        assert server.process.wait(10) == 1
        logs = [path.read_text() for path in state.rglob("*.log*")]
        assert logs
        assert not any(token in text for text in logs)
        assert [line for line in server.lines if token in line] == [server.lines[1]]


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (hello(), "missing or wrong"),
        (hello(token="x" * 43), "missing or wrong"),
        (hello(token=None), "missing or wrong"),
        (hello(token=["x"]), "missing or wrong"),
        (hello(token="\ud800"), "missing or wrong"),
        (hello(codanna={"token": "x"}), "missing or wrong"),
        (frame({"jsonrpc": "2.0", "id": 1, "method": "shutdown"}), "not an `initialize`"),
        (frame({"jsonrpc": "2.0", "method": "initialize", "params": {}}), "not an `initialize`"),
        (frame([]), "not an `initialize`"),
        (b"Content-Length: 1\r\n\r\n{", "not JSON"),
        (b"Content-Length: 400000\r\n\r\n" + b"[" * 400_000, "not JSON"),
        (b"GET", "perhaps a browser"),
        (b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\n{}\n", "perhaps a browser"),
        (b"OPTIONS / HTTP/1.1\r\n", "perhaps a browser"),
        (b"content-length: 5\r\nHost: x\r\n", "perhaps a browser"),
        (b"\x16\x03\x01\x02\x00", "perhaps a browser"),
        (b"{", "perhaps a browser"),
        (b"Content-Length: 5\r\nContent-Length: 6\r\n\r\n{}", "states no length"),
        (b"Content-Length: -5\r\n\r\n{}", "states no length"),
        (b"Content-Type: application/json\r\n\r\n{}", "states no length"),
        (b"Content-Length: 999999999\r\n\r\n{}", "too long"),
        (b"Content-Type: " + b"x" * 1000, "header is too long"),
    ],
)
def test_strangers_are_sent_away_at_once(door: Waiting, said: bytes, reason: str) -> None:
    """Without an answer, before their patience of seconds is over."""
    before = len(door.lines)
    began = time.monotonic()
    with door.connect() as stranger:
        stranger.sendall(said)
        assert is_closed(stranger)
    assert time.monotonic() - began < doors.PATIENCE_S
    door.until(lambda: len(door.lines) > before)
    assert reason in door.lines[before]


def test_after_all_strangers_the_client_comes_in(door: Waiting) -> None:
    """None of them has harmed the door."""
    door.enter().close()


def test_silence_keeps_nobody_out() -> None:
    """Those who say nothing, or one byte at a time, are sent away after seconds; the client need not wait."""
    with waiting("--tcp", "127.0.0.1:0") as server:
        silent = [server.connect() for _ in range(doors.MAX_VISITORS + 3)]
        silent[-1].sendall(b"Content-Le")
        server.refused("too many at once")
        server.refused(f"within {doors.PATIENCE_S:.0f} seconds")
        assert all(map(is_closed, silent))
        for connection in silent:
            connection.close()
        waiting_still = server.connect()
        server.enter().close()
        assert is_closed(waiting_still)
        waiting_still.close()


def test_a_slow_client_comes_in_and_loses_nothing() -> None:
    """An introduction in pieces, with the next message behind it."""
    with waiting("--tcp", "127.0.0.1:0") as server, server.connect() as connection:
        said = hello(token=server.place["token"]) + frame(
            {"jsonrpc": "2.0", "id": "next", "method": "codanna/status", "params": {}}
        )
        for at in range(0, len(said), 40):
            connection.sendall(said[at : at + 40])
            time.sleep(0.005)
        data = b""
        while b'"id":"next"' not in data:
            data += (part := connection.recv(65536))
            assert part


def test_only_one_client() -> None:
    """Once the client is in, the door is shut."""
    with waiting("--tcp", "127.0.0.1:0") as server:
        inside = server.enter()
        with pytest.raises(ConnectionRefusedError):
            server.connect()
        inside.close()


def test_wrong_tokens_keep_nobody_out() -> None:
    """Whoever guesses is sent away and costs the client nothing: no guess is waited for."""
    with waiting("--tcp", "127.0.0.1:0") as server:
        strangers = [server.connect() for _ in range(doors.MAX_VISITORS)]
        began = time.monotonic()
        for stranger in strangers:
            stranger.sendall(hello(token="guess"))
        server.enter().close()
        assert time.monotonic() - began < doors.PATIENCE_S
        assert all(map(is_closed, strangers))
        for stranger in strangers:
            stranger.close()


# --- Unix sockets


def test_unix_socket_is_private_and_goes(tmp_path: Path) -> None:
    """No token, because no other user can reach the file; nothing is left of it."""
    path = tmp_path / "new" / "door"
    with waiting("--unix-socket", str(path)) as server:
        assert server.place == {"socket": str(path)}
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
        with server.connect() as stranger:
            stranger.sendall(b"GET / HTTP/1.1\r\n")
            assert is_closed(stranger)
        inside = server.enter()
        assert not path.exists()
        inside.close()
        assert server.process.wait(10) == 1


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_unix_socket_is_removed_when_nobody_came(tmp_path: Path, number: int) -> None:
    """Ended while waiting, the server takes its file away."""
    path = tmp_path / "private" / "door"
    with waiting("--unix-socket", str(path)) as server:
        server.process.send_signal(number)
        assert server.process.wait(10) != 0
        assert not path.exists()
        assert not any("Traceback" in line for line in server.lines)


def test_stale_unix_socket_is_replaced(tmp_path: Path) -> None:
    """A server that was killed leaves its file; the next one takes its place."""
    path = tmp_path / "private" / "door"
    with waiting("--unix-socket", str(path)) as server:
        server.process.kill()
        server.process.wait()
    assert path.exists()
    with waiting("--unix-socket", str(path)) as server:
        server.enter().close()


def refusal(arguments: Sequence[str]) -> str:
    done = subprocess.run(
        [*FAKE_SERVER, *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 2, done
    assert "Traceback" not in done.stderr
    return done.stderr


def test_unix_socket_takes_nobodys_place(tmp_path: Path) -> None:
    """A file, a link, a server that lives, a folder for everybody, a path too long: each is named."""
    private = tmp_path / "private"
    private.mkdir(mode=0o700)
    file = private / "file"
    file.write_text("precious")
    assert "is not a socket" in refusal(["--unix-socket", str(file)])
    link = private / "link"
    link.symlink_to(file)
    assert "is not a socket" in refusal(["--unix-socket", str(link)])
    assert file.read_text() == "precious"
    with waiting("--unix-socket", str(private / "door")):
        assert "another server listens" in refusal(["--unix-socket", str(private / "door")])
    open_folder = tmp_path / "open"
    open_folder.mkdir()
    open_folder.chmod(0o755)
    assert "other users can enter" in refusal(["--unix-socket", str(open_folder / "door")])
    assert "shorter path" in refusal(["--unix-socket", str(private / ("x" * 200))])
    assert "cannot use the folder" in refusal(["--unix-socket", str(file / "door")])
