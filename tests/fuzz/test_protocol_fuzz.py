"""Messages made from valid ones by rules that know their structure: each request is answered, and once."""

from __future__ import annotations

import contextlib
import json
import os
import random
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
CORPUS = HERE / "corpus" / "protocol"
SEED = int(os.environ.get("FUZZ_SEED", "1"))
sys.path.insert(0, str(HERE.parent / "server" / "support"))

NUMBERS = [0, -0.0, -1, 2**31, 2**53 + 1, 2**64, -(2**63) - 1, 10**30, 1e308, 0.1, True]
STRINGS = ["", "\0", "\ud800", "\udc00\ud800", "\u202e", "a" * 70_000, "file:///%00", "../..", "{", "\ufeff"]
IDS: list[Any] = [*NUMBERS, *STRINGS, None, [], {}, [1], {"id": 1}]
FRAMES: list[Callable[[random.Random, bytes], bytes]] = [
    lambda rng, body: b"Content-Length: -%d\r\n\r\n" % len(body),
    lambda rng, body: b"Content-Length: 0x%x\r\n\r\n" % len(body),
    lambda rng, body: b"Content-Length: 99999999999999999999\r\n\r\n",
    lambda rng, body: b"Content-Length: \xff\r\n\r\n",
    lambda rng, body: b"Content-Type: " + rng.randbytes(50).replace(b"\n", b"") + b"\r\n",
    lambda rng, body: b"Content-Length: 3\r\nContent-Length: 2\r\n\r\n{}",
    lambda rng, body: b"Content-Length: 2\r\n\r\n\xc3\x28",
    lambda rng, body: b"Content-Length: 2\n\n[]",
    lambda rng, body: rng.randbytes(200).replace(b"\n", b"") + b"\n",
    lambda rng, body: b"\r\n" * rng.randint(1, 50),
    lambda rng, body: b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    lambda rng, body: framed(body[: rng.randrange(len(body))]),
    lambda rng, body: framed(b"[" + body + b"," + body + b"]"),
    lambda rng, body: framed(b"[" * rng.choice([10, 900, 5000, 200_000])),
    lambda rng, body: framed(b'{"a":' * rng.choice([10, 900, 5000, 200_000])),
    lambda rng, body: framed(body.replace(b'"', b"'")),
    lambda rng, body: framed(b"\xef\xbb\xbf" + body),
    lambda rng, body: framed(body.decode().encode("utf-16")),
    lambda rng, body: framed(b"[" + b"1" * 5000 + b"]"),
    lambda rng, body: framed(b"[NaN, Infinity, 1e999]"),
]


def framed(body: bytes) -> bytes:
    return b"Content-Length: %d\r\n\r\n%b" % (len(body), body)


def sites(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where a message can be changed."""
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from sites(item, (*path, key))


def changed(rng: random.Random, value: Any) -> Any:
    """Something of another type, another size, or twice."""
    roll = rng.random()
    if roll < 0.2:
        return rng.choice(NUMBERS)
    if roll < 0.4:
        return rng.choice(STRINGS)
    if roll < 0.5:
        return [value] * rng.choice([0, 1, 3, 200])
    if roll < 0.6:
        return {"value": value, "": None, "\ud800": 1}
    if roll < 0.7:
        for _ in range(rng.choice([3, 60, 250])):
            value = [value]
        return value
    if isinstance(value, str):
        at = rng.randrange(len(value) + 1)
        return value[:at] + rng.choice(STRINGS) + value[at:]
    if isinstance(value, int | float):
        return -value if roll < 0.85 else max(-1e300, min(1e300, value)) * 10 ** rng.randrange(8)
    return None


def mutate(rng: random.Random, message: dict[str, Any]) -> dict[str, Any]:
    """A copy with one to three of its places changed."""
    message = json.loads(json.dumps(message))
    for _ in range(rng.choice([1, 1, 1, 2, 3])):
        paths = [path for path in sites(message) if path and path != ("jsonrpc",)]
        if not paths:
            break
        path = rng.choice(paths)
        holder: Any = message
        for key in path[:-1]:
            holder = holder[key]
        if path == ("id",):
            holder["id"] = rng.choice(IDS)
        elif rng.random() < 0.15 and isinstance(holder, dict):
            del holder[path[-1]]
        elif path != ("method",) or rng.random() < 0.2:
            holder[path[-1]] = changed(rng, holder[path[-1]])
    return message


def is_request(message: dict[str, Any]) -> bool:
    """Whether the server owes an answer with this very id."""
    msg_id = message.get("id")
    whole = isinstance(msg_id, int) and not isinstance(msg_id, bool) and -(2**63) <= msg_id < 2**64
    return isinstance(message.get("method"), str) and (whole or isinstance(msg_id, str))


class Session:
    """A server that is sent one message after another and asked now and then whether all is well."""

    def __init__(self, client: Any, root: Path, seed: int) -> None:
        from fuzz import Fuzz

        self.client = client
        self.rng = random.Random(seed)
        self.valid = Fuzz(client, root, seed)
        self.sent: list[bytes] = []
        self.expected: list[Any] = []
        self.used: set[str] = set()
        self.number = 0

    def step(self) -> None:
        self.number += 1
        asks = self.rng.random() < 0.7
        method, params = self.valid.valid() if asks else self.valid.notification()
        message: dict[str, Any] = {"jsonrpc": "2.0", "method": method, "params": params}
        if asks:
            message["id"] = f"fuzz-{self.number}"
        roll = self.rng.random()
        if roll < 0.75:
            message = mutate(self.rng, message)
        if message.get("method") in ("exit", "shutdown") or "codanna.restart" in json.dumps(message):
            return
        if roll > 0.9:
            body = json.dumps(message).encode()
            # Lone beginnings of a frame would swallow what follows: a whole body is sent as its rest.
            self.send(self.rng.choice(FRAMES)(self.rng, body))
            return
        if "id" in message:
            name = json.dumps(message["id"])
            if name in self.used:
                return  # Two open requests of one id are another matter, with a test of its own.
            self.used.add(name)
        if is_request(message):
            self.expected.append(message["id"])
        self.send(framed(json.dumps(message).encode()))

    def send(self, data: bytes) -> None:
        self.sent.append(data)
        self.client.send_bytes(data)

    def drain(self) -> None:
        """All that is owed was answered once, without a word about the inside."""
        client = self.client
        client.send({"jsonrpc": "2.0", "id": f"end-{self.number}", "method": "codanna/status"})
        client.answer(f"end-{self.number}", 60)

        def missing() -> list[Any]:
            return [msg_id for msg_id in self.expected if msg_id not in client.answers]

        with contextlib.suppress(AssertionError):
            client.wait(lambda: not missing(), 60)
        assert not missing(), [data[:300] for data in self.sent if json.dumps(missing()[0]).encode() in data]
        assert client.broken is None, client.broken
        for msg_id in self.expected:
            assert client.answer_counts[msg_id] == 1, msg_id
            error = client.answers[msg_id].get("error", {})
            assert error.get("code") != -32603, (msg_id, error)
        assert "Traceback" not in json.dumps([client.answers[msg_id] for msg_id in self.expected])
        self.expected.clear()
        self.used.clear()
        self.sent.clear()
        client.answers.clear()
        client.answer_counts.clear()
        client.notifications.clear()


def fuzz_session(tmp_path: Path, seed: int, count: int, command: tuple[str, ...]) -> None:
    """One server and so many messages; those since the last good moment are kept if one does harm."""
    from raw_client import VSCODE, running

    from fuzz import memory

    root = tmp_path / "project"
    (root / "pkg").mkdir(parents=True)
    (root / "alpha.py").write_text("def alpha_one():\n    pass\n\n\ndef alpha_two(): pass\n")
    (root / "pkg" / "beta.py").write_text("class Beta:\n    def find_user(self): pass\n")
    with running(command) as client:
        client.initialize(
            root, capabilities=VSCODE, options={"outlineLanguages": ["python"], "navigationLanguages": ["*"]}
        )
        client.wait_indexed()
        session = Session(client, root, seed)
        before = 0
        try:
            for number in range(count):
                session.step()
                if number % 100 == 99 or number + 1 == count:
                    session.drain()
                    before = before or memory(client.process.pid)
        except BaseException:
            CORPUS.mkdir(parents=True, exist_ok=True)
            (CORPUS / f"seed-{seed}-{session.number}.bin").write_bytes(b"".join(session.sent))
            raise
        assert memory(client.process.pid) < before + 300 * 2**20
        assert client.shut_down() == 0


@pytest.fixture(autouse=True)
def _own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME"):
        monkeypatch.setenv(name, str(tmp_path / "home"))


def test_protocol_fuzz_sample(tmp_path: Path) -> None:
    """The same messages in every run."""
    from raw_client import FAKE_SERVER

    fuzz_session(tmp_path, SEED, 1500, FAKE_SERVER)


def test_protocol_fuzz_corpus(tmp_path: Path) -> None:
    """What did harm once is sent again; afterwards the server answers."""
    from raw_client import FAKE_SERVER, running

    for path in sorted(CORPUS.glob("*.bin")):
        with running(FAKE_SERVER) as client:
            client.initialize(tmp_path)
            client.wait_indexed()
            client.send_bytes(path.read_bytes())
            client.request("codanna/status", {})
            assert client.shut_down() == 0, path.name


@pytest.mark.slow
@pytest.mark.timeout(0)
@pytest.mark.parametrize("engine", ["memory", "real"])
def test_protocol_fuzz_long(tmp_path: Path, engine: str) -> None:
    """As many as wanted: FUZZ_COUNT messages from FUZZ_SEED on, 100,000 where nothing is said."""
    from raw_client import FAKE_SERVER

    from fuzz import ENGINE_SERVER

    count = int(os.environ.get("FUZZ_COUNT", "100000"))
    fuzz_session(tmp_path, SEED, count, FAKE_SERVER if engine == "memory" else ENGINE_SERVER)
