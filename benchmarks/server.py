"""Latency and memory of the language server through stdio, as an editor feels them.

Prints, for a folder: start-up, first index, each kind of request at rest, during a burst of saves and during
a reindex, cancellation, the time from didSave to visible, and the private memory by part. Beside them stand a
bare pygls echo as the floor and, with --clangd, clangd's workspace/symbol over a part of the same tree.

    python benchmarks/server.py FOLDER [--index-dir DIR] [--exclude PATTERN ...] [--queries N] [--clangd PART]

The folder is left as it was: the files that the saves and the indexing write are removed again.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(REPOSITORY / "tests" / "server" / "support"))

from raw_client import MINIMAL, VSCODE, NoAnswer, RawClient  # noqa: E402

FILES = 2000
SEARCH = "codanna/semanticSearch"
TRIVIAL = "textDocument/codeAction"
SERVER = (sys.executable, "-P", "-m", "codanna_lsp")
ECHO = (
    "from pygls.lsp.server import LanguageServer\n"
    "s = LanguageServer('echo', '1')\n"
    "@s.feature('echo')\n"
    "def echo(ls, params): return []\n"
    "s.start_io()\n"
)
CLANG = ("-Iinclude", "-Iinclude/uapi", "-Iarch/x86/include", "-Iarch/x86/include/uapi", "-D__KERNEL__")
QUESTIONS = """
allocate memory pages; free a buffer; parse command line options; read a configuration file; register a
device driver; handle an interrupt; compute a checksum; copy data from user space; lock a mutex with a
timeout; insert into a tree; schedule work for later; send a network packet; mount a file system;
compress data; verify a signature; convert a string to an integer; remove an entry from a list; wait
until a condition holds; map a page; print an error message; open a socket; walk the directory tree;
count references; retry after a failure; flush the cache; split a path into parts; decode a header; start
a thread; reset the hardware; find the next free slot
"""


def main() -> None:
    """Run everything and print."""
    arguments = read_arguments()
    print(f"floor: {describe(echo_round_trips(arguments.queries))}   a bare pygls echo")
    print(f"start: {describe(starts(arguments.folder))}   process start to the answer of initialize")
    options: dict[str, Any] = {
        "server": {"watch": "client"},
        "discovery": {"exclude": arguments.exclude},
    }
    if arguments.index_dir:
        options["index"] = {"dir": str(arguments.index_dir)}
    with client_of(SERVER) as client:
        started = time.perf_counter()
        client.initialize(arguments.folder, capabilities=MINIMAL, options=options)
        while True:
            status = client.wait_indexed(24 * 3600)["folders"][0]
            if status.get("reconciled") and status["vectorsPending"] == 0 and status["state"] == "ready":
                break
            time.sleep(1)
        print(
            f"ready after {time.perf_counter() - started:.1f} s: {status['symbols']:,} symbols in"
            f" {status['filesIndexed']:,} files, {status['vectors']:,} vectors of {status['model']}"
        )
        measure(client, arguments)
        print_memory(client.process.pid)
    if arguments.clangd:
        lines = clangd(arguments.folder, arguments.clangd, arguments.queries)
        print(f"clangd over {arguments.clangd}: {lines}")


def read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--index-dir", type=Path, help="keep the index there, for a second run")
    parser.add_argument(
        "--exclude", nargs="*", default=[], help="patterns of what to leave out of the folder"
    )
    parser.add_argument("--queries", type=int, default=200, help="requests of each kind")
    parser.add_argument("--clangd", metavar="PART", help="also measure clangd over this part of the folder")
    arguments = parser.parse_args()
    arguments.folder = arguments.folder.resolve()
    if arguments.index_dir:
        arguments.index_dir = arguments.index_dir.resolve()  # The server takes it for one in the folder.
    return arguments


@contextmanager
def client_of(command: Sequence[str], **environment: str) -> Iterator[RawClient]:
    paths = [str(REPOSITORY / "core"), str(REPOSITORY / "lsp_server"), os.environ.get("PYTHONPATH", "")]
    client = RawClient(
        command, env={"PYTHONPATH": os.pathsep.join(reversed([p for p in paths if p])), **environment}
    )
    try:
        yield client
        client.check()
        client.shut_down(60)  # What a kill would lose is built again at the next start, and measured with it.
    finally:
        client.kill()


def describe(seconds: list[float], limit: str = "") -> str:
    """Quantiles in milliseconds."""
    ordered = sorted(1000 * value for value in seconds)
    if not ordered:
        return "nothing measured"

    def quantile(share: float) -> float:
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]

    line = f"p50 {quantile(0.5):7.2f} ms  p95 {quantile(0.95):7.2f} ms  max {ordered[-1]:7.2f} ms"
    return f"{line}  {limit}" if limit else line


def show(what: str, seconds: list[float], limit: str = "") -> None:
    """One line."""
    print(f"{what:32s} {describe(seconds, limit)}", flush=True)


def echo_round_trips(count: int) -> list[float]:
    with client_of([sys.executable, "-c", ECHO]) as client:
        client.initialize()
        return timed(client, "echo", [{"query": "x"}] * count)


def starts(folder: Path) -> list[float]:
    seconds = []
    for _ in range(5):
        began = time.perf_counter()
        with client_of(SERVER) as client:
            client.request(
                "initialize", {"processId": None, "rootUri": folder.as_uri(), "capabilities": VSCODE}
            )
            seconds.append(time.perf_counter() - began)
    return seconds


def timed(client: RawClient, method: str, all_params: Sequence[Any]) -> list[float]:
    """Round trips, one after the other."""
    seconds = []
    for params in all_params:
        began = time.perf_counter()
        client.request(method, params, timeout=60)
        seconds.append(time.perf_counter() - began)
        client.answers.clear()
    return seconds


# --- what is measured


def measure(client: RawClient, arguments: argparse.Namespace) -> None:
    count = arguments.queries
    rng = random.Random(1)
    questions = [" ".join(question.split()) for question in QUESTIONS.split(";")]
    searches = [{"query": rng.choice(questions), "limit": 10} for _ in range(count)]
    names = real_names(client)
    timed(client, SEARCH, searches[:20])
    show("semanticSearch", timed(client, SEARCH, searches), "p50 8, p95 15")
    for kind, make in name_queries().items():
        queries = [
            {"query": query} for name in rng.choices(names, k=count) if (query := make(name, rng)) is not None
        ]
        show(f"workspace/symbol {kind}", timed(client, "workspace/symbol", queries), "p95 10")
    place = {"line": 0, "character": 0}
    trivial = {
        "textDocument": {"uri": (arguments.folder / "none.c").as_uri()},
        "range": {"start": place, "end": place},
    }
    show("trivial (codeAction)", timed(client, TRIVIAL, [trivial] * count))
    show("cancel to answer", cancels(client, searches), "max 20")
    with scratch_file(arguments.folder) as path:
        show("didSave to visible", saves(client, path, min(count, 60)), "p95 100")
        alone: list[float] = []
        loaded = during(client, lambda: burst(client, path), searches, trivial, alone)
        show("semanticSearch in a save burst", loaded)
        show("trivial in a save burst", alone, "max 50")
    with scratch_folder(arguments.folder) as changes:
        client.notify("workspace/didChangeWatchedFiles", {"changes": changes})
        alone = []
        loaded = during(client, lambda: None, searches, trivial, alone)
        show("semanticSearch while indexing", loaded, "p50 8, p95 15")
        show("trivial while indexing", alone, "max 50")
        began = time.perf_counter()
        while not client.symbols(f"generated_{FILES - 1}_0"):
            time.sleep(0.05)
        print(f"{FILES} files were indexed {time.perf_counter() - began:.1f} s after that")
    for _ in range(1 + 1000 // count):
        timed(client, SEARCH, searches)


def real_names(client: RawClient) -> list[str]:
    """Names that the index has, found by two-letter queries; waits while the server gets its names ready."""
    while not client.request("workspace/symbol", {"query": "init"}, timeout=60):
        time.sleep(0.5)
    names: set[str] = set()
    letters = "abcdefghilmnoprstuv"
    for first in letters:
        for second in "aeiorstl":
            items = client.request("workspace/symbol", {"query": first + second}, timeout=60)
            names.update(item["name"] for item in items if 4 <= len(item["name"]) <= 40)
    return sorted(names)


def name_queries() -> dict[str, Callable[[str, random.Random], str | None]]:
    """The kinds of queries, each made from a real name."""

    def words(name: str) -> list[str]:
        return [part for part in re.findall(r"[A-Z]?[a-z0-9]+|[A-Z]+(?![a-z])", name) if part]

    def humps(name: str, rng: random.Random) -> str | None:
        parts = words(name)
        return "".join(part[0] for part in parts) if len(parts) >= 3 else None

    def word(name: str, rng: random.Random) -> str | None:
        return max(words(name), key=len, default=None)

    def typo(name: str, rng: random.Random) -> str:
        at = rng.randrange(1, len(name) - 1)
        return name[:at] + name[at + 1] + name[at] + name[at + 2 :]

    def subsequence(name: str, rng: random.Random) -> str:
        return name[0] + "".join(letter for letter in name[1:] if rng.random() < 0.6)

    return {
        "exact": lambda name, rng: name,
        "prefix": lambda name, rng: name[: max(3, len(name) // 2)],
        "humps": humps,
        "word": word,
        "substring": lambda name, rng: name[len(name) // 4 : len(name) // 4 + 5],
        "subsequence": subsequence,
        "one typo": typo,
        "two letters": lambda name, rng: name[:2],
        "one letter": lambda name, rng: name[:1],
        "empty": lambda name, rng: "",
        "nothing fits": lambda name, rng: "zqxj" + name[::-1],
        "Container.name": lambda name, rng: f"init.{name}",
        "path/name": lambda name, rng: f"lib/{name}",
        "plain words": lambda name, rng: "how is a " + " ".join(words(name)[:3]).lower() + " made",
    }


def cancels(client: RawClient, searches: Sequence[Any]) -> list[float]:
    seconds = []
    for params in searches[:100]:
        msg_id = client.start_request(SEARCH, params)
        began = time.perf_counter()
        client.notify("$/cancelRequest", {"id": msg_id})
        client.answer(msg_id)
        seconds.append(time.perf_counter() - began)
    return seconds


@contextmanager
def scratch_file(folder: Path) -> Iterator[Path]:
    path = folder / "codanna_benchmark_scratch.c"
    try:
        yield path
    finally:
        path.unlink(missing_ok=True)


@contextmanager
def scratch_folder(folder: Path) -> Iterator[list[dict[str, Any]]]:
    """New files to index, and the events that announce them."""
    place = folder / "codanna_benchmark_scratch"
    place.mkdir()
    try:
        changes = []
        for number in range(FILES):
            path = place / f"generated_{number}.c"
            path.write_text(
                "".join(
                    f"/* Computes value {item} of {number}. */\n"
                    f"int generated_{number}_{item}(int value)\n{{\n\treturn value * {item};\n}}\n\n"
                    for item in range(20)
                )
            )
            changes.append({"uri": path.as_uri(), "type": 1})
        yield changes
    finally:
        shutil.rmtree(place)


def save(client: RawClient, path: Path, number: int) -> str:
    name = f"benchmark_saved_symbol_{number}"
    path.write_text(
        f"/* Saved by the benchmark. */\nint {name}(int value)\n{{\n\treturn value + {number};\n}}\n"
    )
    client.notify("textDocument/didSave", {"textDocument": {"uri": path.as_uri()}})
    return name


def saves(client: RawClient, path: Path, count: int) -> list[float]:
    seconds = []
    for number in range(count):
        name = save(client, path, number)
        began = time.perf_counter()  # The editor writes the file before it says so.
        while name not in client.symbols(name):
            pass
        seconds.append(time.perf_counter() - began)
    return seconds


def burst(client: RawClient, path: Path) -> None:
    for number in range(20):
        save(client, path, 1000 + number)


def during(
    client: RawClient,
    disturb: Callable[[], None],
    searches: Sequence[Any],
    trivial: Any,
    trivial_seconds: list[float],
) -> list[float]:
    """Searches and trivial requests while something else goes on."""
    seconds: list[float] = []
    for number, params in enumerate(searches[:100]):
        if number % 5 == 0:
            disturb()
        try:
            seconds += timed(client, SEARCH, [params])
            trivial_seconds += timed(client, TRIVIAL, [trivial])
        except NoAnswer:
            print("no answer within 60 s")
    return seconds


def print_memory(pid: int) -> None:
    """Private memory of the server by part, from the kernel's own table."""
    parts: dict[str, int] = defaultdict(int)
    part = ""
    for line in Path(f"/proc/{pid}/smaps").read_text().splitlines():
        if re.match(r"[0-9a-f]+-[0-9a-f]+ ", line):
            name = line.split(None, 5)[5] if len(line.split(None, 5)) > 5 else ""
            part = (
                "heap"
                if name == "[heap]"
                else "anonymous"
                if not name or name.startswith("[")
                else "index files"
            )
            if ".so" in name or "/bin/python" in name or "libpython" in name:
                part = "libraries"
        elif line.startswith("Private_"):
            kind, size = line.split()[:2]
            # Clean pages of a mapped file are the system's cache, taken back whenever it needs them.
            cached = kind == "Private_Clean:" and part in ("index files", "libraries")
            parts["cached files" if cached else part] += int(size)
    cached_size = parts.pop("cached files", 0)
    total = sum(parts.values()) / 1024
    listed = ", ".join(f"{name} {size / 1024:.0f}" for name, size in sorted(parts.items()))
    print(
        f"private memory {total:.0f} MiB of 250: {listed}; besides {cached_size / 1024:.0f} of cached files"
    )


def clangd(folder: Path, part: str, count: int) -> str:
    """clangd's workspace/symbol after its background index of the C files of a part of the tree."""
    sources = sorted((folder / part).rglob("*.c"))
    with tempfile.TemporaryDirectory() as database:
        entries = [
            {
                "directory": str(folder),
                "file": str(path),
                "arguments": ["clang", "-fsyntax-only", *CLANG, str(path)],
            }
            for path in sources
        ]
        (Path(database) / "compile_commands.json").write_text(json.dumps(entries))
        command = [
            "clangd",
            f"--compile-commands-dir={database}",
            "--background-index",
            "--limit-results=200",
        ]
        try:
            context = client_of(command, XDG_CACHE_HOME=database)
        except FileNotFoundError:
            return "not installed"
        with context as client:
            client.initialize(folder, capabilities={"window": {"workDoneProgress": True}})
            document = {
                "uri": sources[0].as_uri(),
                "languageId": "c",
                "version": 1,
                "text": sources[0].read_text(),
            }
            client.notify("textDocument/didOpen", {"textDocument": document})
            began = time.perf_counter()
            client.wait(
                lambda: any(item["value"]["kind"] == "end" for item in client.seen("$/progress")),
                3600,
                "index",
            )
            seconds = time.perf_counter() - began
            rng = random.Random(1)
            names = real_names(client)
            lines = [f"{len(sources)} files indexed in {seconds:.0f} s, {len(names)} names sampled"]
            for kind, make in name_queries().items():
                if kind in ("plain words", "path/name", "Container.name"):
                    continue
                queries = [
                    {"query": query} for name in rng.choices(names, k=count) if (query := make(name, rng))
                ]
                if queries:
                    lines.append(f"  {kind:14s} {describe(timed(client, 'workspace/symbol', queries))}")
            return "\n".join(lines)


if __name__ == "__main__":
    try:
        main()
    except (KeyboardInterrupt, subprocess.SubprocessError) as error:
        sys.exit(str(error) or "stopped")
