"""The one JSON shape of a hit and of a problem, for every front door: keys, their order and their rounding.

A door says how it shows text and where a span is in its columns; what else it knows (a URI, a kind's number)
it adds. `tests/contract/test_wire.py` compares the shapes with the docs and with the plug-ins' types.
"""

from collections.abc import Callable, Sequence
from typing import Any, NotRequired, TypedDict, cast

from codanna_core.inert import inert, inert_message, inert_text
from codanna_core.model import Position, Problem, Span
from codanna_core.records import dataclass
from codanna_core.results import Definition, Edge, Hit, Relation, ShownHit, SymbolHit

Json = dict[str, Any]


class PositionJson(TypedDict):
    """A place in a text, both numbers from 0."""

    line: int
    character: int


class RangeJson(TypedDict):
    """A range, end exclusive."""

    start: PositionJson
    end: PositionJson


class SnippetJson(TypedDict):
    """A line of source shown with a hit."""

    line: int
    text: str
    best: bool


class HitJson(TypedDict):
    """A hit as every door gives it; one found by its name alone has no signature, doc and snippet."""

    name: str
    kind: str
    container: str
    language: str
    path: str
    range: RangeJson
    selectionRange: RangeJson
    signature: NotRequired[str]
    doc: NotRequired[str]
    snippet: NotRequired[list[SnippetJson]]
    score: float
    reasons: list[str]
    deprecated: bool
    signals: NotRequired[dict[str, float]]
    """With `explain` only."""
    repository: NotRequired[str]
    """Of a hit of a team's index, as are the next three: there is no file of it here."""
    branch: NotRequired[str]
    revision: NotRequired[str]
    url: NotRequired[str]


class EditorHitJson(HitJson):
    """What a language server adds."""

    uri: str
    symbolKind: int


class ShownJson(HitJson):
    """A hit of a context: its code is in the text of the answer, so it has no snippet."""

    handle: str
    shown: str
    shownLines: list[list[int]]


class DefinitionJson(TypedDict):
    """A definition that an edge begins or ends at."""

    name: str
    kind: str
    container: str
    language: str
    path: str
    range: RangeJson
    selectionRange: RangeJson


class EdgeJson(TypedDict):
    """A use of a name."""

    path: str
    range: RangeJson
    """The name where it is used."""
    symbol: DefinitionJson | None
    """What is called; in all other relations the definition around the use, null at the top of a file."""
    tier: str
    probability: float
    reason: str
    role: str
    depth: int
    test: bool
    via: NotRequired[DefinitionJson]
    """The end nearer to what was asked about, where that is not the target itself."""


class ProblemJson(TypedDict):
    """A problem; one that is about no file has a path of null, or none in an editor."""

    code: str
    message: str
    path: NotRequired[str | None]


@dataclass(frozen=True, slots=True)
class Door:
    """How a front door shows text."""

    line: Callable[[str], str]
    """Names, paths and other text on one line."""
    text: Callable[[str], str]
    """Text on several lines."""
    message: Callable[[str], str]
    """Sentences for people."""
    nulls: bool
    """Whether what is absent is null; else its key is left out."""


def _exact(text: str) -> str:
    return text


PROGRAM = Door(_exact, _exact, _exact, nulls=True)
"""Exact values, for whoever compares and opens them."""
EDITOR = Door(inert, inert_text, inert_message, nulls=False)
"""Inert values, for what shows them."""


def position_json(place: Position) -> PositionJson:
    """A position, in UTF-16 columns."""
    return {"line": place.line, "character": place.character}


def range_json(span: Span) -> RangeJson:
    """A range, in UTF-16 columns."""
    return {"start": position_json(span.start), "end": position_json(span.end)}


def hit_json(
    hit: Hit | SymbolHit, door: Door = PROGRAM, place: Callable[[Span], RangeJson] = range_json
) -> HitJson:
    """A hit, found by a question or by its name."""
    line = door.line
    item: Json = {
        "name": line(hit.name),
        "kind": hit.kind,
        "container": line(hit.container),
        "language": hit.language,
        "path": line(hit.path),
        "range": place(hit.span),
        "selectionRange": place(hit.selection),
    }
    if isinstance(hit, Hit):
        item["signature"] = line(hit.signature)
        item["doc"] = door.text(hit.doc)
        item["snippet"] = [
            {"line": part.line, "text": line(part.text), "best": part.best} for part in hit.snippet
        ]
    item["score"] = round(hit.score, 6)
    item["reasons"] = list(hit.reasons) if isinstance(hit, Hit) else [hit.match]
    item["deprecated"] = hit.deprecated
    if isinstance(hit, Hit) and hit.signals:
        item["signals"] = {name: round(value, 6) for name, value in hit.signals.items()}
    if hit.origin is not None:
        item["repository"] = line(hit.origin.repository)
        item["branch"] = line(hit.origin.branch)
        item["revision"] = hit.origin.revision
        item["url"] = hit.origin.url
    return cast(HitJson, item)


def definition_json(
    one: Definition, door: Door = PROGRAM, place: Callable[[Span], RangeJson] = range_json
) -> DefinitionJson:
    """A definition."""
    return {
        "name": door.line(one.name),
        "kind": one.kind,
        "container": door.line(one.container),
        "language": one.language,
        "path": door.line(one.path),
        "range": place(one.span),
        "selectionRange": place(one.selection),
    }


def edge_json(
    edge: Edge,
    relation: Relation,
    targets: Sequence[Definition],
    door: Door = PROGRAM,
    define: Callable[[Definition], DefinitionJson] = definition_json,
    place: Callable[[Span], RangeJson] = range_json,
) -> EdgeJson:
    """An edge of an answer about these targets; `define` and `place` know the door's columns."""
    near, far = edge.ends(relation)
    item: EdgeJson = {
        "path": door.line(edge.path),
        "range": place(edge.span),
        "symbol": define(far) if far is not None else None,
        "tier": edge.confidence.value,
        "probability": round(edge.probability, 3),
        "reason": door.message(edge.reason),
        "role": edge.role,
        "depth": edge.depth,
        "test": edge.test,
    }
    if near is not None and (len(targets) != 1 or near != targets[0]):
        item["via"] = define(near)
    return item


def shown_json(shown: ShownHit, door: Door = PROGRAM) -> ShownJson:
    """A hit of a context; lines that are shown count from 0, ends are exclusive."""
    item = cast(Json, hit_json(shown.hit, door))
    item.pop("snippet")
    item["handle"] = door.line(shown.handle)
    item["shown"] = shown.form.value
    item["shownLines"] = [list(run) for run in shown.lines]
    return cast(ShownJson, item)


def problem_json(problem: Problem, door: Door = PROGRAM) -> ProblemJson:
    """A problem."""
    item: ProblemJson = {"code": problem.code.value, "message": door.message(problem.message)}
    if problem.path is not None:
        item["path"] = door.line(problem.path)
    elif door.nulls:
        item["path"] = None
    return item


def problems_json(problems: Sequence[Problem], door: Door = PROGRAM) -> list[ProblemJson]:
    """Problems, each once."""
    return [problem_json(problem, door) for problem in dict.fromkeys(problems)]
