"""textDocument/references and textDocument/documentHighlight: uses, everywhere and in one file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from codanna_core.results import Relation
from codanna_lsp.features.navigation import (
    QUICK_S,
    THOROUGH_S,
    Navigator,
    PlaceParams,
    decode_place,
    navigator,
)
from codanna_lsp.registry import Registry

if TYPE_CHECKING:
    from codanna_core.results import Edge
    from codanna_lsp.convert import Json
    from codanna_lsp.snapshot import Context, Snapshot

_READ, _WRITE = 2, 3


def references(context: Context, snapshot: Snapshot, params: PlaceParams) -> list[Json] | None:
    """All uses of what the name at a place means; of an ambiguous one the uses of all that it may mean."""
    ask = navigator(context, snapshot, params.uri)
    if ask is None:
        return None
    listed = _Listed(context, ask, params.partial_token)
    targets = ask.meant(params)
    if params.declaration:
        listed.add(ask.definitions(targets, links=False))
    if not targets and (name := ask.word(params)):
        # Nothing here defines it: its uses are those of the name, as `refs` lists them.
        ask.at(
            Relation.REFERENCES,
            params.line,
            params.character,
            name=name,
            partial=listed.edges,
            budget=ask.left(THOROUGH_S),
        )
    for one in targets:
        ask.about(Relation.REFERENCES, one, partial=listed.edges, budget=ask.left(THOROUGH_S))
    return listed.places if params.partial_token is None else []


class _Listed:
    """The places of an answer, each once; with a token, those of each file are sent as they are found."""

    def __init__(self, context: Context, ask: Navigator, token: int | str | None) -> None:
        self.places: list[Json] = []
        self._context = context
        self._ask = ask
        self._token = token

    def edges(self, edges: Sequence[Edge]) -> None:
        """Add uses."""
        self.add([self._ask.location(edge.path, edge.span, edge.wide) for edge in edges])

    def add(self, places: list[Json]) -> None:
        """Add places."""
        known = {_key(place) for place in self.places}
        fresh = list({_key(place): place for place in places if _key(place) not in known}.values())
        self.places += fresh
        if self._token is not None and fresh:
            self._context.partial(self._token, fresh)


def _key(place: Json) -> tuple[str, int, int]:
    start = place["range"]["start"]
    return place["uri"], start["line"], start["character"]


def document_highlight(context: Context, snapshot: Snapshot, params: PlaceParams) -> list[Json] | None:
    """The uses in the same document; None leaves it to the editor, which compares words."""
    ask = navigator(context, snapshot, params.uri, quiet=True)
    if ask is None:
        return None
    found = ask.at(
        Relation.REFERENCES, params.line, params.character, exact=True, within=ask.path, budget=QUICK_S
    )
    places = {
        (one.selection.start.line, one.selection.start.character): (one.selection, one.wide, _WRITE)
        for one in found.targets
        if one.path == ask.path and one.selection.start != one.selection.end
    }
    for edge in found.edges:
        kind = _WRITE if edge.role == "write" else _READ
        places.setdefault((edge.span.start.line, edge.span.start.character), (edge.span, edge.wide, kind))
    highlights = [
        {"range": ask.range(ask.path, span, wide), "kind": kind}
        for _, (span, wide, kind) in sorted(places.items(), key=lambda item: item[0])
    ]
    return highlights or None


def setup(registry: Registry) -> None:
    """Register the features."""
    registry.snapshot("textDocument/references", decode_place, references)
    registry.snapshot("textDocument/documentHighlight", decode_place, document_highlight)
