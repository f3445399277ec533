"""Asks a team's index for a question, and joins what comes back to the view of the folder."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from codanna_core.files.repository import repository_names
from codanna_core.model import Problem
from codanna_core.problems import Code
from codanna_core.ranking.query import Question
from codanna_core.results import Hit, Mode, RelationRequest, RelationResult
from codanna_core.search.candidates import index_filter
from codanna_core.search.hits import to_hit
from codanna_core.search.joined import JoinedView
from codanna_core.search.language_names import without_language
from codanna_core.search.team import Inquiry, Team
from codanna_core.search.terms import query_terms, term_shares, text_weights
from codanna_core.search.view import SearchView
from codanna_core.text.stored import Filter

MOST_USING = 50
"""Uses elsewhere that are listed."""
_LAST_PART = re.compile(r"::|->|[.#/\\]")


class Teamed(NamedTuple):
    """What an answer is computed from."""

    view: SearchView | None
    """None where a filter for repositories leaves nothing."""
    problems: tuple[Problem, ...] = ()


def with_team(
    view: SearchView, question: Question, mode: Mode, team: Team | None, further: str = ""
) -> Teamed:
    """The view with what the team has for a question; the view as it is without a team. `further` are words
    that are searched for as well.
    """
    repositories = question.filters.repositories
    if team is None and not repositories:
        return Teamed(view)
    if team is None:
        return joined(view, None, Inquiry(repositories=repositories))
    text = without_language(view, " ".join(filter(None, (question.text, further))))
    semantic = mode is Mode.SEMANTIC and view.embedder is not None
    words = text_weights(term_shares(view, query_terms(view, text)))
    inquiry = Inquiry(
        words=words,
        names=(*question.names, question.text.removesuffix("()")) if question.single and not semantic else (),
        repositories=repositories,
        only=index_filter(question.filters),
    )
    if mode is not Mode.TEXT and view.embedder is not None:
        inquiry = replace(inquiry, vector=view.embedder.embed_query(text), model=view.embedder.model_id)
    return joined(view, team, inquiry)


def joined(view: SearchView, team: Team | None, inquiry: Inquiry) -> Teamed:
    """The view with what comes of an inquiry. With a filter for repositories the folder takes part only if it
    is one of them.
    """
    with_folder = not inquiry.repositories or is_called(view.state.root, inquiry.repositories)
    layer, problems = team.ask(inquiry) if team is not None else (None, ())
    if layer is not None:
        return Teamed(JoinedView(view, layer, with_folder=with_folder), problems)
    if with_folder:
        return Teamed(view, problems)
    if not problems:
        said = _not_called(",".join(inquiry.repositories), team)
        problems = (Problem(Code.FILTERED_OUT, said),)
    return Teamed(None, problems)


def with_uses_elsewhere(
    result: RelationResult, request: RelationRequest, team: Team | None, root: Path
) -> RelationResult:
    """The answer of the folder with the definitions of a team that use the name. With a filter for
    repositories the uses in the folder stay only if it is one of them.
    """
    name = result.targets[0].name if len(result.targets) == 1 else request.name
    if request.repositories and not is_called(root, request.repositories):
        shown = ",".join(request.repositories)
        # What the folder means by the name decides nothing about another repository.
        result = replace(result, candidates=[], edges=[], unknown=0, weaker=0, passed=0, complete=True)
        if team is None:
            result.problems = [*result.problems, Problem(Code.FILTERED_OUT, _not_called(shown, team))]
    if team is not None and name and not result.candidates:
        result.elsewhere, problems = _using(team, name, request.repositories)
        result.problems = [*result.problems, *problems]
    return result


def _using(team: Team, name: str, repositories: tuple[str, ...]) -> tuple[list[Hit], tuple[Problem, ...]]:
    """Definitions of a team that use a name. What they mean by it is not known here."""
    identifier = _LAST_PART.split(name)[-1]
    if not identifier:
        return [], ()
    layer, problems = team.ask(Inquiry(identifier=identifier, repositories=repositories, limit=MOST_USING))
    if layer is None:
        return [], problems
    rows = layer.passing(Filter(), MOST_USING)
    found = zip(layer.symbols(rows), layer.beyond(rows), strict=True)
    hits = [replace(to_hit(symbol, 0.0), snippet=far.lines, reasons=("uses",)) for symbol, far in found]
    return sorted(hits, key=_by_place)[:MOST_USING], problems


def _not_called(shown: str, team: Team | None) -> str:
    asked = "; no team's index is asked here" if team is None else ""
    return f"this folder is not `repo:{shown}`{asked}"


def _by_place(hit: Hit) -> tuple[str, str, int]:
    return hit.origin.repository if hit.origin is not None else "", hit.path, hit.span.start.line


def is_called(root: Path, repositories: Sequence[str]) -> bool:
    """Whether the folder is one of these repositories."""
    own = {name.lower() for name in repository_names(root)}
    return any(name.lower().strip("/") in own for name in repositories)
