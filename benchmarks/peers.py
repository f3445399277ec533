"""Beside zoekt, with the names that universal-ctags finds, and beside Codanna, in one run.

Builds both from the sources that are named, in a folder outside of this project, and takes universal-ctags
from the system. Prints for each folder what an index from nothing costs, one changed file with a question
after it, a question to a new process and to one that is running, memory and bytes, each as a ratio to ours.

    python benchmarks/peers.py FOLDER... --tools DIR [--zoekt SOURCES] [--codanna SOURCES] [--repeat N]

SOURCES are a folder, or a module or crate with its version, as in `github.com/sourcegraph/zoekt@VERSION` and
`codanna@VERSION`. The folders are copied, and stay as they are. Peers take turns with ours, so that what else
the machine does is the same for all; on a busy one only processor times compare.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

# As `codanna-lsp` itself does; numpy reads it when it is imported.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from codanna_core import Engine

PROJECT = Path(__file__).resolve().parents[1]
QUESTIONS = ("parse header", "open file", "read configuration", "write buffer", "compute checksum")
WARM_ROUNDS = 10
START_S = 60.0


@dataclass(frozen=True, slots=True)
class Cost:
    """What some commands took together; memory is that of the largest process, in MiB."""

    wall: float
    processor: float
    memory: float


class Program(Protocol):
    """One of those that are compared. All of its files are in folders of its own."""

    name: str
    index: Path
    """Where its index lies."""

    def to_index(self) -> list[list[str]]:
        """Commands that build the index, or bring it up to date."""
        ...

    def to_ask(self, question: str) -> list[str]:
        """The command that answers one question."""
        ...

    def running(self) -> Iterator[Callable[[str], None]] | None:
        """What asks a process that keeps running; None where it has none."""
        ...


class Ours:
    """This project."""

    name = "codanna-lsp"

    def __init__(self, folder: Path, index: Path) -> None:
        self._folder = folder
        self.index = index

    def to_index(self) -> list[list[str]]:
        return [[*_OURS, "index", str(self._folder), "--index-dir", str(self.index)]]

    def to_ask(self, question: str) -> list[str]:
        return [*_OURS, "search", question, str(self._folder), "--index-dir", str(self.index)]

    def running(self) -> Iterator[Callable[[str], None]]:
        with Engine.open(self._folder, self.index) as engine:
            yield lambda question: _expect(engine.search(question).hits, question)


_OURS = (sys.executable, "-P", "-m", "codanna_core.cli.main")


class Zoekt:
    """zoekt: a trigram index, ranked with the names that universal-ctags finds."""

    name = "zoekt"

    def __init__(self, programs: Path, ctags: str | None, folder: Path, index: Path) -> None:
        self._programs = programs
        self._ctags = ctags
        self._folder = folder
        self.index = index

    def to_index(self) -> list[list[str]]:
        names = ["-require_ctags"] if self._ctags else ["-disable_ctags"]
        return [[str(self._programs / "zoekt-index"), *names, "-index", str(self.index), str(self._folder)]]

    def to_ask(self, question: str) -> list[str]:
        return [str(self._programs / "zoekt"), "-index_dir", str(self.index), question]

    def running(self) -> Iterator[Callable[[str], None]]:
        port = _free_port()
        command = [self._programs / "zoekt-webserver", "-index", self.index, "-rpc"]
        with _process([*map(str, command), "-listen", f"127.0.0.1:{port}"]):
            yield lambda question: _post(
                port, "/api/search", {"Q": question, "Opts": {"MaxDocDisplayCount": 10}}
            )


class Codanna:
    """Codanna, which keeps its index in the folder that it reads."""

    name = "codanna"

    def __init__(self, program: Path, folder: Path) -> None:
        self._program = ["env", "-C", str(folder), str(program)]
        self.index = folder / ".codanna"

    def to_index(self) -> list[list[str]]:
        begin = [] if self.index.exists() else [[*self._program, "init"]]
        return [*begin, [*self._program, "index", "."]]

    def to_ask(self, question: str) -> list[str]:
        return [*self._program, "mcp", "search_symbols", f"query:{question.split()[-1]}"]

    def running(self) -> None:
        return None


def build_zoekt(sources: str, tools: Path) -> Path:
    """The folder with its three programs."""
    programs = tools / "bin"
    commands = [f"cmd/{name}" for name in ("zoekt-index", "zoekt", "zoekt-webserver")]
    environment = {"GOBIN": str(programs), "GOPATH": str(tools / "go"), "GOFLAGS": "-modcacherw"}
    if Path(sources).is_dir():
        _build(["go", "install", *(f"./{command}" for command in commands)], environment, Path(sources))
    else:
        module, _, version = sources.partition("@")
        _build(
            ["go", "install", *(f"{module}/{command}@{version}" for command in commands)], environment, tools
        )
    return programs


def build_codanna(sources: str, tools: Path) -> Path:
    """Its program."""
    if Path(sources).is_dir():
        what = ["--path", sources]
    else:
        crate, _, version = sources.partition("@")
        what = [crate, "--version", version]
    _build(["cargo", "install", "--locked", "--root", str(tools), *what], {}, tools)
    return tools / "bin" / "codanna"


def _build(command: list[str], environment: dict[str, str], folder: Path) -> None:
    if shutil.which(command[0]) is None:
        raise SystemExit(
            f"`{command[0]}` is not installed, and builds this peer; install it or leave the peer out"
        )
    if subprocess.run(command, env={**os.environ, **environment}, cwd=folder, check=False).returncode:
        raise SystemExit(f"`{' '.join(command)}` failed; name sources that build, or leave the peer out")


def universal_ctags() -> str | None:
    """The one of the system, if it is universal-ctags."""
    for name in ("universal-ctags", "ctags"):
        found = shutil.which(name)
        if found is not None:
            told = subprocess.run([found, "--version"], capture_output=True, text=True, check=False).stdout
            if told.startswith("Universal Ctags"):
                return found
    return None


def measured(commands: Sequence[Sequence[str]]) -> Cost:
    """Run commands one after the other; one that fails ends the benchmark with what it said."""
    wall = processor = memory = 0.0
    for command in commands:
        with tempfile.TemporaryFile() as said:
            began = time.perf_counter()
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=said, stderr=said)
            _, status, used = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            wall += time.perf_counter() - began
            if process.returncode:
                said.seek(0)
                raise SystemExit(
                    f"`{' '.join(command)}` failed: {said.read()[-2000:].decode('utf-8', 'replace')}"
                )
        processor += used.ru_utime + used.ru_stime
        memory = max(memory, used.ru_maxrss / 1024)
    return Cost(wall, processor, memory)


def size_of(folder: Path) -> int:
    """Bytes of all files in a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def compare(programs: Sequence[Program], changed: Sequence[Path], repeat: int) -> dict[str, dict[str, float]]:
    """The medians of what is measured, by its name and that of the program."""
    found: dict[str, dict[str, list[float]]] = {}

    def note(row: str, program: Program, value: float) -> None:
        found.setdefault(row, {}).setdefault(program.name, []).append(value)

    for _ in range(repeat):
        for program in programs:
            shutil.rmtree(program.index, ignore_errors=True)
            cost = measured(program.to_index())
            note("index, wall, s", program, cost.wall)
            note("index, processor, s", program, cost.processor)
            note("index, memory of the largest process, MiB", program, cost.memory)
            note("index, bytes", program, size_of(program.index))
    for number in range(repeat):
        for program, file in zip(programs, changed, strict=True):
            with file.open("a") as more:
                more.write(f"\n# changed {number}\n")
            cost = measured([*program.to_index(), program.to_ask(QUESTIONS[0])])
            note("one file changed, then a question, wall, s", program, cost.wall)
            note("the same, processor, s", program, cost.processor)
    for question in QUESTIONS * repeat:
        for program in programs:
            cost = measured([program.to_ask(question)])
            note("a question to a new process, wall, s", program, cost.wall)
            note("the same question, processor, s", program, cost.processor)
    for program in programs:
        for ask in program.running() or ():
            for question in QUESTIONS:
                ask(question)
            for question in QUESTIONS * WARM_ROUNDS:
                began = time.perf_counter()
                ask(question)
                note(
                    "a question to a running process, p50, ms", program, 1000 * (time.perf_counter() - began)
                )
    return {
        row: {name: statistics.median(values) for name, values in of_program.items()}
        for row, of_program in found.items()
    }


def table(found: dict[str, dict[str, float]], names: Sequence[str]) -> str:
    """As Markdown: ours, and of each peer the figure with the ratio of ours to it."""
    lines = [f"| | {' | '.join(names)} |", "|---|" + "---|" * len(names)]
    for row, values in found.items():
        cells = []
        ours = values[names[0]]
        for name in names:
            value = values.get(name)
            shown = "–" if value is None else f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
            cells.append(shown if value is None or name == names[0] else f"{shown} ({ours / value:.2f} x)")
        lines.append(f"| {row} | {' | '.join(cells)} |")
    return "\n".join(lines)


@contextmanager
def _process(command: list[str]) -> Iterator[None]:
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.kill()
        process.wait()


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def _post(port: int, path: str, body: object) -> None:
    """Ask a server that may still be starting."""
    last = time.monotonic() + START_S
    while True:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=START_S)
        try:
            connection.request("POST", path, json.dumps(body), {"Content-Type": "application/json"})
            answer = connection.getresponse()
            text = answer.read()
        except ConnectionError:
            if time.monotonic() > last:
                raise
            time.sleep(0.05)
            continue
        finally:
            connection.close()
        if answer.status != http.client.OK:
            raise SystemExit(f"{path} answers {answer.status}: {text[:500]!r}")
        return


def _expect(hits: object, question: str) -> None:
    if not hits:
        raise SystemExit(f"nothing was found for `{question}`: choose a folder of source code")


def _one_file(folder: Path) -> Path:
    """The file that is changed: the first of a middle size, so that it is neither empty nor generated."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
    code = [
        path for path in files if path.suffix in (".py", ".c", ".go", ".rs", ".js", ".ts", ".java")
    ] or files
    return min(code, key=lambda path: abs(path.stat().st_size - 8000))


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument(
        "--tools", type=Path, required=True, help="where peers are built, outside of this project"
    )
    parser.add_argument("--zoekt", help="its sources: a folder, or a Go module with @VERSION")
    parser.add_argument("--codanna", help="its sources: a folder, or a crate with @VERSION")
    parser.add_argument("--repeat", type=int, default=3)
    options = parser.parse_args(arguments)
    tools = options.tools.resolve()
    if tools.is_relative_to(PROJECT):
        parser.error(f"{tools} is inside this project; name a folder outside of it")
    tools.mkdir(parents=True, exist_ok=True)
    # An installed package has its bytecode; without, each command would make all of it anew.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    ctags = universal_ctags()
    if ctags is not None:
        os.environ["CTAGS_COMMAND"] = ctags
    zoekt = build_zoekt(options.zoekt, tools) if options.zoekt else None
    codanna = build_codanna(options.codanna, tools) if options.codanna else None
    for root in map(Path.resolve, options.folders):
        with tempfile.TemporaryDirectory() as place:
            print(f"\n{root.name}, universal-ctags {'found' if ctags else 'not found'}\n")
            print(run(root, Path(place), zoekt, codanna, ctags, options.repeat))


def run(
    root: Path, place: Path, zoekt: Path | None, codanna: Path | None, ctags: str | None, repeat: int
) -> str:
    """Compare on one folder, of which each program has a copy, and give the table."""
    for name in ("XDG_CACHE_HOME", "XDG_STATE_HOME", "XDG_CONFIG_HOME"):
        os.environ[name] = str(place / name)

    def copy(name: str) -> Path:
        return Path(shutil.copytree(root, place / name / root.name, symlinks=True))

    programs: list[Program] = [Ours(copy("ours"), place / "index")]
    changed = [_one_file(place / "ours" / root.name)]
    if zoekt is not None:
        programs.append(Zoekt(zoekt, ctags, copy("zoekt"), place / "zoekt-index"))
        changed.append(_one_file(place / "zoekt" / root.name))
    if codanna is not None:
        programs.append(Codanna(codanna, copy("codanna")))
        changed.append(_one_file(place / "codanna" / root.name))
    return table(compare(programs, changed, repeat), [program.name for program in programs])


if __name__ == "__main__":
    main()
