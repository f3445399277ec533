"""Parsing a text leaves nothing of it behind."""

from __future__ import annotations

import sys
import tracemalloc

import pytest

from codanna_core.languages import extract
from codanna_core.languages.pieces import READ_SIZE, Pieces

SOURCE = b"".join(b"int function_%d(int value)\n{\n\treturn value + %d;\n}\n\n" % (n, n) for n in range(500))


@pytest.mark.parametrize("size", [1, 100, READ_SIZE, len(SOURCE)])
def test_pieces_make_up_the_text(size: int) -> None:
    """Reading from each piece's end gives the whole text, and then nothing."""
    pieces = Pieces(SOURCE[:size])
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


def test_only_what_is_never_given_back_is_dropped() -> None:
    """A piece that others hold as well lives on, and nothing is dropped for a binding that lets go."""
    pieces = Pieces(SOURCE)
    kept = pieces.read(0, None)
    holders = sys.getrefcount(kept)
    assert pieces.held_elsewhere() == 1
    pieces.let_go(0)
    assert kept == SOURCE[:READ_SIZE]
    assert sys.getrefcount(kept) == holders - 1
