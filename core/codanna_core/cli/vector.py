"""`codanna-lsp vector index-vectors|search-vector|cluster-info`."""

from __future__ import annotations

import argparse
import json
import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from codanna_core.cli.arguments import add_answer, add_common, add_json, add_root, filters_of, root_of
from codanna_core.cli.envelope import ENVELOPE_VERSION, write_json
from codanna_core.cli.exit_codes import ExitCode
from codanna_core.cli.index import finish_background_work
from codanna_core.cli.progress import ProgressBar
from codanna_core.cli.render import counted, print_text, say, size
from codanna_core.cli.scope import scope_of
from codanna_core.cli.search import print_answer
from codanna_core.cli.session import asked_engine, bring_up_to_date, open_engine, report_problems, stoppable
from codanna_core.cli.similar import file_in, parse_place
from codanna_core.errors import InvalidQuery
from codanna_core.inert import inert
from codanna_core.results import Progress, State
from codanna_core.vectors.drawing import svg
from codanna_core.vectors.ivf.policy import CLUSTER_AT
from codanna_core.vectors.plot import check_plot, histogram, png, write_plot
from codanna_core.vectors.stats import stats_json

if TYPE_CHECKING:
    from codanna_core.search.service import CommandService


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
        help="a question, FILE:LINE for the symbol there, or @FILE (@- for standard input) with a JSON array "
        "of numbers",
    )
    add_root(search)
    add_answer(search)
    add_common(search)
    search.set_defaults(run=run_search)

    info = commands.add_parser("cluster-info", help="how the vectors are stored, clustered and calibrated")
    info.add_argument(
        "--plot",
        metavar="FILE",
        type=Path,
        help="also draw a map of the code by meaning as .svg, or the sizes of the clusters as .png",
    )
    add_root(info)
    add_json(info)
    add_common(info)
    info.set_defaults(run=run_info)


def run_index(options: argparse.Namespace) -> int:
    """Bring the vectors and their clusters up to date."""
    with stoppable() as cancel, open_engine(options, own=True) as engine:
        report = bring_up_to_date(engine, cancel)
        finish_background_work(engine, cancel)
        with ProgressBar(sys.stderr, "training the clusters") as bar:

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
                    "clusters": stats_json(engine.cluster_info()),
                }
            )
        else:
            print_text(
                f"{report.embedded:,} vectors new, {status.vectors_total:,} in all,"
                f" {status.vectors_pending:,} pending"
            )
            if not written:
                say("another process writes this index and trains its clusters")
            report_problems(status.problems)
    return ExitCode.FOUND if status.vectors_total else ExitCode.NOTHING


def run_search(options: argparse.Namespace) -> int:
    """Search by vectors alone, for a question, like a symbol, or for a vector that something else made."""
    place = _place(options)
    vector = _read_vector(options.query[1:]) if options.query.startswith("@") else None
    filters = scope_of(options).filters(filters_of(options))
    with asked_engine(options) as (engine, cancel):
        limit = options.limit or engine.settings.search.limit
        if place is not None:
            result = engine.similar(*place, limit=limit, filters=filters, cancel=cancel)
        else:
            wanted = options.query if vector is None else vector
            result = engine.search_vector(wanted, limit=limit, filters=filters, cancel=cancel)
        if result.work:
            done = ", ".join(f"{count:,} {what.replace('_', ' ')}" for what, count in result.work.items())
            say(done)
        return print_answer(engine, result, options)


def run_info(options: argparse.Namespace) -> int:
    """Show the vector index from the inside."""
    with open_engine(options) as engine:
        info = engine.cluster_info()
        sizes = info["cluster_sizes"]
        if options.plot is not None:
            draw(engine, options.plot, sizes)
    if options.json:
        write_json({"version": ENVELOPE_VERSION, **stats_json(info)})
    else:
        print_text("\n".join(info_lines(info)))
        if sizes:
            print_text(histogram(sizes))
    return ExitCode.FOUND if info.get("count") else ExitCode.NOTHING


def draw(engine: CommandService, path: Path, sizes: list[int]) -> None:
    """Write the picture that the name of the file asks for, and say what it shows."""
    check_plot(path)
    if path.suffix == ".svg":
        found = engine.cluster_map()
        write_plot(path, svg(found, engine.root, path))
        say(f"{path.name} is a map of {counted(found.symbols, 'definition')}; open it in a browser")
    else:
        write_plot(path, png(sizes))
        say(f"{path.name} shows the sizes of {counted(len(sizes), 'cluster')}")


def _place(options: argparse.Namespace) -> tuple[str, int, int | None] | None:
    """The file and lines that the query names; None when it is a question, or a file that does not exist."""
    try:
        file, first, last = parse_place(options.query)
        return file_in(root_of(options), file), first, last
    except InvalidQuery:
        return None


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
            f"{source} does not contain a vector; write a JSON array of numbers such as [0.1, 0.2]"
        )
    return [float(value) for value in values]


def info_lines(info: dict[str, Any]) -> list[str]:
    """The numbers of `VectorStats` in words."""
    if not info["count"]:
        return ["there are no vectors yet"]
    clustered = sum(segment["kind"] != "flat" for segment in info["segments"])
    kept = f"{info['metric']}, stored as {info['precision']}"
    vectors = f"{info['count']:,} of {info['dimension']} dimensions ({kept})"
    if info["dead"]:
        vectors += f"; {info['dead']:,} removed ones wait for the next merge"
    disk = f"{size(info['disk_bytes'])} in {counted(len(info['segments']), 'segment')}"
    parts = {name: number for name, number in info["bytes_per_vector"].items() if number}
    if parts:
        disk += f"; {sum(parts.values()):.0f} bytes a vector: "
        disk += ", ".join(f"{name} {number:.0f}" for name, number in parts.items())
    rows = [
        ("vectors", vectors),
        ("on disk", disk),
        ("newest", f"{counted(info['delta'], 'vector')} in the log, in no segment yet"),
        ("generation", f"{info['generation']:,}"),
    ]
    if info["clusters"]:
        rows += _cluster_rows(info)
    elif clustered:
        rows.append(("clusters", "none: a graph over the vectors is searched instead"))
    elif info["count"] < CLUSTER_AT:
        reason = f"none: not needed below {CLUSTER_AT:,} vectors"
        rows.append(("clusters", reason))
    else:
        rows.append(("clusters", "not trained yet; `codanna-lsp vector index-vectors` does it now"))
    return [inert(f"{name.ljust(11)} {text}") for name, text in rows]


def _cluster_rows(info: dict[str, Any]) -> list[tuple[str, str]]:
    sizes = sorted(info["cluster_sizes"])
    spread = f"{sizes[0]:,} to {sizes[-1]:,} vectors each, median {sizes[len(sizes) // 2]:,}"
    when = datetime.fromtimestamp(info["trained_at"]).strftime("%Y-%m-%d %H:%M")
    trained = f"{when} on {counted(info['trained_on'], 'vector')}"
    if info["drift"]:
        side = "farther from" if info["drift"] > 0 else "nearer to"
        trained += f"; those added since are {abs(info['drift']):.0%} {side} their centers"
    rows = [
        ("clusters", f"{info['clusters']:,} of {spread}; imbalance {info['imbalance']:.2f} (1 is even)"),
        ("spilled", f"{info['spilled_share']:.0%} of the vectors are in a second cluster too"),
        ("trained", trained),
    ]
    if (measured := info["calibration"]) is not None:
        work = f"reads {counted(measured['nprobe'], 'cluster')}, compares {measured['rescore']:,} vectors"
        found = f"found {measured['recall']:.1%} of the ten nearest in {measured['milliseconds']:.2f} ms"
        rows.append(("a search", f"{work}; {found} on {measured['queries']} questions made for measuring"))
    return rows
