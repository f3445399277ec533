"""The normal form of an expression: a name and what is done to it, as one short text.

`forms.py` says how it reads.
"""

from __future__ import annotations

from codanna_core.languages.captures import Node
from codanna_core.relations.rules import Rules

MAX_DEPTH = 24
MAX_TYPE = 200
UNKNOWN = "?"
OUTSIDE = "!"


class Forms:
    """Writes normal forms for one file by the node types of its language."""

    def __init__(self, data: bytes, rules: Rules) -> None:
        self.data = data
        self.member = {kind: tuple(rest.split("/")) for kind, rest in _pairs(rules.member)}
        self.invoke = {kind: tuple(rest.split("/")) for kind, rest in _pairs(rules.invoke)}
        self.literals = dict(_pairs(rules.literals))
        self.call = dict(_pairs((*rules.call, *rules.create)))
        self.index = dict(_pairs(rules.index))
        self.new = dict(_pairs(rules.new))
        self.through = dict(_pairs(rules.through))
        self.wait = frozenset(rules.wait)
        self.literal = frozenset(rules.literal)
        self.names = frozenset(rules.names)
        self.makers = frozenset(rules.makers)
        self.super_names = frozenset(rules.super_names)

    def text(self, node: Node | None) -> str:
        if node is None:
            return ""
        return self.data[node.start_byte : node.end_byte].decode("utf-8", "replace")

    def type_text(self, node: Node | None) -> str:
        """The text of a type on one line; empty where it is missing or too long to be worth keeping."""
        text = " ".join(self.text(node).split())
        return text if len(text) <= MAX_TYPE else ""

    def of(self, node: Node | None, depth: int = 0) -> str:
        if node is None or depth > MAX_DEPTH:
            return UNKNOWN
        kind = node.type
        if kind in self.names:
            text = self.text(node)
            return "^" if text in self.super_names else text
        if kind in self.member:
            before, name = self.member[kind]
            left = self.of(side(node, before), depth + 1)
            return f"{left}.{self.text(side(node, name))}"
        if kind in self.invoke:
            before, name = self.invoke[kind]
            held = side(node, before)
            called = self.text(side(node, name))
            return f"{self.of(held, depth + 1)}.{called}()" if held is not None else f"{called}()"
        if kind in self.literals:
            return f"<{self.literals[kind]}>"
        if kind in self.call:
            called = self.of(node.child_by_field_name(self.call[kind]), depth + 1)
            if called in self.makers:
                given = node.child_by_field_name("arguments")
                made = self.type_text(_first(given)) if given is not None else ""
                return f"<{made}>" if made else UNKNOWN
            return "^" if called == "^" else called + "()"
        if kind in self.new:
            field = self.new[kind]
            made = self.type_text(side(node, field) if field else _first(node))
            return f"<{made}>" if made else UNKNOWN
        if kind in self.index:
            return self.of(side(node, self.index[kind]), depth + 1) + "[]"
        if kind in self.through:
            field = self.through[kind]
            return self.of(side(node, field) if field else _first(node), depth + 1)
        if kind in self.wait:
            return self.of(_first(node), depth + 1) + "~"
        if kind in self.literal:
            return OUTSIDE
        return UNKNOWN


def side(node: Node, field: str) -> Node | None:
    """A side of a member: by its field, or the first or last named child where the grammar names none."""
    if field == "@first":
        return node.named_children[0] if node.named_children else None
    if field == "@last":
        return node.named_children[-1] if node.named_children else None
    return node.child_by_field_name(field)


def _first(node: Node) -> Node | None:
    named = [child for child in node.named_children if not child.is_extra]
    return named[0] if named else None


def _pairs(items: tuple[str, ...]) -> list[tuple[str, str]]:
    return [(kind, rest) for kind, _, rest in (item.partition("=") for item in items)]
