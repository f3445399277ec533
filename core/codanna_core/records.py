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
    compared = ("__eq__", "__hash__") if frozen else ("__eq__",)
    later = {"__init__", "__repr__", *(compared if eq else ())} - own

    def whole() -> None:
        """Put the methods that the standard library makes in the place of those that wait."""
        complete = _complete(made, frozen=frozen, eq=eq)
        for name in later:
            setattr(made, name, getattr(complete, name))

    for name in later:
        setattr(made, name, _waiting(made, name, whole))
    if eq and not frozen and not own & {"__eq__", "__hash__"}:
        made.__hash__ = None
    if frozen:
        made.__setattr__ = _not_assigned
        made.__delattr__ = _not_deleted
        if slots:
            made.__getstate__ = _state
            made.__setstate__ = _set_state
    return made


def _complete(made: type, *, frozen: bool, eq: bool) -> type:
    """A class of the same fields with all methods, from which these are taken."""
    fields: dict[str, dataclasses.Field[Any]] = vars(made)["__dataclass_fields__"]
    names: dict[str, Any] = dict(fields)
    names["__annotations__"] = {name: field.type for name, field in fields.items()}
    names["__module__"], names["__qualname__"] = made.__module__, made.__qualname__
    if hasattr(made, "__post_init__"):
        names["__post_init__"] = None  # That there is one is all that counts: it is called on the instance.
    return dataclasses.dataclass(frozen=frozen, eq=eq)(type(made.__name__, (), names))


def _waiting(made: type, name: str, whole: Callable[[], None]) -> Callable[..., Any]:
    def method(self: object, /, *args: Any, **kwargs: Any) -> Any:
        whole()
        return getattr(made, name)(self, *args, **kwargs)

    return method


def _not_assigned(self: object, name: str, value: object) -> NoReturn:
    raise dataclasses.FrozenInstanceError(f"cannot assign to field {name!r}")


def _not_deleted(self: object, name: str) -> NoReturn:
    raise dataclasses.FrozenInstanceError(f"cannot delete field {name!r}")


def _state(self: Any) -> list[Any]:
    return [getattr(self, field.name) for field in dataclasses.fields(self)]


def _set_state(self: Any, state: list[Any]) -> None:
    for field, value in zip(dataclasses.fields(self), state, strict=True):
        object.__setattr__(self, field.name, value)
