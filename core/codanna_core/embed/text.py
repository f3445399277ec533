"""The embedding text of a symbol, and the key under which its vector is stored.

The text is plain lower-case words, identifiers split at their humps. A static table and a transformer trained
on English both read that best, and equal meaning gives equal text however a project writes its names.
"""

from __future__ import annotations

import re
from hashlib import blake2b

# Budgets in characters: cutting a string is free, and what follows the first sentences adds little.
PATH_CHARACTERS = 80
CONTAINER_CHARACTERS = 120
SIGNATURE_CHARACTERS = 240
DOC_CHARACTERS = 600
BODY_CHARACTERS = 900

_BLANK = bytes(byte if byte >= 128 or chr(byte).isalnum() or byte == 95 else 32 for byte in range(256))
_PARTS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+|[^\W\d_A-Za-z]+")
_FOREIGN_PARTS = re.compile(r"[^\W\d_]+|[0-9]+")
_HUMPS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_OPERATORS = re.compile(r"[-!#$%&*+./<=>?@\\^|~:]{2,3}")
_MAX_WORD = 120
_CACHE_WORDS = 100_000


class _SplitWords(dict[bytes, str]):
    """Lower-case parts, joined by blanks, of raw words; source repeats its words, so most are split once."""

    def __missing__(self, raw: bytes) -> str:
        if len(self) >= _CACHE_WORDS:
            self.clear()
        word = raw[:_MAX_WORD].decode("utf-8", "ignore")
        parts = _PARTS.findall(word) if word.isascii() else _FOREIGN_PARTS.findall(_HUMPS.sub(" ", word))
        split = self[raw] = " ".join(parts).lower()
        return split


_split = _SplitWords()


def words(text: str) -> list[str]:
    """The lower-case words of a text, identifiers split at case, underscore and digit borders."""
    return " ".join(map(_split.__getitem__, _raw_words(text))).split()


def embedding_text(
    path: str, container: str, name: str, kind: str, signature: str, doc: str, body: str
) -> str:
    """The text that is embedded for a symbol; at most about 250 words, equal for equal input.

    `path` is relative to the workspace; `body` is the source after the signature, nested definitions left
    out.
    """
    stem = path.rpartition(".")[0] or path
    # What a file is called says what it is about; without the repeats a long definition drowns its name.
    file = stem.rpartition("/")[2]
    # Keywords and a second mention of the name only dilute what parameters and result say.
    parameters = (signature.partition(name)[2] if name else signature)[:SIGNATURE_CHARACTERS]
    place = f"{stem[-PATH_CHARACTERS:]} {file} {file} {container[-CONTAINER_CHARACTERS:]}"
    head = f"{place} {name} {parameters} {doc[:DOC_CHARACTERS]}"
    raw = _raw_words(head)
    raw += dict.fromkeys(_raw_words(body[:BODY_CHARACTERS]))
    text = " ".join(map(_split.__getitem__, raw))
    if name.isidentifier():
        return text
    operators = _OPERATORS.findall(name)
    return " ".join([text, *operators])


def _raw_words(text: str) -> list[bytes]:
    return text.encode("utf-8", "replace").translate(_BLANK).split()


def text_key(text: str) -> int:
    """64-bit content key of an embedding text, whatever the model."""
    return int.from_bytes(blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "little")


def vkey(model_id: str, text: str) -> int:
    """64-bit content key of an embedding text under one model."""
    return text_key(text) ^ text_key(model_id)
