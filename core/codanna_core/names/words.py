"""How names and queries fall into words, and how characters are coded for the scans.

Matching sees a name *squeezed*: lower case, letters and digits only, so that `get_user`, `getUser` and
`GetUser` are one text. Where words begin and which letters are capitals is kept as flags beside the
characters.
"""

from __future__ import annotations

import re
from typing import Final

import numpy as np
from numpy.typing import NDArray

from codanna_core.records import dataclass

CODE_MASK: Final = 0x3F
WORD_START: Final = 0x40
UPPER: Final = 0x80
CODE_BITS: Final = 6
KEY_CODES: Final = 10
"""Codes that fit into one 64-bit sort key."""

DIGIT_CODE: Final = 27
LAST_ALNUM_CODE: Final = 36


def _code_table() -> NDArray[np.uint8]:
    table = np.zeros(256, np.uint8)
    for byte in range(256):
        char = chr(byte)
        if byte >= 0x80:
            # Bytes of other scripts share the codes left over; the final scoring tells them apart.
            table[byte] = 37 + byte % 26
        elif char.isalpha():
            table[byte] = ord(char.lower()) - 96
        elif char.isdigit():
            table[byte] = DIGIT_CODE + byte - 48
    return table


CODES: Final = _code_table()
"""Code of each byte of UTF-8: 1-26 letters, 27-36 digits, 37-62 other scripts, 0 for what is squeezed out."""

_PATH_SEPARATOR: Final = "/"
_QUALIFIER_SEPARATORS: Final = re.compile(r"::|->|[.#:\\]")
_REPOSITORIES: Final = re.compile(r"(?<!\S)repo:([^\s:]\S*)(?!\S)")
_WORD: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z][a-z]*|[a-z]+|[0-9]+|[^\x00-\x7f]+")


@dataclass(frozen=True, slots=True)
class NameQuery:
    """A symbol query taken apart: `repo:team/app src/app/User.getName` is `getName` inside `User` in a path
    with `src/app` of the repository `team/app`."""

    name: str
    containers: tuple[str, ...] = ()
    path: str = ""
    repositories: tuple[str, ...] = ()


def split_repositories(text: str) -> tuple[str, tuple[str, ...]]:
    """A query without its `repo:` filters, and these. Alone, such a word is a name: `repo:open` is a method
    in Lua.
    """
    name = _REPOSITORIES.sub(" ", text).strip()
    if not name or name == text.strip():
        return text, ()
    found = (part for value in _REPOSITORIES.findall(text) for part in value.split(","))
    return name, tuple(part for part in found if part)


def parse_query(text: str) -> NameQuery:
    """Split `Container.name`, `a::b::name` and `path/name` forms; a call's parentheses are dropped."""
    text, repositories = split_repositories(text)
    text = re.sub(r"\s*\(.*\)?\s*$", "", text.strip()) or text.strip()
    path, _, last = text.rpartition(_PATH_SEPARATOR)
    parts = [part.strip() for part in _QUALIFIER_SEPARATORS.split(last)]
    name = parts[-1]
    if not name and not any(parts) and not path.strip(_PATH_SEPARATOR):
        # Nothing but separators: an operator's name, if anything.
        return NameQuery(text, (), "", repositories)
    containers = tuple(part for part in parts[:-1] if part)
    return NameQuery(name, containers, path.strip(_PATH_SEPARATOR), repositories)


_SQUEEZED_OUT: Final = {code: None for code in range(128) if not chr(code).isalnum()}


def fold(text: str) -> str:
    """Lower case, but for the few characters whose lower form takes another number of bytes.

    So a folded text has the length of the text, and places in one are places in the other.
    """
    if text.isascii():
        return text.lower()
    return "".join(
        low if len(low := char.lower()) == 1 and len(low.encode("utf-8", "replace")) == _size(char) else char
        for char in text
    )


def _size(char: str) -> int:
    return len(char.encode("utf-8", "replace"))


def squeeze(text: str) -> str:
    """Lower case, letters and digits only; everything beyond ASCII stays."""
    plain = text.replace("_", "")
    if plain.isascii() and plain.isalnum():
        return plain.lower()  # Most names; several times faster.
    return fold(text.translate(_SQUEEZED_OUT))


def words(name: str) -> list[str]:
    """The words of a name in lower case: `getHTTPUser2` is get, http, user, 2."""
    found = _WORD.findall(name)
    if not name.isascii():
        return [fold(word) for word in found]
    return " ".join(found).lower().split()


def codes_of(squeezed: str) -> NDArray[np.uint8]:
    """Codes of a squeezed text."""
    return CODES[np.frombuffer(squeezed.encode("utf-8", "replace"), np.uint8)]
