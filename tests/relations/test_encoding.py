"""Facts as bytes, whole and damaged."""

from __future__ import annotations

import random

import pytest

from codanna_core.relations.encoding import MAGIC, MAX_DECODED, VERSION, BadFacts, decode, encode
from codanna_core.relations.facts import Facts
from codanna_core.relations.reader import read_facts

SOURCE = b"""
from a import b as c

class A(c):
    def f(self, x: int = 1) -> "A":
        self.y = c(x, \xc3\xa9)
        return self.f(2).y.z
"""


def facts() -> Facts:
    found = read_facts(SOURCE, "python")
    assert found is not None
    assert found.references
    assert found.bindings
    return found


def test_decoding_gives_what_was_encoded() -> None:
    """Facts come back equal."""
    assert decode(encode(facts())) == facts()


@pytest.mark.parametrize("bases", [(), ("",), ("A", ""), ("", "B.C")])
def test_bases_come_back(bases: tuple[str, ...]) -> None:
    """No base and a base without a name are told apart: C++ gives types of parameters that are not there."""
    row = facts().bindings[0]._replace(bases=bases, value="\ud800é", end=1 << 22)
    found = Facts("cpp", "", (row,), ())
    assert decode(encode(found)) == found


def test_an_empty_file_has_facts() -> None:
    """A file without names is a record too."""
    empty = read_facts(b"", "go")
    assert empty is not None
    assert decode(encode(empty)) == empty


@pytest.mark.parametrize("data", [b"", b"CF", b"XX\x01abc", MAGIC + bytes([VERSION + 1]) + b"abc"])
def test_other_bytes_are_refused(data: bytes) -> None:
    """What is no record of this version is an error that says so."""
    with pytest.raises(BadFacts):
        decode(data)


def test_damage_is_noticed_or_harmless() -> None:
    """Damaged bytes give `BadFacts` or a record whose every index is in range, and nothing else."""
    rng = random.Random(1)
    whole = encode(facts())[3:]
    refused = 0
    for _ in range(3000):
        raw = bytearray(whole)
        for _ in range(rng.randint(1, 4)):
            raw[rng.randrange(len(raw))] = rng.randrange(256)
        if rng.random() < 0.3:
            del raw[rng.randrange(len(raw)) :]
        try:
            found = decode(MAGIC + bytes([VERSION]) + bytes(raw))
        except BadFacts:
            refused += 1
            continue
        assert all(-1 <= row.owner < number for number, row in enumerate(found.bindings))
        assert all(-1 <= row.owner < len(found.bindings) for row in found.references)
    assert refused > 500


def test_more_than_is_ever_written_is_refused() -> None:
    """A record beyond the limit is not looked into."""
    with pytest.raises(BadFacts, match="too long"):
        decode(MAGIC + bytes([VERSION]) + bytes(MAX_DECODED))
