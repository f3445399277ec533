"""What a call of a tool gives: a text within the budget, and the same as data without the code."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from codanna_core.cancel import Cancel
from codanna_core.cli.render import no_files
from codanna_core.context.tokens import WHOLE, cost
from codanna_core.errors import InvalidQuery
from codanna_core.files.revision import revision_of
from codanna_core.inert import inert, inert_message
from codanna_core.problems import Code
from codanna_core.records import dataclass
from codanna_core.results import (
    DEFAULT_BUDGET,
    Status,
)
from codanna_core.wire import EDITOR, problems_json
from codanna_core.workspace.folder import Folder
from codanna_mcp import code, relations
from codanna_mcp.calls import Call, Part
from codanna_mcp.tools import FRAME, LEAST, MOST, TOOLS
from codanna_mcp.workspace import NotReady, Report, Workspace
from codanna_rpc.params import InvalidParams, Params

Json = dict[str, Any]

_DIGITS = 12
"""Of a commit, in texts."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back to the agent."""

    text: str
    data: Json


def answer(
    workspace: Workspace,
    folders: Sequence[Folder],
    name: str,
    raw: Any,
    cancel: Cancel,
    report: Report | None = None,
) -> Answer:
    """Answer a call of a tool. Raises InvalidParams and errors of the engine for wrong use."""
    asked = Params({} if raw is None else raw, "arguments")
    known = TOOLS[name]["input"]["properties"]
    unknown = sorted(key for key in asked.everything if key not in known)
    if unknown:
        raise InvalidParams(f"`{name}` takes no `{inert(unknown[0])}`; it takes {', '.join(known)}")
    budget = asked.integer("budget", DEFAULT_BUDGET, LEAST, MOST)
    chosen = _chosen(folders, asked.text("folder", ""))
    share = budget // len(chosen)
    if share < LEAST:
        raise InvalidQuery(
            f"{len(chosen)} folders are open; give a budget of {LEAST * len(chosen)}, or name one"
        )
    texts, data = [], []
    found = False
    for number, folder in enumerate(chosen):
        # A definition is read from the team only if no folder has it.
        team = number == len(chosen) - 1 and not found if name == "symbol" else number == 0
        part = _part(workspace, folder, name, asked, share - FRAME, cancel, report, team=team)
        found = found or bool(part.text)
        items = next(key for key in TOOLS[name]["output"]["properties"]["folders"]["items"]["required"][::-1])
        revision = revision_of(folder.root)
        texts.append(_text(part, folder if len(chosen) > 1 else None, revision, share))
        data.append(
            {
                items: [],
                **part.data,
                "folder": folder.name,
                "root": inert(str(folder.root)),
                "revision": revision or None,
                "generation": part.generation,
                "indexed": None if part.indexed is None else round(part.indexed, 4),
                "problems": problems_json(part.problems, EDITOR),
                "leftOut": part.left_out,
                "reason": part.reason or None,
            }
        )
    return Answer("\n".join(texts), {"folders": data})


def _chosen(folders: Sequence[Folder], named: str) -> Sequence[Folder]:
    if not named:
        return folders
    chosen = [folder for folder in folders if named in (folder.name, str(folder.root))]
    if not chosen:
        raise InvalidQuery(f"no folder {named!r} is open; open are {', '.join(one.name for one in folders)}")
    return chosen


def _part(
    workspace: Workspace,
    folder: Folder,
    name: str,
    asked: Params,
    budget: int,
    cancel: Cancel,
    report: Report | None,
    *,
    team: bool,
) -> Part:
    try:
        service = workspace.service(folder, cancel, report)

        def answered(ask: Callable[[], Any], whole: Callable[[Any], bool]) -> Any:
            return workspace.answered(folder, ask, whole, cancel, report)

        unsaved = workspace.unsaved(folder, service)
        call = Call(asked, folder, service, budget, cancel, answered, team, unsaved)
        part = _ANSWERS[name](call)
    except NotReady as error:
        return Part({}, reason=inert_message(str(error)))
    status = service.status() if (not part.text and not part.reason) or part.indexed is None else None
    if status is not None:
        part.generation = status.generation
        part.indexed = status.files_indexed / status.files_total if status.files_total else 1.0
        if not part.text and not part.reason:
            part.reason = inert_message(workspace.unready(folder)) or _nothing(status)
    return part


def _nothing(status: Status) -> str:
    """Why there is nothing in an index that is complete."""
    if not status.files_indexed:
        return inert_message(no_files(status))
    return (
        f"nothing found among {status.symbols:,} symbols of {status.files_indexed:,} files; try other words, "
        "or fewer filters"
    )


def _text(part: Part, named: Folder | None, revision: str, budget: int) -> str:
    """The block, and below it what must be known of it as far as there is room."""
    lines = [f"Folder {inert(named.name)}:"] if named is not None else []
    if part.text:
        lines += part.text.rstrip("\n").split("\n")
    if part.reason:
        lines.append(f"Nothing to show: {part.reason}")
    state = []
    told = {Code.INCOMPLETE, Code.INDEXING}.intersection(problem.code for problem in part.problems)
    if part.indexed is not None and part.indexed < 1 and not told:
        state.append(f"{part.indexed:.0%} of the files are indexed so far; ask again for more.")
    if part.left_out:
        state.append(f"{part.left_out} more left out: raise `budget` or narrow the question.")
    if revision:
        state.append(f"Commit {revision[:_DIGITS]}.")
    notes = [*part.notes, *state, *(f"Note: {inert_message(problem.message)}" for problem in part.problems)]
    left = (budget - 1) * WHOLE - sum(cost(line + "\n") for line in lines)
    for note in notes:
        left -= cost(note + "\n")
        if left < 0:
            break
        lines.append(note)
    return "\n".join(lines)


_ANSWERS: dict[str, Callable[[Call], Part]] = {
    "search": code.search,
    "symbol": code.symbol,
    "relations": relations.relations,
    "outline": code.outline,
    "similar": code.similar,
}
