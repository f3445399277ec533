"""Facts as bytes: a version, how many there are, a table of texts, and columns of numbers.

A column is as wide as its largest number needs, and its lowest bytes come first, then its next ones: so they
compress like numbers in groups of bits, and are read a hundred at a time. What is decoded may be anybody's
bytes: every length, index and number is checked, and what does not fit is `BadFacts`, never a half-filled
record.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from codanna_core.relations.facts import Binding, Binds, Facts, Reference, Role

VERSION = 3
"""1: the first. 2: columns of bytes. 3: whoever keeps them compresses them."""

MAGIC = b"CF"
_START = len(MAGIC) + 1
MAX_DECODED = 16 << 20
MAX_ROWS = 200_000

_HEAD = struct.Struct("<BIII")
"""Whether the facts are complete, then how many bindings, references, and bytes of texts."""
_BASE = "\x1e"
"""In front of each base."""
_SIGNED = 0x80
_LARGEST = 1 << 31

Numbers = NDArray[np.int64]


class BadFacts(ValueError):
    """The bytes are no facts of this version, or damaged."""


def encode(facts: Facts) -> bytes:
    """The facts as bytes."""
    texts: dict[str, int] = {}

    def ids(values: Iterable[str]) -> list[int]:
        return [texts.setdefault(value, len(texts)) for value in values]

    ids((facts.language, facts.package))
    columns = bytearray()
    name, kind, at, line, start, end, scope, scope_end, owner, value, container, bases, flags, required = (
        _columns(facts.bindings, len(Binding._fields))
    )
    for numbers in (ids(name), ids(value), ids(container), ids(map(_joined, bases)), kind, flags, required):
        _write(columns, numbers)
    for numbers in (start, line, scope, scope_end):
        _write(columns, _steps(numbers))
    starts = _column(start)
    for numbers, base in ((end, starts), (at, starts), (owner, np.arange(len(starts)))):
        _write(columns, _column(numbers) - base)
    name, role, at, line, receiver, owner, arguments, passed = _columns(
        facts.references, len(Reference._fields)
    )
    for numbers in (ids(name), ids(receiver), ids(passed), role, arguments):
        _write(columns, numbers)
    for numbers in (at, line, owner):
        _write(columns, _steps(numbers))
    # No text of a file that is read has a NUL; one that came by another way costs a name, not the record.
    text = "\0".join(held.replace("\0", " ") for held in texts).encode("utf-8", "surrogatepass")
    head = _HEAD.pack(facts.complete, len(facts.bindings), len(facts.references), len(text))
    return MAGIC + bytes([VERSION]) + head + text + columns


def decode(data: bytes) -> Facts:
    """The facts that `encode` wrote."""
    if data[:2] != MAGIC or len(data) < 4:
        raise BadFacts("these bytes are no facts")
    if data[2] != VERSION:
        raise BadFacts(f"facts of version {data[2]}, not {VERSION}")
    if not _START + _HEAD.size <= len(data) <= MAX_DECODED:
        raise BadFacts("damaged facts: too long or cut off")
    complete, bindings, references, size = _HEAD.unpack_from(data, _START)
    reader = _Reader(data, _START + _HEAD.size)
    reader.take_texts(size)
    texts = reader.texts
    if len(texts) < 2:
        raise BadFacts("damaged facts: no language")
    rows = tuple(map(Binding._make, _bindings(reader, bindings)))
    uses = tuple(map(Reference._make, _references(reader, references, bindings)))
    if reader.at != len(data):
        raise BadFacts("damaged facts: something is left over")
    return Facts(texts[0], texts[1], rows, uses, bool(complete))


def _bindings(reader: _Reader, count: int) -> Iterable[Iterable[Any]]:
    name, value, container, bases = (reader.take_ids(count) for _ in range(4))
    kind = reader.take(count, max(Binds))
    flags, required = reader.take(count), reader.take(count, least=-1)
    start, line, scope, scope_end = (reader.take_steps(count) for _ in range(4))
    end = _checked(start + reader.take(count, least=-_LARGEST))
    at = _checked(start + reader.take(count, least=-_LARGEST))
    numbers = np.arange(count)
    owner = _checked(numbers + reader.take(count, least=-_LARGEST), least=-1)
    if bool((owner >= numbers).any()):
        raise BadFacts("damaged facts: an owner that comes later")
    columns = (kind, at, line, start, end, scope, scope_end, owner)
    split = map(_split, bases)
    lists = (column.tolist() for column in columns)
    return zip(name, *lists, value, container, split, flags.tolist(), required.tolist(), strict=True)


def _references(reader: _Reader, count: int, owners: int) -> Iterable[Iterable[Any]]:
    name, receiver, passed = (reader.take_ids(count) for _ in range(3))
    role, arguments = reader.take(count, max(Role)), reader.take(count, least=-1)
    at, line = reader.take_steps(count), reader.take_steps(count)
    owner = reader.take_steps(count, owners - 1, least=-1)
    return zip(
        name,
        *(column.tolist() for column in (role, at, line)),
        receiver,
        owner.tolist(),
        arguments.tolist(),
        passed,
        strict=True,
    )


def _columns(rows: Sequence[tuple[Any, ...]], width: int) -> list[Sequence[Any]]:
    return list(zip(*rows, strict=True)) if rows else [()] * width


def _joined(bases: tuple[str, ...]) -> str:
    return "".join(_BASE + base for base in bases)


def _split(text: str) -> tuple[str, ...]:
    return tuple(text[1:].split(_BASE)) if text else ()


def _column(numbers: Sequence[int] | Numbers) -> Numbers:
    return np.array(numbers, np.int64)


def _steps(numbers: Sequence[int]) -> Numbers:
    """Each number less the one before, because neighbors are near each other."""
    return np.diff(_column(numbers), prepend=0)


def _write(out: bytearray, numbers: Sequence[int] | Numbers) -> None:
    """Width and sign, then the lowest bytes of all numbers, then their next ones."""
    column = _column(numbers)
    signed = bool(column.size) and int(column.min()) < 0
    if signed:
        column = np.where(column < 0, -2 * column - 1, 2 * column)
    largest = int(column.max()) if column.size else 0
    width = max(1, (largest.bit_length() + 7) // 8)
    out.append(width | (_SIGNED if signed else 0))
    out += column.astype("<u8").view(np.uint8).reshape(-1, 8)[:, :width].T.tobytes()


def _checked(numbers: Numbers, most: int = _LARGEST, least: int = 0) -> Numbers:
    if numbers.size and not (least <= int(numbers.min()) and int(numbers.max()) <= most):
        raise BadFacts("damaged facts: a number out of range")
    return numbers


class _Reader:
    """Reads columns and never past the end."""

    def __init__(self, data: bytes, at: int) -> None:
        self.data = data
        self.at = at
        self.texts: list[str] = []

    def take(self, count: int, most: int = _LARGEST, least: int = 0) -> Numbers:
        """The next column."""
        if self.at >= len(self.data):
            raise BadFacts("damaged facts: a column past the end")
        width, signed = self.data[self.at] & ~_SIGNED, self.data[self.at] & _SIGNED
        end = self.at + 1 + width * count
        if not 1 <= width <= 5 or count > 8 * MAX_ROWS or end > len(self.data):
            raise BadFacts("damaged facts: a column past the end")
        planes = np.frombuffer(self.data, np.uint8, width * count, self.at + 1).reshape(width, count)
        self.at = end
        column = planes[0].astype(np.int64)
        for number in range(1, width):
            column |= planes[number].astype(np.int64) << (8 * number)
        if signed:
            column = np.where(column & 1, -((column + 1) >> 1), column >> 1)
        return _checked(column, most, least)

    def take_steps(self, count: int, most: int = _LARGEST, least: int = 0) -> Numbers:
        """The next column, which was written as steps."""
        return _checked(np.cumsum(self.take(count, least=-_LARGEST)), most, least)

    def take_ids(self, count: int) -> list[str]:
        """The texts of the next column."""
        return list(map(self.texts.__getitem__, self.take(count, len(self.texts) - 1).tolist()))

    def take_texts(self, size: int) -> None:
        """The table of texts."""
        raw = self.data[self.at : self.at + size]
        self.at += size
        try:
            self.texts = raw.decode("utf-8", "surrogatepass").split("\0")
        except UnicodeDecodeError:
            raise BadFacts("damaged facts: texts that are not UTF-8") from None
        if len(raw) != size:
            raise BadFacts("damaged facts: texts past the end")
