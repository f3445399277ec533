"""Cold index of folders against peers in the same run: `python benchmarks/cold_index.py FOLDER [FOLDER ...]`.

Prints wall time, files and symbols a second, peak memory of all processes together (proportional set size),
the time to the first answer, a reconciliation with nothing changed, and single saves, then the ratios against
universal-ctags (no meaning, names only) and, where `--semble-python` names an interpreter that has it
together with `--semble-model`, a local static model folder, against semble.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

# As `codanna-lsp` itself does; numpy reads it when it is imported.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from codanna_core import Engine
from codanna_core.results import Progress

SEMBLE = """
import sys, time
from semble import ContentType, SembleIndex
started = time.perf_counter()
index = SembleIndex.from_path(sys.argv[1], content=tuple(ContentType), model_path=sys.argv[2])
print(len(index.chunks), time.perf_counter() - started)
"""


class PeakMemory:
    """Samples the memory of this process and its children, with and without mapped files."""

    def __init__(self) -> None:
        self.megabytes = 0.0
        self.private = 0.0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> PeakMemory:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.wait(0.5):
            used = [_memory(process) for process in _family(os.getpid())]
            self.megabytes = max(self.megabytes, sum(whole for whole, _ in used))
            self.private = max(self.private, sum(private for _, private in used))


def _family(top: int) -> Iterator[int]:
    yield top
    try:
        children = Path(f"/proc/{top}/task/{top}/children").read_text().split()
    except OSError:
        return
    for child in children:
        yield from _family(int(child))


def _memory(process: int) -> tuple[float, float]:
    """Proportional set size of one process, and its part that is no page of a file, in MB."""
    found = {"Pss:": 0.0, "Pss_Anon:": 0.0}
    try:
        for line in Path(f"/proc/{process}/smaps_rollup").read_text().splitlines():
            name, *rest = line.split()
            if name in found:
                found[name] = int(rest[0]) / 1024
    except OSError:
        pass  # Ended since it was listed.
    return found["Pss:"], found["Pss_Anon:"]


@contextmanager
def temporary_folder(parent: str | None) -> Iterator[Path]:
    path = Path(tempfile.mkdtemp(dir=parent))
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def processor_seconds() -> float:
    """Processor time of this process and of its children that have ended."""
    used = os.times()
    return used.user + used.system + used.children_user + used.children_system


def index(root: Path, folder: Path, saves: int) -> tuple[float, float, int]:
    """Index `root`, print what it took, and return wall and processor time until everything was
    searchable, and how many symbols that were.
    """
    first: list[float] = []
    before = processor_seconds()
    with PeakMemory() as memory, Engine.open(root, folder) as engine:
        started = time.perf_counter()

        def watch() -> None:
            while not first:
                try:
                    if engine.search("open a file", limit=1).hits:
                        first.append(time.perf_counter() - started)
                        return
                except Exception:
                    pass  # There is no index yet.
                time.sleep(0.1)

        watcher = threading.Thread(target=watch, daemon=True)
        watcher.start()
        told = 0.0

        def show(progress: Progress) -> None:
            nonlocal told
            if time.perf_counter() - told > 10:
                told = time.perf_counter()
                print(f"  … {progress.done}/{progress.total} files", file=sys.stderr, flush=True)

        report = engine.sync(progress=show)
        wall = time.perf_counter() - started
        first.append(wall)
        status = engine.status()
        processor = processor_seconds() - before
        print(
            f"  codanna-lsp   {wall:8.1f} s   {status.files_indexed / wall:7.0f} files/s   "
            f"{status.symbols / wall:8.0f} symbols/s   ({processor:.0f} s of processor time)\n"
            f"  {status.files_indexed} files, {status.symbols} symbols, {status.vectors_total} vectors"
        )
        print(
            f"  peak memory   {memory.megabytes:8.0f} MB   ({memory.private:.0f} MB without mapped files)\n"
            f"  first answer  {first[0]:8.2f} s    index {status.bytes_on_disk / 1e6:.0f} MB"
        )
        quiet = []
        for _ in range(5):
            begun = time.perf_counter()
            engine.sync()
            quiet.append(time.perf_counter() - begun)
        print(
            f"  nothing changed {statistics.median(quiet):6.3f} s   "
            f"{report.added / statistics.median(quiet):9.0f} files/s"
        )
        begun = time.perf_counter()
        engine.settle()
        settled = time.perf_counter() - begun
        print(f"  clusters and merges  {settled:.1f} s   peak memory {memory.megabytes:.0f} MB")
        if saves:
            measure_saves(engine, root, saves)
        return wall, processor, status.symbols


def measure_saves(engine: Engine, root: Path, saves: int) -> None:
    """Save a file of twenty new functions again and again; the time until the next search finds one."""
    path = root / "codanna_benchmark_save.py"
    times = []
    try:
        for number in range(saves):
            functions = [
                f"def saved_{number}_{part}(value):\n    return value + {part}\n" for part in range(20)
            ]
            path.write_text("\n".join(functions))
            begun = time.perf_counter()
            engine.update([path])
            hits = engine.search(f"saved_{number}_7", limit=1).hits
            times.append((time.perf_counter() - begun) * 1000)
            assert hits[0].name == f"saved_{number}_7", (number, hits)
    finally:
        path.unlink(missing_ok=True)
        engine.update([path])
    times.sort()
    middle, slow = times[len(times) // 2], times[int(len(times) * 0.95)]
    print(f"  one save visible  p50 {middle:.1f} ms   p95 {slow:.1f} ms")


def ctags(root: Path, languages: str | None) -> tuple[float, int] | None:
    """Time and number of tags of universal-ctags over the same folder. Restricted to C it leaves the headers
    out, which it takes for C++.
    """
    if shutil.which("ctags") is None:
        return None
    command = ["ctags", "-R", "--totals=yes", "-f", "-"]
    if languages:
        command.append(f"--languages={languages}")
    started = time.perf_counter()
    done = subprocess.run(
        [*command, str(root)],
        check=False,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
    )
    seconds = time.perf_counter() - started
    tags = re.search(r"(\d+) tags added", done.stderr)
    if done.returncode or tags is None:
        print("  ctags did not finish")
        return None
    return seconds, int(tags[1])


def semble(python: str, model: str, root: Path) -> tuple[float, float] | None:
    """Wall and processor time of semble over the same folder; None where it does not finish."""
    before = processor_seconds()
    with temporary_folder(None) as cache:
        done = subprocess.run(
            [python, "-c", SEMBLE, str(root), model],
            env={**os.environ, "SEMBLE_CACHE_LOCATION": str(cache)},
            capture_output=True,
            text=True,
            check=False,
        )
    if done.returncode:
        print(f"  semble did not finish: {done.stderr.strip().splitlines()[-1:]}")
        return None
    chunks, seconds = done.stdout.split()[-2:]
    print(f"  semble found {chunks} chunks")
    return float(seconds), processor_seconds() - before


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--languages", help="restrict ctags to these, for instance C")
    parser.add_argument("--saves", type=int, default=40)
    parser.add_argument("--index-parent", help="where the temporary indexes go")
    parser.add_argument("--semble-python")
    parser.add_argument("--semble-model")
    options = parser.parse_args(arguments)
    # The engine takes a relative path of a file for one of the workspace, and not of the current folder.
    for root in map(Path.resolve, options.folders):
        print(root)
        with temporary_folder(options.index_parent) as folder:
            ours, processor, symbols = index(root, folder, options.saves)
        for languages in dict.fromkeys((options.languages, None)):
            theirs = ctags(root, languages)
            if theirs is not None:
                seconds, tags = theirs
                print(
                    f"  ctags         {seconds:8.1f} s   ratio {ours / seconds:.2f}x   {tags} tags"
                    f" ({languages or 'all languages'}), ratio by symbol"
                    f" {ours / symbols / (seconds / tags):.2f}x"
                )
        if options.semble_python and options.semble_model:
            peer = semble(options.semble_python, options.semble_model, root)
            if peer is not None:
                print(
                    f"  semble        {peer[0]:8.1f} s   ratio {ours / peer[0]:.2f}x   "
                    f"({peer[1]:.0f} s of processor time, ratio {processor / peer[1]:.2f}x)"
                )


if __name__ == "__main__":
    main()
