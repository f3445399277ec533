"""Servers on loopback that answer what a test wants."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Serve = Callable[[socket.socket, bytes], None]


@contextmanager
def server(serve: Serve, context: ssl.SSLContext | None = None) -> Iterator[tuple[int, list[bytes]]]:
    """Has `serve` answer each request; gives the port and the requests that came."""
    seen: list[bytes] = []
    listening = socket.create_server(("127.0.0.1", 0))

    def talk(one: socket.socket) -> None:
        try:
            with one if context is None else context.wrap_socket(one, server_side=True) as connection:
                while request := _request(connection):
                    seen.append(request)
                    serve(connection, request)
        except (OSError, ssl.SSLError):
            pass  # The client hung up, as some of these tests want it to.

    def accept() -> None:
        while True:
            try:
                one, _ = listening.accept()
            except OSError:
                return
            threading.Thread(target=talk, args=(one,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield listening.getsockname()[1], seen
    finally:
        listening.shutdown(socket.SHUT_RDWR)  # Closing alone leaves the thread in `accept` with an open port.
        listening.close()


def _request(connection: socket.socket) -> bytes:
    data = b""
    while b"\r\n\r\n" not in data:
        piece = connection.recv(65536)
        if not piece:
            return b""
        data += piece
    head, _, body = data.partition(b"\r\n\r\n")
    length = next(
        (
            int(line.split(b":")[1])
            for line in head.split(b"\r\n")
            if line.lower().startswith(b"content-length")
        ),
        0,
    )
    while len(body) < length:
        body += connection.recv(65536)
    return head + b"\r\n\r\n" + body


def reply(body: bytes, status: str = "200 OK", more: bytes = b"") -> bytes:
    """A whole answer."""
    return b"HTTP/1.1 %s\r\nContent-Length: %d\r\n%s\r\n%s" % (status.encode(), len(body), more, body)
