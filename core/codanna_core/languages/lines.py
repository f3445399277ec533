"""Where lines begin, as editors count them, and columns in UTF-16 code units."""

from __future__ import annotations

from bisect import bisect_right
from itertools import accumulate

UTF8_BOM = b"\xef\xbb\xbf"


def to_utf8(data: bytes) -> bytes:
    """UTF-16 text with a byte order mark as UTF-8; everything else unchanged."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", "replace").encode("utf-8")
    return data


class Lines:
    """Byte offsets to positions. As in LSP, a line ends at `\\n`, `\\r\\n` or a lone `\\r`."""

    __slots__ = ("ascii", "data", "starts", "texts")

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.ascii = data.isascii()
        self.texts = data.splitlines(keepends=True)
        starts = list(accumulate(map(len, self.texts), initial=0))
        if self.texts and not self.texts[-1].endswith((b"\n", b"\r")):
            starts.pop()  # The end of the data is the end of its last line, not a further line.
        else:
            self.texts.append(b"")
        if data.startswith(UTF8_BOM):
            starts[0] = len(UTF8_BOM)
            self.texts[0] = self.texts[0][len(UTF8_BOM) :]
        self.starts = starts

    def line_of(self, offset: int, lowest: int = 0) -> int:
        """The line that holds this byte; `lowest` is a line known not to lie behind it."""
        return (bisect_right(self.starts, offset, lowest) or 1) - 1

    def column(self, line: int, offset: int) -> int:
        """UTF-16 code units from the start of the line to this byte."""
        start = self.starts[line]
        if self.ascii or self.texts[line].isascii():
            return max(offset - start, 0)
        return len(self.data[start:offset].decode("utf-8", "replace").encode("utf-16-le")) // 2

    def is_wide(self, line: int) -> bool:
        return not (self.ascii or self.texts[line].isascii())
