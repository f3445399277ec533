"""The comment that belongs to a definition, found by looking at the lines around it.

Walking the tree's siblings would be exact too, but costs more than the rest of the extraction together,
and grows with the square of a long file's length.
"""

from __future__ import annotations

from codanna_core.languages import comments
from codanna_core.languages.lines import Lines
from codanna_core.languages.registry import Language

MAX_ATTRIBUTE_LINES = 20
MAX_DOC_LINES = 200
MAX_DOC_BYTES = 20_000

_CODE_BEFORE = b"{};(,"


class Docs:
    """Doc comments of one file."""

    def __init__(self, lines: Lines, language: Language) -> None:
        self.lines = lines
        self.language = language
        self.line_markers = comments.encoded(language.line_comments)
        self.attributes = comments.encoded(language.attributes)
        self.blocks = [(opener.encode(), closer.encode()) for opener, closer in language.block_comments]
        self.closers = tuple(closer for _, closer in self.blocks)
        self.openers = tuple(opener for opener, _ in self.blocks)
        self.own_starts = self.line_markers + self.attributes
        self.own_ends = self.closers + ((b")", b"]") if self.attributes else ())
        """How a line may begin or end that belongs to the definition below it."""
        self.taken: set[int] = set()
        """First lines of comments that were given to a definition."""
        self.claimed: set[int] = set()
        """Last lines of comments inside a definition that are its doc, and not that of its first member."""

    def above(self, start: int, start_line: int) -> tuple[str, int]:
        """The doc directly above a definition, and the first line of all that belongs to it."""
        first = start_line
        if not first:
            return "", first
        texts = self.lines.texts
        line = texts[first - 1].strip()
        if not (line.startswith(self.own_starts) or line.endswith(self.own_ends)):
            return "", first  # Most lines above are other code; this test is the whole cost of them.
        indent = self.lines.data[self.lines.starts[start_line] : start].strip()
        if indent and any(code in _CODE_BEFORE for code in indent):
            return "", first  # The line's comment belongs to what stands before on it.
        if self.attributes and line:
            first = self._over_attributes(first)
            line = texts[first - 1].strip() if first else b""
        if not line:
            return "", first
        if first - 1 in self.claimed:
            return "", first
        if self.closers and line.endswith(self.closers):
            doc, top = self._block_above(first)
            if doc:
                return doc, top
        if line.startswith(self.line_markers):
            top = first - 1
            lowest = max(first - MAX_DOC_LINES, 0)
            while top > lowest and texts[top - 1].lstrip().startswith(self.line_markers):
                top -= 1
            if not top and texts[0].startswith(b"#!"):
                top = 1
            raw = [texts[row].strip().decode("utf-8", "replace") for row in range(top, first)]
            return self._taken(comments.line_block(raw, self.language), top), top
        return "", first

    def without_trailing(self, start: int, end: int) -> int:
        """The end of a definition without the comments behind it, which some grammars count to its node."""
        data = self.lines.data
        while True:
            row = self.lines.line_of(end - 1)
            begin = self.lines.starts[row]
            line = data[begin:end].strip()
            if not line.startswith(self.line_markers):
                openers = [opener for opener, closer in self.blocks if line.endswith(closer)]
                begin = max((data.rfind(opener, start, end) for opener in openers), default=-1)
                if begin < 0 or data[self.lines.starts[self.lines.line_of(begin)] : begin].strip():
                    return end
            if begin <= start:
                return end
            end = start + len(data[start:begin].rstrip())

    def trailing(self, end: int, end_line: int) -> str:
        """The comment that follows a definition on its last line."""
        texts, starts = self.lines.texts, self.lines.starts
        rest = texts[end_line][end - starts[end_line] :].strip(b" \t\r\n,;")
        if not rest:
            return ""
        if rest.startswith(self.line_markers):
            return self._trailing(rest)
        for opener, closer in self.blocks:
            if rest.startswith(opener):
                body, closed, _ = rest.partition(closer)
                if closed:
                    return self._trailing(body + closed)
        return ""

    def _trailing(self, raw: bytes) -> str:
        # Doxygen marks a comment that belongs to what stands before it by `<`.
        return comments.clean(raw.decode("utf-8", "replace"), self.language).lstrip("<! ")

    def opening(self) -> str:
        """The first comment of the file that is no licence notice; empty where a definition owns it."""
        texts = self.lines.texts
        row = 0
        while row < len(texts):
            line = texts[row].lstrip()
            if not line or (not row and line.startswith(b"#!")):
                row += 1
                continue
            if row in self.taken:
                return ""
            block = next((block for block in self.blocks if line.startswith(block[0])), None)
            if block is not None:
                text, row = self._opening_block(row, *block)
            elif self.line_markers and line.startswith(self.line_markers):
                text, row = self._opening_lines(row)
            else:
                return ""
            text = comments.without_legal_notes(text)
            if text:
                return text
        return ""

    def _opening_block(self, row: int, opener: bytes, closer: bytes) -> tuple[str, int]:
        """The block comment that starts in this line, and the line after it."""
        data, start = self.lines.data, self.lines.starts[row]
        end = data.find(closer, start + len(opener), start + MAX_DOC_BYTES)
        if end < 0:
            return "", len(self.lines.texts)
        raw = data[start : end + len(closer)].decode("utf-8", "replace")
        return comments.clean(raw, self.language), self.lines.line_of(end) + 1

    def _opening_lines(self, row: int) -> tuple[str, int]:
        """The line comments from here on, over blank lines, and the line after them."""
        texts = self.lines.texts
        raw: list[str] = []
        last = min(row + MAX_DOC_LINES, len(texts))
        while row < last and row not in self.taken:
            line = texts[row].strip()
            if line and not line.startswith(self.line_markers):
                break
            raw.append(line.decode("utf-8", "replace"))
            row += 1
        return comments.line_block(raw, self.language), row

    def _over_attributes(self, first: int) -> int:
        """The first line of the attributes or annotations that end directly above this line."""
        texts = self.lines.texts
        while first:
            line = texts[first - 1].strip()
            if line.startswith(self.attributes) and not line.startswith(self.line_markers):
                first -= 1
                continue
            if not line.endswith((b")", b"]")):
                break
            # An attribute over several lines: its first one must come soon, with no gap between.
            for row in range(first - 2, max(first - 2 - MAX_ATTRIBUTE_LINES, -1), -1):
                line = texts[row].strip()
                if not line or line.startswith(self.line_markers) or line.endswith((b";", b"{", b"}")):
                    return first
                if line.startswith(self.attributes):
                    first = row
                    break
            else:
                break
        return first

    def _block_above(self, first: int) -> tuple[str, int]:
        """The block comment that ends on the line before `first`, if no code stands before it."""
        data, starts = self.lines.data, self.lines.starts
        line = self.lines.texts[first - 1].rstrip()
        end = starts[first - 1] + len(line)
        openers = [
            data.rfind(opener, max(end - MAX_DOC_BYTES, 0), end - len(closer))
            for opener, closer in self.blocks
            if line.endswith(closer)
        ]
        begin = max(openers, default=-1)  # `(**` and `(*` close alike; the nearest one opened this comment.
        if begin < 0:
            return "", first
        top = self.lines.line_of(begin)
        if data[starts[top] : begin].strip():
            return "", first
        raw = data[begin:end].decode("utf-8", "replace")
        return self._taken(comments.clean(raw, self.language), top), top

    def _taken(self, doc: str, top: int) -> str:
        if top > 2:
            self.taken.add(top)
            return doc
        # So high up it may be the file's licence, or that and the doc in one.
        doc = comments.without_legal_notes(doc)
        if doc:
            self.taken.add(top)
        return doc
