"""The sealed files of stored facts: keys in order, and the bytes under them in compressed blocks.

A block holds what came one after another, most often files of one folder, which use the same names.
"""

from __future__ import annotations

import zlib
from collections.abc import Collection, Iterable, Sequence
from dataclasses import field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from codanna_core.records import dataclass
from codanna_core.storage import Directory
from codanna_core.storage.container import Container, ContainerWriter, Form

KEY_BYTES = 16
MAX_RECORD = 16 << 20
SEALED = Form(b"CDNFCT\x00\x01", "a file of facts")

_BLOCK = 128 << 10
"""Larger ones compress better, and take longer to open for one record of them."""
_COLUMNS = ("heads", "tails", "blocks", "starts", "sizes")
_LEVEL = 9

Pairs = Iterable[tuple[bytes, bytes]]


class Place(NamedTuple):
    """Where the bytes of a key are."""

    block: int
    start: int
    size: int


@dataclass(slots=True)
class Blocks:
    """Compressed blocks, and what is where in them."""

    places: dict[bytes, Place] = field(default_factory=dict)
    pieces: list[bytes | memoryview] = field(default_factory=list)

    def add(self, items: Pairs) -> None:
        """Put these into new blocks."""
        waiting: list[bytes] = []
        size = 0
        for key, data in items:
            self.places[key] = Place(len(self.pieces), size, len(data))
            waiting.append(data)
            size += len(data)
            if size >= _BLOCK:
                self.pieces.append(zlib.compress(b"".join(waiting), _LEVEL))
                waiting, size = [], 0
        if waiting:
            self.pieces.append(zlib.compress(b"".join(waiting), _LEVEL))

    def add_whole(self, places: Iterable[tuple[bytes, Place]], piece: memoryview) -> None:
        """Take over a block as it is."""
        for key, place in places:
            self.places[key] = place._replace(block=len(self.pieces))
        self.pieces.append(piece)

    def write(self, directory: Directory, name: str) -> int:
        """Write a sealed file and make it durable; returns its size."""
        ordered = sorted(self.places)
        halves = np.frombuffer(b"".join(ordered), ">u8").reshape(len(ordered), 2).astype("<u8")
        places = np.array([self.places[key] for key in ordered], np.uint32).reshape(len(ordered), 3)
        lengths = np.array([len(piece) for piece in self.pieces], np.uint64)
        columns = (halves[:, 0], halves[:, 1], places[:, 0], places[:, 1], places[:, 2])
        with directory.create(name) as file:
            writer = ContainerWriter(file, SEALED)
            for column, numbers in zip(_COLUMNS, columns, strict=True):
                writer.add(column, numbers)
            writer.add("ends", np.cumsum(lengths, dtype=np.uint64))
            writer.add("crcs", np.array([zlib.crc32(piece) for piece in self.pieces], np.uint32))
            data = (np.frombuffer(piece, np.uint8) for piece in self.pieces)
            # The first one, which is empty, gives the section its type where there is nothing else.
            empty: Sequence[NDArray[np.uint8]] = [np.zeros(0, np.uint8)]
            writer.add("data", [*empty, *data], (int(lengths.sum()),))
            return writer.finish({"kind": "facts", "count": len(ordered)})


class Segment:
    """A sealed file, mapped: `heads` and `tails` of the keys u64[n], `blocks`, `starts` and `sizes` u32[n] of
    their bytes, and `ends` u64[m] and `crcs` u32[m] of the blocks.
    """

    def __init__(self, directory: Directory, name: str, size: int) -> None:
        """Raises FileDamaged. The blocks themselves are checked when they are read."""
        file = Container.open(directory, name, SEALED, size)
        for section in (*_COLUMNS, "ends", "crcs"):
            file.check(section)
        self.name = name
        self.size = size
        self._heads, self._tails, *self._places = (file.array(section) for section in _COLUMNS)
        self._ends, self._crcs = file.array("ends"), file.array("crcs")
        self._data = file.array("data").data
        lengths = {len(column) for column in (self._heads, self._tails, *self._places)}
        blocks = len(self._ends)
        fits = len(lengths) == 1 and len(self._crcs) == blocks and not bool((np.diff(self._ends) < 0).any())
        if not fits or (int(self._ends[-1]) if blocks else 0) != len(self._data):
            raise file.corrupt("its sections do not fit together")
        self._last: tuple[int, bytes] = (-1, b"")
        """The block that was opened last; its neighbors are asked for next."""

    def __len__(self) -> int:
        return len(self._heads)

    def get(self, key: bytes) -> bytes | None:
        """The bytes of a key; None where it is not here. Raises ValueError where they are damaged."""
        head, tail = int.from_bytes(key[:8], "big"), int.from_bytes(key[8:], "big")
        row = int(np.searchsorted(self._heads, np.uint64(head)))
        while row < len(self) and int(self._heads[row]) == head:
            if int(self._tails[row]) == tail:
                return self._bytes_at(self._place(row))
            row += 1
        return None

    def keys(self) -> list[bytes]:
        """All keys."""
        pairs = np.stack([self._heads, self._tails], axis=1).astype(">u8").tobytes()
        return [pairs[at : at + KEY_BYTES] for at in range(0, len(pairs), KEY_BYTES)]

    def dead_bytes(self, live: Collection[bytes]) -> int:
        """How many bytes, before compression, are under keys that are not among the `live` ones."""
        sizes = zip(self.keys(), self._places[2].tolist(), strict=True)
        return sum(size for key, size in sizes if key not in live)

    @property
    def bytes_before(self) -> int:
        """How many bytes there are before compression."""
        return int(self._places[2].sum(dtype=np.uint64))

    def add_to(self, blocks: Blocks, live: Collection[bytes] | None) -> list[bytes]:
        """Hand over blocks of which everything is live, as they are; returns the live keys of all others."""
        by_block: dict[int, list[tuple[bytes, Place]]] = {}
        for row, key in enumerate(self.keys()):
            place = self._place(row)
            by_block.setdefault(place.block, []).append((key, place))
        others = []
        for number, places in sorted(by_block.items()):
            try:
                piece = self._piece(number)
            except ValueError:
                continue  # Missing from now on, and made again.
            if live is None or all(key in live for key, _ in places):
                blocks.add_whole(places, piece)
            else:
                others += [key for key, place in sorted(places, key=lambda one: one[1]) if key in live]
        return others

    def _place(self, row: int) -> Place:
        return Place(*(int(column[row]) for column in self._places))

    def _piece(self, number: int) -> memoryview:
        if number >= len(self._ends):
            raise ValueError(f"{self.name}: there is no block {number}")
        start = int(self._ends[number - 1]) if number else 0
        piece = self._data[start : int(self._ends[number])]
        if zlib.crc32(piece) != int(self._crcs[number]):
            raise ValueError(f"{self.name}: block {number} is damaged")
        return piece

    def _bytes_at(self, place: Place) -> bytes:
        last, data = self._last
        if last != place.block:
            data = unpacked(self._piece(place.block), MAX_RECORD + 2 * _BLOCK)
            self._last = place.block, data
        found = data[place.start : place.start + place.size]
        if len(found) != place.size:
            raise ValueError(f"{self.name}: block {place.block} is too short")
        return found


def unpacked(piece: bytes | memoryview, most: int = MAX_RECORD) -> bytes:
    """What was compressed; raises ValueError where it is damaged, or would be more than `most` bytes."""
    unpacker = zlib.decompressobj()
    try:
        data = unpacker.decompress(piece, most)
    except zlib.error as error:
        raise ValueError(f"damaged bytes: {error}") from None
    if unpacker.unconsumed_tail or not unpacker.eof:
        raise ValueError("damaged bytes: too long or cut off")
    return data
