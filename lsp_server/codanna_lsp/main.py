"""`codanna-lsp serve`: arguments, log, channel, server, exit code."""

from __future__ import annotations

import argparse
import logging
import os
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from codanna_core.errors import CodannaError
from codanna_core.inert import inert
from codanna_core.runtime.memory import check_limit, collect_rarely
from codanna_lsp.handshake import greet
from codanna_rpc import log
from codanna_rpc.processes import visible
from codanna_rpc.transport import Channel, Writer, stdio_channel

if TYPE_CHECKING:
    from codanna_core.search.service import IndexService
    from codanna_core.workspace.opening import EngineSource

logger = logging.getLogger(__name__)

# Threads that hold the interpreter give it up after this long; at Python's 5 ms each hand-over of a request
# between threads could cost 5 ms while a file is parsed.
SWITCH_INTERVAL = 0.0005


class InstalledEngine:
    """The real engine, imported on first use: `initialize` is answered before numpy is loaded."""

    def expect(self, root: Path, overrides: Mapping[str, Any]) -> None:
        """Start the processes that the first look at a folder will need."""
        from codanna_core.config import load_settings
        from codanna_core.indexing.ahead import expect_run
        from codanna_core.indexing.location import checked_root

        def look() -> None:
            try:
                checked = checked_root(root)
                expect_run(checked, None, load_settings(checked, overrides)[0])
            except (CodannaError, OSError):
                pass  # Whoever opens the folder says what is wrong with it.

        # On a thread, for a folder on a network drive may not answer, and the client waits for this one.
        threading.Thread(target=look, name="codanna-expect", daemon=True).start()

    def open(self, root: Path, overrides: Mapping[str, Any]) -> IndexService:
        """Open the index of a folder."""
        from codanna_core.engine import Engine

        return Engine.open(root, overrides=overrides)

    def remove(self, root: Path, overrides: Mapping[str, Any]) -> None:
        """Remove the index of a folder."""
        from codanna_core.engine import remove_index

        remove_index(root, overrides=overrides)


def serve(argv: list[str], engines: EngineSource | None = None) -> int:
    """Run the language server; gives the exit code. Tests bring `engines` of their own."""
    arguments = _arguments(argv)
    arguments.parent_pid = visible(arguments.parent_pid)
    try:
        check_limit()
        channel = _channel(arguments)
    except CodannaError as error:
        _say(f"codanna-lsp serve: {error}")
        return 2
    except KeyboardInterrupt:
        return 130  # Nobody came.
    collect_rarely()
    log_file = log.set_up(arguments.log_level or "info")
    sys.setswitchinterval(SWITCH_INTERVAL)
    writer = Writer(channel.write, writable=channel.writable)
    try:
        code = _converse(channel, writer, engines or InstalledEngine(), arguments, log_file)
    except KeyboardInterrupt:
        code = 1
    except Exception:
        logger.exception("the server stopped because of an internal error")
        code = 70
    writer.close()
    logging.shutdown()
    if engines is None:
        # A query that still computes would hold up a normal exit; the index needs no farewell.
        os._exit(code)
    return code


def _converse(
    channel: Channel,
    writer: Writer,
    engines: EngineSource,
    arguments: argparse.Namespace,
    log_file: Path | None,
) -> int:
    greeting = greet(channel, writer)
    if greeting is None:
        return 1
    if isinstance(engines, InstalledEngine):
        for root in greeting.introduction.roots[:1]:
            engines.expect(root, greeting.introduction.options)
    # Loaded after `initialize` is answered: the classes that pygls builds take longer than all the rest.
    from codanna_lsp.server import Server

    server = Server(
        engines, parent_pid=arguments.parent_pid, log_file=log_file, log_level=arguments.log_level
    )
    return server.run(channel, writer, greeting)


def _channel(arguments: argparse.Namespace) -> Channel:
    if arguments.tcp is None and arguments.unix_socket is None:
        return stdio_channel()
    from codanna_rpc import doors

    if arguments.unix_socket is not None:
        return doors.unix_channel(Path(os.path.abspath(arguments.unix_socket)), _say)
    host, port = arguments.tcp
    return doors.tcp_channel(host, port, _say)


def _say(text: str) -> None:
    print(inert(text), file=sys.stderr, flush=True)


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not port.isdigit() or int(port) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not HOST:PORT, for instance 127.0.0.1:7658")
    return host.strip("[]") or "127.0.0.1", int(port)


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """Quote what was given without what a terminal would obey."""
        super().error(inert(message))


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `serve`."""
    parser.add_argument(
        "--stdio",
        action="store_true",
        help="talk over standard input and output; the default, accepted for clients",
    )
    door = parser.add_mutually_exclusive_group()
    door.add_argument(
        "--tcp",
        type=_address,
        metavar="HOST:PORT",
        help="wait for one client on this loopback address; it must send the token that is printed",
    )
    door.add_argument(
        "--unix-socket",
        metavar="PATH",
        help="wait for one client on this Unix socket, in a folder that only you can enter",
    )
    parser.add_argument("--log-level", choices=log.LEVELS, help="overrides the setting `server.log_level`")
    parser.add_argument("--parent-pid", type=int, metavar="PID", help="stop when this process is gone")


def _arguments(argv: list[str]) -> argparse.Namespace:
    parser = _Parser(
        prog="codanna-lsp serve", description="Run the language server on standard input and output."
    )
    add_arguments(parser)
    # Client libraries add their own flags to every server, so unknown ones are no reason to fail.
    known, unknown = parser.parse_known_args(argv)
    if unknown:
        print(inert(f"codanna-lsp serve: ignoring {' '.join(unknown)}"), file=sys.stderr)
    parent_flag = [item.split("=", 1)[1] for item in unknown if item.startswith("--clientProcessId=")]
    if known.parent_pid is None and parent_flag and parent_flag[0].isdigit():
        known.parent_pid = int(parent_flag[0])
    return known
