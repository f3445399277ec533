"""References by this server beside those by a language server, on one project, in one run.

    python benchmarks/beside.py PROJECT TRUTH.tsv -- gopls serve
    python benchmarks/beside.py PROJECT TRUTH.tsv -- clangd --background-index --compile-commands-dir=FOLDER
    python benchmarks/beside.py PROJECT TRUTH.tsv -- pyright-langserver --stdio

Prints for both the time from a cold start to the first answer and to the whole one, the memory that they hold
afterwards, and how many references each finds that the other does not, and how many of these the truth of
`benchmarks/truth` knows. The index is made in a folder of its own; tools are not installed here.
"""

from __future__ import annotations

import argparse
import random
import shutil
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote, urlparse

from codanna_core.testing.relations import MemoryProvider
from relations import is_variable, read_truth

REPOSITORY = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(REPOSITORY / "tests" / "server" / "support"))

from raw_client import MINIMAL, RawClient  # noqa: E402

OURS = (sys.executable, "-P", "-m", "codanna_lsp")
STEADY_S = 12.0
"""An answer that has not grown for so long is whole."""
PATIENCE_S = 180.0
PAUSE_S = 0.1
LANGUAGES = {".go": "go", ".py": "python", ".c": "c", ".h": "c", ".cpp": "cpp", ".hpp": "cpp", ".rs": "rust"}

Place = tuple[str, int]


class Asked(NamedTuple):
    """A definition, and the places that use it according to the truth."""

    path: str
    line: int
    character: int
    known: frozenset[Place]


def chosen(project: Path, truth: Path, count: int) -> list[Asked]:
    """Definitions that are used in several files, picked at random."""
    provider = MemoryProvider.of_folder(project)
    known: dict[Place, set[Place]] = defaultdict(set)
    names: dict[Place, str] = {}
    for use in read_truth(truth, provider).values():
        for target in use.targets if len(use.targets) == 1 else ():
            if not is_variable(provider, use.name, *target):
                known[target].add((use.path, use.line))
                names.setdefault(target, use.name)
    found = []
    for path, line in sorted(known):
        text = provider.texts[path].decode("utf-8", "replace").splitlines()[line]
        character = text.find(names[path, line])
        several = len({other for other, _ in known[path, line]}) > 1
        if several and character >= 0 and text.isascii():
            found.append(Asked(path, line, character, frozenset(known[path, line])))
    return random.Random(1).sample(found, min(count, len(found)))


class Server:
    """A server that is asked for references."""

    def __init__(self, command: Sequence[str], root: Path, *, ours: bool, **environment: str) -> None:
        self.root = root
        self._ours = ours
        self._open: set[str] = set()
        self.started = time.monotonic()
        self.client = RawClient(command, env=environment)
        self.client.initialize(root, capabilities=MINIMAL)

    def references(self, asked: Asked) -> set[Place]:
        """Paths and lines, the definition left out."""
        uri = (self.root / asked.path).as_uri()
        if uri not in self._open:
            self._open.add(uri)
            path = self.root / asked.path
            item = {
                "uri": uri,
                "languageId": LANGUAGES.get(path.suffix, "plaintext"),
                "version": 1,
                "text": path.read_text("utf-8", "replace"),
            }
            self.client.notify("textDocument/didOpen", {"textDocument": item})
        params: dict[str, Any] = {
            "textDocument": {"uri": uri},
            "position": {"line": asked.line, "character": asked.character},
        }
        if self._ours:
            found = self._request("codanna/references", {**params, "budget": 60})["edges"]
        else:
            context = {"context": {"includeDeclaration": False}}
            found = self._request("textDocument/references", {**params, **context}) or []
        places = {(self._path(item["uri"]), item["range"]["start"]["line"]) for item in found}
        return places - {(asked.path, asked.line)}

    def cold(self, asked: Asked) -> tuple[float, float]:
        """Seconds from the start to the first reference, and to the last one."""
        first = last = 0.0
        most = 0
        while time.monotonic() - self.started < PATIENCE_S:
            count = len(self.references(asked))
            now = time.monotonic() - self.started
            first = first or (now if count else 0.0)
            if count > most:
                most, last = count, now
            if last and now - last > STEADY_S:
                break
            time.sleep(PAUSE_S)
        return first, last

    def memory(self) -> float:
        """Megabytes that the process and its children hold, shared pages by their share."""
        return sum(map(_held, _tree(self.client.process.pid))) / 1e6

    def _request(self, method: str, params: Any) -> Any:
        answer = self.client.answer(self.client.start_request(method, params), 120)
        if "error" in answer:
            return {"edges": []} if self._ours else []
        return answer["result"]

    def _path(self, uri: str) -> str:
        path = Path(unquote(urlparse(uri).path)).resolve()
        return path.relative_to(self.root).as_posix() if path.is_relative_to(self.root) else uri


def _tree(pid: int) -> list[int]:
    found = [pid]
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in task.read_text().split():
            found += _tree(int(child))
    return found


def _held(pid: int) -> int:
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    return 0


def compare(ours: Server, theirs: Server, all_asked: Sequence[Asked]) -> None:
    """What each finds, and what the truth says of it."""
    both = only_ours = only_theirs = right_ours = right_theirs = wanted = 0
    times: dict[str, list[float]] = {"ours": [], "theirs": []}
    for asked in all_asked:
        found = {}
        for name, server in (("ours", ours), ("theirs", theirs)):
            started = time.monotonic()
            found[name] = server.references(asked)
            times[name].append(time.monotonic() - started)
        mine, other = found["ours"], found["theirs"]
        both += len(mine & other)
        only_ours += len(mine - other)
        only_theirs += len(other - mine)
        right_ours += len((mine - other) & asked.known)
        right_theirs += len((other - mine) & asked.known)
        wanted += len(asked.known)
    print(
        f"{len(all_asked)} definitions with {wanted} references that the truth knows: both find {both};"
        f" {only_ours} only this server, {right_ours} of them in the truth;"
        f" {only_theirs} only the other, {right_theirs} of them in the truth"
    )
    for name, seconds in times.items():
        seconds.sort()
        half, most = (1000 * seconds[at] for at in (len(seconds) // 2, -1))
        print(f"  {name}: an answer takes {half:.0f} ms (p50), {most:.0f} ms at most")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("project", type=Path)
    parser.add_argument("truth", type=Path)
    parser.add_argument("command", nargs="+", help="the other server and its options, behind `--`")
    parser.add_argument("--questions", type=int, default=30)
    options = parser.parse_args()
    root = options.project.resolve()
    asked = chosen(root, options.truth, options.questions)
    if not asked:
        sys.exit("the truth knows no definition that several files use")
    scratch = Path(tempfile.mkdtemp(prefix="codanna-beside-"))
    servers = []
    try:
        homes = {"XDG_CACHE_HOME": str(scratch / "cache"), "XDG_STATE_HOME": str(scratch / "state")}
        paths = f"{REPOSITORY / 'core'}:{REPOSITORY / 'lsp_server'}"
        environment = {**homes, "PYTHONPATH": paths, "CODANNA_LSP__INDEX__DIR": str(scratch / "index")}
        for name, command, ours in (("ours", OURS, True), ("theirs", options.command, False)):
            server = Server(command, root, ours=ours, **(environment if ours else homes))
            servers.append(server)
            first, last = server.cold(asked[0])
            print(
                f"{name}: first reference after {first:.1f} s, the last after {last:.1f} s,"
                f" {server.memory():.0f} MB held",
                flush=True,
            )
        compare(servers[0], servers[1], asked)
        print(*(f"{server.memory():.0f} MB held after the questions" for server in servers), sep=", ")
    finally:
        for server in servers:
            server.client.kill()
        shutil.rmtree(scratch, ignore_errors=True)


if __name__ == "__main__":
    main()
