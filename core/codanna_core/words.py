"""Words of code: identifiers split at case, underscore and digit borders, each split remembered.

Indexing looks at hundreds of millions of words, most of them seen before: text is cut into words by a
translation table, each word's parts come from a cache, and the new words of a file are split together.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from codanna_core.cache import Cache

_WORD = re.compile(r"\w+")
_PART = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+|[^\W\d_]+")
_PART_OR_END = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+|\n")
_FOREIGN_PART = re.compile(r"[^\W\d_]+|[0-9]+")
_UNSPACED = r"\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af"
_SEARCHED_PART = re.compile(rf"[{_UNSPACED}]+|[^\W\d_{_UNSPACED}]+|\d+")
"""Chinese, Japanese and Korean are written without blanks between words."""
_HUMPS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_BLANK = bytes(byte if byte >= 128 or byte == 95 or chr(byte).isalnum() else 32 for byte in range(256))

_MAX_WORD = 80
"""Longer runs are encoded data and hashes: nobody types them, and they would fill the dictionary."""
_MAX_SPLIT = 120
"""Of a longer run only the beginning is split."""

_MARK = b"\x01"
_MARK_TEXT = "\x01"
"""Stands between texts that are cut into words together. Words hold no control characters."""
_BLANK_BUT_MARK = _BLANK[:1] + _MARK + _BLANK[2:]

WORDS_KEPT = 40_000
"""Source code repeats its words, so that so many answer nearly every look-up."""


def _split(raw: bytes) -> str:
    word = raw[:_MAX_SPLIT].decode("utf-8", "ignore")
    parts = _PART.findall(word) if word.isascii() else _FOREIGN_PART.findall(_HUMPS.sub(" ", word))
    return " ".join(parts).lower()


split_words = Cache("the parts of raw words", WORDS_KEPT, _split)
"""The lower-case parts of raw words as they are embedded, joined by blanks."""


def learn(raws: Iterable[bytes]) -> None:
    """Split many words at once, three times as fast as one by one."""
    new = [raw for raw in raws if raw not in split_words and raw.isascii() and len(raw) <= _MAX_SPLIT]
    new = new[: WORDS_KEPT // 2]
    if not new:
        return
    split_words.make_room(len(new))
    parts = _PART_OR_END.findall(b"\n".join(new).decode("ascii"))
    split_words.update(zip(new, map(str.strip, " ".join(parts).lower().split("\n")), strict=True))


def raw_words(data: bytes) -> list[bytes]:
    """The words of UTF-8 source text, unsplit. Bytes of other scripts stay whole until their parts are asked
    for.
    """
    return data.translate(_BLANK).split()


class WordsOfEach:
    """The words of many texts, found together: several times as fast as one text by one."""

    def __init__(self, texts: Sequence[list[bytes]]) -> None:
        self.texts = texts

    @classmethod
    def of_texts(cls, texts: Sequence[str]) -> WordsOfEach:
        """Finds them."""
        if not texts:
            return cls([])
        joined = _MARK_TEXT.join(texts)
        if joined.count(_MARK_TEXT) != len(texts) - 1:  # A text has such a character of its own.
            joined = _MARK_TEXT.join(text.replace(_MARK_TEXT, " ") for text in texts)
        parts = joined.encode("utf-8", "replace").translate(_BLANK_BUT_MARK).split(_MARK)
        return cls([*map(bytes.split, parts)])

    @classmethod
    def of_words(cls, texts: Iterable[Iterable[bytes]]) -> WordsOfEach:
        """Takes those that were found already."""
        return cls([*map(list, texts)])

    def values(self, cache: Cache[bytes, str]) -> list[str]:
        """For each text the values of its words, joined by blanks."""
        value_of = cache.__getitem__
        return [" ".join(map(value_of, words)).strip(" ") for words in self.texts]


def find_words(text: str) -> list[str]:
    """The words of a text, unsplit."""
    return _WORD.findall(text)


def parts_of(word: str) -> list[str]:
    """The lower-case parts of one identifier, without the whole."""
    return [part.lower() for part in _PART.findall(word)]


def asked_parts(question: str) -> frozenset[str]:
    """The words of a question that say something about code, with the parts of names, in lower case."""
    return frozenset(
        part
        for word in find_words(question)
        if word.lower() not in STOP_WORDS
        for part in (*parts_of(word), word.lower())
    )


def index_text_of(raw: bytes) -> str:
    """Index text of one raw word: its parts and, where there are several, the whole as well."""
    if len(raw) > _MAX_WORD:
        return ""
    if raw.isascii():
        parts = split_words[raw]
        return f"{parts} {raw.decode('ascii').lower()}" if " " in parts else parts
    out: list[str] = []
    for word in _WORD.findall(raw.decode("utf-8", "replace")):
        found = _SEARCHED_PART.findall(_HUMPS.sub(" ", word))
        for part in found:
            # Where words begin nobody says; two characters in a row are what a question and a text share.
            pairs = len(part) > 1 and _is_unspaced(part[0])
            out += [part[at : at + 2] for at in range(len(part) - 1)] if pairs else [part]
        if len(found) > 1 and not any(_is_unspaced(part[0]) for part in found):
            out.append(word)
    return " ".join(out).lower()


def _is_unspaced(character: str) -> bool:
    return (
        "\u3040" <= character <= "\u30ff"
        or "\u3400" <= character <= "\u4dbf"
        or "\u4e00" <= character <= "\u9fff"
        or "\uac00" <= character <= "\ud7af"
    )


_index_texts = Cache("what is searched for of raw words", WORDS_KEPT, index_text_of)


def index_words(raws: list[bytes]) -> str:
    """Index text of words that were found already."""
    return " ".join(map(_index_texts.__getitem__, raws))


def index_text(text: str) -> str:
    """The words of `text` as questions and the index have them: lower-case parts and wholes, separated by
    blanks, before endings are removed.
    """
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
