"""A directory in memory that keeps the contract more strictly than a disk, for tests of storage.

What was not synced is lost in a `crash`, so that tests find what a forgiving disk hides.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Self

from codanna_core.storage.directory import AppendFile, Checkpoint, Chunk, NewFile


def _no_checkpoint(_name: str) -> None:
    """Crashes nowhere."""


class MemoryDirectory:
    """Files in memory, stricter than a disk: a name is never used twice, and what was not synced can be lost.

    `crash(keep)` gives the directory as it would be found after a power cut: `keep` bytes of each log's
    unsynced tail survive (all of it when None), unfinished files are gone.
    """

    def __init__(self, checkpoint: Checkpoint | None = None) -> None:
        self._files: dict[str, bytes] = {}
        self._logs: dict[str, _MemoryLog] = {}
        self._used: set[str] = set()
        self._lock = threading.RLock()
        self._checkpoint = checkpoint or _no_checkpoint

    @property
    def path(self) -> Path:
        return Path("<memory>")

    def names(self) -> list[str]:
        with self._lock:
            return sorted([*self._files, *self._logs])

    def exists(self, name: str) -> bool:
        return name in self._files or name in self._logs

    def size(self, name: str) -> int:
        return len(self._content(name))

    def read(self, name: str, start: int = 0) -> bytes:
        return bytes(self._content(name)[start:])

    def map(self, name: str) -> memoryview:
        try:
            return memoryview(self._files[name])
        except KeyError:
            raise FileNotFoundError(name) from None

    def create(self, name: str) -> NewFile:
        if name in self._used:
            raise FileExistsError(f"{name} was written before; a sealed file is never written again")
        self._used.add(name)
        return _MemoryNewFile(self, name)

    def replace(self, name: str, data: bytes) -> None:
        self._checkpoint(f"replace {name}")
        with self._lock:
            self._files[name] = bytes(data)
        self._checkpoint(f"replaced {name}")

    def append(self, name: str, at: int) -> AppendFile:
        with self._lock:
            log = self._logs.setdefault(name, _MemoryLog())
            if len(log.data) < at:
                raise ValueError(f"{name} has {len(log.data)} bytes, cannot go on at {at}")
            del log.data[at:]
            log.synced = min(log.synced, at)
        return _MemoryAppendFile(name, log, self._checkpoint)

    def delete(self, names: Iterable[str]) -> None:
        for name in names:
            self._checkpoint(f"delete {name}")
            with self._lock:
                self._files.pop(name, None)
                self._logs.pop(name, None)

    def crash(self, keep: int | None = None, checkpoint: Checkpoint | None = None) -> MemoryDirectory:
        """What is left after a power cut, as a fresh directory."""
        after = MemoryDirectory(checkpoint)
        with self._lock:
            after._files = dict(self._files)
            after._used = set(self._files)
            for name, log in self._logs.items():
                end = len(log.data) if keep is None else min(len(log.data), log.synced + keep)
                after._logs[name] = _MemoryLog(bytearray(log.data[:end]), end)
        return after

    def _content(self, name: str) -> bytes | bytearray:
        with self._lock:
            if name in self._files:
                return self._files[name]
            if name in self._logs:
                return bytes(self._logs[name].data)
        raise FileNotFoundError(name)

    def _finish(self, name: str, data: bytes) -> None:
        self._checkpoint(f"finish {name}")
        with self._lock:
            self._files[name] = data


class _MemoryLog:
    def __init__(self, data: bytearray | None = None, synced: int = 0) -> None:
        self.data = bytearray() if data is None else data
        self.synced = synced


class _MemoryNewFile:
    def __init__(self, directory: MemoryDirectory, name: str) -> None:
        self._directory = directory
        self._name = name
        self._parts = bytearray()

    def write(self, data: Chunk) -> None:
        self._parts += data

    def tell(self) -> int:
        return len(self._parts)

    def finish(self) -> None:
        self._directory._finish(self._name, bytes(self._parts))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._parts = bytearray()


class _MemoryAppendFile:
    def __init__(self, name: str, log: _MemoryLog, checkpoint: Checkpoint) -> None:
        self._name = name
        self._log = log
        self._checkpoint = checkpoint

    def append(self, data: Chunk) -> None:
        self._checkpoint(f"append {self._name}")
        self._log.data += data

    def sync(self) -> None:
        self._checkpoint(f"sync {self._name}")
        self._log.synced = len(self._log.data)

    def size(self) -> int:
        return len(self._log.data)

    def close(self) -> None:
        """Nothing is held open."""
