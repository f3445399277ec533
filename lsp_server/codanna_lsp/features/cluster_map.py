"""codanna/clusterMap: the definitions of each folder, laid out by meaning."""

from __future__ import annotations

from typing import TYPE_CHECKING

from codanna_core.inert import inert
from codanna_lsp import convert
from codanna_lsp.convert import Json
from codanna_lsp.registry import Registry
from codanna_lsp.snapshot import Context, Snapshot
from codanna_rpc.params import Params

if TYPE_CHECKING:
    from codanna_core.vectors.sheet import MapSymbol
    from codanna_core.workspace.folder import Folder

_SHOWN = 1000


def decode(params: Params) -> int:
    """How many symbols to show."""
    return params.integer("limit", low=1, high=5000) if params.has("limit") else _SHOWN


def cluster_map(context: Context, snapshot: Snapshot, limit: int) -> Json:
    """The map of each folder, as far as it is indexed."""
    folders: list[Json] = []
    for folder, engine in snapshot.engines(context.cancel):
        found = engine.cluster_map(limit=limit, cancel=context.cancel)
        regions = [
            {
                "words": [inert(word) for word in region.words],
                "count": region.count,
                "x": region.x,
                "y": region.y,
                "radius": region.radius,
                "symbols": [_symbol(snapshot, folder, symbol) for symbol in region.symbols],
            }
            for region in found.regions
        ]
        shape = {"symbols": found.symbols, "sampled": found.sampled, "regions": regions}
        folders.append({"uri": folder.uri, "name": inert(folder.name), **shape})
    return {"folders": folders}


def _symbol(snapshot: Snapshot, folder: Folder, symbol: MapSymbol) -> Json:
    path = symbol.hit.path
    uri, lines = snapshot.uri(folder, path), snapshot.line_source(folder, path)
    return {**convert.search_hit(symbol.hit, uri, snapshot.columns, lines), "x": symbol.x, "y": symbol.y}


def setup(registry: Registry) -> None:
    """Register the feature."""
    registry.snapshot("codanna/clusterMap", decode, cluster_map)
