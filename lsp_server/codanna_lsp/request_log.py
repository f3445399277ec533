"""Records answered requests: in counters, in the log, and as traces for a client that wants them."""

from __future__ import annotations

import logging
import os
import time
from typing import Any

from codanna_core._version import __version__
from codanna_lsp.counters import Counters
from codanna_lsp.protocol import Protocol, Reply
from codanna_rpc.params import Params

logger = logging.getLogger(__name__)


class RequestLog:
    """Of one connection."""

    def __init__(self, protocol: Protocol) -> None:
        self._protocol = protocol
        self._counters = Counters()
        self._began = time.monotonic()
        self._trace = "off"

    def trace(self, params: Params) -> None:
        """The client wants to hear more, or less."""
        self._trace = params.choice("value", "off", ("off", "messages", "verbose"))

    def introduced(self, seconds: float, trace: str) -> None:
        """The handshake took so long, and named the first trace level."""
        self._counters.add("initialize", "ok", 1000 * seconds)
        self._trace = trace

    def answered(self, reply: Reply, outcome: str, size: int) -> None:
        """A request has its answer. Any thread."""
        milliseconds = 1000 * (time.perf_counter() - reply.started)
        self._counters.add(reply.method, outcome, milliseconds)
        logger.debug("%s: %s in %.1f ms, %d bytes", reply.method, outcome, milliseconds, size)
        if self._trace != "off":
            line: dict[str, Any] = {"message": f"{reply.method}: {outcome} in {milliseconds:.1f} ms"}
            if self._trace == "verbose":
                line["verbose"] = f"id {reply.id}, {size} bytes, {self._protocol.open_requests} still open"
            self._protocol.notify("$/logTrace", line)

    def shape(self, log_file: str | None) -> dict[str, Any]:
        """The part of `codanna/status` about the server."""
        return {
            "version": __version__,
            "pid": os.getpid(),
            "uptimeSeconds": round(time.monotonic() - self._began, 1),
            "log": log_file,
            "openRequests": self._protocol.open_requests,
            "requests": self._counters.shape(),
        }
