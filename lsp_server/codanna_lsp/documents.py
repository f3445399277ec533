"""The texts that are open in the editor, kept by incremental changes."""

from __future__ import annotations

import re
from pathlib import Path

from codanna_core.records import dataclass

# LSP knows these three line ends only; str.splitlines knows eight more and would shift every line after one.
_LINES = re.compile(r"[^\r\n]*(?:\r\n|\n|\r)|[^\r\n]+\Z")

Point = tuple[int, int]


def split_lines(text: str) -> list[str]:
    """Lines with their ends; the last one has none and may be empty."""
    if "\r" in text:
        lines = _LINES.findall(text)
        if not lines or lines[-1].endswith(("\n", "\r")):
            lines.append("")
        return lines
    parts = text.split("\n")
    lines = [part + "\n" for part in parts[:-1]]
    lines.append(parts[-1])
    return lines


def column_to_index(line: str, column: int, encoding: str) -> int:
    """Where the column of the client falls in a Python string; beyond the end means the end."""
    content = line.rstrip("\r\n")
    if encoding == "utf-32" or content.isascii():
        return min(column, len(content))
    if encoding == "utf-8":
        return len(content.encode("utf-8", "surrogatepass")[:column].decode("utf-8", "ignore"))
    units = content.encode("utf-16-le", "surrogatepass")[: 2 * min(column, 2 * len(content))]
    return len(units.decode("utf-16-le", "ignore"))


def index_to_column(line: str, index: int, encoding: str) -> int:
    """The client's column of a Python string index."""
    before = line[:index]
    if encoding == "utf-32" or before.isascii():
        return len(before)
    if encoding == "utf-8":
        return len(before.encode("utf-8", "surrogatepass"))
    return len(before.encode("utf-16-le", "surrogatepass")) // 2


@dataclass(slots=True)
class Document:
    """One open text. Only the event loop changes it; other threads get the lines copied."""

    uri: str
    path: Path
    version: int
    lines: list[str]
    language: str = ""
    changed: bool = False
    """Whether the text was edited since it was opened or saved."""

    @property
    def text(self) -> str:
        """The whole text."""
        return "".join(self.lines)

    def replace_all(self, text: str) -> None:
        """Take a new text."""
        self.lines = split_lines(text)

    def replace(self, start: Point, end: Point, text: str, encoding: str) -> None:
        """Apply one incremental change; places that do not exist are moved to the nearest that does."""
        first, first_index = self._locate(start, encoding)
        last, last_index = self._locate(max(start, end), encoding)
        head, tail = self.lines[first][:first_index], self.lines[last][last_index:]
        if first and self.lines[first - 1].endswith("\r"):
            # A line feed written after a lone carriage return joins it to one line end.
            first -= 1
            head = self.lines[first] + head
        middle = split_lines(head + text + tail)
        if last + 1 < len(self.lines):
            middle.pop()  # The tail kept its line end, so what follows it is the line that is already there.
        self.lines[first : last + 1] = middle

    def _locate(self, point: Point, encoding: str) -> tuple[int, int]:
        line, column = point
        if line >= len(self.lines):
            return len(self.lines) - 1, len(self.lines[-1])
        return line, column_to_index(self.lines[line], column, encoding)
