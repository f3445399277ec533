"""`codanna-lsp index [PATH]`."""

from __future__ import annotations

import argparse
import sys
import time
from typing import TYPE_CHECKING

from codanna_core.cli.arguments import add_common, add_json, add_root
from codanna_core.cli.envelope import sync_document, write_json
from codanna_core.cli.exit_codes import ExitCode
from codanna_core.cli.progress import ProgressBar
from codanna_core.cli.render import no_files, print_line, render_sync, say
from codanna_core.cli.session import bring_up_to_date, open_engine, report_problems, stoppable
from codanna_core.problems import Code

if TYPE_CHECKING:
    from codanna_core.cancel import Cancel
    from codanna_core.search.service import CommandService


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of this command."""
    add_root(parser)
    add_json(parser)
    parser.add_argument("--verify", action="store_true", help="compare file contents, not only time stamps")
    parser.add_argument(
        "--rebuild", action="store_true", help="rebuild the text index; vectors of unchanged code are kept"
    )
    add_common(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Bring the index up to date and wait until everything is in it, vectors and clusters included."""
    with stoppable() as cancel, open_engine(options, own=True, synced=True) as engine:
        started = time.monotonic()
        report = bring_up_to_date(engine, cancel, verify=options.verify, rebuild=options.rebuild)
        files = report.seconds
        finish_background_work(engine, cancel)
        report.seconds = time.monotonic() - started
        status = engine.status()
        refused = next((p for p in report.problems if p.code is Code.READ_ONLY_INDEX), None)
        if refused is not None:
            say(refused.message)
            return ExitCode.FAILED
        if options.json:
            write_json(sync_document(report))
        else:
            empty = status.writer and not status.files_indexed
            print_line(no_files(status) if empty else render_sync(report, status))
            if options.verbose:
                say(f"{files:.1f} s for the files, {report.seconds - files:.1f} s for clusters and names")
            problems = [*report.problems, *status.problems]
            report_problems(problem for problem in problems if problem.code is not Code.READ_ONLY)
    return ExitCode.FOUND


def finish_background_work(engine: CommandService, cancel: Cancel) -> None:
    """Wait for embedding and training that goes on after the text is searchable."""
    with ProgressBar(sys.stderr, "finishing the vectors") as bar:
        engine.settle(cancel, bar.show)
    cancel.raise_if_cancelled()
