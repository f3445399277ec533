"""codanna/context: the code that answers a question as one text within a number of tokens, for a model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from codanna_core.errors import IndexMissing, InvalidQuery
from codanna_core.inert import inert
from codanna_core.model import Problem
from codanna_core.problems import Code
from codanna_core.records import dataclass
from codanna_core.results import DEFAULT_BUDGET
from codanna_core.wire import EDITOR, problems_json
from codanna_lsp.convert import Json
from codanna_lsp.features.answers import decode_filters
from codanna_lsp.features.semantic_search import MAX_QUERY
from codanna_lsp.registry import Registry
from codanna_lsp.snapshot import Context, Snapshot
from codanna_rpc.params import Params

if TYPE_CHECKING:
    from codanna_core.results import Filters


@dataclass(frozen=True, slots=True)
class ContextParams:
    """A question, and how much room there is for the answer."""

    question: str
    budget: int
    filters: Filters


def decode(params: Params) -> ContextParams:
    """Read the parameters."""
    from codanna_core.context.packer import LEAST_BUDGET, MOST_BUDGET  # Late: `initialize` needs no numpy.

    return ContextParams(
        params.text("question", limit=MAX_QUERY),
        params.integer("budget", DEFAULT_BUDGET, LEAST_BUDGET, MOST_BUDGET),
        decode_filters(params.maybe_child("filters")),
    )


def context(context: Context, snapshot: Snapshot, params: ContextParams) -> Json:
    """Ask each folder's engine for its share of the text."""
    from codanna_core.context.packer import LEAST_BUDGET
    from codanna_core.context.tokens import WHOLE, cost

    folders = snapshot.folders
    share = params.budget // max(1, len(folders))
    if share < LEAST_BUDGET and folders:
        raise InvalidQuery(f"{len(folders)} folders are open; give a budget of {LEAST_BUDGET * len(folders)}")
    texts: list[str] = []
    problems: list[Problem] = []
    shares: list[float] = []
    tokens = left_out = generation = 0
    team = True
    for folder in folders:
        head = f"Folder {inert(folder.name)}:\n" if len(folders) > 1 else ""
        room = share - -(-cost(head) // WHOLE)
        engine = folder.ready(context.cancel)
        problems += folder.missing()
        if engine is None or room < LEAST_BUDGET:
            shares.append(0.0)
            continue
        try:
            found = engine.context(
                params.question, room, filters=params.filters, cancel=context.cancel, team=team
            )
            team = False  # One folder asks it for all.
        except IndexMissing as error:
            problems.append(Problem(Code.INDEX_MISSING, str(error)))
            shares.append(0.0)
            continue
        problems += found.result.problems
        shares.append(found.result.indexed)
        generation = max(generation, found.result.generation)
        left_out += found.left_out
        if found.text:
            texts.append(head + found.text)
            tokens += found.tokens + share - room
    return {
        "text": "".join(texts),
        "tokens": tokens,
        "budget": params.budget,
        "leftOut": left_out,
        "indexed": round(sum(shares) / len(shares), 4) if shares else 0.0,
        "generation": generation,
        "problems": problems_json(problems, EDITOR),
    }


def setup(registry: Registry) -> None:
    """Register the feature."""
    registry.snapshot("codanna/context", decode, context)
