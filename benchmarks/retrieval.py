"""Search quality: `retrieval.py --corpora FOLDER [--queries FOLDER] [--cosqa FOLDER] [--indexes FOLDER]`.

Five yardsticks, each in three modes: **files** (which file answers a question) and **changes** (which files a
change touched, asked with its message) with the data of `--queries`; **comments** (first sentences of doc
comments, in a copy without comments), **questions** (written by hand, `labels/`) and **cosqa** (web queries,
`--cosqa`) ask for symbols, and a hit counts only if it is the definition itself. Beside those stands
**plain**: all symbols by cosine and BM25. `corpora.py` prepares the checkouts.

`--save FILE` keeps every page, `--against FILE` compares with a run that was kept. `--left-out FOLDER` ranks
each language with the table that `fit_ranking.py --left-out FOLDER` fitted without it. `--held-out` asks the
code bases that nothing may be fitted to; look at them seldom.

`retrieval.py --latency FOLDER... --questions FILE [--indexes FOLDER]` prints how long an answer takes inside
the engine, for each mode and size: p50 and p95 over all rounds, and p50 of each question's fastest round,
which other load on the machine disturbs least. `--vectors` scores an embedding model alone on files.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

from codanna_core.config import SemanticSettings
from codanna_core.results import Mode
from yardsticks import report
from yardsticks.asked import (
    SYMBOLS,
    YARDSTICKS,
    Asked,
    of_changes,
    of_comments,
    of_cosqa,
    of_files,
    of_questions,
)
from yardsticks.latency import latency
from yardsticks.run import ask, load, save
from yardsticks.vectors import of_model


def wanted(options: argparse.Namespace, indexes: Path) -> Iterator[Asked]:
    """The questions of the yardsticks that were named and have their data."""
    named, held_out = options.yardsticks, options.held_out
    sources: list[Iterator[Asked]] = []
    if options.queries is not None and not held_out:
        if "files" in named:
            sources.append(of_files(options.queries, options.corpora))
        if "changes" in named:
            sources.append(of_changes(options.queries, options.corpora))
    if "comments" in named:
        sources.append(of_comments(options.corpora, indexes / "copies", held_out=held_out))
    if "questions" in named:
        sources.append(of_questions(options.corpora, held_out=held_out))
    if "cosqa" in named and options.cosqa is not None and not held_out:
        sources.append(of_cosqa(options.cosqa, indexes / "copies"))
    return chain(*sources)


def measure(options: argparse.Namespace, indexes: Path) -> None:
    records = []
    about_symbols = []
    for asked in wanted(options, indexes):
        if options.only and asked.name not in options.only:
            continue
        records += ask(asked, indexes, map(Mode, options.modes), options.left_out)
        if asked.yardstick in SYMBOLS:
            about_symbols.append(asked)
    if not records:
        raise SystemExit("nothing to ask: the yardsticks named need --queries or --cosqa")
    records.sort(key=lambda one: report.order(one.yardstick))
    report.print_figures(records)
    report.print_modes(records)
    if about_symbols:
        report.print_shares(about_symbols)
    if options.each:
        report.print_each(records)
    if options.save is not None:
        save(records, options.save)
    if options.against is not None:
        report.print_comparison(records, load(options.against))


def arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--corpora", type=Path, help="folder with the checkouts")
    parser.add_argument("--queries", type=Path, help="folder with dev/")
    parser.add_argument("--cosqa", type=Path, help="folder with the data set's files for code search")
    parser.add_argument("--indexes", type=Path, help="folder where indexes and copies are kept")
    parser.add_argument("--yardsticks", nargs="+", choices=YARDSTICKS, default=list(YARDSTICKS))
    parser.add_argument("--modes", nargs="+", choices=[mode.value for mode in Mode], default=list(Mode))
    parser.add_argument("--only", nargs="+", metavar="NAME", help="only these code bases")
    parser.add_argument("--held-out", action="store_true", help="ask the code bases that are held out")
    parser.add_argument("--left-out", type=Path, metavar="FOLDER", help="tables by language to rank with")
    parser.add_argument("--each", action="store_true", help="also print every question about symbols")
    parser.add_argument("--save", type=Path, metavar="FILE")
    parser.add_argument("--against", type=Path, metavar="FILE")
    parser.add_argument("--vectors", action="store_true", help="score an embedding model alone on files")
    parser.add_argument("--model", default="builtin", help="for --vectors")
    parser.add_argument("--model-path", default="", help="for --vectors")
    parser.add_argument("--latency", type=Path, nargs="+", metavar="FOLDER")
    parser.add_argument("--questions", type=Path, help="for --latency: a file with one question a line")
    return parser


def main() -> None:
    parser = arguments()
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        indexes = options.indexes or Path(scratch)
        if options.latency:
            if options.questions is None:
                parser.error("--latency needs --questions")
            latency(options.latency, options.questions, indexes)
            return
        if options.corpora is None:
            parser.error("give --corpora, or --latency")
        if options.vectors:
            if options.queries is None:
                parser.error("--vectors needs --queries")
            settings = SemanticSettings(model=options.model, model_path=options.model_path)
            of_model(options.queries, options.corpora, settings)
            return
        measure(options, indexes)


if __name__ == "__main__":
    main()
