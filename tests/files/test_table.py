"""The table of known files, and its comparison with a scan."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from codanna_core.config import DiscoverySettings
from codanna_core.files import Changes, FileStat, FileTable, SkipReason, compare, scan

OLD = 1_600_000_000_000_000_000
LONG_AFTER = OLD + 10**12


def table(*files: tuple[str, int, int], seen_ns: int = LONG_AFTER) -> FileTable:
    made = FileTable()
    for path, mtime_ns, size in files:
        made.set(path, mtime_ns=mtime_ns, size=size, digest=path.encode()[:16], seen_ns=seen_ns)
    return made


def test_against_a_dictionary() -> None:
    """After any history of changes, stored and read again, the table holds what a dictionary would."""
    rng = random.Random(1)
    known = FileTable()
    truth: dict[str, tuple[int, int, bytes, SkipReason | None]] = {}
    for step in range(3000):
        path = f"d{rng.randint(0, 20)}/fïle \udcff{rng.randint(0, 30)}.py"
        if rng.random() < 0.35:
            assert known.remove(path) is (truth.pop(path, None) is not None)
        else:
            row = (
                rng.getrandbits(62),
                rng.getrandbits(40),
                rng.randbytes(16),
                rng.choice([None, *SkipReason]),
            )
            known.set(path, mtime_ns=row[0], size=row[1], digest=row[2], seen_ns=step, skipped=row[3])
            truth[path] = row
        if step % 500 == 0:
            known = FileTable.from_bytes(known.to_bytes())
    assert sorted(known) == sorted(truth)
    assert len(known) == len(truth)
    for path, row in truth.items():
        record = known.get(path)
        assert record is not None
        assert (record.mtime_ns, record.size, record.digest, record.skipped) == row
    counted = [row[3] for row in truth.values() if row[3] is not None]
    assert known.skipped() == {reason: counted.count(reason) for reason in set(counted)}
    assert known.indexed_count() == len(truth) - len(counted)
    assert known.get("missing") is None


def test_empty_table() -> None:
    """An empty table can be stored, and everything is new against it."""
    assert len(FileTable.from_bytes(FileTable().to_bytes())) == 0


def test_stored_table_is_checked() -> None:
    """A table with any byte changed, or cut short, is refused rather than believed."""
    data = table(("a.py", 1, 2), ("b.py", 3, 4)).to_bytes()
    for at in range(len(data)):
        broken = bytearray(data)
        broken[at] ^= 1
        with pytest.raises(ValueError, match=r"damaged|another format"):
            FileTable.from_bytes(bytes(broken))
        with pytest.raises(ValueError, match=r"damaged|cut short"):
            FileTable.from_bytes(data[:at])


def test_below() -> None:
    """All files of a folder are found, not those of one whose name merely starts alike."""
    known = table(("a/x.py", 1, 1), ("a/b/y.py", 1, 1), ("ab/z.py", 1, 1))
    assert sorted(known.below("a")) == ["a/b/y.py", "a/x.py"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("a.py", "b.py", "c.py"):
        (tmp_path / name).write_text("x = 1\n")
    return tmp_path


def changes(folder: Path, known: FileTable) -> Changes:
    return compare(known, scan(folder, DiscoverySettings()))


def stats(folder: Path) -> list[FileStat]:
    return scan(folder, DiscoverySettings()).files


def known_as_it_is(folder: Path, seen_ns: int | None = None) -> FileTable:
    made = FileTable()
    for file in stats(folder):
        seen = file.mtime_ns + 10**11 if seen_ns is None else seen_ns
        made.set(file.path, mtime_ns=file.mtime_ns, size=file.size, digest=b"d" * 16, seen_ns=seen)
    return made


def test_all_new(folder: Path) -> None:
    """Against an empty table every file is new."""
    result = changes(folder, FileTable())
    assert [file.path for file in result.new] == ["a.py", "b.py", "c.py"]
    assert result


def test_nothing_changed(folder: Path) -> None:
    """Equal stats read long after the last change are unchanged."""
    result = changes(folder, known_as_it_is(folder))
    assert not result
    assert result.unchanged == 3


def test_changed_and_deleted(folder: Path) -> None:
    """Another size or time is a change; a file that is gone is deleted."""
    known = known_as_it_is(folder)
    (folder / "a.py").write_text("x = 12345\n")
    (folder / "b.py").unlink()
    result = changes(folder, known)
    assert [file.path for file in result.changed] == ["a.py"]
    assert result.deleted == ["b.py"]
    assert result.unchanged == 1
    assert (result.new, result.suspect, result.renamed) == ([], [], [])


def test_racy_files_are_suspect(folder: Path) -> None:
    """A file read within a clock tick of its last change may have changed under the same time stamp."""
    mtime_ns = (folder / "a.py").stat().st_mtime_ns
    result = changes(folder, known_as_it_is(folder, seen_ns=mtime_ns + 1_000_000))
    assert [file.path for file in result.suspect] == ["a.py", "b.py", "c.py"]
    assert result.unchanged == 0


def test_rename_is_recognised(folder: Path) -> None:
    """A file that moved keeps its size and time; both ends are named together."""
    known = known_as_it_is(folder)
    (folder / "sub").mkdir()
    (folder / "b.py").rename(folder / "sub/moved.py")
    result = changes(folder, known)
    assert [(old, file.path) for old, file in result.renamed] == [("b.py", "sub/moved.py")]
    assert result.deleted == ["b.py"]
    assert [file.path for file in result.new] == ["sub/moved.py"]
