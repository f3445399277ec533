"""Messages between a process and its child: a length, then so many bytes."""

from __future__ import annotations

import os
import struct
import sys
from typing import IO, Any

READY = b"ready"
"""First message of every child: what ends it before this is not the fault of what it was given."""

LONGEST = 1 << 31
"""A longer message is damage: nothing that is sent comes near it."""

_LENGTH = struct.Struct("<Q")


def write_frame(stream: IO[bytes], *parts: bytes) -> None:
    """Write one message, given in parts."""
    # In one piece: each write gives the interpreter to other threads, and getting it back can take long.
    stream.write(b"".join((_LENGTH.pack(sum(map(len, parts))), *parts)))
    stream.flush()


def read_frame(stream: IO[bytes]) -> bytes:
    """Read one message; EOFError if the other side is gone or sends anything else."""
    head = stream.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        raise EOFError
    (length,) = _LENGTH.unpack(head)
    if length > LONGEST:
        raise EOFError
    body = stream.read(length)
    if len(body) < length:
        raise EOFError
    return body


def send(stream: IO[bytes], message: Any) -> None:
    """Write one object as a message; only for processes that trust each other."""
    import pickle  # Late: the helper that parses takes only bytes.

    write_frame(stream, pickle.dumps(message, protocol=5))


def receive(stream: IO[bytes]) -> Any:
    """Read what `send` wrote."""
    import pickle

    return pickle.loads(read_frame(stream))


def own_pipes() -> tuple[IO[bytes], IO[bytes]]:
    """The pipes of a child: requests and answers. Whatever else is printed goes to stderr from now on."""
    answers = os.fdopen(os.dup(1), "wb", buffering=1 << 20)
    os.dup2(2, 1)
    return sys.stdin.buffer, answers
