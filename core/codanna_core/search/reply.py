"""From a question to an answer: what was pasted or quoted is located, then what is relevant is shown."""

from __future__ import annotations

import time
from collections.abc import Collection
from dataclasses import replace

from codanna_core.cancel import Cancel
from codanna_core.embed.builtin import BUILTIN_NAME
from codanna_core.errors import InvalidQuery
from codanna_core.languages.registry import detect_language, languages
from codanna_core.model import Problem
from codanna_core.problems import Code
from codanna_core.ranking.confidence import matches_well
from codanna_core.ranking.foreign import in_english
from codanna_core.ranking.query import Question, understand, unknown
from codanna_core.results import SearchRequest, SearchResult
from codanna_core.search.candidates import find_candidates, index_filter
from codanna_core.search.filtered import filtered_out
from codanna_core.search.page import Page, add_ranked
from codanna_core.search.pasted import symbols_of_frames
from codanna_core.search.phrases import Quoted, find_phrases
from codanna_core.search.spelling import corrections
from codanna_core.search.team import Team
from codanna_core.search.teamed import with_team
from codanna_core.search.view import SearchView
from codanna_core.text.rows import NONE
from codanna_core.words import find_words, index_text

UNPARSED = "text"
"""The language of a file that no grammar is for."""

_CERTAIN, _LIKELY = 1.0, 0.95
"""Scores of what a frame names, and of what contains the message."""
_FEW = 5
"""A message that is in more symbols than this is no clue."""


def answer(
    view: SearchView, request: SearchRequest, cancel: Cancel | None = None, team: Team | None = None
) -> SearchResult:
    """Answer one question from one view, and from what a team's index has for it."""
    started = time.perf_counter()
    if request.limit < 1:
        raise InvalidQuery(f"limit is {request.limit}; ask for at least one result")
    question = understand(request.query.strip(), request.filters)
    question = _with_known_languages(question)
    problems = [*view.state.problems, *question.problems]
    page = Page(view, question.text, request.limit, snippets=request.snippets)
    if question.text:
        kept, english = in_english(question.text)
        if english:
            shown = " ".join(english.values())
            problems.append(
                Problem(Code.TRANSLATED, f"the question is not in English; `{shown}` is searched for as well")
            )
            # Beside its English a word that occurs nowhere only says how rare it is.
            there = [word for word in find_words(kept) if word.isascii() or _occurs(view, word)]
            kept = " ".join(word for word in there if word not in english or _occurs(view, word))
        question = replace(question, text=kept)
        asked = with_team(view, question, request.mode, team, " ".join(english.values()))
        problems += asked.problems
        if asked.view is None:
            return view.result(request.query, [], started, problems)
        corrected = corrections(asked.view, question.text)
        for word, near in corrected.items():
            problems.append(
                Problem(Code.SPELLING, f"`{word}` occurs nowhere; `{near}` is searched for as well")
            )
        question = replace(question, text=" ".join((question.text, *corrected.values(), *english.values())))
        other = (*corrected, *english)
        problems += _fill(view, asked.view, request, question, page, cancel, other_words=other)
    return view.result(request.query, page.hits, started, problems)


def _fill(
    folder: SearchView,
    view: SearchView,
    request: SearchRequest,
    question: Question,
    page: Page,
    cancel: Cancel | None,
    *,
    other_words: Collection[str],
) -> list[Problem]:
    """What was pasted, what contains the phrases, and what is relevant; gives what there is to report. For
    `other_words`, misspelled or not English, others are searched for. What is looked up in files is looked up
    in the `folder`; the `view` may have more.
    """
    only = index_filter(question.filters)
    problems = _locate(folder, question, page, request.limit, cancel)
    phrases = question.filters.phrases
    quoted: Quoted | None = None
    if phrases:
        quoted = find_phrases(folder, phrases, only, request.limit, cancel)
        if not quoted.found and quoted.searched < quoted.files:
            problems.append(_partly(quoted))
        elif not quoted.found:
            # Quotation marks are also part of pasted messages, whose variable parts no source text holds.
            shown = " and ".join(f'"{phrase}"' for phrase in phrases)
            problems.append(
                Problem(Code.NO_EXACT_MATCH, f"nothing contains exactly {shown}; these hits are near it")
            )
        quoted = quoted if quoted.found else None
    candidates = find_candidates(
        view, question, request.mode, cancel, NONE if quoted is None else quoted.rows
    )
    if cancel is not None:
        cancel.raise_if_cancelled()
    bundled = view.embedder is not None and view.embedder.model_id.startswith(f"{BUILTIN_NAME}@")
    # While a share of the folder is indexed, the answer may be in the rest.
    partial = view.state.indexed < 1.0
    # A model that knows English finds words of other languages far from everything that contains them.
    own = any(not word.isascii() and _occurs(view, word) for word in find_words(question.text))
    known = bool(page.hits) or quoted is not None or question.only_filters or partial or own
    well = known or bool(candidates.exact.any())
    for with_paths in (False, True):
        evidence = None if well else candidates.evidence(view, other_words, with_paths=with_paths)
        well = evidence is None or matches_well(evidence, candidates.sought.mode, bundled=bundled)
    add_ranked(view, request, question, candidates, page, among=quoted, well=well)
    nothing_left = any(problem.code is Code.NOTHING_LEFT for problem in view.state.problems)
    if partial or nothing_left or (page.hits and well):
        return problems
    if not page.hits and (question.problems or (excluding := filtered_out(folder, question.filters))):
        return problems + ([] if question.problems else excluding)
    then = "; these hits are the nearest" if page.hits else ""
    return [*problems, Problem(Code.NO_GOOD_MATCH, f"nothing here matches the question well{then}")]


def _locate(
    view: SearchView, question: Question, page: Page, limit: int, cancel: Cancel | None
) -> list[Problem]:
    """The frames of a traceback, and what contains its message in one piece."""
    only = index_filter(question.filters)
    problems = []
    if question.frames:
        found = symbols_of_frames(view, question.frames, only)
        for symbol in found[: max(1, limit // 2)]:
            page.add(symbol, _CERTAIN, ("frame",))
        if not found:
            problems.append(Problem(Code.NO_FRAMES, "no frame of the traceback is in this folder"))
    if question.message:
        quoted = find_phrases(view, (question.message,), only, 0, cancel)
        if len(quoted.rows) <= _FEW:
            for symbol in view.symbols(quoted.rows):
                page.add(symbol, _LIKELY, ("message",))
    return problems


def _occurs(view: SearchView, word: str) -> bool:
    """Whether a word, or two characters in a row of one without blanks, is in any file."""
    return any(view.frequency("file_words", term) for term in view.kept.terms(index_text(word)))


def _partly(quoted: Quoted) -> Problem:
    return Problem(
        Code.PHRASE_PARTIAL,
        f"the quoted phrase was looked for in {quoted.searched:,} of {quoted.files:,} files; name a folder or"
        " a language to look in all of its files, such as `path:src/`",
    )


def _with_known_languages(question: Question) -> Question:
    """Languages by their names, be it that suffixes such as `py` were given; unknown ones are told."""
    if not question.filters.languages:
        return question
    named: list[str] = []
    problems = list(question.problems)
    for given in question.filters.languages:
        name = given.lower()
        if name not in languages() and name != UNPARSED:
            name = detect_language(f"file.{name.lstrip('.')}", b"") or name
            if name not in languages():
                problems.append(unknown("language", given, languages(), "nothing is written in it"))
        named.append(name)
    filters = replace(question.filters, languages=tuple(named))
    return replace(question, filters=filters, problems=tuple(problems))
