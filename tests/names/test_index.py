"""Growing, storing and sharing the index of names."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from codanna_core.cancel import Cancel
from codanna_core.errors import Cancelled
from codanna_core.names import NameIndex, index
from codanna_core.storage.directory import FsDirectory


def names_of(found: NameIndex, query: str) -> list[str]:
    return [match.name for match in found.search(query)]


@pytest.fixture
def directory(tmp_path: Path) -> FsDirectory:
    return FsDirectory(tmp_path / "names")


def test_added_names_are_found_at_once() -> None:
    """A name is found as soon as it was added, and ranks with the others."""
    names = NameIndex.build(["kmalloc", "vmalloc"])
    names.add(["kmalloc_node", "kmalloc"])
    assert names_of(names, "kmal")[:2] == ["kmalloc", "kmalloc_node"]
    assert len(names) == 3
    assert "kmalloc_node" in names
    assert "missing" not in names
    names.add(["kmalloc_large"])
    assert "kmalloc_large" in names_of(names, "kmal")


def test_many_added_names(monkeypatch: pytest.MonkeyPatch) -> None:
    """Names beyond the delta's limit become a part of their own; nothing is lost or doubled."""
    monkeypatch.setattr(index, "_DELTA_LIMIT", 10)
    names = NameIndex.build([f"first_{i}" for i in range(20)])
    before = names.nbytes()
    for i in range(55):
        names.add([f"later_{i}", f"first_{i % 20}"])
    assert len(names) == 75
    assert names.nbytes() > before
    assert len(names_of(names, "later")) == 55
    assert len(names_of(names, "first")) == 20


def test_store_and_open(directory: FsDirectory) -> None:
    """A stored index gives the same answers, and hands back the stamp it was stored with."""
    names = NameIndex.build(["getUserName", "größe", "operator+", "kmalloc"])
    names.add(["kmalloc_node"])
    names.save(directory, stamp=42)
    opened = NameIndex.open(directory)
    assert opened is not None
    assert (opened.stamp, len(opened)) == (42, 5)
    for query in ("gUN", "grö", "operator+", "kmal", "kmallco"):
        assert opened.search(query) == names.search(query)
        assert opened.search(query)


def test_store_again(directory: FsDirectory) -> None:
    """Each store replaces the one before, and goes on from an opened index."""
    names = NameIndex.build(["one"])
    names.save(directory, 1)
    opened = NameIndex.open(directory)
    assert opened is not None
    opened.add(["two"])
    opened.save(directory, 2)
    assert len(directory.names()) == 1
    again = NameIndex.open(directory)
    assert again is not None
    assert sorted(names_of(again, "o")) == ["one", "two"]
    assert again.stamp == 2


def test_nothing_stored(directory: FsDirectory) -> None:
    """A folder without an index opens as nothing, so that the caller builds one."""
    assert NameIndex.open(directory) is None
    NameIndex.build([]).save(directory)
    opened = NameIndex.open(directory)
    assert opened is not None
    assert opened.search("a") == []


def test_damage_is_noticed(directory: FsDirectory) -> None:
    """Any changed byte, or a file cut short, is noticed; an older whole file serves instead."""
    NameIndex.build(["kmalloc", "getUserName"]).save(directory)
    (name,) = directory.names()
    path = directory.path / name
    data = path.read_bytes()
    for at in range(0, len(data), 5):
        broken = bytearray(data)
        broken[at] ^= 0x10
        path.write_bytes(bytes(broken))
        assert NameIndex.open(directory) is None, at
        path.write_bytes(data[:at])
        assert NameIndex.open(directory) is None, at
    path.write_bytes(data)
    (directory.path / "names-00000009.bin").write_bytes(data[:-1])
    opened = NameIndex.open(directory)
    assert opened is not None
    assert names_of(opened, "kmal") == ["kmalloc"]


def test_cancel() -> None:
    """A search that is no longer wanted stops."""

    class Stop(Cancel):
        def raise_if_cancelled(self) -> None:
            raise Cancelled("stopped on request")

    with pytest.raises(Cancelled):
        NameIndex.build(["a"]).search("a", cancel=Stop())


def test_threads(directory: FsDirectory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Searching, adding and storing at the same time loses nothing and breaks nothing."""
    monkeypatch.setattr(index, "_DELTA_LIMIT", 7)
    names = NameIndex.build([f"start_{i}" for i in range(50)])
    faults: list[BaseException] = []

    def adding(which: int) -> None:
        try:
            for i in range(60):
                names.add([f"thread_{which}_{i}"])
                assert names.search(f"thread_{which}_{i}")[0].name == f"thread_{which}_{i}"
        except BaseException as fault:
            faults.append(fault)

    def storing() -> None:
        try:
            for stamp in range(10):
                names.save(directory, stamp)
        except BaseException as fault:
            faults.append(fault)

    threads = [threading.Thread(target=adding, args=(which,)) for which in range(3)]
    threads.append(threading.Thread(target=storing))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    assert len(names) == 50 + 180
    assert len(names.search("thread", 1000)) == 180
