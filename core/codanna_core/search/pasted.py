"""The frames of a pasted traceback as symbols of the folder."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from codanna_core.ranking.pasted import Frame
from codanna_core.search.globs import literal_end
from codanna_core.search.view import SearchView
from codanna_core.text.stored import Filter, StoredSymbol

_MOST_FILES = 30
"""So many paths of a traceback are looked up."""
_SOME = 10_000
"""Symbols in files of one name; so many say nothing."""
_ELSEWHERE = re.compile(
    r"(?:^|/)(?:site-packages|dist-packages|node_modules|lib/python[\d.]+|rustc|\.cargo/registry|go/src/runtime"
    r"|go/pkg/mod|gems)/|^(?:node:|<|internal/)"
)
"""Libraries outside of the folder; a file of the same name inside is another one."""


def symbols_of_frames(view: SearchView, frames: Sequence[Frame], only: Filter) -> list[StoredSymbol]:
    """The innermost symbol at each frame, each once, in the order of the frames; frames in other places are
    left out.
    """
    found: dict[tuple[str, int, str], StoredSymbol] = {}
    files: dict[str, str | None] = {}
    for frame in frames:
        if frame.path not in files:
            known = len(files) < _MOST_FILES
            files[frame.path] = _file(view, frame.path.replace("\\", "/"), only) if known else None
        path = files[frame.path]
        symbol = _symbol(view.outline(path), frame) if path is not None else None
        if symbol is not None:
            found.setdefault((symbol.path, symbol.start_line, symbol.name), symbol)
    return list(found.values())


def _file(view: SearchView, path: str, only: Filter) -> str | None:
    """The file of the folder that a path from some machine means; None where none or several may be meant.

    One of the paths has to be the end of the other, or, where the folder was elsewhere on that machine, both
    have to end in the same folder and name.
    """
    parts = [part for part in path.split("/") if part not in ("", ".", "..")]
    if not parts:
        return None
    ends = tuple("/".join(parts[at:]) for at in range(len(parts)))
    there = _files(view, Filter(only.languages, owners=ends))
    if not _ELSEWHERE.search(path):
        absolute = path.startswith("/") or ":" in parts[0]
        end = "/".join(parts[-2:] if absolute else parts)
        there += _files(view, Filter(only.languages, path_regexes=(literal_end(end),)))
    shared = sorted(((_shared(parts, one), one) for one in set(there)), reverse=True)
    if not shared or (len(shared) > 1 and shared[0][0] == shared[1][0]):
        return None
    return shared[0][1]


def _files(view: SearchView, only: Filter) -> list[str]:
    rows = view.passing(only, _SOME)
    if not 0 < len(rows) < _SOME:
        return []
    _, first = np.unique(view.traits(rows).files, return_index=True)
    return [symbol.path for symbol in view.symbols(rows.take(first))]


def _shared(parts: Sequence[str], path: str) -> int:
    """How many parts at their ends two paths have in common."""
    count = 0
    for left, right in zip(reversed(parts), reversed(path.split("/")), strict=False):
        if left != right:
            break
        count += 1
    return count


def _symbol(outline: Sequence[StoredSymbol], frame: Frame) -> StoredSymbol | None:
    """The innermost symbol at the line, or the one of the name that is nearest: code moves, and the traceback
    may be of another version.
    """
    line = frame.line - 1
    around = [one for one in outline if one.start_line <= line <= one.end_line]
    named = [one for one in outline if frame.name and one.name == frame.name]
    inside = [one for one in around if one in named]
    if inside:
        return min(inside, key=_length)
    if named:
        return min(named, key=lambda one: abs(one.start_line - line))
    return min(around, key=_length, default=None)


def _length(symbol: StoredSymbol) -> tuple[bool, int]:
    return symbol.kind == "text", symbol.end_line - symbol.start_line
