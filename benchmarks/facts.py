"""What facts for relations cost: `python benchmarks/facts.py FOLDER [FOLDER ...]`.

Prints for each folder the processor time of indexing it and of reading its facts afterwards, the share of the
index that facts are, and how long a question about callers takes with all facts there. Times are processor
times of all processes, because the machine may be shared; look at the ratios.
"""

from __future__ import annotations

import argparse
import os
import random
import resource
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

# As `codanna-lsp` itself does; numpy reads it when it is imported.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from codanna_core import Engine
from codanna_core.cancel import Cancel
from codanna_core.parsing.parser import HELPERS, PATIENT
from codanna_core.relations.encoding import decode
from codanna_core.results import Relation, RelationRequest
from codanna_core.storage.collect import tree_size

QUESTIONS = 60


def processor_time(work: Callable[[], object]) -> float:
    """Seconds that this process and its children use until the work is done; helpers are ended first."""
    PATIENT.close()
    HELPERS.close()
    before = _used()
    work()
    PATIENT.close()
    HELPERS.close()
    return _used() - before


def _used() -> float:
    own, children = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


def measure(root: Path, runs: int) -> None:
    """Print one folder's lines."""
    ratios = []
    for _ in range(runs):
        folder = Path(tempfile.mkdtemp(prefix="codanna-facts-"))
        try:
            with Engine.open(root, folder / "index") as engine:
                indexing = processor_time(lambda: (engine.sync(), engine.settle()))
                whole = tree_size(engine.folder.path)
                facts = processor_time(lambda: engine._writer.facts.fill(Cancel()))
                ratios.append(facts / indexing)
                print(f"{root.name}: index {indexing:.1f} s, facts {facts:.1f} s, {facts / indexing:.2f}x")
                last = _ == runs - 1
                if last:
                    sizes(engine, whole)
                    questions(engine)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    print(f"{root.name}: facts take {statistics.median(ratios):.2f}x of indexing (median of {runs})")


def sizes(engine: Engine, whole: int) -> None:
    """Bytes of the facts by what they are about."""
    size = tree_size(engine.folder.path / "facts")
    store = engine._writer.facts._opened()
    held = [data for data in map(store.get, store.held()) if data]
    started = time.process_time()
    uses = sum(len(decode(data).references) for data in held)
    decoding = (time.process_time() - started) / max(1, len(held))
    print(
        f"{engine.root.name}: index {whole / 1e6:.1f} MB, facts {size / 1e6:.2f} MB, {size / whole:.1%};"
        f" {len(held)} files with {uses} uses, {size / max(1, uses):.1f} bytes a use,"
        f" {decoding * 1e3:.2f} ms a file to decode"
    )


def questions(engine: Engine) -> None:
    """Callers of functions picked at random."""
    symbols = [
        symbol
        for file in engine._writer.text.snapshot().files()
        for symbol in engine._writer.text.snapshot().symbols_of(file.path)
        if symbol.kind in ("function", "method")
    ]
    symbols.sort(key=lambda symbol: (symbol.path, symbol.name_line))
    times, edges = [], 0
    for symbol in random.Random(1).sample(symbols, min(QUESTIONS, len(symbols))):
        request = RelationRequest(Relation.CALLERS, symbol.name, symbol.path, symbol.name_line)
        started = time.process_time()
        edges += len(engine.relations(request).edges)
        times.append((time.process_time() - started) * 1e3)
    times.sort()
    print(
        f"{engine.root.name}: callers of {len(times)} functions, {edges} edges:"
        f" p50 {times[len(times) // 2]:.1f} ms, p95 {times[len(times) * 95 // 100]:.1f} ms"
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    for folder in options.folders:
        measure(folder.resolve(), options.runs)


if __name__ == "__main__":
    main()
