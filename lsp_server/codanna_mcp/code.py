"""The tools that show code: `search`, `symbol`, `outline` and `similar`."""

from __future__ import annotations

from dataclasses import replace

from codanna_core.context.handles import handle_of
from codanna_core.context.listing import fenced
from codanna_core.context.packer import pack
from codanna_core.errors import InvalidQuery
from codanna_core.inert import inert
from codanna_core.results import (
    Relation,
    SearchResult,
)
from codanna_core.wire import range_json
from codanna_mcp.calls import Call, Part, about, filters, gone, packed
from codanna_mcp.elsewhere import defined_elsewhere, is_about_here
from codanna_mcp.targets import Files, Found, State, target

_CALLERS_S = 0.5
"""So long a definition waits for the number of its callers."""


def search(call: Call) -> Part:
    question = call.asked.text("question", limit=10_000)
    if not question.strip():
        raise InvalidQuery("the question is empty; ask for something")
    wanted = filters(call.asked)
    context = call.answered(
        lambda: call.service.context(
            question, call.budget, filters=wanted, cancel=call.cancel, team=call.team
        ),
        lambda found: bool(found.result.indexed >= 1),
    )
    return packed(context)


def similar(call: Call) -> Part:
    files = Files(call.service, call.unsaved)
    found = call.answered(
        lambda: target(call.service, files, call.asked, call.cancel), lambda one: bool(one.hits)
    )
    if not found.hits:
        return gone(call, found)
    hit = found.hits[0]
    first, last = hit.selection.start.line, None
    if call.asked.has("endLine"):
        last = call.asked.integer("endLine", low=1) - 1
        first = call.asked.integer("line", low=1) - 1
        if last < first:
            raise InvalidQuery("`endLine` is before `line`")
    elif hit.kind == "text":
        last = hit.span.end.line - 1
    wanted = filters(call.asked, "in")
    result = call.answered(
        lambda: call.service.similar(
            hit.path, first, last, filters=wanted, cancel=call.cancel, team=call.team
        ),
        lambda answer: bool(answer.indexed >= 1),
    )
    return packed(pack(result, files.lines, call.budget, frozenset()))


def symbol(call: Call) -> Part:
    files = Files(call.service, call.unsaved)
    found = Found(State.GONE, [])
    if is_about_here(call):
        found = call.answered(
            lambda: target(call.service, files, call.asked, call.cancel), lambda one: bool(one.hits)
        )
    if not found.hits:
        far = defined_elsewhere(call)
        return far if far.text else replace(gone(call, found), problems=far.problems)
    result = SearchResult("", found.hits, 0, 1.0, 0.0)
    part = packed(pack(result, files.lines, call.budget, frozenset()), {"state": found.state.value})
    part.generation = part.indexed = None
    hit = found.hits[0]
    part.data["callers"] = None
    if len(found.hits) == 1 and hit.kind != "text":
        callers = call.service.relations(about(hit, Relation.CALLERS, budget=_CALLERS_S), cancel=call.cancel)
        count = len({(edge.path, edge.span) for edge in callers.edges})
        part.data["callers"] = {
            "count": count,
            "complete": callers.complete,
            "unknown": callers.unknown,
        }
        sure = callers.complete and not callers.unknown and not callers.passed
        least = "" if sure else "at least "
        part.notes.append(f"Called in {least}{count} place{'' if count == 1 else 's'}.")
    if doc := " ".join(hit.doc.split()):
        part.data["hits"][0]["doc"] = part.data["hits"][0].get("doc") or inert(doc)
    sentences = {
        State.CHANGED: "Its code has changed since the handle was given.",
        State.MOVED: "It has moved since the handle was given.",
        State.SEVERAL: f"{len(found.hits)} definitions have this name; a handle names one.",
    }
    if sentence := sentences.get(found.state):
        part.notes.insert(0, sentence)
    return part


def outline(call: Call) -> Part:
    files = Files(call.service, call.unsaved)
    path = files.path(call.asked.text("path", limit=5_000))
    found = call.service.document_symbols(path, "\n".join(files.lines(path)))
    symbols = [one for one in found.symbols if one.has_name]
    rows, lines = [], []
    for one in symbols:
        hit = files.hit(path, one)
        code = files.lines(path, one.start_line, one.end_line + 1)
        handle = handle_of(path, one.container, one.name, one.kind, one.start_line, code)
        depth = "  " * one.container.count(".") + ("  " if one.container else "")
        head = one.signature if one.name in one.signature else f"{one.kind} {one.name}"
        lines.append(f"{one.start_line + 1}-{one.end_line + 1} {depth}{head}")
        rows.append(
            {
                "name": inert(one.name),
                "kind": one.kind,
                "container": inert(one.container),
                "range": range_json(hit.span),
                "handle": inert(str(handle)),
            }
        )
    text, left = fenced(lines, call.budget)
    reason = "" if symbols else f"no definition was found in {inert(path)}; read it as text"
    return Part(
        {"symbols": rows[: len(rows) - left]}, text, reason=reason, left_out=left, problems=found.problems
    )
