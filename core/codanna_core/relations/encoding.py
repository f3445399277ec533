"""Facts as bytes: a version, how many there are, a table of texts, and columns of numbers.

A column is as wide as its largest number needs, and its lowest bytes come first, then its next ones: so they
compress like numbers in groups of bits, and are read a hundred at a time. What is decoded may be anybody's
bytes: every length, index and number is checked, and what does not fit is `BadFacts`, never a half-filled
record.
"""

from __future__ import annotations

import struct
from collections.abc import Collection, Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

from codanna_core.arrays import distinct
from codanna_core.relations.columns import Column, Columns, Numbers, Texts
from codanna_core.relations.facts import Binding, Binds, Facts, Reference, Role, Rows

VERSION = 4
"""1: the first. 2: columns of bytes. 3: whoever keeps them compresses them. 4: scopes
once, lines by place, and owners as a guess says."""

MAGIC = b"CF"
_START = len(MAGIC) + 1
MAX_DECODED = 16 << 20
MAX_ROWS = 200_000

_HEAD = struct.Struct("<BIII")
"""Whether the facts are complete, then how many bindings, references, and bytes of texts."""
_OWNERS = (Binds.FUNCTION, Binds.TYPE, Binds.MODULE, Binds.IMPLEMENTS, Binds.MACRO)
_OWNS = np.isin(np.arange(max(Binds) + 1), _OWNERS)
_BASE = "\x1e"
"""In front of each base."""
_SIGNED = 0x80
_LARGEST = 1 << 31


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
    _write(columns, _steps(start))
    starts = _column(start)
    for numbers, base in ((end, starts), (at, starts), (owner, np.arange(len(starts)))):
        _write(columns, _column(numbers) - base)
    _write_scopes(columns, list(zip(scope, scope_end, strict=True)))
    lines = dict(zip(at, line, strict=True))
    spans = _Spans(_column(kind), starts, _column(end), _column(owner))
    name, role, at, line, receiver, owner, arguments, passed = _columns(
        facts.references, len(Reference._fields)
    )
    for numbers in (ids(name), ids(receiver), ids(passed), role, arguments):
        _write(columns, numbers)
    _write(columns, _steps(at))
    _write(columns, _column(owner) - spans.around(_column(at)))
    lines.update(zip(at, line, strict=True))
    _write(columns, _steps([lines[place] for place in sorted(lines)]))
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
    rows, uses = _rows(reader, bindings, references)
    if reader.at != len(data):
        raise BadFacts("damaged facts: something is left over")
    return Facts(texts[0], texts[1], rows, uses, bool(complete))


class Wanted(NamedTuple):
    """Names that are looked for, as they stand among the texts of encoded facts."""

    names: frozenset[bytes]
    ends: tuple[bytes, ...]

    @classmethod
    def of(cls, names: Collection[str], kept: Collection[str]) -> Wanted:
        """The names, and those of them that a variable may keep."""
        ends = [f"#{name}\0" for name in names] + [f".{name}\0" for name in kept]
        return cls(frozenset(map(_bytes, names)), tuple(map(_bytes, ends)))


def may_use(data: bytes, wanted: Wanted) -> bool:
    """Whether encoded facts have a use of one of the names, import one under another name, or keep one in a
    variable; also true of what cannot be told without decoding.
    """
    if data[:_START] != MAGIC + bytes([VERSION]) or len(data) < _START + _HEAD.size:
        return True
    complete, bindings, references, size = _HEAD.unpack_from(data, _START)
    at = _START + _HEAD.size
    raw = data[at : at + size] + b"\0"
    if not complete or any(end in raw for end in wanted.ends):
        return True
    names = wanted.names
    numbers = [number for number, text in enumerate(raw.split(b"\0")) if text in names]
    reader = _Reader(data, at + size)
    try:
        reader.skip(bindings)
        values = reader.take(bindings)
        reader.skip(bindings, 9)
        scopes = int(np.count_nonzero(reader.take(bindings) == 0))
        reader.skip(scopes, 2)
        used = reader.take(references)
    except BadFacts:
        return True
    return any(bool((column == number).any()) for number in numbers for column in (values, used))


def _rows(reader: _Reader, bindings: int, references: int) -> tuple[Columns[Binding], Columns[Reference]]:
    name, value, container, bases = (reader.take_ids(bindings) for _ in range(4))
    kind = reader.take(bindings, max(Binds))
    flags, required = reader.take(bindings), reader.take(bindings, least=-1)
    start = reader.take_steps(bindings)
    end = _checked(start + reader.take(bindings, least=-_LARGEST))
    at = _checked(start + reader.take(bindings, least=-_LARGEST))
    numbers = np.arange(bindings)
    owner = _checked(numbers + reader.take(bindings, least=-_LARGEST), least=-1)
    if bool((owner >= numbers).any()):
        raise BadFacts("damaged facts: an owner that comes later")
    scope, scope_end = _read_scopes(reader, bindings)
    used, receiver, passed = (reader.take_ids(references) for _ in range(3))
    role, arguments = reader.take(references, max(Role)), reader.take(references, least=-1)
    place = reader.take_steps(references)
    around = _Spans(kind, start, end, owner).around(place)
    inside = _checked(around + reader.take(references, least=-_LARGEST), bindings - 1, least=-1)
    places = distinct(np.concatenate([at, place]))
    lines = reader.take_steps(len(places))
    line, use_line = (lines[np.searchsorted(places, one)] for one in (at, place))
    texts = Texts(reader.texts)
    text = reader.texts.__getitem__
    plain = map(Column, (kind, at, line, start, end, scope, scope_end, owner))
    rows = Columns(
        Binding._make,
        texts,
        (
            Column(name, text),
            *plain,
            Column(value, text),
            Column(container, text),
            Column(bases, lambda number: _split(reader.texts[number])),
            Column(flags),
            Column(required),
        ),
    )
    uses = Columns(
        Reference._make,
        texts,
        (
            Column(used, text),
            *map(Column, (role, place, use_line)),
            Column(receiver, text),
            *map(Column, (inside, arguments)),
            Column(passed, text),
        ),
    )
    return rows, uses


class _Spans:
    """Which definition is around a place, as a guess that is nearly always right."""

    def __init__(self, kind: Numbers, start: Numbers, end: Numbers, owner: Numbers) -> None:
        self._owns = _OWNS[kind]
        self._start, self._end, self._owner = start, end, owner

    def around(self, places: Numbers) -> Numbers:
        """The last definition that begins before each place, or the one of those around it that has it."""
        found = np.searchsorted(self._start, places, "right") - 1
        if not len(self._start):
            return found
        while True:
            wrong = (found >= 0) & ~(self._owns[found] & (self._end[found] > places))
            if not wrong.any():
                return found
            found[wrong] = self._owner[found[wrong]]


def _write_scopes(out: bytearray, scopes: Sequence[tuple[int, int]]) -> None:
    """For each binding 0 for a new scope, or how many ago its scope was new; then the scopes."""
    known: dict[tuple[int, int], int] = {}
    back = []
    for scope in scopes:
        count = len(known)
        number = known.setdefault(scope, count)
        back.append(count - number)
    _write(out, back)
    _write(out, _steps([begin for begin, _ in known]))
    _write(out, [end - begin for begin, end in known])


def _read_scopes(reader: _Reader, count: int) -> tuple[Numbers, Numbers]:
    back = reader.take(count)
    new = back == 0
    known = np.cumsum(new)
    numbers = _checked(np.where(new, known - 1, known - back))
    total = int(known[-1]) if count else 0
    begin = reader.take_steps(total)
    end = _checked(begin + reader.take(total, least=-_LARGEST))
    return begin[numbers], end[numbers]


def _columns(rows: Rows[tuple[Any, ...]], width: int) -> list[Sequence[Any]]:
    return list(zip(*rows, strict=True)) if len(rows) else [()] * width


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


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
            fits = least <= -(1 << 8 * width - 1) and most >= (1 << 8 * width - 1) - 1
        else:
            fits = most >= (1 << 8 * width) - 1
        return column if fits else _checked(column, most, least)

    def skip(self, count: int, columns: int = 1) -> None:
        """Go on behind so many columns."""
        for _ in range(columns):
            if self.at >= len(self.data):
                raise BadFacts("damaged facts: a column past the end")
            self.at += 1 + (self.data[self.at] & ~_SIGNED) * count

    def take_steps(self, count: int, most: int = _LARGEST, least: int = 0) -> Numbers:
        """The next column, which was written as steps."""
        return _checked(np.cumsum(self.take(count, least=-_LARGEST)), most, least)

    def take_ids(self, count: int) -> Numbers:
        """The next column, of numbers of texts."""
        return self.take(count, len(self.texts) - 1)

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
