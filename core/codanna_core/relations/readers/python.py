"""Bindings of Python."""

from __future__ import annotations

from codanna_core.languages.captures import Node
from codanna_core.relations.facts import Binds, Flag
from codanna_core.relations.reader import MEMBER_ONLY, Builder

MAX_RETURNS = 8


def read(builder: Builder, found: dict[str, list[Node]]) -> None:
    """Add the file's bindings."""
    returned = _returns(builder, found.get("return", ()))
    global_names = {
        (node.parent.start_byte if node.parent else 0, builder.text(name))
        for node in found.get("global", ())
        for name in node.named_children
    }
    for node in found.get("import.plain", ()):
        _import(builder, node)
    for node in found.get("import.from", ()):
        _import_from(builder, node)
    for node in found.get("function", ()):
        _function(builder, node, returned)
    for node in found.get("lambda", ()):
        _parameters(builder, node, "", "")
    for node in found.get("class", ()):
        _class(builder, node)
    for node in found.get("assign", ()):
        _assign(builder, node, global_names)
    for node in found.get("for", ()):
        _target(
            builder, node.child_by_field_name("left"), builder.forms.of(_field(node, "right")) + "*", node
        )
    for node in found.get("as", ()):
        _as(builder, node)
    for node in found.get("alias", ()):
        left, right = _field(node, "left"), _field(node, "right")
        name = left.named_children[0] if left is not None and left.named_children else None
        if name is not None:
            builder.bind(name, Binds.ALIAS, node, value=builder.forms.type_text(right), flags=Flag.TYPED)


def _field(node: Node, name: str) -> Node | None:
    return node.child_by_field_name(name)


def _returns(builder: Builder, nodes: object) -> dict[int, set[str]]:
    """What functions without a stated result return, by the start of the function."""
    returned: dict[int, set[str]] = {}
    for node in nodes if isinstance(nodes, list) else ():
        around = node.parent
        while around is not None and around.type not in ("function_definition", "lambda", "class_definition"):
            around = around.parent
        if around is None or around.type != "function_definition":
            continue
        forms = returned.setdefault(around.start_byte, set())
        if len(forms) <= MAX_RETURNS:
            forms.add(builder.forms.of(node.named_children[0]))
    return returned


def _import(builder: Builder, node: Node) -> None:
    for item in node.children_by_field_name("name"):
        if item.type == "aliased_import":
            alias, module = _field(item, "alias"), builder.text(_field(item, "name"))
            if alias is not None:
                builder.bind(alias, Binds.IMPORT, node, value=f"{module}#")
        else:
            first = item.named_children[0]
            builder.bind(first, Binds.IMPORT, node, value=f"{builder.text(first)}#")
            builder.skipped.add(first.start_byte)


def _import_from(builder: Builder, node: Node) -> None:
    module = builder.text(_field(node, "module_name")).replace(" ", "")
    for item in node.children_by_field_name("name"):
        if item.type == "aliased_import":
            alias, name = _field(item, "alias"), builder.text(_field(item, "name"))
            if alias is not None:
                builder.bind(alias, Binds.IMPORT, node, value=f"{module}#{name}")
        else:
            builder.bind(item, Binds.IMPORT, node, value=f"{module}#{builder.text(item)}")
    for child in node.named_children:
        if child.type == "wildcard_import":
            builder.bind(child, Binds.IMPORT, node, value=f"{module}#*", called="*")


def _class_around(node: Node) -> Node | None:
    """The class whose body a statement stands in directly."""
    around = node.parent
    while around is not None and around.type in (
        "block",
        "decorated_definition",
        "expression_statement",
        "if_statement",
        "else_clause",
        "try_statement",
    ):
        around = around.parent
    return around if around is not None and around.type == "class_definition" else None


def _function(builder: Builder, node: Node, returned: dict[int, set[str]]) -> None:
    name = _field(node, "name")
    if name is None:
        return
    flags, first_type = 0, ""
    around = _class_around(node)
    marks = _decorators(builder, node)
    if around is not None:
        class_name = builder.text(_field(around, "name"))
        first_type = class_name
        if "classmethod" in marks or builder.text(name) in ("__new__", "__init_subclass__"):
            first_type = f"type[{class_name}]"
        if "staticmethod" in marks:
            first_type, flags = "", Flag.STATIC
    if marks & {"property", "cached_property", "setter", "getter", "abstractproperty"}:
        flags |= Flag.PROPERTY
    if "overload" in marks:
        flags |= Flag.DECLARED
    result = builder.forms.type_text(_field(node, "return_type"))
    value = ""
    if result and result.strip("\"'") in ("Self", "t.Self", "te.Self", "typing.Self"):
        result = builder.text(_field(around, "name")) if around is not None else ""
    if result:
        value, flags = result, flags | Flag.TYPED
    else:
        forms = returned.get(node.start_byte, set()) - {"!"}
        if len(forms) == 1:
            value = forms.pop()
    required = _parameters(builder, node, first_type, "staticmethod" if "staticmethod" in marks else "")
    builder.bind(name, Binds.FUNCTION, node, value=value, flags=flags, required=required)


def _decorators(builder: Builder, node: Node) -> set[str]:
    parent = node.parent
    if parent is None or parent.type != "decorated_definition":
        return set()
    marks = set()
    for child in parent.named_children:
        if child.type == "decorator":
            marks.add(builder.text(child).lstrip("@").split("(")[0].strip().rsplit(".", 1)[-1])
    return marks


def _parameters(builder: Builder, node: Node, first_type: str, kind: str) -> int:
    parameters = _field(node, "parameters")
    scope = (node.start_byte, node.end_byte)
    required = 0
    for number, item in enumerate(parameters.named_children if parameters is not None else ()):
        type_ = builder.forms.type_text(_field(item, "type"))
        name = _field(item, "name")
        if item.type == "identifier":
            name = item
            required += 1
        elif item.type == "typed_parameter":
            name = item.named_children[0]
            if name.type != "identifier":
                type_ = f"list[{type_}]" if name.type == "list_splat_pattern" else f"dict[str, {type_}]"
                name = name.named_children[0] if name.named_children else None
        elif item.type in ("list_splat_pattern", "dictionary_splat_pattern"):
            name = item.named_children[0] if item.named_children else None
        if name is None or name.type != "identifier":
            continue
        value, flags = type_, Flag.TYPED if type_ else 0
        if not type_ and not number and first_type:
            value, flags = first_type, Flag.TYPED
        elif not type_ and (default := _field(item, "value")) is not None:
            value = builder.forms.of(default)
            value = "" if value == "!" else value
        builder.bind(name, Binds.PARAMETER, item, value=value, flags=flags, scope=scope)
    return required


def _class(builder: Builder, node: Node) -> None:
    name = _field(node, "name")
    if name is None:
        return
    arguments = _field(node, "superclasses")
    bases = [
        builder.forms.type_text(item) or "?"
        for item in (arguments.named_children if arguments is not None else ())
        if item.type != "keyword_argument" and not item.is_extra
    ]
    builder.bind(name, Binds.TYPE, node, bases=tuple(bases))


def _assign(builder: Builder, node: Node, global_names: set[tuple[int, str]]) -> None:
    left = _field(node, "left") or _field(node, "name")
    type_ = builder.forms.type_text(_field(node, "type"))
    right = _field(node, "right") or _field(node, "value")
    while right is not None and right.type == "assignment":
        right = _field(right, "right")
    form = builder.forms.of(right) if right is not None else ""
    if type_:
        _one(builder, left, type_, Flag.TYPED, node, global_names)
    elif left is not None and left.type == "identifier":
        _one(builder, left, form, 0, node, global_names)
    else:
        _target(builder, left, form, node)


def _one(
    builder: Builder,
    name: Node | None,
    value: str,
    flags: int,
    node: Node,
    global_names: set[tuple[int, str]] = frozenset(),  # type: ignore[assignment]
) -> None:
    if name is None:
        return
    if name.type == "attribute":
        _attribute(builder, name, value, flags, node)
        return
    if name.type != "identifier":
        return
    scope = None
    if global_names:
        block = node.parent
        while block is not None and block.type != "block":
            block = block.parent
        if block is not None and (block.start_byte, builder.text(name)) in global_names:
            scope = (0, builder.size + 1)
    kind = Binds.FIELD if _class_around(node) is not None else Binds.VARIABLE
    builder.bind(name, kind, node, value=value, flags=flags, scope=scope)


def _attribute(builder: Builder, node: Node, value: str, flags: int, around: Node) -> None:
    """`self.x = ...` binds a field of the class around the method."""
    held, name = _field(node, "object"), _field(node, "attribute")
    if held is None or name is None or held.type != "identifier":
        return
    function = around.parent
    while function is not None and function.type != "function_definition":
        function = function.parent
    owner = _class_around(function) if function is not None else None
    parameters = _field(function, "parameters") if function is not None else None
    first = parameters.named_children[:1] if parameters is not None else []
    if owner is None or not first or builder.text(first[0]) != builder.text(held):
        return
    container = builder.text(_field(owner, "name"))
    builder.bind(name, Binds.FIELD, around, value=value, flags=flags, container=container, scope=MEMBER_ONLY)


def _target(builder: Builder, left: Node | None, form: str, node: Node) -> None:
    """Bind the names of a pattern, each to its part of the value."""
    if left is None:
        return
    if left.type in ("identifier", "attribute"):
        _one(builder, left, form if "?" not in form else "", 0, node)
    elif left.type in ("pattern_list", "tuple_pattern", "list_pattern", "tuple", "list"):
        for number, item in enumerate(left.named_children):
            _target(builder, item, f"{form}#{number}", node)
    elif left.type in ("list_splat_pattern", "parenthesized_expression") and left.named_children:
        _target(builder, left.named_children[0], "", node)


def _as(builder: Builder, node: Node) -> None:
    alias = _field(node, "alias")
    value = node.named_children[0] if node.named_children else None
    if alias is None or not alias.named_children:
        return
    parent = node.parent
    if parent is not None and parent.type.startswith("except"):
        form = builder.forms.type_text(value)
        _one(builder, alias.named_children[0], form.strip("()").replace(",", " |"), Flag.TYPED, node)
    else:
        _target(builder, alias.named_children[0], builder.forms.of(value) + "~", node)
