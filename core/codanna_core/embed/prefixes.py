"""What a model family wants in front of queries and passages; a model asked without it answers much worse."""

from __future__ import annotations

from codanna_core.records import dataclass


@dataclass(frozen=True, slots=True)
class Prefixes:
    """Text put in front of every query and every passage."""

    query: str = ""
    passage: str = ""


_SEARCH = Prefixes(query="Represent this sentence for searching relevant passages: ")
_QWEN = Prefixes(query="Instruct: Given a description of code, retrieve the code that does it\nQuery:")

# The longest matching start of the lower-case model name decides; a name without an entry needs no prefix.
_FAMILIES = {
    "baai/bge-small-zh": Prefixes(query="为这个句子生成表示以用于检索相关文章："),
    "baai/bge-": _SEARCH,
    "mixedbread-ai/mxbai-embed": _SEARCH,
    "snowflake/snowflake-arctic-embed": _SEARCH,
    "nomic-ai/nomic-embed-text": Prefixes("search_query: ", "search_document: "),
    "intfloat/multilingual-e5": Prefixes("query: ", "passage: "),
    "google/embeddinggemma": Prefixes("task: search result | query: ", "title: none | text: "),
    "qwen/qwen3-embedding": _QWEN,
}


def prefixes_of(model: str) -> Prefixes:
    """The prefixes of a model by its name."""
    fitting = [start for start in _FAMILIES if model.lower().startswith(start)]
    return _FAMILIES[max(fitting, key=len)] if fitting else Prefixes()
