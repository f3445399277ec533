"""Checked reading of request parameters: the wrong shape becomes one clear sentence, never a traceback."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, overload

T = TypeVar("T")

MAX_LINE = 2**31 - 1


class InvalidParams(Exception):
    """The parameters of a request do not fit; the message names the key and what it must be."""


class Params:
    """One JSON object of a request. Unknown keys are ignored, as LSP demands."""

    def __init__(self, raw: Any, where: str = "params") -> None:
        if not isinstance(raw, Mapping):
            raise InvalidParams(f"`{where}` must be an object")
        self._raw: Mapping[str, Any] = raw
        self._where = where

    def _name(self, key: str) -> str:
        return f"{self._where}.{key}" if self._where != "params" else key

    def raw(self, key: str) -> Any:
        """The value as it came; None when absent."""
        return self._raw.get(key)

    @property
    def everything(self) -> Mapping[str, Any]:
        """The object as it came."""
        return self._raw

    def has(self, key: str) -> bool:
        """Whether the key is there and not null."""
        return self._raw.get(key) is not None

    def text(self, key: str, default: str | None = None, *, limit: int = 100_000) -> str:
        """A string of at most `limit` characters; required without a default."""
        value = self._raw.get(key)
        if value is None and default is not None:
            return default
        if not isinstance(value, str):
            raise InvalidParams(f"`{self._name(key)}` must be a string")
        if len(value) > limit:
            raise InvalidParams(f"`{self._name(key)}` must have at most {limit} characters")
        return value

    @overload
    def integer(self, key: str, default: int, low: int = ..., high: int = ...) -> int: ...
    @overload
    def integer(self, key: str, default: None = ..., low: int = ..., high: int = ...) -> int: ...
    def integer(self, key: str, default: int | None = None, low: int = 0, high: int = MAX_LINE) -> int:
        """A whole number from `low` to `high`; required without a default."""
        value = self._raw.get(key)
        if value is None and default is not None:
            return default
        if isinstance(value, float) and value.is_integer():
            value = int(value)  # Lua and JavaScript clients send 3.0 for 3.
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            raise InvalidParams(f"`{self._name(key)}` must be a whole number from {low} to {high}")
        return value

    def number(self, key: str, default: float, low: float, high: float) -> float:
        """A number from `low` to `high`."""
        value = self._raw.get(key)
        if value is None:
            return default
        if not isinstance(value, int | float) or isinstance(value, bool) or not low <= value <= high:
            raise InvalidParams(f"`{self._name(key)}` must be a number from {low:g} to {high:g}")
        return float(value)

    def flag(self, key: str, default: bool = False) -> bool:
        """A boolean."""
        value = self._raw.get(key)
        if value is None:
            return default
        if not isinstance(value, bool):
            raise InvalidParams(f"`{self._name(key)}` must be true or false")
        return value

    def choice(self, key: str, default: str, choices: tuple[str, ...]) -> str:
        """One of the given words."""
        value = self.text(key, default)
        if value not in choices:
            raise InvalidParams(f"`{self._name(key)}` must be one of {', '.join(choices)}")
        return value

    def texts(self, key: str, *, limit: int = 1000) -> tuple[str, ...]:
        """A list of strings; one string stands for a list of one; absent means empty."""
        value = self._raw.get(key)
        if value is None:
            return ()
        if isinstance(value, str):
            return (value,)
        if (
            not isinstance(value, list)
            or len(value) > limit
            or not all(isinstance(item, str) for item in value)
        ):
            raise InvalidParams(f"`{self._name(key)}` must be a list of at most {limit} strings")
        return tuple(value)

    def child(self, key: str) -> Params:
        """A required object."""
        return Params(self._raw.get(key), self._name(key))

    def maybe_child(self, key: str) -> Params | None:
        """An object that may be absent."""
        return self.child(key) if self._raw.get(key) is not None else None

    def children(self, key: str, *, limit: int = 1_000_000) -> list[Params]:
        """A list of objects; absent means empty."""
        value = self._raw.get(key)
        if value is None:
            return []
        if not isinstance(value, list) or len(value) > limit:
            raise InvalidParams(f"`{self._name(key)}` must be a list of at most {limit} objects")
        return [Params(item, f"{self._name(key)}[{number}]") for number, item in enumerate(value)]

    def token(self, key: str) -> int | str | None:
        """A progress token: a string, a whole number, or absent."""
        value = self._raw.get(key)
        if value is None or (isinstance(value, int | str) and not isinstance(value, bool)):
            return value
        raise InvalidParams(f"`{self._name(key)}` must be a string or a whole number")

    def document(self) -> str:
        """The URI of `textDocument`."""
        return self.child("textDocument").text("uri", limit=10_000)

    def position(self, key: str = "position") -> tuple[int, int]:
        """Line and character, both counted from 0."""
        place = self.child(key)
        # Clients write "end of line" as any huge number, also beyond what LSP allows.
        line = place.integer("line", high=2**53)
        character = place.integer("character", high=2**53)
        return min(line, MAX_LINE), min(character, MAX_LINE)

    def range(self, key: str = "range") -> tuple[tuple[int, int], tuple[int, int]]:
        """Start and end."""
        area = self.child(key)
        return area.position("start"), area.position("end")
