"""Symbols a second, start-up time and memory of the embedding models: `embedding.py`.

Typical symbols are cut to about 60 tokens. Set OMP_NUM_THREADS=1 and OPENBLAS_NUM_THREADS=1, as the indexing
processes do; rates are per second of processor time, so that other load on the machine does not count.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor

from codanna_core.config import SemanticSettings
from codanna_core.embed.registry import load_embedder
from codanna_core.embed.text import embedding_text, text_key
from codanna_core.errors import ModelUnavailable

START = """
import json, os, time
import {module}
import codanna_core.config

def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20

before, begin = resident(), time.process_time()
from codanna_core.config import SemanticSettings
from codanna_core.embed.registry import load_embedder
model = load_embedder(SemanticSettings())
model.embed_query("open a file")
print(json.dumps([(time.process_time() - begin) * 1000, resident() - before]))
"""

Fields = tuple[str, str, str, str, str, str, str]


def typical_symbols(count: int) -> list[Fields]:
    """Definitions of about 60 tokens, in the proportions of real code, all different."""
    verbs = [
        "open",
        "read",
        "write",
        "parse",
        "send",
        "close",
        "flush",
        "merge",
        "split",
        "load",
        "find",
        "check",
    ]
    nouns = [
        "File",
        "Socket",
        "Request",
        "Response",
        "Buffer",
        "Table",
        "Cursor",
        "Token",
        "Stream",
        "Session",
    ]
    made = []
    for number in range(count):
        verb, noun = verbs[number % len(verbs)], nouns[number // 7 % len(nouns)]
        other = nouns[number // 3 % len(nouns)]
        name = f"{verb}{noun}By{other}Id"
        made.append(
            (
                f"src/{noun.lower()}/{other.lower()}_manager.py",
                f"{other}Manager",
                name,
                "method",
                f"def {name}(self, {noun.lower()}_id: int, timeout: float = 30.0) -> {noun}",
                f"{verb.title()} the {noun.lower()} that belongs to the {other.lower()}, or raise an error.",
                f"if not self._{other.lower()}.is_valid({noun.lower()}_id): raise {noun}Error(n{number})\n"
                f"result = self.backend.{verb}({noun.lower()}_id)\nreturn self.wrap(result, timeout)",
            )
        )
    return made


def rate(work: Callable[[], object], count: int) -> float:
    """Items a second of processor time, best of three."""
    best = float("inf")
    for _ in range(3):
        start = time.process_time()
        work()
        best = min(best, time.process_time() - start)
    return count / best


def index_some(count: int) -> float:
    """What an indexing process does for each symbol; gives the processor time."""
    model = load_embedder(SemanticSettings())
    symbols = typical_symbols(count)
    start = time.process_time()
    for begin in range(0, count, 20):  # About as many as one file holds.
        texts = [embedding_text(*fields) for fields in symbols[begin : begin + 20]]
        for text in texts:
            text_key(text)
        model.embed_passages(texts)
    return time.process_time() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=20_000)
    parser.add_argument(
        "--compare", default="all-MiniLM-L6-v2", help="a model to measure beside the bundled one"
    )
    options = parser.parse_args()
    symbols = typical_symbols(options.count)
    model = load_embedder(SemanticSettings())
    texts = [embedding_text(*fields) for fields in symbols]
    print(f"{model.model_id}: {sum(len(text.split()) for text in texts) / len(texts):.0f} words a symbol")
    print(
        f"texts          {rate(lambda: [embedding_text(*fields) for fields in symbols], len(texts)):9.0f} /s"
    )
    print(f"keys           {rate(lambda: [text_key(text) for text in texts], len(texts)):9.0f} /s")
    print(f"vectors        {rate(lambda: model.embed_passages(texts), len(texts)):9.0f} /s")
    own = options.count / index_some(options.count)
    print(f"all of it      {own:9.0f} /s on one core")
    with ProcessPoolExecutor(2) as pool:
        begin = time.perf_counter()
        list(pool.map(index_some, [options.count] * 2))
        print(
            f"all of it      {2 * options.count / (time.perf_counter() - begin):9.0f} /s wall, two processes"
        )
    query = "how does the connection pool retry a failed request"
    print(
        f"one query      {1e6 / rate(lambda: [model.embed_query(query) for _ in range(1000)], 1000):9.1f} µs"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    for module in ("numpy", "fastembed"):
        done = subprocess.run(
            [sys.executable, "-c", START.format(module=module)],
            env=environment,
            capture_output=True,
            check=True,
        )
        milliseconds, megabytes = json.loads(done.stdout)
        print(f"load after {module:9} {milliseconds:5.0f} ms of processor time, {megabytes:5.1f} MB more")
    try:
        for threads in (1, 2):
            other = load_embedder(
                SemanticSettings(model=options.compare, threads=threads, batch=64), offline=True
            )
            part = texts[:256]
            other.embed_passages(part[:64])
            begin, used = time.perf_counter(), time.process_time()
            other.embed_passages(part)
            wall, used = time.perf_counter() - begin, time.process_time() - used
            print(
                f"{options.compare}, {threads} threads: {len(part) / wall:.0f} /s wall, "
                f"{len(part) / used:.0f} /s of processor time; bundled: {own * used / len(part):.0f} times"
            )
    except ModelUnavailable as error:
        print(f"not compared: {error}")


if __name__ == "__main__":
    main()
