"""The one form of a small document: JSON with the checksum of everything else in it."""

from __future__ import annotations

import zlib
from typing import Any

import orjson

_KEY = "checksum"


def with_checksum(values: dict[str, Any]) -> bytes:
    """A document of these values."""
    return orjson.dumps({**values, _KEY: zlib.crc32(orjson.dumps(values))})


def checked(values: Any) -> dict[str, Any]:
    """The values of a parsed document; ValueError unless they are as they were written."""
    if not isinstance(values, dict):
        raise ValueError("it is not a document of ours")
    rest = {name: value for name, value in values.items() if name != _KEY}
    if values.get(_KEY) != zlib.crc32(orjson.dumps(rest)):
        raise ValueError("its checksum does not match")
    return rest
