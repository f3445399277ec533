"""workspace/executeCommand: what a user can ask for by name, with progress and cancel."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import CancelledError
from concurrent.futures import TimeoutError as FutureTimeout
from typing import TYPE_CHECKING, Any

from codanna_core.inert import inert_message
from codanna_core.records import dataclass
from codanna_core.results import Progress, State
from codanna_lsp.capabilities import COMMANDS
from codanna_lsp.features import find_similar
from codanna_lsp.features.status import status
from codanna_lsp.protocol import ClientRefused
from codanna_lsp.registry import Registry
from codanna_lsp.snapshot import Snapshot, Work
from codanna_rpc.params import InvalidParams, Params

if TYPE_CHECKING:
    from codanna_core.cancel import Cancel
    from codanna_core.search.service import IndexService
    from codanna_core.workspace.keeper import Reporter

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


def execute(work: Work, snapshot: Snapshot, command: Command) -> Any:
    """Run the command; the answer comes when it is done."""
    match command.name:
        case "codanna.reindex":
            return _each(work, snapshot, command, "Reindexing", _reindex)
        case "codanna.rebuildClusters":
            return _each(work, snapshot, command, "Clustering", _rebuild_clusters)
        case "codanna.clean":
            return work.reopen_folders(work.cancel, True)
        case "codanna.showStatus":
            return _show_status(work, snapshot)
        case "codanna.restart":
            return work.reopen_folders(work.cancel, False)
        case _:
            return _find_similar(work, snapshot, command)


def _each(
    work: Work,
    snapshot: Snapshot,
    command: Command,
    title: str,
    run: Callable[[IndexService, Reporter, Cancel], None],
) -> None:
    for folder, engine in work.engines(snapshot):
        title_here = f"{title} {folder.name}"
        with work.progress(title_here, work.cancel, command.token) as display:
            run(engine, display, work.cancel)


def _reindex(engine: IndexService, display: Reporter, cancel: Cancel) -> None:
    engine.reindex(progress=display.report, cancel=cancel)


def _rebuild_clusters(engine: IndexService, display: Reporter, cancel: Cancel) -> None:
    def step(phase: str, share: float) -> None:
        display.report(Progress(State.TRAINING, int(100 * share), 100, 0.0, phase))

    engine.rebuild_clusters(progress=step, cancel=cancel)


def _show_status(work: Work, snapshot: Snapshot) -> Any:
    shape = status(work, snapshot, None)
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
    work.client.notify("window/showMessage", {"type": 3, "message": "\n".join(lines) or "No folder is open."})
    return shape


def _find_similar(work: Work, snapshot: Snapshot, command: Command) -> Any:
    """For clients without a list of their own: let the user pick one of the best, then show it."""
    params = find_similar.decode(Params(command.arguments[0] if command.arguments else None, "arguments[0]"))
    answer = find_similar.find_similar(work, snapshot, params)
    hits = {
        inert_message(f"{hit['name']} · {hit['path']}:{hit['selectionRange']['start']['line'] + 1}"): hit
        for hit in answer["hits"][:PICKED]
    }
    client = work.client
    if not hits:
        client.notify("window/showMessage", {"type": 3, "message": "No similar code was found."})
    elif snapshot.client.show_document:
        try:
            choice = client.request(
                "window/showMessageRequest",
                {"type": 3, "message": "Similar code", "actions": [{"title": title} for title in hits]},
                PICK_TIMEOUT,
            )
            hit = hits.get(choice["title"]) if isinstance(choice, dict) else None
            if hit is not None:
                client.send_request(
                    "window/showDocument",
                    {"uri": hit["uri"], "selection": hit["selectionRange"], "takeFocus": True},
                )
        except (FutureTimeout, CancelledError, ClientRefused):
            pass  # The user walked away; the answer below still carries the hits.
    return answer


def setup(registry: Registry) -> None:
    """Register the feature."""
    registry.work("workspace/executeCommand", decode, execute)
