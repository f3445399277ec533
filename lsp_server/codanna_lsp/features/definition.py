"""textDocument/definition and textDocument/implementation: what a name means, and what implements it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from codanna_core.results import Relation
from codanna_lsp.features.navigation import THOROUGH_S, PlaceParams, decode_place, navigator
from codanna_lsp.registry import Registry

if TYPE_CHECKING:
    from codanna_lsp.convert import Json
    from codanna_lsp.snapshot import Context, Snapshot


def definition(context: Context, snapshot: Snapshot, params: PlaceParams) -> list[Json] | None:
    """The definition that a name means; several where the text does not decide."""
    ask = navigator(context, snapshot, params.uri)
    if ask is None:
        return None
    found = ask.definitions(ask.meant(params), links="definition" in snapshot.client.rich)
    return _sent(context, params, found)


def implementation(context: Context, snapshot: Snapshot, params: PlaceParams) -> list[Json] | None:
    """The subtypes of a type, and what overrides a method."""
    ask = navigator(context, snapshot, params.uri)
    if ask is None:
        return None
    edges = [
        edge
        for one in ask.meant(params)
        for edge in ask.about(Relation.IMPLEMENTATIONS, one, budget=ask.left(THOROUGH_S)).edges
    ]
    sources = [edge.source for edge in edges if edge.source is not None]
    return _sent(context, params, ask.definitions(sources, links="implementation" in snapshot.client.rich))


def _sent(context: Context, params: PlaceParams, found: list[Json]) -> list[Json] | None:
    if params.partial_token is None:
        return found or None
    context.partial(params.partial_token, found)
    return []


def setup(registry: Registry) -> None:
    """Register the features."""
    registry.snapshot("textDocument/definition", decode_place, definition)
    registry.snapshot("textDocument/implementation", decode_place, implementation)
