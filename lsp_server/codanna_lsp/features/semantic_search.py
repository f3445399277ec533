"""codanna/semanticSearch: code by meaning."""

from __future__ import annotations

from typing import TYPE_CHECKING

from codanna_core.records import dataclass
from codanna_lsp.convert import Json
from codanna_lsp.features.answers import decode_filters, gather
from codanna_lsp.registry import Registry
from codanna_lsp.snapshot import Context, Snapshot
from codanna_rpc.params import Params

if TYPE_CHECKING:
    from codanna_core.results import Filters, SearchResult
    from codanna_core.search.service import SearchService
    from codanna_core.workspace.folder import Folder

MODES = ("hybrid", "semantic", "text")
MAX_LIMIT = 1000
MAX_QUERY = 10_000


@dataclass(frozen=True, slots=True)
class SearchParams:
    """A question."""

    query: str
    limit: int | None
    mode: str | None
    filters: Filters
    threshold: float
    explain: bool
    team: bool
    document: str | None
    partial_token: int | str | None


def decode(params: Params) -> SearchParams:
    """Read the parameters; the defaults of `limit` and `mode` are settings."""
    return SearchParams(
        query=params.text("query", limit=MAX_QUERY),
        limit=params.integer("limit", low=1, high=MAX_LIMIT) if params.has("limit") else None,
        mode=params.choice("mode", "hybrid", MODES) if params.has("mode") else None,
        filters=decode_filters(params.maybe_child("filters")),
        threshold=params.number("threshold", 0.0, 0.0, 1e9),
        explain=params.flag("explain"),
        team=params.flag("team"),
        document=params.document() if params.has("textDocument") else None,
        partial_token=params.token("partialResultToken"),
    )


def semantic_search(context: Context, snapshot: Snapshot, params: SearchParams) -> Json:
    """Ask every folder's engine and merge by score."""
    from codanna_core.results import Mode, SearchRequest

    near = snapshot.locate(params.document) if params.document is not None else None

    def ask(folder: Folder, engine: SearchService, alone: bool) -> SearchResult:
        defaults = engine.settings.search
        return engine.search(
            SearchRequest(
                query=params.query,
                limit=params.limit or defaults.limit,
                mode=Mode(params.mode or defaults.mode),
                filters=params.filters,
                threshold=params.threshold,
                explain=params.explain,
                near=near[1] if near is not None and near[0] is folder else None,
                team=params.team and alone,
            ),
            cancel=context.cancel,
        )

    answer = gather(context, snapshot, params.limit, ask)
    answer["query"] = params.query
    if params.partial_token is not None:
        context.partial(params.partial_token, {"hits": answer["hits"]})
        answer["hits"] = []
    return answer


def setup(registry: Registry) -> None:
    """Register the feature; who types asks anew at every pause, and only the last question counts."""
    registry.snapshot("codanna/semanticSearch", decode, semantic_search, supersedes=True)
