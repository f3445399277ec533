"""What CommonJS and `this` bind by assignment, and what its readers share with those of modules."""

from __future__ import annotations

from codanna_core.languages.captures import Node
from codanna_core.relations.facts import Binds
from codanna_core.relations.reader import MEMBER_ONLY, Builder

FUNCTIONS = ("arrow_function", "function_expression", "generator_function")
_AROUND = (*FUNCTIONS, "function_declaration", "generator_function_declaration", "method_definition")


def field(node: Node, name: str) -> Node | None:
    """The child with that role."""
    return node.child_by_field_name(name)


def class_name(builder: Builder, node: Node) -> str:
    """The class around a node."""
    around = node.parent
    while around is not None and around.type not in (
        "class_declaration",
        "class",
        "abstract_class_declaration",
    ):
        around = around.parent
    return builder.text(field(around, "name")) if around is not None else ""


def function_scope(node: Node) -> tuple[int, int]:
    """From where to where a `var` is seen."""
    around = node.parent
    while around is not None and around.type not in _AROUND:
        if around.parent is None:
            break
        around = around.parent
    return (around.start_byte, around.end_byte) if around is not None else (0, node.end_byte)


def required(builder: Builder, value: Node | None) -> str:
    """The module that a call of `require` names, or nothing."""
    if (
        value is None
        or value.type != "call_expression"
        or builder.text(field(value, "function")) != "require"
    ):
        return ""
    given = field(value, "arguments")
    first = given.named_children[0] if given is not None and given.named_children else None
    return builder.text(first)[1:-1] if first is not None and first.type == "string" else ""


def required_names(
    builder: Builder, pattern: Node, module: str, node: Node, scope: tuple[int, int] | None
) -> None:
    """Bind the names that a pattern takes out of a required module."""
    for item in pattern.named_children:
        if item.type == "shorthand_property_identifier_pattern":
            builder.bind(item, Binds.IMPORT, node, value=f"{module}#{builder.text(item)}", scope=scope)
        elif item.type == "pair_pattern":
            key, held = field(item, "key"), field(item, "value")
            if held is not None and held.type == "identifier" and key is not None:
                builder.bind(held, Binds.IMPORT, node, value=f"{module}#{builder.text(key)}", scope=scope)
                builder.skipped.add(key.start_byte)


def assign(builder: Builder, node: Node) -> None:
    """`module.exports = ...`, `exports.a = ...`, `this.a = ...`."""
    left, right = field(node, "left"), field(node, "right")
    if left is None or right is None or left.type != "member_expression" or right.type in FUNCTIONS:
        return
    name = field(left, "property")
    holder = builder.forms.of(field(left, "object"))
    if name is None:
        return
    if builder.text(left) == "module.exports":
        if right.type == "object":
            _exported_object(builder, right)
            builder.bind(name, Binds.MODULE, node, called="default", container="exports")
        elif module := required(builder, right):
            builder.bind(name, Binds.EXPORT, node, value=f"{module}#=", called="default")
        else:
            builder.bind(name, Binds.EXPORT, node, value=builder.forms.of(right), called="default")
    elif holder in ("exports", "module.exports", "module.exports()"):
        module = required(builder, right)
        value = f"{module}#=" if module else builder.forms.of(right)
        builder.bind(name, Binds.EXPORT, node, value=value)
    elif holder == "this":
        container = class_name(builder, node) or _constructor_name(builder, node)
        if container:
            form = builder.forms.of(right)
            value = "" if form in ("?", "!") else form
            builder.bind(name, Binds.FIELD, node, value=value, container=container, scope=MEMBER_ONLY)


def _constructor_name(builder: Builder, node: Node) -> str:
    around = node.parent
    while around is not None and around.type != "function_declaration":
        around = around.parent
    return builder.text(field(around, "name")) if around is not None else ""


def _exported_object(builder: Builder, node: Node) -> None:
    for item in node.named_children:
        if item.type == "shorthand_property_identifier":
            text = builder.text(item)
            builder.bind(item, Binds.EXPORT, item, value=text, called=text)
            builder.bound.discard(item.start_byte)
        elif item.type == "pair":
            key, value = field(item, "key"), field(item, "value")
            if key is not None and value is not None and value.type not in FUNCTIONS:
                module = required(builder, value)
                text = f"{module}#=" if module else builder.forms.of(value)
                builder.bind(key, Binds.EXPORT, item, value=text)


def returned_forms(builder: Builder, nodes: list[Node]) -> dict[int, set[str]]:
    """What each function returns, by where it begins."""
    returned: dict[int, set[str]] = {}
    for node in nodes:
        around = node.parent
        while around is not None and around.type not in _AROUND:
            around = around.parent
        if around is not None:
            forms = returned.setdefault(around.start_byte, set())
            if len(forms) < 8:
                forms.add(builder.forms.of(node.named_children[0]))
    return returned


def object_name(builder: Builder, node: Node | None) -> str:
    """The variable or export that an object literal is the value of."""
    parent = node.parent if node is not None else None
    if parent is None:
        return ""
    if parent.type == "variable_declarator":
        return builder.text(field(parent, "name"))
    if parent.type == "assignment_expression":
        left = builder.text(field(parent, "left"))
        return "exports" if left in ("module.exports", "exports") else left.removesuffix(".prototype")
    return "?"
