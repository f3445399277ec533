"""The protocol side, on the official library: lists tools, calls them on worker threads, cancels them."""

from __future__ import annotations

import json
import logging
import time
import warnings
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import anyio.from_thread
import anyio.to_thread
import mcp_types as types
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import Server
from mcp.server.stdio import stdio_server
from mcp.shared.exceptions import MCPDeprecationWarning, MCPError

from codanna_core._version import __version__
from codanna_core.cancel import Cancel
from codanna_core.errors import Cancelled, CodannaError
from codanna_core.inert import inert_message
from codanna_core.results import Progress
from codanna_mcp.answers import Answer, answer
from codanna_mcp.roots import Refused, implied_root, path_of
from codanna_mcp.tools import INSTRUCTIONS, TOOLS
from codanna_mcp.workspace import Workspace
from codanna_rpc.params import InvalidParams

logger = logging.getLogger(__name__)

ROOTS_S = 3.0
"""A client that does not say its roots by then has none."""
THREADS = 8
_PROGRESS_EVERY_S = 0.25

Context = ServerRequestContext[dict[str, Any]]


class AgentServer:
    """The tools of one process, over any transport."""

    def __init__(self, workspace: Workspace, root: Path | None, *, ask_roots: bool) -> None:
        """`root` is the folder named at the start; without one clients are asked, if `ask_roots` says so."""
        self._workspace = workspace
        self._root = root
        self._ask_roots = ask_roots
        self._client_roots: Sequence[Path] | None = None
        """Those of the one client that is asked; None while it was not."""
        self._limiter = anyio.CapacityLimiter(THREADS)
        with warnings.catch_warnings():
            # Newer revisions of the protocol know no roots; the older ones that clients speak do.
            warnings.simplefilter("ignore", MCPDeprecationWarning)
            self.protocol: Server[dict[str, Any]] = Server(
                "codanna-lsp",
                version=__version__,
                title="Codanna",
                instructions=INSTRUCTIONS,
                on_list_tools=self._list_tools,
                on_call_tool=self._call_tool,
                on_roots_list_changed=self._roots_changed,
            )

    async def _list_tools(self, _context: Context, _params: Any) -> types.ListToolsResult:
        return types.ListToolsResult(tools=[tool_of(name) for name in TOOLS])

    async def _call_tool(self, context: Context, params: types.CallToolRequestParams) -> types.CallToolResult:
        if params.name not in TOOLS:
            raise MCPError(
                code=types.INVALID_PARAMS,
                message=inert_message(f"there is no tool {params.name[:80]}; there are {', '.join(TOOLS)}"),
            )
        started = time.perf_counter()
        cancel = Cancel()
        try:
            roots = await self._roots_of(context)
            call = partial(
                self._answer, roots, params.name, params.arguments, cancel, self._reporter(context)
            )
            found = await anyio.to_thread.run_sync(call, abandon_on_cancel=True, limiter=self._limiter)
        except (InvalidParams, CodannaError, Refused) as error:
            return failed(str(error))
        except MCPError:
            raise
        except Exception as error:
            logger.exception("%s failed", params.name)
            return failed(f"internal error ({type(error).__name__}); the log says more")
        finally:
            cancel.cancel()
            logger.info("%s in %.0f ms", params.name, 1000 * (time.perf_counter() - started))
        return types.CallToolResult(
            content=[types.TextContent(text=found.text)], structured_content=json_safe(found.data)
        )

    def _answer(
        self, roots: Sequence[Path], name: str, arguments: Any, cancel: Cancel, report: Any
    ) -> Answer:
        try:
            return answer(self._workspace, self._workspace.folders(roots), name, arguments, cancel, report)
        except Cancelled as error:
            raise Refused("the call was cancelled") from error

    def _reporter(self, context: Context) -> Any:
        """Sends progress to a client that wants it, from a worker thread and not too often."""
        if not (context.meta and context.meta.get("progress_token") is not None):
            return None
        last = 0.0

        def report(step: Progress) -> None:
            nonlocal last
            if time.monotonic() - last < _PROGRESS_EVERY_S:
                return
            last = time.monotonic()
            total = float(step.total) or None
            anyio.from_thread.run(context.session.report_progress, float(step.done), total, "indexing")

        return report

    async def _roots_of(self, context: Context) -> Sequence[Path]:
        if self._root is not None:
            return [self._root]
        if self._client_roots is None:
            self._client_roots = await self._asked_roots(context) if self._ask_roots else []
        return self._client_roots or [implied_root()]

    async def _asked_roots(self, context: Context) -> Sequence[Path]:
        capabilities = context.session.client_capabilities
        if capabilities is None or capabilities.roots is None or not context.session.can_send_request:
            return []
        try:
            with anyio.fail_after(ROOTS_S):
                listed = await context.session.send_request(types.ListRootsRequest(), types.ListRootsResult)
        except (MCPError, TimeoutError, ValueError) as error:
            logger.warning("the client gave no roots: %s", error)
            return []
        return [path for root in listed.roots if (path := path_of(str(root.uri))) is not None]

    async def _roots_changed(self, context: Context, _params: Any) -> None:
        self._client_roots = None


def tool_of(name: str) -> types.Tool:
    """A tool as the protocol shows it. None of them changes anything or leaves this machine."""
    tool = TOOLS[name]
    return types.Tool(
        name=name,
        title=tool["title"],
        description=tool["description"],
        input_schema=tool["input"],
        output_schema=tool["output"],
        annotations=types.ToolAnnotations(
            title=tool["title"],
            read_only_hint=True,
            destructive_hint=False,
            idempotent_hint=True,
            open_world_hint=False,
        ),
    )


def failed(message: str) -> types.CallToolResult:
    """An error that the agent reads, and can do something about."""
    return types.CallToolResult(content=[types.TextContent(text=inert_message(message))], is_error=True)


def json_safe(data: Any) -> Any:
    """Data without halves of surrogate pairs, which no UTF-8 holds."""
    return json.loads(json.dumps(data).encode("utf-8").decode("utf-8"))


async def serve_stdio(server: AgentServer) -> None:
    """Serve one client on standard input and output, which hold the protocol alone from now on."""
    async with stdio_server() as (read, write):
        await server.protocol.run(read, write, server.protocol.create_initialization_options())
