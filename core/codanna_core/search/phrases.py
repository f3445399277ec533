"""A quoted phrase is looked for in the files themselves, so that it is found even if no signal ranks it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

import numpy as np

from codanna_core.cancel import Cancel
from codanna_core.records import dataclass
from codanna_core.search.snippets import SnippetReader
from codanna_core.search.view import SearchView
from codanna_core.text.documents import PLACE_BIT
from codanna_core.text.rows import NONE, Rows
from codanna_core.text.stored import Filter, StoredSymbol
from codanna_core.words import find_words, index_text

_ENOUGH = 200
"""So many symbols that contain a phrase are ranked; a page shows fewer."""
_OF_ONE_FILE = 100_000
_TIMES = 50
"""A phrase is located so often in one file."""
_MOST_BYTES = 512 << 20
"""So much is read for one question; no time, so that the answer does not depend on the machine."""
_BEFORE = 40
"""A doc comment of so many lines may stand between a match and the definition that it describes."""


@dataclass(frozen=True, slots=True, eq=False)
class Quoted:
    """Where phrases were found."""

    rows: Rows
    """Symbols that contain them, in their lines or in their doc comments."""
    loose: tuple[StoredSymbol, ...]
    """Lines that contain them outside of every symbol."""
    searched: int
    files: int
    """How many files were looked at, of how many."""

    @property
    def found(self) -> int:
        """How many places."""
        return len(self.rows) + len(self.loose)


def find_phrases(
    view: SearchView, phrases: Sequence[str], only: Filter, wanted: int, cancel: Cancel | None = None
) -> Quoted:
    """The innermost symbols that contain all phrases; upper and lower case are the same.

    Files whose words promise the phrases come first. If they give less than `wanted`, all others are read as
    well: the words of a long body are not all known, and a phrase may begin inside a word.
    """
    reader = SnippetReader(view.state.root, view.buffer_text)
    asked = [phrase.lower() for phrase in phrases]
    rows: list[Rows] = []
    loose: list[StoredSymbol] = []
    found = searched = size = 0
    terms = view.kept.terms(" ".join(index_text(word) for phrase in phrases for word in find_words(phrase)))
    files = view.files(only, terms) if terms else {}
    looked_at: set[str] = set()
    for _ in range(2):
        for path in sorted(files):
            if found >= _ENOUGH or size >= _MOST_BYTES:
                break
            if cancel is not None:
                cancel.raise_if_cancelled()
            searched += 1
            text = reader.text(path)
            size += len(text)
            lowered = text.lower()
            if all(phrase in lowered for phrase in asked):
                inside, beside = _in_file(view, path, files[path], text.split("\n"), asked, only)
                rows.append(inside)
                loose += beside
                found += len(inside) + len(beside)
        looked_at |= files.keys()
        if found >= wanted:
            break
        files = {path: language for path, language in view.files(only).items() if path not in looked_at}
    return Quoted(Rows.concat(rows) if rows else NONE, tuple(loose), searched, len(looked_at))


def _in_file(
    view: SearchView, path: str, language: str, lines: Sequence[str], asked: Sequence[str], only: Filter
) -> tuple[Rows, list[StoredSymbol]]:
    """The symbols of one file that contain all phrases, and lines with one that no symbol is around."""
    rows = view.passing(replace(only, owners=(path,)), _OF_ONE_FILE)
    rows = rows.take(np.argsort(view.traits(rows).traits >> PLACE_BIT, kind="stable")) if len(rows) else rows
    symbols = view.symbols(rows)
    described = {
        number
        for number, symbol in enumerate(symbols)
        if symbol.doc and all(phrase in symbol.doc.lower() for phrase in asked)
    }
    chosen = set(described)
    beside: list[StoredSymbol] = []
    lowered = [line.lower() for line in lines]
    for line in _lines_with("\n".join(lowered), asked[0]):
        if any(0 < symbols[number].start_line - line <= _BEFORE for number in described):
            continue
        around = [
            number for number, symbol in enumerate(symbols) if symbol.start_line <= line <= symbol.end_line
        ]
        around.sort(key=lambda number: (symbols[number].kind == "text", _length(symbols[number])))
        holding = (number for number in around if _holds(symbols[number], lowered, asked))
        inner = next(holding, None)
        if inner is not None:
            chosen.add(inner)
        elif not around and not only.of_symbols and all(phrase in lowered[line] for phrase in asked):
            beside.append(_line(path, language, line, lines[line]))
    return rows.take(np.array(sorted(chosen), np.int64)), beside


def _lines_with(text: str, phrase: str) -> Iterator[int]:
    """The lines on which a phrase begins, each once, up to a limit."""
    line, counted, last = 0, 0, -1
    for number, match in enumerate(re.finditer(re.escape(phrase), text)):
        if number >= _TIMES:
            return
        line += text.count("\n", counted, match.start())
        counted = match.start()
        if line != last:
            last = line
            yield line


def _length(symbol: StoredSymbol) -> int:
    return symbol.end_line - symbol.start_line


def _holds(symbol: StoredSymbol, lines: Sequence[str], asked: Iterable[str]) -> bool:
    text = "\n".join((symbol.doc.lower(), *lines[symbol.start_line : symbol.end_line + 1]))
    return all(phrase in text for phrase in asked)


def _line(path: str, language: str, line: int, text: str) -> StoredSymbol:
    """A line as a piece of text that is no definition."""
    wide = not text.isascii()
    width = len(text.encode("utf-16-le", "surrogatepass")) // 2 if wide else len(text)
    place = (line, 0, line, width, line, 0, 0)
    return StoredSymbol("", "text", "", language, path, "", "", *place, 2 if wide else 0, 0)
