"""`codanna-lsp symbols NAME [PATH]`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from codanna_core.cli.arguments import add_answer, add_common, add_repo, add_root, repositories_of
from codanna_core.cli.envelope import symbols_envelope, write_json
from codanna_core.cli.exit_codes import ExitCode
from codanna_core.cli.formats import rendered_symbols
from codanna_core.cli.render import print_text, say, shown_path, style_for
from codanna_core.cli.scope import scope_of
from codanna_core.cli.search import nothing_found
from codanna_core.cli.session import asked_engine, report_problems
from codanna_core.errors import InvalidQuery

_INSIDE_ONE_OF = 5


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of this command."""
    parser.add_argument(
        "name", metavar="NAME", help="a name or parts of it: getUserName, gUN, user name, Session.save"
    )
    add_root(parser)
    add_answer(parser, filters=False)
    add_repo(parser)
    add_common(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Find definitions by name, fuzzily."""
    if not options.name.strip():
        raise InvalidQuery(
            "the name is empty; write a part of one, for instance: codanna-lsp symbols getUser"
        )
    scope, repositories = scope_of(options), repositories_of(options)
    team = scope.asks_team(options.name, repositories)
    with asked_engine(options, team=team) as (engine, cancel):
        limit = options.limit or engine.settings.search.symbol_limit
        # Names are not filtered by folders in the index: some of more than are wanted are inside.
        asked = limit * _INSIDE_ONE_OF if scope.below else limit
        wanted = options.name if team else scope.name(options.name)
        name = " ".join((*(f"repo:{one}" for one in repositories), wanted))
        found = engine.symbols(name, limit=asked, cancel=cancel, team=team)
        hits = scope.hits(found)[:limit]
        if options.json:
            write_json(symbols_envelope(options.name, hits, engine.status(), found.problems))
        else:
            shown = shown_path(scope.folder, Path.cwd())
            style = style_for(sys.stdout, options.color)
            print_text(rendered_symbols(hits, options.format, style, shown, scope.folder))
            report_problems(found.problems)
            if not hits:
                say(nothing_found(engine, scope))
    return ExitCode.FOUND if hits else ExitCode.NOTHING
