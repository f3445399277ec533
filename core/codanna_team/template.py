"""How the engine has to hold the rows: fields, shards, replicas, and the scripts that mark rows."""

from __future__ import annotations

from typing import Any, Final

from codanna_core.text.schema import FEATURE_VERSION
from codanna_team.rows import FORMAT

META: Final = "codanna"
"""Address of the document that says what an index was made for."""

PUT_MANIFEST: Final = (
    "def fields = params.fields; for (name in ['unswept', 'abandoned']) {"
    " def marks = fields[name]; if (marks != null) {"
    " for (mark in marks) { if (mark.at == null) { mark.at = ctx._now } } } }"
    " def attempt = fields.attempt;"
    " if (attempt != null && attempt.at == null) { attempt.at = ctx._now }"
    " if (fields.containsKey('published_at') && fields.published_at == null)"
    " { fields.published_at = ctx._now }"
    " fields.seen = ctx._now; ctx._source.manifest = fields"
)
"""The engine's clock counts: those of publishers may be wrong."""

ADD_MARK: Final = (
    "def marks = ctx._source[params.mark];"
    " if (marks == null) { ctx._source[params.mark] = [params.attempt] }"
    " else if (!marks.contains(params.attempt)) { marks.add(params.attempt) }"
    " else if (params.place == null) { ctx.op = 'none' }"
    " if (params.place != null) {"
    " if (ctx._source.moves == null) { ctx._source.moves = [:] }"
    " ctx._source.moves[params.attempt] = params.place }"
)
"""Have a row begin, end or move with a revision."""

SETTLE: Final = (
    "def born = ctx._source.born; if (born != null && born.contains(params.attempt))"
    " { ctx._source.remove('born') }"
    " def moves = ctx._source.moves; if (moves != null && moves.containsKey(params.attempt)) {"
    " if (params.visible) { ctx._source.place = moves[params.attempt] } moves.remove(params.attempt) }"
    " for (name in ['died', 'moved']) { def marks = ctx._source[name];"
    " if (marks != null) { marks.removeIf(mark -> mark == params.attempt) } }"
)
"""Let a row forget a revision that everybody sees, or that nobody ever will."""

_SIMILARITY: Final = "return query.boost * doc.freq;"
"""The rarities of words are the client's, for they are those of a folder and the team together."""

_TERM: Final = {"type": "keyword", "doc_values": False, "norms": False, "index_options": "docs"}
_WORDS: Final = {"type": "text", "analyzer": "terms", "norms": False, "index_options": "docs"}
_LEVELED: Final = {
    **_WORDS,
    "analyzer": "leveled",
    "search_analyzer": "terms",
    "similarity": "levels",
    "index_options": "freqs",
}
_KEPT: Final = {"type": "keyword", "index": False, "doc_values": False}
"""Given back as it came, and neither searched nor sorted by."""

FIELDS: Final[dict[str, Any]] = {
    # What a document is: s symbol, f file, m manifest.
    "t": _TERM,
    "repository": {**_TERM, "doc_values": True},
    "side": _TERM,  # The branch, of rows that are not of the default branch.
    "key": _TERM,  # Repository and branch, as the manifest is called.
    "path": _TERM,
    "path_words": _WORDS,
    "file": {"type": "long", "index": False},
    "language": _TERM,
    "kind": _TERM,
    "name": _TERM,
    "words": _LEVELED,
    "container_words": _WORDS,
    "file_words": _WORDS,
    "uses": _WORDS,
    "lists": _TERM,
    "code": {"type": "binary", "doc_values": True},  # See `codebook.packed`.
    "born": _TERM,
    "died": _TERM,
    "moved": _TERM,
    "container": _KEPT,
    "signature": _KEPT,
    "doc": _KEPT,
    "snippet": _KEPT,
    "place": _KEPT,
    "vector": _KEPT,
    "flags": {"type": "short", "index": False, "doc_values": False},
    "traits": {"type": "integer", "index": False, "doc_values": False},
    "head": {"type": "binary", "doc_values": True},  # Of a file: its first symbol, as JSON.
    "moves": {"type": "object", "enabled": False},
    "manifest": {"type": "object", "enabled": False},
}


def index_body(model: str, codebook: str, *, shards: int = 1, replicas: int = 1) -> dict[str, Any]:
    """What an index is made with. The number of shards stays, the number of replicas can be changed."""
    return {
        "settings": {
            "number_of_shards": shards,
            "number_of_replicas": replicas,
            "refresh_interval": "30s",
            "analysis": {
                "filter": {"times": {"type": "delimited_term_freq", "delimiter": "|"}},
                "analyzer": {
                    "terms": {"type": "custom", "tokenizer": "whitespace"},
                    "leveled": {"type": "custom", "tokenizer": "whitespace", "filter": ["times"]},
                },
            },
            "similarity": {"levels": {"type": "scripted", "script": {"source": _SIMILARITY}}},
        },
        "mappings": {
            "dynamic": "strict",
            "_source": {"enabled": True},
            "_meta": {"codanna": made_for(model, codebook)},
            "properties": FIELDS,
        },
    }


def made_for(model: str, codebook: str) -> dict[str, Any]:
    """What publishers and askers of an index have to share."""
    return {"format": FORMAT, "features": FEATURE_VERSION, "model": model, "codebook": codebook}
