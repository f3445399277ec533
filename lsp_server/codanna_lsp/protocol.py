"""JSON-RPC on top of pygls: what it sends and awaits is pygls', what arrives is checked and answered here.

The rules: every request gets exactly one answer, wrong input gets an error that names what is wrong, no error
carries a traceback or a local path, and nothing is sent over a connection that is gone.
"""

from __future__ import annotations

import json
import logging
import re
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, InvalidStateError
from typing import TYPE_CHECKING, Any

import orjson
from pygls.protocol import LanguageServerProtocol

from codanna_lsp.transport import BadFrame, Writer

if TYPE_CHECKING:
    from codanna_lsp.server import Server

logger = logging.getLogger(__name__)

MsgId = int | str

PARSE_ERROR = -32700
INVALID_REQUEST = -32600
METHOD_NOT_FOUND = -32601
INVALID_PARAMS = -32602
INTERNAL_ERROR = -32603
NOT_INITIALIZED = -32002
REQUEST_CANCELLED = -32800
REQUEST_FAILED = -32803

_LONE_SURROGATES = re.compile("[\ud800-\udfff]")


class ClientRefused(Exception):
    """The client answered one of our requests with an error."""


class Reply:
    """The one answer to one request; whoever comes first gives it, later answers are dropped."""

    __slots__ = ("_on_cancel", "_protocol", "cancelled", "done", "id", "method", "started")

    def __init__(self, protocol: Protocol, msg_id: MsgId, method: str) -> None:
        self._protocol = protocol
        self._on_cancel: Callable[[], None] | None = None
        self.id = msg_id
        self.method = method
        self.started = time.perf_counter()
        self.done = False
        self.cancelled = False

    def when_cancelled(self, call: Callable[[], None]) -> None:
        """Run `call` when the client, or a newer request, makes this one pointless."""
        self._on_cancel = call

    def result(self, value: Any) -> None:
        """Answer with a result."""
        self._protocol.finish(self, {"result": value}, "ok")

    def error(self, code: int, message: str, data: Any = None) -> None:
        """Answer with an error."""
        problem: dict[str, Any] = {"code": code, "message": message}
        if data is not None:
            problem["data"] = data
        self._protocol.finish(self, {"error": problem}, "cancelled" if code == REQUEST_CANCELLED else "error")

    def cancel(self, message: str, data: Any = None) -> None:
        """Answer that the request was cancelled, at once, and tell the work to stop."""
        self.cancelled = True
        if self._on_cancel is not None:
            self._on_cancel()
        self.error(REQUEST_CANCELLED, message, data)


class Protocol(LanguageServerProtocol):
    """The protocol of one connection."""

    _server: Server

    def __init__(self, server: Server, converter: Any) -> None:
        super().__init__(server, converter)
        self._open: dict[MsgId, Reply] = {}
        self._answering = threading.Lock()
        self._out: Writer | None = None
        self.on_answered: Callable[[Reply, str, int], None] = lambda reply, outcome, size: None

    # --- what pygls would do by itself and we do not want

    def _register_builtin_features(self) -> None:
        """None: lifecycle and documents are ours, so that bad input cannot reach the lenient originals."""

    def get_message_type(self, method: str) -> None:  # type: ignore[override]
        """No typed messages: parameters are read key by key, and results are plain dicts."""

    def get_result_type(self, method: str) -> None:  # type: ignore[override]
        """See `get_message_type`."""

    # --- out

    def connect(self, writer: Writer) -> None:
        """Use this writer from now on."""
        self._out = writer
        self._include_headers = True

    def _send_data(self, data: Any) -> None:
        """Send what pygls built: its own requests and notifications."""
        message: dict[str, Any] = {"jsonrpc": "2.0"}
        if (msg_id := getattr(data, "id", None)) is not None:
            message["id"] = msg_id
        message["method"] = data.method
        if data.params is not None:
            message["params"] = data.params
        self._send(message)

    def _send(self, message: dict[str, Any]) -> int:
        try:
            body = orjson.dumps(message)
        except TypeError:
            # A lone surrogate in a name: legal in JSON as an escape, refused by the fast encoder.
            body = json.dumps(message, ensure_ascii=True).encode()
        if self._out is not None:
            self._out.write(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
        return len(body)

    def finish(self, reply: Reply, outcome: dict[str, Any], kind: str) -> None:
        """Send an answer unless one was sent before. Any thread."""
        with self._answering:
            if reply.done:
                return
            reply.done = True
            if self._open.get(reply.id) is reply:
                del self._open[reply.id]
        size = self._send({"jsonrpc": "2.0", "id": reply.id, **outcome})
        self.on_answered(reply, kind, size)

    def request(self, method: str, params: Any, timeout: float) -> Any:
        """Ask the client and wait; only for worker threads."""
        future: Future[Any] = self.send_request(method, params)
        return future.result(timeout)

    # --- in

    def receive(self, frame: bytes | BadFrame) -> None:
        """Handle one frame. On the event loop; never raises."""
        if isinstance(frame, BadFrame):
            logger.warning("ignored input that is no message: %s", frame.reason)
            if frame.answerable:
                self._refuse(None, INVALID_REQUEST, frame.reason)
            return
        try:
            message = parse(frame)
        except (ValueError, RecursionError) as error:
            logger.warning("a message is not valid JSON: %s", error)
            self._refuse(None, PARSE_ERROR, "the message is not valid JSON")
            return
        try:
            self._sort(message)
        except Exception:
            # A defect of ours in one message must not end the connection.
            logger.exception("failed to handle a message")

    def _sort(self, message: Any) -> None:
        if not isinstance(message, dict):
            self._refuse(
                None, INVALID_REQUEST, "a message must be one JSON object; batches are not part of LSP"
            )
            return
        has_id, msg_id, method = "id" in message, message.get("id"), message.get("method")
        valid_id = isinstance(msg_id, int | str) and not isinstance(msg_id, bool)
        if message.get("jsonrpc") != "2.0" or ("method" in message and not isinstance(method, str)):
            if has_id:
                self._refuse(msg_id if valid_id else None, INVALID_REQUEST, "not a JSON-RPC 2.0 message")
            return
        if isinstance(method, str):
            if not has_id:
                self._server.on_notification(method, message.get("params"))
            elif valid_id:
                self._on_request(msg_id, method, message.get("params"))
            else:
                self._refuse(None, INVALID_REQUEST, "the id of a request must be a whole number or a string")
        elif isinstance(msg_id, int | str):
            self._on_response(msg_id, message)

    def _on_request(self, msg_id: Any, method: str, params: Any) -> None:
        if msg_id in self._open:
            self._refuse(msg_id, INVALID_REQUEST, "a request with this id is still being answered")
            return
        reply = Reply(self, msg_id, method)
        self._open[msg_id] = reply
        self._server.on_request(reply, method, params)

    def _on_response(self, msg_id: MsgId, message: dict[str, Any]) -> None:
        future = self._request_futures.pop(msg_id, None)
        if future is None:
            logger.info("the client answered a request that nobody made")
            return
        try:
            if message.get("error") is not None:
                error = message["error"]
                text = error.get("message") if isinstance(error, dict) else error
                future.set_exception(ClientRefused(str(text)))
            else:
                future.set_result(message.get("result"))
        except InvalidStateError:
            pass  # Whoever asked has given up waiting.

    def _refuse(self, msg_id: MsgId | None, code: int, text: str) -> None:
        self._send({"jsonrpc": "2.0", "id": msg_id, "error": {"code": code, "message": text}})

    def cancel_request(self, msg_id: Any) -> None:
        """The client wants no answer to this request any more, except the one that says so."""
        reply = self._open.get(msg_id) if isinstance(msg_id, int | str) else None
        if reply is not None:
            reply.cancel("the request was cancelled")

    def cancel_all(self, message: str, *, but: Reply | None = None) -> None:
        """Answer everything that is still open, because the server stops."""
        for reply in list(self._open.values()):
            if reply is not but:
                reply.cancel(message)

    @property
    def open_requests(self) -> int:
        """How many requests wait for their answer."""
        return len(self._open)


def parse(body: bytes) -> Any:
    """JSON to Python; text with half a surrogate pair, which JavaScript editors do send, is repaired."""
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return _repaired(json.loads(body))


def _repaired(value: Any) -> Any:
    if isinstance(value, str):
        return _LONE_SURROGATES.sub("\ufffd", value)
    if isinstance(value, list):
        return [_repaired(item) for item in value]
    if isinstance(value, dict):
        return {_repaired(key): _repaired(item) for key, item in value.items()}
    return value
