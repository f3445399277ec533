"""Dataclasses whose methods are made when the first one is called.

The standard library compiles up to six methods of each class as its module is read: a quarter of the start of
a command, which then uses few of the classes. Here the fields are made at once and the methods once they are
needed; they do the same.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    import inspect

__all__ = ["dataclass"]

if TYPE_CHECKING:
    from dataclasses import dataclass
else:

    def dataclass(
        made: type | None = None,
        /,
        *,
        frozen: bool = False,
        slots: bool = False,
        eq: bool = True,
        kw_only: bool = False,
    ) -> Any:
        """As in the standard library; other options than these are not used here."""

        def decorate(plain: type) -> type:
            return _made(plain, frozen=frozen, slots=slots, eq=eq, kw_only=kw_only)

        return decorate if made is None else decorate(made)


def _made(plain: type, *, frozen: bool, slots: bool, eq: bool, kw_only: bool) -> Any:
    own = set(vars(plain))
    made: Any = dataclasses.dataclass(init=False, repr=False, eq=False, slots=slots, kw_only=kw_only)(plain)
    later = ["__init__", "__repr__"]
    if eq:
        later += ["__eq__", "__hash__"] if frozen else ["__eq__"]
    for name in later:
        if name not in own:
            setattr(made, name, _waiting(made, name, frozen=frozen))
    if "__init__" not in own:
        made.__signature__ = _Signature(made)
    if eq and not frozen and not own & {"__eq__", "__hash__"}:
        made.__hash__ = None
    if frozen:
        made.__setattr__ = _not_assigned
        made.__delattr__ = _not_deleted
        if slots:
            made.__getstate__ = _state
            made.__setstate__ = _set_state
    return made


def _waiting(made: type, name: str, *, frozen: bool) -> Callable[..., Any]:
    """Stands for a method until it is called, and makes it then."""

    def method(self: object, /, *args: Any, **kwargs: Any) -> Any:
        there = _init(made, frozen=frozen) if name == "__init__" else _compared(made, name, frozen=frozen)
        setattr(made, name, there)
        return there(self, *args, **kwargs)

    return method


def _init(made: type, *, frozen: bool) -> Callable[..., None]:
    """The method that sets the fields."""
    known: dict[str, Any] = {"_set__": object.__setattr__, "_given__": _given}
    plain: list[str] = ["self"]
    named: list[str] = []
    body: list[str] = []
    for field in dataclasses.fields(made):
        name = field.name
        value, default = name if field.init else "", ""
        if field.default is not dataclasses.MISSING:
            known[f"_of_{name}"], default = field.default, f"=_of_{name}"
            value = value or f"_of_{name}"
        elif field.default_factory is not dataclasses.MISSING:
            known[f"_of_{name}"], default = field.default_factory, "=_given__"
            value = f"_of_{name}() if {name} is _given__ else {name}" if field.init else f"_of_{name}()"
        if field.init:
            (named if field.kw_only else plain).append(name + default)
        if value:
            body.append(f"_set__(self, {name!r}, {value})" if frozen else f"self.{name} = {value}")
    if hasattr(made, "__post_init__"):
        body.append("self.__post_init__()")
    parameters = ", ".join([*plain, "*", *named] if named else plain)
    exec(f"def __init__({parameters}):\n " + "\n ".join(body or ["pass"]), known)
    found: Callable[..., None] = known["__init__"]
    found.__qualname__ = f"{made.__qualname__}.__init__"
    return found


class _Given:
    def __repr__(self) -> str:
        return "<factory>"


_given = _Given()
"""In place of what is made anew for each object."""


class _Signature:
    """What `help` and `inspect.signature` say of a class whose methods are not made yet."""

    def __init__(self, made: type) -> None:
        self._made = made

    def __get__(self, instance: object, owner: type) -> inspect.Signature:
        from inspect import Parameter, Signature  # Late: no command asks.

        if owner is not self._made:
            raise AttributeError("__signature__")  # A subclass may have an initializer of its own.

        def parameter(field: dataclasses.Field[Any]) -> Parameter:
            kind = Parameter.KEYWORD_ONLY if field.kw_only else Parameter.POSITIONAL_OR_KEYWORD
            default = Parameter.empty if field.default_factory is dataclasses.MISSING else _given
            if field.default is not dataclasses.MISSING:
                default = field.default
            return Parameter(field.name, kind, default=default, annotation=field.type)

        found = [parameter(field) for field in dataclasses.fields(owner) if field.init]
        return Signature(sorted(found, key=lambda one: one.kind), return_annotation=None)


def _compared(made: type, name: str, *, frozen: bool) -> Callable[..., Any]:
    """A method that looks at all fields, taken from a class that has the same ones."""
    fields: dict[str, dataclasses.Field[Any]] = vars(made)["__dataclass_fields__"]
    names: dict[str, Any] = dict(fields)
    names["__annotations__"] = {name: field.type for name, field in fields.items()}
    names["__module__"], names["__doc__"] = made.__module__, made.__doc__ or ""
    shown = name == "__repr__"
    decorate = dataclasses.dataclass(init=False, repr=shown, eq=not shown, frozen=frozen)
    found: Callable[..., Any] = getattr(decorate(type(made.__name__, (), names)), name)
    return found


def _not_assigned(self: object, name: str, value: object) -> NoReturn:
    raise dataclasses.FrozenInstanceError(f"cannot assign to field {name!r}")


def _not_deleted(self: object, name: str) -> NoReturn:
    raise dataclasses.FrozenInstanceError(f"cannot delete field {name!r}")


def _state(self: Any) -> list[Any]:
    return [getattr(self, field.name) for field in dataclasses.fields(self)]


def _set_state(self: Any, state: list[Any]) -> None:
    for field, value in zip(dataclasses.fields(self), state, strict=True):
        object.__setattr__(self, field.name, value)
