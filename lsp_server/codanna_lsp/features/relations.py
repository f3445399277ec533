"""codanna/references, codanna/callers, codanna/calls and codanna/impact: who uses what."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from codanna_core.errors import IndexMissing
from codanna_core.model import Problem
from codanna_core.problems import Code
from codanna_core.records import dataclass
from codanna_core.results import Confidence, Edge, Relation, RelationRequest, RelationResult
from codanna_core.wire import EDITOR, problems_json
from codanna_lsp import convert
from codanna_lsp.convert import Json, LineSource
from codanna_lsp.documents import column_to_index, index_to_column
from codanna_lsp.features.answers import engine_of
from codanna_lsp.registry import Registry
from codanna_lsp.snapshot import Context, Snapshot
from codanna_rpc.params import InvalidParams, Params

if TYPE_CHECKING:
    from codanna_core.results import Definition, Hit
    from codanna_core.workspace.folder import Folder

BUDGET_S = 10.0
"""Unless the client says otherwise: an editor shows what is there by then, and that there is more."""
MAX_BUDGET_S = 600.0
MAX_DEPTH = 20
MAX_DIFF = 16 << 20
_CONFIDENCES = tuple(one.value for one in Confidence)


@dataclass(frozen=True, slots=True)
class RelationParams:
    """A definition, by its name or by a place, or changed lines."""

    name: str
    uri: str | None
    line: int | None
    character: int | None
    diff: str
    confidence: Confidence
    depth: int
    budget: float
    text: bool
    team: bool
    repositories: tuple[str, ...]
    partial_token: int | str | None


def decode(relation: Relation, params: Params) -> RelationParams:
    """Read the parameters."""
    diff = params.text("diff", "", limit=MAX_DIFF) if relation is Relation.IMPACT else ""
    name = params.text("name", "", limit=1_000)
    uri = params.document() if params.has("textDocument") else None
    line, character = params.position() if params.has("position") else (None, None)
    if not diff and not name.strip() and (uri is None or line is None):
        raise InvalidParams("`textDocument` with `position`, or `name`, is needed")
    return RelationParams(
        name.strip(),
        uri,
        line if uri is not None else None,
        character,
        diff,
        Confidence(params.choice("minConfidence", Confidence.LIKELY.value, _CONFIDENCES)),
        params.integer("depth", 3 if relation is Relation.IMPACT else 1, 1, MAX_DEPTH),
        params.number("budget", BUDGET_S, 0.0, MAX_BUDGET_S),
        relation is Relation.REFERENCES and params.flag("text", False),
        relation is Relation.REFERENCES and params.flag("team"),
        params.texts("repositories") if relation is Relation.REFERENCES else (),
        params.token("partialResultToken"),
    )


def answer(relation: Relation, context: Context, snapshot: Snapshot, params: RelationParams) -> Json:
    """Ask the engine that knows the document, or all of them for a name."""
    started = time.perf_counter()
    request, folders, problems = _asked(relation, context, snapshot, params)
    shapes = _Shapes(snapshot, relation)
    token = params.partial_token
    answered: list[tuple[Folder, RelationResult]] = []
    for folder in folders:
        engine = folder.ready(context.cancel)
        problems += folder.missing()
        if engine is None:
            continue
        # With several folders a name may turn out to have a definition in each, and then has no edges.
        at_once = len(folders) == 1
        send = partial(_send, context, token, shapes, folder) if token is not None and at_once else None
        try:
            answered.append((folder, engine.relations(request, cancel=context.cancel, partial=send)))
            request = replace(request, team=False)  # One folder asks it for all.
        except IndexMissing as error:
            problems.append(Problem(Code.INDEX_MISSING, str(error)))
    found = _merged(answered, shapes, by_name=not params.diff)
    if token is not None:
        if len(folders) > 1 and found["edges"]:
            context.partial(token, {"edges": found["edges"]})
        found["edges"] = []
    # Of the team, whoever asked for it: folders with different settings may know different ones.
    far = [shapes.elsewhere(hit) for _, result in answered for hit in result.elsewhere]
    if far:
        found["elsewhere"] = convert.without_doubles(far)
    found["complete"] = found["complete"] and len(answered) == len(folders)
    found["milliseconds"] = round(1000 * (time.perf_counter() - started), 3)
    told = [*problems, *(problem for _, result in answered for problem in result.problems)]
    found["problems"] = problems_json(told, EDITOR)
    return found


def _asked(
    relation: Relation, context: Context, snapshot: Snapshot, params: RelationParams
) -> tuple[RelationRequest, Sequence[Folder], list[Problem]]:
    """The question, and whom to ask it."""
    folders: Sequence[Folder] = snapshot.folders
    path, character = None, params.character
    changed: tuple[tuple[str, int, int], ...] = ()
    if params.diff:
        from codanna_core.files.diffs import changed_lines  # Late: `initialize` is answered without it.

        changed = changed_lines(params.diff)
    elif params.uri is not None:
        folder, _, path = engine_of(context, snapshot, params.uri)
        folders = (folder,)
        if params.line is not None and character is not None:
            lines = snapshot.lines(folder, path)
            text = lines[params.line] if params.line < len(lines) else ""
            index = column_to_index(text, character, snapshot.client.position_encoding)
            character = index_to_column(text, index, "utf-16")
    request = RelationRequest(
        relation,
        params.name,
        path,
        params.line,
        character,
        changed,
        params.confidence,
        params.depth,
        params.budget,
        text=params.text,
        team=params.team,
        repositories=params.repositories,
    )
    return request, folders, []


def _send(context: Context, token: int | str, shapes: _Shapes, folder: Folder, edges: Sequence[Edge]) -> None:
    context.partial(token, {"edges": shapes.edges(folder, edges, None)})


def _merged(answered: Sequence[tuple[Folder, RelationResult]], shapes: _Shapes, *, by_name: bool) -> Json:
    """The one answer of all folders: definitions in several of them are candidates, too."""
    meant = [one for one in answered if one[1].targets or one[1].candidates]
    meant = meant or [one for one in answered if one[1].edges]  # Of a name that nothing defines.
    targets: list[Json] = []
    candidates: list[Json] = []
    edges: list[Json] = []
    several = by_name and len(meant) > 1 and any(result.targets for _, result in meant)
    for folder, result in meant:
        ends = [shapes.definition(folder, one) for one in result.targets]
        candidates += [shapes.definition(folder, one) for one in result.candidates]
        if several:
            candidates += ends[:1]
        else:
            targets += ends
            edges += shapes.edges(folder, result.edges, result.targets)
    results = [result for _, result in answered]
    return {
        "target": targets[0] if len(targets) == 1 else None,
        "targets": targets,
        "candidates": candidates,
        "edges": edges,
        "complete": all(result.complete for result in results),
        "unknown": sum(result.unknown for result in results),
        "weaker": sum(result.weaker for result in results),
        "passed": sum(result.passed for result in results),
        "files": {
            "searched": sum(result.files for result in results),
            "total": sum(result.of_files for result in results),
        },
        "generation": max((result.generation for result in results), default=0),
        "indexed": round(min((result.indexed for result in results), default=0.0), 4),
    }


class _Shapes:
    """Edges and their ends as this client reads them; lines of a file are read once, and if needed."""

    def __init__(self, snapshot: Snapshot, relation: Relation) -> None:
        self._snapshot = snapshot
        self._relation = relation
        self._columns = snapshot.columns
        self._files: dict[tuple[str, str], tuple[str, LineSource]] = {}

    def definition(self, folder: Folder, one: Definition) -> Json:
        """An end of an edge."""
        uri, lines = self._file(folder, one.path)
        return convert.definition(one, uri, self._columns, lines)

    def edges(
        self, folder: Folder, edges: Sequence[Edge], targets: Sequence[Definition] | None
    ) -> list[Json]:
        """Edges of an answer about these targets; without them, each names both of its ends."""
        define: Callable[[Definition], Any] = partial(self.definition, folder)
        return [
            convert.edge(
                edge, self._relation, targets or (), self._file(folder, edge.path), self._columns, define
            )
            for edge in edges
        ]

    def elsewhere(self, hit: Hit) -> Json:
        """A definition of the team's index, of which there is no file here."""
        return convert.search_hit(hit, hit.origin.url if hit.origin else "", self._columns, lambda: ())

    def _file(self, folder: Folder, path: str) -> tuple[str, LineSource]:
        key = (folder.uri, path)
        if key not in self._files:
            self._files[key] = self._snapshot.uri(folder, path), self._snapshot.line_source(folder, path)
        return self._files[key]


def setup(registry: Registry) -> None:
    """Register the feature."""
    for relation in Relation:
        registry.snapshot(f"codanna/{relation.value}", partial(decode, relation), partial(answer, relation))
