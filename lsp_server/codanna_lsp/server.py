"""The hub: lifecycle, and dispatch to worker threads."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
import time
from collections.abc import Callable
from concurrent.futures import CancelledError, ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeout
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cattrs
from pygls.lsp.server import LanguageServer

from codanna_core._version import __version__
from codanna_core.cancel import Cancel
from codanna_core.errors import Cancelled, CodannaError, ConfigError, InvalidQuery, OutOfMemory
from codanna_core.workspace.watcher import Watching
from codanna_lsp import settings
from codanna_lsp.counters import Counters
from codanna_lsp.features import register_all
from codanna_lsp.handshake import Greeting, Introduction
from codanna_lsp.protocol import ClientRefused, Protocol, Reply
from codanna_lsp.registry import Registry, SyncMethod, WorkMethod
from codanna_lsp.session import Session
from codanna_rpc import jsonrpc, log
from codanna_rpc.params import InvalidParams, Params
from codanna_rpc.processes import process_lives
from codanna_rpc.transport import Channel, Reader, Writer

if TYPE_CHECKING:
    from codanna_core.workspace.folder import EngineSource

logger = logging.getLogger(__name__)

QUERY_THREADS = 4
PARENT_POLL = 1.0
START_WITHOUT_INITIALIZED = 2.0

OUTLINES = "textDocument/documentSymbol"
LENSES = "textDocument/codeLens"
FILES = "workspace/didChangeWatchedFiles"
CONFIGURATION = "workspace/didChangeConfiguration"
REGISTER_OPTIONS: dict[str, dict[str, Any]] = {
    OUTLINES: {"documentSelector": None},
    LENSES: {"documentSelector": None},
    FILES: {"watchers": [{"globPattern": "**/*"}]},
    CONFIGURATION: {"section": settings.SECTION},
}


class Server(LanguageServer):
    """One server for one client."""

    protocol: Protocol

    def __init__(
        self,
        engines: EngineSource,
        *,
        parent_pid: int | None = None,
        log_file: Path | None = None,
        log_level: str | None = None,
    ) -> None:
        # A plain converter: nothing here is typed by lsprotocol, and its own takes 20 ms to build.
        super().__init__(
            "codanna-lsp", __version__, protocol_cls=Protocol, converter_factory=cattrs.Converter
        )
        self.registry = Registry()
        register_all(self.registry)
        self.session: Session | None = None
        self.log_file = log_file
        self.counters = Counters()
        self._engines = engines
        self._parent_pid = parent_pid
        self._log_level = log_level
        self._state = "created"
        self._started = False
        self._offered: set[str] = set()
        self._trace = "off"
        self._pool = ThreadPoolExecutor(QUERY_THREADS, "codanna-query")
        self._latest: dict[str, Reply] = {}
        self._watching: Watching | None = None
        self._began = time.monotonic()
        self.protocol.on_answered = self._answered

    # --- running

    def run(self, channel: Channel, writer: Writer, greeting: Greeting) -> int:
        """Serve a client that has introduced itself until it leaves; gives the exit code."""
        return asyncio.run(self._serve(channel, writer, greeting))

    async def _serve(self, channel: Channel, writer: Writer, greeting: Greeting) -> int:
        loop = self._loop = asyncio.get_running_loop()
        self._stopped: asyncio.Future[int] = loop.create_future()

        def on_data(data: bytes) -> None:
            if not data:
                self._stop("the client closed the connection")
                return
            for frame in greeting.parser.feed(data):
                self.protocol.receive(frame)
            reader.handled()

        def on_data_threadsafe(data: bytes) -> None:
            try:
                loop.call_soon_threadsafe(on_data, data)
            except RuntimeError:
                pass  # The loop has ended; so has the conversation.

        def on_lost() -> None:
            try:
                loop.call_soon_threadsafe(self._stop, "the client reads no more")
            except RuntimeError:
                pass  # See above.

        reader = Reader(channel.read, on_data_threadsafe)
        self.protocol.connect(writer)
        self._handle_signals()
        self.session = self._introduced(greeting.introduction)
        for frame in greeting.frames:
            self.protocol.receive(frame)
        writer.when_lost(on_lost)
        reader.start()
        code = await self._stopped
        self._state = "stopped"
        self.protocol.cancel_all("the server stops")
        if self._watching is not None:
            self._watching.close()
        if self.session is not None:
            await asyncio.to_thread(self.session.close)
        self._pool.shutdown(wait=False, cancel_futures=True)
        writer.close()
        return code

    def _stop(self, reason: str) -> None:
        if not self._stopped.done():
            logger.info("stopping: %s", reason)
            self._stopped.set_result(0 if self._state == "shutdown" else 1)

    def _handle_signals(self) -> None:
        if sys.platform == "win32":
            return
        import signal

        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            try:
                self._loop.add_signal_handler(number, self._stop, f"signal {number.name}")
            except (RuntimeError, ValueError):
                return  # Not the main thread: a test runs the server inside of itself.

    def _watch_parent(self, pid: int) -> None:
        def look() -> None:
            if not process_lives(pid):
                self._stop("the client's process is gone")
            elif not self._stopped.done():
                self._loop.call_later(PARENT_POLL, look)

        self._loop.call_later(PARENT_POLL, look)

    # --- what the protocol hands over

    def on_request(self, reply: Reply, method: str, raw: Any) -> None:
        """Start to answer a request. On the event loop."""
        if self._state != "running":
            reply.error(jsonrpc.INVALID_REQUEST, "the server is shutting down")
        elif method == "initialize":
            reply.error(jsonrpc.INVALID_REQUEST, "`initialize` was sent before; it may be sent once")
        elif method == "shutdown":
            self._state = "shutdown"
            self.protocol.cancel_all("the server is shutting down", but=reply)
            reply.result(None)
        else:
            self._dispatch(reply, method, raw)

    def on_notification(self, method: str, raw: Any) -> None:
        """Handle a notification. On the event loop."""
        if method == "exit":
            self._stop("the client asked for it")
            return
        if self._state != "running" or self.session is None:
            logger.info("ignored %s: the server is not running", method[:100])
            return
        try:
            if method == "initialized":
                self._begin()
            elif method == "$/cancelRequest":
                self.protocol.cancel_request(Params(raw).raw("id"))
            elif method == "$/setTrace":
                self._trace = Params(raw).choice("value", "off", ("off", "messages", "verbose"))
            elif isinstance(entry := self.registry.methods.get(method), SyncMethod):
                entry.handle(self.session, entry.decode(Params(raw)))
            else:
                logger.debug("ignored unknown notification %s", method[:100])
        except InvalidParams as error:
            logger.warning("ignored %s: %s", method[:100], error)
        except Exception:
            logger.exception("handling %s failed", method[:100])

    def _dispatch(self, reply: Reply, method: str, raw: Any) -> None:
        assert self.session is not None
        session = self.session
        entry = self.registry.methods.get(method)
        if entry is None:
            reply.error(jsonrpc.METHOD_NOT_FOUND, f"unknown method `{method[:100]}`")
            return
        try:
            decoded = entry.decode(Params({} if raw is None else raw))
        except InvalidParams as error:
            reply.error(jsonrpc.INVALID_PARAMS, str(error))
            return
        except Exception as error:
            self._failed(reply, error)
            return
        if isinstance(entry, SyncMethod):
            handle = entry.handle
            self._answer(reply, lambda: handle(session, decoded))
            return
        cancel = Cancel()
        reply.when_cancelled(cancel.cancel)
        snapshot = session.snapshot()
        if isinstance(entry, WorkMethod):
            work, command = session.work(cancel), entry.handle
            session.long_pool.submit(self._work, reply, lambda: command(work, snapshot, decoded))
            return
        if entry.supersedes:
            previous = self._latest.get(method)
            if previous is not None:
                previous.cancel("a newer search took its place", {"superseded": True})
            self._latest[method] = reply
        context, query = session.context(cancel), entry.handle
        self._pool.submit(self._work, reply, lambda: query(context, snapshot, decoded))

    def _work(self, reply: Reply, call: Callable[[], Any]) -> None:
        if not reply.done:
            self._answer(reply, call)

    def _answer(self, reply: Reply, call: Callable[[], Any]) -> None:
        try:
            reply.result(call())
        except Exception as error:
            self._failed(reply, error)

    def _failed(self, reply: Reply, error: Exception) -> None:
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

    def _answered(self, reply: Reply, outcome: str, size: int) -> None:
        milliseconds = 1000 * (time.perf_counter() - reply.started)
        self.counters.add(reply.method, outcome, milliseconds)
        logger.debug("%s: %s in %.1f ms, %d bytes", reply.method, outcome, milliseconds, size)
        if self._trace != "off":
            line: dict[str, Any] = {"message": f"{reply.method}: {outcome} in {milliseconds:.1f} ms"}
            if self._trace == "verbose":
                line["verbose"] = f"id {reply.id}, {size} bytes, {self.protocol.open_requests} still open"
            self.protocol.notify("$/logTrace", line)

    # --- lifecycle

    def _introduced(self, introduction: Introduction) -> Session:
        """Take over from the handshake, which has answered `initialize`."""
        if self._log_level is None:
            log.set_level(introduction.server_settings.log_level)
        session = Session(
            self.protocol,
            self._loop,
            self._engines,
            introduction.client,
            introduction.options,
            introduction.server_settings,
            introduction.outline_languages,
        )
        session.counters = self._status_extras
        session.log_file = self.log_file
        self._offered = self._wanted_offers(session)
        for uri, name in introduction.folders:
            session.add_folder(uri, name)
        self._trace = introduction.trace
        for process in (self._parent_pid, introduction.process_id):
            if process is not None:
                self._watch_parent(process)
        # Some clients forget `initialized`; the index must not depend on their manners.
        self._loop.call_later(START_WITHOUT_INITIALIZED, self._begin)
        self.counters.add("initialize", "ok", 1000 * introduction.seconds)
        self._state = "running"
        return session

    def _begin(self) -> None:
        if self._started or self.session is None or self._state != "running":
            return
        self._started = True
        session = self.session
        session.on_settings_changed = lambda: self._settings_changed(session)
        self._watching = Watching(session.watched_here, session.changed_paths)
        session.on_folder_opened, session.on_folder_closed = self._watching.opened, self._watching.closed
        self.session.start()
        self._watching.follow(session.folders.values())
        self.session.long_pool.submit(self._register_with_client, self.session)

    def _wanted_offers(self, session: Session) -> set[str]:
        wanted: set[str] = set()
        if settings.offers_outlines(session.server_settings, session.outline_languages):
            wanted.add(OUTLINES)
        if session.server_settings.code_lens:
            wanted.add(LENSES)
        if session.watched_by_client():
            wanted.add(FILES)
        return wanted

    def _settings_changed(self, session: Session) -> None:
        """Follow the settings that decide what is offered; what was offered before answers with nothing."""
        if self._log_level is None:
            log.set_level(session.server_settings.log_level)
        if self._watching is not None:
            self._watching.follow(session.folders.values())
        can = {
            OUTLINES: session.client.registers_outlines,
            LENSES: session.client.registers_code_lens,
            FILES: session.client.watches_files,
        }
        new = {method for method in self._wanted_offers(session) - self._offered if can[method]}
        self._offered |= new
        if new:
            session.long_pool.submit(self._register, [registration(method) for method in sorted(new)])

    def _register(self, registrations: list[dict[str, Any]]) -> bool:
        """Ask the client to switch abilities on. On a worker thread, because it waits."""
        try:
            self.protocol.request("client/registerCapability", {"registrations": registrations}, 30)
        except (FutureTimeout, CancelledError, ClientRefused) as error:
            logger.warning("the client refused to register %d abilities: %s", len(registrations), error)
            return False
        return True

    def _register_with_client(self, session: Session) -> None:
        """Ask for what LSP lets only the client switch on. On a worker thread, because it waits."""
        registrations: list[dict[str, Any]] = []
        if session.client.registers_configuration:
            registrations.append(registration(CONFIGURATION))
        if FILES in self._offered:
            registrations.append(registration(FILES))
        if registrations and not self._register(registrations):
            session.loop.call_soon_threadsafe(session.client_does_not_watch)
        session.pull_configuration()

    def _status_extras(self) -> dict[str, Any]:
        return {
            "version": __version__,
            "pid": os.getpid(),
            "uptimeSeconds": round(time.monotonic() - self._began, 1),
            "log": None if self.log_file is None else str(self.log_file),
            "openRequests": self.protocol.open_requests,
            "requests": self.counters.shape(),
        }


def registration(method: str) -> dict[str, Any]:
    """What switches a method on at the client."""
    return {"id": f"codanna-{method}", "method": method, "registerOptions": REGISTER_OPTIONS[method]}
