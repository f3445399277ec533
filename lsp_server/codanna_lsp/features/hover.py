"""textDocument/hover: the signature, the doc comment and the number of callers of what a name means."""

from __future__ import annotations

from typing import TYPE_CHECKING

from codanna_core.inert import inert, inert_text
from codanna_core.results import Relation
from codanna_lsp import convert
from codanna_lsp.features.call_hierarchy import CALLABLE
from codanna_lsp.features.navigation import QUICK_S, Navigator, PlaceParams, decode_place, navigator
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
        seconds = min(COUNTING_S, ask.left(QUICK_S))
        said.append(callers(ask.about(Relation.CALLERS, one, budget=seconds)))
    footer = " · ".join(said)
    if "hover" not in snapshot.client.rich:
        return _contents("plaintext", code, doc, footer)
    # A rule between, so that no comment can pass for what is said of it.
    quoted = (convert.fenced(code, one.language), convert.plain_markdown(doc))
    return _contents("markdown", *quoted, "---", convert.plain_markdown(footer))


def _contents(kind: str, *parts: str) -> Json:
    return {"contents": {"kind": kind, "value": "\n\n".join(part for part in parts if part)}}


def callers(result: RelationResult) -> str:
    """The number of callers; never "no callers" where one may be."""
    count = len({(edge.path, edge.source) for edge in result.edges})
    maybe = result.unknown + result.weaker
    if count:
        said = [f"{'' if result.complete else 'at least '}{_times(count, 'caller')}"]
    elif result.complete:
        said = ["no known callers" if maybe or result.passed else "no callers"]
    else:
        said = ["no callers found so far"]
    if result.passed:
        said.append(f"passed on without a call {_times(result.passed, 'time')}")
    if maybe:
        said.append(f"{_times(maybe, 'more use')} may mean it")
    return ", ".join(said)


def _times(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"


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
