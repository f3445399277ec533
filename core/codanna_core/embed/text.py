"""The embedding text of a symbol, and the key under which its vector is stored.

The text is plain lower-case words, identifiers split at their humps. A static table and a transformer trained
on English both read that best, and equal meaning gives equal text however a project writes its names. Each
part of a symbol is a line of its own, so that a model may weigh them; for any other a line end is a blank.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from hashlib import blake2b

from codanna_core.model import Symbol
from codanna_core.words import WordsOfEach, raw_words, split_words

# Budgets in characters: cutting a string is free, and what follows the first sentences adds little.
PATH_CHARACTERS = 80
CONTAINER_CHARACTERS = 120
SIGNATURE_CHARACTERS = 240
DOC_CHARACTERS = 600
BODY_CHARACTERS = 900

PARTS = ("place", "container", "name", "parameters", "doc", "body")
"""The lines of the text of a symbol, some of them empty."""

_OPERATORS = re.compile(r"[-!#$%&*+./<=>?@\\^|~:]{2,3}")


def words(text: str) -> list[str]:
    """The lower-case words of a text, identifiers split at case, underscore and digit borders."""
    return _split_text(text).split()


class FileTexts:
    """Makes the embedding texts of one file; `path` is relative to the workspace."""

    def __init__(self, path: str) -> None:
        stem = path.rpartition(".")[0] or path
        # What a file is called says what it is about; without the repeats a long definition drowns its name.
        file = stem.rpartition("/")[2]
        self._place = _split_text(f"{stem[-PATH_CHARACTERS:]} {file} {file}")

    def of(self, symbols: Iterable[Symbol], bodies: Iterable[list[bytes]]) -> list[str]:
        """The texts of symbols; a body is the words after the signature, nested definitions left out."""
        heads: list[str] = []
        ends: list[str] = []
        for symbol in symbols:
            name, signature = symbol.name, symbol.signature
            # Keywords and a second mention of the name only dilute what parameters and result say.
            parameters = (signature.partition(name)[2] if name else signature)[:SIGNATURE_CHARACTERS]
            heads += (symbol.container[-CONTAINER_CHARACTERS:], name, parameters, symbol.doc[:DOC_CHARACTERS])
            ends.append("" if name.isidentifier() else " ".join(["", *_OPERATORS.findall(name)]))
        words = WordsOfEach.of_texts(heads).values(split_words)
        bodies_words = WordsOfEach.of_words(dict.fromkeys(_first(body)) for body in bodies).values(
            split_words
        )
        parts = zip(words[::4], words[1::4], ends, words[2::4], words[3::4], bodies_words, strict=True)
        return [
            f"{self._place}\n{container}\n{name}{operators}\n{parameters}\n{doc}\n{body}"
            for container, name, operators, parameters, doc, body in parts
        ]


def embedding_text(
    path: str, container: str, name: str, kind: str, signature: str, doc: str, body: str
) -> str:
    """The text that is embedded for a symbol; at most about 250 words, equal for equal input.

    `path` is relative to the workspace; `body` is the source after the signature, nested definitions left
    out.
    """
    symbol = Symbol(name, kind, container, signature, doc, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
    return FileTexts(path).of([symbol], [raw_words(body[:BODY_CHARACTERS].encode("utf-8", "replace"))])[0]


def _first(words: list[bytes]) -> list[bytes]:
    """As many words as the budget allows, the last one cut."""
    if sum(map(len, words)) + len(words) <= BODY_CHARACTERS:
        return words
    body = b" ".join(words)
    if body.isascii():
        return body[:BODY_CHARACTERS].split()
    return raw_words(body.decode("utf-8", "replace")[:BODY_CHARACTERS].encode("utf-8"))


def _split_text(text: str) -> str:
    return " ".join(map(split_words.__getitem__, raw_words(text.encode("utf-8", "replace"))))


def text_key(text: str) -> int:
    """64-bit content key of an embedding text, whatever the model."""
    return int.from_bytes(blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "little")
