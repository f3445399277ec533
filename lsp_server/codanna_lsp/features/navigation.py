"""What the requests of navigation share: whom to ask, what is meant at a place, and places as answers."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from codanna_core.records import dataclass
from codanna_core.results import Relation, RelationRequest
from codanna_lsp.documents import column_to_index, index_to_column
from codanna_lsp.features.answers import engine_of
from codanna_lsp.settings import serves
from codanna_rpc.params import Params

if TYPE_CHECKING:
    from codanna_core.model import Span
    from codanna_core.results import Definition, Edge, RelationResult
    from codanna_core.search.service import SearchService
    from codanna_core.workspace.folder import Folder
    from codanna_lsp.convert import Json, LineSource
    from codanna_lsp.snapshot import Context, Snapshot

QUICK_S = 2.0
"""For what is asked with every move of the cursor, or before anything is shown."""
THOROUGH_S = 10.0
"""For a whole answer, however many definitions a name may mean."""
_WORD = re.compile(r"[^\W\d]\w*")
MOST_MEANT = 12
"""Definitions that one ambiguous name is followed to."""


@dataclass(frozen=True, slots=True)
class PlaceParams:
    """A place in a document."""

    uri: str
    line: int
    character: int
    partial_token: int | str | None = None
    declaration: bool = True


def decode_place(params: Params) -> PlaceParams:
    """Read `TextDocumentPositionParams`, and what references have beside them."""
    line, character = params.position()
    more = params.maybe_child("context")
    declaration = more.flag("includeDeclaration", True) if more is not None else True
    return PlaceParams(params.document(), line, character, params.token("partialResultToken"), declaration)


class Navigator:
    """Asks about one place, and turns what is found into what the client reads."""

    def __init__(
        self, context: Context, snapshot: Snapshot, folder: Folder, engine: SearchService, path: str
    ) -> None:
        self.path = path
        self.folder = folder
        self._context = context
        self._snapshot = snapshot
        self._engine = engine
        self._columns = snapshot.columns
        self._files: dict[str, tuple[str, LineSource]] = {}
        self._began = time.monotonic()

    def left(self, budget: float) -> float:
        """What is left of the seconds that the whole answer may take."""
        return max(0.0, self._began + budget - time.monotonic())

    def at(
        self,
        relation: Relation,
        line: int,
        character: int,
        *,
        partial: Callable[[Sequence[Edge]], None] | None = None,
        **more: Any,
    ) -> RelationResult:
        """What an engine says about a place in the columns of the client."""
        lines = self._snapshot.lines(self.folder, self.path)
        text = lines[line] if line < len(lines) else ""
        index = column_to_index(text, character, self._columns.encoding)
        request = RelationRequest(
            relation, path=self.path, line=line, character=index_to_column(text, index, "utf-16"), **more
        )
        return self.ask(request, partial)

    def about(
        self,
        relation: Relation,
        one: Definition,
        *,
        partial: Callable[[Sequence[Edge]], None] | None = None,
        **more: Any,
    ) -> RelationResult:
        """What an engine says about a definition."""
        start = one.selection.start
        request = RelationRequest(
            relation, path=one.path, line=start.line, character=start.character, exact=True, **more
        )
        return self.ask(request, partial)

    def ask(
        self, request: RelationRequest, partial: Callable[[Sequence[Edge]], None] | None = None
    ) -> RelationResult:
        """Ask the engine."""
        return self._engine.relations(request, cancel=self._context.cancel, partial=partial)

    def meant(self, params: PlaceParams, *, exact: bool = True) -> list[Definition]:
        """The definitions that the name at a place may mean."""
        found = self.at(
            Relation.REFERENCES, params.line, params.character, exact=exact, depth=0, budget=QUICK_S
        )
        return (found.targets or found.candidates)[:MOST_MEANT]

    def word(self, params: PlaceParams) -> str:
        """The word at a place; empty where none is."""
        lines = self._snapshot.lines(self.folder, self.path)
        text = lines[params.line] if params.line < len(lines) else ""
        index = column_to_index(text, params.character, self._columns.encoding)
        words = (found for found in _WORD.finditer(text) if found.start() <= index <= found.end())
        return next((found.group() for found in words), "")

    def file(self, path: str) -> tuple[str, LineSource]:
        """The URI and the lines of a file."""
        if path not in self._files:
            self._files[path] = (
                self._snapshot.uri(self.folder, path),
                self._snapshot.line_source(self.folder, path),
            )
        return self._files[path]

    def range(self, path: str, span: Span, wide: bool) -> Json:
        """A range in a file."""
        area: Any = self._columns.range(span, wide, self.file(path)[1])
        return dict(area)

    def location(self, path: str, span: Span, wide: bool) -> Json:
        """A `Location`."""
        return {"uri": self.file(path)[0], "range": self.range(path, span, wide)}

    def definitions(self, found: Sequence[Definition], *, links: bool) -> list[Json]:
        """Definitions as `Location` or, with `links`, as `LocationLink`."""
        shapes: list[Json] = []
        for one in found:
            name = self.location(one.path, one.selection, one.wide)
            if links:
                whole = self.range(one.path, around(one), one.wide)
                name = {
                    "targetUri": name["uri"],
                    "targetRange": whole,
                    "targetSelectionRange": name["range"],
                }
            if name not in shapes:
                shapes.append(name)
        return shapes


def around(one: Definition) -> Span:
    """The whole of a definition; the specification wants the name inside it, and some clients throw."""
    whole, name = one.span, one.selection
    start = min(whole.start, name.start, key=lambda at: (at.line, at.character))
    end = max(whole.end, name.end, key=lambda at: (at.line, at.character))
    return type(whole)(start, end)


def navigator(context: Context, snapshot: Snapshot, uri: str, *, quiet: bool = False) -> Navigator | None:
    """Whom to ask about a document; None where another server is to answer, or where nothing is known of it.

    `quiet` is for requests that an editor makes by itself: they fail without a message.
    """
    place = snapshot.locate(uri)
    wish, languages = snapshot.server_settings.navigation, snapshot.languages.navigation
    if place is None or not serves(wish, languages, snapshot.language(uri)):
        return None
    return for_document(context, snapshot, uri, quiet=quiet)


def for_document(context: Context, snapshot: Snapshot, uri: str, *, quiet: bool = False) -> Navigator | None:
    """The same for a document that was part of an earlier answer."""
    place = snapshot.locate(uri)
    if place is None or (quiet and place[0].ready(context.cancel) is None):
        return None
    snapshot.handed_over()
    return Navigator(context, snapshot, *engine_of(context, snapshot, uri))
