"""Bindings of Java."""

from __future__ import annotations

from codanna_core.languages.captures import Node
from codanna_core.relations.facts import Binds, Flag
from codanna_core.relations.reader import MEMBER_ONLY, Builder


def read(builder: Builder, found: dict[str, list[Node]]) -> None:
    """Add the file's bindings."""
    for node in found.get("package", ())[:1]:
        builder.package = builder.text(node)
    for node in found.get("import.line", ()):
        _import(builder, node)
    for node in found.get("class", ()):
        _class(builder, node)
    for node in found.get("anonymous", ()):
        _anonymous(builder, node)
    for node in found.get("function", ()):
        _function(builder, node)
    for node in found.get("field", ()):
        _variables(builder, node, Binds.FIELD)
    for node in found.get("local", ()):
        _variables(builder, node, Binds.VARIABLE)
    for node in found.get("constant", ()):
        _constant(builder, node)
    for node in [*found.get("for", ()), *found.get("resource", ()), *found.get("instanceof", ())]:
        _typed(builder, node, _field(node, "name"), _field(node, "type") or _field(node, "right"), node)
    for node in [*found.get("catch", ()), *found.get("pattern", ())]:
        named = [child for child in node.named_children if child.type == "identifier"]
        types = [child for child in node.named_children if child.type not in ("identifier", "modifiers")]
        if named and types:
            _typed(builder, node, named[-1], types[0], None)
    for node in found.get("lambda", ()):
        _lambda(builder, node)


def _field(node: Node, name: str) -> Node | None:
    return node.child_by_field_name(name)


def _import(builder: Builder, node: Node) -> None:
    path = next((child for child in node.named_children if child.type != "asterisk"), None)
    if path is None:
        return
    text = builder.text(path).replace(" ", "")
    static = "static " if any(child.type == "static" for child in node.children) else ""
    if any(child.type == "asterisk" for child in node.named_children):
        builder.bind(path, Binds.IMPORT, node, value=f"{static}{text}#*", called="*")
        return
    name = _field(path, "name")
    module, _, last = text.rpartition(".")
    if name is not None:
        builder.bind(name, Binds.IMPORT, node, value=f"{static}{module}#{last}")


def _is(node: Node, builder: Builder, word: str) -> bool:
    modifiers = next((child for child in node.children if child.type == "modifiers"), None)
    return modifiers is not None and any(child.type == word for child in modifiers.children)


def _class(builder: Builder, node: Node) -> None:
    name = _field(node, "name")
    if name is None:
        return
    bases = []
    for child in node.named_children:
        if child.type in ("superclass", "super_interfaces", "extends_interfaces"):
            for item in child.named_children:
                kinds = item.named_children if item.type == "type_list" else [item]
                bases += [builder.forms.type_text(kind) or "?" for kind in kinds]
    flags = Flag.INTERFACE if node.type == "interface_declaration" else 0
    parameters = _field(node, "parameters") if node.type == "record_declaration" else None
    required = -1
    if parameters is not None:
        required = len(parameters.named_children)
        for item in parameters.named_children:
            held = _field(item, "name")
            if held is not None:
                type_ = builder.forms.type_text(_field(item, "type"))
                builder.bind(held, Binds.FIELD, item, value=type_, flags=Flag.TYPED, scope=MEMBER_ONLY)
    builder.bind(name, Binds.TYPE, node, bases=tuple(bases), flags=flags, required=required)
    _type_parameters(builder, node)


def _type_parameters(builder: Builder, node: Node) -> None:
    generic = _field(node, "type_parameters")
    for item in generic.named_children if generic is not None else ():
        name = next((child for child in item.named_children if child.type == "type_identifier"), None)
        bound = next((child for child in item.named_children if child.type == "type_bound"), None)
        if name is not None:
            type_ = builder.forms.type_text(bound.named_children[0]) if bound is not None else "Object"
            span = (node.start_byte, node.end_byte)
            builder.bind(name, Binds.ALIAS, item, value=type_, flags=Flag.TYPED, scope=span)


def _anonymous(builder: Builder, node: Node) -> None:
    """The body of an anonymous class is a type of its own, with its parent as base."""
    type_ = _field(node, "type")
    body = next((child for child in node.named_children if child.type == "class_body"), None)
    if type_ is not None and body is not None:
        base = builder.forms.type_text(type_)
        called = f"anonymous {base}"
        builder.bind(type_, Binds.TYPE, body, bases=(base,), scope=MEMBER_ONLY, called=called)


def _function(builder: Builder, node: Node) -> None:
    name = _field(node, "name")
    if name is None:
        return
    required, flags = _parameters(builder, node)
    _type_parameters(builder, node)
    flags |= Flag.STATIC if _is(node, builder, "static") else 0
    if _field(node, "body") is None:
        flags |= Flag.INTERFACE
    type_ = builder.forms.type_text(_field(node, "type"))
    method = node.type in ("method_declaration", "annotation_type_element_declaration")
    builder.bind(
        name,
        Binds.FUNCTION,
        node,
        value=type_ if method else "",
        bases=_types(builder, node),
        flags=flags | Flag.TYPED,
        required=required,
        scope=None if method else MEMBER_ONLY,
    )


def _types(builder: Builder, node: Node) -> tuple[str, ...]:
    """The types of the parameters, for telling overloads apart."""
    parameters = _field(node, "parameters")
    found = []
    for item in parameters.named_children if parameters is not None else ():
        type_ = _field(item, "type")
        if type_ is None and item.type == "spread_parameter":
            type_ = next((child for child in item.named_children if "type" in child.type), None)
        found.append(builder.forms.type_text(type_))
    return tuple(found)


def _parameters(builder: Builder, node: Node) -> tuple[int, int]:
    parameters = _field(node, "parameters")
    required = flags = 0
    for item in parameters.named_children if parameters is not None else ():
        if item.type == "formal_parameter":
            required += 1
            _typed(builder, item, _field(item, "name"), _field(item, "type"), node, Binds.PARAMETER)
        elif item.type == "spread_parameter":
            required, flags = required + 1, Flag.VARIADIC
            named = [child for child in item.named_children if child.type == "variable_declarator"]
            types = [
                child
                for child in item.named_children
                if child.type not in ("variable_declarator", "modifiers")
            ]
            if named and types:
                held = _field(named[0], "name")
                if held is not None:
                    text = builder.forms.type_text(types[0]) + "[]"
                    span = (node.start_byte, node.end_byte)
                    builder.bind(held, Binds.PARAMETER, item, value=text, flags=Flag.TYPED, scope=span)
    return required, flags


def _typed(
    builder: Builder,
    node: Node,
    name: Node | None,
    type_: Node | None,
    scope: Node | None,
    kind: Binds = Binds.VARIABLE,
) -> None:
    if name is None or type_ is None:
        return
    text = builder.forms.type_text(type_)
    span = (scope.start_byte, scope.end_byte) if scope is not None else None
    if node.type == "enhanced_for_statement" and text == "var":
        form = builder.forms.of(_field(node, "value")) + "*"
        builder.bind(name, kind, name, value=form, scope=span)
        return
    if node.type in ("resource", "instanceof_expression"):
        span = None
    if text == "var":
        builder.bind(name, kind, name, value=builder.forms.of(_field(node, "value")), scope=span)
        return
    builder.bind(name, kind, name, value=text, flags=Flag.TYPED, scope=span)


def _variables(builder: Builder, node: Node, kind: Binds) -> None:
    text = builder.forms.type_text(_field(node, "type"))
    static = Flag.STATIC if _is(node, builder, "static") else 0
    for item in node.children_by_field_name("declarator"):
        name = _field(item, "name")
        if name is None:
            continue
        dimensions = "[]" if _field(item, "dimensions") is not None else ""
        if text == "var":
            builder.bind(name, kind, item, value=builder.forms.of(_field(item, "value")), flags=static)
        else:
            builder.bind(name, kind, item, value=text + dimensions, flags=Flag.TYPED | static)


def _constant(builder: Builder, node: Node) -> None:
    name = _field(node, "name")
    around = node.parent
    while around is not None and around.type != "enum_declaration":
        around = around.parent
    if name is not None and around is not None:
        type_ = builder.text(_field(around, "name"))
        builder.bind(name, Binds.FIELD, node, value=type_, flags=Flag.TYPED | Flag.STATIC)


def _lambda(builder: Builder, node: Node) -> None:
    parameters = _field(node, "parameters")
    if parameters is None:
        return
    span = (node.start_byte, node.end_byte)
    if parameters.type == "identifier":
        builder.bind(parameters, Binds.PARAMETER, parameters, scope=span)
        return
    for item in parameters.named_children:
        name = item if item.type == "identifier" else _field(item, "name")
        type_ = "" if item.type == "identifier" else builder.forms.type_text(_field(item, "type"))
        if name is not None:
            flags = Flag.TYPED if type_ else 0
            builder.bind(name, Binds.PARAMETER, item, value=type_, flags=flags, scope=span)
