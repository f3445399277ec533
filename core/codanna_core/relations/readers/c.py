"""Bindings of C and C++."""

from __future__ import annotations

from codanna_core.languages.captures import Node
from codanna_core.relations.facts import Binds, Flag
from codanna_core.relations.reader import MEMBER_ONLY, Builder

_DECLARATORS = (
    "pointer_declarator",
    "reference_declarator",
    "array_declarator",
    "parenthesized_declarator",
    "init_declarator",
    "attributed_declarator",
    "variadic_declarator",
)
_NAMES = (
    "identifier",
    "field_identifier",
    "type_identifier",
    "destructor_name",
    "operator_name",
    "qualified_identifier",
)


def read(builder: Builder, found: dict[str, list[Node]]) -> None:
    """Add the file's bindings."""
    for node in found.get("class", ()):
        _class(builder, node)
    for node in found.get("enum", ()):
        _enum(builder, node)
    for node in found.get("typedef", ()):
        _typedef(builder, node)
    for node in found.get("alias", ()):
        name = _field(node, "name")
        if name is not None:
            type_ = builder.forms.type_text(_field(node, "type"))
            builder.bind(name, Binds.ALIAS, node, value=type_, flags=Flag.TYPED)
    for node in found.get("namespace", ()):
        name = _field(node, "name")
        if name is not None:
            builder.bind(name, Binds.MODULE, node)
    for node in found.get("template", ()):
        _template(builder, node)
    for node in found.get("function", ()):
        _function(builder, node, node, _field(node, "declarator"))
    for node in found.get("declaration", ()):
        _declaration(builder, node)
    for node in found.get("field", ()):
        _declaration(builder, node)
    for node in found.get("for", ()):
        _for(builder, node)
    for node in [*found.get("lambda", ()), *found.get("catch", ())]:
        _parameters(builder, node, _field(node, "declarator") or node)
    for node in found.get("include", ()):
        path = _field(node, "path")
        if path is not None and path.type in ("string_literal", "system_lib_string"):
            builder.bind(path, Binds.IMPORT, node, value=builder.text(path)[1:-1] + "#*", called="*")
    for node in found.get("macro", ()):
        name = _field(node, "name")
        if name is not None:
            builder.bind(name, Binds.MACRO, node, scope=(0, builder.size + 1), flags=_renames(builder, node))


def _renames(builder: Builder, node: Node) -> int:
    """A macro that stands for another name renames the definition as well: what has its name is not it."""
    value = _field(node, "value")
    renames = node.type == "preproc_def" and value is not None and builder.text(value).strip().isidentifier()
    return Flag.DECLARED if renames else 0


def _field(node: Node, name: str) -> Node | None:
    return node.child_by_field_name(name)


def _class(builder: Builder, node: Node) -> None:
    name, body = _field(node, "name"), _field(node, "body")
    if name is None or body is None:
        return
    bases = []
    for child in node.named_children:
        if child.type == "base_class_clause":
            bases += [
                builder.forms.type_text(item)
                for item in child.named_children
                if item.type != "access_specifier"
            ]
    if name.type == "template_type":
        name = _field(name, "name") or name
    builder.bind(
        name, Binds.TYPE, node, bases=tuple(base for base in bases if base), scope=_around(builder, node)
    )


def _around(builder: Builder, node: Node) -> tuple[int, int] | None:
    """C has no nested scopes for types, and its functions seem nested only where macros hide a brace."""
    return (0, builder.size + 1) if builder.language == "c" else None


def _enum(builder: Builder, node: Node) -> None:
    name, body = _field(node, "name"), _field(node, "body")
    if body is None:
        return
    if name is not None:
        builder.bind(name, Binds.TYPE, node, scope=_around(builder, node))
    for item in body.named_children:
        held = _field(item, "name") if item.type == "enumerator" else None
        if held is not None:
            outer = node.parent
            while outer is not None and outer.type in (
                "type_definition",
                "declaration",
                "linkage_specification",
            ):
                outer = outer.parent
            scope = (0, builder.size + 1) if builder.language == "c" else None
            span = outer if outer is not None and scope is None else None
            builder.bind(
                held,
                Binds.VARIABLE,
                item,
                scope=scope or ((span.start_byte, span.end_byte) if span else None),
            )


def _typedef(builder: Builder, node: Node) -> None:
    type_ = _field(node, "type")
    for declarator in node.children_by_field_name("declarator"):
        name, function = _name(declarator)
        if name is None or type_ is None:
            continue
        anonymous = type_.type in ("struct_specifier", "union_specifier") and _field(type_, "name") is None
        if anonymous:
            builder.bind(name, Binds.TYPE, node)
        elif function is None:
            text = (
                builder.text(_field(type_, "name"))
                if type_.type in ("struct_specifier", "union_specifier", "enum_specifier")
                else builder.forms.type_text(type_)
            )
            if text:
                builder.bind(name, Binds.ALIAS, node, value=text, flags=Flag.TYPED)
        else:
            builder.bind(name, Binds.ALIAS, node, value="", flags=Flag.TYPED)


def _template(builder: Builder, node: Node) -> None:
    parameters = _field(node, "parameters")
    for item in parameters.named_children if parameters is not None else ():
        for name in item.named_children:
            if name.type == "type_identifier":
                span = (node.start_byte, node.end_byte)
                builder.bind(name, Binds.ALIAS, item, flags=Flag.TYPED, scope=span)


def _name(declarator: Node | None) -> tuple[Node | None, Node | None]:
    """The name that a declarator declares, and the innermost function declarator around it."""
    function = None
    while declarator is not None:
        kind = declarator.type
        if kind in _NAMES or kind == "template_function":
            return declarator, function
        if kind == "function_declarator":
            function = declarator
            inner = _field(declarator, "declarator")
            if inner is not None and inner.type == "parenthesized_declarator":
                name, below = _name(inner)
                return name, below  # A pointer to a function, or a function that returns one.
            declarator = inner
        elif kind in _DECLARATORS:
            inner = _field(declarator, "declarator")
            if inner is None:
                inner = next(
                    (
                        child
                        for child in declarator.named_children
                        if "declarator" in child.type or child.type in _NAMES
                    ),
                    None,
                )
            declarator = inner
        else:
            return None, None
    return None, None


def _has(builder: Builder, node: Node, word: str) -> bool:
    return any(
        child.type == "storage_class_specifier" and builder.text(child) == word
        for child in node.named_children
    )


def _function(
    builder: Builder, node: Node, around: Node, declarator: Node | None, declared: bool = False
) -> None:
    name, function = _name(declarator)
    if name is None or function is None:
        return
    container = ""
    if name.type == "template_function":
        name = _field(name, "name") or name
    while name.type == "qualified_identifier":
        holder, inner = _field(name, "scope"), _field(name, "name")
        if inner is None:
            return
        container = ".".join(part for part in (container, builder.text(holder).split("<")[0]) if part)
        name = inner
    required, flags, types = _parameters(builder, around, function)
    member = _in_class(around)
    if _has(builder, node, "static"):
        flags |= Flag.STATIC
    if declared:
        flags |= Flag.DECLARED
    builder.bind(
        name,
        Binds.FUNCTION,
        around,
        value=builder.forms.type_text(_field(node, "type")),
        container=container,
        bases=types if builder.rules.overloads else (),
        flags=flags | Flag.TYPED,
        required=required,
        scope=MEMBER_ONLY if container or member else _around(builder, node),
    )


def _in_class(node: Node) -> bool:
    around = node.parent
    while around is not None and around.type in ("template_declaration", "field_declaration"):
        around = around.parent
    return around is not None and around.type == "field_declaration_list"


def _parameters(builder: Builder, around: Node, function: Node) -> tuple[int, int, tuple[str, ...]]:
    parameters = _field(function, "parameters")
    required = flags = 0
    types = []
    for item in parameters.named_children if parameters is not None else ():
        if item.type in ("variadic_parameter", "..."):
            flags, required = Flag.VARIADIC, required + 1
            continue
        text = builder.forms.type_text(_field(item, "type"))
        name, _ = _name(_field(item, "declarator"))
        if text == "void" and name is None:
            continue
        types.append(text)
        if item.type == "optional_parameter_declaration":
            flags |= Flag.VARIADIC
        required += 1
        if name is not None:
            span = (around.start_byte, around.end_byte)
            builder.bind(name, Binds.PARAMETER, item, value=text, flags=Flag.TYPED, scope=span)
    if any(child.type == "..." for child in (parameters.children if parameters is not None else ())):
        flags, required = flags | Flag.VARIADIC, required + 1
    return required, flags, tuple(types)


def _declaration(builder: Builder, node: Node) -> None:
    type_node = _field(node, "type")
    text = builder.forms.type_text(type_node)
    if (
        type_node is not None
        and type_node.type.endswith("_specifier")
        and _field(type_node, "name") is not None
    ):
        text = builder.forms.type_text(_field(type_node, "name"))
    field = node.type == "field_declaration" or _in_class(node)
    for declarator in node.children_by_field_name("declarator"):
        name, function = _name(declarator)
        if name is None:
            continue
        if function is not None:
            _function(builder, node, node, declarator, declared=True)
            continue
        value, flags = text, int(Flag.TYPED)
        initial = _field(declarator, "value") if declarator.type == "init_declarator" else None
        if text == "auto":
            value, flags = builder.forms.of(initial) if initial is not None else "", 0
        if _has(builder, node, "extern") and initial is None:
            flags |= Flag.DECLARED
        if _has(builder, node, "static"):
            flags |= Flag.STATIC
        kind = Binds.FIELD if field else Binds.VARIABLE
        container = ""
        while name is not None and name.type == "qualified_identifier":
            container = builder.text(_field(name, "scope"))
            name = _field(name, "name")
        if name is not None:
            builder.bind(
                name,
                kind,
                node,
                value=value,
                flags=flags,
                container=container,
                scope=MEMBER_ONLY if field or container else None,
            )


def _for(builder: Builder, node: Node) -> None:
    name, _ = _name(_field(node, "declarator"))
    text = builder.forms.type_text(_field(node, "type"))
    if name is None:
        return
    span = (node.start_byte, node.end_byte)
    if text == "auto":
        form = builder.forms.of(_field(node, "right")) + "*"
        builder.bind(name, Binds.VARIABLE, name, value=form, scope=span)
    else:
        builder.bind(name, Binds.VARIABLE, name, value=text, flags=Flag.TYPED, scope=span)
