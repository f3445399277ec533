"""The sealed files of stored facts: keys in order, and behind each the bytes that were stored under it."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping
from itertools import chain

import numpy as np

from codanna_core.storage import Directory
from codanna_core.storage.container import Container, ContainerWriter, Form

KEY_BYTES = 16
SEALED = Form(b"CDNFCT\x00\x01", "a file of facts")

Piece = bytes | memoryview


class Segment:
    """A sealed file: `heads` and `tails` u64[n] of the keys, `ends` u64[n] and `crcs` u32[n] of the bytes."""

    def __init__(self, directory: Directory, name: str, size: int) -> None:
        """Raises FileDamaged. The bytes themselves are checked when they are read."""
        file = Container.open(directory, name, SEALED, size)
        for section in ("heads", "tails", "ends", "crcs"):
            file.check(section)
        self.name = name
        self.size = size
        self._heads, self._tails = file.array("heads"), file.array("tails")
        self._ends, self._crcs = file.array("ends"), file.array("crcs")
        self._data = file.array("data").data
        count = len(self._heads)
        lengths = {len(column) for column in (self._tails, self._ends, self._crcs)}
        if lengths != {count} or bool((np.diff(self._ends) < 0).any()):
            raise file.corrupt("its sections do not fit together")
        if count and int(self._ends[-1]) != len(self._data):
            raise file.corrupt("its sections do not fit together")

    def __len__(self) -> int:
        return len(self._heads)

    def get(self, key: bytes) -> Piece | None:
        """The bytes of a key; None where it is not here. Raises ValueError where they are damaged."""
        head, tail = _halves(key)
        row = int(np.searchsorted(self._heads, np.uint64(head)))
        while row < len(self) and int(self._heads[row]) == head:
            if int(self._tails[row]) == tail:
                return self._piece(row)
            row += 1
        return None

    def keys(self) -> list[bytes]:
        """All keys."""
        pairs = np.stack([self._heads, self._tails], axis=1).astype(">u8").tobytes()
        return [pairs[at : at + KEY_BYTES] for at in range(0, len(pairs), KEY_BYTES)]

    def items(self) -> Iterator[tuple[bytes, Piece]]:
        """All keys with their bytes, damaged ones left out."""
        for row, key in enumerate(self.keys()):
            try:
                yield key, self._piece(row)
            except ValueError:
                continue  # It is missing from now on, and made again.

    def _piece(self, row: int) -> memoryview:
        start = int(self._ends[row - 1]) if row else 0
        piece = self._data[start : int(self._ends[row])]
        if zlib.crc32(piece) != int(self._crcs[row]):
            raise ValueError(f"{self.name}: the facts in row {row} are damaged")
        return piece


def write_segment(directory: Directory, name: str, items: Mapping[bytes, Piece]) -> int:
    """Write a sealed file and make it durable; returns its size."""
    ordered = sorted(items)
    halves = np.frombuffer(b"".join(ordered), ">u8").reshape(len(ordered), 2).astype("<u8")
    pieces = [items[key] for key in ordered]
    lengths = np.array([len(piece) for piece in pieces], np.uint64)
    with directory.create(name) as file:
        writer = ContainerWriter(file, SEALED)
        writer.add("heads", halves[:, 0])
        writer.add("tails", halves[:, 1])
        writer.add("ends", np.cumsum(lengths, dtype=np.uint64))
        writer.add("crcs", np.array([zlib.crc32(piece) for piece in pieces], np.uint32))
        # The first one, which is empty, gives the section its type where there is nothing else.
        bytes_of = (np.frombuffer(piece, np.uint8) for piece in pieces if len(piece))
        writer.add("data", chain([np.zeros(0, np.uint8)], bytes_of), (int(lengths.sum()),))
        return writer.finish({"kind": "facts", "count": len(ordered)})


def _halves(key: bytes) -> tuple[int, int]:
    return int.from_bytes(key[:8], "big"), int.from_bytes(key[8:], "big")
