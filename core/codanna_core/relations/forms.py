"""The normal form of an expression taken apart, for those that follow it; `expressions.py` writes it.

`a.b()` stays as it is. `[]` is an element by index, `*` an element by iteration, `#1` a part of a tuple,
`~` what is waited for. At the start, `<T>` is an instance of the type `T`, `^` the parent class, `!` what is
not of the project (a literal), and `?` what has no normal form.
"""

from __future__ import annotations

from typing import NamedTuple

from codanna_core.cache import Cache


class Form(NamedTuple):
    """A normal form taken apart: its start and its steps, each a member name or a mark."""

    start: str
    steps: tuple[str, ...]


def parse_form(text: str) -> Form:
    """Take a normal form apart."""
    return _forms[text]


def _parse(text: str) -> Form:
    if text.startswith("<"):
        end = _closing(text)
        start, rest = text[: end + 1], text[end + 1 :]
    elif text[:1] in ("^", "!", "?"):
        start, rest = text[0], text[1:]
    else:
        end = 0
        while end < len(text) and text[end] not in ".([#~*":
            end += 1
        start, rest = text[:end], text[end:]
    steps = []
    while rest:
        if rest.startswith(("()", "[]")):
            step, rest = rest[:2], rest[2:]
        elif rest[0] in "~*":
            step, rest = rest[0], rest[1:]
        else:
            end = 1
            while end < len(rest) and rest[end] not in ".([#~*":
                end += 1
            step, rest = rest[:end], rest[end:]
            if rest.startswith(("(", "[")) and not rest.startswith(("()", "[]")):
                rest = ""
        steps.append(step)
    return Form(start, tuple(steps))


_forms: Cache[str, Form] = Cache("normal forms by their texts", 20_000, _parse)


def _closing(text: str) -> int:
    """Where the `<` at the start is closed; arrows of function types do not count."""
    depth = 0
    for at, sign in enumerate(text):
        if sign == "<":
            depth += 1
        elif sign == ">" and text[at - 1] not in "-=":
            depth -= 1
            if not depth:
                return at
    return len(text) - 1
