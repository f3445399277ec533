"""Search quality: `retrieval.py --queries FOLDER --repositories FOLDER [--mode hybrid]`.

The development queries are asked to the engine in two settings, the annotated sub-folder and the whole
checkout; the file that the queries' `score.py` reads is written and what that says is printed. Mode `vectors`
leaves the engine out: every symbol is embedded and a file counts by its best symbol.

`retrieval.py --latency FOLDER... --questions FILE [--indexes FOLDER]` prints how long an answer takes inside
the engine, for each mode and size: p50 and p95 over all rounds, and p50 of each question's fastest round,
which other load on the machine disturbs least.

`retrieval.py --docstrings FOLDER...` needs no labels: the first sentence of a definition's doc comment is the
query and the definition is the answer, in a copy of the folder from which the comments are blanked.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import random
import re
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import numpy as np
from numpy.typing import NDArray

from codanna_core import Engine, SearchRequest
from codanna_core.config import SemanticSettings
from codanna_core.embed.base import Embedder
from codanna_core.embed.registry import load_embedder
from codanna_core.embed.text import embedding_text
from codanna_core.languages import to_utf8
from codanna_core.languages.extract import extract
from codanna_core.results import Mode
from codanna_core.text.documents import direct_children, own_body

SETTINGS = ("sub-folder", "whole")
DOCSTRING_QUERIES = 200
LATENCY_ROUNDS = 20
SEMBLE = """
import json, sys
from semble import SembleIndex
index = SembleIndex.from_path(sys.argv[1], model_path=sys.argv[2])
found = {}
for query in json.load(sys.stdin):
    results = index.search(query, top_k=10)
    found[query] = [[r.chunk.file_path, r.chunk.start_line, r.chunk.end_line] for r in results]
print(json.dumps(found))
"""
SKIPPED_FOLDERS = {"node_modules", "__pycache__"}
Fields = tuple[str, str, str, str, str, str, str]


@dataclass
class Place:
    """Where a symbol is, as `score.py` wants it."""

    path: str
    start_line: int
    end_line: int


def files_of(root: Path) -> Iterator[tuple[str, bytes]]:
    """Text files below a folder, hidden ones left out."""
    for folder, names, files in os.walk(root):
        names[:] = sorted(name for name in names if name[0] != "." and name not in SKIPPED_FOLDERS)
        for name in sorted(files):
            file = Path(folder, name)
            if name[0] == "." or file.is_symlink() or file.stat().st_size > 1 << 20:
                continue
            data = file.read_bytes()
            if b"\0" not in data[:8000]:
                yield file.relative_to(root).as_posix(), data


def symbols_of(root: Path) -> tuple[list[Place], list[Fields]]:
    """Places and embedding fields of all symbols below a folder."""
    places: list[Place] = []
    fields: list[Fields] = []
    for path, raw in files_of(root):
        data = to_utf8(raw)
        extraction = extract(data, path)
        symbols = sorted(extraction.symbols, key=lambda symbol: (symbol.start_byte, -symbol.end_byte))
        for symbol, children in zip(symbols, direct_children(symbols), strict=True):
            body = own_body(data, symbol, children).decode("utf-8", "replace")
            places.append(Place(path, symbol.start_line + 1, symbol.end_line + 1))
            fields.append(
                (path, symbol.container, symbol.name, symbol.kind, symbol.signature, symbol.doc, body)
            )
    return places, fields


def rank(
    vectors: NDArray[np.float32], query: NDArray[np.float32], places: list[Place], limit: int = 10
) -> list[list[object]]:
    """Best symbols by cosine, one hit a file."""
    found: list[list[object]] = []
    seen: set[str] = set()
    for index in np.argsort(-(vectors @ query), kind="stable"):
        place = places[index]
        if place.path not in seen:
            seen.add(place.path)
            found.append([place.path, place.start_line, place.end_line])
            if len(found) == limit:
                break
    return found


def answers_of(
    embedder: Embedder,
    repositories: list[dict[str, str]],
    queries: Path,
    symbols: Callable[[dict[str, str]], tuple[list[Place], list[Fields]]],
    text: Callable[..., str] = embedding_text,
) -> dict[str, dict[str, list[list[object]]]]:
    """The file that `score.py` reads."""
    answers = {}
    for repository in repositories:
        places, fields = symbols(repository)
        vectors = embedder.embed_passages([text(*one) for one in fields])
        asked = [item["query"] for item in json.loads((queries / f"{repository['name']}.json").read_text())]
        answers[repository["name"]] = {
            query: rank(vectors, embedder.embed_query(query), places) for query in asked
        }
    return answers


def score_module(queries: Path) -> ModuleType:
    """The `score.py` that lies beside the queries."""
    spec = importlib.util.spec_from_file_location("score", queries / "score.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def opened(options: argparse.Namespace, repository: dict[str, str], setting: str) -> Engine:
    """The engine over a repository, its index brought up to date."""
    root = options.repositories / repository["name"]
    if setting != "whole":
        root = root / (repository["root"] or "")
    engine = Engine.open(root, options.indexes / setting / repository["name"])
    engine.sync()
    engine.settle()
    return engine


def of_engine(
    options: argparse.Namespace, repositories: list[dict[str, str]], setting: str, mode: Mode
) -> None:
    """Ask every query, score the answers, print the time of a query."""
    answers: dict[str, dict[str, list[list[object]]]] = {}
    times: list[float] = []
    for repository in repositories:
        asked = json.loads((options.queries / "dev" / f"{repository['name']}.json").read_text())
        with opened(options, repository, setting) as engine:
            engine.search("warm up", mode=mode)
            found = answers[repository["name"]] = {}
            for item in asked:
                result = engine.search(SearchRequest(item["query"], 10, mode))
                times.append(result.milliseconds)
                found[item["query"]] = [
                    [hit.path, hit.span.start.line + 1, hit.span.end.line + 1] for hit in result.hits
                ]
    options.output.write_text(json.dumps(answers))
    print(f"{setting}, {mode.value}: p50 {statistics.median(times):.2f} ms")
    subprocess.run([sys.executable, options.queries / "score.py", options.output], check=True)


def latency(options: argparse.Namespace) -> None:
    """Milliseconds of an answer by mode; the first round warms the caches and does not count."""
    questions = [line.strip() for line in options.questions.read_text().splitlines() if line.strip()]
    for root in options.latency:
        with (
            tempfile.TemporaryDirectory() as scratch,
            Engine.open(root, (options.indexes or Path(scratch)) / root.name) as engine,
        ):
            engine.sync()
            engine.settle()
            symbols = engine.status().symbols
            for mode in Mode:
                rounds = [
                    [engine.search(SearchRequest(question, 10, mode)).milliseconds for question in questions]
                    for _ in range(LATENCY_ROUNDS + 1)
                ][1:]
                times = sorted(time for one in rounds for time in one)
                fastest = statistics.median(map(min, zip(*rounds, strict=True)))
                print(
                    f"{root.name}: {symbols} symbols  {mode.value:8}  p50 {statistics.median(times):.2f} ms"
                    f"  p95 {times[int(0.95 * len(times))]:.2f} ms  p50 of the fastest {fastest:.2f} ms",
                    flush=True,
                )


def blanked_copy(root: Path, copy: Path) -> dict[str, tuple[str, int, int]]:
    """Copy a folder without its doc comments; gives each comment's first sentence with its definition."""
    asked: dict[str, tuple[str, int, int]] = {}
    twice: set[str] = set()
    for path, raw in files_of(root):
        data = to_utf8(raw)
        lines = data.decode("utf-8", "replace").split("\n")
        for symbol in extract(data, path).symbols:
            sentence = re.split(r"(?<=[.!?])\s|\n\s*\n", symbol.doc.strip())[0]
            sentence = " ".join(sentence.split())
            if symbol.kind in ("heading", "text") or not symbol.doc:
                continue
            wanted = {" ".join(line.split()) for line in symbol.doc.split("\n")} - {""}
            for number in range(max(0, symbol.start_line - 80), min(len(lines), symbol.start_line + 80)):
                line = " ".join(lines[number].split())
                if any(len(part) > 12 and part in line for part in wanted):
                    lines[number] = ""
            if 4 <= len(sentence.split()) <= 30 and symbol.kind in ("function", "method", "class", "struct"):
                if sentence in asked:
                    twice.add(sentence)
                asked[sentence] = (path, symbol.start_line + 1, symbol.end_line + 1)
        target = copy / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text("\n".join(lines))
    return {sentence: place for sentence, place in asked.items() if sentence not in twice}


def reciprocal_rank(found: list[list[object]], place: tuple[str, int, int]) -> float:
    """1 / rank of the first hit in the file whose lines overlap the definition's."""
    for rank, (path, start, end) in enumerate(found[:10]):
        assert isinstance(start, int)
        assert isinstance(end, int)
        if path == place[0] and start <= place[2] and end >= place[1]:
            return 1 / (rank + 1)
    return 0.0


def docstrings(options: argparse.Namespace) -> None:
    """Mean reciprocal rank of definitions asked for by their doc comments."""
    for root in options.docstrings:
        with tempfile.TemporaryDirectory() as scratch:
            copy = Path(scratch, "copy")
            places = blanked_copy(root, copy)
            queries = random.Random(7).sample(sorted(places), min(DOCSTRING_QUERIES, len(places)))
            line = f"{root.name}: {len(queries)} queries"
            with Engine.open(copy, Path(scratch, "index")) as engine:
                engine.sync()
                engine.settle()
                for mode in Mode:
                    ranks = [
                        reciprocal_rank(
                            [
                                [hit.path, hit.span.start.line + 1, hit.span.end.line + 1]
                                for hit in engine.search(SearchRequest(query, 10, mode)).hits
                            ],
                            places[query],
                        )
                        for query in queries
                    ]
                    line += f"  {mode.value} {statistics.fmean(ranks):.3f}"
            if options.semble_python:
                done = subprocess.run(
                    [options.semble_python, "-c", SEMBLE, copy, options.semble_model],
                    input=json.dumps(queries),
                    capture_output=True,
                    text=True,
                    check=True,
                )
                found = json.loads(done.stdout)
                peer = statistics.fmean(reciprocal_rank(found[query], places[query]) for query in queries)
                line += f"  semble {peer:.3f}"
            print(line, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--queries", type=Path, help="folder with dev/ and score.py")
    parser.add_argument("--repositories", type=Path, help="folder with the checkouts")
    parser.add_argument("--indexes", type=Path, help="folder where the indexes are kept")
    parser.add_argument("--mode", choices=[*(mode.value for mode in Mode), "vectors"], default="hybrid")
    parser.add_argument("--model", default="builtin", help="for mode `vectors`")
    parser.add_argument("--model-path", default="", help="for mode `vectors`")
    parser.add_argument("--whole", action="store_true", help="only whole checkouts")
    parser.add_argument("--sub-folder", action="store_true", help="only the sub-folders")
    parser.add_argument("--docstrings", type=Path, nargs="+", metavar="FOLDER")
    parser.add_argument("--latency", type=Path, nargs="+", metavar="FOLDER")
    parser.add_argument("--questions", type=Path, help="for --latency: a file with one question a line")
    parser.add_argument("--semble-python", help="an interpreter that has semble, to compare with")
    parser.add_argument("--semble-model", help="folder of the static model that semble is to use")
    parser.add_argument("--output", type=Path, default=Path("retrieval-results.json"))
    options = parser.parse_args()
    if options.docstrings:
        docstrings(options)
        return
    if options.latency:
        if options.questions is None:
            parser.error("--latency needs --questions")
        latency(options)
        return
    if options.queries is None or options.repositories is None:
        parser.error("give --queries and --repositories, or --docstrings")
    repositories = json.loads((options.queries / "dev" / "repositories.json").read_text())
    settings = ["whole"] if options.whole else ["sub-folder"] if options.sub_folder else list(SETTINGS)
    if options.mode != "vectors":
        with tempfile.TemporaryDirectory() as scratch:
            options.indexes = options.indexes or Path(scratch)
            for setting in settings:
                of_engine(options, repositories, setting, Mode(options.mode))
        return
    embedder = load_embedder(SemanticSettings(model=options.model, model_path=options.model_path))
    for setting in settings:

        def symbols(repository: dict[str, str], setting: str = setting) -> tuple[list[Place], list[Fields]]:
            root = options.repositories / repository["name"]
            return symbols_of(root if setting == "whole" else root / (repository["root"] or ""))

        answers = answers_of(embedder, repositories, options.queries / "dev", symbols)
        options.output.write_text(json.dumps(answers))
        print(f"{setting}, vectors alone")
        subprocess.run([sys.executable, options.queries / "score.py", options.output], check=True)


if __name__ == "__main__":
    main()
