"""Asks the questions and keeps what was shown."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from codanna_core import Engine, SearchRequest
from codanna_core.ranking.signals import SIGNALS, SYMBOL_SIGNALS
from codanna_core.ranking.weights import WEIGHTS, of_table
from codanna_core.results import Mode
from yardsticks.asked import SYMBOLS, Asked
from yardsticks.plain import Plain
from yardsticks.scores import PAGE, Shown, Target, first_files, instead, ndcg, symbol_values

HITS_FOR_FILES = 60
"""Hits asked for where ten files are wanted; several of a file count once."""


@dataclass(frozen=True, slots=True)
class Record:
    """One question and the page that answered it."""

    yardstick: str
    name: str
    language: str
    mode: str
    question: str
    page: list[Shown]
    values: dict[str, float]
    instead: str
    milliseconds: float


def opened(root: Path, index: Path) -> Engine:
    """The engine over a folder, its index brought up to date."""
    if not root.is_dir():
        raise SystemExit(f"there is no {root}; prepare the checkouts with benchmarks/corpora.py")
    engine = Engine.open(root, index)
    engine.sync()
    engine.settle()
    return engine


def ask(asked: Asked, indexes: Path, modes: Iterable[Mode], left_out: Path | None) -> list[Record]:
    """Every question in every mode, and of all symbols plainly where symbols are asked for."""
    if left_out is not None:
        use_table(left_out / f"{asked.language}.json")
    records = []
    with opened(asked.root, indexes / asked.place) as engine:
        for mode in modes:
            engine.search("warm up", mode=mode)
            for question, targets in asked.questions.items():
                limit = PAGE if asked.yardstick in SYMBOLS else HITS_FOR_FILES
                result = engine.search(SearchRequest(question, limit, mode, snippets=False))
                page = [Shown.of(hit) for hit in result.hits]
                if asked.yardstick not in SYMBOLS:
                    page = first_files(page)[:PAGE]
                records.append(recorded(asked, mode.value, question, page, targets, result.milliseconds))
        if asked.yardstick in SYMBOLS:
            plain = Plain(engine)
            for question, targets in asked.questions.items():
                for name, page in plain.pages(question).items():
                    records.append(recorded(asked, name, question, page, targets, 0.0))
    return records


def recorded(
    asked: Asked,
    mode: str,
    question: str,
    page: list[Shown],
    targets: tuple[Target, ...],
    milliseconds: float,
) -> Record:
    of_symbols = asked.yardstick in SYMBOLS
    values = symbol_values(page, targets) if of_symbols else {"ndcg": ndcg(page, targets)}
    missed = instead(page, targets) if of_symbols else ""
    return Record(
        asked.yardstick, asked.name, asked.language, mode, question, page, values, missed, milliseconds
    )


def use_table(table: Path) -> None:
    """Rank with weights that were fitted without the language that is asked about. A name that is no signal's
    ends the run: its weight would count for nothing.
    """
    if not table.is_file():
        raise SystemExit(f"there is no {table}; write the tables with fit_ranking.py --left-out")
    fitted = json.loads(table.read_text())
    unknown = sorted({name for of_mode in fitted.values() for name in of_mode} - {*SIGNALS, *SYMBOL_SIGNALS})
    if unknown:
        raise SystemExit(f"{table} has weights of no signal ({', '.join(unknown)}); fit it again")
    WEIGHTS.signals.update(of_table(fitted, SIGNALS))
    WEIGHTS.symbols.update(of_table(fitted, SYMBOL_SIGNALS))


def save(records: list[Record], file: Path) -> None:
    file.write_text(json.dumps([asdict(record) for record in records], ensure_ascii=False))


def load(file: Path) -> list[Record]:
    records = []
    for one in json.loads(file.read_text()):
        one["page"] = [Shown(*shown) for shown in one["page"]]
        records.append(Record(**one))
    return records
