"""A question in the engine's terms: several searches of one round trip."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import Any, Final

from codanna_core.records import dataclass
from codanna_core.text.schema import code_analyzer
from codanna_core.text.stored import Filter
from codanna_core.words import index_text
from codanna_team.codebook import DIMENSION, FACTOR, FIRST, NEAR, TABLE, Codebook, Probe, as_characters
from codanna_team.remote import RemoteQuestion
from codanna_team.visible import Condition, key_of, unmarked

PROBES: Final = 128
"""Lists of the codebook that a question looks into, of 8,192."""
_BY_KIND, _BY_PLACE = 7, 8
"""Times as many where a filter lets little through: what is nearest of that is farther away."""
_FILTERED: Final = 2.5
"""Times as many rows then: far away, more of them are about as near."""
_BY_WORDS: Final = 100
"""Rows that words bring beside a vector, which finds most of the others as well."""
_NAMED: Final = 64
_BY_PATH: Final = 30
_FILES: Final = 400
"""Files that hold words of the question; further ones hold less of it."""
_USING: Final = 1_000
_MOST_TERMS: Final = 48
_LEAST: Final = 1e-6
_CODE: Final = 4
"""Where in a packed row the code begins, behind the list and the factor."""
_BYTES: Final = DIMENSION // 8
NEARNESS: Final = (
    "BytesRef ref = doc['code'].value; byte[] x = ref.bytes; int o = ref.offset;"
    # One parameter, for looking up a second one would cost a third of comparing a code.
    " String of = params.of;"
    " int sum = "
    # Without a loop, whose turns the engine would count.
    + " + ".join(f"of.charAt({at << 8} | (x[o + {_CODE + at}] & 255))" for at in range(_BYTES))
    + "; int list = (x[o] & 255) | (x[o + 1] & 255) << 8;"
    " int factor = (x[o + 2] & 255) | (x[o + 3] & 255) << 8;"
    f" double product = sum * {TABLE[0]!r} - {_BYTES * (TABLE[1] + FIRST * TABLE[0])!r};"
    f" double first = of.charAt({_BYTES << 8} + list) * {NEAR[0]!r} - {NEAR[1] + FIRST * NEAR[0]!r};"
    f" return Math.max(0.0, 2.0 + first + factor * {FACTOR!r} * product);"
)
"""The estimate of `codebook.estimates` and two, for scores are never negative."""

_LITTLE: Final[dict[str, Any]] = {"_source": False, "stored_fields": "_none_"}
"""Of a file little is given back: reading all of it takes longer than finding it."""
_NUMBER: Final = {**_LITTLE, "docvalue_fields": ["file"]}
_HEAD: Final = {**_LITTLE, "docvalue_fields": ["head"]}
"""Of one that is found by its path, its first symbol."""


@dataclass(frozen=True, slots=True)
class Sight:
    """What a reader knows to be visible."""

    published: tuple[str, ...] = ()
    """Attempts whose rows still carry marks."""
    removed: tuple[str, ...] = ()
    """Keys of branches that are being removed."""


@dataclass(slots=True)
class Plan:
    """The searches of a question, by what they are for."""

    searches: list[dict[str, Any]] = field(default_factory=list)
    parts: list[str] = field(default_factory=list)
    """For each search `words`, `vector`, `names`, `prefix`, `identifier`, `paths`, `files` or `using`."""
    terms: tuple[str, ...] = ()

    def add(self, part: str, search: dict[str, Any]) -> None:
        """One more."""
        self.parts.append(part)
        self.searches.append(search)


def plan_of(question: RemoteQuestion, sight: Sight, codebook: Codebook | None, probes: int = PROBES) -> Plan:
    """Everything that one question asks for."""
    heaviest = sorted(question.words.items(), key=lambda item: -item[1])[:_MOST_TERMS]
    kept = {term for term, _ in heaviest}
    plan = Plan(terms=tuple(term for term in question.words if term in kept))
    weights = {term: question.words[term] for term in plan.terms}
    symbols = {"filter": [_seen(question, sight, "s"), *conditions(question.only)]}
    if question.only.excluded_words:
        symbols["must_not"] = _excluded(question.only)
    files = {"filter": [_seen(question, sight, "f")]}
    if weights:
        alone = codebook is None or question.vector is None
        limit = question.limit if alone else min(question.limit, _BY_WORDS)
        plan.add("words", _by_words(symbols, question, weights, limit))
        fitting = {"filter": [*files["filter"], *_of_files(question.only)]}
        plan.add("paths", {**_search(_bool(fitting, _by_path(weights)), _BY_PATH), **_HEAD})
        plan.add("files", _files(files, weights))
    if question.vector is not None and codebook is not None:
        times = _times(question)
        probe = codebook.probe(question.vector, probes * times)
        limit = round(question.limit * _FILTERED) if times > 1 else question.limit
        plan.add("vector", _search(_near(symbols, probe), limit))
    if question.names:
        named = _and(symbols, {"terms": {"name": list(question.names)}})
        plan.add("names", _search({"constant_score": {"filter": named}}, _NAMED))
    if question.prefix:
        plan.add("prefix", _search(_bool(symbols, _like(question.prefix)), question.limit))
    if question.identifier:
        holding = _and(symbols, *(_any_level(term) for term in terms_of(question.identifier)))
        plan.add("identifier", _search({"constant_score": {"filter": holding}}, question.limit))
        using = _and(files, {"term": {"uses": question.identifier}})
        plan.add("using", {**_search({"constant_score": {"filter": using}}, _USING), **_NUMBER})
    return plan


def _times(question: RemoteQuestion) -> int:
    only = question.only
    if only.path_regexes or only.owners or only.container_words or question.repositories:
        return _BY_PLACE
    return _BY_KIND if only.kinds or only.languages else 1


def terms_of(text: str) -> list[str]:
    """The terms of a text as the index has them."""
    return list(dict.fromkeys(code_analyzer().analyze(index_text(text))))


def by_levels(weights: Mapping[str, float]) -> list[Condition]:
    """Symbols by the weights of the terms that they hold, each times its level there."""
    return [
        {"term": {"words": {"value": term, "boost": max(weight, _LEAST)}}} for term, weight in weights.items()
    ]


def _by_words(
    symbols: Mapping[str, list[Condition]], question: RemoteQuestion, weights: Mapping[str, float], limit: int
) -> dict[str, Any]:
    """Symbols that hold terms. A condition that nearly all rows meet is looked at for the best alone, which
    lets the engine pass over the others in a third of the time.
    """
    where: dict[str, list[Condition]] = dict(symbols)
    if question.only or question.repositories:
        return _search(_bool(where, by_levels(weights)), limit)
    seen = where.pop("filter")
    return {
        **_search(_bool(where, by_levels(weights)), limit),
        "post_filter": {"bool": {"filter": seen}},
    }


def conditions(only: Filter) -> list[Condition]:
    """What a filter demands of a symbol."""
    found = _of_files(only)
    if only.kinds:
        found.append({"terms": {"kind": list(only.kinds)}})
    for words in only.container_words:
        found += [{"term": {"container_words": term}} for term in terms_of(" ".join(words))]
    return found


def _of_files(only: Filter) -> list[Condition]:
    """What it demands of the file; whether its first symbol fits is seen here."""
    found: list[Condition] = []
    for name, values in (("language", only.languages), ("path", only.owners)):
        if values:
            found.append({"terms": {name: list(values)}})
    if only.path_regexes:
        regexes = [
            {"regexp": {"path": {"value": regex, "flags": "NONE", "max_determinized_states": 10_000}}}
            for regex in only.path_regexes
        ]
        found.append({"bool": {"should": regexes, "minimum_should_match": 1}})
    return found


def _excluded(only: Filter) -> list[Condition]:
    return [_any_level(term) for word in only.excluded_words for term in terms_of(word)]


def _any_level(term: str) -> Condition:
    return {"term": {"words": term}}


def _seen(question: RemoteQuestion, sight: Sight, kind: str) -> Condition:
    """What may be in an answer at all, as one condition: most questions have the same, and the engine keeps
    which rows meet it.
    """
    must_not = unmarked(sight.published)
    if question.left_out:
        must_not.append({"terms": {"repository": [name.lower() for name in question.left_out]}})
    if sight.removed:
        must_not.append({"terms": {"key": list(sight.removed)}})
    keys = [key_of(*name.rsplit("@", 1)) for name in question.repositories if "@" in name]
    whole = [name.lower() for name in question.repositories if "@" not in name]
    of_default: Condition = {"bool": {"must_not": [{"exists": {"field": "side"}}]}}
    of_kind: Condition = {"term": {"t": kind}}
    if not question.repositories:
        return {"bool": {"filter": [of_kind, of_default], "must_not": must_not}}
    wanted: list[Condition] = []
    if whole:
        wanted.append({"bool": {"filter": [{"terms": {"repository": whole}}, of_default]}})
    if keys:
        wanted.append({"terms": {"key": keys}})
    any_of: Condition = {"bool": {"should": wanted, "minimum_should_match": 1}}
    return {"bool": {"filter": [of_kind, any_of], "must_not": must_not}}


def _files(files: Mapping[str, list[Condition]], weights: Mapping[str, float]) -> dict[str, Any]:
    """Files that hold terms: the best of them, and how many there are for each term."""
    should = [
        {"constant_score": {**_constant(_holds(term), weight)["constant_score"], "_name": str(number)}}
        for number, (term, weight) in enumerate(weights.items())
    ]
    counted = {str(number): _holds(term) for number, term in enumerate(weights)}
    return {
        **_search(_bool(files, should), _FILES),
        **_NUMBER,
        "aggs": {"holding": {"filters": {"filters": counted}}},
    }


def _holds(term: str) -> Condition:
    return {"term": {"file_words": term}}


def _by_path(weights: Mapping[str, float]) -> list[Condition]:
    """Files whose paths hold terms."""
    return [_constant({"term": {"path_words": term}}, weight) for term, weight in weights.items()]


def _like(prefix: str) -> list[Condition]:
    """Definitions whose names begin like what was typed, or hold all of its words."""
    holding = [_any_level(term) for term in terms_of(prefix)]
    return [
        _constant({"term": {"name": prefix}}, 4.0),
        _constant({"prefix": {"name": {"value": prefix, "case_insensitive": True}}}, 2.0),
        _constant({"bool": {"filter": holding or [{"match_none": {}}]}}, 1.0),
    ]


def _near(symbols: Mapping[str, list[Condition]], probe: Probe) -> dict[str, Any]:
    parameters = {"of": as_characters(probe.table, TABLE) + as_characters(probe.near, NEAR)}
    lists = {"terms": {"lists": [str(number) for number in probe.lists.tolist()]}}
    script = {"source": NEARNESS, "lang": "painless", "params": parameters}
    return {"script_score": {"query": _and(symbols, lists), "script": script}}


def _search(query: Mapping[str, Any], size: int) -> dict[str, Any]:
    # Whole rows: choosing some of their fields costs the engine more than sending all of them.
    return {"size": size, "track_total_hits": False, "query": query}


def _bool(where: Mapping[str, list[Condition]], should: Sequence[Condition]) -> dict[str, Any]:
    return {"bool": {**where, "should": list(should), "minimum_should_match": 1}}


def _and(where: Mapping[str, list[Condition]], *more: Condition) -> Condition:
    return {"bool": {**where, "filter": [*where["filter"], *more]}}


def _constant(condition: Condition, boost: float) -> Condition:
    return {"constant_score": {"filter": condition, "boost": max(boost, _LEAST)}}
