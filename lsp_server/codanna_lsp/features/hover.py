"""textDocument/hover: the signature, the doc comment and the number of callers of what a name means."""

from __future__ import annotations

from typing import TYPE_CHECKING

from codanna_core.inert import inert, inert_text
from codanna_core.results import Relation
from codanna_lsp import convert
from codanna_lsp.features.call_hierarchy import CALLABLE
from codanna_lsp.features.navigation import Navigator, PlaceParams, decode_place, navigator
from codanna_lsp.registry import Registry

if TYPE_CHECKING:
    from codanna_core.results import Definition, RelationResult
    from codanna_lsp.convert import Json
    from codanna_lsp.snapshot import Context, Snapshot

COUNTING_S = 0.5
"""Callers that are not found by then are not waited for: a hover comes at once or not at all."""
MAX_DOC = 2_000


def hover(context: Context, snapshot: Snapshot, params: PlaceParams) -> Json | None:
    """What a name means; None where the text does not decide."""
    ask = navigator(context, snapshot, params.uri, quiet=True)
    if ask is None:
        return None
    found = ask.meant(params)
    if len(found) != 1:
        return None
    (one,) = found
    code = inert(one.signature or _line(ask, one))
    doc = _cut(inert_text(one.doc))
    said = [f"{one.kind} in {inert(one.path)}:{one.selection.start.line + 1}"]
    if one.container:
        said[0] = f"{one.kind} of {inert(one.container)} in {inert(one.path)}:{one.selection.start.line + 1}"
    if one.kind in CALLABLE:
        said.append(callers(ask.about(Relation.CALLERS, one, budget=COUNTING_S)))
    if "hover" in snapshot.client.rich:
        parts = [convert.fenced(code, one.language), convert.plain_markdown(doc)]
        value, kind = [*parts, convert.plain_markdown(" · ".join(said))], "markdown"
    else:
        value, kind = [code, doc, " · ".join(said)], "plaintext"
    return {"contents": {"kind": kind, "value": "\n\n".join(part for part in value if part)}}


def callers(result: RelationResult) -> str:
    """The number of callers; never "no callers" where one may be."""
    count = len({(edge.path, edge.source) for edge in result.edges})
    open_end = not result.complete
    maybe = result.unknown + result.weaker
    if count == 0 and (open_end or maybe):
        text = "no callers found so far" if open_end else "no certain callers"
    else:
        text = f"{'at least ' if open_end else ''}{count or 'no'} caller{'' if count == 1 else 's'}"
    return text + (f", {maybe} more use{'' if maybe == 1 else 's'} may mean it" if maybe else "")


def _line(ask: Navigator, one: Definition) -> str:
    """The line of what is no symbol of its own, such as a local variable."""
    if one.selection.start == one.selection.end:
        return one.name
    lines = ask.file(one.path)[1]()
    line = one.selection.start.line
    return lines[line].strip()[:300] if line < len(lines) else one.name


def _cut(doc: str) -> str:
    doc = doc.strip()
    return doc if len(doc) <= MAX_DOC else doc[:MAX_DOC].rsplit(None, 1)[0] + " …"


def setup(registry: Registry) -> None:
    """Register the feature."""
    registry.snapshot("textDocument/hover", decode_place, hover)
