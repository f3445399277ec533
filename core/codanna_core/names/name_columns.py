"""One immutable set of names as columns: built at once, used from memory or from a mapped file alike.

Rows are ordered by the length of the squeezed name, so that "the first matches" are the shortest names and
a scan may stop early. Columns: the names; their squeezed codes with word starts and capitals flagged; bit
planes, of which each says for every name whether it has one letter, one initial of a word, or one pair of
neighbouring letters; all word beginnings sorted by the ten codes that follow; and the names sorted by the
initials of their words.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import fields
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
from codanna_core.records import dataclass
from codanna_core.storage.container import Container, ContainerWriter, Form
from codanna_core.storage.directory import Directory

U8 = NDArray[np.uint8]
U32 = NDArray[np.uint32]
U64 = NDArray[np.uint64]

_FORM: Final = Form(b"CDNNAM\x00\x03", "the names of an index")
_CHUNK: Final = 1 << 17
_MAX_OFFSET: Final = 255
_LETTER: Final = 26

_LETTER_PLANES: Final = 0
"""One for each letter and digit, and one for everything else."""
_INITIAL_PLANES: Final = LAST_ALNUM_CODE + 1
"""One for each letter, and one for everything else."""
_PAIR_PLANES: Final = 64
_PAIR_BITS: Final = 7
PLANES: Final = _PAIR_PLANES + (1 << _PAIR_BITS)
_WORD_BITS: Final = 64
_EXPANDED: Final = 1 << 10
"""Words of a plane that are turned into rows at a time."""


@dataclass(slots=True)
class NameColumns:
    """Columns over `count` names; see the module's docstring."""

    text: U8
    """All names as UTF-8, one after the other."""
    text_at: U32
    codes: U8
    """All squeezed names: six bits of code, two flags."""
    codes_at: U32
    planes: U64
    """Words of 64 names each, first those of the first plane; see `letter_planes` and its neighbours."""
    word_key: U64
    word_row: U32
    word_offset: U8
    """Offset of the word in the squeezed name; 0 is the beginning of the name."""
    initials_key: U64
    initials_row: U32

    @property
    def count(self) -> int:
        """How many names there are."""
        return len(self.initials_key)

    def with_planes(self, planes: list[int], start: int, limit: int) -> NDArray[np.intp]:
        """The first `limit` rows from `start` on that are in all these planes; none without planes."""
        if not planes:
            return np.zeros(0, np.intp)
        size = len(self.planes) // PLANES
        first = start // _WORD_BITS
        bits = np.full(size - first, np.iinfo(np.uint64).max, np.uint64)
        bits[:1] <<= np.uint64(start % _WORD_BITS)
        for plane in planes:
            bits &= self.planes[plane * size + first : (plane + 1) * size]
        filled = np.flatnonzero(bits)
        found = [np.zeros(0, np.intp)]
        total = 0
        for at in range(0, len(filled), _EXPANDED):
            words = filled[at : at + _EXPANDED]
            flags = np.unpackbits(bits[words].view(np.uint8), bitorder="little")
            number, bit = flags.reshape(-1, _WORD_BITS).nonzero()
            found.append((words[number] + first) * _WORD_BITS + bit)
            total += len(number)
            if total >= limit:
                break
        return np.concatenate(found)[:limit]

    def count_planes(self, planes: list[int], rows: NDArray[Any]) -> NDArray[np.intp]:
        """For each row in how many of these planes it is."""
        size = len(self.planes) // PLANES
        words, bits = rows // _WORD_BITS, (rows % _WORD_BITS).astype(np.uint64)
        count = np.zeros(len(rows), np.intp)
        for plane in planes:
            count += ((self.planes[plane * size + words] >> bits) & np.uint64(1)).astype(np.intp)
        return count

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

    def store(self, directory: Directory, name: str, stamp: int) -> None:
        """Write the columns as a file; `stamp` is handed back by `load`."""
        with directory.create(name) as file:
            writer = ContainerWriter(file, _FORM)
            for item in fields(self):
                writer.add(item.name, getattr(self, item.name))
            writer.finish({"stamp": stamp})

    @classmethod
    def load(cls, directory: Directory, name: str) -> tuple[NameColumns, int]:
        """Columns over a stored file, without copying, and its stamp; FileDamaged unless it is whole."""
        stored = Container.open(directory, name, _FORM)
        columns = [stored.array(item.name) for item in fields(cls) if stored.has(item.name)]
        stamp = stored.facts.get("stamp")
        if [column.dtype for column in columns] != list(_DTYPES) or not isinstance(stamp, int):
            raise stored.corrupt("it has another format")
        stored.verify()
        stored.free_pages()  # The checksums have touched every page; searches need few of them.
        return cls(*columns), stamp


_DTYPES: Final = (
    np.uint8,
    np.uint32,
    np.uint8,
    np.uint32,
    np.uint64,
    np.uint64,
    np.uint32,
    np.uint8,
    np.uint64,
    np.uint32,
)


def letter_planes(codes: U8) -> list[int]:
    """The planes of names that hold all these codes."""
    return _distinct(_letter_plane(codes[codes > 0]))


def initial_planes(codes: U8) -> list[int]:
    """The planes of names with words that begin with all these codes."""
    return _distinct(_initial_plane(codes[codes > 0]))


def pair_planes(codes: U8) -> list[int]:
    """The planes of names that hold these codes side by side."""
    return _distinct(_pair_plane(codes[:-1], codes[1:]))


def pack(codes: U8) -> int:
    """The sort key of a text's first codes; shorter texts come first."""
    key = 0
    for code in codes[:KEY_CODES].tolist():
        key = key << CODE_BITS | code
    return int(key << CODE_BITS * max(0, KEY_CODES - len(codes)))


def build_columns(names: Iterable[str]) -> NameColumns:
    """Make the columns for distinct names. Names with NUL characters, which no code has, are left out."""
    listed = sorted([name for name in names if "\0" not in name])
    text, starts, lower = _joined(listed)
    lengths = np.add.reduceat((CODES[text] > 0).astype(np.int64), starts) if listed else np.zeros(0, np.int64)
    listed = [listed[i] for i in np.argsort(lengths, kind="stable").tolist()]
    del text, lower
    pieces = [_columns(listed[at : at + _CHUNK], at) for at in range(0, max(1, len(listed)), _CHUNK)]

    def joined(number: int) -> NDArray[Any]:
        return np.concatenate([piece[number] for piece in pieces], axis=-1)

    word_key = joined(5)
    order = np.argsort(word_key, kind="stable")
    word_key = word_key[order]
    word_row, word_offset = joined(6)[order], joined(7)[order]
    initials = joined(8)
    by_initials = np.argsort(initials, kind="stable").astype(np.uint32)
    return NameColumns(
        joined(0),
        _ends(joined(1)),
        joined(2),
        _ends(joined(3)),
        joined(4).reshape(-1),
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
        return (*empty[:4], np.zeros((PLANES, 0), np.uint64), *empty[5:9])
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

    flags = np.zeros((PLANES, _aligned(count, _WORD_BITS)), np.bool_)
    flags[_letter_plane(codes), row_of] = True
    flags[_initial_plane(codes[begins]), row_of[begins]] = True
    same_name = np.flatnonzero(row_of[1:] == row_of[:-1])
    flags[_pair_plane(codes[same_name], codes[same_name + 1]), row_of[same_name]] = True
    planes = np.packbits(flags, axis=1, bitorder="little").view(np.uint64)

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
        planes,
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


def _letter_plane(codes: U8) -> NDArray[np.intp]:
    return np.minimum(codes, LAST_ALNUM_CODE + 1).astype(np.intp) - 1


def _initial_plane(codes: U8) -> NDArray[np.intp]:
    return np.where(codes < DIGIT_CODE, codes.astype(np.intp) - 1, _LETTER) + _INITIAL_PLANES


def _pair_plane(left: U8, right: U8) -> NDArray[np.intp]:
    mixed = (left.astype(np.uint32) * 37 + right.astype(np.uint32)) * np.uint32(0x9E3779B1)
    return (mixed >> np.uint32(32 - _PAIR_BITS)).astype(np.intp) + _PAIR_PLANES


def _distinct(planes: NDArray[np.intp]) -> list[int]:
    return sorted(set(planes.tolist()))


def _ends(sizes: NDArray[Any]) -> U32:
    ends: U32 = np.r_[0, np.cumsum(sizes)].astype(np.uint32)
    return ends


def _aligned(size: int, step: int) -> int:
    return -(-size // step) * step


def plain(codes: U8) -> U8:
    """Codes without their flags."""
    return codes & np.uint8(CODE_MASK)
