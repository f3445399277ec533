"""Signatures and names as they are shown, made from what the source says."""

from __future__ import annotations

import re

MAX_SIGNATURE = 300
MAX_CHAIN = 300

_HEAD_ENDS = " {:=;,"
_GENERICS = re.compile(r"<[^<>]*>|\[[^\[\]]*\]")


def signature_of(data: bytes, start: int, body_start: int, name_start: int, name: str) -> str:
    """The head on one line. A head too long for it, say of decorators, begins at the name's line instead."""
    head = data[start : min(body_start, start + 4 * MAX_SIGNATURE)]
    if b"\\" in head:
        head = head.replace(b"\\\r\n", b" ").replace(b"\\\n", b" ")
    text = b" ".join(head.split()).decode("utf-8", "replace")
    if name_start >= body_start:
        return f"{text.rstrip(_HEAD_ENDS)} {name}"[:MAX_SIGNATURE]  # `typedef struct {...} name`
    if len(text) > MAX_SIGNATURE:
        if name_start - start > MAX_SIGNATURE // 2:
            line_start = max(data.rfind(b"\n", start, name_start) + 1, start)
            if line_start > start:
                return signature_of(data, line_start, body_start, name_start, name)
        text = text[:MAX_SIGNATURE]
    return finished(text)


def finished(text: str) -> str:
    """A head without what begins the body."""
    return text.rstrip(_HEAD_ENDS).removesuffix("=>").rstrip()


def joined(chain: str, name: str) -> str:
    """A container chain and one more name, as far as it is not too long."""
    if not chain or not name:
        return chain or name
    longer = f"{chain}.{name}"
    return longer if len(longer) <= MAX_CHAIN else chain


def split_name(name: str, separator: str) -> tuple[str, str]:
    """`A<b::c>::d` gives `A<b::c>` and `d`: by the last separator outside `<>` and before any `operator`."""
    limit = name.find("operator")
    depth = 0
    position = (len(name) if limit < 0 else limit) - 1
    while position >= 0:
        character = name[position]
        depth += (character == ">") - (character == "<")
        if not depth and name.startswith(separator, position):
            return name[:position], name[position + len(separator) :]
        position -= 1
    return "", name


def plain_container(text: str, separators: tuple[str, ...]) -> str:
    """A container's name without generic arguments, pointer marks and spaces, its parts joined by `.`."""
    previous = ""
    while previous != text and len(text) < 4 * MAX_CHAIN:
        previous, text = text, _GENERICS.sub("", text)
    for separator in separators:
        text = text.replace(separator, ".")
    return "".join(text.split()).strip(".*&()")[:MAX_CHAIN]


def up_to_line_end(text: bytes) -> bytes:
    """A text up to its first line end, of whatever kind."""
    return text.splitlines()[0]
