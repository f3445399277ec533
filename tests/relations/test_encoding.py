"""Facts as bytes, whole and damaged."""

from __future__ import annotations

import random

import pytest

from codanna_core.relations.encoding import (
    MAGIC,
    MAX_DECODED,
    VERSION,
    BadFacts,
    Wanted,
    decode,
    encode,
    may_use,
)
from codanna_core.relations.facts import Binds, Facts
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


def test_single_records_are_those_of_the_whole() -> None:
    """A record that is made when it is asked for is the one that all of them together have."""
    plain = facts()
    found = decode(encode(plain))
    for number in (2, 0, 1):
        assert found.bindings[number] == plain.bindings[number]
        assert found.references[number] == plain.references[number]
    assert list(found.bindings) == list(plain.bindings)
    assert found.bindings[1] == plain.bindings[1]
    with pytest.raises(IndexError):
        decode(encode(plain)).bindings[len(plain.bindings)]


LOOKED_THROUGH = b"""
from a import goal as other
from b import here
import goal.x
kept = self.held
copy = bare

def defined(): ...
shared.used(1)
"""


@pytest.mark.parametrize("name", ["goal", "here", "held", "bare", "used", "shared"])
def test_a_file_that_may_use_a_name_is_told(name: str) -> None:
    """A use, an import under another name, a value that is kept."""
    found = read_facts(LOOKED_THROUGH, "python")
    assert found is not None
    assert may_use(encode(found), Wanted.of([name], [name]))


@pytest.mark.parametrize("name", ["defined", "othe", "elf", "nothing", "\ud800"])
def test_a_file_without_uses_of_a_name_is_told(name: str) -> None:
    """What is defined alone, or is a part of other names, needs no look at the records."""
    found = read_facts(LOOKED_THROUGH, "python")
    assert found is not None
    assert not may_use(encode(found), Wanted.of([name], [name]))
    assert may_use(encode(found._replace(complete=False)), Wanted.of([name], [name]))


def test_no_use_is_overlooked_in_what_is_damaged() -> None:
    """Bytes that decode with a use of a name never pass for bytes without one; others do not raise."""
    rng = random.Random(2)
    whole = encode(facts())
    for _ in range(2000):
        raw = bytearray(whole)
        for _ in range(rng.randint(1, 3)):
            raw[rng.randrange(3, len(raw))] = rng.randrange(256)
        data = bytes(raw[: rng.randrange(len(raw))] if rng.random() < 0.2 else raw)
        may = {name: may_use(data, Wanted.of([name], [name])) for name in ("f", "c", "b", "A", "self")}
        try:
            found = decode(data)
        except BadFacts:
            continue
        for name, told in may.items():
            imported = any(
                row.kind == Binds.IMPORT and row.value.rpartition("#")[2] == name for row in found.bindings
            )
            used = any(row.name == name for row in found.references)
            assert told or not (used or imported), name


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
