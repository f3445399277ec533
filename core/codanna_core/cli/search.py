"""`codanna-lsp search QUERY [PATH]`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from codanna_core.cli.arguments import add_answer, add_common, add_mode, add_root, filters_of
from codanna_core.cli.cells import screen_of
from codanna_core.cli.envelope import search_envelope, write_json
from codanna_core.cli.exit_codes import ExitCode
from codanna_core.cli.formats import rendered_hits
from codanna_core.cli.render import counted, no_files, print_text, say, shown_path, style_for
from codanna_core.cli.scope import Scope, scope_of
from codanna_core.cli.session import asked_engine, report_problems
from codanna_core.errors import InvalidQuery
from codanna_core.results import Mode, SearchRequest, SearchResult

if TYPE_CHECKING:
    from codanna_core.search.service import CommandService


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of this command."""
    parser.add_argument("query", metavar="QUERY", help="a question in quotes, or a name")
    add_root(parser)
    add_answer(parser)
    add_mode(parser)
    add_common(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Answer a question; builds the index first where there is none."""
    if not options.query.strip():
        raise InvalidQuery(
            'the query is empty; ask for something, for instance: codanna-lsp search "parse a date"'
        )
    scope, filters = scope_of(options), filters_of(options)
    team = scope.asks_team(options.query, filters.repositories)
    with asked_engine(options, team=team) as (engine, cancel):
        defaults = engine.settings.search
        request = SearchRequest(
            options.query,
            options.limit or defaults.limit,
            Mode(options.mode or defaults.mode),
            scope.filters(filters, team=team),
            explain=options.explain,
            team=team,
        )
        result = engine.search(request, cancel=cancel)
        return print_answer(engine, result, options)


def print_answer(engine: CommandService, result: SearchResult, options: argparse.Namespace) -> int:
    """Print hits for people or programs; the exit code says whether there are any."""
    scope = scope_of(options)
    result.hits = scope.hits(result.hits)
    if options.json:
        write_json(search_envelope(result))
    else:
        shown = shown_path(scope.folder, Path.cwd())
        style, screen = style_for(sys.stdout, options.color), screen_of(sys.stdout)
        print_text(rendered_hits(result.hits, options.format, style, shown, scope.folder, screen))
        report_problems(result.problems)
        if not result.hits:
            say(nothing_found(engine, scope))
    return ExitCode.FOUND if result.hits else ExitCode.NOTHING


def nothing_found(engine: CommandService, scope: Scope) -> str:
    """Why there is no answer, in one sentence."""
    status = engine.status()
    if scope.below:
        return f"nothing found in {scope.below} of the indexed folder {scope.root}"
    if status.files_indexed:
        files = counted(status.files_indexed, "file")
        return f"nothing found among {counted(status.symbols, 'symbol')} in {files}"
    if not status.generation:
        return "nothing found: there is no index yet; `codanna-lsp index` builds it"
    return f"nothing found: {no_files(status)}"
