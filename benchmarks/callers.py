"""How soon a client knows the callers of something: `python benchmarks/callers.py FOLDER`.

Prints, in round trips of a bare pygls echo on the same machine, how long `codanna/callers` takes while the
facts of the project are still being read and when they are there, and how soon callers see a save beside how
soon `workspace/symbol` does. The folder is copied; its index is made in a folder of its own.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(REPOSITORY / "tests" / "server" / "support"))

from raw_client import MINIMAL, RawClient  # noqa: E402

from server import ECHO, SERVER  # noqa: E402

CALLERS = "codanna/callers"
PATIENCE_S = 600.0
SAVES = 8
SUFFIXES = {
    ".c": "\nstatic int {0}(void) {{ return 1; }}\nint use_{0}(void) {{ return {0}(); }}\n",
    ".go": "\nfunc {0}() int {{ return 1 }}\nfunc use_{0}() int {{ return {0}() }}\n",
    ".py": "\ndef {0}(): return 1\ndef use_{0}(): return {0}()\n",
    ".rs": "\nfn {0}() -> u8 {{ 1 }}\nfn use_{0}() -> u8 {{ {0}() }}\n",
    ".ts": "\nfunction {0}() {{ return 1; }}\nfunction use_{0}() {{ return {0}(); }}\n",
}


def quantiles(seconds: Sequence[float], unit: float) -> str:
    ordered = sorted(seconds)
    half, most = (ordered[int(share * (len(ordered) - 1))] / unit for share in (0.5, 0.95))
    return f"p50 {half:.1f}, p95 {most:.1f}"


def echo_s(root: Path) -> float:
    """The median round trip of a bare echo."""
    client = RawClient((sys.executable, "-c", ECHO))
    try:
        client.initialize(root, capabilities=MINIMAL)
        seconds = []
        for _ in range(300):
            started = time.perf_counter()
            client.request("echo", {})
            seconds.append(time.perf_counter() - started)
        return sorted(seconds)[len(seconds) // 2]
    finally:
        client.kill()


def asked(client: RawClient, name: str) -> tuple[float | None, float]:
    """Seconds to the first part of an answer, if it has one, and to the whole."""
    before = len(client.notifications)
    started = time.perf_counter()
    number = client.start_request(
        CALLERS, {"name": name, "partialResultToken": f"{name}{before}", "budget": 60}
    )
    first = None
    while number not in client.answers:
        if first is None and any(one["method"] == "$/progress" for one in client.notifications[before:]):
            first = time.perf_counter() - started
        time.sleep(0.0005)
    return first, time.perf_counter() - started


def names_of(client: RawClient, count: int) -> list[str]:
    """Functions of the project, picked at random."""
    found: set[str] = set()
    for letter in "aeioustrn":
        hits: list[dict[str, Any]] = client.request("workspace/symbol", {"query": letter}) or []
        found |= {hit["name"] for hit in hits if hit["kind"] in (6, 12)}
    return random.Random(1).sample(sorted(found), min(count, len(found)))


def saved(client: RawClient, root: Path) -> tuple[list[float], list[float]]:
    """Seconds from a save to a new function in `workspace/symbol`, and to its caller."""
    files = [path for path in sorted(root.rglob("*")) if path.suffix in SUFFIXES and path.is_file()]
    file = min(files, key=lambda path: abs(path.stat().st_size - 10_000))
    text = file.read_bytes()
    searched: list[float] = []
    called: list[float] = []
    for number in range(SAVES):
        name = f"zz_fresh_{number}_{os.getpid()}"
        file.write_bytes(text + SUFFIXES[file.suffix].format(name).encode())
        started = time.perf_counter()
        client.notify("workspace/didChangeWatchedFiles", {"changes": [{"uri": file.as_uri(), "type": 2}]})
        seen: dict[str, float] = {}
        while len(seen) < 2 and time.perf_counter() - started < PATIENCE_S:
            for what in ("search", "callers") if number % 2 else ("callers", "search"):
                if what not in seen and _sees(client, what, name):
                    seen[what] = time.perf_counter() - started
        searched.append(seen["search"])
        called.append(seen["callers"])
    return searched, called


def _sees(client: RawClient, what: str, name: str) -> bool:
    if what == "callers":
        return bool(client.request(CALLERS, {"name": name})["edges"])
    hits = client.request("workspace/symbol", {"query": name}) or []
    return any(hit["name"] == name for hit in hits)


def measure(root: Path, scratch: Path, count: int) -> None:
    """Print everything."""
    echo = echo_s(root)
    environment = {
        "PYTHONPATH": f"{REPOSITORY / 'core'}:{REPOSITORY / 'lsp_server'}",
        "XDG_CACHE_HOME": str(scratch / "cache"),
        "XDG_STATE_HOME": str(scratch / "state"),
        "CODANNA_LSP__SEMANTIC__ENABLED": "false",
    }
    client = RawClient(SERVER, env=environment)
    try:
        client.initialize(root, capabilities=MINIMAL)
        client.wait_indexed(PATIENCE_S)
        names = names_of(client, count)
        answers = [asked(client, name) for name in names]
        firsts = [first for first, _ in answers if first is not None]
        folder = client.request("codanna/status", {})["folders"][0]
        print(f"echo {1000 * echo:.2f} ms; {folder['factsFiles']} of {folder['factsTotal']} files have facts")
        print(f"while facts are read: first part {quantiles(firsts, echo)} echoes" if firsts else "no parts")
        print(f"  the whole answer {quantiles([whole for _, whole in answers], 1)} s")
        until = time.monotonic() + PATIENCE_S
        while folder["factsFiles"] < folder["factsTotal"] and time.monotonic() < until:
            time.sleep(0.5)
            folder = client.request("codanna/status", {})["folders"][0]
        whole = [asked(client, name)[1] for name in names for _ in range(3)]
        print(f"facts of {folder['factsFiles']} files there: {quantiles(whole, echo)} echoes")
        searched, called = saved(client, root)
        ratio = sorted(called)[SAVES // 2] / sorted(searched)[SAVES // 2]
        print(f"a save is seen by search {quantiles(searched, 1)} s, by callers {ratio:.2f}x as late")
    finally:
        client.kill()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--questions", type=int, default=40)
    options = parser.parse_args()
    scratch = Path(tempfile.mkdtemp(prefix="codanna-callers-"))
    try:
        root = scratch / options.folder.resolve().name
        shutil.copytree(options.folder, root, symlinks=True, ignore=shutil.ignore_patterns(".git"))
        measure(root, scratch, options.questions)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


if __name__ == "__main__":
    main()
