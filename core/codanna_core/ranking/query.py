"""What a typed question means: filters, phrases and minus words taken out, identifiers recognised."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from codanna_core.hints import nearest
from codanna_core.model import Kind, Problem
from codanna_core.problems import Code
from codanna_core.ranking.pasted import Frame, may_be_pasted
from codanna_core.records import dataclass
from codanna_core.results import Filters

_TOKEN = re.compile(r'(-?)(?:(lang|language|kind|path|in|repo):)?("([^"]*)"|\S+)')
_IDENTIFIER = re.compile(r"[^\W\d]\w*[?!]?")
_BETWEEN = r"(?:::|->|[.#/\\])"
_QUALIFIED = re.compile(rf"[^\W\d]\w*(?:{_BETWEEN}[^\W\d]\w*)+[?!]?(?:\(\))?")
_LISTED = 20
_PROSE = 12
"""With more words than this beside the quoted ones a text was pasted, and its quotes are no phrases."""
_KINDS = {kind.value for kind in Kind}


@dataclass(frozen=True, slots=True)
class Question:
    """A question taken apart."""

    text: str
    """What is searched for, without filters."""
    filters: Filters
    names: tuple[str, ...]
    """Identifiers that the question consists of: definitions called so come first."""
    single: bool
    """True where the whole question is one name, qualified or not."""
    qualifiers: tuple[str, ...] = ()
    """What stands before that name: containers, modules or folders, outermost first."""
    problems: tuple[Problem, ...] = ()
    """What was typed like a filter and is none."""
    only_filters: bool = False
    """True where nothing but filters was typed: whatever passes them is an answer."""
    frames: tuple[Frame, ...] = ()
    """Of a pasted traceback, the one nearest to the error first."""
    message: str = ""
    """Of a pasted traceback or log line, the words that a source may contain in one piece."""


def understand(query: str, filters: Filters) -> Question:
    """Take a query apart. Filters typed in it replace those of the same kind given beside it.

    `lang:go`, `kind:class`, `path:src/`, `in:Session`, `repo:team/project`, `"exact words"` and `-word` are
    filters; an unknown kind and a lone colon stay what they are, so that pasted code and messages keep their
    meaning. Nothing in a traceback or a log line is a filter, and what prose quotes is no phrase.
    """
    pasted = _pasted(query, filters) if may_be_pasted(query) else None
    if pasted is not None:
        return pasted
    kept: list[str] = []
    beside = 0
    typed: dict[str, list[str]] = {
        "language": [],
        "kind": [],
        "path": [],
        "in": [],
        "repo": [],
        "minus": [],
        "phrase": [],
    }
    problems: list[Problem] = []
    for found in _TOKEN.finditer(query):
        minus, key, raw, quoted = found.groups()
        value = raw if quoted is None else quoted
        key = "language" if key == "lang" else key
        values = [part for part in value.split(",") if part]
        if key == "kind" and values and not minus:
            problems += [
                unknown("kind", part, _KINDS, "it filters nothing")
                for part in values
                if part.lower() not in _KINDS
            ]
            values = [part for part in values if part.lower() in _KINDS]
        if key and values and not minus:
            typed[key] += [part.lower() for part in values] if key in ("language", "kind") else values
        elif minus and not key and quoted is None and _IDENTIFIER.fullmatch(value):
            typed["minus"].append(value)
        elif quoted is not None and quoted.strip() and not key and not minus:
            typed["phrase"].append(quoted)
            kept.append(quoted)
        else:
            kept.append(found.group(0))
            beside += 1
    if beside > _PROSE:
        typed["phrase"] = []
    if not kept and not any(typed.values()):
        return Question("", filters, (), False, problems=tuple(problems))
    text = " ".join(kept)
    if not kept:
        # Filters alone ask for whatever passes them; their own words are the best clue to what is meant.
        text = " ".join(part for key in ("in", "path", "kind", "language", "repo") for part in typed[key])
    merged = replace(
        filters,
        languages=tuple(typed["language"]) or filters.languages,
        kinds=tuple(typed["kind"]) or filters.kinds,
        paths=tuple(typed["path"]) or filters.paths,
        containers=tuple(typed["in"]) or filters.containers,
        excluded_words=filters.excluded_words + tuple(typed["minus"]),
        phrases=filters.phrases + tuple(typed["phrase"]),
        repositories=tuple(typed["repo"]) or filters.repositories,
    )
    if not kept:
        return Question(text, merged, (), False, problems=tuple(problems), only_filters=True)
    bare = text.removesuffix("()")
    if _IDENTIFIER.fullmatch(bare):
        return Question(text, merged, (bare,), True, problems=tuple(problems))
    if _QUALIFIED.fullmatch(text):
        *qualifiers, name = re.split(_BETWEEN, bare)
        return Question(text, merged, (name,), True, tuple(qualifiers), tuple(problems))
    names = tuple(word for word in re.findall(r"\w+", text) if _looks_like_code(word))
    return Question(text, merged, names, False, problems=tuple(problems))


def _pasted(query: str, filters: Filters) -> Question | None:
    from codanna_core.ranking.traces import fixed_words, read_pasted

    found = read_pasted(query)
    if found is None:
        return None
    named = " ".join(dict.fromkeys(frame.name for frame in found.frames if frame.name))
    text, message = found.message or named, fixed_words(found.message)
    return Question(text, filters, (), False, frames=found.frames, message=message)


def unknown(what: str, given: str, known: Iterable[str], done: str) -> Problem:
    """Tell that there is no such kind or language, which is nearest, and what was done instead."""
    choices = sorted(known)
    near = nearest(given.lower(), choices)
    hint = f"; did you mean `{near[0]}`?" if near else ""
    if not near and len(choices) <= _LISTED:
        hint = f"; known are {', '.join(choices)}"
    return Problem(Code(f"unknown-{what}"), f"there is no {what} `{given}`, so {done}{hint}")


def _looks_like_code(word: str) -> bool:
    """`getUser`, `get_user` and `HTTPServer2`, not `User`, `HTTP` or `user`."""
    return "_" in word.strip("_") or re.search(r"[a-z0-9][A-Z]", word) is not None
