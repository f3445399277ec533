"""What a typed question means: filters, phrases and minus words taken out, identifiers recognised."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from codanna_core.model import Kind
from codanna_core.results import Filters

_TOKEN = re.compile(r'(-?)(?:(lang|language|kind|path|in):)?("([^"]*)"|\S+)')
_IDENTIFIER = re.compile(r"[^\W\d]\w*[?!]?")
_QUALIFIED = re.compile(r"[^\W\d]\w*(?:(?:::|->|[.#/\\])[^\W\d]\w*)+(?:\(\))?")
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


def understand(query: str, filters: Filters) -> Question:
    """Take a query apart. Filters typed in it replace those of the same kind given beside it.

    `lang:go`, `kind:class`, `path:src/`, `in:Session`, `"exact words"` and `-word` are filters; a word after
    an unknown kind or a lone colon stays what it is, so that pasted code and messages keep their meaning.
    """
    kept: list[str] = []
    typed: dict[str, list[str]] = {
        "language": [],
        "kind": [],
        "path": [],
        "in": [],
        "minus": [],
        "phrase": [],
    }
    for found in _TOKEN.finditer(query):
        minus, key, raw, quoted = found.groups()
        value = raw if quoted is None else quoted
        key = "language" if key == "lang" else key
        if key and value and not minus and (key != "kind" or value.lower() in _KINDS):
            values = [part for part in value.split(",") if part]
            typed[key] += [part.lower() for part in values] if key in ("language", "kind") else values
        elif minus and not key and quoted is None and _IDENTIFIER.fullmatch(value):
            typed["minus"].append(value)
        elif quoted is not None and quoted.strip() and not key and not minus:
            typed["phrase"].append(quoted)
            kept.append(quoted)
        else:
            kept.append(found.group(0))
    if not kept and not any(typed.values()):
        return Question("", filters, (), False)
    text = " ".join(kept)
    if not kept:
        # Filters alone ask for whatever passes them; their own words are the best clue to what is meant.
        text = " ".join(part for key in ("in", "path", "kind", "language") for part in typed[key])
    merged = replace(
        filters,
        languages=tuple(typed["language"]) or filters.languages,
        kinds=tuple(typed["kind"]) or filters.kinds,
        paths=tuple(typed["path"]) or filters.paths,
        containers=tuple(typed["in"]) or filters.containers,
        excluded_words=filters.excluded_words + tuple(typed["minus"]),
        phrases=filters.phrases + tuple(typed["phrase"]),
    )
    bare = text.removesuffix("()")
    if _IDENTIFIER.fullmatch(bare):
        return Question(text, merged, (bare,), True)
    if _QUALIFIED.fullmatch(text):
        return Question(text, merged, (re.split(r"::|->|[.#/\\]", bare)[-1],), True)
    names = tuple(word for word in re.findall(r"\w+", text) if _looks_like_code(word))
    return Question(text, merged, names, False)


def _looks_like_code(word: str) -> bool:
    """`getUser`, `get_user` and `HTTPServer2`, not `User`, `HTTP` or `user`."""
    return "_" in word.strip("_") or re.search(r"[a-z0-9][A-Z]", word) is not None
