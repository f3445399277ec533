"""Hostile messages by the thousand, and what must hold after them.

`python fuzz.py COUNT [SEED] [--engine]` runs as many as wanted; the tests run a sample.
"""

from __future__ import annotations

import copy
import json
import random
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from raw_client import FAKE_SERVER, HERE, VSCODE, RawClient, running

from codanna_lsp.capabilities import NAVIGATION

Message = tuple[str, dict[str, Any]]
"""A method and its parameters."""

ENGINE_SERVER = (sys.executable, str(HERE / "engine_server.py"))

STRANGE: list[Any] = [
    None, True, False, 0, -1, 2**31, 2**53, 2**80, 1.5, -0.0, 1e308, "", "x", "\u0000", "\U0001f600",
    "\u202e", "../../etc/passwd", "a" * 3000, [], {}, [[]], [None], {"": None}, {"jsonrpc": "2.0"},
    {"uri": "file:///etc/passwd"}, {"line": -1, "character": -1}, {"line": 2**40, "character": 2**40},
]  # fmt: skip
URIS = [
    "file:///etc/passwd", "file:///", "file://", "file:", "", "x", "untitled:Untitled-1",
    "http://example.org/a.py", "file:///%00", "file:///%ff%fe.py", "file://host/share/a.py", "git:/a?b",
    "file:///../../..", "vscode-remote://x/a",
]  # fmt: skip
UNKNOWN = [
    "nope",
    "",
    "$/nope",
    "codanna/",
    "textDocument/hover",
    "\u0000",
    "a" * 5000,
    "initialize",
    "workspace/",
]
PLACE = {"line": 0, "character": 4}


class Fuzz:
    """One run. The same seed gives the same messages."""

    def __init__(self, client: RawClient, root: Path, seed: int) -> None:
        self.client = client
        self.root = root
        self.random = random.Random(seed)
        self.expected: list[Any] = []
        self.refused: set[Any] = set()
        self._number = 0

    # --- material

    def uri(self) -> str:
        if self.random.random() < 0.6:
            name = self.random.choice(["alpha.py", "pkg/beta.py", "none.py", "", ".", "..", "odd #%?.py"])
            return f"{self.root.as_uri()}/{quote(name)}"
        return self.random.choice(URIS)

    def valid(self) -> Message:
        document = {"textDocument": {"uri": self.uri()}}
        area = {"start": dict(PLACE), "end": {"line": 3, "character": 0}}
        word = self.random.choice(
            ["alpha", "find user", "beta", "a" * 200, "\u4e2d\u6587", "kind:function x", '"']
        )
        choices: list[Message] = [
            ("codanna/semanticSearch", {"query": word, "limit": 5, "filters": {"kinds": ["function"]}}),
            ("codanna/semanticSearch", {"query": "slow 0.01 " + word, "partialResultToken": "p"}),
            ("workspace/symbol", {"query": word}),
            ("workspace/symbol", {"query": ""}),
            (
                "workspaceSymbol/resolve",
                {"name": "alpha_one", "location": {"uri": self.uri()}, "data": {}},
            ),
            ("codanna/findSimilar", {**document, "position": dict(PLACE)}),
            ("codanna/findSimilar", {**document, "range": area}),
            ("codanna/explain", {"query": word, **document, "position": dict(PLACE)}),
            ("codanna/status", {}),
            ("codanna/clusterInfo", {}),
            ("codanna/clusterMap", {"limit": 3}),
            ("textDocument/documentSymbol", document),
            ("textDocument/codeLens", document),
            *(
                (f"textDocument/{method}", {**document, "position": dict(PLACE), "partialResultToken": 3})
                for method in (*NAVIGATION[:4], "hover", "prepareCallHierarchy")
            ),
            (
                "callHierarchy/incomingCalls",
                {"item": {"name": word, "uri": self.uri(), "selectionRange": area}},
            ),
            (
                "callHierarchy/outgoingCalls",
                {"item": {"name": word, "uri": self.uri(), "selectionRange": area}},
            ),
            ("textDocument/codeAction", {**document, "range": area, "context": {"only": ["source"]}}),
            ("workspace/executeCommand", {"command": "codanna.showStatus", "arguments": []}),
        ]
        return self.random.choice(choices)

    def notification(self) -> Message:
        uri = self.uri()
        number = self.random.choice([0, 1, 5, 10**6, 2**31 - 1, 2**31, -1])
        document = {"uri": uri, "languageId": "python", "version": 1, "text": "def x(): 0\r\n\r"}
        place = {"line": number, "character": self.random.choice([0, 3, 10**9])}
        change = {"range": {"start": place, "end": dict(PLACE)}, "text": "def new_name(): pass\n"}
        choices: list[Message] = [
            ("textDocument/didOpen", {"textDocument": document}),
            (
                "textDocument/didChange",
                {"textDocument": {"uri": uri, "version": 2}, "contentChanges": [change]},
            ),
            ("textDocument/didChange", {"textDocument": {"uri": uri}, "contentChanges": [{"text": "y"}]}),
            ("textDocument/didSave", {"textDocument": {"uri": uri}}),
            ("textDocument/didClose", {"textDocument": {"uri": uri}}),
            ("workspace/didChangeWatchedFiles", {"changes": [{"uri": uri, "type": 2}] * 3}),
            ("workspace/didRenameFiles", {"files": [{"oldUri": uri, "newUri": self.uri()}]}),
            ("workspace/didChangeConfiguration", {"settings": {"codanna": {"search": {"limit": 7}}}}),
            ("window/workDoneProgress/cancel", {"token": "none"}),
            ("$/setTrace", {"value": "off"}),
            ("$/cancelRequest", {"id": self.random.choice([1, "x", None, -5, "never"])}),
            ("initialized", {}),
        ]
        return self.random.choice(choices)

    def mutated(self, params: dict[str, Any]) -> Any:
        """The parameters with one place replaced by something strange."""
        params = copy.deepcopy(params)
        holder: Any = params
        while True:
            keys = list(holder) if isinstance(holder, dict) else list(range(len(holder)))
            if not keys:
                return self.random.choice(STRANGE)
            key = self.random.choice(keys)
            if isinstance(holder[key], dict | list) and self.random.random() < 0.7:
                holder = holder[key]
                continue
            if isinstance(holder, dict) and self.random.random() < 0.2:
                del holder[key]
            else:
                holder[key] = self.random.choice(STRANGE)
            return params

    # --- messages

    def step(self) -> None:
        roll = self.random.random()
        if roll < 0.35:
            self.request(*self.valid())
        elif roll < 0.6:
            method, params = self.valid()
            self.request(method, self.mutated(params))
        elif roll < 0.75:
            self.client.notify(*self.notification())
        elif roll < 0.85:
            method, params = self.notification()
            if "executeCommand" not in method:
                self.client.notify(method, self.mutated(params))
        elif roll < 0.9:
            self.request(self.random.choice(UNKNOWN), self.random.choice(STRANGE))
        elif roll < 0.93:
            self.request(
                "codanna/semanticSearch", {"query": "x", "deep": self.nested(self.random.randint(1, 900))}
            )
        elif roll < 0.97:
            self.garbage()
        elif roll < 0.98:
            self.request("codanna/semanticSearch", {"query": "w " * 400_000})
        elif self.expected:
            self.client.notify("$/cancelRequest", {"id": self.random.choice(self.expected[-20:])})

    def nested(self, depth: int) -> Any:
        value: Any = 1
        for _ in range(depth):
            value = [value] if self.random.random() < 0.5 else {"a": value}
        return value

    def request(self, method: str, params: Any) -> None:
        if params == {"command": "codanna.restart"}:
            return
        self._number += 1
        msg_id = self._number + 1000 if self.random.random() < 0.7 else f"id-{self._number}"
        self.expected.append(msg_id)
        self.client.start_request(method, params, msg_id)
        if self.random.random() < 0.15:
            self.client.notify("$/cancelRequest", {"id": msg_id})

    def garbage(self) -> None:
        self.client.send_bytes(
            self.random.choice(
                [
                    b"GET / HTTP/1.1\r\n\r\n",
                    b"Content-Length: -1\r\n\r\n",
                    b"Content-Length: x\r\n\r\n",
                    b'Content-Length: 5\r\n\r\n{"a":',
                    b"Content-Length: 2\r\n\r\n[]",
                    b"Content-Length: 4\r\n\r\nnull",
                    b"Content-Length: 3\r\n\r\n\xff\xfe\xfd",
                    b"Content-Length: 0\r\n\r\n",
                    b"\x00" * 300 + b"\n",
                    b"y" * 40_000 + b"\n",
                    b"Content-Length: 36\r\n\r\n" + b'{"jsonrpc":"1.0","id":[],"method":1}',
                ]
            )
        )

    def run(self, count: int) -> None:
        """Send so many messages, then check that all is well."""
        for number in range(count):
            self.step()
            if number % 200 == 199:
                self.drain()
        self.drain()

    def drain(self) -> None:
        """Wait until everything so far is answered."""

        def missing() -> list[Any]:
            return [msg_id for msg_id in self.expected if msg_id not in self.client.answers]

        self.client.wait(lambda: not missing(), 120, "answers to everything")
        self.check()
        for msg_id in self.expected:
            self.client.answers.pop(msg_id)
        self.expected.clear()
        self.client.notifications.clear()

    def check(self) -> None:
        """Nothing twice, nothing outside of the workspace, no traceback."""
        self.client.check()
        text = json.dumps([self.client.answers[msg_id] for msg_id in self.expected])
        assert "Traceback" not in text
        for uri in set(found_uris([self.client.answers[msg_id].get("result") for msg_id in self.expected])):
            assert uri.startswith(self.root.as_uri()) or uri in URIS, uri


def found_uris(value: Any) -> Sequence[str]:
    """Every `uri` of hits and locations in an answer."""
    if isinstance(value, list):
        return [uri for item in value for uri in found_uris(item)]
    if isinstance(value, dict):
        own = [value["uri"]] if isinstance(value.get("uri"), str) and "range" in value else []
        return own + [uri for item in value.values() for uri in found_uris(item)]
    return []


def memory(pid: int) -> int:
    """Private bytes of a process; 0 where that cannot be told."""
    try:
        rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0
    return 1024 * sum(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Private_"))


def fuzz(count: int, seed: int, command: Sequence[str], root: Path) -> str:
    """One whole run against a fresh server; gives a line of numbers."""
    (root / "pkg").mkdir(parents=True)
    (root / "alpha.py").write_text("def alpha_one():\n    pass\n\n\ndef alpha_two(): pass\n")
    (root / "pkg" / "beta.py").write_text("class Beta:\n    def find_user(self): pass\n")
    with running(command) as client:
        client.notify("textDocument/didOpen", {})
        client.send({"jsonrpc": "2.0", "id": "early"})
        client.initialize(
            root, capabilities=VSCODE, options={"outlineLanguages": ["python"], "navigationLanguages": ["*"]}
        )
        client.wait_indexed()
        run = Fuzz(client, root, seed)
        run.run(min(count, 500))
        before, started = memory(client.process.pid), time.perf_counter()
        run.run(count)
        seconds = time.perf_counter() - started
        for name in ("alpha.py", "pkg/beta.py"):
            client.notify("textDocument/didClose", {"textDocument": {"uri": f"{root.as_uri()}/{name}"}})
        client.eventually(lambda: "find_user" in client.names("find user"))
        after = memory(client.process.pid)
        assert client.shut_down() == 0
    return (
        f"{count} messages, seed {seed}: {seconds:.1f} s, private memory"
        f" {before / 2**20:.0f} -> {after / 2**20:.0f} MiB"
    )


if __name__ == "__main__":
    numbers = [int(argument) for argument in sys.argv[1:] if argument.isdigit()]
    with tempfile.TemporaryDirectory() as folder:
        print(
            fuzz(
                numbers[0],
                numbers[1] if len(numbers) > 1 else 1,
                ENGINE_SERVER if "--engine" in sys.argv else FAKE_SERVER,
                Path(folder) / "project",
            )
        )
