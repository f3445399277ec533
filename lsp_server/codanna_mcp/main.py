"""`codanna-lsp mcp`: arguments, log, folders, transport, exit code."""

from __future__ import annotations

import argparse
import logging
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from codanna_core.errors import CodannaError
from codanna_core.inert import inert
from codanna_core.runtime.memory import check_limit
from codanna_mcp.workspace import Workspace
from codanna_rpc import log

if TYPE_CHECKING:
    from codanna_core.search.service import IndexService
    from codanna_core.workspace.opening import EngineSource

logger = logging.getLogger(__name__)


class InstalledEngine:
    """The real engine, imported on first use."""

    def __init__(self, index_dir: Path | None = None) -> None:
        self._index_dir = index_dir

    def open(self, root: Path, overrides: Mapping[str, Any]) -> IndexService:
        """Open the index of a folder."""
        from codanna_core.engine import Engine

        return Engine.open(root, self._index_dir, overrides=overrides)

    def remove(self, root: Path, overrides: Mapping[str, Any]) -> None:
        """Nothing asks for that here."""


def serve(argv: list[str], engines: EngineSource | None = None) -> int:
    """Run the MCP server; gives the exit code. Tests bring `engines` of their own."""
    arguments = _arguments(argv)
    root = Path(os.path.realpath(arguments.path)) if arguments.path is not None else None
    if root is not None and not root.is_dir():
        _say(f"codanna-lsp mcp: there is no folder {arguments.path}")
        return 2
    try:
        check_limit()
    except CodannaError as error:
        _say(f"codanna-lsp mcp: {error}")
        return 2
    log.set_up(arguments.log_level)
    logging.getLogger("mcp").setLevel(logging.CRITICAL)  # It logs whole messages, questions included.
    index_dir = Path(os.path.abspath(arguments.index_dir)) if arguments.index_dir else None
    workspace = Workspace(engines or InstalledEngine(index_dir))
    if root is not None:
        workspace.folders([root])  # Opened while the library is loaded.
    try:
        code = _converse(workspace, root, arguments)
    except KeyboardInterrupt:
        code = 130
    except CodannaError as error:
        _say(f"codanna-lsp mcp: {error}")
        code = 2
    except Exception:
        logger.exception("the server stopped because of an internal error")
        code = 70
    workspace.close()
    logging.shutdown()
    # A thread that waits for standard input would hold up a normal exit; the index needs no farewell.
    os._exit(code)


def _converse(workspace: Workspace, root: Path | None, arguments: argparse.Namespace) -> int:
    # The library takes most of a start: 65 MB and as long as all the rest.
    import anyio

    from codanna_mcp.server import AgentServer, serve_stdio

    if arguments.http is None:
        anyio.run(serve_stdio, AgentServer(workspace, root, ask_roots=True))
        return 0
    from codanna_mcp.http import serve_http

    anyio.run(serve_http, AgentServer(workspace, root, ask_roots=False), arguments.http, _say)
    return 0


def _say(text: str) -> None:
    print(inert(text), file=sys.stderr, flush=True)


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """Quote what was given without what a terminal would obey."""
        super().error(inert(message))


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `mcp`."""
    parser.add_argument(
        "path",
        nargs="?",
        metavar="PATH",
        help="the folder; default is the client's roots, else the current folder",
    )
    parser.add_argument("--index-dir", metavar="DIR", help="where the index is; default is the user's cache")
    parser.add_argument(
        "--http",
        type=_port,
        metavar="PORT",
        help="serve streamable HTTP on 127.0.0.1 instead; 0 picks a port",
    )
    parser.add_argument(
        "--log-level",
        choices=log.LEVELS,
        default="info",
        help="lowest severity of the messages that are logged",
    )


def _arguments(argv: list[str]) -> argparse.Namespace:
    parser = _Parser(
        prog="codanna-lsp mcp",
        description="Run the MCP server for agents on standard input and output.",
    )
    add_arguments(parser)
    return parser.parse_args(argv)


def _port(text: str) -> int:
    if not text.isdigit() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port; use 0 to 65535")
    return int(text)
