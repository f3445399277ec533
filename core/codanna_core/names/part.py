"""One immutable set of names as columns: built at once, used from memory or from a mapped file alike.

Rows are ordered by the length of the squeezed name, so that "the first matches" are the shortest names and
a scan may stop early. Columns: the names; their squeezed codes with word starts and capitals flagged; two
64-bit masks (letters and word initials, pairs of neighbouring letters); all word beginnings sorted by the
ten codes that follow; and the names sorted by the initials of their words.
"""

from __future__ import annotations

import struct
import zlib
from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass, fields
from itertools import pairwise
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from codanna_core.names.words import (
    CODE_BITS,
    CODE_MASK,
    CODES,
    DIGIT_CODE,
    KEY_CODES,
    LAST_ALNUM_CODE,
    UPPER,
    WORD_START,
    fold,
)

U8 = NDArray[np.uint8]
U32 = NDArray[np.uint32]
U64 = NDArray[np.uint64]

_MAGIC: Final = b"CDNN0001"
_HEADER: Final = struct.Struct("<8sQI")
_CHUNK: Final = 1 << 17
_ALIGN: Final = 8
_INITIALS_SHIFT: Final = 37
_MAX_OFFSET: Final = 255
_LETTER: Final = 26


@dataclass(slots=True)
class Part:
    """Columns over `count` names; see the module's docstring."""

    text: U8
    """All names as UTF-8, one after the other."""
    text_at: U32
    codes: U8
    """All squeezed names: six bits of code, two flags."""
    codes_at: U32
    letters: U64
    """Bit c - 1: the name holds code c (all others share bit 36). Above: the same for first letters of
    words."""
    pairs: U64
    """A bit for each hashed pair of neighbouring codes."""
    word_key: U64
    word_row: U32
    word_offset: U8
    """Offset of the word in the squeezed name; 0 is the beginning of the name."""
    initials_key: U64
    initials_row: U32

    @property
    def count(self) -> int:
        """How many names there are."""
        return len(self.letters)

    def name(self, row: int) -> str:
        """One name."""
        return self.text[self.text_at[row] : self.text_at[row + 1]].tobytes().decode("utf-8", "replace")

    def first_row(self, length: int) -> int:
        """The first row whose squeezed name is at least this long."""
        at = self.codes_at
        return bisect_left(range(self.count), length, key=lambda row: int(at[row + 1]) - int(at[row]))

    def some_names(self, rows: list[int]) -> list[str]:
        """Several names at once."""
        wanted = np.array(rows, np.intp)
        starts, ends = self.text_at[wanted].tolist(), self.text_at[wanted + 1].tolist()
        text = self.text.data
        return [str(text[a:b], "utf-8", "replace") for a, b in zip(starts, ends, strict=True)]

    def names(self) -> list[str]:
        """All names, shortest first."""
        blob = self.text.tobytes()
        ends = self.text_at.tolist()
        return [blob[a:b].decode("utf-8", "replace") for a, b in pairwise(ends)]

    def nbytes(self) -> int:
        """Size of all columns."""
        return sum(getattr(self, item.name).nbytes for item in fields(self))

    def to_chunks(self, stamp: int) -> Iterable[bytes | memoryview]:
        """The stored form, piece by piece. `stamp` is handed back by `from_buffer`."""
        columns: list[NDArray[Any]] = [
            np.ascontiguousarray(getattr(self, item.name)) for item in fields(self)
        ]
        head = b"".join(struct.pack("<Q", len(column)) for column in columns)
        head = _HEADER.pack(_MAGIC, stamp, len(columns)) + head
        head = head.ljust(_aligned(len(head)), b"\0")
        checksum = zlib.crc32(head)
        yield head
        for column in columns:
            data = column.data.cast("B") if len(column) else memoryview(b"")
            padding = b"\0" * (_aligned(len(data)) - len(data))
            checksum = zlib.crc32(padding, zlib.crc32(data, checksum))
            yield data
            yield padding
        yield struct.pack("<I", checksum)

    @classmethod
    def from_buffer(cls, data: memoryview) -> tuple[Part, int]:
        """Columns over a stored form, without copying; `ValueError` says that it is damaged."""
        if len(data) < _HEADER.size + 4 or zlib.crc32(data[:-4]) != struct.unpack("<I", data[-4:])[0]:
            raise ValueError("the name index is damaged")
        magic, stamp, count = _HEADER.unpack(data[: _HEADER.size])
        if magic != _MAGIC or count != len(fields(cls)):
            raise ValueError("the name index has another format")
        at = _HEADER.size
        sizes = struct.unpack_from(f"<{count}Q", data, at)
        at = _aligned(at + 8 * count)
        columns: list[NDArray[Any]] = []
        for size, dtype in zip(sizes, _DTYPES, strict=True):
            columns.append(np.frombuffer(data, dtype, size, at))
            at = _aligned(at + size * np.dtype(dtype).itemsize)
        return cls(*columns), stamp


_DTYPES: Final = (
    np.uint8,
    np.uint32,
    np.uint8,
    np.uint32,
    np.uint64,
    np.uint64,
    np.uint64,
    np.uint32,
    np.uint8,
    np.uint64,
    np.uint32,
)


def letter_bits(codes: U8) -> int:
    """The `letters` bits that a name must have to hold all these codes."""
    return _or_bits(_letter_bit(codes))


def initial_bits(codes: U8) -> int:
    """The `letters` bits that a name must have for words to begin with all these codes."""
    return _or_bits(_initial_bit(codes))


def pair_bits(codes: U8) -> int:
    """The `pairs` bits that a name must have to hold these codes side by side."""
    return _or_bits(_pair_bit(codes[:-1], codes[1:]))


def pack(codes: U8) -> int:
    """The sort key of a text's first codes; shorter texts come first."""
    key = 0
    for code in codes[:KEY_CODES].tolist():
        key = key << CODE_BITS | code
    return int(key << CODE_BITS * max(0, KEY_CODES - len(codes)))


def build_part(names: Iterable[str]) -> Part:
    """Make the columns for distinct names. Names with NUL characters, which no code has, are left out."""
    listed = [name for name in names if "\0" not in name]
    text, starts, lower = _joined(listed)
    lengths = np.add.reduceat((CODES[text] > 0).astype(np.int64), starts) if listed else np.zeros(0, np.int64)
    listed = [listed[i] for i in np.argsort(lengths, kind="stable").tolist()]
    del text, lower
    pieces = [_columns(listed[at : at + _CHUNK], at) for at in range(0, max(1, len(listed)), _CHUNK)]

    def joined(number: int) -> NDArray[Any]:
        return np.concatenate([piece[number] for piece in pieces])

    word_key = joined(6)
    order = np.argsort(word_key, kind="stable")
    word_key = word_key[order]
    word_row, word_offset = joined(7)[order], joined(8)[order]
    initials = joined(9)
    by_initials = np.argsort(initials, kind="stable").astype(np.uint32)
    return Part(
        joined(0),
        _ends(joined(1)),
        joined(2),
        _ends(joined(3)),
        joined(4),
        joined(5),
        word_key,
        word_row,
        word_offset,
        initials[by_initials],
        by_initials,
    )


def _columns(names: list[str], first_row: int) -> tuple[NDArray[Any], ...]:
    """Columns of some names in their order; lengths stand where offsets will be."""
    count = len(names)
    if not count:
        empty = [np.zeros(0, dtype) for dtype in _DTYPES]
        return (*empty[:9], empty[9])
    text, starts, lower = _joined(names)
    code = CODES[lower]
    kept = code > 0
    upper = (text >= 65) & (text <= 90)
    small = (text >= 97) & (text <= 122)
    digit = (text >= 48) & (text <= 57)
    other = text >= 128
    before = np.empty(len(text), np.uint8)
    before[0], before[1:] = 0, text[:-1]
    was_kept = np.r_[False, kept[:-1]]
    was_upper, was_digit, was_other = (np.r_[False, mask[:-1]] for mask in (upper, digit, other))
    next_small = np.r_[small[1:], False]
    begins = kept & (
        ~was_kept
        | (upper & ~was_upper)
        | (upper & was_upper & next_small)
        | (digit & ~was_digit)
        | (small & was_digit)
        | (other & ~was_other)
        | (~other & was_other)
    )
    row_of = np.repeat(np.arange(count), np.diff(np.r_[starts, len(text)]))[kept]
    codes = code[kept]
    begins, upper = begins[kept], upper[kept]
    flagged = (
        codes | np.where(begins, WORD_START, 0).astype(np.uint8) | np.where(upper, UPPER, 0).astype(np.uint8)
    )
    sizes = np.bincount(row_of, minlength=count)
    first = np.cumsum(sizes) - sizes

    letters = np.zeros(count, np.uint64)
    _or_into(letters, _letter_bit(codes), sizes, first)
    _or_into(letters, np.where(begins, _initial_bit(codes), np.uint64(0)), sizes, first)
    pairs = np.zeros(count, np.uint64)
    same_name = np.r_[row_of[1:] == row_of[:-1], False] if len(codes) else np.zeros(0, np.bool_)
    pair = _pair_bit(codes, np.r_[codes[1:], np.uint8(0)]) if len(codes) else np.zeros(0, np.uint64)
    _or_into(pairs, np.where(same_name, pair, np.uint64(0)), sizes, first)

    offsets = np.arange(len(codes)) - first[row_of]
    at = np.flatnonzero(begins & (offsets <= _MAX_OFFSET))
    rows = row_of[at]
    ends = first[rows] + sizes[rows]
    key = np.zeros(len(at), np.uint64)
    padded = np.r_[codes, np.zeros(KEY_CODES, np.uint8)]
    for step in range(KEY_CODES):
        following = np.where(at + step < ends, padded[at + step], 0).astype(np.uint64)
        key = (key << np.uint64(CODE_BITS)) | following
    number = np.arange(len(at)) - np.searchsorted(rows, rows)
    initials = np.zeros(count, np.uint64)
    early = number < KEY_CODES
    shift = (CODE_BITS * (KEY_CODES - 1 - number[early])).astype(np.uint64)
    np.bitwise_or.at(initials, rows[early], codes[at[early]].astype(np.uint64) << shift)

    is_separator = text == 0
    name_sizes = np.diff(np.r_[starts, len(text)]) - 1
    return (
        text[~is_separator],
        name_sizes,
        flagged,
        sizes,
        letters,
        pairs,
        key,
        (rows + first_row).astype(np.uint32),
        offsets[at].astype(np.uint8),
        initials,
    )


def _joined(names: list[str]) -> tuple[U8, NDArray[np.int64], U8]:
    """All names ended by NUL as bytes, where each begins, and the same bytes in lower case."""
    joined = "\0".join(names) + "\0" if names else ""
    text = np.frombuffer(joined.encode("utf-8", "replace"), np.uint8)
    folded = joined.lower() if joined.isascii() else "\0".join(map(fold, names)) + "\0"
    lower = np.frombuffer(folded.encode("utf-8", "replace"), np.uint8)
    separators = np.flatnonzero(text == 0)
    starts = np.r_[0, separators[:-1] + 1] if names else np.zeros(0, np.int64)
    return text, starts.astype(np.int64), lower


def _letter_bit(codes: U8) -> U64:
    return np.uint64(1) << (np.minimum(codes, LAST_ALNUM_CODE + 1) - np.uint8(1)).astype(np.uint64)


def _initial_bit(codes: U8) -> U64:
    """26 bits for letters, the last one for everything else."""
    letter = np.where(codes < DIGIT_CODE, codes - np.uint8(1), _LETTER).astype(np.uint64)
    return np.uint64(1) << (letter + np.uint64(_INITIALS_SHIFT))


def _pair_bit(left: U8, right: U8) -> U64:
    mixed = (left.astype(np.uint32) * 37 + right.astype(np.uint32)) * np.uint32(0x9E3779B1)
    return np.uint64(1) << (mixed >> np.uint32(26)).astype(np.uint64)


def _or_into(target: U64, bits: U64, sizes: NDArray[np.int64], first: NDArray[np.int64]) -> None:
    """OR the bits of each row's codes into the row. Rows without codes have nothing to add."""
    filled = np.flatnonzero(sizes)
    if len(filled):
        target[filled] |= np.bitwise_or.reduceat(bits, first[filled])


def _or_bits(bits: U64) -> int:
    return int(np.bitwise_or.reduce(bits)) if len(bits) else 0


def _ends(sizes: NDArray[Any]) -> U32:
    ends: U32 = np.r_[0, np.cumsum(sizes)].astype(np.uint32)
    return ends


def _aligned(size: int) -> int:
    return -(-size // _ALIGN) * _ALIGN


def plain(codes: U8) -> U8:
    """Codes without their flags."""
    return codes & np.uint8(CODE_MASK)
