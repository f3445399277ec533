"""What a process and the helper that runs its models say to each other.

Requests are JSON. An answer is one byte that says what follows: vectors as plain float32, facts as JSON, or
the sentence of an error. It comes from a process that has read files of strangers, so it is checked.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from codanna_core.errors import ModelUnavailable
from codanna_core.records import dataclass

_VECTORS, _FACTS, _ERROR = b"V", b"F", b"E"
_SHAPE = struct.Struct("<II")
_LONGEST_ERROR = 2_000


@dataclass(frozen=True, slots=True)
class Request:
    """What a helper is asked."""

    kind: str
    """`describe`, `query`, `passages`, `list` or `import`."""
    seconds: float
    """Processor time it may take, without that for loading a model."""
    load_seconds: float
    """Processor time that loading a model may take."""
    facts: dict[str, Any]
    texts: list[str]


def pack_request(
    kind: str, seconds: float, load_seconds: float, facts: dict[str, Any], texts: Sequence[str] = ()
) -> bytes:
    """A request as a message. Halves of surrogate pairs, which no model knows, become question marks."""
    whole = [text.encode("utf-8", "replace").decode() for text in texts]
    return orjson.dumps(
        {"kind": kind, "seconds": seconds, "load_seconds": load_seconds, "facts": facts, "texts": whole}
    )


def unpack_request(message: bytes) -> Request:
    """Read what `pack_request` wrote."""
    return Request(**orjson.loads(message))


def pack_vectors(rows: NDArray[np.float32]) -> bytes:
    """float32[n, d] as a message."""
    return _VECTORS + _SHAPE.pack(*rows.shape) + np.ascontiguousarray(rows, "<f4").tobytes()


def pack_facts(facts: Any) -> bytes:
    """Anything that JSON holds, as a message."""
    return _FACTS + orjson.dumps(facts)


def pack_error(sentence: str) -> bytes:
    """Why there is no answer, as a message."""
    return _ERROR + sentence[:_LONGEST_ERROR].encode("utf-8", "replace")


def unpack_vectors(message: bytes, rows: int, dimension: int) -> NDArray[np.float32]:
    """float32[rows, dimension]; `ModelUnavailable` for an error, ValueError for anything else."""
    _raise_error(message)
    start = 1 + _SHAPE.size
    if message[:1] != _VECTORS or len(message) != start + rows * dimension * 4:
        raise ValueError("vectors of another shape")
    if _SHAPE.unpack_from(message, 1) != (rows, dimension):
        raise ValueError("vectors of another shape")
    vectors = np.frombuffer(message, "<f4", offset=start).reshape(rows, dimension).astype(np.float32)
    lengths = np.einsum("ij,ij->i", vectors, vectors)
    vectors[~((lengths > 0.9) & (lengths < 1.1))] = 0.0  # Not of length 1: zeros, infinity or no number.
    return vectors


def unpack_facts(message: bytes) -> Any:
    """What JSON holds; `ModelUnavailable` for an error, ValueError for anything else."""
    _raise_error(message)
    if message[:1] != _FACTS:
        raise ValueError("an answer of another kind")
    return orjson.loads(message[1:])


def _raise_error(message: bytes) -> None:
    if message[:1] == _ERROR:
        raise ModelUnavailable(message[1 : 1 + 4 * _LONGEST_ERROR].decode("utf-8", "replace"))
