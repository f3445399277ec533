"""Lines of source to show with a hit, read from the file as it is now."""

from __future__ import annotations

import codecs
from collections.abc import Callable
from pathlib import Path

import numpy as np

from codanna_core.files import to_utf8
from codanna_core.files.inside import read_inside
from codanna_core.results import Hit, SnippetLine

_MARKS = (codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_BE)
_MAX_FILE = 4 << 20
_HEAD = 8192
_LINE_FEED = 10
_BLOCK = 64
"""Bytes whose line feeds are one number of so many bits."""
_SCANNED_LINES = 40
"""What a definition is about shows in its first lines; scanning all of a long one would be felt."""


class SnippetReader:
    """Reads each file once for an answer; unsaved buffers take precedence over the disk."""

    def __init__(self, root: Path, buffer: Callable[[str], str | None]) -> None:
        self._root = str(root)
        self._buffer = buffer
        self._files: dict[str, _Lines] = {}

    def lines(self, path: str, first: int, end: int) -> list[str]:
        """Lines of the file without their ends, from `first` up to `end`; none where it cannot be read."""
        file = self._files.get(path)
        if file is None:
            file = self._files[path] = _Lines(self._read(path))
        try:
            found = file[first:end]
            return found.decode("utf-8").split("\n") if found is not None else []
        except UnicodeDecodeError:
            # Not UTF-8: what encoding it is shows only in the whole.
            self._files[path] = _Lines(to_utf8(file.data)[0])
            return self.lines(path, first, end)

    def text(self, path: str) -> str:
        """The whole file, which is not kept; empty where it cannot be read."""
        return to_utf8(self._read(path))[0].decode("utf-8", "replace")

    def snippet(self, hit: Hit, terms: frozenset[str], count: int) -> tuple[SnippetLine, ...]:
        """The `count` lines around the line of the hit that holds most of the words asked for."""
        first = hit.span.start.line
        lines = self.lines(hit.path, first, min(hit.span.end.line + 1, first + _SCANNED_LINES))
        if not lines:
            return ()
        scores = [0] * len(lines)
        text = "\n".join(lines).lower()
        held = [term for term in terms if term in text]
        for term in held:
            number, passed, at = 0, 0, text.find(term)
            while at >= 0:
                number += text.count("\n", passed, at)
                scores[number] += 1
                # From the end of this line on: a word counts once for each.
                passed = at
                end = text.find("\n", at)
                at = text.find(term, end) if end >= 0 else -1
        best = max(scores)
        centre = scores.index(best) if best > 0 else max(0, hit.selection.start.line - first)
        start = max(0, min(centre - count // 2, len(lines) - count))
        return tuple(
            SnippetLine(first + number, lines[number], best > 0 and scores[number] == best)
            for number in range(start, min(len(lines), start + count))
        )

    def _read(self, path: str) -> bytes:
        text = self._buffer(path)
        data = text.encode("utf-8", "replace") if text is not None else self._from_disk(path)
        if data.startswith(_MARKS) or b"\0" in data[:_HEAD]:
            data = to_utf8(data)[0]
        if b"\r" in data:
            data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        return data

    def _from_disk(self, path: str) -> bytes:
        try:
            return read_inside(self._root, path, _MAX_FILE)
        except (OSError, ValueError):
            # Deleted or replaced by a link since it was indexed; the next reconciliation drops the hit.
            return b""


class _Lines:
    """The lines of a file. Numpy counts line feeds many times faster than they are listed or lines are cut,
    and few lines of a file are ever cut.
    """

    def __init__(self, data: bytes) -> None:
        self.data = data
        feeds = np.packbits(np.frombuffer(data, np.uint8) == _LINE_FEED)
        blocks = np.zeros(-(-len(feeds) // 8), np.uint64)
        blocks.view(np.uint8)[: len(feeds)] = feeds
        self._up_to = np.cumsum(np.bitwise_count(blocks), dtype=np.int64)
        """How many line feeds there are up to the end of each block."""

    def __getitem__(self, wanted: slice) -> bytes | None:
        """Some of them, with the line feeds between them; None where there are none."""
        first, end = wanted.start, wanted.stop
        if end <= first or (first and (not len(self._up_to) or self._up_to[-1] < first)):
            return None
        start = stop = self._after(first)
        for _ in range(end - first):
            stop = self.data.find(b"\n", stop) + 1
            if not stop:
                return self.data[start:]
        return self.data[start : stop - 1]

    def _after(self, count: int) -> int:
        """Where the text behind so many line feeds begins."""
        block = int(self._up_to.searchsorted(count))
        at = block * _BLOCK
        for _ in range(count - (int(self._up_to[block - 1]) if block else 0)):
            at = self.data.find(b"\n", at) + 1
        return at
