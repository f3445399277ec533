"""The embedding text of a symbol, and the key under which its vector is stored.

The text is plain lower-case words, identifiers split at their humps. A static table and a transformer trained
on English both read that best, and equal meaning gives equal text however a project writes its names.
"""

from __future__ import annotations

import re
from hashlib import blake2b

from codanna_core.words import raw_words, split_words

# Budgets in characters: cutting a string is free, and what follows the first sentences adds little.
PATH_CHARACTERS = 80
CONTAINER_CHARACTERS = 120
SIGNATURE_CHARACTERS = 240
DOC_CHARACTERS = 600
BODY_CHARACTERS = 900

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

    def of(self, container: str, name: str, signature: str, doc: str, body: bytes) -> str:
        """The text of a symbol; `body` is the source after the signature, nested definitions left out."""
        # Keywords and a second mention of the name only dilute what parameters and result say.
        parameters = (signature.partition(name)[2] if name else signature)[:SIGNATURE_CHARACTERS]
        raw = raw_words(
            f"{container[-CONTAINER_CHARACTERS:]} {name} {parameters} {doc[:DOC_CHARACTERS]}".encode(
                "utf-8", "replace"
            )
        )
        if body:
            raw += dict.fromkeys(raw_words(_cut(body)))
        text = " ".join([self._place, *map(split_words.__getitem__, raw)])
        if name.isidentifier():
            return text
        operators = _OPERATORS.findall(name)
        return " ".join([text, *operators])


def embedding_text(
    path: str, container: str, name: str, kind: str, signature: str, doc: str, body: str
) -> str:
    """The text that is embedded for a symbol; at most about 250 words, equal for equal input.

    `path` is relative to the workspace; `body` is the source after the signature, nested definitions left
    out.
    """
    return FileTexts(path).of(container, name, signature, doc, body.encode("utf-8", "replace"))


def _cut(body: bytes) -> bytes:
    if body.isascii():
        return body[:BODY_CHARACTERS]
    return body.decode("utf-8", "replace")[:BODY_CHARACTERS].encode("utf-8")


def _split_text(text: str) -> str:
    return " ".join(map(split_words.__getitem__, raw_words(text.encode("utf-8", "replace"))))


def text_key(text: str) -> int:
    """64-bit content key of an embedding text, whatever the model."""
    return int.from_bytes(blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "little")


def vkey(model_id: str, text: str) -> int:
    """64-bit content key of an embedding text under one model."""
    return text_key(text) ^ text_key(model_id)
