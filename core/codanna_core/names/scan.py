"""Candidates for a query inside one part: each tier by the cheapest structure that answers it.

Every function returns rows, shortest names first, and no more than asked for: what is left out is longer
than what is there. Sorted keys answer beginnings of words; bit planes with a check of the survivors answer
the rest.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from codanna_core.arrays import distinct
from codanna_core.names.name_columns import NameColumns, initial_planes, letter_planes, pack, pair_planes
from codanna_core.names.words import CODE_BITS, CODE_MASK, KEY_CODES, LAST_ALNUM_CODE, WORD_START, codes_of
from codanna_core.records import dataclass

Rows = NDArray[np.intp]

_WIDTH: Final = 64
"""Longest stretch of a squeezed name that a check looks at."""


_WIDE: Final = 50_000
"""More words than this that begin alike are not sorted out one by one."""

_CHECKED: Final = 3000
"""Most survivors of the bit planes that are checked."""


@dataclass(slots=True)
class Survivors:
    """Rows that have the letters of a query, with their codes laid out for checking."""

    rows: Rows
    columns: NDArray[np.uint8]

    @classmethod
    def of(cls, part: NameColumns, query: NDArray[np.uint8], initials: NDArray[np.uint8]) -> Survivors:
        """Rows with all codes of the query and words that begin with the `initials`."""
        planes = letter_planes(query) + initial_planes(initials)
        rows = part.with_planes(planes, part.first_row(len(query)), _CHECKED)
        return cls(rows, _columns(part, rows))

    @classmethod
    def among(cls, part: NameColumns, rows: Rows) -> Survivors:
        """These rows."""
        return cls(rows, _columns(part, rows))


def beginning(part: NameColumns, query: NDArray[np.uint8], limit: int) -> tuple[Rows, Rows]:
    """Rows whose name begins with the query, and rows where a later word does."""
    low, high = _key_range(part.word_key, query)
    if high - low > _WIDE:
        return _wide_beginning(part, query, limit)
    rows = part.word_row[low:high]
    offsets = part.word_offset[low:high]
    if len(query) > KEY_CODES:
        rows, offsets = _confirmed(part, rows, offsets, query)
    at_start = offsets == 0
    return _first(rows[at_start], limit), _first(rows[~at_start], limit)


def _wide_beginning(part: NameColumns, query: NDArray[np.uint8], limit: int) -> tuple[Rows, Rows]:
    """The same for a query of few letters with which a great many words begin: the shortest names have
    enough of them.
    """
    planes = letter_planes(query) + initial_planes(query[:1])
    rows = part.with_planes(planes, part.first_row(len(query)), _CHECKED)
    columns = _columns(part, rows)
    places = len(columns) - len(query) + 1
    here = (columns[:places] & WORD_START) != 0
    for step in range(len(query)):
        here &= (columns[step : step + places] & CODE_MASK) == query[step]
    return rows[here[0]][:limit], rows[here[1:].any(axis=0) & ~here[0]][:limit]


def by_initials(part: NameColumns, initials: str, letters: NDArray[np.uint8], limit: int) -> Rows:
    """Rows whose words begin with these characters, from the first word on, and that hold all the letters."""
    low, high = _key_range(part.initials_key, codes_of(initials))
    rows = part.initials_row[low:high]
    if len(initials) < len(letters):
        planes = letter_planes(letters)
        rows = rows[part.count_planes(planes, rows) == len(planes)]
    return _first(rows, limit)


def humps(some: Survivors, query: NDArray[np.uint8]) -> Rows:
    """Rows that hold the query as pieces which all begin where a word begins."""
    # Bit i of a state says that the first i codes of the query are matched.
    masks = np.zeros(64, np.uint64)
    for number, code in enumerate(query.tolist()):
        masks[code] |= np.uint64(1 << number)
    one = np.uint64(1)
    count = len(some.rows)
    running = np.zeros(count, np.uint64)
    reached = np.ones(count, np.uint64)
    starts = np.zeros(count, np.uint64)
    for column in some.columns:
        np.multiply(reached, (column & WORD_START) != 0, out=starts)
        running |= starts
        running &= masks[column & CODE_MASK]
        running <<= one
        reached |= running
    done = np.uint64(1 << len(query))
    fitting: Rows = some.rows[(reached & done) != 0]
    return fitting


def substring(part: NameColumns, query: NDArray[np.uint8], limit: int) -> Rows:
    """Rows that hold the query anywhere."""
    planes = pair_planes(query) + letter_planes(query)
    rows = part.with_planes(planes, part.first_row(len(query) + 1), _CHECKED)
    columns = _columns(part, rows) & CODE_MASK
    places = len(columns) - len(query) + 1
    if places < 1:
        return rows[:0]
    here = columns[:places] == query[0]
    for step in range(1, len(query)):
        here &= columns[step : step + places] == query[step]
    fitting: Rows = rows[here.any(axis=0)][:limit]
    return fitting


def subsequence(some: Survivors, query: NDArray[np.uint8]) -> Rows:
    """Rows that hold the query's codes in this order, the first one at the beginning of a word."""
    needed = np.append(query, np.uint8(CODE_MASK))
    matched = np.zeros(len(some.rows), np.intp)
    for column in some.columns:
        step = (column & CODE_MASK) == needed[matched]
        step &= (matched > 0) | ((column & WORD_START) != 0)
        matched += step
    fitting: Rows = some.rows[matched == len(query)]
    return fitting


def one_edit(part: NameColumns, query: NDArray[np.uint8], limit: int) -> Rows:
    """Rows where a word begins with the query after one insertion, deletion, substitution or swap.

    Every variant of the query is looked up as a sorted key, all in one go. Only the ten codes of a key are
    varied; what differs behind them is left to the final scoring.
    """
    keys, sizes = _variants(query)
    shift = (CODE_BITS * (KEY_CODES - sizes)).astype(np.uint64)
    low = np.searchsorted(part.word_key, keys)
    high = np.searchsorted(part.word_key, keys + (np.uint64(1) << shift))
    hit = np.flatnonzero(high > low)
    pieces = [part.word_row[low[i] : high[i]] for i in hit.tolist()]
    if not pieces:
        return np.zeros(0, np.intp)
    rows = np.concatenate(pieces)
    if len(query) > KEY_CODES:
        # Behind the key anything may follow, so demand the letters; an edit costs at most one of them.
        planes = letter_planes(query)
        rows = rows[part.count_planes(planes, rows) >= len(planes) - 1]
    # A typo keeps the length within one, so names of about the query's length are the likely ones.
    sizes_of = part.codes_at[rows + np.uint32(1)] - part.codes_at[rows]
    near = rows[(sizes_of + 1 >= len(query)) & (sizes_of <= len(query) + 1)]
    return np.concatenate((_first(near, limit), _first(rows, limit // 2)))


def exact_rows(part: NameColumns, name: bytes, squeezed: NDArray[np.uint8]) -> Rows:
    """The row of exactly this name, if there is one."""
    if len(squeezed):
        low, high = _key_range(part.word_key, squeezed[:KEY_CODES])
        if len(squeezed) < KEY_CODES:
            high = int(np.searchsorted(part.word_key, np.uint64(pack(squeezed) + 1)))
        rows = part.word_row[low:high][part.word_offset[low:high] == 0]
    else:
        end = int(np.searchsorted(part.codes_at, 1)) - 1
        rows = np.arange(max(0, min(end, part.count)), dtype=np.uint32)
    rows = rows[part.text_at[rows + np.uint32(1)] - part.text_at[rows] == len(name)]
    starts = part.text_at[rows]
    keep = [
        row
        for row, at in zip(rows.tolist(), starts.tolist(), strict=True)
        if part.text[at : at + len(name)].tobytes() == name
    ]
    return np.array(keep[:1], np.intp)


def _key_range(keys: NDArray[np.uint64], query: NDArray[np.uint8]) -> tuple[int, int]:
    head = query[:KEY_CODES]
    low = pack(head)
    high = low + (1 << CODE_BITS * (KEY_CODES - len(head)))
    found = np.searchsorted(keys, np.array((low, high), np.uint64))
    return int(found[0]), int(found[1])


def _first(rows: NDArray[Any], limit: int) -> Rows:
    """The smallest distinct rows, sorted."""
    if len(rows) > 2 * limit:
        # One name may stand here with several of its words, hence twice the limit.
        rows = np.partition(rows, 2 * limit)[: 2 * limit]
    return distinct(rows)[:limit].astype(np.intp)


def _confirmed(
    part: NameColumns, rows: NDArray[np.uint32], offsets: NDArray[np.uint8], query: NDArray[np.uint8]
) -> tuple[NDArray[np.uint32], NDArray[np.uint8]]:
    """Keep those where the whole query follows, not only the codes of the key."""
    at = part.codes_at[rows].astype(np.int64) + offsets
    fits = at + len(query) <= part.codes_at[rows + np.uint32(1)]
    rows, offsets, at = rows[fits], offsets[fits], at[fits]
    same = np.ones(len(rows), np.bool_)
    for step in range(KEY_CODES, len(query)):
        same &= (part.codes[at + step] & CODE_MASK) == query[step]
    return rows[same], offsets[same]


def _columns(part: NameColumns, rows: Rows) -> NDArray[np.uint8]:
    """The rows' codes with flags as a table, one line for each place in the name, 0 behind its end."""
    if not len(rows):
        return np.zeros((0, 0), np.uint8)
    starts = part.codes_at[rows].astype(np.int64)
    sizes = part.codes_at[rows + 1].astype(np.int64) - starts
    width = int(min(_WIDTH, sizes.max()))
    table = np.zeros((width, len(rows)), np.uint8)
    # Rows come sorted by length, so those long enough for a place are a tail of the table.
    begins = np.searchsorted(sizes, np.arange(width), side="right").tolist()
    for place, begin in enumerate(begins):
        table[place, begin:] = part.codes[starts[begin:]]
        starts += 1
    return table


def _variants(query: NDArray[np.uint8]) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """Keys of all texts one edit away from the query, cut to the codes of a key, and their lengths."""
    text = query.tolist()
    size = len(text)
    alphabet = np.arange(1, LAST_ALNUM_CODE + 1, dtype=np.uint64)
    keys: list[NDArray[np.uint64]] = []
    sizes: list[NDArray[np.int64]] = []

    def add(codes: list[int], at: int | None) -> None:
        """Note a text; at one place, if given, every code in turn."""
        length = min(len(codes), KEY_CODES)
        key = np.array([pack(np.array(codes[:KEY_CODES], np.uint8))], np.uint64)
        if at is not None:
            key = key | (alphabet << np.uint64(CODE_BITS * (KEY_CODES - 1 - at)))
        keys.append(key)
        sizes.append(np.full(len(key), length))

    for at in range(min(size, KEY_CODES)):
        head, tail = text[:at], text[at + 1 :]
        add(head + tail, None)
        add([*head, 0, *tail], at)
        add([*head, 0, *text[at:]], at)
        if tail:
            add([*head, tail[0], text[at], *tail[1:]], None)
    return np.concatenate(keys), np.concatenate(sizes)
