"""Runs the handlers of requests where their type says: on the event loop, or on a worker thread."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from codanna_core.cancel import Cancel
from codanna_core.errors import Cancelled, CodannaError, ConfigError, InvalidQuery, OutOfMemory
from codanna_lsp.protocol import Reply
from codanna_lsp.registry import Method, SyncMethod, WorkMethod
from codanna_lsp.session import Session
from codanna_rpc import jsonrpc
from codanna_rpc.params import InvalidParams, Params

logger = logging.getLogger(__name__)

QUERY_THREADS = 4


class Workers:
    """Gives every request its one answer."""

    def __init__(self, methods: Mapping[str, Method]) -> None:
        self._methods = methods
        self._pool = ThreadPoolExecutor(QUERY_THREADS, "codanna-query")
        self._latest: dict[str, Reply] = {}

    def close(self) -> None:
        """Begin with nothing more."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def dispatch(self, session: Session, reply: Reply, method: str, raw: Any) -> None:
        """Decode the parameters and have the request answered. On the event loop."""
        entry = self._methods.get(method)
        if entry is None:
            reply.error(jsonrpc.METHOD_NOT_FOUND, f"unknown method `{method[:100]}`")
            return
        try:
            decoded = entry.decode(Params({} if raw is None else raw))
        except InvalidParams as error:
            reply.error(jsonrpc.INVALID_PARAMS, str(error))
            return
        except Exception as error:
            failed(reply, error)
            return
        if isinstance(entry, SyncMethod):
            handle = entry.handle
            answer(reply, lambda: handle(session, decoded))
            return
        cancel = Cancel()
        reply.when_cancelled(cancel.cancel)
        snapshot = session.snapshot()
        if isinstance(entry, WorkMethod):
            work, command = session.work(cancel), entry.handle
            session.long_pool.submit(answer, reply, lambda: command(work, snapshot, decoded))
            return
        if entry.supersedes:
            self._supersede(method, reply)
        context, query = session.context(cancel), entry.handle
        self._pool.submit(answer, reply, lambda: query(context, snapshot, decoded))

    def _supersede(self, method: str, reply: Reply) -> None:
        previous = self._latest.get(method)
        if previous is not None:
            previous.cancel("a newer search took its place", {"superseded": True})
        self._latest[method] = reply


def answer(reply: Reply, call: Callable[[], Any]) -> None:
    """Answer with what is computed, unless the request was cancelled before its turn."""
    if reply.done:
        return
    try:
        reply.result(call())
    except Exception as error:
        failed(reply, error)


def failed(reply: Reply, error: Exception) -> None:
    """Answer with an error that says what its receiver can do."""
    if isinstance(error, Cancelled):
        reply.cancel("the request was cancelled")
    elif isinstance(error, InvalidParams | InvalidQuery | ConfigError):
        reply.error(jsonrpc.INVALID_PARAMS, str(error))
    elif isinstance(error, MemoryError):
        logger.error("%s ran out of memory", reply.method, exc_info=error)
        reply.error(jsonrpc.REQUEST_FAILED, str(OutOfMemory()))
    elif isinstance(error, CodannaError):
        logger.warning("%s failed: %s", reply.method, error)
        reply.error(jsonrpc.REQUEST_FAILED, str(error))
    else:
        # The cause holds local paths and perhaps source text: it belongs into the log alone.
        logger.error("%s failed", reply.method, exc_info=error)
        reply.error(jsonrpc.INTERNAL_ERROR, f"{reply.method} failed inside the server; the log says why")
