"""Damaged source text: what people paste, what editors hold half typed, and what is made to do harm."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

LONGEST = 40_000
"""A mutation never grows a text beyond this: larger ones cost time and show nothing else."""

STRANGE = (
    b"\0", b"\r", b"\r\n", b"\xff", b"\xc3\x28", b"\xed\xa0\x80", b"\xef\xbb\xbf", b"\xe2\x80\xae",
    b"\xe2\x80\xa8", b"\xf0\x9f\x98\x80", b"\\", b'"', b"'", b"`", b'"""', b"'''", b"/*", b"*/", b"//", b"#",
    b"--", b"<!--", b"-->", b"(", b")", b"[", b"]", b"{", b"}", b"<", b">", b"<%", b"#{", b"${", b"$(", b"@",
    b"- ", b"> ", b"* ", b"\t", b"    ", b"\n", b"\n\n", b":", b";", b"=", b"::", b"|", b"if ", b"begin ",
    b"end ", b"do ", b"case ", b"def ", b"class ", b"fn ", b"let ", b"#if ", b"#define ", b"<<EOF\n",
)  # fmt: skip

Mutation = Callable[[random.Random, bytes, Sequence[bytes]], bytes]


def mutated(rng: random.Random, data: bytes, others: Sequence[bytes]) -> bytes:
    """A text with one to four kinds of damage; `others` are texts to take pieces from."""
    for _ in range(rng.choice((1, 1, 1, 2, 2, 3, 4))):
        data = rng.choice(MUTATIONS)(rng, data, others)[:LONGEST]
    return data


def _span(rng: random.Random, data: bytes, most: int = 400) -> tuple[int, int]:
    start = rng.randrange(len(data) + 1)
    return start, min(len(data), start + rng.randrange(1, most))


def _drop(rng: random.Random, data: bytes, _: Sequence[bytes]) -> bytes:
    start, end = _span(rng, data)
    return data[:start] + data[end:]


def _cut(rng: random.Random, data: bytes, _: Sequence[bytes]) -> bytes:
    return data[: rng.randrange(len(data) + 1)]


def _swap(rng: random.Random, data: bytes, _: Sequence[bytes]) -> bytes:
    start, end = _span(rng, data)
    middle = rng.randrange(start, end + 1)
    return data[:start] + data[middle:end] + data[start:middle] + data[end:]


def _flip(rng: random.Random, data: bytes, _: Sequence[bytes]) -> bytes:
    changed = bytearray(data)
    for _turn in range(rng.randrange(1, 20)):
        if changed:
            changed[rng.randrange(len(changed))] = rng.randrange(256)
    return bytes(changed)


def _insert(rng: random.Random, data: bytes, _: Sequence[bytes]) -> bytes:
    for _turn in range(rng.randrange(1, 8)):
        place = rng.randrange(len(data) + 1)
        data = data[:place] + rng.choice(STRANGE) + data[place:]
    return data


def _repeat(rng: random.Random, data: bytes, _: Sequence[bytes]) -> bytes:
    """A token or a piece of the text again and again, which is how nesting is made."""
    start, end = _span(rng, data, 30)
    piece = rng.choice((rng.choice(STRANGE), data[start:end], rng.choice(data.split() or [b"x"]) + b" "))
    times = rng.choice((2, 5, 20, 100, 500, 2000))
    return data[:start] + piece * min(times, LONGEST // max(1, len(piece))) + data[start:]


def _join(rng: random.Random, data: bytes, others: Sequence[bytes]) -> bytes:
    other = rng.choice(others)
    start, end = _span(rng, other, 2000)
    place = rng.randrange(len(data) + 1)
    return data[:place] + other[start:end] + data[place:]


def _one_line(rng: random.Random, data: bytes, _: Sequence[bytes]) -> bytes:
    return data.replace(b"\n", rng.choice((b" ", b"", b"\r", b"\r\n")))


def _unclosed(rng: random.Random, data: bytes, _: Sequence[bytes]) -> bytes:
    """Without any of one closing mark."""
    return data.replace(rng.choice((b")", b"}", b"]", b'"', b"'", b"*/", b"end", b";", b">")), b"")


MUTATIONS: tuple[Mutation, ...] = (
    *(_drop, _cut, _swap, _flip, _insert, _insert, _repeat, _repeat, _join, _one_line, _unclosed),
)
