"""A unified diff as text: which lines of which files it changes. No program is run and no repository read."""

from __future__ import annotations

import re
from collections.abc import Iterator

from codanna_core.errors import InvalidQuery
from codanna_core.files.inside import is_inside

MAX_BYTES = 64 << 20
MAX_HUNKS = 100_000

_HUNK = re.compile(r"@@ -\d+(?:,(?P<old>\d+))? \+(?P<first>\d+)(?:,(?P<count>\d+))? @@")
_ESCAPE = re.compile(r"\\([0-7]{3}|.)")
_ESCAPES = {"n": 10, "t": 9, "r": 13, "a": 7, "b": 8, "f": 12, "v": 11}

Changed = tuple[str, int, int]
"""Path, first and last line from 0, as they are after the change."""


def changed_lines(diff: str) -> tuple[Changed, ...]:
    """The lines that were added, and those behind which lines were removed; empty lines change nothing."""
    found: list[Changed] = []
    path: str | None = None
    hunks = 0
    previous = ""
    lines = iter(diff.splitlines())
    for line in lines:
        if line.startswith("+++ ") and previous.startswith("--- "):
            path = _path_of(line[4:])
        elif at := _HUNK.match(line):
            hunks += 1
            if hunks > MAX_HUNKS:
                raise InvalidQuery(f"the diff has over {MAX_HUNKS:,} hunks; give a part of it")
            numbers = _hunk(lines, max(0, int(at["first"]) - 1), *_counts(at))
            if path is not None and is_inside(path):
                found += [(path, number, number) for number in numbers]
        previous = line
    if not hunks:
        raise InvalidQuery("this is not a unified diff; make one with `git diff` or `diff -u`")
    return _merged(found)


def _hunk(lines: Iterator[str], number: int, old: int, new: int) -> list[int]:
    """The changed lines of one hunk, which begins at this one."""
    found: list[int] = []
    removed = added = False
    while old > 0 or new > 0:
        line = next(lines, None)
        if line is None:
            break
        mark, text = line[:1], line[1:].strip()
        if mark == "+":
            added = True
            found += [number] if text else []
            number, new = number + 1, new - 1
        elif mark == "-":
            removed = removed or bool(text)
            old -= 1
        elif mark != "\\":
            if removed and not added:
                found.append(max(0, number - 1))
            removed = added = False
            number, old, new = number + 1, old - 1, new - 1
    if removed and not added:
        found.append(max(0, number - 1))
    return found


def _counts(at: re.Match[str]) -> tuple[int, int]:
    return int(at["old"] or 1), int(at["count"] or 1)


def _path_of(text: str) -> str | None:
    """The path after `+++`, without the prefix that git writes and the time that diff does."""
    name = text.split("\t")[0].strip()
    if len(name) > 1 and name.startswith('"') and name.endswith('"'):
        raw = _ESCAPE.sub(lambda found: chr(_code(found[1])), name[1:-1])
        name = raw.encode("latin-1", "replace").decode("utf-8", "replace")
    if name == "/dev/null":
        return None
    return name[2:] if name.startswith(("b/", "w/", "i/")) else name


def _code(escape: str) -> int:
    if len(escape) == 3:
        return int(escape, 8) & 0xFF
    return _ESCAPES.get(escape, ord(escape))


def _merged(changed: list[Changed]) -> tuple[Changed, ...]:
    """Neighboring lines as one range."""
    merged: list[Changed] = []
    for path, first, last in changed:
        if merged and merged[-1][0] == path and merged[-1][2] <= first <= merged[-1][2] + 1:
            merged[-1] = (path, merged[-1][1], last)
        else:
            merged.append((path, first, last))
    return tuple(merged)
