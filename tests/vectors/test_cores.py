"""Work on several cores gives what one core gives."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from codanna_core.runtime.pace import AT_ONCE, POLITE, processors
from codanna_core.storage import FsDirectory
from codanna_core.vectors import rebuild
from codanna_core.vectors.base import Metric, VectorOptions
from codanna_core.vectors.cores import Cores
from codanna_core.vectors.ivf import build, train
from codanna_core.vectors.ivf.build import Source, write_clustered
from codanna_core.vectors.ivf.codec import make_rotation
from codanna_core.vectors.rows import RowCodec


def test_results_come_in_the_order_of_their_pieces() -> None:
    """Whichever thread is done first; and pieces are only taken as far ahead as is needed."""
    taken: list[int] = []
    second = threading.Event()

    def pieces() -> Iterator[int]:
        for number in range(40):
            taken.append(number)
            yield number

    def work(number: int) -> int:
        if number == 0:
            assert second.wait(30), "another piece is worked on meanwhile"
        second.set()
        return number * number

    results = Cores(2).each(work, pieces())
    assert next(results) == 0
    assert len(taken) < 10
    assert list(results) == [number * number for number in range(1, 40)]
    assert list(Cores(1).each(work, range(3))) == [0, 1, 4]


def test_a_step_that_stops_the_work_ends_it() -> None:
    """What raises in a piece raises where its result is asked for, and later pieces are not begun."""
    begun: list[int] = []

    def work(number: int) -> int:
        begun.append(number)
        if number == 3:
            raise ValueError("for the test")
        return number

    with pytest.raises(ValueError, match="for the test"):
        list(Cores(3).each(work, range(1000)))
    assert len(begun) < 50


@pytest.mark.parametrize("metric", ["cosine", "l2"])
def test_segments_are_the_same_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, metric: Metric) -> None:
    """For any number of cores, merged rows included."""
    monkeypatch.setattr(time, "time", lambda: 1.0)
    monkeypatch.setattr(build, "_BLOCK", 256)
    monkeypatch.setattr(build, "block_size", lambda _rows: 256)
    monkeypatch.setattr(train, "block_size", lambda _rows: 256)
    rng = np.random.default_rng(4)
    vectors = rng.standard_normal((3000, 32)).astype(np.float32)
    if metric == "cosine":
        vectors /= np.linalg.norm(vectors, axis=1)[:, None]
    codec = RowCodec("int8", metric)
    source = Source(np.arange(1, 3001, dtype=np.uint64), *codec.encode(vectors), np.arange(3000))
    directory = FsDirectory(tmp_path)
    for count in (1, 2, 5):
        name = f"seg-{count:08d}.vec"
        write_clustered(directory, name, codec, 32, [source], None, 0, lambda *_: None, Cores(count))
    first, *others = (path.read_bytes() for path in sorted(tmp_path.iterdir()))
    assert len(others) == 2
    assert all(one == first for one in others)


@pytest.mark.parametrize("watched", [True, False])
def test_all_cores_are_for_who_waits(watched: bool) -> None:
    """A server's training leaves the other cores to those who ask."""
    options = VectorOptions(pace=AT_ONCE if watched else POLITE)
    assert rebuild.cores_for(options)._count == (processors() if watched else 1)


def test_a_row_does_not_depend_on_those_stored_with_it() -> None:
    """Alone, at the border of a block or inside one, a vector is stored as the same bytes."""
    rng = np.random.default_rng(7)
    vectors = rng.standard_normal((1300, 48)).astype(np.float32)
    turn = make_rotation(48, 0).T.astype(np.float64)
    codec = RowCodec("int8", "cosine")
    rows, scales = codec.encode_turned(vectors, turn)
    for number in (0, 511, 512, 1299):
        row, scale = codec.encode_turned(vectors[number : number + 1], turn)
        assert np.array_equal(row[0], rows[number])
        assert scale[0] == scales[number]
    assert [len(part) for part in codec.encode_turned(vectors[:0], turn)] == [0, 0]
