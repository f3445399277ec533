"""Bindings of Rust."""

from __future__ import annotations

from codanna_core.languages.captures import Node
from codanna_core.relations.facts import Binds, Flag
from codanna_core.relations.reader import MEMBER_ONLY, Builder


def read(builder: Builder, found: dict[str, list[Node]]) -> None:
    """Add the file's bindings."""
    for node in found.get("import.line", ()):
        argument = _field(node, "argument")
        if argument is not None:
            _use(builder, argument, "", node)
    for node in found.get("module", ()):
        name = _field(node, "name")
        if name is not None and _field(node, "body") is not None:
            builder.bind(name, Binds.MODULE, node)
        elif name is not None:
            builder.bind(name, Binds.IMPORT, node, value=f"self::{builder.text(name)}#")
    for node in found.get("class", ()):
        _class(builder, node)
    for node in found.get("variant", ()):
        name = _field(node, "name")
        if name is not None:
            builder.bind(
                name, Binds.VARIABLE, node, value="Self", flags=Flag.TYPED | Flag.STATIC, scope=MEMBER_ONLY
            )
    for node in [*found.get("alias", ()), *found.get("associated", ())]:
        name = _field(node, "name")
        if name is not None:
            member = _in_type(node)
            type_ = builder.forms.type_text(_field(node, "type"))
            builder.bind(
                name, Binds.ALIAS, node, value=type_, flags=Flag.TYPED, scope=MEMBER_ONLY if member else None
            )
    for node in found.get("impl", ()):
        _impl(builder, node)
    for node in found.get("function", ()):
        _function(builder, node)
    for node in found.get("field", ()):
        name = _field(node, "name")
        if name is not None:
            type_ = builder.forms.type_text(_field(node, "type"))
            builder.bind(name, Binds.FIELD, node, value=type_, flags=Flag.TYPED, scope=MEMBER_ONLY)
    for node in found.get("constant", ()):
        name = _field(node, "name")
        if name is not None:
            type_ = builder.forms.type_text(_field(node, "type"))
            scope = MEMBER_ONLY if _in_type(node) else None
            builder.bind(name, Binds.VARIABLE, node, value=type_, flags=Flag.TYPED | Flag.STATIC, scope=scope)
    for node in found.get("let", ()):
        _let(builder, node)
    for node in found.get("match", ()):
        _match(builder, node)
    for node in found.get("for", ()):
        pattern = _field(node, "pattern")
        form = builder.forms.of(_field(node, "value")) + "*"
        if pattern is not None:
            _pattern(builder, pattern, form, node, (node.start_byte, node.end_byte))
    for node in found.get("closure", ()):
        _parameters(builder, node)
    for node in found.get("macro", ()):
        name = _field(node, "name")
        if name is not None:
            builder.bind(name, Binds.MACRO, node, scope=(0, builder.size + 1))
    for node in found.get("key", ()):
        literal = node.parent.parent.parent if node.parent and node.parent.parent else None
        type_node = _field(literal, "name") if literal is not None else None
        if type_node is not None:
            builder.receivers[node.start_byte] = f"<{builder.forms.type_text(type_node)}>"


def _field(node: Node, name: str) -> Node | None:
    return node.child_by_field_name(name)


def _use(builder: Builder, node: Node, prefix: str, around: Node) -> None:
    """Each name that a `use` tree binds, with the path that it stands for."""
    kind = node.type
    if kind in ("identifier", "self", "crate", "super"):
        text = builder.text(node)
        if text == "self" and prefix:
            builder.bind(node, Binds.IMPORT, around, value=f"{prefix}#", called=prefix.rsplit("::", 1)[-1])
        else:
            builder.bind(node, Binds.IMPORT, around, value=f"{prefix}#{text}")
    elif kind == "scoped_identifier":
        path, name = builder.text(_field(node, "path")), _field(node, "name")
        if name is not None:
            whole = "::".join(part for part in (prefix, path) if part)
            builder.bind(name, Binds.IMPORT, around, value=f"{whole}#{builder.text(name)}")
    elif kind == "use_as_clause":
        path_node, alias = _field(node, "path"), _field(node, "alias")
        if path_node is not None and alias is not None:
            whole = "::".join(part for part in (prefix, builder.text(path_node)) if part)
            module, _, name_text = whole.rpartition("::")
            builder.bind(alias, Binds.IMPORT, around, value=f"{module}#{name_text}")
    elif kind == "use_list":
        for item in node.named_children:
            _use(builder, item, prefix, around)
    elif kind == "scoped_use_list":
        path, items = builder.text(_field(node, "path")), _field(node, "list")
        whole = "::".join(part for part in (prefix, path) if part)
        for item in items.named_children if items is not None else ():
            _use(builder, item, whole, around)
    elif kind == "use_wildcard" and node.named_children:
        whole = "::".join(part for part in (prefix, builder.text(node.named_children[0])) if part)
        builder.bind(node, Binds.IMPORT, around, value=f"{whole}#*", called="*")


def _in_type(node: Node) -> Node | None:
    """The `impl` or trait that an item stands in directly."""
    around = node.parent
    if around is not None and around.type == "declaration_list":
        around = around.parent
    return around if around is not None and around.type in ("impl_item", "trait_item") else None


def _class(builder: Builder, node: Node) -> None:
    name = _field(node, "name")
    if name is None:
        return
    bounds = _field(node, "bounds")
    bases = [builder.forms.type_text(item) for item in bounds.named_children] if bounds is not None else []
    flags = Flag.INTERFACE if node.type == "trait_item" else 0
    body = _field(node, "body")
    if body is not None and body.type == "ordered_field_declaration_list":
        types = body.children_by_field_name("type")
        for number, type_ in enumerate(types):
            text = builder.forms.type_text(type_)
            builder.bind(
                type_, Binds.FIELD, type_, value=text, flags=Flag.TYPED, scope=MEMBER_ONLY, called=str(number)
            )
    builder.bind(name, Binds.TYPE, node, bases=tuple(base for base in bases if base), flags=flags)
    _generics(builder, node)


def _generics(builder: Builder, node: Node) -> None:
    parameters = _field(node, "type_parameters")
    bounds = {}
    where = next((child for child in node.named_children if child.type == "where_clause"), None)
    for item in where.named_children if where is not None else ():
        bounds[builder.text(_field(item, "left"))] = builder.forms.type_text(_field(item, "bounds")).lstrip(
            ": "
        )
    for item in parameters.named_children if parameters is not None else ():
        name = _field(item, "name")
        if name is not None and item.type == "type_parameter":
            bound = builder.forms.type_text(_field(item, "bounds")).lstrip(": ")
            text = bound or bounds.get(builder.text(name), "")
            span = (node.start_byte, node.end_byte)
            builder.bind(name, Binds.ALIAS, item, value=text, flags=Flag.TYPED, scope=span)


def _impl(builder: Builder, node: Node) -> None:
    type_, trait = _field(node, "type"), _field(node, "trait")
    if type_ is None:
        return
    container = builder.forms.type_text(type_).lstrip("&").split("<")[0].rsplit("::", 1)[-1].strip()
    bases = (builder.forms.type_text(trait),) if trait is not None else ()
    builder.bind(
        type_,
        Binds.IMPLEMENTS,
        node,
        container=container,
        bases=bases,
        scope=MEMBER_ONLY,
        called=f"impl {container}",
    )
    _generics(builder, node)


def _function(builder: Builder, node: Node) -> None:
    name = _field(node, "name")
    if name is None:
        return
    around = _in_type(node)
    required = _parameters(builder, node)
    value = builder.forms.type_text(_field(node, "return_type"))
    flags = Flag.TYPED | (Flag.DECLARED if node.type == "function_signature_item" and around is None else 0)
    scope = MEMBER_ONLY if around is not None else None
    builder.bind(name, Binds.FUNCTION, node, value=value, flags=flags, required=required, scope=scope)
    _generics(builder, node)


def _parameters(builder: Builder, node: Node) -> int:
    parameters = _field(node, "parameters")
    span = (node.start_byte, node.end_byte)
    required = 0
    for item in parameters.named_children if parameters is not None else ():
        if item.type == "parameter":
            pattern = _field(item, "pattern")
            text = builder.forms.type_text(_field(item, "type"))
            required += 1
            if pattern is not None:
                _pattern(builder, pattern, f"<{text}>" if text else "", item, span, Binds.PARAMETER)
        elif item.type not in ("self_parameter", "attribute_item"):
            _pattern(builder, item, "", item, span, Binds.PARAMETER)
    return required


def _let(builder: Builder, node: Node) -> None:
    pattern = _field(node, "pattern")
    if pattern is None:
        return
    text = builder.forms.type_text(_field(node, "type"))
    form = f"<{text}>" if text and "_" not in text.split("<") else builder.forms.of(_field(node, "value"))
    around = node.parent
    while around is not None and around.type not in (
        "block",
        "if_expression",
        "while_expression",
        "match_arm",
    ):
        around = around.parent
    end = around.end_byte if around is not None else builder.size
    _pattern(builder, pattern, form, node, (node.end_byte, end))


def _match(builder: Builder, node: Node) -> None:
    form = builder.forms.of(_field(node, "value"))
    body = _field(node, "body")
    for arm in body.named_children if body is not None else ():
        pattern = _field(arm, "pattern")
        if pattern is not None:
            _pattern(builder, pattern, form, arm, (arm.start_byte, arm.end_byte))


def _pattern(
    builder: Builder,
    node: Node,
    form: str,
    around: Node,
    scope: tuple[int, int],
    kind: Binds = Binds.VARIABLE,
) -> None:
    """Bind the names of a pattern. `Some(x)` and `Ok(x)` stand for what they hold, like their types."""
    if "?" in form:
        form = ""
    if node.type == "identifier":
        if builder.text(node)[:1].islower() or builder.text(node)[:1] == "_":
            builder.bind(node, kind, around, value=form, scope=scope)
    elif node.type == "shorthand_field_identifier":
        builder.bind(node, kind, around, scope=scope)
    elif node.type in ("tuple_pattern", "slice_pattern"):
        for number, item in enumerate(node.named_children):
            _pattern(builder, item, f"{form}#{number}" if form else "", around, scope, kind)
    elif node.type == "tuple_struct_pattern":
        held = builder.text(_field(node, "type"))
        inner = [item for item in node.named_children[1:] if not item.is_extra]
        through = held in ("Some", "Ok") and len(inner) == 1
        for item in inner:
            _pattern(builder, item, form if through else "", around, scope, kind)
    elif node.type == "struct_pattern":
        type_ = builder.forms.type_text(_field(node, "type"))
        for item in node.named_children:
            if item.type == "field_pattern":
                name, inner_pattern = _field(item, "name"), _field(item, "pattern")
                part = f"<{type_}>.{builder.text(name)}" if type_ and name is not None else ""
                if inner_pattern is not None:
                    _pattern(builder, inner_pattern, part, around, scope, kind)
                elif name is not None:
                    builder.bind(name, kind, around, value=part, scope=scope)
    elif node.type in (
        "match_pattern",
        "mut_pattern",
        "ref_pattern",
        "reference_pattern",
        "captured_pattern",
        "or_pattern",
    ):
        for item in node.named_children[:1] if node.type == "match_pattern" else node.named_children:
            if item.type not in ("mutable_specifier",):
                _pattern(builder, item, form, around, scope, kind)
