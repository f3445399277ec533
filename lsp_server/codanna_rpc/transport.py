"""Bytes in, whole frames out, and back: the base protocol of LSP over pipes and sockets.

Reading is a thread, because blocking pipes are the only thing that works alike on every system.
Writing goes straight to the pipe from whichever thread has the answer; only what the pipe does not take at
once waits in a queue, so a client that reads slowly never blocks the event loop.
"""

from __future__ import annotations

import logging
import os
import re
import select
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass

logger = logging.getLogger(__name__)

MAX_BODY = 128 * 1024 * 1024
"""Longer messages are skipped and refused; no source file that anybody edits comes near."""
MAX_HEADER_LINE = 16 * 1024

# Searched, not matched: after a broken frame the next header may follow garbage on the same line.
_LENGTH = re.compile(rb"content-length\s*:\s*(\d{1,15})\s*$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class BadFrame:
    """Input that is no message; `answerable` where the client certainly waits for something."""

    reason: str
    answerable: bool


class FrameParser:
    """Splits a byte stream into message bodies and finds its way back after garbage."""

    def __init__(self, max_body: int = MAX_BODY) -> None:
        self._max_body = max_body
        self._buffer = bytearray()
        self._length: int | None = None
        self._in_body = False
        self._skip = 0

    def feed(self, data: bytes) -> Iterator[bytes | BadFrame]:
        """Take more bytes and give what is complete."""
        self._buffer += data
        while True:
            if self._skip:
                dropped = min(self._skip, len(self._buffer))
                del self._buffer[:dropped]
                self._skip -= dropped
                if self._skip:
                    return
            if self._in_body:
                assert self._length is not None
                if len(self._buffer) < self._length:
                    return
                body = bytes(memoryview(self._buffer)[: self._length])
                del self._buffer[: self._length]
                self._in_body, self._length = False, None
                yield body
                continue
            end = self._buffer.find(b"\n")
            if end < 0:
                if len(self._buffer) > MAX_HEADER_LINE:
                    # The tail stays, it may be the beginning of a real header.
                    del self._buffer[:-64]
                    yield BadFrame("a header line is too long", answerable=False)
                return
            line = bytes(memoryview(self._buffer)[:end]).strip()
            del self._buffer[: end + 1]
            if bad := self._header(line):
                yield bad

    def _header(self, line: bytes) -> BadFrame | None:
        if not line:
            if self._length is None:
                return None
            if self._length > self._max_body:
                self._skip, self._length = self._length, None
                return BadFrame(f"the message is longer than {self._max_body} bytes", answerable=True)
            self._in_body = True
            return None
        if found := _LENGTH.search(line):
            self._length = int(found[1])
            return None
        if b":" in line and line[:1].isalpha() and len(line) < 200:
            return None
        return BadFrame("a header line is not `Name: value`", answerable=False)


class Reader:
    """A thread that reads from the client and hands chunks over; it stops at the end of input."""

    _CHUNKS_AHEAD = 64

    def __init__(self, read: Callable[[int], bytes], on_data: Callable[[bytes], None]) -> None:
        """`on_data` is called on the thread; an empty chunk means that the client is gone."""
        self._read = read
        self._on_data = on_data
        self._room = threading.Semaphore(self._CHUNKS_AHEAD)
        self._thread = threading.Thread(target=self._run, name="codanna-read", daemon=True)

    def start(self) -> None:
        """Begin to read."""
        self._thread.start()

    def handled(self) -> None:
        """Say that a chunk was worked off; without this a flood would pile up in memory."""
        self._room.release()

    def _run(self) -> None:
        while True:
            try:
                data = self._read(65536)
            except OSError as error:
                logger.info("reading from the client ended: %s", error)
                data = b""
            self._room.acquire()
            self._on_data(data)
            if not data:
                return


class Writer:
    """Writes whole frames in order, from any thread, without ever blocking the caller."""

    def __init__(
        self,
        write: Callable[[bytes | memoryview], int],
        *,
        writable: int | None,
    ) -> None:
        """`writable` is a non-blocking descriptor to wait on, None where `write` blocks."""
        self._write = write
        self._on_lost: Callable[[], None] = lambda: None
        self._writable = writable
        self._backlog: deque[memoryview] = deque()
        self._condition = threading.Condition()
        self._closing = False
        self._busy = False
        self._lost = False
        self._thread = threading.Thread(target=self._run, name="codanna-write", daemon=True)
        self._thread.start()

    def when_lost(self, call: Callable[[], None]) -> None:
        """Run `call` once when the client reads no more, at once if that is so already."""
        with self._condition:
            self._on_lost = call
            lost = self._lost
        if lost:
            call()

    def write(self, frame: bytes) -> None:
        """Send one frame; silently nothing once the client is gone."""
        view = memoryview(frame)
        with self._condition:
            if self._lost or self._closing:
                return
            if self._writable is not None and not self._backlog and not self._busy:
                try:
                    view = view[self._write(view) :]
                except BlockingIOError:
                    pass
                except OSError as error:
                    self._lose(error)
                    return
                if not view:
                    return
            self._backlog.append(view)
            self._condition.notify()

    def close(self, timeout: float = 2.0) -> None:
        """Send what is queued, then stop."""
        with self._condition:
            self._closing = True
            self._condition.notify()
        self._thread.join(timeout)

    def _run(self) -> None:
        while True:
            with self._condition:
                while not self._backlog and not self._closing:
                    self._condition.wait()
                if not self._backlog:
                    return
                view = self._backlog.popleft()
                self._busy = True
            try:
                while view:
                    if self._writable is not None:
                        select.select([], [self._writable], [])
                    try:
                        view = view[self._write(view) :]
                    except BlockingIOError:
                        continue
            except (OSError, ValueError) as error:
                with self._condition:
                    self._lose(error)
                return
            with self._condition:
                self._busy = False

    def _lose(self, error: Exception) -> None:
        logger.info("writing to the client ended: %s", error)
        self._lost = True
        self._backlog.clear()
        self._on_lost()


@dataclass(frozen=True, slots=True)
class Channel:
    """How to read from and write to the client."""

    read: Callable[[int], bytes]
    write: Callable[[bytes | memoryview], int]
    writable: int | None


def stdio_channel() -> Channel:
    """Take standard input and output for the protocol alone.

    Afterwards descriptor 1 is standard error and descriptor 0 is empty, so that a stray print or a child
    process can neither break a frame nor eat one.
    """
    source, sink = os.dup(0), os.dup(1)
    os.dup2(2, 1)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    sys.stdout = sys.stderr
    if sys.platform == "win32":
        import msvcrt

        msvcrt.setmode(source, os.O_BINARY)
        msvcrt.setmode(sink, os.O_BINARY)
    elif not os.isatty(sink):
        # A terminal shares its mode with the shell, which must stay blocking.
        os.set_blocking(sink, False)
        return Channel(lambda size: os.read(source, size), lambda data: os.write(sink, data), sink)
    return Channel(lambda size: os.read(source, size), lambda data: os.write(sink, data), None)
