"""A text as tree-sitter reads it: piece by piece, and every piece of the parse let go in the end."""

from __future__ import annotations

import ctypes
import sys

READ_SIZE = 2048
"""Bytes handed to tree-sitter at once. Scanners that jump back, and the texts of query predicates, read anew
from where they stand: handing over all the rest each time cost a Scheme file of 500 kB half a minute."""


class ChunkedInput:
    """Serves one text to the read callback of a parser and of the queries over its tree.

    A binding whose parser never gives back what it was given would keep each parsed file in memory for ever.
    `held_elsewhere` tells whether it is one, `let_go` gives back what it has kept.
    """

    def __init__(self, data: bytes) -> None:
        self._view = memoryview(data)
        self._given: list[bytes] | None = []
        """What was read until `let_go`; what queries read after it is theirs, and they let go of it."""

    def read(self, offset: int, _point: object) -> bytes:
        """The piece of the text that begins at this byte; empty at the end."""
        # By way of a view every piece is an object of its own, even one that is the whole text. Only those of
        # one byte or none are the interpreter's.
        piece = self._view[offset : offset + READ_SIZE].tobytes()
        if self._given is not None and len(piece) > 1:
            self._given.append(piece)
        return piece

    def held_elsewhere(self) -> int:
        """How many references others hold to each piece that was read until now."""
        return min((holders - _OWN_HOLDERS for holders in _holders(self._given or [])), default=0)

    def let_go(self, references: int) -> None:
        """Drop so many references of others to each piece that was read until now."""
        given, self._given = self._given, None
        if not references or given is None:
            return
        for piece, holders in zip(given, _holders(given), strict=True):
            for _ in range(min(references, holders - _OWN_HOLDERS)):
                _drop_reference(piece)


def _holders(pieces: list[bytes]) -> list[int]:
    return [sys.getrefcount(piece) for piece in pieces]


_OWN_HOLDERS = _holders([bytes(2)])[0]
"""References to a piece that only its list holds, as this interpreter counts them."""
_drop_reference = ctypes.pythonapi.Py_DecRef
_drop_reference.argtypes = [ctypes.py_object]
_drop_reference.restype = None
