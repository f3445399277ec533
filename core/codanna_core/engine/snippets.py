"""Lines of source to show with a hit, read from the file as it is now."""

from __future__ import annotations

import os
from pathlib import Path

from codanna_core.files import to_utf8
from codanna_core.results import Hit, SnippetLine

_MAX_FILE = 4 << 20
_SCANNED_LINES = 40
"""What a definition is about shows in its first lines; scanning all of a long one would be felt."""


class SnippetReader:
    """Reads each file once for an answer; unsaved buffers take precedence over the disk."""

    def __init__(self, root: Path, buffers: dict[str, str]) -> None:
        self._root = str(root)
        self._buffers = buffers
        self._data: dict[str, bytes] = {}

    def lines(self, path: str, first: int, end: int) -> list[str]:
        """Lines of the file without their ends, from `first` up to `end`; none where it cannot be read."""
        data = self._data.get(path)
        if data is None:
            data = self._data[path] = self._read(path)
        # Only the lines up to the last one asked for are cut, and only those asked for are decoded.
        lines = data.split(b"\n", end)[first:end]
        return [line.decode("utf-8", "replace") for line in lines]

    def snippet(self, hit: Hit, terms: frozenset[str], count: int) -> tuple[SnippetLine, ...]:
        """The `count` lines around the line of the hit that holds most of the words asked for."""
        first = hit.span.start.line
        lines = self.lines(hit.path, first, min(hit.span.end.line + 1, first + _SCANNED_LINES))
        if not lines:
            return ()
        scores = [0] * len(lines)
        if terms:
            for number, line in enumerate("\n".join(lines).lower().split("\n")):
                for term in terms:
                    if term in line:
                        scores[number] += 1
        best = max(scores)
        centre = scores.index(best) if best > 0 else max(0, hit.selection.start.line - first)
        start = max(0, min(centre - count // 2, len(lines) - count))
        return tuple(
            SnippetLine(first + number, lines[number], best > 0 and scores[number] == best)
            for number in range(start, min(len(lines), start + count))
        )

    def _read(self, path: str) -> bytes:
        text = self._buffers.get(path)
        if text is not None:
            data = text.encode("utf-8", "replace")
        else:
            try:
                with open(os.path.join(self._root, path), "rb") as file:
                    data = to_utf8(file.read(_MAX_FILE))[0]
            except (OSError, ValueError):
                return b""  # Deleted since it was indexed; the next reconciliation drops the hit.
        if b"\r" in data:
            data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        return data
