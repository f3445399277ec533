"""JSON-RPC on top of pygls: what it sends and awaits is pygls', what arrives is checked and answered here.

The rules: every request gets exactly one answer, wrong input gets an error that names what is wrong, no error
carries a traceback or a local path, and nothing is sent over a connection that is gone.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, InvalidStateError
from typing import Any
from typing import Protocol as Shape

from pygls.protocol import LanguageServerProtocol

from codanna_core.inert import inert_message
from codanna_rpc import jsonrpc
from codanna_rpc.jsonrpc import MsgId, Receiver
from codanna_rpc.transport import Writer

logger = logging.getLogger(__name__)


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
        problem: dict[str, Any] = {"code": code, "message": inert_message(message)}
        if data is not None:
            problem["data"] = data
        self._protocol.finish(
            self, {"error": problem}, "cancelled" if code == jsonrpc.REQUEST_CANCELLED else "error"
        )

    def cancel(self, message: str, data: Any = None) -> None:
        """Answer that the request was cancelled, at once, and tell the work to stop."""
        self.cancelled = True
        if self._on_cancel is not None:
            self._on_cancel()
        self.error(jsonrpc.REQUEST_CANCELLED, message, data)


class Dispatcher(Shape):
    """Who handles what arrives."""

    def on_request(self, reply: Reply, method: str, raw: Any) -> None:
        """Start to answer a request."""

    def on_notification(self, method: str, raw: Any) -> None:
        """Handle a notification."""


class Protocol(Receiver, LanguageServerProtocol):
    """The protocol of one connection."""

    _server: Dispatcher  # type: ignore[assignment]

    def __init__(self, server: Any, converter: Any) -> None:
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
        self.send(message)

    def send(self, message: dict[str, Any]) -> int:
        """Send a message; silently nothing once the client is gone. Any thread."""
        data = jsonrpc.frame(message)
        if self._out is not None:
            self._out.write(data)
        return len(data)

    def finish(self, reply: Reply, outcome: dict[str, Any], kind: str) -> None:
        """Send an answer unless one was sent before. Any thread."""
        with self._answering:
            if reply.done:
                return
            reply.done = True
            if self._open.get(reply.id) is reply:
                del self._open[reply.id]
        size = self.send({"jsonrpc": "2.0", "id": reply.id, **outcome})
        self.on_answered(reply, kind, size)

    def request(self, method: str, params: Any, timeout: float) -> Any:
        """Ask the client and wait; only for worker threads."""
        future: Future[Any] = self.send_request(method, params)
        return future.result(timeout)

    # --- in

    def on_request(self, msg_id: MsgId, method: str, params: Any) -> None:
        """Hand a request to the server with the means to answer it once."""
        if msg_id in self._open:
            self.refuse(msg_id, jsonrpc.INVALID_REQUEST, "a request with this id is still being answered")
            return
        reply = Reply(self, msg_id, method)
        self._open[msg_id] = reply
        self._server.on_request(reply, method, params)

    def on_notification(self, method: str, params: Any) -> None:
        """Hand a notification to the server."""
        self._server.on_notification(method, params)

    def on_response(self, msg_id: MsgId, message: dict[str, Any]) -> None:
        """Give the answer to whoever of us asked."""
        future = self._request_futures.pop(msg_id, None)
        if future is None:
            logger.info("the client answered a request that was not made")
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
