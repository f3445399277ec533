"""What agents pay for an answer: `agents.py --corpora FOLDER [--queries FOLDER] [--cosqa FOLDER]`.

For the questions of the yardsticks of `retrieval.py`, development data alone: in how many texts of 500 to
2,000 tokens the right symbol's code is, and after how many tokens it comes (for files: the line that names
the file). Beside it stands a fixed baseline, what an agent without an index does: the content words of the
question are looked for as `ripgrep -i -F` does, files are read whole up to 2,000 lines, those with most
distinct words first. Tokens are counted by the bound of `codanna_core/context/tokens.py` in both columns.

`--semble-python PYTHON` asks semble's MCP server the same questions in the same run, with `--semble-model`,
or with our own table of vectors where its model cannot be downloaded.

`--server FOLDER` measures `codanna-lsp mcp` instead, over a folder whose index is ready: from start to the
first answer beside the import of the SDK alone, `search` over stdio beside echoes, and private memory.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from statistics import median
from typing import Any

import semble_peer
from codanna_core.config import Settings
from codanna_core.context.tokens import most_tokens
from codanna_core.engine import Engine
from codanna_core.files import scan, to_utf8
from codanna_core.results import Context, Form, ShownHit
from codanna_core.words import STOP_WORDS, find_words
from yardsticks.asked import SYMBOLS, Asked, of_changes, of_comments, of_cosqa, of_files, of_questions
from yardsticks.run import opened
from yardsticks.scores import Shown, Target, is_definition, is_file

BUNDLED = Path(__file__).parents[1] / "core/codanna_core/embed/models/codanna-code-256"
BUDGETS = (500, 1000, 1500, 2000)
MOST_LINES = 2000
_NEVER = semble_peer.NEVER
_ECHOES = 200


@dataclass(frozen=True, slots=True)
class Row:
    """One question: whether the first hit was right, and after how many tokens the answer is there."""

    first: bool
    within: tuple[bool, ...]
    tokens: int
    baseline: int
    milliseconds: float
    peer: int | None = None
    peer_milliseconds: float = 0.0
    """On the clock, for its server is another process."""


def is_answer(hit: ShownHit, targets: Iterable[Target], *, symbols: bool) -> bool:
    """A symbol's code has to be there, whole or in part; a file only has to be named."""
    if not symbols:
        return any(is_file(Shown.of(hit.hit), target) for target in targets)
    return hit.form is not Form.LINE and any(is_definition(Shown.of(hit.hit), target) for target in targets)


def tokens_until(context: Context, targets: Iterable[Target], *, symbols: bool) -> int:
    """Tokens of the text up to the end of what answers."""
    number = next(
        (number for number, hit in enumerate(context.hits) if is_answer(hit, targets, symbols=symbols)), None
    )
    if number is None:
        return _NEVER
    lines = context.text.split("\n")
    mark = lines[2].split(" ", 1)[0] + " "
    heads = [at for at, line in enumerate(lines) if line.startswith(mark)]
    end = heads[number] + 1 if not symbols else (heads[number + 1] if number + 1 < len(heads) else len(lines))
    return most_tokens("\n".join(lines[:end]))


class Baseline:
    """An agent that has nothing but a text search and files."""

    def __init__(self, root: Path) -> None:
        self.files: dict[str, tuple[str, str]] = {}
        for path in scan(root, Settings().discovery).files:
            text = to_utf8((root / path.path).read_bytes())[0].decode("utf-8", "replace")
            self.files[path.path] = (text.lower(), text)
        self._costs: dict[str, int] = {}

    def tokens_until(self, question: str, targets: Iterable[Target], *, symbols: bool) -> int:
        """Tokens read until the answer has been read."""
        words = {word.lower() for word in find_words(question) if word.lower() not in STOP_WORDS}
        held = {path: sum(word in lower for word in words) for path, (lower, _) in self.files.items()}
        wanted = list(targets)
        read = 0
        for path in sorted(
            (path for path, count in held.items() if count), key=lambda one: (-held[one], one)
        ):
            right = [one for one in wanted if is_file(Shown(path, "", "", "", one.first, one.last), one)]
            if right and not symbols:
                return read + most_tokens(path)
            lines = self.files[path][1].split("\n")[:MOST_LINES]
            ends = [one.last or 1 for one in right if (one.last or 1) <= len(lines)]
            if ends:
                return read + most_tokens("\n".join(lines[: min(ends)]))
            if path not in self._costs:
                self._costs[path] = most_tokens("\n".join(lines))
            read += self._costs[path]
        return _NEVER


def rows_of(asked: Asked, indexes: Path, peer: Peer | None) -> list[Row]:
    symbols = asked.yardstick in SYMBOLS
    rows = []
    with opened(asked.root, indexes / asked.place) as engine:
        baseline = Baseline(asked.root)
        engine.context("warm up", 500)
        for question, targets in asked.questions.items():
            started = time.process_time()
            contexts = [engine.context(question, budget) for budget in BUDGETS]
            spent = 1000 * (time.process_time() - started) / len(BUDGETS)
            hits = contexts[0].result.hits
            theirs, waited = (
                peer.ask(asked.root, question, targets, symbols) if peer is not None else (None, 0.0)
            )
            rows.append(
                Row(
                    bool(hits) and first_is_right(engine, question, targets, symbols=symbols),
                    tuple(
                        any(is_answer(hit, targets, symbols=symbols) for hit in context.hits)
                        for context in contexts
                    ),
                    tokens_until(contexts[-1], targets, symbols=symbols),
                    baseline.tokens_until(question, targets, symbols=symbols),
                    spent,
                    theirs,
                    waited,
                )
            )
    return rows


def first_is_right(engine: Engine, question: str, targets: Iterable[Target], *, symbols: bool) -> bool:
    hits = engine.search(question, limit=10).hits[:1]
    right = is_definition if symbols else is_file
    return any(right(Shown.of(hit), target) for hit in hits for target in targets)


def report(name: str, rows: list[Row]) -> None:
    count = len(rows)

    def share(values: Iterable[bool]) -> str:
        return f"{sum(values) / count:.2f}"

    found = " ".join(share(row.within[at] for row in rows) for at in range(len(BUDGETS)))
    plain = " ".join(share(row.baseline <= budget for row in rows) for budget in BUDGETS)
    ours = sum(row.within[-1] for row in rows)
    # Tokens at which the baseline answers as many questions as we do with the largest budget.
    needed = sorted(row.baseline for row in rows)[max(0, ours - 1)]
    typical = [row.tokens for row in rows if row.tokens < _NEVER]
    print(
        f"{name:<18} {count:>5}  {share(row.first for row in rows)}   {found}   {plain}   "
        f"{median(typical) if typical else 0:>6.0f}   {needed if needed < _NEVER else 'never':>9}   "
        f"{median(row.milliseconds for row in rows):.1f}",
        flush=True,
    )


def wanted(options: argparse.Namespace, indexes: Path) -> Iterator[Asked]:
    sources: list[Iterator[Asked]] = [
        of_questions(options.corpora, held_out=False),
        of_comments(options.corpora, indexes / "copies", held_out=False),
    ]
    if options.cosqa is not None:
        sources.append(of_cosqa(options.cosqa, indexes / "copies"))
    if options.queries is not None:
        sources += [of_files(options.queries, options.corpora), of_changes(options.queries, options.corpora)]
    return chain(*sources)


def report_peer(name: str, rows: list[Row]) -> None:
    counts = [row.peer for row in rows if row.peer is not None]
    if not counts:
        return
    shares = " ".join(f"{sum(one <= budget for one in counts) / len(counts):.2f}" for budget in BUDGETS)
    typical = [one for one in counts if one < _NEVER]
    waited = median(row.peer_milliseconds for row in rows)
    print(
        f"  semble           {len(counts):>5}         {shares}   median {median(typical or [0]):.0f} tokens, "
        f"{waited:.1f} ms a question",
        flush=True,
    )


class Peer:
    """semble's server over stdio, with an index for each folder."""

    def __init__(self, python: Path, model: Path, scratch: Path) -> None:
        self._client = Client(semble_peer.program(python), semble_peer.environment(model, scratch))
        self._warm: set[Path] = set()

    def ask(self, root: Path, question: str, targets: Iterable[Target], symbols: bool) -> tuple[int, float]:
        """Tokens until its answer, and milliseconds."""
        if root not in self._warm:
            self._warm.add(root)
            self._client.call("search", semble_peer.arguments("warm up", root))
        started = time.perf_counter()
        result = self._client.call("search", semble_peer.arguments(question, root))
        waited = 1000 * (time.perf_counter() - started)
        return semble_peer.tokens_until(result, targets, symbols=symbols), waited

    def close(self) -> None:
        """Its memory, and its end."""
        memory = private_mb(self._client.process.pid)
        print(f"private memory of semble's server, with all indexes: {memory:.0f} MB")
        self._client.process.terminate()


def measure(options: argparse.Namespace, indexes: Path) -> None:
    by_yardstick: dict[str, list[Row]] = {}
    peer = None
    if options.semble_python is not None:
        peer = Peer(options.semble_python, options.semble_model, (indexes / "semble").resolve())
    for asked in wanted(options, indexes):
        if (options.only and asked.name not in options.only) or (
            options.yardsticks and asked.yardstick not in options.yardsticks
        ):
            continue
        by_yardstick.setdefault(asked.yardstick, []).extend(rows_of(asked, indexes, peer))
    budgets = " ".join(f"{budget:>4}" for budget in BUDGETS)
    print(
        f"{'yardstick':<18} {'asked':>5}  first  {budgets}  {budgets}   median   baseline   ms\n"
        f"{'':<18} {'':>5}  right  {'answered within':<19}  {'baseline answers':<19}   tokens   as many   CPU"
    )
    for name, rows in by_yardstick.items():
        report(name, rows)
        report_peer(name, rows)
    if peer is not None:
        peer.close()


class Client:
    """A strict client over stdio."""

    def __init__(self, program: Sequence[str], environment: Mapping[str, str] | None = None) -> None:
        self.process = subprocess.Popen(
            program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment
        )
        self._number = 0
        client = {"name": "bench", "version": "1"}
        self.ask("initialize", {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": client})
        self._send({"method": "notifications/initialized"})

    def ask(self, method: str, params: Any) -> Any:
        """The result of one request."""
        self._number += 1
        self._send({"id": self._number, "method": method, "params": params})
        assert self.process.stdout is not None
        while True:
            answer = json.loads(self.process.stdout.readline())
            if answer.get("id") == self._number:
                return answer["result"]

    def search(self, question: str) -> Any:
        """One call of `search`."""
        return self.call("search", {"question": question})

    def call(self, tool: str, arguments: Any) -> Any:
        """One call of a tool."""
        return self.ask("tools/call", {"name": tool, "arguments": arguments})

    def _send(self, message: Any) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps({"jsonrpc": "2.0", **message}).encode() + b"\n")
        self.process.stdin.flush()


def private_mb(pid: int) -> float:
    """Memory that the process shares with no other, in MB; 0 where the system does not say."""
    rollup = Path(f"/proc/{pid}/smaps_rollup")
    if not rollup.exists():
        return 0.0
    fields = (line.split() for line in rollup.read_text().splitlines())
    return sum(int(one[1]) for one in fields if one[0] in ("Private_Clean:", "Private_Dirty:")) / 1024


def timed(call: Callable[[], Any]) -> float:
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


def measure_server(folder: Path) -> None:
    with Engine.open(folder) as engine:
        engine.sync()
        engine.settle()
    ours = [sys.executable, "-m", "codanna_core.cli.main", "mcp", str(folder)]
    load = [sys.executable, "-c", "import mcp.server.lowlevel, mcp.server.stdio"]
    loads, starts = [], []
    for _ in range(5):
        loads.append(timed(lambda: subprocess.run(load, check=True)))
        started = time.perf_counter()
        client = Client(ours)
        client.search("where is an error reported")
        starts.append(time.perf_counter() - started)
        client.process.terminate()
    first, second = Client(ours), Client(ours)
    for one in (first, second):
        one.search("warm up")
    echoes = sorted(timed(lambda: second.ask("ping", {})) for _ in range(_ECHOES))
    searches = sorted(timed(lambda n=n: second.search(f"close connection {n}")) for n in range(_ECHOES))
    print(f"start to first answer / import of the SDK: {median(starts) / median(loads):.2f}")
    print(
        f"search over stdio: p50 {1000 * median(searches):.1f} ms, p95 "
        f"{1000 * searches[int(0.95 * _ECHOES)]:.1f} ms; an echo takes {1000 * median(echoes):.2f} ms"
    )
    print(f"private memory of a second client: {private_mb(second.process.pid):.0f} MB")
    for one in (first, second):
        one.process.terminate()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--corpora", type=Path, help="folder with the checkouts")
    parser.add_argument("--queries", type=Path, help="folder with dev/")
    parser.add_argument("--cosqa", type=Path, help="folder with the data set's files for code search")
    parser.add_argument("--indexes", type=Path, help="folder where indexes and copies are kept")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="only these code bases")
    parser.add_argument("--yardsticks", nargs="+", metavar="NAME", help="only these, as they are printed")
    parser.add_argument("--server", type=Path, metavar="FOLDER", help="measure the MCP server over a folder")
    parser.add_argument("--semble-python", type=Path, help="an interpreter that has semble with its server")
    parser.add_argument(
        "--semble-model",
        type=Path,
        default=BUNDLED,
        help="a model folder that semble can load; default is the one in this package",
    )
    options = parser.parse_args()
    if options.server is not None:
        measure_server(options.server)
        return
    if options.corpora is None:
        parser.error("give --corpora, or --server")
    with tempfile.TemporaryDirectory() as scratch:
        measure(options, options.indexes or Path(scratch))


if __name__ == "__main__":
    main()
