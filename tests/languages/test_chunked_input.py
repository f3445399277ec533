"""Parsing a text leaves nothing of it behind."""

from __future__ import annotations

import ctypes
import sys
import tracemalloc

import pytest

from codanna_core.languages.chunked_input import READ_SIZE, ChunkedInput
from codanna_core.languages.extract import extract

SOURCE = b"".join(b"int function_%d(int value)\n{\n\treturn value + %d;\n}\n\n" % (n, n) for n in range(500))


@pytest.mark.parametrize("size", [1, 100, READ_SIZE, len(SOURCE)])
def test_pieces_make_up_the_text(size: int) -> None:
    """Reading from each piece's end gives the whole text, and then nothing."""
    pieces = ChunkedInput(SOURCE[:size])
    read = b""
    while piece := pieces.read(len(read), None):
        read += piece
    assert read == SOURCE[:size]


@pytest.mark.parametrize("data", [SOURCE, SOURCE[:1000]], ids=["long", "one piece"])
def test_parsing_again_and_again_takes_no_memory(data: bytes) -> None:
    """The binding's own references to what it read are given back, also those to a text of one piece."""
    extract(data, "a.c")
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        rounds = 800_000 // len(data)
        for _ in range(rounds):
            extract(data, "a.c")
        grown = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    assert grown < rounds * len(data) / 2


def test_queries_read_without_leaving_anything_behind() -> None:
    """Predicates read the text at each of a hundred thousand nodes, and no piece outlives its look."""
    source = b"".join(b"(define (f%d x) (list 'a 'b x))\n" % number for number in range(1500))
    extract(source, "a.scm")
    tracemalloc.start()
    try:
        assert len(extract(source, "a.scm").symbols) == 1500
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 15_000_000


def test_only_the_references_of_others_are_dropped() -> None:
    """As many as are asked for, never those of the text itself."""
    keep_for_ever = ctypes.pythonapi.Py_IncRef
    keep_for_ever.argtypes, keep_for_ever.restype = [ctypes.py_object], None
    pieces = ChunkedInput(SOURCE)
    piece = pieces.read(0, None)
    holders = sys.getrefcount(piece)
    keep_for_ever(piece)
    assert pieces.held_elsewhere() == 2
    pieces.let_go(1)
    assert piece == SOURCE[:READ_SIZE]
    assert sys.getrefcount(piece) == holders - 1  # Neither the one that was kept, nor that of the list.

    alone = ChunkedInput(SOURCE)
    alone.read(0, None)
    assert alone.held_elsewhere() == 0
    alone.let_go(1)
    assert alone.read(0, None) == SOURCE[:READ_SIZE]
