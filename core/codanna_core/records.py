"""Dataclasses whose methods are made when the first one is called.

The standard library compiles up to six methods of each class as its module is read: a quarter of the start of
a command, which then uses few of the classes. Here the fields are made at once and the methods once they are
needed; they are the same.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NoReturn

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
    """Stands for a method until it is called, and has the standard library make it then."""

    def method(self: object, /, *args: Any, **kwargs: Any) -> Any:
        there = _method(made, name, frozen=frozen)
        setattr(made, name, there)
        return there(self, *args, **kwargs)

    return method


def _method(made: type, name: str, *, frozen: bool) -> Callable[..., Any]:
    """One method, taken from a class that has the same fields."""
    fields: dict[str, dataclasses.Field[Any]] = vars(made)["__dataclass_fields__"]
    names: dict[str, Any] = dict(fields)
    names["__annotations__"] = {name: field.type for name, field in fields.items()}
    names["__module__"], names["__doc__"] = made.__module__, made.__doc__ or ""
    if hasattr(made, "__post_init__"):
        names["__post_init__"] = None  # That there is one is all that counts: it is called on the instance.
    compares = name in ("__eq__", "__hash__")
    decorate = dataclasses.dataclass(
        init=name == "__init__", repr=name == "__repr__", eq=compares, frozen=frozen
    )
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
