"""`codanna-lsp status [PATH]`."""

from __future__ import annotations

import argparse
import sys

from codanna_core.cli.arguments import add_common, add_json, add_root
from codanna_core.cli.envelope import status_document, write_json
from codanna_core.cli.exit_codes import ExitCode
from codanna_core.cli.notes import note_lines, problem_line
from codanna_core.cli.render import no_files, print_text, render_status, say, style_for
from codanna_core.cli.session import open_engine


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of this command."""
    add_root(parser)
    add_json(parser)
    parser.add_argument(
        "--notes", action="store_true", help="list every file with a problem, also those of earlier runs"
    )
    add_common(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Show the index as it is; indexes nothing."""
    with open_engine(options, notes=False) as engine:
        engine.hear_writer()
        status = engine.status()
        if options.notes:
            status.problems.extend(engine.file_problems())
    if options.json:
        write_json(status_document(status))
    else:
        problems = dict.fromkeys(status.problems)
        lines = map(problem_line, problems) if options.notes else note_lines(problems)
        print_text(render_status(status, lines, style_for(sys.stdout, "auto")))
        if not status.generation:
            say("there is no index yet; `codanna-lsp index` builds it")
        elif not status.files_total:
            say(no_files(status))
    return ExitCode.FOUND if status.generation else ExitCode.NOTHING
