"""Facts on disk by content: a log of what came last, and sealed files of what came before.

The store keeps bytes under keys and does not look into them. All of it can be made again from the sources, so
what is damaged counts as missing, and what was written by other rules is dropped. Whoever holds the writer
lock of the index writes; everybody else reads what the manifest names, and the log behind it.
"""

from __future__ import annotations

import logging
import re
import threading
import zlib
from collections.abc import Collection, Iterator
from dataclasses import asdict, replace
from typing import Any

import orjson

from codanna_core.errors import IndexCorrupt
from codanna_core.records import dataclass
from codanna_core.relations.fact_files import KEY_BYTES, MAX_RECORD, Blocks, Segment, unpacked
from codanna_core.storage import Directory
from codanna_core.storage.checked_json import checked, with_checksum
from codanna_core.storage.log import LogForm, LogReader, LogWriter

log = logging.getLogger("codanna.engine")

MANIFEST = "facts.json"
MAX_BYTES = 2 << 30
"""More is not kept: such facts are read again whenever they are asked for."""
SEAL_BYTES = 4 << 20
"""A log of this size becomes a sealed file."""

_TIDY_BYTES = 64 << 10

_LOG = LogForm(b"CDNFLG\x00\x01", "a log of facts")
_PUT = 1
_OWN = re.compile(r"facts-\d{8}\.(?:fct|log)")


@dataclass(frozen=True, slots=True)
class _State:
    """What the manifest says."""

    rules: str
    serial: int
    """The last number used in a file name; names are never used twice."""
    log: str
    segments: tuple[tuple[str, int], ...] = ()
    """Names and sizes, the oldest first."""

    def encoded(self) -> bytes:
        return with_checksum(asdict(self))

    def files(self) -> set[str]:
        return {self.log, *(name for name, _ in self.segments)}


class FactStore:
    """Bytes under keys of 16 bytes. From any thread; one process writes."""

    def __init__(self, directory: Directory, rules: str) -> None:
        self._directory = directory
        self._rules = rules
        self._lock = threading.RLock()
        self._manifest = b""
        """Its bytes, as they were read last."""
        self._state: _State | None = None
        self._segments: tuple[Segment, ...] = ()
        self._recent: dict[bytes, bytes] = {}
        """What is in the log, compressed."""
        self._damaged: set[bytes] = set()
        self._reader: LogReader[tuple[bytes, bytes]] | None = None
        self._writer: LogWriter | None = None

    # Reading

    def refresh(self) -> None:
        """See what another process has written since."""
        with self._lock:
            if self._writer is None:
                self._read()

    def get(self, key: bytes) -> bytes | None:
        """What was stored under a key; None where it is missing or damaged."""
        with self._lock:
            packed, segments = self._recent.get(key), self._segments
        try:
            if packed is not None:
                return unpacked(packed)
            for segment in reversed(segments):
                found = segment.get(key)
                if found is not None:
                    return found
        except ValueError as error:
            log.warning("facts are read again: %s", error)
            with self._lock:
                self._damaged.add(key)
        return None

    def held(self) -> set[bytes]:
        """All keys, those of damaged bytes left out as far as they were met."""
        with self._lock:
            found = set(self._recent)
            for segment in self._segments:
                found.update(segment.keys())
            return found - self._damaged

    @property
    def size(self) -> int:
        """Bytes on disk, about."""
        with self._lock:
            return sum(segment.size for segment in self._segments) + sum(map(len, self._recent.values()))

    # Writing

    @property
    def writable(self) -> bool:
        """Whether this process may put."""
        return self._writer is not None

    def open_to_write(self) -> None:
        """Begin to write; only for whoever holds the writer lock."""
        with self._lock:
            if self._writer is not None:
                return
            self._read()
            state = self._state
            if state is None:
                state = _State(self._rules, 1, _name(1, "log"))
                self._clear()
                self._directory.delete(self._garbage(state))
            elif len(self._segments) < len(state.segments):
                kept = {segment.name for segment in self._segments}
                state = replace(state, segments=tuple(one for one in state.segments if one[0] in kept))
            self._open_log(state)
            if state != self._state:
                self._publish(state)
            self._directory.delete(self._garbage(state))

    def put(self, key: bytes, data: bytes) -> bool:
        """Store bytes; False where they are too many, or this process does not write.

        A kill loses none of them, a power cut may lose the last ones.
        """
        with self._lock:
            if self._writer is None:
                return False
            packed = zlib.compress(data) if len(data) <= MAX_RECORD else b""
            if len(key) != KEY_BYTES or not packed or self.size + len(packed) > MAX_BYTES:
                return False
            self._writer.append(_PUT, key + packed)
            self._recent[key] = packed
            self._damaged.discard(key)
            if self._writer.size() >= SEAL_BYTES:
                self._seal()
            return True

    def tidy(self) -> None:
        """Seal a log that is not small beside the rest: together its records take less room."""
        with self._lock:
            if self._writer is not None and self._writer.size() > max(_TIDY_BYTES, self.size // 8):
                self._seal()

    def collect(self, live: Collection[bytes]) -> bool:
        """Drop what has no key among the `live` ones, if it is most of what there is.

        Until then it stays: whoever switches back to another branch finds it.
        """
        with self._lock:
            if self._writer is None:
                return False
            dead = sum(segment.dead_bytes(live) for segment in self._segments)
            if dead < max(SEAL_BYTES, sum(segment.bytes_before for segment in self._segments) // 2):
                return False
            self._seal(live)
            return True

    def close(self) -> None:
        """Let the files go; what was put is kept."""
        with self._lock:
            writer, self._writer = self._writer, None
            if writer is not None:
                writer.close()
            self._clear()

    # Inside

    def _clear(self) -> None:
        self._manifest, self._state, self._segments, self._reader = b"", None, (), None
        self._recent, self._damaged = {}, set()

    def _read(self) -> None:
        """Load what the manifest names, and the records of the log that were not read yet."""
        try:
            data = self._directory.read(MANIFEST)
        except FileNotFoundError:
            self._clear()
            return
        if data != self._manifest:
            before = {segment.name: segment for segment in self._segments}
            self._clear()
            self._state = _state_of(data, self._rules)
            if self._state is None:
                return
            self._segments = tuple(self._opened(self._state, before))
            self._reader = LogReader(self._directory, self._state.log, _LOG, _parsed)
            if len(self._segments) == len(self._state.segments):
                self._manifest = data  # Else the next look tries again: the writer may just have merged them.
        self._read_log()

    def _read_log(self) -> None:
        if self._reader is None:
            return
        try:
            for key, data in self._reader.read():
                self._recent[key] = data
        except IndexCorrupt as error:
            log.warning("facts behind the damage are read again: %s", error)

    def _opened(self, state: _State, before: dict[str, Segment]) -> list[Segment]:
        found = []
        for name, size in state.segments:
            try:
                found.append(before.get(name) or Segment(self._directory, name, size))
            except (IndexCorrupt, KeyError) as error:
                log.warning("facts are read again: %s", error)
        return found

    def _open_log(self, state: _State) -> None:
        """The log, behind the last whole record of it."""
        at, stamp = (0, 0) if self._reader is None else (self._reader.position, self._reader.stamp)
        self._writer = LogWriter(self._directory.append(state.log, at), _LOG, stamp)
        self._writer.sync()

    def _publish(self, state: _State) -> None:
        data = state.encoded()
        self._directory.replace(MANIFEST, data)
        self._state, self._manifest = state, data

    def _garbage(self, state: _State) -> list[str]:
        return [
            name for name in self._directory.names() if _OWN.fullmatch(name) and name not in state.files()
        ]

    def _seal(self, live: Collection[bytes] | None = None) -> None:
        """Make the log, and sealed files that are not much larger, into one; where `live` is given, make all
        into one that has nothing else.
        """
        state, old = self._state, self._writer
        assert state is not None
        assert old is not None
        kept = [] if live is not None else list(self._segments)
        merged = list(self._segments) if live is not None else []
        size = old.size()
        while kept and kept[-1].size < 2 * size:
            merged.insert(0, kept.pop())
            size += merged[0].size
        blocks = Blocks()
        others = [key for segment in merged for key in segment.add_to(blocks, live)]
        blocks.add(self._left(others, live))
        name, log_name = _name(state.serial + 1, "fct"), _name(state.serial + 2, "log")
        self._directory.delete(one for one in (name, log_name) if self._directory.exists(one))
        size = blocks.write(self._directory, name)
        sealed = Segment(self._directory, name, size)
        segments = (*((one.name, one.size) for one in kept), (name, size))
        writer = LogWriter(self._directory.append(log_name, 0), _LOG, 0)
        try:
            writer.sync()
            self._publish(_State(self._rules, state.serial + 2, log_name, segments))
        except BaseException:
            # Whether the new state is on disk only reading it back can tell.
            writer.close()
            self.close()
            raise
        self._segments, self._recent, self._writer = (*kept, sealed), {}, writer
        self._reader = None
        old.close()
        self._directory.delete([state.log, *(segment.name for segment in merged)])

    def _left(self, others: list[bytes], live: Collection[bytes] | None) -> Iterator[tuple[bytes, bytes]]:
        """What goes into new blocks: what is left of old ones, then the log in the order in which it came."""
        for key in dict.fromkeys(others):
            data = self.get(key) if key not in self._recent else None
            if data is not None:
                yield key, data
        for key, packed in self._recent.items():
            if live is None or key in live:
                yield key, unpacked(packed)


def _state_of(manifest: bytes, rules: str) -> _State | None:
    """What a manifest says; None if it is damaged or of other rules."""
    try:
        values: dict[str, Any] = checked(orjson.loads(manifest))
        segments = tuple((str(name), int(size)) for name, size in values.pop("segments"))
        state = _State(**values, segments=segments)
        if not all(_OWN.fullmatch(name) for name in state.files()):
            raise ValueError("it names a file that cannot be one of its own")
    except (ValueError, TypeError, KeyError) as error:
        log.warning("all facts are read again, their manifest is damaged: %s", error)
        return None
    return state if state.rules == rules else None


def _parsed(operation: int, payload: bytes) -> tuple[bytes, bytes] | None:
    if operation != _PUT or len(payload) < KEY_BYTES:
        return None
    return payload[:KEY_BYTES], payload[KEY_BYTES:]


def _name(number: int, ending: str) -> str:
    return f"facts-{number:08d}.{ending}"
