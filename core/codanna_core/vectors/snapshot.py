"""An immutable state of the index and how it is searched."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from codanna_core.arrays import among, is_in
from codanna_core.cancel import Cancel, check_cancelled
from codanna_core.records import dataclass
from codanna_core.vectors.base import (
    Floats,
    Keys,
    Mask,
    ProbePolicy,
    VectorHits,
    VectorOptions,
    Work,
    best,
    check_query,
    prepared_query,
)
from codanna_core.vectors.delta import DeltaView
from codanna_core.vectors.hnsw import OVERFETCH, Graph
from codanna_core.vectors.ivf import codec
from codanna_core.vectors.ivf.scan import Estimates, estimate, rows_above, threshold
from codanna_core.vectors.manifest import Manifest
from codanna_core.vectors.rows import RowCodec
from codanna_core.vectors.segments import Part, Segment

SCORE_BLOCK = 512
CALIBRATED_K = 10
EXACT_FILTER = 4096
"""Filters with no more keys than this, or than 1/64 of the index, are scored exactly."""
DEFAULT_NPROBE, DEFAULT_RESCORE = 32, 256
"""Used before the first calibration."""
SCANNED = 4096
"""An index with no more vectors than this is scanned as a whole: its answers are those of any other index
with the same vectors, whatever has been trained on what is gone since.
"""
ROUNDING = 1e-5
"""Scores of one vector that were computed beside different others differ by less."""
LEAST = float(np.finfo(np.float32).min)
"""Below every estimate but those that a filter struck out."""
FLAT_RESCORE = 768
"""How many more candidates flat segments take, whose estimates are coarser."""


@dataclass(frozen=True, slots=True)
class State:
    """One immutable state. `manifest` is None while the index has never held a vector."""

    manifest: Manifest | None
    rotation: Floats | None
    """All stored vectors are rotated by it, f32[d, d]; products and distances are the same as before."""
    parts: tuple[Part, ...]
    delta: DeltaView | None

    @property
    def count(self) -> int:
        return sum(part.live_count for part in self.parts) + (self.delta.count if self.delta else 0)


_Found = tuple[Keys, Floats, Callable[[NDArray[Any]], Floats], NDArray[Any]]
"""Keys with their scores, and what gives the stored vectors of the rows that follow."""


class DurableSnapshot:
    """A state of the index to search in."""

    def __init__(self, state: State, options: VectorOptions, row_codec: RowCodec) -> None:
        self.state = state
        self._options = options
        self._codec = row_codec
        self._filter: tuple[Keys, list[Mask]] | None = None
        self._turned: tuple[Floats, NDArray[np.float64]] | None = None
        flat = sum(part.segment.count for part in state.parts if part.segment.layout == "flat")
        self._more_for_flat = min(FLAT_RESCORE, flat // 32)

    @property
    def count(self) -> int:
        return self.state.count

    @property
    def dimension(self) -> int | None:
        return self.state.manifest.dimension if self.state.manifest else None

    def search(
        self,
        query: ArrayLike,
        k: int,
        *,
        filter: Keys | None = None,
        policy: ProbePolicy | None = None,
        cancel: Cancel | None = None,
    ) -> VectorHits:
        vector = check_query(query, k, self.dimension)
        check_cancelled(cancel)
        policy = policy or ProbePolicy()
        work = Work()
        if self.state.rotation is None:
            return VectorHits(np.zeros(0, np.uint64), np.zeros(0, np.float32), work)
        vector = self.state.rotation @ prepared_query(vector, self._options.metric)
        parts = self.state.parts
        rows: list[NDArray[np.integer]]
        if filter is not None:
            filter = np.ascontiguousarray(filter, dtype=np.uint64)
            rows = self._filtered(vector, k, filter, policy, work, cancel)
        elif policy.exact or (policy == ProbePolicy() and self.state.count <= SCANNED):
            rows = [part.live_rows() for part in parts]
        else:
            rows = self._candidates(vector, k, None, policy, work)
            if sum(map(len, rows)) < k:  # The probed lists held too few.
                rows = [part.live_rows() for part in parts]
        found: list[_Found] = []
        for part, picked in zip(parts, rows, strict=True):
            if len(picked):
                work.rows_rescored += len(picked)
                scores = _scores(part.segment, picked, vector, cancel)
                found.append((part.segment.keys.take(picked), scores, part.segment.vectors, picked))
        delta = self.state.delta
        if delta is not None and delta.count:
            live = np.flatnonzero(delta.live if filter is None else delta.live & is_in(delta.keys, filter))
            work.rows_rescored += len(delta.keys)
            scores = self._codec.scores_of_vectors(delta.vectors, vector)[live]
            found.append((delta.keys[live], scores, delta.vectors.__getitem__, live))
        if not found:
            return VectorHits(np.zeros(0, np.uint64), np.zeros(0, np.float32), work)
        return VectorHits(*best(*self._settled(found, k, vector), k), work)

    def _settled(self, found: list[_Found], k: int, vector: Floats) -> tuple[Keys, Floats]:
        """The keys that may be among the `k` best, with scores that are the same wherever a vector is stored:
        a product of many rows rounds each of them by its place.
        """
        scores = np.concatenate([part for _, part, _, _ in found]) if len(found) > 1 else found[0][1]
        bound = -np.inf
        if len(scores) > k:
            last = float(np.partition(scores, len(scores) - k)[len(scores) - k])
            bound = last - ROUNDING * max(1.0, abs(last))
        keys: list[Keys] = []
        vectors: list[Floats] = []
        for of_part, scores, stored, rows in found:
            kept = np.flatnonzero(scores >= bound)
            keys.append(of_part[kept])
            vectors.append(stored(rows[kept]))
        return np.concatenate(keys), self._codec.settled_scores(np.concatenate(vectors), vector)

    def _filtered(
        self,
        vector: Floats,
        k: int,
        filter: Keys,
        policy: ProbePolicy,
        work: Work,
        cancel: Cancel | None,
    ) -> list[NDArray[np.integer]]:
        """Rows to score under a filter: all of a selective one, the best estimates under a loose one."""
        rows: list[NDArray[np.integer]]
        sealed = sum(part.live_count for part in self.state.parts)
        if policy.exact or len(filter) <= max(EXACT_FILTER, sealed // 64):
            return [np.sort(rows[rows >= 0]) for rows in self._rows_of(filter)]
        check_cancelled(cancel)
        allowed = self._allowed(filter)
        matching = sum(int(np.count_nonzero(mask)) for mask in allowed)
        if matching <= max(EXACT_FILTER, sealed // 64):
            return [np.flatnonzero(mask) for mask in allowed]
        rows = self._candidates(vector, k, allowed, policy, work)
        if sum(map(len, rows)) < k:  # The probed lists held too few of them.
            rows = [np.flatnonzero(mask) for mask in allowed]
        return rows

    def _rows_of(self, keys: Keys) -> list[NDArray[np.int64]]:
        return [part.find_live(keys) for part in self.state.parts]

    def _allowed(self, filter: Keys) -> list[Mask]:
        """For each part which rows a filter allows; kept for the next query with the same filter."""
        remembered = self._filter
        if remembered is not None and (remembered[0] is filter or np.array_equal(remembered[0], filter)):
            return remembered[1]
        masks: list[Mask] = []
        for part, rows in zip(self.state.parts, self._rows_of(filter), strict=True):
            mask = np.zeros(part.segment.count, dtype=bool)
            mask[rows[rows >= 0]] = True
            masks.append(mask)
        self._filter = (filter, masks)
        return masks

    def _candidates(
        self, vector: Floats, k: int, allowed: list[Mask] | None, policy: ProbePolicy, work: Work
    ) -> list[NDArray[np.integer]]:
        """For each part the rows whose estimated score is among the best of all parts."""
        state = self.state
        parts = state.parts
        if not parts:
            return []
        code = codec.encode_query(vector)
        calibration = state.manifest.calibration if state.manifest else None
        nprobe = policy.nprobe or (calibration.nprobe if calibration else DEFAULT_NPROBE)
        wanted = policy.rescore or (calibration.rescore if calibration else DEFAULT_RESCORE)
        if not policy.rescore:
            wanted += self._more_for_flat
        wanted = max(wanted, 8 * k)
        if not policy.nprobe and k > CALIBRATED_K:
            # More neighbours lie in more lists, though not in proportion.
            nprobe = round(nprobe * math.sqrt(k / CALIBRATED_K))
        if allowed is not None:
            # A list holds only a share of matching rows, so that more lists are needed for as many of them.
            share = sum(int(np.count_nonzero(mask)) for mask in allowed) / max(1, state.count)
            nprobe = round(nprobe * min(8.0, 1 / max(share, 1e-9)))
        rows: list[NDArray[np.integer]] = [np.zeros(0, np.int64)] * len(parts)
        estimates: list[tuple[int, Estimates]] = []
        for number, part in enumerate(parts):
            if part.segment.graph is not None:
                mask = allowed[number] if allowed is not None else part.live
                rows[number] = _by_graph(part, part.segment.graph, vector, k, mask)
            if part.segment.lists is None:
                continue
            found = estimate(part.segment.lists, vector, code, nprobe)
            work.codes_scanned += len(found.rows)
            work.lists_probed += found.lists
            if allowed is not None:
                found.scores[~allowed[number].take(found.rows)] = -np.inf
            estimates.append((number, found))
        bound = threshold([found.scores for _, found in estimates], wanted)
        bound = max(bound, LEAST)
        for number, found in estimates:
            rows[number] = rows_above(found, bound, parts[number].live)
        return rows

    def nearness(self, keys: Keys, vector: Floats) -> Floats:
        # The question is turned instead of the stored vectors. An answer asks several times.
        kept, rotation = self._turned, self.state.rotation
        if kept is None or kept[0] is not vector:
            turned = vector.astype(np.float64) if rotation is None else rotation.astype(np.float64) @ vector
            self._turned = kept = vector, turned
        # In double, for a sum must not depend on the rows beside it.
        near: Floats = (self._stored(keys)[0].astype(np.float64) @ kept[1]).astype(np.float32)
        return near

    def get(self, keys: Keys) -> tuple[Floats, Mask]:
        vectors, found = self._stored(keys)
        return vectors if self.state.rotation is None else vectors @ self.state.rotation, found

    def _stored(self, keys: Keys) -> tuple[Floats, Mask]:
        keys = np.ascontiguousarray(keys, dtype=np.uint64)
        vectors = np.zeros((len(keys), self.dimension or 0), dtype=np.float32)
        found = np.zeros(len(keys), dtype=bool)
        for part in self.state.parts:
            rows = part.find_live(keys)
            here = np.flatnonzero(rows >= 0)
            vectors[here] = part.segment.vectors(rows[here])
            found[here] = True
        delta = self.state.delta
        if delta is not None and delta.count:
            slots = np.flatnonzero(delta.live)
            slots = slots[np.argsort(delta.keys[slots])]
            places = np.searchsorted(delta.keys[slots], keys)
            places[places == len(slots)] = 0
            here = np.flatnonzero(delta.keys[slots[places]] == keys)
            vectors[here] = delta.vectors[slots[places[here]]]
            found[here] = True
        return vectors, found

    def contains(self, keys: Keys) -> Mask:
        keys = np.ascontiguousarray(keys, dtype=np.uint64)
        # Random look-ups in a mapped file miss the cache at every step; sorted ones walk through it.
        order = np.argsort(keys) if len(keys) > 1024 else None
        asked = keys if order is None else keys[order]
        found = np.zeros(len(keys), dtype=bool)
        for part in self.state.parts:
            found |= part.find_live(asked) >= 0
        delta = self.state.delta
        if delta is not None and delta.count:
            found |= among(asked, delta.keys[delta.live])
        if order is None:
            return found
        unsorted = np.empty_like(found)
        unsorted[order] = found
        return unsorted

    def live_keys(self) -> list[Keys]:
        """The keys of all live vectors, one array a part."""
        keys = [part.segment.keys[part.live_rows()] for part in self.state.parts]
        if self.state.delta is not None:
            keys.append(self.state.delta.keys[self.state.delta.live])
        return keys


def _by_graph(part: Part, graph: Graph, vector: Floats, k: int, mask: Mask | None) -> NDArray[np.integer]:
    """The rows of the nearest neighbours that a mask leaves over; more are taken where it leaves few."""
    count = k + OVERFETCH
    if mask is not None:
        count = round(count * min(16.0, part.segment.count / max(1, int(np.count_nonzero(mask)))))
    found = part.segment.find(graph.nearest(vector, count))
    found = np.sort(found[found >= 0])
    return found if mask is None else found[mask.take(found)]


def _scores(segment: Segment, rows: NDArray[np.integer], vector: Floats, cancel: Cancel | None) -> Floats:
    """Exact scores of some rows, in blocks that stay in the cache and between which a caller can stop."""
    try:
        if len(rows) <= SCORE_BLOCK:
            return segment.scores(rows, vector)
        scores = np.empty(len(rows), np.float32)
        for start in range(0, len(rows), SCORE_BLOCK):
            check_cancelled(cancel)
            block = slice(start, start + SCORE_BLOCK)
            scores[block] = segment.scores(rows[block], vector)
        return scores
    except IndexError:
        raise segment.file.corrupt("a list names a row that does not exist") from None
