"""What the searching requests share: filters in, merged hits out."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from codanna_core.errors import CodannaError, IndexMissing
from codanna_core.model import Kind, Problem
from codanna_core.problems import Code
from codanna_core.results import Filters
from codanna_core.wire import EDITOR, problem_json
from codanna_lsp import convert
from codanna_lsp.convert import Json
from codanna_lsp.snapshot import Context, Snapshot
from codanna_rpc.params import InvalidParams, Params

if TYPE_CHECKING:
    from codanna_core.results import Hit, SearchResult
    from codanna_core.search.service import SearchService
    from codanna_core.workspace.folder import Folder

_OF_ONE_FOLDER = frozenset({Code.NO_GOOD_MATCH, Code.NO_EXACT_MATCH, Code.NO_FRAMES, Code.FILTERED_OUT})
"""Problems that do not count where another folder has the answer."""

Ask = Callable[["Folder", "SearchService", bool], "SearchResult"]
"""Asks one folder. The last argument says whether a team may be asked as well: by one folder alone, for its
answer is the same for all, and each would wait for it.
"""


def decode_filters(params: Params | None) -> Filters:
    """Read the `filters` object."""
    if params is None:
        return Filters()
    return Filters(
        languages=params.texts("languages"),
        kinds=decode_kinds(params),
        paths=params.texts("paths"),
        containers=params.texts("containers"),
        excluded_words=params.texts("excludedWords"),
        phrases=params.texts("phrases"),
        repositories=params.texts("repositories"),
    )


def decode_kinds(params: Params) -> tuple[str, ...]:
    """Kinds of symbols; an unknown one, which nothing has, is refused instead of finding nothing."""
    kinds = params.texts("kinds")
    known = [kind.value for kind in Kind]
    for kind in kinds:
        if kind not in known:
            raise InvalidParams(f"`filters.kinds` holds `{kind[:40]}`; the kinds are {', '.join(known)}")
    return kinds


def gather(context: Context, snapshot: Snapshot, limit: int | None, ask: Ask) -> Json:
    """Ask the engine of every folder, merge the hits by score, and say what is missing."""
    started = time.perf_counter()
    columns = snapshot.columns
    hits: list[tuple[float, Json]] = []
    problems: list[Problem] = []
    shares: list[float] = []
    generations: dict[str, int] = {}
    answered = 0
    alone = True
    for folder in snapshot.folders:
        engine = folder.ready(context.cancel)
        problems += folder.missing()
        if engine is None:
            shares.append(0.0)
            continue
        try:
            result = ask(folder, engine, alone)
        except IndexMissing as error:
            begun = "the first index of this folder is being built; ask again in a moment"
            problems.append(Problem(Code.INDEX_MISSING, str(error) if folder.reconciled else begun))
            shares.append(0.0)
            continue
        alone = False
        limit = limit or engine.settings.search.limit
        problems += result.problems
        answered += bool(result.hits) and Code.NO_GOOD_MATCH not in {one.code for one in result.problems}
        shares.append(result.indexed)
        generations[folder.uri] = result.generation
        hits += [(hit.score, _shape(snapshot, columns, folder, hit)) for hit in result.hits]
    if len(generations) > 1:
        hits.sort(key=lambda pair: -pair[0])
        if answered:
            # What one folder does not have, another one does.
            problems = [problem for problem in problems if problem.code not in _OF_ONE_FOLDER]
    return {
        "hits": convert.without_doubles(item for _, item in hits)[: limit or None],
        "indexed": round(sum(shares) / len(shares), 4) if shares else 0.0,
        "generation": max(generations.values(), default=0),
        "milliseconds": round(1000 * (time.perf_counter() - started), 3),
        "problems": [problem_json(item, EDITOR) for item in problems],
    }


def _shape(snapshot: Snapshot, columns: convert.Columns, folder: Folder, hit: Hit) -> Json:
    if hit.origin is not None:
        # No file of the folder, whatever its path says: the lines of none may be read for its columns.
        return convert.search_hit(hit, hit.origin.url, columns, _no_lines)
    return convert.search_hit(
        hit, snapshot.uri(folder, hit.path), columns, snapshot.line_source(folder, hit.path)
    )


def _no_lines() -> list[str]:
    return []


def engine_of(context: Context, snapshot: Snapshot, uri: str) -> tuple[Folder, SearchService, str]:
    """The engine that knows a document, and the document's path in its folder."""
    place = snapshot.locate(uri)
    if place is None:
        raise CodannaError("the document is not in a folder of the workspace; open its folder")
    folder, path = place
    engine = folder.ready(context.cancel)
    if engine is None:
        reasons = "; ".join(problem.message for problem in folder.problems)
        raise CodannaError(reasons or f"{folder.name} is still being opened; try again in a moment")
    return folder, engine, path
