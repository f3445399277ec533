"""`codanna-lsp vector index-vectors|search-vector|cluster-info`."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from codanna_core.cli.arguments import add_answer, add_common, add_json, add_root, filters_of
from codanna_core.cli.envelope import ENVELOPE_VERSION, write_json
from codanna_core.cli.exit_codes import ExitCode
from codanna_core.cli.index import finish_background_work
from codanna_core.cli.progress import ProgressBar
from codanna_core.cli.render import print_text, size
from codanna_core.cli.search import print_answer
from codanna_core.cli.session import bring_up_to_date, open_engine, report_problems, stoppable
from codanna_core.errors import InvalidQuery
from codanna_core.results import Progress, State
from codanna_core.vectors.plot import histogram, write_plot


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of this command."""
    commands = parser.add_subparsers(dest="action", metavar="ACTION", required=True)

    index = commands.add_parser(
        "index-vectors", help="embed what has no vector yet and train the clusters now"
    )
    add_root(index)
    add_json(index)
    add_common(index)
    index.set_defaults(run=run_index)

    search = commands.add_parser("search-vector", help="search by vectors alone")
    search.add_argument(
        "query",
        metavar="QUERY",
        help="a question, or @FILE (@- for standard input) with a JSON array of numbers",
    )
    add_root(search)
    add_answer(search)
    add_common(search)
    search.set_defaults(run=run_search)

    info = commands.add_parser("cluster-info", help="how the vectors are stored, clustered and calibrated")
    info.add_argument(
        "--plot", metavar="FILE", type=Path, help="also draw the sizes of the clusters as .svg or .png"
    )
    add_root(info)
    add_json(info)
    add_common(info)
    info.set_defaults(run=run_info)


def run_index(options: argparse.Namespace) -> int:
    """Bring the vectors and their clusters up to date."""
    with open_engine(options) as engine, stoppable() as cancel:
        report = bring_up_to_date(engine, cancel)
        finish_background_work(engine, cancel)
        with ProgressBar(sys.stderr) as bar:

            def show(what: str, share: float) -> None:
                bar.show(Progress(State.TRAINING, round(share * 100), 100, 0.0, what))

            written = engine.rebuild_clusters(progress=show, cancel=cancel)
        status = engine.status()
        if options.json:
            write_json(
                {
                    "version": ENVELOPE_VERSION,
                    "embedded": report.embedded,
                    "vectors": {"total": status.vectors_total, "pending": status.vectors_pending},
                    "clusters": engine.cluster_info(),
                }
            )
        else:
            print_text(
                f"{report.embedded:,} vectors new, {status.vectors_total:,} in all,"
                f" {status.vectors_pending:,} pending"
            )
            if not written:
                print(
                    "codanna-lsp: another process writes this index and trains its clusters", file=sys.stderr
                )
            report_problems(status.problems)
    return ExitCode.FOUND if status.vectors_total else ExitCode.NOTHING


def run_search(options: argparse.Namespace) -> int:
    """Search by vectors alone, for a question or for a vector that something else made."""
    vector = _read_vector(options.query[1:]) if options.query.startswith("@") else None
    filters = filters_of(options)
    with open_engine(options) as engine, stoppable() as cancel:
        if not options.no_sync:
            bring_up_to_date(engine, cancel)
        limit = options.limit or engine.settings.search.limit
        wanted = options.query if vector is None else vector
        result = engine.search_vector(wanted, limit=limit, filters=filters, cancel=cancel)
        if result.work:
            done = ", ".join(f"{count:,} {what.replace('_', ' ')}" for what, count in result.work.items())
            print(f"codanna-lsp: {done}", file=sys.stderr)
        return print_answer(engine, result, options)


def run_info(options: argparse.Namespace) -> int:
    """Show the vector index from the inside."""
    with open_engine(options) as engine:
        info = engine.cluster_info()
    sizes = info["cluster_sizes"]
    if options.plot is not None:
        write_plot(options.plot, sizes, f"{len(sizes)} clusters of {info['count']} vectors")
    if options.json:
        write_json({"version": ENVELOPE_VERSION, **info})
    else:
        print_text("\n".join(_info_lines(info)))
        if sizes:
            print_text(histogram(sizes))
    return ExitCode.FOUND if info.get("count") else ExitCode.NOTHING


def _read_vector(source: str) -> list[float]:
    try:
        text = sys.stdin.read() if source == "-" else Path(source).read_text("utf-8")
        values = json.loads(text)
    except (OSError, ValueError) as error:
        raise InvalidQuery(f"cannot read a vector from {source or 'nowhere'}: {error}") from error
    numbers = isinstance(values, list) and all(
        isinstance(value, int | float) and not isinstance(value, bool) for value in values
    )
    if not numbers:
        raise InvalidQuery(
            f"{source} does not hold a vector; write a JSON array of numbers such as [0.1, 0.2]"
        )
    return [float(value) for value in values]


def _info_lines(info: dict[str, Any]) -> list[str]:
    """One line a number; long lists as their spread."""
    lines = []
    for name, value in info.items():
        label = name.replace("_", " ").ljust(18)
        if name == "disk_bytes":
            lines.append(f"{label} {size(value)}")
        elif name == "cluster_sizes":
            if value:
                ordered = sorted(value)
                middle = ordered[len(ordered) // 2]
                lines.append(f"{label} smallest {ordered[0]}, median {middle}, largest {ordered[-1]}")
        elif isinstance(value, dict):
            lines.append(f"{label} {', '.join(f'{key} {item}' for key, item in value.items())}")
        elif isinstance(value, list):
            lines.append(f"{label} {len(value)}")
        elif isinstance(value, float):
            lines.append(f"{label} {value:.4g}")
        else:
            lines.append(f"{label} {value}")
    return lines
