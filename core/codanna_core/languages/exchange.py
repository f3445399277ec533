"""What goes between a process that needs a file parsed and the helper that parses it.

Symbols come back as JSON, facts as `relations/encoding.py` writes them: the process that reads them must not
trust one that has read untrusted text.
"""

from __future__ import annotations

import struct
from dataclasses import fields
from operator import attrgetter
from typing import NamedTuple

import orjson

from codanna_core.model import Extraction, Problem, Symbol
from codanna_core.problems import Code

_HEAD = struct.Struct("<dI?")

_row_of = attrgetter(*(field.name for field in fields(Symbol)))


class Request(NamedTuple):
    """What the helper is to read, and how long it may take."""

    data: bytes
    path: str
    seconds: float
    """Processor time."""
    facts: bool = False
    """Whether to read the facts for relations in place of the symbols."""


def pack_request(request: Request) -> tuple[bytes, ...]:
    """A request in parts."""
    name = request.path.encode("utf-8", "surrogatepass")
    return _HEAD.pack(request.seconds, len(name), request.facts), name, request.data


def unpack_request(message: bytes) -> Request:
    """A request from its parts in one."""
    seconds, length, facts = _HEAD.unpack_from(message)
    start = _HEAD.size + length
    path = message[_HEAD.size : start].decode("utf-8", "surrogatepass")
    return Request(message[start:], path, seconds, facts)


def pack_answer(found: Extraction) -> bytes:
    """What was found in a file."""
    problems = [(problem.code, problem.message) for problem in found.problems]
    return orjson.dumps(
        (found.language, found.module_doc, problems, [_row_of(symbol) for symbol in found.symbols])
    )


def unpack_answer(answer: bytes, path: str) -> Extraction:
    """What the helper found; ValueError if the answer has another shape."""
    try:
        language, module_doc, problems, rows = orjson.loads(answer)
        return Extraction(
            language,
            [Symbol(*row) for row in rows],
            [Problem(Code(code), message, path) for code, message in problems],
            module_doc,
        )
    except TypeError as error:
        raise ValueError("the answer of the parser is damaged") from error
