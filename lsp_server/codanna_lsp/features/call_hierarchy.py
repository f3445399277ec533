"""textDocument/prepareCallHierarchy, callHierarchy/incomingCalls and callHierarchy/outgoingCalls."""

from __future__ import annotations

from typing import TYPE_CHECKING

from codanna_core.inert import inert
from codanna_core.records import dataclass
from codanna_core.results import Confidence, Relation, RelationRequest
from codanna_lsp.convert import SYMBOL_KINDS
from codanna_lsp.features.navigation import (
    THOROUGH_S,
    Navigator,
    PlaceParams,
    around,
    decode_place,
    for_document,
    navigator,
)
from codanna_lsp.registry import Registry
from codanna_rpc.params import Params

if TYPE_CHECKING:
    from codanna_core.results import Definition, Edge, RelationResult
    from codanna_lsp.convert import Json
    from codanna_lsp.snapshot import Context, Snapshot

CALLABLE = frozenset({"function", "method", "class", "struct", "macro", "interface", "trait"})
_FILE_KIND = 1
_NOWHERE = {"start": {"line": 0, "character": 0}, "end": {"line": 0, "character": 0}}


@dataclass(frozen=True, slots=True)
class ItemParams:
    """An item of this server, as the client gives it back."""

    uri: str
    line: int
    character: int
    name: str
    """With its containers; empty for a file as a whole."""


def decode_item(params: Params) -> ItemParams:
    """Read the `item`."""
    item = params.child("item")
    (line, character), _ = item.range("selectionRange")
    data = item.maybe_child("data")
    name = data.text("name", "", limit=1_000) if data is not None else item.text("name", limit=1_000)
    return ItemParams(item.text("uri", limit=10_000), line, character, name)


def prepare(context: Context, snapshot: Snapshot, params: PlaceParams) -> list[Json] | None:
    """What is called at a place, else the definition around it."""
    ask = navigator(context, snapshot, params.uri)
    if ask is None:
        return None
    items = [_item(ask, one) for one in ask.meant(params, exact=False) if one.kind in CALLABLE]
    return items or None


def incoming(context: Context, snapshot: Snapshot, params: ItemParams) -> list[Json] | None:
    """The definitions that call an item, with the places of the calls."""
    ask = _asked(context, snapshot, params)
    if ask is None:
        return None
    groups: dict[tuple[str, Definition | None], list[Edge]] = {}
    for edge in _edges(ask, params, Relation.CALLERS).edges:
        groups.setdefault((edge.path, edge.source), []).append(edge)
    return [
        {"from": _end(ask, path, source, edges), "fromRanges": _ranges(ask, edges)}
        for (path, source), edges in groups.items()
    ]


def outgoing(context: Context, snapshot: Snapshot, params: ItemParams) -> list[Json] | None:
    """What an item calls itself, with the places of the calls."""
    ask = _asked(context, snapshot, params)
    if ask is None:
        return None
    groups: dict[Definition, list[Edge]] = {}
    for edge in _edges(ask, params, Relation.CALLS).edges:
        if edge.target is not None:
            groups.setdefault(edge.target, []).append(edge)
    return [
        {"to": _end(ask, target.path, target, edges), "fromRanges": _ranges(ask, edges)}
        for target, edges in groups.items()
    ]


def _asked(context: Context, snapshot: Snapshot, params: ItemParams) -> Navigator | None:
    if snapshot.server_settings.navigation == "off" or not params.name:
        return None
    return for_document(context, snapshot, params.uri)


def _edges(ask: Navigator, params: ItemParams, relation: Relation) -> RelationResult:
    """By the place of the item; by its name where the file was edited since."""
    name = params.name.rpartition(".")[2]
    found = ask.at(
        relation, params.line, params.character, name=name, exact=True, budget=ask.left(THOROUGH_S)
    )
    if found.targets:
        return found
    return ask.ask(RelationRequest(relation, params.name, ask.path, budget=ask.left(THOROUGH_S)))


def _ranges(ask: Navigator, edges: list[Edge]) -> list[Json]:
    return [ask.range(edge.path, edge.span, edge.wide) for edge in edges]


def _end(ask: Navigator, path: str, one: Definition | None, edges: list[Edge]) -> Json:
    """The item at the other end; what is not certain says so."""
    order = list(Confidence)
    best = min((edge.confidence for edge in edges), key=order.index)
    doubt = f" ({best.value})" if best is not Confidence.CERTAIN else ""
    if one is not None:
        return _item(ask, one, doubt)
    return {
        "name": inert(path.rpartition("/")[2]),
        "kind": _FILE_KIND,
        "detail": inert(path) + doubt,
        "uri": ask.file(path)[0],
        "range": _NOWHERE,
        "selectionRange": _NOWHERE,
        "data": {"name": ""},
    }


def _item(ask: Navigator, one: Definition, doubt: str = "") -> Json:
    where = f"{one.container} · {one.path}" if one.container else one.path
    return {
        "name": inert(one.name) or "(anonymous)",
        "kind": SYMBOL_KINDS.get(one.kind, 13),
        "detail": inert(where) + doubt,
        "uri": ask.file(one.path)[0],
        "range": ask.range(one.path, around(one), one.wide),
        "selectionRange": ask.range(one.path, one.selection, one.wide),
        "data": {"name": f"{one.container}.{one.name}" if one.container else one.name},
    }


def setup(registry: Registry) -> None:
    """Register the features."""
    registry.snapshot("textDocument/prepareCallHierarchy", decode_place, prepare)
    registry.snapshot("callHierarchy/incomingCalls", decode_item, incoming)
    registry.snapshot("callHierarchy/outgoingCalls", decode_item, outgoing)
