"""Parse what the grammar knows: put a mask over what other tools read in sound files of a language.

A make file may compute the names that it sets, and a C header may be full of macros that no grammar has heard
of. Where a file does not parse, such places are overwritten, byte for byte, and it is parsed once more; names
and texts still come from the file as it is.
"""

from __future__ import annotations

import re
from functools import cache

from codanna_core.languages.registry import Language


def masked(data: bytes, language: Language) -> bytes:
    """The text with the masks of its language; the very same text where none applies."""
    for pattern, sign in _compiled(language.masks):
        data = pattern.sub(lambda found, sign=sign: _over(found, sign), data)  # type: ignore[misc]
    return data


def _over(found: re.Match[bytes], sign: bytes) -> bytes:
    """What was found, with the mask over each of its groups, or over all of it where it has none."""
    text = bytearray(found[0])
    for group in range(1, found.re.groups + 1) or (0,):
        start, end = found.span(group)
        text[start - found.start() : end - found.start()] = sign * (end - start)
    return bytes(text)


@cache
def _compiled(masks: tuple[tuple[str, str], ...]) -> tuple[tuple[re.Pattern[bytes], bytes], ...]:
    return tuple((re.compile(b"(?m)" + pattern.encode()), sign.encode()) for pattern, sign in masks)
