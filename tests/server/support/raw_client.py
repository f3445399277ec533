"""A strict client without any LSP library: it checks framing, and that every request is answered once."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import queue
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import orjson

HERE = Path(__file__).parent
FAKE_SERVER = (sys.executable, str(HERE / "fake_server.py"))
REAL_SERVER = (sys.executable, "-P", "-m", "codanna_lsp")

VSCODE: dict[str, Any] = {
    "general": {"positionEncodings": ["utf-16"]},
    "window": {"workDoneProgress": True, "showDocument": {"support": True}},
    "workspace": {
        "configuration": True,
        "workspaceFolders": True,
        "didChangeConfiguration": {"dynamicRegistration": True},
        "didChangeWatchedFiles": {"dynamicRegistration": True, "relativePatternSupport": True},
        "symbol": {"tagSupport": {"valueSet": [1]}, "resolveSupport": {"properties": ["location.range"]}},
    },
    "textDocument": {
        "documentSymbol": {"dynamicRegistration": True, "hierarchicalDocumentSymbolSupport": True},
        "codeAction": {
            "dynamicRegistration": True,
            "codeActionLiteralSupport": {"codeActionKind": {"valueSet": ["", "quickfix", "source"]}},
        },
        "codeLens": {"dynamicRegistration": True},
    },
}
NEOVIM: dict[str, Any] = {
    "general": {"positionEncodings": ["utf-8", "utf-16", "utf-32"]},
    "window": {"workDoneProgress": True, "showDocument": {"support": True}},
    "workspace": {
        "configuration": True,
        "workspaceFolders": True,
        "didChangeConfiguration": {"dynamicRegistration": False},
        "didChangeWatchedFiles": {"dynamicRegistration": False},
        "symbol": {"dynamicRegistration": False},
    },
    "textDocument": {
        "documentSymbol": {"hierarchicalDocumentSymbolSupport": True},
        "codeAction": {"codeActionLiteralSupport": {"codeActionKind": {"valueSet": ["", "source"]}}},
    },
}
EMACS: dict[str, Any] = {
    "general": {"positionEncodings": ["utf-32", "utf-8", "utf-16"]},
    "workspace": {
        "configuration": True,
        "workspaceFolders": True,
        "didChangeWatchedFiles": {"dynamicRegistration": True},
    },
    "textDocument": {"documentSymbol": {"hierarchicalDocumentSymbolSupport": True}},
}
MINIMAL: dict[str, Any] = {}


def parsed(body: bytes) -> Any:
    """Strict JSON; half a surrogate pair is allowed, as an escape, where the client sent it."""
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        assert b"\\ud" in body, body[:200]
        return json.loads(body)


class NoAnswer(AssertionError):
    """The server did not answer in time."""


class RawClient:
    """One server process and everything it sent."""

    def __init__(
        self, command: Sequence[str], *, env: dict[str, str] | None = None, stderr: Any = None
    ) -> None:
        self.command = command
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=stderr if stderr is not None else subprocess.DEVNULL,
            env={**os.environ, **(env or {})},
        )
        self.answers: dict[Any, dict[str, Any]] = {}
        self.answer_order: list[Any] = []
        self.answer_counts: Counter[Any] = Counter()
        self.notifications: list[dict[str, Any]] = []
        self.requests: list[dict[str, Any]] = []
        self.broken: str | None = None
        self.ended = False
        self.configuration: Any = None
        self.responders: dict[str, Callable[[Any], Any]] = {
            "workspace/configuration": lambda params: [self.configuration for _ in params["items"]]
        }
        self.silent_about: set[str] = set()
        self._ids = itertools.count(1)
        self._news = threading.Condition()
        self._outbox: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        threading.Thread(target=self._read, daemon=True).start()
        threading.Thread(target=self._write, daemon=True).start()

    # --- bytes

    def _write(self) -> None:
        assert self.process.stdin is not None
        while (data := self._outbox.get()) is not None:
            try:
                self.process.stdin.write(data)
                self.process.stdin.flush()
            except (BrokenPipeError, ValueError, OSError):
                return
        with contextlib.suppress(OSError):
            self.process.stdin.close()

    def send_bytes(self, data: bytes) -> None:
        """Send anything at all."""
        self._outbox.put(data)

    def close_input(self) -> None:
        """Hang up."""
        self._outbox.put(None)

    def send(self, message: Any) -> None:
        """Send one frame."""
        body = json.dumps(message).encode()
        self.send_bytes(b"Content-Length: %d\r\n\r\n" % len(body) + body)

    def _read(self) -> None:
        try:
            self._read_frames()
        except Exception as error:
            self.broken = repr(error)
        with self._news:
            self.ended = True
            self._news.notify_all()

    def _read_frames(self) -> None:
        assert self.process.stdout is not None
        stream = self.process.stdout
        while True:
            length = None
            while (header := stream.readline()) != b"\r\n":
                if not header:
                    assert length is None, "the stream ended inside a header"
                    return
                name, colon, value = header.decode("ascii").partition(":")
                assert colon, f"bad header {header!r}"
                assert header.endswith(b"\r\n"), f"bad line end {header!r}"
                if name == "Content-Length":
                    length = int(value)
            assert length is not None, "a frame without Content-Length"
            body = stream.read(length)
            if len(body) < length:
                return  # Killed in the middle of a frame.
            self._take(parsed(body))

    def _take(self, message: dict[str, Any]) -> None:
        assert message["jsonrpc"] == "2.0", message
        with self._news:
            if "method" not in message:
                assert ("result" in message) != ("error" in message), message
                self.answer_counts[message["id"]] += 1
                self.answer_order.append(message["id"])
                self.answers[message["id"]] = message
            elif "id" in message:
                self.requests.append(message)
                if message["method"] in self.silent_about:
                    self._news.notify_all()
                    return
                responder = self.responders.get(message["method"])
                result = responder(message.get("params")) if responder else None
                self.send({"jsonrpc": "2.0", "id": message["id"], "result": result})
            else:
                self.notifications.append(message)
            self._news.notify_all()

    # --- messages

    def start_request(self, method: str, params: Any = ..., msg_id: Any = None) -> Any:
        """Send a request without waiting."""
        msg_id = next(self._ids) if msg_id is None else msg_id
        message: dict[str, Any] = {"jsonrpc": "2.0", "id": msg_id, "method": method}
        if params is not ...:
            message["params"] = params
        self.send(message)
        return msg_id

    def wait(self, condition: Callable[[], Any], timeout: float = 20.0, what: str = "") -> Any:
        """Wait until something holds; gives what it gave."""
        end = time.monotonic() + timeout
        with self._news:
            while not (value := condition()):
                left = end - time.monotonic()
                if left <= 0 or (self.ended and not condition()):
                    raise NoAnswer(
                        f"no {what or condition} ({'server ended' if self.ended else 'time'};"
                        f" {self.broken}; exit {self.process.poll()})"
                    )
                self._news.wait(min(left, 0.2))
        return value

    def answer(self, msg_id: Any, timeout: float = 20.0) -> dict[str, Any]:
        """The whole answer to a request."""
        found: dict[str, Any] = self.wait(
            lambda: self.answers.get(msg_id), timeout, f"answer to request {msg_id}"
        )
        return found

    def request(self, method: str, params: Any = ..., timeout: float = 20.0) -> Any:
        """Send a request and give its result; an error fails the test."""
        answer = self.answer(self.start_request(method, params), timeout)
        assert "error" not in answer, answer["error"]
        return answer["result"]

    def error(self, method: str, params: Any = ..., timeout: float = 20.0) -> dict[str, Any]:
        """Send a request that must fail; gives the error."""
        answer = self.answer(self.start_request(method, params), timeout)
        assert "error" in answer, answer
        error: dict[str, Any] = answer["error"]
        return error

    def notify(self, method: str, params: Any = ...) -> None:
        """Send a notification."""
        message: dict[str, Any] = {"jsonrpc": "2.0", "method": method}
        if params is not ...:
            message["params"] = params
        self.send(message)

    def seen(self, method: str) -> list[Any]:
        """The parameters of all notifications of a kind so far."""
        return [item.get("params") for item in self.notifications if item["method"] == method]

    # --- life

    def initialize(
        self,
        *folders: Path,
        capabilities: dict[str, Any] | None = None,
        options: Any = None,
        uris: Sequence[str] = (),
        **more: Any,
    ) -> Any:
        """Shake hands."""
        listed = [{"uri": folder.as_uri(), "name": folder.name} for folder in folders]
        listed += [{"uri": uri, "name": ""} for uri in uris]
        params = {
            "processId": os.getpid(),
            "rootUri": listed[0]["uri"] if listed else None,
            "workspaceFolders": listed,
            "capabilities": MINIMAL if capabilities is None else capabilities,
            "initializationOptions": options,
            **more,
        }
        result = self.request("initialize", params)
        self.notify("initialized", {})
        return result

    def wait_indexed(self, timeout: float = 30.0) -> Any:
        """Wait until every folder has been synchronised once."""
        deadline = time.monotonic() + timeout
        while True:
            status = self.request("codanna/status", {})
            if all(
                folder["state"] in ("ready", "failed", "read-only") and folder.get("generation", 1)
                for folder in status["folders"]
            ):
                return status
            assert time.monotonic() < deadline, status
            with self._news:
                self._news.wait(0.02)

    def eventually(self, probe: Callable[[], Any], timeout: float = 20.0) -> Any:
        """Ask again and again until the answer is truthy."""
        deadline = time.monotonic() + timeout
        while not (value := probe()):
            assert time.monotonic() < deadline, f"never happened; last: {value!r}"
            with self._news:
                self._news.wait(0.01)
        return value

    def names(self, query: str, **more: Any) -> list[str]:
        """The names that a search finds."""
        return [
            hit["name"] for hit in self.request("codanna/semanticSearch", {"query": query, **more})["hits"]
        ]

    def symbols(self, query: str) -> list[str]:
        """The names that workspace/symbol finds."""
        return [item["name"] for item in self.request("workspace/symbol", {"query": query})]

    def shut_down(self, timeout: float = 10.0) -> int:
        """Leave politely; gives the exit code."""
        self.request("shutdown")
        self.notify("exit")
        return self.process.wait(timeout)

    def check(self) -> None:
        """Everything the server sent was well-formed, and nothing was answered twice."""
        assert self.broken is None, self.broken
        doubles = {
            msg_id: count for msg_id, count in self.answer_counts.items() if count > 1 and msg_id is not None
        }
        assert not doubles, f"answered more than once: {doubles}"

    def kill(self) -> None:
        """End the process if it is still there."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(10)
        self.send_bytes(b"")
        self._outbox.put(None)


@contextlib.contextmanager
def running(command: Sequence[str] = FAKE_SERVER, **options: Any) -> Iterator[RawClient]:
    """A server process that does not outlive the block."""
    client = RawClient(command, **options)
    try:
        yield client
        client.check()
    finally:
        client.kill()
