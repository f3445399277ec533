"""The pictures of cluster sizes."""

from __future__ import annotations

import os
import struct
import zlib
from pathlib import Path

import pytest

from codanna_core.errors import ConfigError
from codanna_core.vectors.plot import histogram, png, write_plot

SIZES = [10, 12, 12, 13, 30, 31, 90]


def test_histogram_counts_every_cluster() -> None:
    """The numbers at the ends of the bars add up to the number of clusters, also without any."""
    lines = histogram(SIZES).splitlines()
    assert sum(int(line.split()[-1]) for line in lines) == len(SIZES)
    assert histogram([]) == ""


@pytest.mark.parametrize("sizes", [SIZES, [], [5]])
def test_png_is_whole(sizes: list[int]) -> None:
    """Every chunk has the right checksum and the pixels have the size that the header says."""
    data = png(sizes)
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    at, chunks = 8, {}
    while at < len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        body = data[at + 8 : at + 8 + length]
        assert struct.unpack_from(">I", data, at + 8 + length)[0] == zlib.crc32(kind + body)
        chunks[kind] = body
        at += 12 + length
    width, height = struct.unpack_from(">II", chunks[b"IHDR"])
    assert len(zlib.decompress(chunks[b"IDAT"])) == height * (1 + 3 * width)


def test_unknown_suffix(tmp_path: Path) -> None:
    """Other picture formats are refused with the ones that there are."""
    with pytest.raises(ConfigError, match=r"\.svg or \.png"):
        write_plot(tmp_path / "a.jpg", b"")


def test_a_link_is_not_drawn_through(tmp_path: Path) -> None:
    """A link or a pipe in the place of the picture is refused, and what it leads to stays as it is."""
    (tmp_path / "victim").write_text("mine")
    (tmp_path / "linked.svg").symlink_to(tmp_path / "victim")
    os.mkfifo(tmp_path / "pipe.png")
    for name in ("linked.svg", "pipe.png"):
        with pytest.raises(ConfigError, match="not a regular file"):
            write_plot(tmp_path / name, "two")
    assert (tmp_path / "victim").read_text() == "mine"
