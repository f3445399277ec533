"""The log: every whole record comes back once, a crash costs the last at most, damage is no crash."""

from __future__ import annotations

from pathlib import Path

import pytest

from codanna_core.errors import IndexCorrupt
from codanna_core.storage import FsDirectory
from codanna_core.storage.log import LogForm, LogReader, LogWriter

FORM = LogForm(b"TESTLOG\x01", "a test log", (3, 4))
Records = list[tuple[int, bytes]]


def reader(directory: FsDirectory, form: LogForm = FORM) -> LogReader[tuple[int, bytes]]:
    return LogReader(
        directory, "log", form, lambda operation, payload: (operation, payload) if operation else None
    )


@pytest.fixture
def directory(tmp_path: Path) -> FsDirectory:
    return FsDirectory(tmp_path)


RECORDS: Records = [(number + 1, bytes([number]) * (3 * number)) for number in range(5)]


@pytest.fixture
def written(directory: FsDirectory) -> bytes:
    log = LogWriter(directory.append("log", 0), FORM, 0)
    for operation, payload in RECORDS:
        log.append(operation, payload)
    log.sync()
    log.close()
    return (directory.path / "log").read_bytes()


def test_records_come_back_once(directory: FsDirectory, written: bytes) -> None:
    """A reader gets each record once, in order, also those appended later by another writer."""
    log = reader(directory)
    assert list(log.read()) == RECORDS
    assert list(log.read()) == []
    assert log.position == len(written)
    again = LogWriter(directory.append("log", log.position), FORM, log.stamp)
    again.append(9, b"later")
    again.close()
    assert list(log.read()) == [(9, b"later")]
    assert list(reader(directory).read()) == [*RECORDS, (9, b"later")]


def test_a_cut_loses_the_last_record_at_most(directory: FsDirectory, written: bytes) -> None:
    """Wherever a log is cut, the records before the cut are whole, and the next writer continues there."""
    whole = 0
    for at in range(len(written)):
        (directory.path / "log").write_bytes(written[:at])
        log = reader(directory)
        found = list(log.read())
        assert found == RECORDS[: len(found)]
        assert len(found) in (whole, whole + 1)
        whole = len(found)
    assert whole == len(RECORDS) - 1


def test_damage_before_the_end_is_no_crash(directory: FsDirectory, written: bytes) -> None:
    """With any byte changed, the records before it come back, and the damage is reported unless it is in the
    last record.
    """
    last = len(written) - 24 - len(RECORDS[-1][1])
    for at in range(len(written)):
        broken = bytearray(written)
        broken[at] ^= 1 << at % 8
        (directory.path / "log").write_bytes(bytes(broken))
        found: Records = []
        if at < last:
            with pytest.raises(IndexCorrupt):
                found.extend(reader(directory).read())
        else:
            found.extend(reader(directory).read())
        assert found == RECORDS[: len(found)]
        assert len(found) < len(RECORDS)


def test_a_record_out_of_place_is_not_the_next(directory: FsDirectory, written: bytes) -> None:
    """A whole record that stood elsewhere before does not count."""
    first = written[24 : 24 + 24 + len(RECORDS[0][1])]
    (directory.path / "log").write_bytes(written + first)
    assert list(reader(directory).read()) == RECORDS


@pytest.mark.parametrize(
    ("form", "why"),
    [
        (LogForm(b"TESTLOG\x02", "another log", (3, 4)), "does not start as another log"),
        (LogForm(b"TESTLOG\x01", "a test log", (3, 5)), "a test log of"),
    ],
)
def test_a_log_of_others_is_refused(directory: FsDirectory, written: bytes, form: LogForm, why: str) -> None:
    """Neither another kind of log nor one with other numbers is read."""
    assert written
    with pytest.raises(IndexCorrupt, match=why):
        list(reader(directory, form).read())


def test_a_record_that_cannot_be_one(directory: FsDirectory) -> None:
    """A record with a right checksum that its reader cannot parse is damage, and is not skipped."""
    log = LogWriter(directory.append("log", 0), FORM, 0)
    log.append(0, b"nonsense")
    log.close()
    found = reader(directory)
    for _ in range(2):
        with pytest.raises(IndexCorrupt, match="impossible"):
            list(found.read())


def test_a_missing_log(directory: FsDirectory) -> None:
    """A log that a manifest names and that is not there is damage."""
    with pytest.raises(IndexCorrupt, match="missing"):
        list(reader(directory).read())
