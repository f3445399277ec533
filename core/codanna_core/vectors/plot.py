"""Pictures of the clusters: a histogram for the terminal, and one as SVG or PNG by hand."""

from __future__ import annotations

import html
import struct
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from codanna_core.errors import ConfigError
from codanna_core.inert import inert
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


def svg(sizes: list[int], title: str) -> str:
    """The histogram of cluster sizes as an SVG document; a red line marks the mean."""
    counts, edges = _bins(sizes, _BINS)
    plot_width, plot_height = _WIDTH - 2 * _MARGIN, _HEIGHT - 2 * _MARGIN
    step = plot_width / len(counts)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" font-family="sans-serif" '
        f'font-size="12" fill="rgb{_INK}">',
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="rgb{_PAPER}"/>',
        f'<text x="{_MARGIN}" y="24" font-size="14">{_escaped(title)}</text>',
    ]
    for number, count in enumerate(counts.tolist()):
        height = plot_height * count / max(1, int(counts.max()))
        parts.append(
            f'<rect x="{_MARGIN + number * step + 1:.1f}" y="{_HEIGHT - _MARGIN - height:.1f}" '
            f'width="{step - 2:.1f}" height="{height:.1f}" fill="rgb{_BAR}">'
            f"<title>{count} clusters of {edges[number]:.0f} to {edges[number + 1]:.0f} vectors</title>"
            "</rect>"
        )
    base = _HEIGHT - _MARGIN
    if sizes:
        at = _MARGIN + plot_width * float(np.mean(sizes)) / edges[-1]
        parts.append(f'<path d="M{at:.1f} {_MARGIN}V{base}" stroke="rgb{_MEAN}"/>')
        parts.append(f'<text x="{at + 4:.1f}" y="{_MARGIN + 12}">mean {np.mean(sizes):.0f}</text>')
    parts.append(f'<path d="M{_MARGIN} {base}H{_WIDTH - _MARGIN}" stroke="rgb{_INK}"/>')
    parts.append(f'<text x="{_MARGIN}" y="{base + 18}">0</text>')
    parts.append(
        f'<text x="{_WIDTH - _MARGIN}" y="{base + 18}" text-anchor="end">'
        f"{edges[-1]:.0f} vectors a cluster</text>"
    )
    parts.append(f'<text x="4" y="{_MARGIN}">{counts.max() if len(counts) else 0} clusters</text></svg>')
    return "\n".join(parts)


def _escaped(text: str) -> str:
    return html.escape(inert(text))


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


def write_plot(path: Path, sizes: list[int], title: str) -> None:
    """Write the picture that the suffix of `path` asks for. The user named it, so their umask counts."""
    # A repository can bring a link or a pipe of this name, which the user takes for a place inside it.
    if path.is_symlink() or (path.exists() and not path.is_file()):
        raise ConfigError(f"cannot plot to {path.name}: it is not a regular file; choose another name")
    is_new = not path.exists()
    if path.suffix == ".svg":
        path.write_text(svg(sizes, title), encoding="utf-8")
    elif path.suffix == ".png":
        path.write_bytes(png(sizes))
    else:
        raise ConfigError(f"cannot plot to {path.name}; use a name that ends with .svg or .png")
    if is_new:
        share_as_the_user_wants(path)
