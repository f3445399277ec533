"""A flat folder of index files with three kinds of writes.

Write-once: once a file is finished its bytes never change, so readers may map it without locks.
Replace: `replace` swaps a small file atomically; it is the only way in which a new state becomes visible.
Append: a log grows at its end and may be cut back to a whole record, nothing else.
"""

from __future__ import annotations

import contextlib
import mmap
import os
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from stat import S_ISREG
from types import TracebackType
from typing import Protocol, Self

from codanna_core.errors import IndexCorrupt
from codanna_core.runtime.system import WINDOWS
from codanna_core.storage.private import check_folder, make_folder, open_file

MAX_READ = 2 << 30
"""Bytes of a file that is read whole. Tables of ten million files have less, and logs are sealed before."""


class FileDamaged(IndexCorrupt, ValueError):
    """A file that is not as it was written; `ValueError` says that its content is of no use."""


class FileTooLarge(FileDamaged):
    """Damage like any other to who reads a table."""


_CHUNK = 1 << 20

Checkpoint = Callable[[str], None]
"""Called with the name of a fault point just before its step; tests raise from it to simulate a crash."""

Chunk = bytes | bytearray | memoryview


def _no_checkpoint(_name: str) -> None:
    """The production checkpoint: does nothing."""


class NewFile(Protocol):
    """A write-once file being written. Leaving the `with` block without `finish` removes it."""

    def write(self, data: Chunk) -> None: ...
    def tell(self) -> int: ...
    def finish(self) -> None:
        """Make the bytes durable and the file readable; no write may follow."""
        ...

    def __enter__(self) -> Self: ...
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class AppendFile(Protocol):
    """The end of a log. `append` reaches the operating system, `sync` the disk."""

    def append(self, data: Chunk) -> None: ...
    def sync(self) -> None: ...
    def size(self) -> int: ...
    def close(self) -> None: ...


class Directory(Protocol):
    """The contract that both directories keep. Names are plain file names without folders."""

    @property
    def path(self) -> Path:
        """Where this is, for messages; for a directory in memory an invented path."""
        ...

    def names(self) -> list[str]: ...
    def exists(self, name: str) -> bool: ...
    def size(self, name: str) -> int: ...
    def read(self, name: str, start: int = 0) -> bytes: ...
    def map(self, name: str) -> memoryview:
        """The bytes of a finished file, read-only; they stay valid after the file is deleted."""
        ...

    def create(self, name: str) -> NewFile:
        """Start a write-once file; FileExistsError when the name is taken."""
        ...

    def replace(self, name: str, data: bytes) -> None:
        """Swap the content of `name` atomically and durably; all files finished before are durable too."""
        ...

    def append(self, name: str, at: int) -> AppendFile:
        """Open a log for writing at byte `at`, cutting what follows; the log is made when `at` is 0."""
        ...

    def delete(self, names: Iterable[str]) -> None:
        """Remove files that no manifest names; one that is still in use elsewhere is left for later."""
        ...


class FsDirectory:
    """Files in a real folder, made on the first write. Safe to share between threads.

    No file is reached through a link: neither in its own place nor, below the folder `top`, in that of a
    folder on the way. Links above `top` are the user's.
    """

    def __init__(
        self, path: Path | str, checkpoint: Checkpoint | None = None, *, top: Path | None = None
    ) -> None:
        self._path = Path(path)
        self._checkpoint = checkpoint or _no_checkpoint
        between = self._path.relative_to(top).parents if top is not None else ()
        self._way = [self._path, *(top / part for part in between if part.name)] if top is not None else []

    @property
    def path(self) -> Path:
        return self._path

    def names(self) -> list[str]:
        try:
            self._check_way()
            with os.scandir(self._path) as entries:
                return sorted(entry.name for entry in entries if entry.is_file(follow_symlinks=False))
        except FileNotFoundError:
            return []

    def exists(self, name: str) -> bool:
        try:
            return S_ISREG(os.lstat(self._place(name)).st_mode)
        except FileNotFoundError:
            return False

    def size(self, name: str) -> int:
        return os.lstat(self._place(name)).st_size

    def read(self, name: str, start: int = 0) -> bytes:
        with open(open_file(self._place(name), os.O_RDONLY), "rb") as file:
            size = os.fstat(file.fileno()).st_size - start
            if size > MAX_READ:
                raise FileTooLarge(self._path / name, f"has {size:,} bytes, more than is ever written")
            file.seek(start)
            return file.read()

    def map(self, name: str) -> memoryview:
        with open(open_file(self._place(name), os.O_RDONLY), "rb") as file:
            if os.fstat(file.fileno()).st_size == 0:  # An empty file cannot be mapped.
                return memoryview(b"")
            return memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))

    def create(self, name: str) -> NewFile:
        self._make()
        return _FsNewFile(self._place(name), self._checkpoint)

    def replace(self, name: str, data: bytes) -> None:
        self._make()
        # Files named by the new content must have durable names before the content can be seen.
        self._sync_names()
        temporary = self._place(f"{name}.tmp")
        temporary.unlink(missing_ok=True)  # A killed process left it, or somebody put a link there.
        with open(open_file(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL), "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        self._checkpoint(f"replace {name}")
        _replace_patiently(temporary, self._place(name))
        self._sync_names()
        self._checkpoint(f"replaced {name}")

    def take(self, other: FsDirectory, name: str) -> bool:
        """Have a finished file of another folder here, too. It takes no room where the disk has hard links,
        and is copied elsewhere; FileNotFoundError if it is gone. Gives whether it is shared.
        """
        self._make()
        source, place = other._place(name), self._place(name)
        with open(open_file(source, os.O_RDONLY), "rb") as file:
            try:
                os.link(source, place, follow_symlinks=False)
                return True
            except FileNotFoundError:
                raise
            except (OSError, NotImplementedError):  # Another disk, or one without hard links.
                info = os.fstat(file.fileno())
            with self.create(name) as copy:
                while chunk := file.read(_CHUNK):
                    copy.write(chunk)
                copy.finish()
        os.utime(place, ns=(info.st_atime_ns, info.st_mtime_ns))  # By which it is known to be checked.
        return False

    def append(self, name: str, at: int) -> AppendFile:
        self._make()
        made = not self.exists(name)
        file = _FsAppendFile(self._place(name), at, self._checkpoint)
        if made:
            self._sync_names()
        return file

    def delete(self, names: Iterable[str]) -> None:
        for name in names:
            self._checkpoint(f"delete {name}")
            try:
                self._place(name).unlink(missing_ok=True)
            except PermissionError:
                # Windows keeps mapped files; no manifest names this one, so the next open tries again.
                pass

    def _make(self) -> None:
        self._check_way()
        if self._way:
            make_folder(self._path)
        else:
            self._path.mkdir(parents=True, exist_ok=True)

    def _place(self, name: str) -> Path:
        if os.path.basename(name) != name or name in ("", os.curdir, os.pardir):
            raise ValueError(f"{name!r} is not a plain file name")
        self._check_way()
        return self._path / name

    def _check_way(self) -> None:
        for folder in self._way:
            with contextlib.suppress(FileNotFoundError):
                check_folder(folder)

    def _sync_names(self) -> None:
        if WINDOWS:  # Windows cannot sync a folder and orders the metadata itself.
            return
        handle = os.open(self._path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _replace_patiently(source: Path, target: Path) -> None:
    """Rename over `target`; on Windows a process that reads it right now makes this fail for a moment."""
    for _ in range(50 if WINDOWS else 0):
        try:
            os.replace(source, target)
            return
        except PermissionError:
            threading.Event().wait(0.01)
    os.replace(source, target)


class _FsNewFile:
    def __init__(self, path: Path, checkpoint: Checkpoint) -> None:
        self._file = open(open_file(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL), "wb")  # noqa: SIM115 - closed by finish or __exit__
        self._path = path
        self._checkpoint = checkpoint
        self._finished = False

    def write(self, data: Chunk) -> None:
        self._file.write(data)

    def tell(self) -> int:
        return self._file.tell()

    def finish(self) -> None:
        self._checkpoint(f"finish {self._path.name}")
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        self._finished = True

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self._finished:
            self._file.close()
            self._path.unlink(missing_ok=True)


class _FsAppendFile:
    def __init__(self, path: Path, at: int, checkpoint: Checkpoint) -> None:
        self._handle = open_file(path, os.O_RDWR | os.O_CREAT)
        try:
            size = os.fstat(self._handle).st_size
            if size < at:
                raise ValueError(f"{path} has {size} bytes, cannot go on at {at}")
            if size > at:
                os.ftruncate(self._handle, at)
            os.lseek(self._handle, at, os.SEEK_SET)
        except BaseException:
            os.close(self._handle)
            raise
        self._path = path
        self._size = at
        self._checkpoint = checkpoint
        self._sync = getattr(os, "fdatasync", os.fsync)

    def append(self, data: Chunk) -> None:
        self._checkpoint(f"append {self._path.name}")
        view = memoryview(data)
        try:
            while view:
                view = view[os.write(self._handle, view) :]
        except OSError:
            # A full disk may leave half a record; cut it so that a later record does not follow damage.
            with contextlib.suppress(OSError):
                os.ftruncate(self._handle, self._size)
                os.lseek(self._handle, self._size, os.SEEK_SET)
            raise
        self._size += len(data)

    def sync(self) -> None:
        self._checkpoint(f"sync {self._path.name}")
        self._sync(self._handle)

    def size(self) -> int:
        return self._size

    def close(self) -> None:
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1
