"""Lines of source to show with a hit, read from the file as it is now."""

from __future__ import annotations

from pathlib import Path

from codanna_core.results import Hit, SnippetLine
from codanna_core.words import index_text

_MAX_FILE = 4 << 20
_SCANNED_LINES = 400


class SnippetReader:
    """Reads each file once for an answer; unsaved buffers take precedence over the disk."""

    def __init__(self, root: Path, buffers: dict[str, str]) -> None:
        self._root = root
        self._buffers = buffers
        self._lines: dict[str, list[str]] = {}

    def lines(self, path: str) -> list[str]:
        """The file's lines without their ends; none where it cannot be read any more."""
        found = self._lines.get(path)
        if found is None:
            found = self._read(path)
            self._lines[path] = found
        return found

    def snippet(self, hit: Hit, terms: frozenset[str], count: int) -> tuple[SnippetLine, ...]:
        """The `count` lines around the line of the hit that holds most of the words asked for."""
        lines = self.lines(hit.path)
        first = min(hit.span.start.line, len(lines))
        last = min(hit.span.end.line + 1, len(lines), first + _SCANNED_LINES)
        if first >= last:
            return ()
        scores = [
            (len(terms.intersection(index_text(lines[number]).split())) if terms else 0)
            for number in range(first, last)
        ]
        best = max(scores)
        centre = first + scores.index(best) if best > 0 else hit.selection.start.line
        start = max(first, min(centre - count // 2, last - count))
        return tuple(
            SnippetLine(number, lines[number], best > 0 and scores[number - first] == best)
            for number in range(start, min(last, start + count))
        )

    def _read(self, path: str) -> list[str]:
        text = self._buffers.get(path)
        if text is None:
            try:
                with open(self._root / path, "rb") as file:
                    text = file.read(_MAX_FILE).decode("utf-8", "replace")
            except (OSError, ValueError):
                return []  # Deleted since it was indexed; the next reconciliation drops the hit.
        return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
