"""What the text of a type says, in the few shapes that the typer tells apart."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple, Protocol

from codanna_core.cache import Cache
from codanna_core.relations.rules import Rules, rules_of

MAX_DEPTH = 12
_WORDS = re.compile(r"\w+")
_QUALIFIERS = re.compile(
    r"^(?:const|volatile|mut|dyn|impl|ref|readonly|final|static|struct|enum|union|class|typename|register"
    r"|extern|inline|unsigned|signed|keyof|unique|pub|async|asserts|in|out|unsafe|for)\s+"
)
_LIFETIME = re.compile(r"'[a-z_]\w*\s*")
_ANNOTATION = re.compile(r"@[\w.]+(?:\([^()]*\))?\s*")
_NAME = re.compile(r"[^\W\d][\w$]*(?:\.[^\W\d][\w$]*)*")


class Shape(NamedTuple):
    """`name` (with arguments), `sequence`, `function` (argument: what it returns), `tuple`, `union`, `class`
    (the type itself as a value), `transparent` (it stands for its argument) or `none`."""

    kind: str
    name: str = ""
    arguments: tuple[Shape, ...] = ()
    text: str = ""


NONE = Shape("none")


def shape_of(text: str, language: str) -> Shape:
    """The shape of a type's text; `none` where it is not understood."""
    return _shapes[text, language]


def _whole_shape(asked: tuple[str, str]) -> Shape:
    text, language = asked
    return _shape(text, language, rules_of(language), 0)


_shapes: Cache[tuple[str, str], Shape] = Cache("the shapes of types by their texts", 20_000, _whole_shape)


def _shape(text: str, language: str, rules: Rules, depth: int) -> Shape:
    text = text.strip()
    if not text or depth > MAX_DEPTH or len(text) > 400:
        return NONE
    for separator in rules.separators:
        text = text.replace(separator, ".")

    def inner(part: str) -> Shape:
        return _shape(part, language, rules, depth + 1)

    if language == "go":
        return _go(text, inner, rules)
    if text[0] in "\"'" and language == "python":
        return inner(text.strip("\"'"))
    text = _LIFETIME.sub("", _ANNOTATION.sub("", text)) if language in ("rust", "java") else text
    previous = ""
    while previous != text:
        previous, text = text, _QUALIFIERS.sub("", text.strip("&*? .").strip())
    if language in ("c", "cpp"):
        text = re.sub(r"\b(const|volatile)\b|[*&]+", " ", text).strip()
    if language in ("typescript", "tsx", "javascript") and _arrow(text) > 0:
        return Shape("function", "", (inner(text[_arrow(text) + 2 :]),))
    parts = split(text, "|") if language not in ("c", "cpp", "java", "rust") else [text]
    parts = [part for part in parts if part not in ("None", "null", "undefined", "")]
    if len(parts) > 1:
        return Shape("union", "", tuple(inner(part) for part in parts))
    text = parts[0] if parts else ""
    if language == "rust":
        text = split(text, "+")[0] if text else ""
        if text.startswith("["):
            return Shape("sequence", "", (inner(split(text[1:-1], ";")[0]),))
        if text.startswith("(") and text.endswith(")"):
            return Shape("tuple", "", tuple(inner(part) for part in split(text[1:-1], ",")))
        if text.startswith(("fn(", "Fn(", "FnMut(", "FnOnce(")):
            return Shape("function", "", (inner(text.partition("->")[2]),))
    if text.startswith("(") and text.endswith(")"):
        return inner(text[1:-1])
    if text.endswith(("[]", "...")):
        return Shape("sequence", "", (inner(text.removesuffix("[]").removesuffix("...")),))
    if text.startswith("[") and text.endswith("]"):
        return Shape("tuple", "", tuple(inner(part) for part in split(text[1:-1], ",")))
    found = _NAME.match(text)
    if not found:
        return NONE
    name, rest = found[0], text[found.end() :].strip()
    arguments: list[str] = []
    if rest[:1] in "<[" and rest[-1:] in (">", "]") and rest:
        arguments = split(rest[1:-1], ",")
    elif rest and language not in ("c", "cpp", "rust"):
        return NONE
    return _generic(name, arguments, inner, rules)


def _generic(name: str, arguments: list[str], inner: _Inner, rules: Rules) -> Shape:
    last = name.rsplit(".", 1)[-1]
    if arguments:
        if last in rules.transparent:
            return Shape("transparent", name, (inner(arguments[0]),))
        if last in ("Union",):
            return Shape("union", "", tuple(inner(part) for part in arguments if part != "None"))
        if last in ("tuple", "Tuple"):
            if len(arguments) == 2 and arguments[1] == "...":
                return Shape("sequence", "", (inner(arguments[0]),))
            return Shape("tuple", "", tuple(inner(part) for part in arguments))
        if last in ("type", "Type", "Class"):
            return Shape("class", "", (inner(arguments[0]),))
        if last == "Callable":
            return Shape("function", "", (inner(arguments[-1]),))
        if last in ("Generator", "AsyncGenerator"):
            return Shape("sequence", "", (inner(arguments[0]),))
        if last in rules.sequences:
            return Shape("sequence", "", (inner(arguments[-1]),))
    return Shape("name", name, tuple(inner(part) for part in arguments))


def _go(text: str, inner: _Inner, rules: Rules) -> Shape:
    text = text.lstrip("*&~ ")
    for channel in ("<-chan ", "chan<- ", "chan "):
        if text.startswith(channel):
            return Shape("sequence", "", (inner(text[len(channel) :]),))
    if text.startswith("map["):
        return Shape("sequence", "", (inner(text[_close(text, 3) + 1 :]),))
    if text.startswith("["):
        return Shape("sequence", "", (inner(text[_close(text, 0) + 1 :]),))
    if text.startswith("func("):
        return Shape("function", "", (inner(text[_close(text, 4) + 1 :]),))
    if text.startswith("("):
        return Shape("tuple", "", tuple(inner(part) for part in split(text[1:-1], ",")))
    found = _NAME.match(text)
    if not found:
        return NONE
    rest = text[found.end() :]
    return _generic(found[0], split(rest[1:-1], ",") if rest.startswith("[") else [], inner, rules)


class _Inner(Protocol):
    """The type of a function from text to shape."""

    def __call__(self, part: str) -> Shape: ...


def _close(text: str, start: int) -> int:
    depth = 0
    for at in range(start, len(text)):
        if text[at] in "([{<":
            depth += 1
        elif text[at] in ")]}>" and text[at - 1] not in "-=":
            depth -= 1
            if not depth:
                return at
    return len(text) - 1


def _arrow(text: str) -> int:
    """Where the arrow of a function type stands outside brackets, -1 for none."""
    depth = 0
    for at, sign in enumerate(text):
        if sign in "([{<":
            depth += 1
        elif sign == ">" and at and text[at - 1] == "=":
            if not depth:
                return at - 1
        elif sign in ")]}>":
            depth -= 1
    return -1


def is_argument(name: str, bases: Sequence[str]) -> bool:
    """Whether a type is an argument of its own base (`extends Builder<T, Own>`): what a member of a base
    outside gives may then be an instance of the type.
    """
    return any(name in _WORDS.findall(base.partition("<")[2]) for base in bases)


def split(text: str, separator: str) -> list[str]:
    """The parts of a text between separators that stand outside brackets and quotes."""
    parts, depth, start = [], 0, 0
    for at, sign in enumerate(text):
        if sign in "([{<":
            depth += 1
        elif sign in ")]}>" and text[at - 1 : at] not in ("-", "="):
            depth -= 1
        elif sign == separator and not depth:
            parts.append(text[start:at].strip())
            start = at + 1
    parts.append(text[start:].strip())
    return [part for part in parts if part]
