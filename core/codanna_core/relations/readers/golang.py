"""Bindings of Go."""

from __future__ import annotations

from codanna_core.languages.captures import Node
from codanna_core.relations.facts import Binds, Flag
from codanna_core.relations.reader import MEMBER_ONLY, Builder


def read(builder: Builder, found: dict[str, list[Node]]) -> None:
    """Add the file's bindings."""
    for node in found.get("package", ()):
        builder.package = builder.text(node)
    for node in found.get("import.spec", ()):
        _import(builder, node)
    for node in found.get("function", ()):
        _function(builder, node)
    for node in found.get("literal", ()):
        _parameters(builder, node)
    for node in found.get("type.spec", ()):
        _type(builder, node)
    for node in found.get("short", ()):
        _short(builder, node)
    for node in found.get("var", ()):
        _var(builder, node)
    for node in found.get("range", ()):
        _range(builder, node)
    for node in found.get("key", ()):
        builder.receivers[node.start_byte] = _literal_type(builder, node)
    for node in found.get("type.switch", ()):
        _type_switch(builder, node)


def _import(builder: Builder, node: Node) -> None:
    path_node = node.child_by_field_name("path")
    name = node.child_by_field_name("name")
    if path_node is None:
        return
    path = builder.text(path_node).strip('"`')
    called = builder.text(name) if name is not None else ""
    if called == "_":
        return
    whole = (0, builder.size + 1)
    if called == ".":
        builder.bind(path_node, Binds.IMPORT, node, value=f"{path}#*", called="*", scope=whole)
        return
    parts = path.split("/")
    last = parts[-2] if len(parts) > 1 and parts[-1][:1] == "v" and parts[-1][1:].isdigit() else parts[-1]
    last = last.split(".v")[0].removeprefix("go-")
    builder.bind(name or path_node, Binds.IMPORT, node, value=f"{path}#", called=called or last, scope=whole)


def _function(builder: Builder, node: Node) -> None:
    name = node.child_by_field_name("name")
    if name is None:
        return
    result = node.child_by_field_name("result")
    receiver = node.child_by_field_name("receiver")
    container = ""
    if receiver is not None:
        for parameter in receiver.named_children:
            type_ = builder.forms.type_text(parameter.child_by_field_name("type"))
            container = type_.lstrip("*").split("[")[0].strip()
            held = parameter.child_by_field_name("name")
            if held is not None:
                _bind(builder, held, Binds.PARAMETER, parameter, container, Flag.TYPED, node)
    required, flags = _parameters(builder, node)
    builder.bind(
        name,
        Binds.FUNCTION,
        node,
        value=_result(builder, result),
        container=container,
        flags=flags | Flag.TYPED,
        required=required,
        scope=MEMBER_ONLY if receiver is not None or node.type == "method_elem" else None,
    )


def _result(builder: Builder, result: Node | None) -> str:
    """The result as a type; several as `(A, B)`, without names."""
    if result is None or result.type != "parameter_list":
        return builder.forms.type_text(result)
    types = []
    for parameter in result.named_children:
        type_ = builder.forms.type_text(parameter.child_by_field_name("type"))
        types += [type_] * max(1, len(parameter.children_by_field_name("name")))
        for held in parameter.children_by_field_name("name"):
            function = result.parent
            if function is not None:
                _bind(builder, held, Binds.PARAMETER, parameter, type_, Flag.TYPED, function)
    return types[0] if len(types) == 1 else f"({', '.join(types)})"


def _parameters(builder: Builder, function: Node) -> tuple[int, int]:
    parameters = function.child_by_field_name("parameters")
    required = flags = 0
    for parameter in parameters.named_children if parameters is not None else ():
        type_ = builder.forms.type_text(parameter.child_by_field_name("type"))
        if parameter.type.startswith("variadic"):
            type_, flags = "[]" + type_, Flag.VARIADIC
        names = parameter.children_by_field_name("name")
        required += max(1, len(names))
        for name in names:
            _bind(builder, name, Binds.PARAMETER, parameter, type_, Flag.TYPED, function)
    generic = function.child_by_field_name("type_parameters")
    for parameter in generic.named_children if generic is not None else ():
        type_ = builder.forms.type_text(parameter.child_by_field_name("type"))
        for name in parameter.children_by_field_name("name"):
            _bind(builder, name, Binds.ALIAS, parameter, type_, Flag.TYPED, function)
    return required, flags


def _bind(
    builder: Builder, name: Node, kind: Binds, around: Node, value: str, flags: int, scope: Node
) -> None:
    builder.bind(name, kind, around, value=value, flags=flags, scope=(scope.start_byte, scope.end_byte))


def _type(builder: Builder, node: Node) -> None:
    name = node.child_by_field_name("name")
    type_ = node.child_by_field_name("type")
    if name is None or type_ is None:
        return
    generic = node.child_by_field_name("type_parameters")
    for parameter in generic.named_children if generic is not None else ():
        for held in parameter.children_by_field_name("name"):
            bound = builder.forms.type_text(parameter.child_by_field_name("type"))
            _bind(builder, held, Binds.ALIAS, parameter, bound, Flag.TYPED, node)
    bases: list[str] = []
    if type_.type == "struct_type":
        fields = next((child for child in type_.named_children), None)
        for field in fields.named_children if fields is not None else ():
            text = builder.forms.type_text(field.child_by_field_name("type"))
            names = field.children_by_field_name("name")
            for held in names:
                builder.bind(held, Binds.FIELD, field, value=text, flags=Flag.TYPED, scope=MEMBER_ONLY)
            if not names and text:
                bases.append(text)
                embedded = _last_name(field.child_by_field_name("type"))
                if embedded is not None:
                    builder.bind(
                        embedded, Binds.FIELD, field, value=text, flags=Flag.TYPED, scope=MEMBER_ONLY
                    )
                    builder.bound.discard(embedded.start_byte)
    elif type_.type == "interface_type":
        bases = [builder.text(child) for child in type_.named_children if child.type == "type_elem"]
    elif node.type == "type_alias":
        builder.bind(name, Binds.ALIAS, node, value=builder.forms.type_text(type_), flags=Flag.TYPED)
        return
    flags = Flag.INTERFACE if type_.type == "interface_type" else 0
    value = builder.forms.type_text(type_) if type_.type not in ("struct_type", "interface_type") else ""
    builder.bind(name, Binds.TYPE, node, value=value, bases=tuple(bases), flags=flags)


def _last_name(type_: Node | None) -> Node | None:
    """The name of an embedded type, which is the name of its field too."""
    while type_ is not None and type_.type != "type_identifier":
        type_ = type_.child_by_field_name("name") or type_.child_by_field_name("type")
    return type_


def _scope_from(builder: Builder, node: Node) -> tuple[int, int]:
    """From the end of the statement to the end of the block: Go binds a name behind its statement."""
    around = node.parent
    while around is not None and around.type not in builder.rules.scopes:
        around = around.parent
    return node.end_byte, around.end_byte if around is not None else builder.size + 1


def _pairs(builder: Builder, names: list[Node], values: Node | None) -> list[tuple[Node, str]]:
    """Each name with its value; of one value for several names, the part of the tuple."""
    given = values.named_children if values is not None else []
    if len(given) == len(names):
        return [(name, builder.forms.of(value)) for name, value in zip(names, given, strict=True)]
    if len(given) == 1:
        form = builder.forms.of(given[0])
        if given[0].type in ("type_assertion_expression", "index_expression"):
            return [(name, form if not at else "!") for at, name in enumerate(names)]
        if given[0].type == "unary_expression":
            return [(name, form if not at else "!") for at, name in enumerate(names)]
        return [(name, f"{form}#{at}") for at, name in enumerate(names)]
    return [(name, "?") for name in names]


def _short(builder: Builder, node: Node) -> None:
    left = node.child_by_field_name("left")
    names = [child for child in left.named_children if child.type == "identifier"] if left else []
    for name, form in _pairs(builder, names, node.child_by_field_name("right")):
        if builder.text(name) != "_":
            builder.bind(name, Binds.VARIABLE, node, value=form, scope=_scope_from(builder, node))


def _var(builder: Builder, node: Node) -> None:
    names = node.children_by_field_name("name")
    type_ = builder.forms.type_text(node.child_by_field_name("type"))
    top = node.parent
    while top is not None and top.type in ("var_spec_list", "var_declaration", "const_declaration"):
        top = top.parent
    scope = None if top is not None and top.type == "source_file" else _scope_from(builder, node)
    for name, form in _pairs(builder, names, node.child_by_field_name("value")):
        if builder.text(name) == "_":
            continue
        flags = Flag.TYPED if type_ else 0
        builder.bind(name, Binds.VARIABLE, node, value=type_ or form, flags=flags, scope=scope)


def _range(builder: Builder, node: Node) -> None:
    left = node.child_by_field_name("left")
    form = builder.forms.of(node.child_by_field_name("right"))
    loop = node.parent
    if left is None or loop is None or any(child.type == "=" for child in node.children):
        return
    for at, name in enumerate(left.named_children):
        if name.type == "identifier" and builder.text(name) != "_":
            value = f"{form}*" if at else "!"
            builder.bind(name, Binds.VARIABLE, node, value=value, scope=(node.end_byte, loop.end_byte))


def _type_switch(builder: Builder, node: Node) -> None:
    alias = node.child_by_field_name("alias")
    held = next((child for child in alias.named_children), None) if alias is not None else None
    if held is None:
        return
    whole = builder.forms.of(node.child_by_field_name("value"))
    builder.bind(held, Binds.VARIABLE, held, value=whole, scope=(held.end_byte, node.end_byte))
    for case in node.named_children:
        types = case.children_by_field_name("type") if case.type == "type_case" else []
        if len(types) == 1:
            text = builder.forms.type_text(types[0])
            span = (case.start_byte, case.end_byte)
            builder.bind(held, Binds.VARIABLE, held, value=text, flags=Flag.TYPED, scope=span)


def _literal_type(builder: Builder, key: Node) -> str:
    """The type of the literal that a key stands in; inside another one it may be left out."""
    marks = ""
    node = key.parent
    while node is not None:
        if node.type == "composite_literal":
            text = builder.forms.type_text(node.child_by_field_name("type"))
            return f"<{text}>{marks}" if text else ""
        if node.type == "literal_value" and node.parent is not None and node.parent.type == "literal_element":
            marks += "[]"
        node = node.parent
    return ""
