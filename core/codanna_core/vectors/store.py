"""The durable vector index: log and delta for the newest vectors, sealed segments for the rest, one manifest.

Writers take a lock among themselves; readers take none: a snapshot is one reference to an immutable state.
Whatever a crash leaves behind is either named by the manifest, and then whole, or removed by the next open.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from codanna_core.errors import ConfigError, IndexCorrupt, IndexMissing
from codanna_core.storage import Checkpoint, Directory
from codanna_core.vectors import manifest as manifests
from codanna_core.vectors.base import (
    CancelToken,
    Floats,
    Keys,
    Mask,
    ProbePolicy,
    Progress,
    VectorHits,
    VectorIndex,
    VectorOptions,
    VectorStats,
    Work,
    best,
    check_cancelled,
    check_query,
    check_vectors,
    last_of_each,
    prepared,
)
from codanna_core.vectors.delta import Delta, DeltaView
from codanna_core.vectors.manifest import Manifest, SegmentEntry
from codanna_core.vectors.rows import RowCodec, Rows
from codanna_core.vectors.segments import (
    Part,
    Segment,
    read_dead,
    write_dead,
    write_flat,
)
from codanna_core.vectors.wal import WalReader, WalWriter

SEAL_AT = 4096
"""Delta size from which maintenance seals it; the exact scan of a full delta costs 0.2 ms."""
DELTA_LIMIT = 16384
"""Delta size that an upsert never exceeds: it seals instead, which bounds the memory of bulk indexing."""
FLAT_LIMIT = 65536
"""Sealing joins the delta with the last flat segment until that one has this many rows."""
_OWN_FILES = ("seg-", "dead-", "wal-", f"{manifests.NAME}.tmp")


@dataclass(frozen=True, slots=True)
class State:
    """One immutable state. `manifest` is None while the index has never held a vector."""

    manifest: Manifest | None
    parts: tuple[Part, ...]
    delta: DeltaView | None

    @property
    def count(self) -> int:
        return sum(part.live_count for part in self.parts) + (self.delta.count if self.delta else 0)


class Snapshot:
    """A state of the index to search in."""

    def __init__(self, state: State, options: VectorOptions, codec: RowCodec) -> None:
        self._state = state
        self._options = options
        self._codec = codec

    @property
    def count(self) -> int:
        return self._state.count

    @property
    def dimension(self) -> int | None:
        return self._state.manifest.dimension if self._state.manifest else None

    def search(
        self,
        query: ArrayLike,
        k: int,
        *,
        filter: Keys | None = None,
        policy: ProbePolicy | None = None,
        cancel: CancelToken | None = None,
    ) -> VectorHits:
        vector = check_query(query, k, self.dimension)
        work = Work()
        vector = prepared(vector[None], self._options.metric)[0]
        keys: list[Keys] = []
        scores: list[Floats] = []
        for part in self._state.parts:
            found = self._exact(part, vector, k, filter, work, cancel)
            keys.append(found[0])
            scores.append(found[1])
        delta = self._state.delta
        if delta is not None and delta.count:
            live = delta.live if filter is None else delta.live & _is_in(delta.keys, filter)
            slots = np.flatnonzero(live)
            work.rows_rescored += len(slots)
            keys.append(delta.keys[slots])
            scores.append(self._codec.scores_of_vectors(delta.vectors, vector)[slots])
        if not keys:
            return VectorHits(np.zeros(0, np.uint64), np.zeros(0, np.float32), work)
        return VectorHits(*best(np.concatenate(keys), np.concatenate(scores), k), work)

    def _exact(
        self, part: Part, vector: Floats, k: int, filter: Keys | None, work: Work, cancel: CancelToken | None
    ) -> tuple[Keys, Floats]:
        if filter is not None:
            rows = part.find_live(filter)
            rows = np.sort(rows[rows >= 0])
        else:
            rows = part.live_rows()
        work.rows_rescored += len(rows)
        scores = np.empty(len(rows), np.float32)
        for start in range(0, len(rows), 4096):
            check_cancelled(cancel)
            scores[start : start + 4096] = part.segment.scores(rows[start : start + 4096], vector)
        return best(part.segment.keys[rows], scores, k)

    def get(self, keys: Keys) -> tuple[Floats, Mask]:
        keys = np.ascontiguousarray(keys, dtype=np.uint64)
        vectors = np.zeros((len(keys), self.dimension or 0), dtype=np.float32)
        found = np.zeros(len(keys), dtype=bool)
        for part in self._state.parts:
            rows = part.find_live(keys)
            here = np.flatnonzero(rows >= 0)
            vectors[here] = part.segment.vectors(rows[here])
            found[here] = True
        delta = self._state.delta
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
        for part in self._state.parts:
            found |= part.find_live(asked) >= 0
        delta = self._state.delta
        if delta is not None and delta.count:
            found |= np.isin(asked, delta.keys[delta.live])
        if order is None:
            return found
        unsorted = np.empty_like(found)
        unsorted[order] = found
        return unsorted

    def live_keys(self) -> list[Keys]:
        """The keys of all live vectors, one array a part."""
        keys = [part.segment.keys[part.live_rows()] for part in self._state.parts]
        if self._state.delta is not None:
            keys.append(self._state.delta.keys[self._state.delta.live])
        return keys


def _is_in(keys: Keys, sorted_filter: Keys) -> Mask:
    if not len(sorted_filter):
        return np.zeros(len(keys), dtype=bool)
    places = np.searchsorted(sorted_filter, keys)
    places[places == len(sorted_filter)] = 0
    return np.asarray(sorted_filter[places] == keys)


class DurableIndex:
    """The vector index on a `Directory`. See the module docstring for its thread rules."""

    def __init__(
        self,
        directory: Directory,
        options: VectorOptions,
        *,
        writable: bool,
        checkpoint: Checkpoint | None = None,
    ) -> None:
        self._directory = directory
        self._checkpoint = checkpoint or (lambda _name: None)
        self._options = options
        self._codec = RowCodec(options.precision, options.metric)
        self._writable = writable
        self._lock = threading.RLock()
        self._maintaining = threading.Lock()
        self._busy: frozenset[str] = frozenset()
        """Segments that a background build reads; sealing must leave them alone."""
        self._segments: dict[str, Segment] = {}
        self._delta: Delta | None = None
        self._wal: WalWriter | None = None
        self._reader: WalReader | None = None
        self._manifest_bytes = b""
        self._saved_dead: dict[str, Part] = {}
        """The dead rows of each segment as the manifest has them, to see which changed."""
        self._state = State(None, (), None)
        self._load()
        if writable:
            self._start_writing()

    # Opening

    def _load(self) -> None:
        """Read manifest, segments and log, again when a newer state was published in between."""
        for attempt in range(10):
            try:
                self._load_once()
                return
            except IndexCorrupt:
                if attempt == 9 or self._read_manifest() == self._manifest_bytes:
                    raise

    def _read_manifest(self) -> bytes:
        try:
            data = self._directory.read(manifests.NAME)
        except FileNotFoundError:
            return b""
        if not data:
            raise IndexCorrupt(self._directory.path / manifests.NAME, "it is empty")
        return data

    def _load_once(self) -> None:
        self._manifest_bytes = data = self._read_manifest()
        if not data:
            self._state, self._reader, self._delta = State(None, (), None), None, None
            return
        manifest = manifests.decode_manifest(data, self._directory)
        if (manifest.metric, manifest.precision) != (self._options.metric, self._options.precision):
            raise ConfigError(
                f"the vector index in {self._directory.path} is {manifest.metric}/{manifest.precision}, the "
                f"configuration says {self._options.metric}/{self._options.precision}; reindex to change it"
            )
        segments: dict[str, Segment] = {}
        parts: list[Part] = []
        for entry in manifest.segments:
            segment = self._segments.get(entry.file) or Segment(
                self._directory, entry.file, self._codec, manifest.dimension, entry.size
            )
            segments[entry.file] = segment
            part = Part(segment)
            if entry.dead is not None:
                part = read_dead(self._directory, entry.dead, segment, entry.dead_size)
            parts.append(part)
        reader = WalReader(self._directory, manifest.wal, manifest.dimension, self._codec)
        self._segments = segments
        self._saved_dead = {part.segment.name: part for part in parts}
        self._delta = Delta(self._codec, manifest.dimension)
        self._reader = reader
        self._replay(reader, manifest, tuple(parts))

    def _replay(self, reader: WalReader, manifest: Manifest, parts: tuple[Part, ...]) -> bool:
        delta = self._delta
        if delta is None:
            return False
        replayed = False
        for record in reader.read():
            replayed = True
            parts, _ = _kill(parts, record.keys)
            if record.rows is None or record.scales is None:
                delta.kill(record.keys)
            else:
                delta.append(record.keys, record.rows, record.scales)
        self._state = State(manifest, parts, delta.view())
        return replayed

    def _start_writing(self) -> None:
        manifest = self._state.manifest
        if manifest is not None and self._reader is not None:
            file = self._directory.append(manifest.wal, self._reader.position)
            self._wal = WalWriter(
                file, manifest.dimension, self._codec.bytes_per_row(manifest.dimension), self._reader.stamp
            )
        self._collect()

    def _collect(self) -> None:
        """Remove files that no manifest names: leftovers of a crash, or replaced by a newer state."""
        named = self._state.manifest.files() if self._state.manifest else {manifests.NAME}
        self._directory.delete(
            name
            for name in self._directory.names()
            if name.startswith(_OWN_FILES) and name not in named and name not in self._busy
        )

    def refresh(self) -> bool:
        if self._writable:
            return False
        with self._lock:
            if self._read_manifest() != self._manifest_bytes:
                self._load()
                return True
            if self._reader is None or self._state.manifest is None:
                return False
            try:
                return self._replay(self._reader, self._state.manifest, self._state.parts)
            except IndexCorrupt:
                if self._read_manifest() == self._manifest_bytes:
                    raise
                self._load()  # The log was replaced by a newer state between the two reads.
                return True

    # Reading

    def snapshot(self) -> Snapshot:
        return Snapshot(self._state, self._options, self._codec)

    def contains(self, keys: Keys) -> Mask:
        return self.snapshot().contains(keys)

    # Writing

    def upsert(self, keys: Keys, vectors: ArrayLike) -> None:
        self._check_writable()
        state = self._state
        keys, array = check_vectors(keys, vectors, state.manifest.dimension if state.manifest else None)
        if not len(keys):
            return
        kept = last_of_each(keys)
        if kept is not None:
            keys, array = keys[kept], array[kept]
        rows, scales = self._codec.encode(prepared(array, self._options.metric))
        with self._lock:
            manifest = self._state.manifest or self._first_manifest(array.shape[1])
            check_vectors(keys[:0], array[:0], manifest.dimension)  # Another thread may have fixed it.
            for start in range(0, len(keys), FLAT_LIMIT):
                piece = slice(start, start + FLAT_LIMIT)
                self._upsert(keys[piece], rows[piece], scales[piece])

    def _upsert(self, keys: Keys, rows: Rows, scales: Floats) -> None:
        delta, wal, manifest = self._delta, self._wal, self._state.manifest
        if delta is None or wal is None or manifest is None:
            raise IndexMissing("the vector index was closed; open it again")
        parts, _ = _kill(self._state.parts, keys)
        if delta.used + len(keys) > DELTA_LIMIT:
            self._seal(parts, (keys, rows, scales))
            return
        wal.append(keys, rows, scales)
        delta.append(keys, rows, scales)
        self._state = State(manifest, parts, delta.view())

    def remove(self, keys: Keys) -> None:
        self._check_writable()
        keys = np.unique(np.ascontiguousarray(keys, dtype=np.uint64))
        with self._lock:
            delta, wal, manifest = self._delta, self._wal, self._state.manifest
            if delta is None or wal is None or manifest is None:
                return
            keys = keys[self.contains(keys)]
            if not len(keys):
                return
            wal.append(keys)
            parts, _ = _kill(self._state.parts, keys)
            delta.kill(keys)
            self._state = State(manifest, parts, delta.view())

    def flush(self) -> None:
        with self._lock:
            if self._wal is not None:
                self._wal.sync()

    def retain(self, live_keys: Keys) -> int:
        self._check_writable()
        live = np.unique(np.ascontiguousarray(live_keys, dtype=np.uint64))
        with self._lock:
            gone = [keys[~_is_in(keys, live)] for keys in self.snapshot().live_keys()]
            unreferenced = np.concatenate(gone) if gone else np.zeros(0, np.uint64)
            self.remove(unreferenced)
            return len(unreferenced)

    def close(self) -> None:
        with self._lock:
            if self._wal is not None:
                self._wal.sync()
                self._wal.close()
                self._wal = None
            self._delta = None
            self._segments = {}

    def _check_writable(self) -> None:
        if not self._writable:
            raise PermissionError(f"the vector index in {self._directory.path} was opened for reading only")

    def _first_manifest(self, dimension: int) -> Manifest:
        options = self._options
        manifest = Manifest(options.metric, options.precision, options.seed, dimension, wal="")
        self._delta = Delta(self._codec, dimension)
        wal, manifest = self._new_wal(manifest)
        self._publish(manifest, (), wal, self._delta)
        return manifest

    def _new_wal(self, manifest: Manifest) -> tuple[WalWriter, Manifest]:
        name, manifest = manifest.next_name("wal", "log")
        row_bytes = self._codec.bytes_per_row(manifest.dimension)
        return WalWriter(self._directory.append(name, 0), manifest.dimension, row_bytes, 0), replace(
            manifest, wal=name
        )

    # Sealing and publishing

    def _seal(self, parts: tuple[Part, ...], extra: tuple[Keys, Rows, Floats] | None = None) -> None:
        """Turn the delta (and `extra`) into a flat segment, joined with the last one while that is small."""
        delta, manifest = self._delta, self._state.manifest
        if delta is None or manifest is None:
            return
        sources = [delta.live_rows()]
        if extra is not None:
            older, rows, scales = sources[0]
            kept = ~np.isin(older, extra[0])
            sources = [(older[kept], rows[kept], scales[kept]), extra]
        if parts and self._joinable(parts[-1], sum(len(source[0]) for source in sources)):
            live = parts[-1].live_rows()
            segment = parts[-1].segment
            sources.append((segment.keys[live], segment.rows[live], segment.scales_of(live)))
            parts = parts[:-1]
        fresh = Delta(self._codec, manifest.dimension)
        if any(len(source[0]) for source in sources):
            name, manifest = manifest.next_name("seg")
            size = write_flat(self._directory, name, self._codec, manifest.dimension, sources)
            parts = (*parts, Part(Segment(self._directory, name, self._codec, manifest.dimension, size)))
        wal, manifest = self._new_wal(manifest)
        self._publish(manifest, parts, wal, fresh)

    def _joinable(self, part: Part, added: int) -> bool:
        return part.segment.name not in self._busy and part.live_count + added <= FLAT_LIMIT

    def _publish(self, manifest: Manifest, parts: tuple[Part, ...], wal: WalWriter, delta: Delta) -> None:
        """Make a new state durable and visible, or change nothing; the caller holds the lock."""
        published = self._state.manifest
        saved = {entry.file: entry for entry in published.segments} if published else {}
        entries: list[SegmentEntry] = []
        for part in parts:
            name = part.segment.name
            entry = saved.get(name, SegmentEntry(name, part.segment.file.size))
            known = self._saved_dead.get(name)
            if part.dead is not None and (known is None or known.dead is not part.dead):
                dead_name, manifest = manifest.next_name("dead")
                dead_size = write_dead(self._directory, dead_name, part)
                entry = SegmentEntry(name, entry.size, dead_name, dead_size)
            entries.append(entry)
        manifest = replace(manifest, segments=entries, generation=manifest.generation + 1)
        data = manifest.encoded()
        self._checkpoint("publish")
        self._directory.replace(manifests.NAME, data)
        if self._wal is not None:
            self._wal.close()
        self._wal, self._delta, self._manifest_bytes = wal, delta, data
        self._segments = {part.segment.name: part.segment for part in parts}
        self._saved_dead = {part.segment.name: part for part in parts}
        self._state = State(manifest, parts, delta.view())
        self._collect()

    def needs_maintenance(self) -> bool:
        return self._delta is not None and self._delta.used >= SEAL_AT

    def maintain(self, cancel: CancelToken | None = None, progress: Progress | None = None) -> None:
        self._check_writable()
        with self._maintaining, self._lock:
            if self._delta is not None and self._delta.used >= SEAL_AT:
                self._seal(self._state.parts)

    def verify(self) -> None:
        state = self._state
        for part in state.parts:
            part.segment.file.verify()
        if state.manifest is not None:
            manifests.decode_manifest(self._read_manifest(), self._directory)
            reader = WalReader(self._directory, state.manifest.wal, state.manifest.dimension, self._codec)
            for _ in reader.read():
                pass

    def stats(self) -> VectorStats:
        state = self._state
        manifest = state.manifest
        sizes = [entry.size + entry.dead_size for entry in manifest.segments] if manifest else []
        return VectorStats(
            implementation=self._options.implementation,
            metric=self._options.metric,
            precision=self._options.precision,
            dimension=manifest.dimension if manifest else None,
            count=state.count,
            dead=sum(part.dead_count for part in state.parts),
            generation=manifest.generation if manifest else 0,
            delta=state.delta.count if state.delta else 0,
            disk_bytes=sum(sizes),
        )


def _kill(parts: tuple[Part, ...], keys: Keys) -> tuple[tuple[Part, ...], int]:
    """The parts with `keys` dead in them, and how many were alive."""
    changed, killed = list(parts), 0
    for number, part in enumerate(parts):
        rows = part.find_live(keys)
        rows = rows[rows >= 0]
        if len(rows):
            changed[number] = part.killed(rows)
            killed += len(rows)
    return tuple(changed), killed


def open_vector_index(
    directory: Directory, options: VectorOptions, *, writable: bool, checkpoint: Checkpoint | None = None
) -> VectorIndex:
    """Open or start the vector index in `directory`. A damaged file raises IndexCorrupt naming it.

    `checkpoint` is called at named points of background work; tests use it to act in between.
    """
    return DurableIndex(directory, options, writable=writable, checkpoint=checkpoint)
