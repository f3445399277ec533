"""The vector index beside numpy, faiss, hnswlib, usearch and turbovec: speed, recall, bytes, edits, opening.

    vectors.py --code FOLDER                 embeds the symbols of a folder with the bundled model
    vectors.py --vectors V.npy --held H.npy --docs D.npy

Queries are held-out code (vectors like those in the index) and docstrings. Recall is that of the true ten
nearest by exact f32. Times are medians of processor time in one thread, so that other load on the machine
counts little; p95 is wall time. Peers that are not installed are left out. Set OMP_NUM_THREADS=1,
OPENBLAS_NUM_THREADS=1 and RAYON_NUM_THREADS=1.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from codanna_core.config import SemanticSettings
from codanna_core.embed.registry import load_embedder
from codanna_core.embed.text import embedding_text
from codanna_core.languages.extract import extract
from codanna_core.storage import FsDirectory
from codanna_core.vectors import ProbePolicy, VectorIndex, VectorOptions, open_vector_index
from codanna_core.vectors.store import DurableIndex

K = 10
Search = Callable[[np.ndarray], np.ndarray]
"""Gives the keys of the ten nearest vectors of one query; keys are row numbers here."""

FIRST_RESULT = """
import json, sys, time
import numpy as np
from codanna_core.storage import FsDirectory
from codanna_core.vectors import VectorOptions, open_vector_index

def anonymous():
    lines = open("/proc/self/status").read().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith("RssAnon")) / 1024

queries = np.load(sys.argv[2])
warm = np.ones(300, np.float32) @ np.ones((300, 300), np.float32)
before, begin = anonymous(), time.perf_counter()
index = open_vector_index(FsDirectory(sys.argv[1]), VectorOptions(), writable=False)
opened = time.perf_counter()
index.snapshot().search(queries[0], 10)
first = time.perf_counter()
for number in range(1000):
    index.snapshot().search(queries[number % len(queries)], 10)
print(json.dumps([1e3 * (opened - begin), 1e3 * (first - begin), anonymous() - before]))
"""


@dataclass(slots=True)
class Data:
    """What is indexed, what is asked, and the true answers."""

    vectors: np.ndarray
    queries: dict[str, np.ndarray]
    truth: dict[str, np.ndarray]


@dataclass(slots=True)
class Row:
    """One line of the table."""

    name: str
    build_s: float
    recall: dict[str, float]
    us: float
    p95_ms: float
    bytes_per_vector: float


def unit(vectors: np.ndarray) -> np.ndarray:
    array = np.asarray(vectors, dtype=np.float32)
    return array / np.maximum(np.linalg.norm(array, axis=1, keepdims=True), 1e-12)


def from_code(folder: Path, limit: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Vectors, held-out vectors and docstring vectors of the symbols in a folder.

    Symbols that give a docstring query are embedded without it.
    """
    model = load_embedder(SemanticSettings())
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.stat().st_size < 400_000)
    random.Random(0).shuffle(files)
    texts: dict[str, None] = {}
    docs: list[str] = []
    for path in files:
        data = path.read_bytes()
        for symbol in extract(data, str(path.relative_to(folder))).symbols:
            body = data[symbol.body_start_byte : symbol.end_byte].decode("utf-8", "replace")
            asked = len(symbol.doc) > 30 and len(docs) < 2000
            if asked:
                docs.append(symbol.doc.split("\n\n")[0][:300])
            doc = "" if asked else symbol.doc
            place = str(path.relative_to(folder)), symbol.container, symbol.name, symbol.kind
            texts[embedding_text(*place, symbol.signature, doc, body)] = None
        if len(texts) >= limit + 2000:
            break
    passages = list(texts)
    vectors = np.concatenate(
        [model.embed_passages(passages[at : at + 1000]) for at in range(0, len(passages), 1000)]
    )
    asked_vectors = np.stack([model.embed_query(doc) for doc in docs])
    kept = np.linalg.norm(vectors, axis=1) > 0
    shuffled = unit(vectors[kept])[np.random.default_rng(0).permutation(int(kept.sum()))]
    return shuffled[2000:], shuffled[:2000], unit(asked_vectors)


def exact(vectors: np.ndarray, queries: np.ndarray) -> np.ndarray:
    """Row numbers of the ten nearest: i64[q, 10]."""
    scores = np.empty((len(queries), 0), np.float32)
    rows = np.empty((len(queries), 0), np.int64)
    for start in range(0, len(vectors), 50_000):
        products = queries @ vectors[start : start + 50_000].T
        top = np.argpartition(-products, K, axis=1)[:, :K]
        scores = np.concatenate([scores, np.take_along_axis(products, top, axis=1)], axis=1)
        rows = np.concatenate([rows, top + start], axis=1)
        best = np.argsort(-scores, axis=1)[:, :K]
        scores, rows = np.take_along_axis(scores, best, axis=1), np.take_along_axis(rows, best, axis=1)
    return rows


def measure(data: Data, search: Search) -> tuple[dict[str, float], float, float]:
    """Recall of each kind of query, median microseconds of processor time, p95 in wall milliseconds."""
    recalls: dict[str, float] = {}
    used: list[float] = []
    walls: list[float] = []
    for kind, queries in data.queries.items():
        for query in queries[:20]:
            search(query)
        hits = 0
        for query, truth in zip(queries, data.truth[kind], strict=True):
            wall, begin = time.perf_counter(), time.process_time()
            found = search(query)
            used.append(time.process_time() - begin)
            walls.append(time.perf_counter() - wall)
            hits += len(np.intersect1d(found, truth))
        recalls[kind] = hits / (K * len(queries))
    return recalls, 1e6 * float(np.median(used)), 1e3 * float(np.percentile(walls, 95))


def cpu_seconds(work: Callable[[], Any]) -> tuple[Any, float]:
    """A result and the processor time it took, that of child processes included."""
    begin = sum(os.times()[:4])
    result = work()
    return result, sum(os.times()[:4]) - begin


def median_ms(work: Callable[[int], object], turns: int) -> float:
    times: list[float] = []
    for turn in range(turns):
        begin = time.perf_counter()
        work(turn)
        times.append(time.perf_counter() - begin)
    return 1e3 * float(np.median(times))


def our_rows(data: Data, folder: Path, facts: dict[str, Any]) -> Iterator[Row]:
    """The inverted file at its calibrated policy and around it."""
    count = len(data.vectors)
    keys = np.arange(count, dtype=np.uint64)

    def build() -> VectorIndex:
        index = open_vector_index(FsDirectory(folder), VectorOptions(), writable=True)
        for start in range(0, count, 5000):
            index.upsert(keys[start : start + 5000], data.vectors[start : start + 5000])
            index.flush()
        index.maintain()
        return index

    index, seconds = cpu_seconds(build)
    stats = index.stats()
    facts["calibration"] = str(stats.calibration)
    facts["imbalance"] = round(stats.imbalance, 3)
    facts["bytes by part"] = stats.bytes_per_vector
    facts["disk MB"] = round(stats.disk_bytes / 1e6, 1)
    edits = np.random.default_rng(1).integers(0, count, (60, 30))
    fresh = unit(np.random.default_rng(2).standard_normal((30, data.vectors.shape[1])))

    snapshot = index.snapshot()
    sizes = stats.bytes_per_vector["lists"]
    policies = [ProbePolicy(), *(ProbePolicy(nprobe=probes, rescore=256) for probes in (16, 32, 64))]
    work = [snapshot.search(query, K).work for query in data.queries["docs"]]
    for number, policy in enumerate(policies):

        def search(query: np.ndarray, policy: ProbePolicy = policy) -> np.ndarray:
            return snapshot.search(query, K, policy=policy).keys

        recalls, us, p95 = measure(data, search)
        name = "codanna ivf (calibrated)" if number == 0 else f"codanna ivf nprobe {policy.nprobe} R 256"
        yield Row(name, seconds, recalls, us, p95, sizes)
        if number == 0:
            facts["ns a scanned code"] = round(1e3 * us / float(np.mean([w.codes_scanned for w in work])), 1)
            facts["codes scanned"] = round(float(np.mean([w.codes_scanned for w in work])))

    def edit(turn: int) -> None:
        index.upsert(edits[turn].astype(np.uint64), fresh)
        index.flush()

    facts["replace 30, durable, ms"] = round(median_ms(edit, len(edits)), 3)
    facts["contains 100,000 keys, ms"] = round(median_ms(lambda _: index.contains(keys[:100_000]), 3), 1)
    index.remove(np.unique(edits).astype(np.uint64))
    index.close()
    np.save(folder / "queries.npy", data.queries["docs"])
    report = subprocess.run(
        [sys.executable, "-c", FIRST_RESULT, str(folder), str(folder / "queries.npy")],
        check=True,
        capture_output=True,
    )
    opened, first, grown = json.loads(report.stdout)
    facts["open, ms"], facts["open to first result, ms"] = round(opened, 2), round(first, 2)
    facts["private MB after 1,000 queries"] = round(grown, 1)


def busy_p95(data: Data, folder: Path) -> float:
    """p95 of a search in milliseconds of wall time while the clusters are trained anew."""
    index = open_vector_index(FsDirectory(folder), VectorOptions(), writable=True)
    if not isinstance(index, DurableIndex):
        raise TypeError("this measures the durable index")
    index.remove(np.arange(0, len(data.vectors), 3, dtype=np.uint64))
    working = threading.Thread(target=index.maintain)
    times: list[float] = []
    working.start()
    while working.is_alive():
        for query in data.queries["docs"][:50]:
            begin = time.perf_counter()
            index.snapshot().search(query, K)
            times.append(time.perf_counter() - begin)
    working.join()
    index.close()
    return 1e3 * float(np.percentile(times, 95))


def numpy_row(data: Data) -> Row:
    vectors = data.vectors

    def search(query: np.ndarray) -> np.ndarray:
        scores = vectors @ query
        return np.argpartition(scores, len(scores) - K)[-K:]

    few = Data(
        vectors,
        {kind: queries[:30] for kind, queries in data.queries.items()},
        {kind: truth[:30] for kind, truth in data.truth.items()},
    )
    recalls, us, p95 = measure(few, search)
    return Row("numpy exact f32", 0, recalls, us, p95, 4.0 * vectors.shape[1])


def rounded(vectors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """int8 rows and their scales, as our index stores them, for peers that need rescoring."""
    scales = np.abs(vectors).max(axis=1) / 127
    return scales, np.rint(vectors / scales[:, None]).astype(np.int8)


def rescored(query: np.ndarray, found: np.ndarray, scales: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """The best ten of some rows by their int8 vectors."""
    scores = (rows.take(found, axis=0).astype(np.float32) @ query) * scales.take(found)
    return found[np.argpartition(scores, -K)[-K:]] if len(found) > K else found


def faiss_rows(data: Data, centroids: np.ndarray) -> Iterator[Row]:
    """IVFRaBitQFastScan with our centroids and our way of rescoring: int8 rows in numpy."""
    import faiss

    faiss.omp_set_num_threads(1)
    count, dimension = data.vectors.shape
    scales, rows = rounded(data.vectors)

    def build() -> Any:
        quantizer = faiss.IndexFlatIP(dimension)
        quantizer.add(centroids)
        index = faiss.IndexIVFRaBitQFastScan(quantizer, dimension, len(centroids), faiss.METRIC_INNER_PRODUCT)
        index.train(data.vectors[: 64 * len(centroids)])
        index.add(data.vectors)
        return index

    index, seconds = cpu_seconds(build)
    for nprobe, wanted in ((32, 500), (64, 500), (64, 1000), (128, 1000)):
        index.nprobe = nprobe

        def search(query: np.ndarray, wanted: int = wanted) -> np.ndarray:
            found = index.search(query[None], wanted)[1][0]
            return rescored(query, found[found >= 0], scales, rows)

        recalls, us, p95 = measure(data, search)
        yield Row(
            f"faiss IVFRaBitQFastScan nprobe {nprobe} R {wanted}",
            seconds,
            recalls,
            us,
            p95,
            dimension / 8 + 16 + 4.0 * centroids.size / count,
        )


def hnswlib_rows(data: Data) -> Iterator[Row]:
    import hnswlib

    count, dimension = data.vectors.shape

    def build() -> Any:
        index = hnswlib.Index(space="ip", dim=dimension)
        index.init_index(max_elements=count + 1000, M=16, ef_construction=100, allow_replace_deleted=True)
        index.add_items(data.vectors, np.arange(count), num_threads=1)
        return index

    index, seconds = cpu_seconds(build)
    index.set_num_threads(1)
    size = 4.0 * dimension + 4 * 2 * 16 + 16
    for breadth in (32, 64, 128, 256):
        index.set_ef(breadth)
        recalls, us, p95 = measure(data, lambda query: index.knn_query(query, K)[0][0])
        yield Row(f"hnswlib M 16 ef {breadth}", seconds, recalls, us, p95, size)


def usearch_rows(data: Data) -> Iterator[Row]:
    from usearch.index import Index

    count, dimension = data.vectors.shape

    def build() -> Any:
        index = Index(ndim=dimension, metric="cos", dtype="i8", connectivity=16, expansion_add=100)
        index.add(np.arange(count, dtype=np.uint64), data.vectors, threads=1)
        return index

    index, seconds = cpu_seconds(build)
    for breadth in (64, 128):
        index.expansion_search = breadth
        recalls, us, p95 = measure(data, lambda query: index.search(query, K, threads=1).keys)
        size = index.memory_usage / count
        yield Row(f"usearch i8 ef {breadth}", seconds, recalls, us, p95, size)


def turbovec_rows(data: Data) -> Iterator[Row]:
    import turbovec

    dimension = data.vectors.shape[1]
    scales, rows = rounded(data.vectors)

    def build() -> Any:
        index = turbovec.TurboQuantIndex(dimension, 2)
        index.add(data.vectors)
        index.prepare()
        return index

    index, seconds = cpu_seconds(build)

    def search(query: np.ndarray) -> np.ndarray:
        return rescored(query, np.asarray(index.search(query[None], 10 * K)[1][0]), scales, rows)

    recalls, us, p95 = measure(data, search)
    yield Row("turbovec 2 bits, R 100", seconds, recalls, us, p95, dimension / 4 + 4.0)


PEERS: dict[str, Callable[..., Iterator[Row]]] = {
    "hnswlib": hnswlib_rows,
    "usearch": usearch_rows,
    "turbovec": turbovec_rows,
}


def print_table(rows: list[Row], base: float) -> None:
    head = f"{'':44} {'recall':>15} {'µs':>8} {'x numpy':>8} {'p95 ms':>7} {'bytes/v':>8} {'build s':>8}"
    print(head)
    for row in rows:
        recalls = " / ".join(f"{value:.3f}" for value in row.recall.values())
        print(
            f"{row.name:44} {recalls:>15} {row.us:8.0f} {base / row.us:8.1f} {row.p95_ms:7.2f} "
            f"{row.bytes_per_vector:8.1f} {row.build_s:8.1f}",
            flush=True,
        )


def run(data: Data, peers: list[str], busy: bool) -> tuple[list[Row], dict[str, Any]]:
    """All rows of one size."""
    facts: dict[str, Any] = {}
    folder = Path(tempfile.mkdtemp(prefix="vectors-"))
    try:
        rows = [numpy_row(data), *our_rows(data, folder, facts)]
        print_table(rows, rows[0].us)
        if "faiss" in peers:
            stored = open_vector_index(FsDirectory(folder), VectorOptions(), writable=False).snapshot()
            state = stored.state
            segment = next(part.segment for part in state.parts if part.segment.layout == "clustered")
            centroids = segment.coarse.centroids @ state.rotation
            rows.extend(faiss_rows(data, np.ascontiguousarray(centroids)))
        for name in peers:
            if name in PEERS:
                rows.extend(PEERS[name](data))
        if busy:
            facts["p95 while merging, ms"] = round(busy_p95(data, folder), 2)
    finally:
        shutil.rmtree(folder)
    return rows, facts


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--code", type=Path, help="a folder of code to embed")
    parser.add_argument("--vectors", type=Path, help="vectors as .npy, of any float type")
    parser.add_argument("--held", type=Path, help="queries that are like the vectors, as .npy")
    parser.add_argument("--docs", type=Path, help="queries that are like docstrings, as .npy")
    parser.add_argument("--counts", default="10000,100000,1000000")
    parser.add_argument("--queries", type=int, default=300)
    parser.add_argument("--peers", default="faiss,hnswlib,usearch,turbovec")
    parser.add_argument("--busy", action="store_true", help="also measure searches while merging")
    options = parser.parse_args()
    counts = [int(count) for count in options.counts.split(",")]
    if options.code:
        everything, held, docs = from_code(options.code, max(counts))
    elif options.vectors and options.held and options.docs:
        everything = np.load(options.vectors, mmap_mode="r")
        held, docs = np.load(options.held), np.load(options.docs)
    else:
        parser.error("give --code, or --vectors with --held and --docs")
    peers = [name for name in options.peers.split(",") if find_spec(name)]
    times: list[tuple[int, float]] = []
    for count in counts:
        if count > len(everything):
            print(f"only {len(everything)} vectors, {count} left out")
            continue
        vectors = unit(everything[:count])
        queries = {"held": unit(held[: options.queries]), "docs": unit(docs[: options.queries])}
        data = Data(vectors, queries, {kind: exact(vectors, asked) for kind, asked in queries.items()})
        rows, facts = run(data, peers, options.busy)
        print(f"\n{count} vectors of {vectors.shape[1]} dimensions; recall of held-out code / docstrings")
        print_table(rows, rows[0].us)
        for name, value in facts.items():
            print(f"  {name}: {value}")
        times.append((count, next(row.us for row in rows if "calibrated" in row.name)))
    if len(times) > 1:
        (small, fast), (large, slow) = times[0], times[-1]
        exponent = np.log(slow / fast) / np.log(large / small)
        print(f"\nlatency grows as N^{exponent:.2f} from {small} to {large} vectors")


if __name__ == "__main__":
    main()
