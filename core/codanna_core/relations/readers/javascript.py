"""Bindings of JavaScript and TypeScript."""

from __future__ import annotations

from codanna_core.languages.captures import Node
from codanna_core.relations.facts import Binds, Flag
from codanna_core.relations.reader import MEMBER_ONLY, Builder
from codanna_core.relations.readers.commonjs import (
    FUNCTIONS,
    assign,
    class_name,
    field,
    function_scope,
    object_name,
    required,
    required_names,
    returned_forms,
)


def read(builder: Builder, found: dict[str, list[Node]]) -> None:
    """Add the file's bindings."""
    returned = returned_forms(builder, found.get("return", []))
    for node in found.get("import.line", ()):
        _import(builder, node)
    for node in found.get("export", ()):
        _export(builder, node)
    for node in found.get("function", ()):
        _function(builder, node, field(node, "name"), node, returned)
    for node in found.get("literal", ()):
        _literal(builder, node, returned)
    for node in found.get("class", ()):
        _class(builder, node)
    for node in found.get("method", ()):
        _method(builder, node, returned)
    for node in found.get("field", ()):
        _property(builder, node)
    for node in found.get("enum", ()):
        _enum(builder, node)
    for node in found.get("alias", ()):
        _alias(builder, node)
    for node in found.get("module", ()):
        name = field(node, "name")
        if name is not None:
            builder.bind(name, Binds.MODULE, node)
    for node in found.get("variable", ()):
        _variable(builder, node)
    for node in found.get("assign", ()):
        assign(builder, node)
    for node in found.get("for", ()):
        left, right = field(node, "left"), field(node, "right")
        if left is not None:
            _pattern(builder, left, builder.forms.of(right) + "*", node, (node.start_byte, node.end_byte))
    for node in found.get("catch", ()):
        held = field(node, "parameter")
        if held is not None:
            _pattern(builder, held, "", node, (node.start_byte, node.end_byte))


def _source(builder: Builder, node: Node) -> str:
    source = field(node, "source")
    return builder.text(source)[1:-1] if source is not None else ""


def _import(builder: Builder, node: Node) -> None:
    module = _source(builder, node)
    for clause in node.named_children:
        if clause.type == "import_require_clause":
            name = clause.named_children[0]
            source = builder.text(field(clause, "source"))[1:-1]
            builder.bind(name, Binds.IMPORT, node, value=f"{source}#=")
        if clause.type != "import_clause":
            continue
        for item in clause.named_children:
            if item.type == "identifier":
                builder.bind(item, Binds.IMPORT, node, value=f"{module}#default")
            elif item.type == "namespace_import":
                builder.bind(item.named_children[0], Binds.IMPORT, node, value=f"{module}#")
            elif item.type == "named_imports":
                for part in item.named_children:
                    given = field(part, "name")
                    if given is not None:
                        held = field(part, "alias") or given
                        builder.bind(held, Binds.IMPORT, node, value=f"{module}#{builder.text(given)}")


def _export(builder: Builder, node: Node) -> None:
    module = _source(builder, node)
    names = [child for child in node.named_children if child.type == "export_clause"]
    for part in names[0].named_children if names else ():
        name = field(part, "name")
        if name is None:
            continue
        held: Node | None = field(part, "alias") or name
        assert held is not None
        value = f"{module}#{builder.text(name)}" if module else builder.text(name)
        builder.bind(held, Binds.EXPORT, node, value=value)
        if not module:
            builder.bound.discard(name.start_byte)
    for child in node.named_children:
        if child.type == "namespace_export":
            builder.bind(child.named_children[0], Binds.EXPORT, node, value=f"{module}#")
    if module and not names and any(child.type == "*" for child in node.children):
        builder.bind(node, Binds.IMPORT, node, value=f"{module}#*", called="*")
    if any(child.type == "default" for child in node.children):
        held = field(node, "declaration") or field(node, "value")
        if held is None:
            return
        name = field(held, "name")
        if name is None and held.type in (
            "class",
            "function_expression",
            "arrow_function",
            "function_declaration",
        ):
            kind = Binds.TYPE if held.type == "class" else Binds.FUNCTION
            builder.bind(held, kind, held, called="default")
        else:
            value = builder.text(name) if name is not None else builder.forms.of(held)
            builder.bind(name or held, Binds.EXPORT, node, value=value, called="default")


def _function(
    builder: Builder,
    node: Node,
    name: Node | None,
    around: Node,
    returned: dict[int, set[str]],
    *,
    container: str = "",
    flags: int = 0,
    member: bool = False,
    called: str | None = None,
) -> None:
    """Bind a function with its parameters; `node` is the function, `around` the whole definition."""
    required = _parameters(builder, node)
    result = _annotation(builder, field(node, "return_type"))
    value = result
    if result:
        flags |= Flag.TYPED
    else:
        body = field(node, "body")
        if body is not None and body.type != "statement_block":
            value = builder.forms.of(body)
        else:
            forms = returned.get(node.start_byte, set()) - {"!"}
            value = forms.pop() if len(forms) == 1 else ""
        value = "" if value in ("?", "!") else value
    if node.type in ("function_signature", "method_signature", "abstract_method_signature"):
        flags |= Flag.DECLARED
    if name is not None:
        builder.bind(
            name,
            Binds.FUNCTION,
            around,
            value=value,
            container=container,
            flags=flags,
            required=required,
            scope=MEMBER_ONLY if member or container else None,
            called=called,
        )


def _annotation(builder: Builder, node: Node | None) -> str:
    text = builder.forms.type_text(node).lstrip(":").strip()
    return "" if " is " in text else text


def _parameters(builder: Builder, node: Node) -> int:
    scope = (node.start_byte, node.end_byte)
    single = field(node, "parameter")
    if single is not None:
        _pattern(builder, single, "", node, scope, Binds.PARAMETER)
        return 1
    parameters = field(node, "parameters")
    required = 0
    for item in parameters.named_children if parameters is not None else ():
        if item.type in ("required_parameter", "optional_parameter"):
            held = field(item, "pattern")
            type_ = _annotation(builder, field(item, "type"))
            required += item.type == "required_parameter" and field(item, "value") is None
            if held is not None and held.type == "identifier":
                value, flags = type_, Flag.TYPED if type_ else 0
                if not type_ and field(item, "value") is not None:
                    value = builder.forms.of(field(item, "value"))
                builder.bind(held, Binds.PARAMETER, item, value=value, flags=flags, scope=scope)
                if any(child.type == "accessibility_modifier" for child in item.children):
                    builder.bind(
                        held,
                        Binds.FIELD,
                        item,
                        value=type_,
                        flags=flags,
                        scope=MEMBER_ONLY,
                        container=class_name(builder, node),
                    )
            elif held is not None:
                _pattern(builder, held, f"<{type_}>" if type_ else "", item, scope, Binds.PARAMETER)
        else:
            required += item.type == "identifier"
            _pattern(builder, item, "", item, scope, Binds.PARAMETER)
    return required


def _pattern(
    builder: Builder,
    node: Node,
    form: str,
    around: Node,
    scope: tuple[int, int] | None,
    kind: Binds = Binds.VARIABLE,
) -> None:
    """Bind the names of a pattern, each to its part of the value."""
    if "?" in form or form == "!":
        form = ""
    if node.type in ("identifier", "shorthand_property_identifier_pattern"):
        builder.bind(node, kind, around, value=form, scope=scope)
    elif node.type == "object_pattern":
        for item in node.named_children:
            if item.type == "shorthand_property_identifier_pattern":
                part = f"{form}.{builder.text(item)}" if form else ""
                _pattern(builder, item, part, around, scope, kind)
            elif item.type == "pair_pattern":
                key, held = field(item, "key"), field(item, "value")
                if held is not None:
                    part = f"{form}.{builder.text(key)}" if form else ""
                    _pattern(builder, held, part, around, scope, kind)
                if key is not None:
                    builder.skipped.add(key.start_byte)
            elif item.type in ("object_assignment_pattern", "rest_pattern"):
                first = item.named_children[0]
                part = f"{form}.{builder.text(first)}" if form and item.type != "rest_pattern" else ""
                _pattern(builder, first, part, around, scope, kind)
    elif node.type == "array_pattern":
        for number, item in enumerate(node.named_children):
            _pattern(builder, item, f"{form}#{number}" if form else "", around, scope, kind)
    elif node.type in ("assignment_pattern", "rest_pattern") and node.named_children:
        first = node.named_children[0]
        default = "" if node.type == "rest_pattern" else builder.forms.of(field(node, "right"))
        _pattern(builder, first, form or default, around, scope, kind)


def _literal(builder: Builder, node: Node, returned: dict[int, set[str]]) -> None:
    """A function without a statement of its own takes the name that it is assigned to."""
    parent = node.parent
    kind = parent.type if parent is not None else ""
    name = around = None
    container, member = "", False
    if parent is not None and kind == "variable_declarator" and field(parent, "value") == node:
        name, around = field(parent, "name"), parent
    elif parent is not None and kind in ("pair", "field_definition", "public_field_definition"):
        name, around = field(parent, "key") or field(parent, "name") or field(parent, "property"), parent
        member = True
        if kind == "pair":
            container = object_name(builder, parent.parent)
    elif parent is not None and kind == "assignment_expression":
        left = field(parent, "left")
        if left is not None and left.type == "member_expression":
            name, around = field(left, "property"), parent
            holder = builder.forms.of(field(left, "object"))
            container = holder.removesuffix(".prototype")
            if holder in ("exports", "module.exports"):
                container = "exports"
            elif left is not None and builder.text(left) == "module.exports":
                container = ""
            if holder == "this":
                container = class_name(builder, parent)
            member = True
    if name is not None and name.type not in (
        "identifier",
        "property_identifier",
        "private_property_identifier",
    ):
        name = None
    whole = field(parent, "left") if parent is not None and kind == "assignment_expression" else None
    if name is not None and parent is not None and builder.text(whole) == "module.exports":
        _function(builder, node, field(node, "name") or name, parent, returned, called="default")
        return
    _function(builder, node, name, around or node, returned, container=container, member=member)
    own = field(node, "name")
    if own is not None:
        builder.bind(own, Binds.VARIABLE, own, scope=(node.start_byte, node.end_byte))


def _class(builder: Builder, node: Node) -> None:
    name = field(node, "name")
    bases: list[str] = []
    for child in node.named_children:
        if child.type in ("class_heritage", "extends_type_clause", "extends_clause", "implements_clause"):
            parts = child.named_children
            for part in parts:
                inner = (
                    part.named_children if part.type in ("extends_clause", "implements_clause") else [part]
                )
                bases += [builder.forms.type_text(item) for item in inner if item.type != "type_arguments"]
    flags = Flag.INTERFACE if node.type == "interface_declaration" else 0
    _type_parameters(builder, node)
    parent = node.parent
    if name is None and parent is not None and parent.type == "variable_declarator":
        name = field(parent, "name")
    if name is not None:
        builder.bind(name, Binds.TYPE, node, bases=tuple(base for base in bases if base), flags=flags)


def _type_parameters(builder: Builder, node: Node) -> None:
    generic = field(node, "type_parameters")
    for item in generic.named_children if generic is not None else ():
        name, bound = field(item, "name"), field(item, "constraint")
        if name is not None:
            text = builder.forms.type_text(bound).removeprefix("extends ") if bound is not None else "unknown"
            span = (node.start_byte, node.end_byte)
            builder.bind(name, Binds.ALIAS, item, value=text, flags=Flag.TYPED, scope=span)


def _method(builder: Builder, node: Node, returned: dict[int, set[str]]) -> None:
    name = field(node, "name")
    flags = 0
    for child in node.children:
        if child.type == "static":
            flags |= Flag.STATIC
        elif child.type in ("get", "set"):
            flags |= Flag.PROPERTY
    parent = node.parent
    container = ""
    if parent is not None and parent.type == "object":
        container = object_name(builder, parent)
    _type_parameters(builder, node)
    _function(builder, node, name, node, returned, container=container, flags=flags, member=True)


def _property(builder: Builder, node: Node) -> None:
    name = field(node, "name") or field(node, "property")
    value = field(node, "value")
    if name is None or (value is not None and value.type in FUNCTIONS):
        return
    type_ = _annotation(builder, field(node, "type"))
    flags = Flag.TYPED if type_ else 0
    text = type_ or (builder.forms.of(value) if value is not None else "")
    builder.bind(name, Binds.FIELD, node, value=text, flags=flags, scope=MEMBER_ONLY)


def _enum(builder: Builder, node: Node) -> None:
    name, body = field(node, "name"), field(node, "body")
    if name is None:
        return
    builder.bind(name, Binds.TYPE, node)
    for item in body.named_children if body is not None else ():
        held = field(item, "name") if item.type == "enum_assignment" else item
        if held is not None and held.type == "property_identifier":
            called = builder.text(name)
            builder.bind(held, Binds.FIELD, item, value=called, flags=Flag.TYPED, scope=MEMBER_ONLY)


def _alias(builder: Builder, node: Node) -> None:
    name, value = field(node, "name"), field(node, "value")
    _type_parameters(builder, node)
    if name is None:
        return
    if value is not None and value.type == "object_type":
        builder.bind(name, Binds.TYPE, node)
    else:
        builder.bind(name, Binds.ALIAS, node, value=builder.forms.type_text(value), flags=Flag.TYPED)


def _variable(builder: Builder, node: Node) -> None:
    name, value = field(node, "name"), field(node, "value")
    if name is None or (value is not None and value.type in FUNCTIONS and name.type == "identifier"):
        return
    if value is not None and value.type == "class" and field(value, "name") is None:
        return
    type_ = _annotation(builder, field(node, "type"))
    scope = (
        function_scope(node)
        if node.parent is not None and node.parent.type == "variable_declaration"
        else None
    )
    form = builder.forms.of(value) if value is not None else ""
    if type_ and name.type == "identifier":
        builder.bind(name, Binds.VARIABLE, node, value=type_, flags=Flag.TYPED, scope=scope)
        return
    module = required(builder, value)
    part = field(value, "property") if value is not None and value.type == "member_expression" else None
    held = required(builder, field(value, "object")) if value is not None and part is not None else ""
    if held and name.type == "identifier":
        builder.bind(name, Binds.IMPORT, node, value=f"{held}#{builder.text(part)}", scope=scope)
    elif module and name.type == "identifier":
        builder.bind(name, Binds.IMPORT, node, value=f"{module}#=", scope=scope)
    elif module and name.type == "object_pattern":
        required_names(builder, name, module, node, scope)
    elif value is not None and value.type == "object" and name.type == "identifier":
        builder.bind(name, Binds.MODULE, node, scope=scope, container="object")
    else:
        _pattern(builder, name, form, node, scope)
