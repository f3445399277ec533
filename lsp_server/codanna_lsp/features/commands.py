"""workspace/executeCommand: what a user can ask for by name, with progress and cancel."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import CancelledError
from concurrent.futures import TimeoutError as FutureTimeout
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from codanna_core.inert import inert_message
from codanna_core.results import Progress, State
from codanna_lsp.capabilities import COMMANDS
from codanna_lsp.features import find_similar
from codanna_lsp.features.status import status
from codanna_lsp.protocol import ClientRefused
from codanna_lsp.registry import Registry
from codanna_lsp.session import Context, Snapshot
from codanna_rpc.params import InvalidParams, Params

if TYPE_CHECKING:
    from codanna_core.cancel import Cancel
    from codanna_core.search.service import IndexService
    from codanna_lsp.progress import WorkDone

PICK_TIMEOUT = 600.0
PICKED = 8


@dataclass(frozen=True, slots=True)
class Command:
    """A command with its arguments."""

    name: str
    arguments: tuple[Any, ...]
    token: int | str | None


def decode(params: Params) -> Command:
    """Read `ExecuteCommandParams`."""
    name = params.text("command", limit=200)
    if name not in COMMANDS:
        raise InvalidParams(f"unknown command `{name}`; there are {', '.join(COMMANDS)}")
    arguments = params.raw("arguments") or []
    if not isinstance(arguments, list):
        raise InvalidParams("`arguments` must be a list")
    return Command(name, tuple(arguments), params.token("workDoneToken"))


def execute(context: Context, snapshot: Snapshot, command: Command) -> Any:
    """Run the command; the answer comes when it is done."""
    match command.name:
        case "codanna.reindex":
            return _each(context, snapshot, command, "Reindexing", _reindex)
        case "codanna.rebuildClusters":
            return _each(context, snapshot, command, "Clustering", _rebuild_clusters)
        case "codanna.clean":
            return context.session.reopen_folders(context.cancel, clean=True)
        case "codanna.showStatus":
            return _show_status(context, snapshot)
        case "codanna.restart":
            return context.session.reopen_folders(context.cancel)
        case _:
            return _find_similar(context, snapshot, command)


def _each(
    context: Context,
    snapshot: Snapshot,
    command: Command,
    title: str,
    work: Callable[[IndexService, WorkDone, Cancel], None],
) -> None:
    for folder, engine in snapshot.engines(context.cancel):
        title_here = f"{title} {folder.name}"
        with context.session.progress(title_here, context.cancel, command.token) as display:
            work(engine, display, context.cancel)


def _reindex(engine: IndexService, display: WorkDone, cancel: Cancel) -> None:
    engine.reindex(progress=display.report, cancel=cancel)


def _rebuild_clusters(engine: IndexService, display: WorkDone, cancel: Cancel) -> None:
    def step(phase: str, share: float) -> None:
        display.report(Progress(State.TRAINING, int(100 * share), 100, 0.0, phase))

    engine.rebuild_clusters(progress=step, cancel=cancel)


def _show_status(context: Context, snapshot: Snapshot) -> Any:
    shape = status(context, snapshot, None)
    lines = [
        f"{folder['name']}: {folder['state']}"
        + (
            f", {folder['symbols']:,} symbols in {folder['filesIndexed']:,} files"
            if "symbols" in folder
            else ""
        )
        + "".join(f"; {problem['message']}" for problem in folder["problems"][:3])
        for folder in shape["folders"]
    ]
    context.session.protocol.notify(
        "window/showMessage", {"type": 3, "message": "\n".join(lines) or "No folder is open."}
    )
    return shape


def _find_similar(context: Context, snapshot: Snapshot, command: Command) -> Any:
    """For clients without a list of their own: let the user pick one of the best, then show it."""
    params = find_similar.decode(Params(command.arguments[0] if command.arguments else None, "arguments[0]"))
    answer = find_similar.find_similar(context, snapshot, params)
    hits = {
        inert_message(f"{hit['name']} · {hit['path']}:{hit['selectionRange']['start']['line'] + 1}"): hit
        for hit in answer["hits"][:PICKED]
    }
    protocol = context.session.protocol
    if not hits:
        protocol.notify("window/showMessage", {"type": 3, "message": "No similar code was found."})
    elif snapshot.client.show_document:
        try:
            choice = protocol.request(
                "window/showMessageRequest",
                {"type": 3, "message": "Similar code", "actions": [{"title": title} for title in hits]},
                PICK_TIMEOUT,
            )
            hit = hits.get(choice["title"]) if isinstance(choice, dict) else None
            if hit is not None:
                protocol.send_request(
                    "window/showDocument",
                    {"uri": hit["uri"], "selection": hit["selectionRange"], "takeFocus": True},
                )
        except (FutureTimeout, CancelledError, ClientRefused):
            pass  # The user walked away; the answer below still carries the hits.
    return answer


def setup(registry: Registry) -> None:
    """Register the feature."""
    registry.snapshot("workspace/executeCommand", decode, execute, long=True)
