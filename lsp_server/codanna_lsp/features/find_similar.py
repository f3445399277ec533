"""codanna/findSimilar: code like the symbol at a position, or like a selection."""

from __future__ import annotations

from typing import TYPE_CHECKING

from codanna_core.records import dataclass
from codanna_lsp.convert import Json
from codanna_lsp.features.answers import decode_filters, engine_of, gather
from codanna_lsp.registry import Registry
from codanna_lsp.snapshot import Context, Snapshot
from codanna_rpc.params import InvalidParams, Params

if TYPE_CHECKING:
    from codanna_core.results import Filters, SearchResult
    from codanna_core.search.service import SearchService
    from codanna_core.workspace.folder import Folder


@dataclass(frozen=True, slots=True)
class SimilarParams:
    """Where the example is; `end_line` is None for "the symbol at this line"."""

    uri: str
    start_line: int
    end_line: int | None
    limit: int | None
    filters: Filters
    team: bool


def decode(params: Params) -> SimilarParams:
    """Read the parameters."""
    end_line: int | None = None
    position = params.position() if params.has("position") else None
    if params.has("range"):
        (start_line, _), (end_line, end_column) = params.range()
        if end_line > start_line and end_column == 0:
            end_line -= 1  # A selection of whole lines ends before the next one.
        if end_line < start_line:
            raise InvalidParams("`range` ends before it starts")
    elif position is not None:
        start_line = position[0]
    else:
        raise InvalidParams("`position` or `range` is needed")
    limit = params.integer("limit", low=1, high=1000) if params.has("limit") else None
    filters = decode_filters(params.maybe_child("filters"))
    return SimilarParams(params.document(), start_line, end_line, limit, filters, params.flag("team"))


def find_similar(context: Context, snapshot: Snapshot, params: SimilarParams) -> Json:
    """Ask the engine that knows the document."""
    home, _, path = engine_of(context, snapshot, params.uri)

    def ask(_folder: Folder, engine: SearchService, alone: bool) -> SearchResult:
        return engine.similar(
            path,
            params.start_line,
            params.end_line,
            limit=params.limit,
            filters=params.filters,
            cancel=context.cancel,
            team=params.team and alone,
        )

    return gather(context, snapshot.only(home), params.limit, ask)


def setup(registry: Registry) -> None:
    """Register the feature."""
    registry.snapshot("codanna/findSimilar", decode, find_similar)
