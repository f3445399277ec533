"""The store of facts: what was put comes back, from every state that a kill or damage leaves behind."""

from __future__ import annotations

import random
import zlib
from pathlib import Path

import pytest

from codanna_core.relations import fact_store
from codanna_core.relations.fact_files import unpacked
from codanna_core.relations.fact_store import MANIFEST, FactStore
from codanna_core.storage import FsDirectory
from codanna_core.testing.memory_directory import MemoryDirectory

Facts = dict[bytes, bytes]


@pytest.fixture(autouse=True)
def small_and_quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Logs are sealed after a few records, and nothing here asks for the disk to be awaited."""
    monkeypatch.setattr("os.fsync", lambda handle: None)
    monkeypatch.setattr("os.fdatasync", lambda handle: None, raising=False)
    monkeypatch.setattr(fact_store, "SEAL_BYTES", 2_000)


def some(count: int, seed: int = 1) -> Facts:
    source = random.Random(seed)
    return {source.randbytes(16): source.randbytes(source.randrange(0, 300)) for _ in range(count)}


def writer(directory: FsDirectory | MemoryDirectory, rules: str = "1") -> FactStore:
    store = FactStore(directory, rules)
    store.open_to_write()
    return store


def filled(directory: FsDirectory | MemoryDirectory, facts: Facts) -> FactStore:
    store = writer(directory)
    for key, data in facts.items():
        assert store.put(key, data)
    return store


def read(directory: FsDirectory | MemoryDirectory, rules: str = "1") -> FactStore:
    store = FactStore(directory, rules)
    store.refresh()
    return store


def sealed(directory: MemoryDirectory) -> list[str]:
    return [name for name in directory.names() if name.endswith(".fct")]


def content(store: FactStore) -> Facts:
    found = {key: store.get(key) for key in store.held()}
    return {key: data for key, data in found.items() if data is not None}


def test_what_was_put_comes_back() -> None:
    """From the log, from sealed files, in the process that wrote it and in another one."""
    directory, facts = MemoryDirectory(), some(200)
    store = filled(directory, facts)
    assert content(store) == content(read(directory)) == facts
    assert len(sealed(directory)) in range(1, 8)
    assert store.get(bytes(16)) is None
    store.close()
    assert content(writer(directory)) == facts


def test_a_later_record_stands_for_the_one_before() -> None:
    """Also where they are in files that are merged."""
    directory, facts = MemoryDirectory(), some(40)
    store = filled(directory, facts)
    changed = {key: b"again" + data for key, data in facts.items()}
    for key, data in changed.items():
        store.put(key, data)
    assert content(store) == content(read(directory)) == changed


def test_a_reader_follows_the_writer() -> None:
    """It sees what is put and what is sealed when it looks again, and never writes."""
    directory, facts = MemoryDirectory(), some(120)
    store, reader = writer(directory), FactStore(directory, "1")
    reader.refresh()
    seen: Facts = {}
    for key, data in facts.items():
        store.put(key, data)
        seen[key] = data
        reader.refresh()
        assert reader.get(key) == data
    assert content(reader) == seen
    assert not reader.writable
    assert not reader.put(bytes(16), b"")


def test_other_rules_start_from_nothing() -> None:
    """What other rules wrote is not read, and goes when these rules write."""
    directory = MemoryDirectory()
    filled(directory, some(100)).close()
    assert content(read(directory, "2")) == {}
    store = writer(directory, "2")
    assert content(store) == {}
    assert sorted(directory.names()) == ["facts-00000001.log", MANIFEST]


def test_what_is_used_no_more_goes_when_it_is_most() -> None:
    """A quarter stays, for whoever switches back; most of all is dropped, and the rest is kept."""
    directory, facts = MemoryDirectory(), some(200)
    store = filled(directory, facts)
    keys = sorted(facts)
    assert not store.collect(set(keys[:150]))
    assert store.collect(set(keys[:5]))
    assert content(store) == content(read(directory)) == {key: facts[key] for key in keys[:5]}
    assert store.collect(set()) is False  # Too little to be worth a new file.


def test_sizes_have_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is too large is not kept, and says so."""
    monkeypatch.setattr(fact_store, "MAX_RECORD", 100)
    monkeypatch.setattr(fact_store, "MAX_BYTES", 1_000)
    store, source = writer(MemoryDirectory()), random.Random(2)
    assert not store.put(bytes(16), bytes(101))
    kept = [store.put(bytes([number]) * 16, source.randbytes(90)) for number in range(12)]
    assert kept == [True] * 9 + [False] * 3


def test_a_bomb_is_refused() -> None:
    """Bytes that would become more than the limit are not unpacked."""
    with pytest.raises(ValueError, match="too long"):
        unpacked(zlib.compress(bytes(2_000)), 1_000)


def test_blocks_hold_what_came_together() -> None:
    """Texts that records share cost their room once; each comes back by itself."""
    directory, text = MemoryDirectory(), random.Random(8).randbytes(200)
    facts = {bytes([number]) * 16: text + bytes([number]) * 20 for number in range(100)}
    store = filled(directory, facts)
    assert content(store) == facts
    size = sum(map(directory.size, sealed(directory)))
    assert size < sum(map(len, facts.values())) / 2


def test_a_log_is_sealed_when_it_is_not_small(monkeypatch: pytest.MonkeyPatch) -> None:
    """At the end of a run, not after each save."""
    monkeypatch.setattr(fact_store, "SEAL_BYTES", 1 << 20)
    monkeypatch.setattr(fact_store, "_TIDY_BYTES", 1_000)
    directory, facts = MemoryDirectory(), some(60)
    store = filled(directory, facts)
    store.tidy()
    assert len(sealed(directory)) == 1
    for key, data in some(5, seed=2).items():
        store.put(key, data)
    store.tidy()
    assert len(sealed(directory)) == 1
    assert content(read(directory)) == content(store) == facts | some(5, seed=2)


class Killed(Exception):
    """Stands for a kill."""


class KillAt:
    """Raises at the step of that number; `None` counts steps."""

    def __init__(self, number: int | None) -> None:
        self.number = number
        self.steps = 0

    def __call__(self, name: str) -> None:
        self.steps += 1
        if self.steps == self.number:
            raise Killed(name)


def put_until_killed(path: Path, facts: Facts, kill: KillAt) -> Facts:
    """Put facts into a store; returns those of which the store said that it has them."""
    done: Facts = {}
    store = FactStore(FsDirectory(path, kill), "1")
    try:
        store.open_to_write()
        for number, (key, data) in enumerate(facts.items()):
            store.put(key, data)
            done[key] = data
            if number == 30:
                store.collect(set(list(facts)[25:]))
    except Killed:
        pass
    finally:
        store.close()
    return done


def test_a_kill_at_any_step_loses_nothing_that_was_put(tmp_path: Path) -> None:
    """Whichever step of appending, sealing and collecting is the last one: what is read is what was put."""
    facts = some(45, seed=3)
    count = KillAt(None)
    put_until_killed(tmp_path / "whole", facts, count)
    assert count.steps > 60
    for number in range(1, count.steps + 1):
        path = tmp_path / str(number)
        done = put_until_killed(path, facts, KillAt(number))
        live = set(list(facts)[25:])
        for store in (read(FsDirectory(path)), writer(FsDirectory(path))):
            found = content(store)
            assert {key: data for key, data in done.items() if key in live}.items() <= found.items()
            assert found.items() <= facts.items()
        for key, data in facts.items():
            store.put(key, data)
        assert content(store) == content(read(FsDirectory(path))) == facts
        left = {path.name for path in path.iterdir()}
        assert len(left) == len(store._segments) + 2  # None that no manifest names.


def test_no_damage_yields_wrong_facts(tmp_path: Path) -> None:
    """A changed byte or a cut in any file: what comes back is what was put, and the rest can be put again."""
    facts = some(60, seed=4)
    filled(FsDirectory(tmp_path / "sound"), facts).close()
    files = {path.name: path.read_bytes() for path in (tmp_path / "sound").iterdir()}
    source = random.Random(5)
    lost = 0
    for number in range(250):
        folder = tmp_path / f"d{number}"
        folder.mkdir()
        victim = source.choice(sorted(files))
        for name, data in files.items():
            damaged = bytearray(data)
            if name == victim and number % 3 == 0:
                del damaged[source.randrange(len(data)) :]
            elif name == victim:
                damaged[source.randrange(len(data))] ^= 1 << source.randrange(8)
            (folder / name).write_bytes(damaged)
        found = content(read(FsDirectory(folder)))
        assert found.items() <= facts.items(), victim
        lost += len(found) < len(facts)
        store = writer(FsDirectory(folder))
        assert content(store).items() <= facts.items(), victim
        for key in facts.keys() - content(store).keys():
            store.put(key, facts[key])
        assert content(store) == content(read(FsDirectory(folder))) == facts, victim
        store.close()
    assert lost > 100


def test_links_and_names_elsewhere_are_refused(tmp_path: Path) -> None:
    """A manifest that names another file is none."""
    directory = FsDirectory(tmp_path)
    filled(directory, some(3)).close()
    text = (tmp_path / MANIFEST).read_text()
    (tmp_path / MANIFEST).write_text(text.replace("facts-00000001.log", "../facts-00001.log"))
    assert content(read(directory)) == {}


def test_damage_inside_a_large_file_costs_its_record_alone(tmp_path: Path) -> None:
    """A large file is not read when it is opened: a damaged record is met later, and put again."""
    source = random.Random(6)
    directory = FsDirectory(tmp_path)
    facts = {bytes([number]) * 16: source.randbytes(50_000) for number in range(4)}
    filled(directory, facts).close()
    (file,) = sorted(tmp_path.glob("*.fct"), key=lambda path: path.stat().st_size)[-1:]
    data = bytearray(file.read_bytes())
    data[-60_000] ^= 1
    file.write_bytes(data)
    store = writer(directory)
    found = content(store)
    assert found.items() < facts.items()
    (lost,) = facts.keys() - found.keys()
    assert store.held() == found.keys()
    assert store.put(lost, facts[lost])
    assert content(store) == content(read(directory)) == facts
