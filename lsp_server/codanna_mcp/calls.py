"""A call of a tool about one folder, and what it gives."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from typing import Any

from codanna_core.cancel import Cancel
from codanna_core.errors import InvalidQuery
from codanna_core.inert import inert_message
from codanna_core.languages.registry import detect_language, languages
from codanna_core.model import Kind, Problem
from codanna_core.records import dataclass
from codanna_core.results import (
    Context,
    Filters,
    Hit,
    Relation,
    RelationRequest,
)
from codanna_core.search.service import IndexService
from codanna_core.wire import EDITOR, shown_json
from codanna_core.workspace.folder import Folder
from codanna_mcp.targets import Found, State, nearest_names
from codanna_rpc.params import Params

Json = dict[str, Any]


@dataclass(slots=True)
class Part:
    """What one folder answers."""

    data: Json
    text: str = ""
    notes: list[str] = field(default_factory=list)
    """Sentences that stand outside of the fence."""
    reason: str = ""
    """Why there is nothing."""
    left_out: int = 0
    problems: Sequence[Problem] = ()
    generation: int | None = None
    indexed: float | None = None


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a tool, about one folder at a time."""

    asked: Params
    folder: Folder
    service: IndexService
    budget: int
    cancel: Cancel
    answered: Callable[[Callable[[], Any], Callable[[Any], bool]], Any]
    """Asks a folder that may only just be indexed."""
    team: bool
    """Whether this folder asks the team: one does it for all."""
    unsaved: Mapping[str, str]
    """Texts that an editor has not saved, by their paths."""


def filters(asked: Params, prefix: str = "") -> Filters:
    def named(key: str) -> str:
        return f"{prefix}{key.title()}" if prefix else key

    kinds = tuple(kind.lower() for kind in asked.texts(named("kind"), limit=50))
    for kind in kinds:
        if kind not in list(Kind):
            raise InvalidQuery(f"there is no kind {kind!r}; known are {', '.join(Kind)}")
    return Filters(
        languages=tuple(_language(one) for one in asked.texts(named("language"), limit=50)),
        kinds=kinds,
        paths=asked.texts(named("path"), limit=100),
        repositories=asked.texts(named("repository"), limit=50),
    )


def _language(name: str) -> str:
    wanted = name.lower()
    found = wanted if wanted in languages() else detect_language(f"file.{name.lstrip('.')}", b"")
    if found is None:
        raise InvalidQuery(f"there is no language {name!r}; a file suffix such as `py` will do")
    return found


def packed(context: Context, further: Json | None = None) -> Part:
    return Part(
        {"hits": [shown_json(shown, EDITOR) for shown in context.hits], **(further or {})},
        context.text,
        left_out=context.left_out,
        problems=context.result.problems,
        generation=context.result.generation,
        indexed=context.result.indexed,
    )


def about(hit: Hit, relation: Relation, **further: Any) -> RelationRequest:
    place = hit.selection.start
    return RelationRequest(relation, "", hit.path, place.line, place.character, **further)


def gone(call: Call, found: Found) -> Part:
    asked = call.asked
    what = asked.text("handle", "") or asked.text("name", "") or asked.text("path", "")
    name = what.partition("#")[2].partition("~")[0] or what
    near = nearest_names(call.service, name, call.cancel)
    hint = f"; there is {', '.join(near)}" if near else ""
    gone = "is gone" if asked.has("handle") else "is not defined here"
    return Part({"state": State.GONE.value, "callers": None}, reason=inert_message(f"{what} {gone}{hint}"))
