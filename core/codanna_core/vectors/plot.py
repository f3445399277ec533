"""The sizes of the clusters: a histogram for the terminal, and one as PNG by hand."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from codanna_core.errors import ConfigError
from codanna_core.private import share_as_the_user_wants

_WIDTH, _HEIGHT, _MARGIN = 640, 320, 40
_BINS = 32
_BAR, _MEAN, _INK, _PAPER = (58, 110, 165), (200, 80, 60), (60, 60, 60), (255, 255, 255)
_EIGHTHS = " ▏▎▍▌▋▊▉█"


def _bins(sizes: list[int], count: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Clusters in each of some equal ranges of sizes, and the borders of the ranges."""
    top = max(sizes, default=0) + 1
    counts, edges = np.histogram(sizes, bins=min(count, top), range=(0, top))
    return counts.astype(np.int64), edges


def histogram(sizes: list[int], width: int = 50, rows: int = 12) -> str:
    """How many clusters have how many vectors, one line a range of sizes; empty without clusters."""
    if not sizes:
        return ""
    counts, edges = _bins(sizes, rows)
    lines: list[str] = []
    for count, low, high in zip(counts.tolist(), edges, edges[1:], strict=False):
        eighths = round(8 * width * count / max(counts))
        bar = _EIGHTHS[8] * (eighths // 8) + _EIGHTHS[eighths % 8].strip()
        lines.append(f"{int(np.ceil(low)):>7}-{int(np.ceil(high)) - 1:<7} {bar} {count}")
    return "\n".join(lines)


def png(sizes: list[int]) -> bytes:
    """The histogram as a PNG picture, without text."""
    counts, edges = _bins(sizes, _BINS)
    pixels = np.full((_HEIGHT, _WIDTH, 3), _PAPER, np.uint8)
    base, plot_width = _HEIGHT - _MARGIN, _WIDTH - 2 * _MARGIN
    borders = np.linspace(_MARGIN, _WIDTH - _MARGIN, len(counts) + 1).astype(int)
    for number, count in enumerate(counts.tolist()):
        height = round((_HEIGHT - 2 * _MARGIN) * count / max(1, int(counts.max())))
        pixels[base - height : base, borders[number] + 1 : borders[number + 1]] = _BAR
    if sizes:
        pixels[_MARGIN:base, _MARGIN + round(plot_width * float(np.mean(sizes)) / edges[-1])] = _MEAN
    pixels[base, _MARGIN : _WIDTH - _MARGIN] = _INK
    # Each line of a PNG starts with the number of its filter, 0 for none.
    lines = np.concatenate([np.zeros((_HEIGHT, 1), np.uint8), pixels.reshape(_HEIGHT, -1)], axis=1)
    header = struct.pack(">IIBBBBB", _WIDTH, _HEIGHT, 8, 2, 0, 0, 0)
    chunks = (
        _chunk(b"IHDR", header),
        _chunk(b"IDAT", zlib.compress(lines.tobytes())),
        _chunk(b"IEND", b""),
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def check_plot(path: Path) -> None:
    """Refuse what no picture can be written to."""
    # A repository can bring a link or a pipe of this name, which the user takes for a place inside it.
    if path.is_symlink() or (path.exists() and not path.is_file()):
        raise ConfigError(f"cannot plot to {path.name}: it is not a regular file; choose another name")
    if path.suffix not in (".svg", ".png"):
        raise ConfigError(f"cannot plot to {path.name}; use a name that ends with .svg or .png")


def write_plot(path: Path, picture: str | bytes) -> None:
    """Write a picture. The user named the file, so their umask counts."""
    check_plot(path)
    is_new = not path.exists()
    path.write_bytes(picture if isinstance(picture, bytes) else picture.encode("utf-8"))
    if is_new:
        share_as_the_user_wants(path)
