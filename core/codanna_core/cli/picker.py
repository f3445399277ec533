"""The picker as data: what was typed, what was found, which one is chosen, and how that looks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import field

from codanna_core.cli.cells import Screen, cut, width
from codanna_core.cli.render import Style, whole_name
from codanna_core.inert import inert
from codanna_core.records import dataclass
from codanna_core.results import Hit

_SIDE_BY_SIDE = 120
_WITH_PREVIEW = 14
_LINES_BEFORE = 2
Lines = Callable[[str, int, int], list[str]]
"""Lines of a file from one up to another, both from 0."""


@dataclass
class Picker:
    """All that a key changes. Nothing here touches a terminal, an index or a file."""

    query: str = ""
    cursor: int = 0
    hits: list[Hit] = field(default_factory=list)
    selected: int = 0
    page: int = 1
    """How far a page key goes; as many rows as were last drawn."""
    note: str = ""

    @property
    def chosen(self) -> Hit | None:
        """The hit under the mark."""
        return self.hits[self.selected] if self.hits else None

    def show(self, hits: Sequence[Hit]) -> None:
        """Take an answer; the mark stays on its hit if that was moved to by hand and is still there."""
        before = self.chosen if self.selected else None
        self.hits = list(hits)
        places = [_identity(hit) for hit in self.hits]
        self.selected = places.index(_identity(before)) if before and _identity(before) in places else 0

    def type(self, text: str) -> None:
        """Put text where the cursor is."""
        self.query = self.query[: self.cursor] + text + self.query[self.cursor :]
        self.cursor += len(text)
        self.selected = 0

    def press(self, key: str) -> None:
        """A key that edits the query or moves the mark; others do nothing."""
        before, after = self.query[: self.cursor], self.query[self.cursor :]
        moves = {"up": -1, "down": 1, "page up": -self.page, "page down": self.page}
        places = {"left": self.cursor - 1, "right": self.cursor + 1, "home": 0, "end": len(self.query)}
        edits = {
            "backspace": (before[:-1], after),
            "delete": (before, after[1:]),
            "word": (before.rstrip()[: before.rstrip().rfind(" ") + 1], after),
            "clear": ("", after),
            "cut": (before, ""),
        }
        if key in moves:
            self.selected = max(0, min(len(self.hits) - 1, self.selected + moves[key]))
        elif key in places:
            self.cursor = max(0, min(len(self.query), places[key]))
        elif key in edits:
            left, right = edits[key]
            self.selected = self.selected if left + right == self.query else 0
            self.query, self.cursor = left + right, len(left)

    def rows(
        self, screen: Screen, style: Style, shown: Callable[[str], str], lines: Lines, editor: str
    ) -> tuple[list[str], int]:
        """Every row of the screen, and the column of the cursor in the first one."""
        height = screen.rows or 24
        body = height - 3
        beside = screen.columns >= _SIDE_BY_SIDE
        listed = body if beside or height < _WITH_PREVIEW else body // 2
        across = (screen.columns - 3) * 11 // 20 if beside else screen.columns
        self.page = max(1, listed - 1)
        listing = self._listing(listed, across, style, shown)
        if beside:
            preview = self._preview(body, screen.columns - across - 3, style, lines)
            middle = [
                f"{left} {style('dim', '│')} {right}" for left, right in zip(listing, preview, strict=True)
            ]
        elif listed < body:
            rule = style("dim", "─" * screen.columns)
            middle = [*listing, rule, *self._preview(body - listed - 1, screen.columns, style, lines)]
        else:
            middle = listing
        hints = f"Enter {editor}  ·  Ctrl-Y copies the path  ·  Up, Down  ·  Esc ends"
        head, column = self._head(screen.columns)
        last = style("dim", cut(hints, screen.columns))
        return [head, style("dim", cut(inert(self.note), screen.columns)), *middle, last], column

    def _head(self, columns: int) -> tuple[str, int]:
        """The query with the cursor in view."""
        before, room = inert(self.query[: self.cursor]), columns - 4
        while width(before) > room:
            before = before[1:]
        text = cut(before + inert(self.query[self.cursor :]), columns - 2)
        return f"> {text}", 2 + width(before)

    def _listing(self, count: int, columns: int, style: Style, shown: Callable[[str], str]) -> list[str]:
        """The hits around the chosen one: name, kind and place in columns, the name first."""
        first = max(0, min(self.selected - count // 2, len(self.hits) - count))
        part = self.hits[first : first + count]
        names = max(10, min(max((width(whole_name(hit)) for hit in part), default=0), columns // 2))
        rows = []
        for number, hit in enumerate(part, first):
            name = cut(whole_name(hit), names)
            kind = inert(hit.kind)[:9]
            place = f"{shown(hit.path)}:{hit.selection.start.line + 1}"
            room = columns - names - 15
            # The end of a path says more than its beginning.
            place = place if width(place) <= room else "…" + place[-max(1, room - 1) :]
            mark = "›" if number == self.selected else " "
            text = f"{mark} {_padded(name, names)}  {kind:<9}  {place}"
            text = _padded(cut(text, columns), columns)
            rows.append(style("chosen", text) if number == self.selected else text)
        return [*rows, *[" " * columns] * (count - len(rows))]

    def _preview(self, count: int, columns: int, style: Style, lines: Lines) -> list[str]:
        """The file around the chosen hit, its name's line and the best ones marked."""
        hit = self.chosen
        rows: list[str] = []
        if hit is not None and count > 0:
            first = max(0, hit.selection.start.line - min(_LINES_BEFORE, count // 4))
            marked = {part.line for part in hit.snippet if part.best} | {hit.selection.start.line}
            for number, line in enumerate(lines(hit.path, first, first + count), first):
                text = cut(inert(line).expandtabs(4), columns - 7)
                painted = style("name", text) if number in marked else text
                rows.append(f"{style('dim', f'{number + 1:>5} ')} {painted}")
        return [*rows, *[""] * (count - len(rows))]


def _identity(hit: Hit) -> tuple[str, int, str]:
    return hit.path, hit.selection.start.line, hit.name


def _padded(text: str, cells: int) -> str:
    return text + " " * (cells - width(text))
