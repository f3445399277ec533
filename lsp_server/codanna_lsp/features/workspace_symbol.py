"""workspace/symbol and workspaceSymbol/resolve: symbols by name, or by meaning where no name fits."""

from __future__ import annotations

from typing import Any

from codanna_core.errors import IndexMissing
from codanna_core.records import dataclass
from codanna_lsp import convert
from codanna_lsp.convert import Json, LineSource
from codanna_lsp.registry import Registry
from codanna_lsp.snapshot import Context, Snapshot
from codanna_rpc.params import Params


@dataclass(frozen=True, slots=True)
class SymbolParams:
    """What to look for."""

    query: str
    team: bool
    partial_token: int | str | None


def decode(params: Params) -> SymbolParams:
    """Read `WorkspaceSymbolParams`, and `team`."""
    return SymbolParams(
        params.text("query", limit=10_000), params.flag("team"), params.token("partialResultToken")
    )


def workspace_symbol(context: Context, snapshot: Snapshot, params: SymbolParams) -> list[Json]:
    """The best symbols of every folder, best first; as parts where the client gave a token for them."""
    columns, tags = snapshot.columns, snapshot.client.symbol_tags
    scored: list[tuple[float, Json]] = []
    team = params.team
    for folder, engine in snapshot.engines(context.cancel):
        try:
            hits = engine.symbols(params.query, near=snapshot.near(folder), cancel=context.cancel, team=team)
            team = False  # One folder asks it for all.
        except IndexMissing:
            continue  # Its first index has just begun; `codanna/status` says so.
        uri_of = snapshot.uris(folder)
        files: dict[str, tuple[str, LineSource]] = {}
        for hit in hits:
            if hit.origin is not None:
                # A location needs a URI; without a link template nothing can open this one.
                if hit.origin.url:
                    scored.append((hit.score, convert.symbol_elsewhere(hit, hit.origin, tags=tags)))
                continue
            file = files.get(hit.path)
            if file is None:
                file = uri_of(hit.path), snapshot.line_source(folder, hit.path)
                files[hit.path] = file
            scored.append((hit.score, convert.symbol_information(hit, *file, columns, tags=tags)))
    items = [item for _, item in scored]
    if len(snapshot.folders) > 1:
        scored.sort(key=lambda pair: -pair[0])
        items = convert.without_doubles(item for _, item in scored)
    if params.partial_token is not None:
        context.partial(params.partial_token, items)
        return []
    return items


def decode_resolve(params: Params) -> Params:
    """The item as it was sent; it is checked when it is used."""
    return params


def resolve(context: Context, snapshot: Snapshot, item: Params) -> Any:
    """The item with its place as the file stands now: it may have been edited since the search."""
    shape = dict(item.everything)
    data, location = item.maybe_child("data"), item.maybe_child("location")
    place = snapshot.locate(location.text("uri", limit=10_000)) if location is not None else None
    if data is None or place is None:
        return shape
    folder, path = place
    engine = folder.ready(context.cancel)
    if engine is None:
        return shape
    name, line = data.text("name", ""), data.integer("line", 0)
    lines = snapshot.lines(folder, path)
    same = [symbol for symbol in engine.document_symbols(path, "".join(lines)).symbols if symbol.name == name]
    if same:
        nearest = min(same, key=lambda symbol: abs(symbol.name_line - line))
        shape["location"] = {
            "uri": snapshot.uri(folder, path),
            "range": convert.name_range(nearest, lines, snapshot.client.position_encoding),
        }
    return shape


def setup(registry: Registry) -> None:
    """Register the feature."""
    registry.snapshot("workspace/symbol", decode, workspace_symbol)
    registry.snapshot("workspaceSymbol/resolve", decode_resolve, resolve)
