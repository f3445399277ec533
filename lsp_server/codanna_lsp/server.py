"""The hub: one connection from its introduction to its end."""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cattrs
from pygls.lsp.server import LanguageServer

from codanna_core._version import __version__
from codanna_core.runtime.system import is_alive
from codanna_lsp.features import register_all
from codanna_lsp.handshake import Greeting, Introduction
from codanna_lsp.options import Options
from codanna_lsp.protocol import Protocol, Reply
from codanna_lsp.registry import Registry, SyncMethod
from codanna_lsp.request_log import RequestLog
from codanna_lsp.session import Session
from codanna_lsp.workers import Workers
from codanna_rpc import jsonrpc, log
from codanna_rpc.params import InvalidParams, Params
from codanna_rpc.transport import Channel, Reader, Writer

if TYPE_CHECKING:
    from codanna_core.workspace.opening import EngineSource

logger = logging.getLogger(__name__)

PARENT_POLL = 1.0
START_WITHOUT_INITIALIZED = 2.0


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
        self.log_file = log_file
        self._methods = Registry()
        register_all(self._methods)
        self._workers = Workers(self._methods.methods)
        self._requests = RequestLog(self.protocol)
        self._session: Session | None = None
        self._engines = engines
        self._parent_pid = parent_pid
        self._log_level = log_level
        self._state = "created"
        self.protocol.on_answered = self._requests.answered

    # --- running

    def run(self, channel: Channel, writer: Writer, greeting: Greeting) -> int:
        """Serve a client that has introduced itself until it leaves; gives the exit code."""
        return asyncio.run(self._serve(channel, writer, greeting))

    async def _serve(self, channel: Channel, writer: Writer, greeting: Greeting) -> int:
        loop = asyncio.get_running_loop()
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
        handle_signals(loop, self._stop)
        session = self._session = self._introduced(loop, greeting.introduction)
        for frame in greeting.frames:
            self.protocol.receive(frame)
        writer.when_lost(on_lost)
        reader.start()
        code = await self._stopped
        self._state = "stopped"
        self.protocol.cancel_all("the server stops")
        session.folders.stop_watching()
        await asyncio.to_thread(session.close)
        self._workers.close()
        writer.close()
        return code

    def _stop(self, reason: str) -> None:
        if not self._stopped.done():
            logger.info("stopping: %s", reason)
            self._stopped.set_result(0 if self._state == "shutdown" else 1)

    def _watch_parent(self, loop: asyncio.AbstractEventLoop, pid: int) -> None:
        def look() -> None:
            if not is_alive(pid):
                self._stop("the client's process is gone")
            elif not self._stopped.done():
                loop.call_later(PARENT_POLL, look)

        loop.call_later(PARENT_POLL, look)

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
            assert self._session is not None
            self._workers.dispatch(self._session, reply, method, raw)

    def on_notification(self, method: str, raw: Any) -> None:
        """Handle a notification. On the event loop."""
        if method == "exit":
            self._stop("the client asked for it")
            return
        if self._state != "running" or self._session is None:
            logger.info("ignored %s: the server is not running", method[:100])
            return
        try:
            if method == "initialized":
                self._session.start()
            elif method == "$/cancelRequest":
                self.protocol.cancel_request(Params(raw).raw("id"))
            elif method == "$/setTrace":
                self._requests.trace(Params(raw))
            elif isinstance(entry := self._methods.methods.get(method), SyncMethod):
                entry.handle(self._session, entry.decode(Params(raw)))
            else:
                logger.debug("ignored unknown notification %s", method[:100])
        except InvalidParams as error:
            logger.warning("ignored %s: %s", method[:100], error)
        except Exception:
            logger.exception("handling %s failed", method[:100])

    # --- what a session asks for

    def counters(self) -> dict[str, Any]:
        """How the server is doing. Any thread."""
        return self._requests.shape(None if self.log_file is None else str(self.log_file))

    def settings_changed(self, options: Options) -> None:
        """Log as the settings say, unless the command line says it."""
        if self._log_level is None:
            log.set_level(options.server.log_level)

    # --- lifecycle

    def _introduced(self, loop: asyncio.AbstractEventLoop, introduction: Introduction) -> Session:
        """Take over from the handshake, which has answered `initialize`."""
        options = Options(
            introduction.client,
            introduction.options,
            introduction.server_settings,
            introduction.languages,
        )
        self.settings_changed(options)
        session = Session(self.protocol, loop, self._engines, options, self)
        for uri, name in introduction.folders:
            session.folders.add(uri, name)
        self._requests.introduced(introduction.seconds, introduction.trace)
        for process in (self._parent_pid, introduction.process_id):
            if process is not None:
                self._watch_parent(loop, process)
        # Some clients forget `initialized`; the index must not depend on their manners.
        loop.call_later(START_WITHOUT_INITIALIZED, self._begin)
        self._state = "running"
        return session

    def _begin(self) -> None:
        if self._session is not None and self._state == "running":
            self._session.start()


def handle_signals(loop: asyncio.AbstractEventLoop, stop: Callable[[str], None]) -> None:
    """Have the signals that ask a process to end do so in order."""
    if sys.platform == "win32":
        return
    import signal

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        try:
            loop.add_signal_handler(number, stop, f"signal {number.name}")
        except (RuntimeError, ValueError):
            return  # Not the main thread: a test runs the server inside of itself.
