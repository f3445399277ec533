"""Words of code: identifiers split at case, underscore and digit borders, each split remembered.

Indexing looks at hundreds of millions of words, nearly all of them seen before: text is cut into words by a
translation table and each word's parts come from a cache.
"""

from __future__ import annotations

import re

_WORD = re.compile(r"\w+")
_PART = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+|[^\W\d_]+")
_BLANK = bytes(byte if byte >= 128 or byte == 95 or chr(byte).isalnum() else 32 for byte in range(256))

# Source code repeats its words, so a cache answers nearly every look-up; the bound keeps memory small.
_CACHE_LIMIT = 100_000
_MAX_WORD = 80
"""Longer runs are encoded data and hashes: nobody types them, and they would fill the dictionary."""


def raw_words(data: bytes) -> list[bytes]:
    """The words of UTF-8 source text, unsplit. Bytes of other scripts stay whole until their parts are asked
    for.
    """
    return data.translate(_BLANK).split()


def find_words(text: str) -> list[str]:
    """The words of a text, unsplit."""
    return _WORD.findall(text)


def parts_of(word: str) -> list[str]:
    """The lower-case parts of one identifier, without the whole."""
    return [part.lower() for part in _PART.findall(word)]


class _IndexTexts(dict[bytes, str]):
    """Maps a raw word to its index text: its parts and, where there are several, the whole as well."""

    def __missing__(self, raw: bytes) -> str:
        if len(self) >= _CACHE_LIMIT:
            self.clear()
        text = self[raw] = "" if len(raw) > _MAX_WORD else _index_text_of(raw.decode("utf-8", "replace"))
        return text


_index_texts = _IndexTexts()


def _index_text_of(text: str) -> str:
    words = (text,) if text.isascii() else _WORD.findall(text)
    out: list[str] = []
    for word in words:
        parts = _PART.findall(word)
        out += parts
        if len(parts) > 1:
            out.append(word)
    return " ".join(out).lower()


def index_words(raws: list[bytes]) -> str:
    """Index text of words that were found already."""
    return " ".join(map(_index_texts.__getitem__, raws))


def index_text(text: str) -> str:
    """The words of `text` as the index stores them: lower-case parts and wholes, separated by blanks."""
    return index_words(raw_words(text.encode("utf-8", "replace")))


# Words that carry no meaning in a question about code. In source text they are rare, so BM25 would overrate
# them.
STOP_WORDS = frozenset(
    [
        "a",
        "an",
        "and",
        "are",
        "as",
        "at",
        "be",
        "been",
        "being",
        "but",
        "by",
        "can",
        "could",
        "did",
        "do",
        "does",
        "doing",
        "for",
        "from",
        "had",
        "has",
        "have",
        "how",
        "i",
        "if",
        "in",
        "into",
        "is",
        "it",
        "its",
        "me",
        "my",
        "of",
        "on",
        "or",
        "our",
        "should",
        "so",
        "some",
        "such",
        "than",
        "that",
        "the",
        "their",
        "them",
        "then",
        "there",
        "these",
        "they",
        "this",
        "those",
        "to",
        "was",
        "we",
        "were",
        "what",
        "when",
        "where",
        "which",
        "who",
        "whom",
        "whose",
        "why",
        "will",
        "with",
        "would",
        "you",
        "your",
    ]
)
