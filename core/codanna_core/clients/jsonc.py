"""JSON with comments and trailing commas, changed in place: every byte but those of one entry stays."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import field
from typing import Any

from codanna_core.records import dataclass

_DEEPEST = 64
_STRING = re.compile(r'"(?:[^"\\\x00-\x1f]|\\.)*"')
_WORD = re.compile(r"[-+.\w]+")
_BETWEEN = re.compile(r"(?:[ \t\r\n]+|//[^\n]*|/\*.*?\*/)*", re.DOTALL)
_INDENTED = re.compile(r"^([ \t]+)\S", re.MULTILINE)
_BOM = "\ufeff"


class BadJson(ValueError):
    """A text that is not JSON, even with comments; the message says where."""


@dataclass(slots=True)
class Node:
    """A value and where it is written."""

    start: int
    end: int
    value: Any
    members: list[Member] | None = None
    """Of an object."""


@dataclass(slots=True)
class Member:
    """An entry of an object: from the first quotation mark of its name to the end of its value."""

    name: str
    start: int
    node: Node
    comma: int | None = field(default=None)
    """Where the comma behind it is."""

    @property
    def end(self) -> int:
        return self.node.end


def put(text: str, path: Sequence[str], value: Any) -> str:
    """The text with `value` under a path of names; objects on the way are made if they are missing."""
    if not text.removeprefix(_BOM).strip():
        return json.dumps(_nested(path, value), indent=2, ensure_ascii=False) + "\n"
    node = _object(text, parse(text), ())
    for depth, name in enumerate(path):
        member = _named(node, name)
        if member is None:
            return _inserted(text, node, name, _nested(path[depth + 1 :], value))
        if depth == len(path) - 1:
            if member.node.value == value:
                return text
            written = _written(value, _indent_at(text, member.start), text)
            return text[: member.node.start] + written + text[member.end :]
        node = _object(text, member.node, path[: depth + 1])
    raise ValueError("the path is empty")


def drop(text: str, path: Sequence[str]) -> str:
    """The text without what is under a path of names."""
    while text.removeprefix(_BOM).strip():
        node: Node | None = parse(text)
        for name in path[:-1]:
            member = _named(node, name) if node is not None else None
            node = member.node if member is not None else None
        member = _named(node, path[-1]) if node is not None else None
        if node is None or member is None:
            break
        text = _without(text, node, member)  # A name that is there twice goes twice.
    return text


def parse(text: str) -> Node:
    """The value of a text with the places of all entries. BadJson if it is none."""
    start = _skip(text, len(_BOM) if text.startswith(_BOM) else 0)
    node = _value(text, start, 0)
    if _skip(text, node.end) != len(text):
        raise _bad(text, _skip(text, node.end), "nothing more is expected")
    return node


def _value(text: str, at: int, depth: int) -> Node:
    if depth > _DEEPEST:
        raise _bad(text, at, "it is nested too deeply")
    if text.startswith("{", at):
        return _members(text, at, depth)
    if text.startswith("[", at):
        return _items(text, at, depth)
    found = _STRING.match(text, at) or _WORD.match(text, at)
    if found is None:
        raise _bad(text, at, "a value is expected")
    try:
        return Node(at, found.end(), json.loads(found.group()))
    except ValueError as error:
        raise _bad(text, at, "a value is expected") from error


def _items(text: str, start: int, depth: int) -> Node:
    values: list[Any] = []
    at = _skip(text, start + 1)
    while not text.startswith("]", at):
        node = _value(text, at, depth + 1)
        values.append(node.value)
        at = _after_comma(text, node.end, "]")
    return Node(start, at + 1, values)


def _members(text: str, start: int, depth: int) -> Node:
    members: list[Member] = []
    at = _skip(text, start + 1)
    while not text.startswith("}", at):
        name = _STRING.match(text, at)
        if name is None:
            raise _bad(text, at, "a name in quotation marks is expected")
        colon = _skip(text, name.end())
        if not text.startswith(":", colon):
            raise _bad(text, colon, "a colon is expected")
        node = _value(text, _skip(text, colon + 1), depth + 1)
        members.append(Member(_value(text, at, depth).value, at, node))
        comma = _skip(text, node.end)
        at = _after_comma(text, node.end, "}")
        members[-1].comma = comma if at != comma else None
    return Node(start, at + 1, {one.name: one.node.value for one in members}, members)


def _after_comma(text: str, at: int, closing: str) -> int:
    """Where the next entry begins, or the closing bracket is."""
    at = _skip(text, at)
    if text.startswith(",", at):
        return _skip(text, at + 1)
    if not text.startswith(closing, at):
        raise _bad(text, at, f"a comma or {closing} is expected")
    return at


def _skip(text: str, at: int) -> int:
    found = _BETWEEN.match(text, at)
    return found.end() if found is not None else at


def _bad(text: str, at: int, what: str) -> BadJson:
    return BadJson(f"line {text.count(chr(10), 0, at) + 1}: {what}")


def _object(text: str, node: Node, path: Sequence[str]) -> Node:
    if node.members is None:
        where = ".".join(path) or "the file"
        raise _bad(text, node.start, f"{where} is not an object")
    return node


def _named(node: Node, name: str) -> Member | None:
    return next((one for one in reversed(node.members or []) if one.name == name), None)


def _nested(path: Sequence[str], value: Any) -> Any:
    for name in reversed(path):
        value = {name: value}
    return value


# Writing


def _inserted(text: str, node: Node, name: str, value: Any) -> str:
    members = node.members or []
    last = members[-1] if members else None
    behind = last.end if last is not None else node.start + 1
    if last is not None and "\n" not in text[behind : node.end]:
        entry = f"{json.dumps(name)}: {json.dumps(value, ensure_ascii=False)}"
        if last.comma is not None:
            return f"{text[: last.comma + 1]} {entry},{text[last.comma + 1 :]}"
        return f"{text[:behind]}, {entry}{text[behind:]}"
    outer = _indent_at(text, node.start)
    indent = outer + _unit(text) if last is None else _indent_at(text, last.start)
    if last is not None and len(indent) <= len(outer):
        indent = outer + _unit(text)
    eol = _eol(text)
    closed = node.end - 1
    comma = last is not None and last.comma is None
    at = behind + len(text[behind:closed].rstrip())
    line_end = text.find("\n", at, closed)
    if line_end >= 0:  # A comment may end in blanks, which are its own.
        at = line_end - (1 if text[line_end - 1] == "\r" and line_end > at else 0)
    entry = eol + indent + f"{json.dumps(name)}: {_written(value, indent, text)}"
    entry += "," if last is not None and last.comma is not None else ""
    entry += eol + outer if line_end < 0 else ""
    return text[:behind] + ("," if comma else "") + text[behind:at] + entry + text[at:]


def _written(value: Any, indent: str, text: str) -> str:
    lines = json.dumps(value, indent=_unit(text), ensure_ascii=False).split("\n")
    return (_eol(text) + indent).join(lines)


def _eol(text: str) -> str:
    return "\r\n" if "\r\n" in text else "\n"


def _unit(text: str) -> str:
    found = _INDENTED.search(text)
    return found[1] if found is not None else "  "


def _indent_at(text: str, at: int) -> str:
    line = text[text.rfind("\n", 0, at) + 1 : at].removeprefix(_BOM)
    return line[: len(line) - len(line.lstrip(" \t"))]


def _without(text: str, node: Node, member: Member) -> str:
    members = node.members or []
    place = next(number for number, one in enumerate(members) if one is member)
    start, end = member.start, member.end
    if member.comma is not None:
        end = member.comma + 1 if not text[end : member.comma].strip() else end
    line_start = text.rfind("\n", 0, start)
    line_end = text.find("\n", end)
    rest = text[end : line_end if line_end >= 0 else len(text)]
    if line_start >= 0 and not text[line_start:start].strip() and not rest.strip():
        start = line_start - (1 if text[line_start - 1 : line_start] == "\r" else 0)
        end += len(rest) - len(rest.lstrip(" \t"))
    else:
        blank = start - len(text[:start].rstrip(" \t"))
        start -= blank
        end += 0 if blank else len(rest) - len(rest.lstrip(" \t"))
    text = text[:start] + text[end:]
    if member.comma is not None and end <= member.comma:  # A comment stands before the comma.
        comma = member.comma - (end - start)
        return text[:comma] + text[comma + 1 :]
    before = members[place - 1].comma if place and member.comma is None else None
    return text if before is None else text[:before] + text[before + 1 :]
