"""codanna/explain: why a hit was found, each signal's part of its score."""

from __future__ import annotations

from codanna_core.records import dataclass
from codanna_core.results import SearchRequest
from codanna_lsp import convert
from codanna_lsp.convert import Json
from codanna_lsp.features.answers import engine_of
from codanna_lsp.registry import Registry
from codanna_lsp.snapshot import Context, Snapshot
from codanna_rpc.params import Params

DEPTH = 200
"""A hit beyond this rank is answered with null."""


@dataclass(frozen=True, slots=True)
class ExplainParams:
    """A question and the place of one of its hits."""

    query: str
    uri: str
    line: int


def decode(params: Params) -> ExplainParams:
    """Read the parameters."""
    return ExplainParams(params.text("query", limit=10_000), params.document(), params.position()[0])


def explain(context: Context, snapshot: Snapshot, params: ExplainParams) -> Json | None:
    """The innermost hit around the place with its signals; null where none of the best is there."""
    folder, engine, path = engine_of(context, snapshot, params.uri)
    request = SearchRequest(params.query, limit=DEPTH, explain=True)
    found = engine.search(request, cancel=context.cancel).hits
    here = [
        hit for hit in found if hit.path == path and hit.span.start.line <= params.line <= hit.span.end.line
    ]
    if not here:
        return None
    hit = min(here, key=lambda hit: hit.span.end.line - hit.span.start.line)
    shape = convert.search_hit(
        hit, snapshot.uri(folder, path), snapshot.columns, snapshot.line_source(folder, path)
    )
    return {**shape, "rank": found.index(hit) + 1}


def setup(registry: Registry) -> None:
    """Register the feature."""
    registry.snapshot("codanna/explain", decode, explain)
