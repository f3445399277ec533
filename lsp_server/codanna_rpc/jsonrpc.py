"""JSON-RPC without any library: which messages are none, and what is answered to those.

Light on purpose, because `initialize` is answered before anything else is loaded.
"""

from __future__ import annotations

import json
import logging
import re
from typing import Any

import orjson

from codanna_core.inert import inert_message
from codanna_rpc.transport import BadFrame

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
_ECHOED = ("id", "token", "workDoneToken", "partialResultToken")
"""Names the client gave to its own requests and displays: they go back exactly as they came."""


class Receiver:
    """Sorts what arrives. Subclasses say what a request, a notification and a response mean to them."""

    def on_request(self, msg_id: MsgId, method: str, params: Any) -> None:
        """Answer a request, now or later, exactly once."""
        raise NotImplementedError

    def on_notification(self, method: str, params: Any) -> None:
        """Handle a notification."""
        raise NotImplementedError

    def on_response(self, msg_id: MsgId, message: dict[str, Any]) -> None:
        """Handle the answer to a request of ours."""
        raise NotImplementedError

    def send(self, message: dict[str, Any]) -> int:
        """Send a message; gives its size."""
        raise NotImplementedError

    def receive(self, frame: bytes | BadFrame) -> None:
        """Handle one frame. Never raises."""
        if isinstance(frame, BadFrame):
            logger.warning("ignored input that is no message: %s", frame.reason)
            if frame.answerable:
                self.refuse(None, INVALID_REQUEST, frame.reason)
            return
        try:
            message = parse(frame)
        except (ValueError, RecursionError) as error:
            logger.warning("a message is not valid JSON: %s", error)
            self.refuse(None, PARSE_ERROR, "the message is not valid JSON")
            return
        try:
            self._sort(message)
        except Exception:
            # A defect of ours in one message must not end the connection.
            logger.exception("failed to handle a message")

    def refuse(self, msg_id: MsgId | None, code: int, text: str) -> None:
        """Answer with an error."""
        self.send({"jsonrpc": "2.0", "id": msg_id, "error": {"code": code, "message": inert_message(text)}})

    def _sort(self, message: Any) -> None:
        if not isinstance(message, dict):
            self.refuse(
                None, INVALID_REQUEST, "a message must be one JSON object; batches are not part of LSP"
            )
            return
        has_id, msg_id, method = "id" in message, message.get("id"), message.get("method")
        valid_id = isinstance(msg_id, int | str) and not isinstance(msg_id, bool)
        if message.get("jsonrpc") != "2.0" or ("method" in message and not isinstance(method, str)):
            if has_id:
                self.refuse(msg_id if valid_id else None, INVALID_REQUEST, "not a JSON-RPC 2.0 message")
            return
        if isinstance(method, str):
            if not has_id:
                self.on_notification(method, message.get("params"))
            elif isinstance(msg_id, int | str) and valid_id:
                self.on_request(msg_id, method, message.get("params"))
            else:
                self.refuse(None, INVALID_REQUEST, "the id of a request must be a whole number or a string")
        elif isinstance(msg_id, int | str):
            self.on_response(msg_id, message)


def frame(message: dict[str, Any]) -> bytes:
    """A message with its header, ready to be written."""
    try:
        body = orjson.dumps(message)
    except TypeError:
        # A lone surrogate in a name: legal in JSON as an escape, refused by the fast encoder.
        body = json.dumps(message, ensure_ascii=True).encode()
    return b"Content-Length: %d\r\n\r\n%b" % (len(body), body)


def parse(body: bytes) -> Any:
    """JSON to Python; text with half a surrogate pair, which JavaScript editors do send, is repaired.

    Ids and tokens stay as they are: a repaired one would name nothing that the client knows.
    """
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        message = json.loads(body, parse_constant=_no_number)
    repaired = _repaired(message)
    if isinstance(message, dict):
        _keep_echoed(message, repaired)
        _keep_echoed(message.get("params"), repaired.get("params"))
    return repaired


def _no_number(text: str) -> float:
    raise ValueError(f"{text} is not JSON")


def _keep_echoed(original: Any, repaired: Any) -> None:
    if isinstance(original, dict):
        repaired.update({key: original[key] for key in _ECHOED if isinstance(original.get(key), str)})


def _repaired(value: Any) -> Any:
    if isinstance(value, str):
        return _LONE_SURROGATES.sub("\ufffd", value)
    if isinstance(value, list):
        return [_repaired(item) for item in value]
    if isinstance(value, dict):
        return {_repaired(key): _repaired(item) for key, item in value.items()}
    return value
