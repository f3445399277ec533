"""The embedding text of a symbol, and the key under which its vector is stored.

The text is plain lower-case words, identifiers split at their humps: both a static table and a transformer trained
on English read that best, and equal meaning gives equal text however a project writes its names.
"""

from __future__ import annotations

import re
from hashlib import blake2b

PATH_WORDS = 8
DOC_WORDS = 64
SIGNATURE_WORDS = 32
BODY_WORDS = 48

# Longer inputs cannot add words within the budgets above, so they are cut before the regex sees them.
_DOC_CHARACTERS = 800
_SIGNATURE_CHARACTERS = 400
_BODY_CHARACTERS = 1600

_ASCII_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_WORDS = re.compile(r"[^\W\d_]+|[0-9]+")
_HUMPS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_OPERATORS = re.compile(r"[-!#$%&*+./<=>?@\\^|~:]{2,3}")


def words(text: str) -> list[str]:
    """The lower-case words of a text, identifiers split at case, underscore and digit borders."""
    if text.isascii():
        return [*map(str.lower, _ASCII_WORDS.findall(text))]
    return _WORDS.findall(_HUMPS.sub(" ", text).lower())


def embedding_text(
    path: str, container: str, name: str, kind: str, signature: str, doc: str, body: str
) -> str:
    """The text that is embedded for a symbol; at most about 200 words, equal for equal input.

    `path` is relative to the workspace; `body` is the source after the signature, nested definitions left out.
    """
    name_words = words(name) or _OPERATORS.findall(name)
    parts = words(path.rpartition(".")[0] or path)[-PATH_WORDS:]
    parts += words(container)
    parts += name_words
    parts += name_words
    parts += words(signature[:_SIGNATURE_CHARACTERS])[:SIGNATURE_WORDS]
    parts += words(doc[:_DOC_CHARACTERS])[:DOC_WORDS]
    seen = dict.fromkeys(words(body[:_BODY_CHARACTERS]))
    parts += list(seen)[:BODY_WORDS]
    return " ".join(parts)


def text_key(text: str) -> int:
    """64-bit content key of an embedding text, whatever the model."""
    return int.from_bytes(blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "little")


def vkey(model_id: str, text: str) -> int:
    """64-bit content key of an embedding text under one model."""
    return text_key(text) ^ text_key(model_id)
