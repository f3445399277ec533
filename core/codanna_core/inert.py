"""Text of a workspace, made harmless for whatever shows it: what would act is spelt out, so it is seen.

Escape sequences, line breaks and marks that reorder text are what an attacker puts into names, headings,
comments and settings. Letters of every script, emoji with their joiners, and tabs stay.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

_ACTS: Final = (
    "\x00-\x08\x0b-\x1f\x7f-\x9f"  # Controls, C1 and the next-line character included.
    "\u061c\u200e\u200f\u2028-\u202e\u2066-\u206f"  # Direction marks, line and paragraph separators.
    "\ud800-\udfff\ufffe\uffff"  # Halves of pairs and what is no character: no UTF-8, no XML.
)
_IN_A_LINE: Final = re.compile(f"[\n{_ACTS}]")
_IN_A_TEXT: Final = re.compile(f"[{_ACTS}]")
_SHORT: Final = {"\n": r"\n", "\r": r"\r"}


def inert(text: str) -> str:
    """The text on one line, without anything that a terminal, a log or an editor would obey."""
    return text if text.isprintable() else _IN_A_LINE.sub(_spelt, text)


def inert_lines(lines: Sequence[str]) -> list[str]:
    """Each line as `inert` has it."""
    plain = "".join(lines).replace("\t", "").isprintable()
    return [*lines] if plain else [*map(inert, lines)]


def inert_text(text: str) -> str:
    """As `inert`, for a text that is shown on several lines; Windows' line ends become plain ones."""
    return text if text.isprintable() else _IN_A_TEXT.sub(_spelt, text.replace("\r\n", "\n"))


def inert_message(text: str) -> str:
    """A sentence for the user. Some editors make a link of Markdown's form, even one that runs a command."""
    return inert(text).replace("](", "] (")


def inert_json(document: str) -> str:
    """A JSON document that is safe to print: its strings keep their values, as escapes.

    Half a surrogate pair becomes a replacement character, because strict parsers refuse even its escape.
    """
    return _IN_A_TEXT.sub(_as_json, document)


def _spelt(match: re.Match[str]) -> str:
    character = match.group()
    number = ord(character)
    if 0xDC80 <= number <= 0xDCFF:  # How Python carries a byte of a file name that is no UTF-8.
        number -= 0xDC00
    return _SHORT.get(character) or (f"\\x{number:02x}" if number < 0x100 else f"\\u{number:04x}")


def _as_json(match: re.Match[str]) -> str:
    number = ord(match.group())
    return "\\ufffd" if 0xD800 <= number <= 0xDFFF else f"\\u{number:04x}"
