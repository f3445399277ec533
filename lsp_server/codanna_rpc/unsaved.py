"""Unsaved texts, and the names of files that were just saved, offered by the server that an editor started to
other programs of the same user.

They are asked for when a question comes: one connection, one line, one answer, with nothing but what changed
since the last one. A saved file is named because its text takes a moment to reach the index, and because this
server hears of it before anything that watches the disk. The socket is in the user's state folder, where no
other user can reach it, and whoever is at the other end is this user; what it says is checked all the same.
There is none on Windows, where Python has no Unix sockets: there, programs see what is saved.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import re
import secrets
import socket
import stat
import struct
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Set
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any

from codanna_core.runtime.folders import state_folder
from codanna_core.runtime.system import is_alive
from codanna_core.storage.private import OTHERS, check_folder, is_link, make_folder

logger = logging.getLogger(__name__)

MAX_TEXT = 16 << 20
"""Characters of one text; no larger file is indexed either."""
MAX_ANSWER = 64 << 20
MAX_REQUEST = 256
MAX_SERVERS = 8
PATIENCE_S = 1.0
"""Of the side that answers, for each step; the asking side has a question waiting."""
ASKING_S = 0.5
_MOST_GONE = 200
"""At most so many files that were saved or closed are named; beyond that, the next answer is a whole one,
with the names of the last half of them.
"""
_NAME = re.compile(r"([0-9a-f]{24})\.(\d{1,10})")
_LONGEST = 100
"""Bytes of a path that every system takes for a socket."""

HAS_SOCKETS = hasattr(socket, "AF_UNIX") and sys.platform != "win32"


def folder() -> Path:
    """Where the sockets are."""
    return state_folder() / "unsaved"


def digest_of(root: Path) -> str:
    """What the sockets of a folder's servers begin with."""
    return blake2b(os.fsencode(os.path.realpath(root)), digest_size=12).hexdigest()


class Offer:
    """The unsaved texts of one folder. Any thread."""

    def __init__(self, root: Path, alive: Callable[[], bool]) -> None:
        """Offered while `alive`, from the first change on."""
        self._root = root
        self._alive = alive
        self._lock = threading.Lock()
        self._instance = secrets.token_hex(8)
        self._version = 0
        self._texts: dict[str, tuple[int, str | None]] = {}
        self._listener: socket.socket | None = None
        self._path: Path | None = None
        self._closed = False

    def put(self, path: str, text: str | None) -> None:
        """A text differs from the file; with None the file counts, as it was saved or the text dropped."""
        if text is not None and len(text) > MAX_TEXT:
            text = None
        with self._lock:
            if self._closed:
                return
            self._version += 1
            self._texts.pop(path, None)  # So that what changed last is last.
            self._texts[path] = (self._version, text)
            gone = [name for name, (_, one) in self._texts.items() if one is None]
            if len(gone) > _MOST_GONE:
                for name in gone[: -_MOST_GONE // 2]:
                    del self._texts[name]
                self._instance = secrets.token_hex(8)
            if self._listener is None and HAS_SOCKETS:
                self._listen()

    def answer(self, instance: str, since: int) -> dict[str, Any]:
        """All that changed since a version; everything to whoever knows another instance."""
        with self._lock:
            if not self._alive():
                return {"instance": "", "version": 0, "texts": {}}
            if instance != self._instance:
                since = 0
            texts, room = {}, MAX_ANSWER // 12  # Bytes that a character takes at most in JSON.
            for path, (version, text) in self._texts.items():
                if version > since:
                    size = len(path) + len(text or "")
                    if size <= room:  # More is left out: no one edits so much at a time.
                        room -= size
                        texts[path] = text
            return {"instance": self._instance, "version": self._version, "texts": texts}

    def close(self) -> None:
        """Offer nothing any more."""
        with self._lock:
            self._closed = True
            listener, self._listener = self._listener, None
        if listener is not None:
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)  # Which ends the thread that waits for visitors.
            listener.close()
            if self._path is not None:
                self._path.unlink(missing_ok=True)

    def _listen(self) -> None:
        try:
            make_folder(folder())
            _check_private(folder())
            _remove_dead(digest_of(self._root))
            name = f"{digest_of(self._root)}.{os.getpid()}"
            self._path = folder() / name
            self._path.unlink(missing_ok=True)
            listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            with _address(self._path) as address:
                listener.bind(address)
            os.chmod(self._path, 0o600)
            listener.listen(8)
        except OSError as error:
            logger.warning("other programs will not see unsaved texts: %s", error)
            self._closed = True
            return
        self._listener = listener
        threading.Thread(target=self._serve, args=(listener,), name="codanna-unsaved", daemon=True).start()

    def _serve(self, listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return  # It was closed.
            with connection:
                try:
                    connection.settimeout(PATIENCE_S)
                    self._serve_one(connection)
                except (OSError, ValueError) as error:
                    logger.info("a question for unsaved texts was not answered: %s", error)

    def _serve_one(self, connection: socket.socket) -> None:
        if not _is_own(connection):
            return
        asked = b""
        while not asked.endswith(b"\n"):
            data = connection.recv(MAX_REQUEST)
            asked += data
            if not data or len(asked) > MAX_REQUEST:
                raise ValueError("it is not a line, or too long")
        values = json.loads(asked)
        if not isinstance(values, dict):
            raise ValueError("it is not an object")
        instance, since = values.get("instance"), values.get("since")
        if not isinstance(instance, str) or not isinstance(since, int):
            raise ValueError("it is not a question")
        connection.sendall(json.dumps(self.answer(instance, since)).encode("ascii"))


@dataclass(frozen=True)
class Heard:
    """What the servers of a folder say, those of several editors together."""

    texts: Mapping[str, str]
    """All that is unsaved now, by path."""
    on_disk: Set[str]
    """Files that were saved, or whose unsaved text was dropped, since they were asked last."""


class Listening:
    """What the servers of one folder offer. One thread at a time."""

    def __init__(self, root: Path) -> None:
        self._digest = digest_of(root)
        self._known: dict[str, tuple[str, int, dict[str, str]]] = {}
        """By the name of the socket: instance, version and texts."""

    def hear(self) -> Heard:
        """Ask all of them."""
        known, self._known = self._known, {}
        on_disk: set[str] = set()
        for path in _sockets(self._digest) if HAS_SOCKETS else ():
            try:
                self._known[path.name], names = _heard(path, known.get(path.name, ("", 0, {})))
            except (OSError, ValueError, RecursionError) as error:
                logger.info("a server's unsaved texts are left out: %s", error)
            else:
                on_disk |= names
        merged: dict[str, str] = {}
        for _, _, texts in self._known.values():
            merged.update(texts)
        return Heard(merged, on_disk - merged.keys())


def _heard(
    path: Path, known: tuple[str, int, dict[str, str]]
) -> tuple[tuple[str, int, dict[str, str]], set[str]]:
    instance, version, texts = known
    _check_socket(path)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(ASKING_S)
        with _address(path) as address:
            connection.connect(address)
        if not _is_own(connection):
            raise ValueError("it belongs to another user")
        connection.sendall(json.dumps({"instance": instance, "since": version}).encode("ascii") + b"\n")
        data = bytearray()
        while part := connection.recv(1 << 20):
            data += part
            if len(data) > MAX_ANSWER:
                raise ValueError("its answer is too long")
    values = json.loads(data)
    if not isinstance(values, dict):
        raise ValueError("its answer is not an object")
    now, number, changed = values.get("instance"), values.get("version"), values.get("texts")
    if not (isinstance(now, str) and isinstance(number, int) and isinstance(changed, dict)):
        raise ValueError("its answer has not the form that is known")
    texts = dict(texts) if now == instance else {}
    on_disk = set()
    for name, text in changed.items():
        if isinstance(text, str) and len(text) <= MAX_TEXT:
            texts[name] = text
        else:
            texts.pop(name, None)
            on_disk.add(name)
    return (now, number, texts), on_disk


def _sockets(digest: str) -> list[Path]:
    """The sockets of a folder's servers, if the folder that they are in is private."""
    try:
        _check_private(folder())
        names = sorted(os.listdir(folder()))
    except OSError:
        return []
    fitting = [name for name in names if (found := _NAME.fullmatch(name)) and found[1] == digest]
    return [folder() / name for name in fitting[:MAX_SERVERS]]


def _remove_dead(digest: str) -> None:
    """Remove the sockets of servers that were killed."""
    for path in _sockets(digest):
        if not is_alive(int(path.name.partition(".")[2])):
            path.unlink(missing_ok=True)


def _check_private(path: Path) -> None:
    check_folder(path)
    info = os.lstat(path)
    if info.st_uid != os.getuid() or stat.S_IMODE(info.st_mode) & OTHERS:
        raise OSError(f"other users can reach {path}")


def _check_socket(path: Path) -> None:
    info = os.lstat(path)
    if is_link(info) or not stat.S_ISSOCK(info.st_mode):
        raise ValueError(f"{path} is not a socket")
    if info.st_uid != os.getuid() or stat.S_IMODE(info.st_mode) & OTHERS:
        raise ValueError(f"other users can reach {path}")


def _is_own(connection: socket.socket) -> bool:
    """Whether this user is at the other end, where the system says who is."""
    if not hasattr(socket, "SO_PEERCRED"):
        return True  # The permissions of the folder are what holds.
    size = struct.calcsize("3i")
    _, user, _ = struct.unpack("3i", connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size))
    return bool(user == os.getuid())


@contextlib.contextmanager
def _address(path: Path) -> Iterator[str]:
    """The path of a socket; one that is too long is reached through its folder, where Linux shows that."""
    if len(os.fsencode(path)) <= _LONGEST or not os.path.isdir("/proc/self/fd"):
        yield os.fspath(path)
        return
    descriptor = os.open(path.parent, os.O_RDONLY | getattr(os, "O_DIRECTORY", 0))
    try:
        yield f"/proc/self/fd/{descriptor}/{path.name}"
    finally:
        os.close(descriptor)
