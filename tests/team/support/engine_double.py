"""Answers of an engine on loopback that has no rows, and of some that fail."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from typing import Any, Final

import orjson
from loopback import reply

from codanna_core.embed.builtin import BUILTIN_FOLDER
from codanna_core.embed.static_model import StaticEmbedder
from codanna_team.codebook import Codebook
from codanna_team.template import META, made_for

SHARDS: Final = {"total": 2, "successful": 2, "failed": 0}
HALF: Final = {"total": 2, "successful": 1, "failed": 1}

Serve = Callable[[socket.socket, bytes], None]


def model_and_codebook() -> tuple[str, str]:
    model = StaticEmbedder(BUILTIN_FOLDER).model_id
    codebook = Codebook.shipped(model)
    assert codebook is not None
    return model, codebook.name


def manifests(**made: Any) -> list[dict[str, Any]]:
    """What an index says of itself: made for this version and model, unless told otherwise."""
    says = {**made_for(*model_and_codebook()), **made}
    return [{"_id": META, "_source": {"t": "c", "manifest": says}}]


def answering(
    state: list[dict[str, Any]],
    shards: dict[str, int] | None = None,
    of_state: dict[str, int] | None = None,
) -> Serve:
    """An engine with this state, whose answers have no rows."""

    def serve(connection: socket.socket, request: bytes) -> None:
        lines = request.partition(b"\r\n\r\n")[2].splitlines()[1::2]
        responses = []
        for line in lines:
            is_state = b'"manifest"' in line
            hits = state if is_state else []
            failed = (of_state if is_state else shards) or SHARDS
            responses.append({"_shards": failed, "timed_out": False, "hits": {"hits": hits}, "status": 200})
        connection.sendall(reply(orjson.dumps({"responses": responses})))

    return serve


def saying(status: str, body: bytes = b"{}", more: bytes = b"") -> Serve:
    """One answer to everything."""
    return lambda connection, request: connection.sendall(reply(body, status, more))


def silent(connection: socket.socket, request: bytes) -> None:
    """Accepts a question and never responds."""
    threading.Event().wait(5)
