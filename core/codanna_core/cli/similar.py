"""`codanna-lsp similar FILE:LINE [PATH]`."""

from __future__ import annotations

import argparse
import os
import re
from pathlib import Path

from codanna_core.cli.arguments import add_answer, add_common, add_root, filters_of, root_of
from codanna_core.cli.scope import scope_of
from codanna_core.cli.search import print_answer
from codanna_core.cli.session import asked_engine
from codanna_core.errors import InvalidQuery

_PLACE = re.compile(r"(?P<file>.+?):(?P<first>\d+)(?:-(?P<last>\d+)|:\d+)?:?")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of this command."""
    parser.add_argument(
        "place",
        metavar="FILE:LINE",
        help="FILE:LINE for the definition there, FILE:FIRST-LAST for those lines",
    )
    add_root(parser)
    add_answer(parser)
    add_common(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Find code like a definition or a selection."""
    root = root_of(options)
    file, first, last = parse_place(options.place)
    path = file_in(root, file)
    scope, asked = scope_of(options), filters_of(options)
    team = scope.asks_team("", asked.repositories)
    filters = scope.filters(asked, team=team)
    with asked_engine(options, team=team) as (engine, cancel):
        result = engine.similar(
            path, first, last, limit=options.limit, filters=filters, cancel=cancel, team=team
        )
        return print_answer(engine, result, options)


def parse_place(place: str) -> tuple[str, int, int | None]:
    """File, first and last line, from 0; a column as in compilers' messages is accepted and unused."""
    found = _PLACE.fullmatch(place)
    if found is None:
        raise InvalidQuery(
            f"{place!r} is not a place; write FILE:LINE or FILE:FIRST-LAST, for instance src/app.py:42"
        )
    first = int(found["first"])
    last = int(found["last"]) if found["last"] else None
    if first < 1 or (last is not None and last < first):
        raise InvalidQuery(
            f"{place!r} is not a place; lines count from 1, and the last is not before the first"
        )
    return found["file"], first - 1, None if last is None else last - 1


def file_in(root: Path, file: str) -> str:
    """The file as seen from the current folder, else as seen from the root."""
    for candidate in (Path(file), root / file):
        if candidate.is_file():
            # Only the folder is resolved: the file itself keeps the name under which it is indexed.
            return os.path.join(os.path.realpath(candidate.parent), candidate.name)
    raise InvalidQuery(f"there is no file {file}, neither here nor in {root}")
