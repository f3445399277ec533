"""Facts as bytes: a version, a table of texts, then columns of small numbers.

What is decoded may be anybody's bytes: every length, index and number is checked, and what does not fit is
`BadFacts`, never a half-filled record.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from itertools import pairwise

from codanna_core.relations.facts import Binding, Binds, Facts, Reference, Role

VERSION = 1
"""1: the first."""

MAGIC = b"CF"
MAX_DECODED = 64 << 20
MAX_ROWS = 200_000
_TEXT_LIMIT = 4096


class BadFacts(ValueError):
    """The bytes are no facts of this version, or damaged."""


def encode(facts: Facts) -> bytes:
    """The facts as bytes."""
    texts: dict[str, int] = {}

    def text(value: str) -> int:
        return texts.setdefault(value, len(texts))

    bindings = [
        (
            text(row.name),
            row.kind,
            row.at,
            row.line,
            row.start,
            row.end - row.start,
            row.scope_start,
            row.scope_end - row.scope_start,
            row.owner + 1,
            text(row.value),
            text(row.container),
            text("\0".join(row.bases)),
            int(row.flags),
            row.required + 1,
        )
        for row in facts.bindings
    ]
    references = [
        (
            text(row.name),
            row.role,
            row.at,
            row.line,
            text(row.receiver),
            row.owner + 1,
            row.arguments + 1,
            text(row.passed),
        )
        for row in facts.references
    ]
    out = bytearray()
    for value in (text(facts.language), text(facts.package), int(facts.complete)):
        _write(out, value)
    columns = bytearray()
    _write_table(columns, bindings, 14, ordered=(4,))
    _write_table(columns, references, 8, ordered=(2, 3))
    _write(out, len(texts))
    for held in texts:
        raw = held.encode("utf-8", "surrogatepass")
        _write(out, len(raw))
        out += raw
    return MAGIC + bytes([VERSION]) + zlib.compress(bytes(out) + bytes(columns), 6)


def decode(data: bytes) -> Facts:
    """The facts that `encode` wrote."""
    if data[:2] != MAGIC or len(data) < 4:
        raise BadFacts("these bytes are no facts")
    if data[2] != VERSION:
        raise BadFacts(f"facts of version {data[2]}, not {VERSION}")
    unpacker = zlib.decompressobj()
    try:
        raw = unpacker.decompress(data[3:], MAX_DECODED)
    except zlib.error as error:
        raise BadFacts(f"damaged facts: {error}") from None
    if unpacker.unconsumed_tail or not unpacker.eof:
        raise BadFacts("damaged facts: too long or cut off")
    reader = _Reader(raw)
    language, package, complete = reader.number(), reader.number(), reader.number()
    texts = [reader.text() for _ in range(reader.count())]

    def text(at: int) -> str:
        if at >= len(texts):
            raise BadFacts("damaged facts: no such text")
        return texts[at]

    bindings = [_binding(row, text) for row in _read_table(reader, 14, ordered=(4,))]
    references = [_reference(row, text, len(bindings)) for row in _read_table(reader, 8, ordered=(2, 3))]
    if reader.at != len(raw):
        raise BadFacts("damaged facts: something is left over")
    for number, row in enumerate(bindings):
        if not -1 <= row.owner < number:
            raise BadFacts("damaged facts: an owner that comes later")
    return Facts(text(language), text(package), tuple(bindings), tuple(references), bool(complete))


def _binding(row: list[int], text: Callable[[int], str]) -> Binding:
    name, kind, at, line, start, size, scope, scope_size, owner, value, container, bases, flags, required = (
        row
    )
    if kind > max(Binds):
        raise BadFacts("damaged facts: no such kind")
    held = text(bases)
    return Binding(
        text(name),
        kind,
        at,
        line,
        start,
        start + size,
        scope,
        scope + scope_size,
        owner - 1,
        text(value),
        text(container),
        tuple(held.split("\0")) if held else (),
        flags,
        required - 1,
    )


def _reference(row: list[int], text: Callable[[int], str], owners: int) -> Reference:
    name, role, at, line, receiver, owner, arguments, passed = row
    if role > max(Role) or owner > owners:
        raise BadFacts("damaged facts: no such role or owner")
    return Reference(text(name), role, at, line, text(receiver), owner - 1, arguments - 1, text(passed))


def _write_table(
    out: bytearray, rows: Sequence[tuple[int, ...]], width: int, ordered: tuple[int, ...]
) -> None:
    """Column by column, because neighbours in a column are alike; those in order as differences."""
    _write(out, len(rows))
    for column in range(width):
        values = [row[column] for row in rows]
        if column in ordered and values:
            values = [values[0], *(after - before for before, after in pairwise(values))]
        for value in values:
            _write(out, value)


def _read_table(reader: _Reader, width: int, ordered: tuple[int, ...]) -> list[list[int]]:
    count = reader.count()
    columns = []
    for column in range(width):
        values = [reader.number() for _ in range(count)]
        if column in ordered:
            total = 0
            for at, value in enumerate(values):
                total += value
                values[at] = total
        columns.append(values)
    return [list(row) for row in zip(*columns, strict=True)]


def _write(out: bytearray, value: int) -> None:
    """A number in groups of seven bits, the lowest first."""
    if value < 0:
        raise ValueError(f"negative number in facts: {value}")
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)


class _Reader:
    """Reads numbers and texts and never past the end."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    def number(self) -> int:
        value = shift = 0
        while True:
            if self.at >= len(self.data) or shift > 42:
                raise BadFacts("damaged facts: a number that does not end")
            byte = self.data[self.at]
            self.at += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    def count(self) -> int:
        value = self.number()
        if value > min(MAX_ROWS * 2, len(self.data)):
            raise BadFacts("damaged facts: more rows than bytes")
        return value

    def text(self) -> str:
        size = self.number()
        if size > _TEXT_LIMIT * 4 or self.at + size > len(self.data):
            raise BadFacts("damaged facts: a text past the end")
        raw = self.data[self.at : self.at + size]
        self.at += size
        try:
            return raw.decode("utf-8", "surrogatepass")
        except UnicodeDecodeError:
            raise BadFacts("damaged facts: a text that is no UTF-8") from None
