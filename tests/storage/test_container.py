"""Sealed files and checked documents: what was written comes back, and nothing else passes for it."""

from __future__ import annotations

import random
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pytest

from codanna_core.errors import IndexCorrupt
from codanna_core.storage import FsDirectory
from codanna_core.storage.checked_json import checked, with_checksum
from codanna_core.storage.container import (
    CHECKED_AT_OPEN,
    Array,
    Container,
    ContainerWriter,
    Form,
    packed_texts,
    sealed,
    unpacked_texts,
)

FORM = Form(b"TESTFORM", "a test")
ARRAYS: dict[str, Array] = {
    "keys": np.arange(7, dtype=np.uint64),
    "rows": np.arange(12, dtype=np.float32).reshape(3, 4),
    "none": np.zeros(0, np.uint8),
}


def opened(data: bytes, form: Form = FORM) -> Container:
    return Container(memoryview(data), Path("test.bin"), form)


def test_what_was_written_comes_back() -> None:
    """Arrays with their types and shapes, and the facts, are as they were written."""
    found = opened(sealed(FORM, ARRAYS, {"stamp": 5}))
    found.verify()
    assert found.facts == {"stamp": 5}
    for name, array in ARRAYS.items():
        assert found.array(name).dtype == array.dtype
        assert np.array_equal(found.array(name), array)
    assert not found.has("other")


def test_a_file_and_memory_have_the_same_bytes(tmp_path: Path) -> None:
    """A file written in pieces is the same as one made in memory, and is durable under its name."""
    directory = FsDirectory(tmp_path)
    with directory.create("test.bin") as file:
        writer = ContainerWriter(file, FORM)
        for name, array in ARRAYS.items():
            writer.add(
                name, (array[at : at + 1] for at in range(len(array))) if len(array) else array, array.shape
            )
        size = writer.finish({"stamp": 5})
    assert (tmp_path / "test.bin").read_bytes() == sealed(FORM, ARRAYS, {"stamp": 5})
    assert Container.open(directory, "test.bin", FORM, size).size == size


def test_every_damage_is_noticed() -> None:
    """A file with any byte changed, or cut short, is refused; each error names the file."""
    data = sealed(FORM, ARRAYS, {"stamp": 5})
    for at in range(len(data)):
        broken = bytearray(data)
        broken[at] ^= 1 << at % 8
        with pytest.raises(IndexCorrupt, match=r"test\.bin: .*damaged"):
            opened(bytes(broken)).verify()
        with pytest.raises(IndexCorrupt, match=r"test\.bin: .*(damaged|cut short)"):
            opened(data[:at])


def test_large_sections_are_checked_on_demand() -> None:
    """Opening reads no large section; `check` and `verify` find what is wrong in it."""
    data = bytearray(sealed(FORM, {"large": np.zeros(CHECKED_AT_OPEN + 1, np.uint8)}, {}))
    data[CHECKED_AT_OPEN // 2] ^= 1
    found = opened(bytes(data))
    with pytest.raises(IndexCorrupt, match="section large is damaged"):
        found.check("large")
    with pytest.raises(IndexCorrupt, match="section large is damaged"):
        found.verify()


@pytest.mark.parametrize(
    "entry",
    [
        {"at": 1 << 40},
        {"at": -64},
        {"bytes": 1 << 40},
        {"dtype": "|O"},
        {"dtype": "nonsense"},
        {"shape": [1 << 40]},
        {"shape": "7"},
        {"other": 1},
        {"at": None},
    ],
    ids=str,
)
def test_contents_that_lie_are_refused(entry: dict[str, Any]) -> None:
    """A table of contents with a right checksum that names impossible sections opens nothing."""
    data = sealed(FORM, ARRAYS, {})
    start = int.from_bytes(data[-24:-16], "little")
    contents = orjson.loads(data[start:-24])
    contents["sections"]["keys"].update(entry)
    memory = bytearray(data[:start])
    forged = orjson.dumps(contents)
    memory += forged + struct.pack("<QII8s", start, len(forged), zlib.crc32(forged), FORM.magic)
    with pytest.raises(IndexCorrupt, match="table of contents is damaged"):
        opened(bytes(memory))


def test_another_form_is_refused() -> None:
    """A whole file of another kind is not taken for this one."""
    with pytest.raises(IndexCorrupt, match="does not start as a test"):
        opened(sealed(Form(b"OTHRFORM", "another"), ARRAYS, {}))


def test_a_missing_file_and_one_of_another_size(tmp_path: Path) -> None:
    """Both are damage to who has them from a manifest."""
    directory = FsDirectory(tmp_path)
    with pytest.raises(IndexCorrupt, match="missing"):
        Container.open(directory, "test.bin", FORM)
    (tmp_path / "test.bin").write_bytes(b"123")
    with pytest.raises(IndexCorrupt, match="it has 3 bytes, the manifest says 4"):
        Container.open(directory, "test.bin", FORM, 4)


@pytest.mark.parametrize("texts", [[], [""], ["", ""], ["a", "größe", "b\udcff"]], ids=repr)
def test_texts(texts: list[str]) -> None:
    """Paths of any bytes come back, empty ones included, and another count is refused."""
    assert unpacked_texts(packed_texts(texts), len(texts)) == texts
    with pytest.raises(ValueError, match="texts in place of"):
        unpacked_texts(packed_texts(texts), len(texts) + 2)


def test_documents_are_checked() -> None:
    """A document comes back as it was, and none with any byte changed passes."""
    document = with_checksum({"format": 1, "root": "/a", "folders": ["b", "c"]})
    assert checked(orjson.loads(document)) == {"format": 1, "root": "/a", "folders": ["b", "c"]}
    rng = random.Random(1)
    for at in range(len(document)):
        broken = bytearray(document)
        broken[at] ^= 1 << rng.randrange(8)
        with pytest.raises(ValueError):  # noqa: PT011 - either no JSON or a wrong checksum
            checked(orjson.loads(bytes(broken)))
    with pytest.raises(ValueError, match="not a document"):
        checked([1])
