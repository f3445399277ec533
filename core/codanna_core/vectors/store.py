"""The durable vector index: log and delta for the newest vectors, sealed segments for the rest, one manifest.

Writers take a lock among themselves; readers take none: a snapshot is one reference to an immutable state.
Whatever a crash leaves behind is either named by the manifest, and then whole, or removed by the next open.
"""

from __future__ import annotations

import re
import threading
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike

from codanna_core.arrays import among, distinct, is_in
from codanna_core.cancel import Cancel
from codanna_core.errors import ConfigError, IndexCorrupt, IndexMissing
from codanna_core.storage import Checkpoint, Directory
from codanna_core.storage.container import Container, ContainerWriter
from codanna_core.storage.log import LogReader, LogWriter
from codanna_core.vectors import manifest as manifests
from codanna_core.vectors.base import (
    Calibration,
    Floats,
    Keys,
    Mask,
    Progress,
    VectorIndex,
    VectorOptions,
    VectorStats,
    check_vectors,
    last_of_each,
)
from codanna_core.vectors.delta import Delta
from codanna_core.vectors.ivf.build import Source, write_flat
from codanna_core.vectors.ivf.codec import make_rotation
from codanna_core.vectors.ivf.policy import Plan, plan
from codanna_core.vectors.key_filter import KeyFilter
from codanna_core.vectors.manifest import SEALED, FileEntry, Manifest
from codanna_core.vectors.rebuild import Built, rebuild
from codanna_core.vectors.rows import RowCodec, Rows
from codanna_core.vectors.segments import Part, Segment, add_tombstones, read_tombstones, write_tombstones
from codanna_core.vectors.snapshot import DurableSnapshot, State
from codanna_core.vectors.stats import collect_stats
from codanna_core.vectors.wal import Record, WalFormat, log_removal, log_upsert

SEAL_AT = 4096
"""Delta size from which maintenance seals it; the exact scan of a full delta costs 0.2 ms."""
DELTA_LIMIT = 16384
"""Delta size that an upsert never exceeds: it seals instead, which bounds the memory of bulk indexing."""
LOG_LIMIT = 1 << 24
"""Bytes of the log from which maintenance starts a new one; the next open replays this much in 20 ms."""
PIECE = 65536
"""A larger upsert is sealed in pieces of this many vectors."""
MANY = 4096
"""An upsert of so many vectors is one of a long run, which is told fast which keys are new."""
_NUMBERED = re.compile(r"[a-z]+-(\d{8})\.[a-z]+$")
_EMPTY = State(None, None, (), None)


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
        self._building: str | None = None
        """The file that background work writes now; no manifest names it yet."""
        self._segments: dict[str, Segment] = {}
        self._delta: Delta | None = None
        self._wal: LogWriter | None = None
        self._reader: LogReader[Record] | None = None
        self._known: KeyFilter | None = None
        """Every key that this process may have to replace; only for a writer that has written much."""
        self._serial = 0
        self._manifest_bytes = b""
        self._published: dict[str, Part] = {}
        """The parts as the manifest has them, to see which dead rows it lacks."""
        self._state = _EMPTY
        self._snapshot = DurableSnapshot(_EMPTY, options, self._codec)
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
            self._state, self._reader, self._delta = _EMPTY, None, None
            return
        manifest = manifests.decode_manifest(data, self._directory)
        if (manifest.metric, manifest.precision) != (self._options.metric, self._options.precision):
            raise ConfigError(
                f"the vector index in {self._directory.path} is {manifest.metric}/{manifest.precision}, the "
                f"configuration says {self._options.metric}/{self._options.precision}; reindex to change it"
            )
        rotation = self._state.rotation
        if rotation is None:
            entry = manifest.rotation
            rotation = self._open_rotation(entry).array("rotation")
        parts = tuple(self._open_part(manifest, entry) for entry in manifest.segments)
        self._segments = {part.segment.name: part.segment for part in parts}
        self._published = {part.segment.name: part for part in parts}
        self._delta = Delta(self._codec, manifest.dimension)
        self._reader = self._wal_of(manifest).reader(self._directory, manifest.wal)
        self._state = State(manifest, rotation, parts, self._delta.view())
        self._replay(self._reader)

    def _wal_of(self, manifest: Manifest) -> WalFormat:
        return WalFormat(self._codec, manifest.dimension)

    def _open_rotation(self, entry: FileEntry) -> Container:
        return Container.open(self._directory, entry.file, SEALED, entry.size)

    def _open_part(self, manifest: Manifest, entry: FileEntry) -> Part:
        segment = self._segments.get(entry.file)
        if segment is None:
            segment = Segment(self._directory, entry.file, self._codec, manifest.dimension, entry.size)
        if entry.dead is None:
            return Part(segment)
        return read_tombstones(self._directory, entry.dead, segment, entry.dead_size)

    def _replay(self, reader: LogReader[Record]) -> bool:
        delta, parts, replayed = self._delta, self._state.parts, False
        if delta is None:
            return False
        for record in reader.read():
            replayed = True
            parts = add_tombstones(parts, record.keys)
            if record.rows is None or record.scales is None:
                delta.remove(record.keys)
            else:
                delta.append(record.keys, record.rows, record.scales)
        if replayed:
            self._state = replace(self._state, parts=parts, delta=delta.view())
        return replayed

    def _start_writing(self) -> None:
        manifest = self._state.manifest
        leftovers = [int(found[1]) for name in self._directory.names() if (found := _NUMBERED.match(name))]
        self._serial = max([manifest.serial if manifest else 0, *leftovers])
        if manifest is not None and self._reader is not None:
            file = self._directory.append(manifest.wal, self._reader.position)
            self._wal = self._wal_of(manifest).writer(file, self._reader.stamp)
        self._collect()

    def _collect(self) -> None:
        """Remove files that no manifest names: leftovers of a crash, or replaced by a newer state."""
        named = self._state.manifest.files() if self._state.manifest else {manifests.NAME}
        self._directory.delete(
            name
            for name in self._directory.names()
            if (manifests.is_own_file(name) or name == f"{manifests.NAME}.tmp")
            and name not in named
            and name != self._building
        )

    def refresh(self) -> bool:
        if self._writable:
            return False
        with self._lock:
            if self._read_manifest() != self._manifest_bytes:
                self._load()
                return True
            if self._reader is None:
                return False
            try:
                return self._replay(self._reader)
            except IndexCorrupt:
                if self._read_manifest() == self._manifest_bytes:
                    raise
                self._load()  # The log was replaced by a newer state between the two reads.
                return True

    # Reading

    def snapshot(self) -> DurableSnapshot:
        snapshot = self._snapshot
        if snapshot.state is not self._state:
            # The same object for the same state, since it remembers which rows a filter allows.
            self._snapshot = snapshot = DurableSnapshot(self._state, self._options, self._codec)
        return snapshot

    def contains(self, keys: Keys) -> Mask:
        known = self._known
        if known is None:
            return self.snapshot().contains(keys)
        found = known.may_hold(keys)
        found[found] = self.snapshot().contains(keys[found])
        return found

    # Writing

    def upsert(self, keys: Keys, vectors: ArrayLike) -> None:
        self._check_writable()
        keys, array = check_vectors(keys, vectors, self.snapshot().dimension)
        if not len(keys):
            return
        kept = last_of_each(keys)
        if kept is not None:
            keys, array = keys[kept], array[kept]
        with self._lock:
            rotation = self._state.rotation
            if rotation is None:
                rotation = self._start_index(array.shape[1])
            check_vectors(keys[:0], array[:0], self.snapshot().dimension)  # Another thread may have fixed it.
            if self._known is None and len(keys) >= MANY:
                self._known = KeyFilter(self.snapshot().live_keys())
            turn = rotation.T.astype(np.float64)
            for start in range(0, len(keys), PIECE):
                piece = slice(start, start + PIECE)
                self._upsert(keys[piece], *self._codec.encode_turned(array[piece], turn))

    def _upsert(self, keys: Keys, rows: Rows, scales: Floats) -> None:
        delta, wal = self._delta, self._wal
        if delta is None or wal is None:
            raise IndexMissing("the vector index was closed; open it again")
        replaced = keys
        if self._known is not None:
            replaced = keys[self._known.may_hold(keys)]
            self._known.add(keys)
        parts = add_tombstones(self._state.parts, replaced)
        if delta.used + len(keys) > DELTA_LIMIT:
            self._seal(parts, (keys, rows, scales))
            return
        log_upsert(wal, keys, rows, scales)
        delta.append(keys, rows, scales)
        self._state = replace(self._state, parts=parts, delta=delta.view())

    def remove(self, keys: Keys) -> None:
        self._check_writable()
        keys = distinct(np.ascontiguousarray(keys, dtype=np.uint64))
        with self._lock:
            delta, wal = self._delta, self._wal
            if delta is None or wal is None:
                return
            held = delta.holds(keys)
            for part in self._state.parts:
                held |= part.find_live(keys) >= 0
            keys = keys[held]
            if not len(keys):
                return
            log_removal(wal, keys)
            parts = add_tombstones(self._state.parts, keys)
            delta.remove(keys)
            self._state = replace(self._state, parts=parts, delta=delta.view())

    def flush(self) -> None:
        with self._lock:
            if self._wal is not None:
                self._wal.sync()

    def retain(self, live_keys: Keys) -> int:
        live = distinct(np.ascontiguousarray(live_keys, dtype=np.uint64))
        with self._lock:
            unreferenced = [keys[~is_in(keys, live)] for keys in self.snapshot().live_keys()]
            gone = np.concatenate([np.zeros(0, np.uint64), *unreferenced])
            self.remove(gone)
            return len(gone)

    def close(self) -> None:
        with self._lock:
            if self._wal is not None:
                self._wal.sync()
                self._wal.close()
            self._wal = self._delta = self._reader = self._known = None
            self._segments, self._published, self._state = {}, {}, _EMPTY
            self._snapshot = DurableSnapshot(_EMPTY, self._options, self._codec)

    def _check_writable(self) -> None:
        if not self._writable:
            raise PermissionError(f"the vector index in {self._directory.path} was opened for reading only")

    def _start_index(self, dimension: int) -> Floats:
        """Fix the dimension and the rotation; the first manifest names these and an empty log."""
        rotation = make_rotation(dimension, self._options.seed)
        name = self._next_name("rotation")
        with self._directory.create(name) as file:
            writer = ContainerWriter(file, SEALED)
            writer.add("rotation", rotation)
            size = writer.finish({"kind": "rotation"})
        options = self._options
        entry = FileEntry(name, size)
        manifest = Manifest(options.metric, options.precision, options.seed, dimension, "", entry)
        self._publish(manifest, rotation, (), fresh_log=True)
        return rotation

    # Sealing and publishing

    def _next_name(self, stem: str, suffix: str = "vec") -> str:
        """A file name that was never used, also not by an attempt that failed."""
        self._serial += 1
        return f"{stem}-{self._serial:08d}.{suffix}"

    def _seal(self, parts: tuple[Part, ...], extra: tuple[Keys, Rows, Floats] | None = None) -> None:
        """Turn the delta, and `extra` which replaces equal keys in it, into a flat segment."""
        delta, state = self._delta, self._state
        if delta is None or state.manifest is None or state.rotation is None:
            return
        batches = [delta.live_rows()]
        if extra is not None:
            keys, rows, scales = batches[0]
            kept = ~among(keys, extra[0])
            batches = [(keys[kept], rows[kept], scales[kept]), extra]
        sources = [Source(*batch, np.arange(len(batch[0]))) for batch in batches if len(batch[0])]
        manifest = state.manifest
        if sources:
            name = self._next_name("seg")
            size = write_flat(self._directory, name, self._codec, manifest.dimension, sources)
            parts = (*parts, Part(Segment(self._directory, name, self._codec, manifest.dimension, size)))
        self._publish(manifest, state.rotation, parts, fresh_log=True)

    def _publish(
        self, manifest: Manifest, rotation: Floats, parts: tuple[Part, ...], *, fresh_log: bool
    ) -> None:
        """Make a new state durable and visible, or change nothing; the caller holds the lock.

        With `fresh_log` the parts hold everything and delta and log start anew; otherwise both go on.
        """
        known = {entry.file: entry for entry in manifest.segments}
        entries: list[FileEntry] = []
        for part in parts:
            name = part.segment.name
            entry = known.get(name, FileEntry(name, part.segment.file.size))
            published = self._published.get(name)
            # Deaths since the last fresh log are in the log; a new one has to find them in a file.
            if part.live is not None and fresh_log and (published is None or published.live is not part.live):
                tombstones_name = self._next_name("dead")
                dead_size = write_tombstones(self._directory, tombstones_name, part)
                entry = FileEntry(name, entry.size, tombstones_name, dead_size)
            entries.append(entry)
        wal, delta = self._wal, self._delta
        if fresh_log:
            wal_name = self._next_name("wal", "log")
            wal = self._wal_of(manifest).writer(self._directory.append(wal_name, 0), 0)
            delta = Delta(self._codec, manifest.dimension)
            manifest = replace(manifest, wal=wal_name)
        manifest = replace(
            manifest, segments=entries, generation=manifest.generation + 1, serial=self._serial
        )
        data = manifest.encoded()
        self._checkpoint("publish")
        self._directory.replace(manifests.NAME, data)
        if fresh_log and self._wal is not None:
            self._wal.close()
        if delta is None:
            raise IndexMissing("the vector index was closed; open it again")
        self._wal, self._delta, self._manifest_bytes = wal, delta, data
        self._segments = {part.segment.name: part.segment for part in parts}
        if fresh_log:
            self._published = {part.segment.name: part for part in parts}
        self._state = State(manifest, rotation, parts, delta.view())
        self._collect()

    # Maintenance

    def needs_maintenance(self) -> bool:
        delta = self._delta
        if not self._writable or delta is None:
            return False
        if self._seal_is_due():
            return True
        return plan(self._state.parts, len(delta), self._options.implementation) is not None

    def _seal_is_due(self) -> bool:
        full = self._delta is not None and self._delta.used >= SEAL_AT
        # Removals fill the log and not the delta.
        return full or (self._wal is not None and self._wal.size() >= LOG_LIMIT)

    def maintain(self, cancel: Cancel | None = None, progress: Progress | None = None) -> None:
        self._check_writable()
        with self._maintaining:
            while self.needs_maintenance():
                todo = self._next_plan()
                if todo is not None:
                    self._rebuild(todo, cancel, progress)

    def _next_plan(self) -> Plan | None:
        with self._lock:
            if self._delta is None:
                return None
            implementation = self._options.implementation
            todo = plan(self._state.parts, len(self._delta), implementation)
            if self._seal_is_due() or (todo is not None and todo.action == "train"):
                self._seal(self._state.parts)
                todo = plan(self._state.parts, 0, implementation)
            return todo

    def _rebuild(self, todo: Plan, cancel: Cancel | None, progress: Progress | None) -> None:
        """Write one new segment in place of several, without the lock, then publish it under the lock."""
        with self._lock:
            if self._state.manifest is None:
                return
            manifest, name = self._state.manifest, self._next_name("seg")
            self._building = name
        try:
            built = rebuild(
                self._directory, name, self._codec, self._options, manifest.dimension, todo, cancel, progress
            )
            self._checkpoint("built")
            self._swap(todo, built)
        finally:
            self._building = None

    def _swap(self, todo: Plan, built: Built) -> None:
        """Replace the parts of a plan; what died in them during the build dies in the new segment too."""
        replaced = {part.segment.name: part for part in todo.parts}
        with self._lock:
            state = self._state
            if state.manifest is None or state.rotation is None or self._delta is None:
                return
            fresh: tuple[Part, ...] = ()
            if built.size:
                segment = Segment(
                    self._directory, built.name, self._codec, state.manifest.dimension, built.size
                )
                fresh = (Part(segment),)
            kept: list[Part] = []
            for part in state.parts:
                before = replaced.get(part.segment.name)
                if before is None:
                    kept.append(part)
                elif part.live is not before.live and part.live is not None:
                    died = ~part.live if before.live is None else before.live & ~part.live
                    fresh = add_tombstones(fresh, part.segment.keys[died])
            calibration: Calibration | None = built.calibration or state.manifest.calibration
            manifest = replace(state.manifest, calibration=calibration)
            # Deaths that the log holds for the old segments are replayed onto the new one by key.
            self._publish(manifest, state.rotation, (*fresh, *kept), fresh_log=False)

    def verify(self) -> None:
        state = self._state
        for part in state.parts:
            part.segment.file.verify()
        if state.manifest is not None:
            manifests.decode_manifest(self._read_manifest(), self._directory)
            self._open_rotation(state.manifest.rotation).verify()
            for _ in self._wal_of(state.manifest).reader(self._directory, state.manifest.wal).read():
                pass

    def stats(self) -> VectorStats:
        return collect_stats(self._state, self._options, self._codec)


def open_vector_index(
    directory: Directory, options: VectorOptions, *, writable: bool, checkpoint: Checkpoint | None = None
) -> VectorIndex:
    """Open or start the vector index in `directory`. A damaged file raises IndexCorrupt naming it.

    `checkpoint` is called at named points of background work; tests use it to act in between.
    """
    return DurableIndex(directory, options, writable=writable, checkpoint=checkpoint)
