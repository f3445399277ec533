"""The tool `relations`."""

from __future__ import annotations

from typing import Any

from codanna_core.context.handles import qualified
from codanna_core.context.listing import fenced
from codanna_core.inert import inert_message
from codanna_core.results import (
    Confidence,
    Edge,
    Relation,
    RelationRequest,
    RelationResult,
)
from codanna_core.wire import EDITOR, definition_json, edge_json, hit_json
from codanna_mcp.calls import Call, Part, about, gone
from codanna_mcp.elsewhere import repositories_of, use_lines
from codanna_mcp.targets import Files, nearest_names, target

Json = dict[str, Any]

RELATIONS_S = 5.0
"""After so long relations are answered with what is found until then."""
_DEPTHS = {Relation.IMPACT: 3}


def relations(call: Call) -> Part:
    asked = call.asked
    relation = Relation(asked.choice("relation", "", tuple(Relation)))
    confidence = Confidence(asked.choice("confidence", Confidence.LIKELY.value, tuple(Confidence)))
    depth = asked.integer("depth", _DEPTHS.get(relation, 1), 1, 10)
    references = relation is Relation.REFERENCES
    limits: Json = {"confidence": confidence, "depth": depth, "budget": RELATIONS_S}
    limits["team"] = references and call.team
    limits["repositories"] = repositories_of(call) if references else ()
    if asked.has("name") and not asked.has("handle"):
        request = RelationRequest(relation, asked.text("name", limit=1_000), **limits)
    else:
        found = target(call.service, Files(call.service, call.unsaved), asked, call.cancel)
        if not found.hits:
            return gone(call, found)
        request = about(found.hits[0], relation, **limits)
    result: RelationResult = call.answered(
        lambda: call.service.relations(request, cancel=call.cancel), lambda answer: bool(answer.indexed >= 1)
    )
    lines = [_edge_line(edge, relation) for edge in result.edges]
    lines = lines or [
        f"{one.path}:{one.selection.start.line + 1} {one.kind} {qualified(one.container, one.name)}"
        for one in result.candidates
    ]
    far = use_lines(result.elsewhere)
    text, left = fenced([*lines, *far], call.budget)
    kept = min(len(result.edges), len(lines) + len(far) - left)
    data = {
        "edges": [edge_json(edge, relation, result.targets, EDITOR) for edge in result.edges[:kept]],
        "targets": [definition_json(one, EDITOR) for one in result.targets],
        "candidates": [definition_json(one, EDITOR) for one in result.candidates],
        "complete": result.complete,
        "unknown": result.unknown,
        "weaker": result.weaker,
    }
    if far:
        shown = max(0, len(far) - left)
        data["elsewhere"] = [hit_json(hit, EDITOR) for hit in result.elsewhere[:shown]]
    part = Part(data, text, left_out=left, problems=result.problems)
    part.generation, part.indexed = result.generation, result.indexed
    part.notes = _said_of(result)
    if not text:
        part.reason = _no_edges(call, result)
    elif far and not result.edges:
        part.notes.insert(0, f"In files here: {_no_edges(call, result)}.")
    return part


def _edge_line(edge: Edge, relation: Relation) -> str:
    _, far = edge.ends(relation)
    name = qualified(far.container, far.name) if far is not None else "(top of the file)"
    row = f", {edge.depth} steps" if edge.depth > 1 else ""
    test = ", test" if edge.test else ""
    return (
        f"{edge.path}:{edge.span.start.line + 1} {name} [{edge.role}, {edge.confidence.value} "
        f"{edge.probability:.2f}{row}{test}: {edge.reason}]"
    )


def _said_of(result: RelationResult) -> list[str]:
    """What must be known beside the edges: never "none" where the truth is "unknown"."""
    notes = []
    if result.candidates:
        notes.append(f"{len(result.candidates)} definitions have this name; name one by `path` and `line`.")
    if result.unknown:
        notes.append(f"Of {result.unknown} more uses of the name it is unknown what they mean.")
    if result.weaker:
        notes.append(f"{result.weaker} with less confidence are not listed; `confidence` lists them.")
    if result.passed:
        notes.append(f"{result.passed} uses pass it on without calling it; `references` lists them.")
    if not result.complete:
        notes.append(f"Not complete: {result.files} of {result.of_files} files were looked through.")
    return notes


def _no_edges(call: Call, result: RelationResult) -> str:
    if result.targets:
        return f"no {result.relation.value} found" + (
            "" if result.complete else " in what was looked through"
        )
    name = call.asked.text("name", "")
    near = nearest_names(call.service, name, call.cancel) if name else []
    hint = f"; there is {', '.join(near)}" if near else ""
    return inert_message(f"there is no definition of {name or 'what is at this place'}{hint}")
