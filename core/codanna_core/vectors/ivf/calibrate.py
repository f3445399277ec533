"""How much to probe for a recall target, measured on queries made from the segment's own vectors.

A docstring names several things in its own words: its vector lies between those of several symbols and off
all of them, and its neighbours are spread over more lists than those of code. Half of the queries here blend
three vectors, half lie in a random direction off one; together they are as hard as real docstrings, which
plain copies are not.
"""

from __future__ import annotations

import time

import numpy as np
from numpy.typing import NDArray

from codanna_core.vectors.base import Calibration, Floats
from codanna_core.vectors.ivf import codec
from codanna_core.vectors.ivf.build import Step
from codanna_core.vectors.ivf.lists import Lists
from codanna_core.vectors.ivf.scan import estimate, rows_above, threshold
from codanna_core.vectors.segments import Segment

QUERIES = 128
NEIGHBOURS = 10
PROBES = (4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384)
RESCORES = (96, 128, 192, 256, 384, 512, 768, 1024, 1536)
_BLEND = 0.5
_NOISE = 1.5
_BLOCK = 16384
_CODE_COST, _ROW_COST = 0.013, 0.15
"""Microseconds to scan one code and to score one row, as measured; only their ratio matters here."""


def calibrate(segment: Segment, lists: Lists, target: float, seed: int, step: Step) -> Calibration:
    """The cheapest policy that finds `target` of the true ten nearest, or the most thorough one tried."""
    queries = _queries(segment, seed)
    nearest = _exact(segment, queries, step)
    probes = [count for count in PROBES if count < len(lists)] or [len(lists)]
    tried: list[tuple[float, float, int, int]] = []
    """Cost, recall and policy of everything that was measured."""
    cheapest = np.inf
    for number, nprobe in enumerate(probes):
        step("calibrate", number / len(probes))
        recalls, scanned = _recalls(lists, queries, nearest, nprobe)
        costs = _CODE_COST * scanned + _ROW_COST * np.array(RESCORES)
        if costs[0] >= cheapest:
            break  # More lists cost more, so that what is left cannot be cheaper than what is enough.
        tried += zip(costs.tolist(), recalls.tolist(), [nprobe] * len(costs), RESCORES, strict=True)
        cheapest = min([cheapest, *costs[recalls >= target].tolist()])
    enough = [policy for policy in tried if policy[1] >= target]
    _, recall, nprobe, rescore = (
        min(enough) if enough else min(tried, key=lambda policy: (-policy[1], policy[0]))
    )
    milliseconds = _median_time(segment, lists, queries, nprobe, rescore)
    return Calibration(recall, nprobe, rescore, milliseconds, len(queries))


def _queries(segment: Segment, seed: int) -> Floats:
    rng = np.random.default_rng(seed)
    picked = rng.integers(0, segment.count, (3, min(QUERIES, max(32, segment.count // 64))))
    first, second, third = (segment.vectors(rows) for rows in picked)
    blended = first + np.float32(_BLEND) * (second + third)
    lengths = np.sqrt(np.einsum("ij,ij->i", first, first))[:, None]
    noise = rng.standard_normal(first.shape).astype(np.float32) / np.sqrt(np.float32(first.shape[1]))
    noisy = first + np.float32(_NOISE) * lengths * noise
    queries: Floats = np.where(np.arange(len(first))[:, None] % 2 == 0, blended, noisy)
    if segment.codec.metric == "cosine":
        lengths = np.sqrt(np.einsum("ij,ij->i", queries, queries))[:, None]
        queries = queries / np.maximum(lengths, np.float32(1e-12))
    return queries


def _exact(segment: Segment, queries: Floats, step: Step) -> NDArray[np.int64]:
    """The rows of the nearest neighbours of each query: i64[q, 10]."""
    kept = min(NEIGHBOURS, segment.count)
    rows = np.empty((len(queries), 0), np.int64)
    scores = np.empty((len(queries), 0), np.float32)
    for start in range(0, segment.count, _BLOCK):
        step("calibrate", 0)
        block = np.arange(start, min(start + _BLOCK, segment.count))
        vectors = segment.vectors(block)
        products = queries @ vectors.T
        if segment.codec.metric == "l2":
            products -= np.einsum("ij,ij->i", vectors, vectors) / 2
        top = np.argpartition(products, max(0, len(block) - kept), axis=1)[:, -kept:]
        rows = np.concatenate([rows, block[top]], axis=1)
        scores = np.concatenate([scores, np.take_along_axis(products, top, axis=1)], axis=1)
        best = np.argsort(-scores, axis=1, kind="stable")[:, :kept]
        rows = np.take_along_axis(rows, best, axis=1)
        scores = np.take_along_axis(scores, best, axis=1)
    return rows


def _recalls(
    lists: Lists, queries: Floats, nearest: NDArray[np.int64], nprobe: int
) -> tuple[NDArray[np.float64], float]:
    """The recall for each number of rescored rows, and the codes scanned a query."""
    is_near = np.zeros(int(lists.starts[-1]), bool)  # Each row is in a list at least.
    found = np.zeros(len(RESCORES))
    scanned = 0
    for query, truth in zip(queries, nearest, strict=True):
        estimates = estimate(lists, query, codec.encode_query(query), nprobe)
        scanned += len(estimates.rows)
        top = np.arange(len(estimates.rows))
        if len(top) > RESCORES[-1]:
            top = np.argpartition(-estimates.scores, RESCORES[-1])[: RESCORES[-1]]
        top = top[np.argsort(-estimates.scores[top], kind="stable")]
        is_near[truth] = True
        places = np.flatnonzero(is_near[estimates.rows[top]])
        is_near[truth] = False
        _, first = np.unique(estimates.rows[top[places]], return_index=True)
        found += np.searchsorted(np.sort(places[first]), RESCORES) / len(truth)
    return found / len(queries), scanned / len(queries)


def _median_time(segment: Segment, lists: Lists, queries: Floats, nprobe: int, rescore: int) -> float:
    times: list[float] = []
    for query in queries[:32]:
        start = time.perf_counter()
        estimates = estimate(lists, query, codec.encode_query(query), nprobe)
        rows = rows_above(estimates, threshold([estimates.scores], rescore), None)
        segment.scores(rows, query)
        times.append(time.perf_counter() - start)
    return round(1000 * float(np.median(times)), 3)
