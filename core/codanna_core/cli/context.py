"""`codanna-lsp context QUESTION [PATH] --budget N`."""

from __future__ import annotations

import argparse

from codanna_core.cli.arguments import add_answer, add_common, add_json, add_root, filters_of
from codanna_core.cli.envelope import context_envelope, write_json
from codanna_core.cli.exit_codes import ExitCode
from codanna_core.cli.render import print_text, say
from codanna_core.cli.scope import scope_of
from codanna_core.cli.search import nothing_found
from codanna_core.cli.session import asked_engine, report_problems
from codanna_core.errors import InvalidQuery
from codanna_core.results import DEFAULT_BUDGET, Mode, SearchRequest


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of this command."""
    parser.add_argument("query", metavar="QUESTION", help="a question in quotes")
    add_root(parser)
    parser.add_argument(
        "--budget",
        type=int,
        default=DEFAULT_BUDGET,
        metavar="N",
        help=f"tokens that the text takes at most; default is {DEFAULT_BUDGET}",
    )
    add_answer(parser, formats=False)
    add_json(parser)
    add_common(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print the code that answers a question, for an agent or a prompt."""
    if not options.query.strip():
        raise InvalidQuery("the question is empty; ask for something")
    scope = scope_of(options)
    asked = filters_of(options)
    team = scope.asks_team(options.query, asked.repositories)
    filters = scope.filters(asked, team=team)
    with asked_engine(options, team=team) as (engine, cancel):
        question: str | SearchRequest = options.query
        if options.limit:
            mode = Mode(engine.settings.search.mode)
            question = SearchRequest(options.query, options.limit, mode, filters, snippets=False, team=team)
        context = engine.context(question, options.budget, filters=filters, cancel=cancel, team=team)
        if options.json:
            write_json(context_envelope(context))
        else:
            print_text(context.text.rstrip("\n"))
            if scope.below and context.hits:
                say(f"paths start at the indexed folder {scope.root}", "note: ")
            report_problems(context.result.problems)
            if not context.hits:
                say(nothing_found(engine, scope))
        return ExitCode.FOUND if context.hits else ExitCode.NOTHING
