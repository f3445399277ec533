"""Fields and analysers of the text index, and the numbers that say whether an index on disk fits this
code.
"""

from __future__ import annotations

import tantivy

FORMAT_VERSION = 1
"""Layout of the index folder. 1: first."""

FEATURE_VERSION = 2
"""Content of the documents; a change reindexes text but never embeds again. 1: first. 2: words and path of
whole files, and what ranking must know of every candidate as columns.
"""

CODE = "code"
"""Name of the analyser of every searched field."""

SEARCHED_FIELDS = ("name", "container", "path", "sig", "doc", "body")

FILE_FIELDS = ("file_path", "file_words")
"""Searched fields of file documents: the words of the path, and the different words of all symbols."""


def code_analyzer() -> tantivy.TextAnalyzer:
    """Words arrive split and in lower case; only English endings are removed, the same for queries."""
    return (
        tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace())
        .filter(tantivy.Filter.lowercase())
        .filter(tantivy.Filter.stemmer("english"))
        .build()
    )


def build_schema() -> tantivy.Schema:
    """`file` marks file documents, `owner` the symbol documents of a file: one commit replaces both."""
    builder = tantivy.SchemaBuilder()
    for name in ("file", "owner", "lang", "kind", "exact"):
        builder.add_text_field(name, tokenizer_name="raw", index_option="basic")
    for name in SEARCHED_FIELDS:
        builder.add_text_field(name, tokenizer_name=CODE, index_option="freq")
    for name in FILE_FIELDS:
        builder.add_text_field(name, tokenizer_name=CODE, index_option="basic")
    for name in ("file_key", "traits"):
        builder.add_unsigned_field(name, fast=True)
    builder.add_unsigned_field("key", indexed=True, fast=True)
    builder.add_bytes_field("data", stored=True)
    return builder.build()
