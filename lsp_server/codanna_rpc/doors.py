"""Doors other than standard input: a loopback TCP port or a Unix socket, for one client that may come in.

Whoever can reach a port is a stranger until proven otherwise: another user of this machine, a web page that
posts to localhost, a port scanner. Nothing but an `initialize` with the token that was printed at the start
gets past this module; everybody else is disconnected without an answer. A Unix socket needs no token, because
the system lets only its owner connect.
"""

from __future__ import annotations

import contextlib
import ipaddress
import json
import os
import re
import secrets
import selectors
import signal
import socket
import stat
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from codanna_core.errors import ConfigError
from codanna_rpc import jsonrpc
from codanna_rpc.transport import Channel

TOKEN_OPTION = "token"
"""The key of `initializationOptions`; taken out here, so neither settings nor logs ever see it."""
PATIENCE_S = 5.0
"""A visitor who has not introduced itself by then is disconnected."""
MAX_VISITORS = 32
MAX_HEADER = 512
MAX_INTRODUCTION = 1 << 20
"""Bytes of an `initialize`, whose list of abilities takes some 20,000 in the wordiest editor."""

_ALLOWED_HEADERS = (b"content-length", b"content-type")
_LENGTH = re.compile(rb"content-length\s*:\s*(\d{1,9})\s*", re.IGNORECASE)


class Refused(Exception):
    """This visitor is not the client; the text says why, for the person who started the server."""


@dataclass(slots=True)
class _Visitor:
    connection: socket.socket
    until: float
    said: bytearray = field(default_factory=bytearray)


def tcp_channel(host: str, port: int, announce: Callable[[str], None]) -> Channel:
    """Wait on a loopback address for the client that knows the token; port 0 picks a free one."""
    token = secrets.token_urlsafe(32)  # Nobody guesses 256 bits, so a wrong one need not be slowed down.
    with _listen(host, port) as listener:
        address, bound = listener.getsockname()[:2]
        shown = f"[{address}]" if ":" in address else address
        announce(f"listening on {shown}:{bound}")
        announce(json.dumps({"host": address, "port": bound, "token": token}))
        connection, said = admit(listener, token, announce)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return _channel(connection, said)


def unix_channel(path: Path, announce: Callable[[str], None]) -> Channel:
    """Wait on a Unix socket in a private folder; the socket file is gone once the client is there."""
    with _ending_on_sigterm(), _listen_at(path) as listener:
        announce(f"listening on {path}")
        announce(json.dumps({"socket": os.fspath(path)}))
        connection, said = admit(listener, None, announce)
    return _channel(connection, said)


def admit(
    listener: socket.socket, token: str | None, announce: Callable[[str], None]
) -> tuple[socket.socket, bytes]:
    """The first visitor that introduces itself properly, and what it has said, without the token.

    Visitors are heard side by side: one that says nothing keeps nobody out.
    """
    visitors: list[_Visitor] = []
    listener.setblocking(False)
    with selectors.DefaultSelector() as selector:
        selector.register(listener, selectors.EVENT_READ)

        def dismiss(visitor: _Visitor, reason: str) -> None:
            selector.unregister(visitor.connection)
            visitors.remove(visitor)
            visitor.connection.close()
            announce(f"closed a connection: {reason}")

        try:
            while True:
                now = time.monotonic()
                soonest = min((visitor.until for visitor in visitors), default=None)
                ready = selector.select(None if soonest is None else max(0.0, soonest - now))
                for key, _ in ready:
                    visitor = key.data
                    if visitor is None:
                        if (newcomer := _accept(listener)) is not None:
                            if len(visitors) >= MAX_VISITORS:
                                dismiss(visitors[0], "too many at once")
                            visitors.append(newcomer)
                            selector.register(newcomer.connection, selectors.EVENT_READ, newcomer)
                        continue
                    if visitor not in visitors:
                        continue  # Dismissed a moment ago to make room.
                    try:
                        introduction = _hear(visitor, token)
                    except Refused as error:
                        dismiss(visitor, str(error))
                        continue
                    if introduction is not None:
                        selector.unregister(visitor.connection)
                        visitors.remove(visitor)
                        visitor.connection.setblocking(True)
                        return visitor.connection, introduction
                now = time.monotonic()
                for visitor in [visitor for visitor in visitors if visitor.until <= now]:
                    dismiss(visitor, f"no `initialize` within {PATIENCE_S:.0f} seconds")
        finally:
            for visitor in visitors:
                visitor.connection.close()


def _accept(listener: socket.socket) -> _Visitor | None:
    try:
        connection, _ = listener.accept()
    except OSError:
        return None  # Gone before it was let in.
    connection.setblocking(False)
    return _Visitor(connection, time.monotonic() + PATIENCE_S)


def _hear(visitor: _Visitor, token: str | None) -> bytes | None:
    """Take what the visitor says; its introduction once that is whole, None until then."""
    try:
        data = visitor.connection.recv(65536)
    except BlockingIOError:
        return None
    except OSError as error:
        raise Refused(f"it broke off ({error.strerror})") from error
    if not data:
        raise Refused("it left without an `initialize`")
    visitor.said += data
    length = body_length(visitor.said)
    if length is None:
        return None
    start = visitor.said.index(b"\r\n\r\n") + 4
    if len(visitor.said) < start + length:
        return None
    end = start + length
    return _without_token(bytes(visitor.said[start:end]), token) + bytes(visitor.said[end:])


def body_length(said: bytearray) -> int | None:
    """The length that the header states, None while it is not complete.

    Raises Refused at the first byte that no LSP header has there, so a browser is stopped before its body.
    """
    header, end, _ = said.partition(b"\r\n\r\n")
    if len(header) > MAX_HEADER:
        raise Refused("its header is too long")
    lengths = []
    for line in header.split(b"\r\n"):
        name, colon, _ = line.lower().partition(b":")
        if not colon and not end and any(allowed.startswith(name) for allowed in _ALLOWED_HEADERS):
            continue  # The line may go on.
        if not colon or name.rstrip() not in _ALLOWED_HEADERS:
            raise Refused("it does not speak the language server protocol (perhaps a browser)")
        if name.rstrip() == b"content-length" and end:
            lengths.append(_LENGTH.fullmatch(line))
    if not end:
        return None
    if len(lengths) != 1 or lengths[0] is None:
        raise Refused("its header states no length")
    if (length := int(lengths[0][1])) > MAX_INTRODUCTION:
        raise Refused("its first message is too long")
    return length


def _without_token(body: bytes, token: str | None) -> bytes:
    """The introduction as a frame of its own, if it is one and proves itself."""
    try:
        message = jsonrpc.parse(body)
    except (ValueError, RecursionError):
        raise Refused("its first message is not JSON") from None
    if not isinstance(message, dict) or message.get("method") != "initialize" or "id" not in message:
        raise Refused("its first message is not an `initialize` request")
    params = message.get("params")
    options = params.get("initializationOptions") if isinstance(params, dict) else None
    given: Any = options.pop(TOKEN_OPTION, None) if isinstance(options, dict) else None
    if token is not None and not _equal(given, token):
        raise Refused(f"initializationOptions.{TOKEN_OPTION} is missing or wrong")
    try:
        return jsonrpc.frame(message)
    except RecursionError:
        raise Refused("its first message is nested too deeply") from None


def _equal(given: Any, token: str) -> bool:
    if not isinstance(given, str):
        return False
    return secrets.compare_digest(given.encode("utf-8", "replace"), token.encode())


def _channel(connection: socket.socket, said: bytes) -> Channel:
    waiting = [said]

    def read(size: int) -> bytes:
        return waiting.pop() if waiting else connection.recv(size)

    # `recv` must go on blocking, so the writer cannot use the same descriptor without blocking.
    return Channel(read, connection.send, None)


# --- TCP


def _listen(host: str, port: int) -> socket.socket:
    """Listen on loopback alone. Names are resolved first and the result is bound, so no name can lie."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError) as error:
        raise ConfigError(f"cannot listen on {host}: the name is unknown ({error}); use 127.0.0.1") from error
    if outside := [str(place[0]) for *_, place in found if not _is_loopback(str(place[0]))]:
        raise ConfigError(
            f"cannot listen on {host}: {outside[0]} can be reached from other machines, and the server only"
            " serves this one; use 127.0.0.1, and `ssh -L` to connect from elsewhere"
        )
    refusal: OSError | None = None
    for family, _, _, _, place in found:
        try:
            return socket.create_server((str(place[0]), port), family=family)
        except OSError as error:
            refusal = error  # A name may also stand for an address of IPv6 where that is off.
    reason = refusal.strerror if refusal is not None else "the name has no address"
    raise ConfigError(
        f"cannot listen on {host}:{port}: {reason}; choose another port, or 0 for a free one"
    ) from refusal


def _is_loopback(address: str) -> bool:
    found = ipaddress.ip_address(address.partition("%")[0])
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return (mapped or found).is_loopback


# --- Unix sockets


@contextlib.contextmanager
def _listen_at(path: Path) -> Iterator[socket.socket]:
    """A socket that only this user can connect to, removed at the end."""
    if not hasattr(socket, "AF_UNIX") or sys.platform == "win32":
        raise ConfigError("this system has no Unix sockets; use --tcp 127.0.0.1:0")
    _make_private_folder(path.parent)
    _make_room(path)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        before = os.umask(0o177)
        try:
            listener.bind(os.fspath(path))
        except OSError as error:
            raise ConfigError(
                f"cannot listen on {path}: {error.strerror or error}; use a shorter path"
            ) from error
        finally:
            os.umask(before)
        try:
            listener.listen()
            yield listener
        finally:
            with contextlib.suppress(FileNotFoundError):
                path.unlink()


def _make_private_folder(folder: Path) -> None:
    """Make the socket's folder, or check that no other user may enter it."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        info = folder.stat()
    except OSError as error:
        raise ConfigError(f"cannot use the folder {folder}: {error.strerror}") from error
    if info.st_uid != os.getuid() or stat.S_IMODE(info.st_mode) & 0o077:
        raise ConfigError(
            f"other users can enter {folder}; put the socket into a folder of your own that only you can"
            " enter: mkdir -m 700 FOLDER"
        )


def _make_room(path: Path) -> None:
    """Remove the socket of a server that is gone; anything else that has this name stays."""
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(mode):
        raise ConfigError(f"{path} exists and is not a socket; choose another path")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(1)
        try:
            probe.connect(os.fspath(path))
        except ConnectionRefusedError:
            path.unlink(missing_ok=True)
            return
        except OSError as error:
            raise ConfigError(f"cannot use {path}: {error.strerror or error}; choose another path") from error
    raise ConfigError(f"another server listens on {path}; choose another path or stop that server")


@contextlib.contextmanager
def _ending_on_sigterm() -> Iterator[None]:
    """Let SIGTERM and SIGHUP end the wait in order, so that the socket file is removed."""

    def leave(number: int, frame: object) -> None:
        raise SystemExit(128 + number)

    numbers = [] if sys.platform == "win32" else [signal.SIGTERM, signal.SIGHUP]
    before = {number: signal.signal(number, leave) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
