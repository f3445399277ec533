"""Definitions of a team's index: what `symbol` and `relations` add to the files here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from codanna_core.context.handles import qualified
from codanna_core.context.listing import fenced
from codanna_core.model import Problem
from codanna_core.problems import Code
from codanna_core.results import Filters, Form, Hit, Mode, SearchRequest, ShownHit
from codanna_core.search.teamed import is_called
from codanna_core.wire import EDITOR, shown_json
from codanna_mcp.calls import Call, Part
from codanna_mcp.targets import MOST_NAMED, State

Json = dict[str, Any]


def repositories_of(call: Call) -> tuple[str, ...]:
    """The repositories that are asked for; empty for all, and for the folder."""
    return call.asked.texts("repository", limit=50)


def is_about_here(call: Call) -> bool:
    """Whether files of the folder are asked for."""
    wanted = repositories_of(call)
    return not wanted or is_called(call.service.root, wanted)


def defined_elsewhere(call: Call) -> Part:
    """The definitions of a team with the name that is asked for; without text where no team has any."""
    wanted, name = repositories_of(call), call.asked.text("name", "", limit=1_000)
    if not call.team or not name.strip() or not (call.service.settings.team.url or wanted):
        return Part({})
    plain = name.strip().replace("::", ".").replace("#", ".")
    request = SearchRequest(
        plain, 4 * MOST_NAMED, Mode.TEXT, Filters(repositories=wanted), snippets=False, team=True
    )
    result = call.service.search(request, cancel=call.cancel)
    hits = [hit for hit in result.hits if hit.origin is not None and _is_named(hit, plain)][:MOST_NAMED]
    problems = [problem for problem in result.problems if _is_of_team(problem)]
    if not hits:
        return Part({}, problems=problems)
    heads: list[int] = []
    lines: list[str] = []
    for hit in hits:
        heads.append(len(lines))
        signature = f": {hit.signature}" if hit.signature else ""
        lines += [place_of(hit) + signature, *(line.text for line in hit.snippet)]
    text, left = fenced(lines, call.budget)
    shown = [hit for hit, head in zip(hits, heads, strict=True) if head < len(lines) - left]
    state = State.FOUND if len(hits) == 1 else State.SEVERAL
    data: Json = {
        "hits": [shown_json(ShownHit(hit, "", Form.LINE, ()), EDITOR) for hit in shown],
        "state": state.value,
        "callers": None,
    }
    notes = ["In the team's index; no file here has it, and these are its first lines."]
    return Part(data, text, notes, left_out=len(hits) - len(shown), problems=problems)


def place_of(hit: Hit) -> str:
    """Where a definition of a team is, and what it is called."""
    where = f"{hit.origin.repository}@{hit.origin.branch} " if hit.origin is not None else ""
    line = hit.selection.start.line + 1
    return f"{where}{hit.path}:{line} {hit.kind} {qualified(hit.container, hit.name)}"


def use_lines(hits: Sequence[Hit]) -> list[str]:
    """A line for each definition that uses a name."""
    return [f"{place_of(hit)} [possible: uses the name]" for hit in hits]


def _is_named(hit: Hit, plain: str) -> bool:
    return f".{qualified(hit.container, hit.name)}".replace("::", ".").endswith(f".{plain}")


def _is_of_team(problem: Problem) -> bool:
    return problem.code.value.startswith("team-") or problem.code is Code.FILTERED_OUT
