"""A long life of the vector index: random single-file updates with searches beside them.

Fails when, at the end, recall is more than 0.5 points below a fresh build at equal work, disk more than 1.5
times its size, or memory, open files or segments have grown since a fifth of the way. 100,000 updates, each
synced, take some 15 minutes of processor time; `--updates 2000` is a short run, `--minutes` ends one early.
"""

from __future__ import annotations

import argparse
import math
import os
import shutil
import tempfile
import threading
import time
from pathlib import Path

import numpy as np

from codanna_core.storage import FsDirectory
from codanna_core.vectors import ProbePolicy, VectorIndex, VectorOptions, open_vector_index

PER_FILE = 30
PAUSE = 0.002
"""Seconds between two searches, so that one core is enough for both threads."""
DIMENSION = 256
K = 10


_FIXED = np.random.default_rng(99)
THEMES = _FIXED.standard_normal((2000, DIMENSION)).astype(np.float32)
TURNS = (_FIXED.standard_normal((24, DIMENSION)) / np.sqrt(24)).astype(np.float32)


def code_like(count: int, seed: int) -> np.ndarray:
    """Vectors in uneven groups that vary along few directions, as embeddings of code do."""
    rng = np.random.default_rng(seed)
    member = (rng.random(count) ** 2 * len(THEMES)).astype(int)
    turned = rng.standard_normal((count, len(TURNS))).astype(np.float32) @ TURNS
    return THEMES[member] + turned + 0.2 * rng.standard_normal((count, DIMENSION)).astype(np.float32)


def nearest(keys: np.ndarray, vectors: np.ndarray, queries: np.ndarray) -> np.ndarray:
    """The keys of the true nearest of each query: u64[q, K]."""
    found: list[np.ndarray] = []
    for start in range(0, len(queries), 200):
        products = queries[start : start + 200] @ vectors.T
        found.append(keys[np.argpartition(products, -K, axis=1)[:, -K:]])
    return np.concatenate(found)


def recall(index: VectorIndex, queries: np.ndarray, truth: np.ndarray, policy: ProbePolicy) -> float:
    snapshot = index.snapshot()
    found = [snapshot.search(query, K, policy=policy).keys for query in queries]
    return float(np.mean([np.isin(near, keys).mean() for near, keys in zip(truth, found, strict=True)]))


def private_mb() -> float:
    """Memory that is this process's own, mapped files not counted."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith("RssAnon")) / 1024


def open_files() -> int:
    return len(os.listdir("/proc/self/fd"))


def mapped(folder: Path) -> int:
    """Files of the index that are mapped, deleted ones included."""
    lines = Path("/proc/self/maps").read_text().splitlines()
    return len({line.split(maxsplit=5)[5] for line in lines if str(folder) in line})


class Life:
    """Files of PER_FILE vectors each; an update gives one file new vectors and drops its old ones."""

    def __init__(self, index: VectorIndex, files: int) -> None:
        self.index = index
        self.rng = np.random.default_rng(1)
        self.next_key = files * PER_FILE
        self.keys = np.arange(self.next_key, dtype=np.uint64).reshape(files, PER_FILE)

    def update(self) -> None:
        file = int(self.rng.integers(len(self.keys)))
        fresh = np.arange(self.next_key, self.next_key + PER_FILE, dtype=np.uint64)
        self.next_key += PER_FILE
        self.index.upsert(fresh, code_like(PER_FILE, self.next_key))
        self.index.remove(self.keys[file])
        self.index.flush()
        self.keys[file] = fresh


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--files", type=int, default=3000)
    parser.add_argument("--updates", type=int, default=100_000)
    parser.add_argument("--minutes", type=float, default=math.inf, help="end early, with the same checks")
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="soak-"))
    try:
        return soak(folder, options.files, options.updates, 60 * options.minutes)
    finally:
        shutil.rmtree(folder)


def soak(folder: Path, files: int, updates: int, most_seconds: float) -> int:
    index = open_vector_index(FsDirectory(folder / "old"), VectorOptions(), writable=True)
    life = Life(index, files)
    flat = life.keys.reshape(-1)
    index.upsert(flat, code_like(len(flat), 0))
    index.maintain()
    queries = code_like(2000, 7)
    stop, wrong = threading.Event(), []
    searches, rebuilds = [0], [0]

    def search() -> None:
        while not stop.is_set():
            query = queries[searches[0] % len(queries)]
            if len(index.snapshot().search(query, K).keys) != K:
                wrong.append("a search found too few")
            searches[0] += 1
            stop.wait(PAUSE)

    def maintain() -> None:
        while not stop.is_set():
            if index.needs_maintenance():
                index.maintain()
                rebuilds[0] += 1
            stop.wait(0.05)

    threads = [threading.Thread(target=search), threading.Thread(target=maintain)]
    for thread in threads:
        thread.start()
    begin = time.perf_counter()
    early: tuple[float, int, int] | None = None
    most_segments = 0
    number = 0
    while number < updates and time.perf_counter() < begin + most_seconds:
        number += 1
        life.update()
        if number == max(1, updates // 5):
            early = private_mb(), open_files(), mapped(folder)
        if number % max(1, updates // 10) == 0:
            stats = index.stats()
            most_segments = max(most_segments, len(stats.segments))
            rate = number / (time.perf_counter() - begin)
            print(
                f"{number} updates, {rate:.0f} a second, {searches[0]} searches, "
                f"{len(stats.segments)} segments, {private_mb():.0f} MB private, {open_files()} open files, "
                f"{mapped(folder)} mapped, {stats.disk_bytes / 1e6:.0f} MB on disk",
                flush=True,
            )
    seconds = time.perf_counter() - begin
    stop.set()
    for thread in threads:
        thread.join()
    index.maintain()
    late = private_mb(), open_files(), mapped(folder)

    fresh = open_vector_index(FsDirectory(folder / "new"), VectorOptions(), writable=True)
    live = life.keys.reshape(-1)
    fresh.upsert(live, index.snapshot().get(live)[0])
    fresh.maintain()
    truth = nearest(live, fresh.snapshot().get(live)[0], queries)
    calibration = fresh.stats().calibration
    if calibration is None:
        raise ValueError("too few vectors to train clusters; give more files")
    equal = ProbePolicy(calibration.nprobe, calibration.rescore)
    own = recall(index, queries, truth, ProbePolicy())
    old_recall, new_recall = (recall(each, queries, truth, equal) for each in (index, fresh))
    old_disk, new_disk = index.stats().disk_bytes, fresh.stats().disk_bytes
    print(f"{number} updates in {seconds:.0f} s, {searches[0]} searches beside them, {rebuilds[0]} rebuilds")
    print(f"recall@{K} {old_recall:.4f}, of a fresh build {new_recall:.4f} with {equal}")
    print(f"recall@{K} {own:.4f} with what was calibrated last, {index.stats().calibration}")
    print(f"disk {old_disk / 1e6:.1f} MB, {old_disk / new_disk:.2f} times a fresh build")
    if early is not None:
        print(f"private memory {late[0]:.0f} MB, after a fifth {early[0]:.0f}")
        print(f"open files {late[1]}, after a fifth {early[1]}; mapped {late[2]}, after a fifth {early[2]}")
    print(f"segments {len(index.stats().segments)}, at most {most_segments} on the way")
    problems = list(dict.fromkeys(wrong))
    if index.snapshot().count != len(live) or not index.contains(live).all():
        problems.append("the index does not hold what was written")
    if old_recall < new_recall - 0.005:
        problems.append("recall fell")
    if old_disk > 1.5 * new_disk:
        problems.append("disk grew")
    if len(index.stats().segments) > 10:
        problems.append("segments grew")
    if early is not None:
        if late[0] > early[0] + 50:
            problems.append(f"memory grew from {early[0]:.0f} to {late[0]:.0f} MB")
        if late[1] > early[1] + 3:
            problems.append(f"open files grew from {early[1]} to {late[1]}")
        if late[2] > early[2] + 5:
            problems.append(f"mapped files grew from {early[2]} to {late[2]}")
    for problem in problems:
        print("FAILED:", problem)
    return 1 if problems else 0


if __name__ == "__main__":
    raise SystemExit(main())
