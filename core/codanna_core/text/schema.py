"""Fields and analysers of the text index, and the numbers that say whether an index on disk fits this
code.
"""

from __future__ import annotations

import tantivy

FORMAT_VERSION = 1
"""Layout of the index folder. 1: first."""

FEATURE_VERSION = 9
"""Content of the documents; a change reindexes text, and embeds only what is embedded as another text.

1: first. 2: words and path of whole files, and what ranking must know of every candidate as columns. 3: terms
come without endings. 4: the words of a symbol come with their levels, and symbols with their place in the
file. 5: symbols come with the length of their body, and what is embedded keeps its parts apart. 6: files
come with the identifiers that they use. 7: Chinese, Japanese and Korean come as pairs of characters, and
words with accents are not cut at them. 8: Python's constructors set fields. 9: the words of
names come as a column.
"""

TERMS = "terms"
"""Name of the tokenizer of every searched field; it only cuts at blanks."""

WORDS = "words"
"""All words of a symbol, each with its level as the last letter."""

NAME_FIELDS = ("name", "container")
"""Words of a symbol that are also looked for by themselves."""

FILE_FIELDS = ("file_path", "file_words")
"""Searched fields of file documents: the words of the path, and the different words of all symbols."""

USES = "uses"
"""The identifiers that a file uses outside comments and strings, as they are written."""


def code_analyzer() -> tantivy.TextAnalyzer:
    """Makes terms of split words in lower case by removing English endings, the same for queries. Documents
    are given terms: a word is seen a hundred times, and a cache of words costs a third of analysing it again.
    """
    return (
        tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace())
        .filter(tantivy.Filter.lowercase())
        .filter(tantivy.Filter.stemmer("english"))
        .build()
    )


def terms_tokenizer() -> tantivy.TextAnalyzer:
    """For documents, whose terms are made where they are built."""
    return tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace()).build()


def build_schema() -> tantivy.Schema:
    """`file` marks file documents, `owner` the symbol documents of a file: one commit replaces both."""
    builder = tantivy.SchemaBuilder()
    for name in ("file", "owner", "lang", "kind", "exact"):
        builder.add_text_field(name, tokenizer_name="raw", index_option="basic")
    for name in (WORDS, *NAME_FIELDS, *FILE_FIELDS, USES):
        builder.add_text_field(name, tokenizer_name=TERMS, index_option="basic")
    for name in ("file_key", "traits", "name_terms"):
        builder.add_unsigned_field(name, fast=True)
    builder.add_unsigned_field("key", indexed=True, fast=True)
    builder.add_bytes_field("data", stored=True)
    return builder.build()
