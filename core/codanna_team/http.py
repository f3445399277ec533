"""Requests to one server: kept connections, checked certificates, a deadline and a bound for every answer."""

from __future__ import annotations

import base64
import http.client
import ipaddress
import socket
import ssl
import threading
import time
import urllib.request
from collections.abc import Callable
from dataclasses import field
from enum import StrEnum
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

from codanna_core.errors import CodannaError
from codanna_core.records import dataclass

MEGABYTE: Final = 1 << 20
_CHUNK: Final = 1 << 16
_KEPT: Final = 4
"""Idle connections: questions come one at a time, publishing uses two."""
_IDLE_S: Final = 50.0
"""Balancers cut connections that are idle for a minute; a new one is cheaper than a lost answer."""


class Trouble(StrEnum):
    """Why there is no answer, by what can be done about it."""

    UNREACHABLE = "unreachable"
    REFUSED = "refused"
    """The token is missing, wrong, or may not do this."""
    SLOW = "slow"
    BUSY = "busy"
    """The engine cannot do this now: overloaded, without enough nodes."""
    BLOCKED = "blocked"
    """Somebody, or a disk that is nearly full, keeps the index from it; asking again soon does not help."""
    MISSING = "missing"
    CONFLICT = "conflict"
    """Somebody else changed it first."""
    MALFORMED = "malformed"
    """The answer is not what the engine gives, or is too large."""


class EngineError(CodannaError):
    """The engine did not do what it was asked; `trouble` says what can be done."""

    def __init__(self, trouble: Trouble, message: str) -> None:
        super().__init__(message)
        self.trouble = trouble


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where the engine is, and which of its indexes is asked: `https://host:port/index`."""

    scheme: str
    host: str
    port: int
    prefix: str
    """Of every path, where the engine is behind a gateway."""
    index: str

    @classmethod
    def parse(cls, url: str) -> Endpoint:
        """Read the setting. A CodannaError names what is wrong, and never repeats a password."""
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError as error:
            raise CodannaError(
                "the address of the team's engine cannot be read; write https://host:port/index"
            ) from error
        if parts.username is not None or parts.password is not None:
            raise CodannaError(
                "the address of the team's engine contains a password; see `codanna-lsp team init`"
            )
        host = parts.hostname or ""
        if not host or parts.query or parts.fragment:
            raise CodannaError("the address of the team's engine must be https://host:port/index")
        if parts.scheme != "https" and not (parts.scheme == "http" and _is_loopback(host)):
            raise CodannaError("the address of the team's engine must begin with https://")
        prefix, _, index = unquote(parts.path).rstrip("/").rpartition("/")
        index = index or "codanna"
        if not all(_is_index_name(name) for name in index.split(",")):
            raise CodannaError(
                f"`{index}` cannot be the name of an index; use lower-case letters, digits, - and _"
            )
        return cls(parts.scheme, host, port or (443 if parts.scheme == "https" else 80), prefix, index)

    def __str__(self) -> str:
        return f"{self.scheme}://{self.host}:{self.port}{self.prefix}/{self.index}"


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _is_index_name(name: str) -> bool:
    characters = "abcdefghijklmnopqrstuvwxyz0123456789-_.*"
    return 0 < len(name) <= 200 and name[0] not in "-_.*" and all(one in characters for one in name)


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer that came in whole."""

    status: int
    body: bytes


@dataclass(slots=True)
class _Idle:
    connection: http.client.HTTPConnection
    since: float


@dataclass(slots=True)
class Client:
    """Any number of threads may ask at once. The token goes to this host alone, whatever it answers."""

    endpoint: Endpoint
    token: Callable[[], str] = lambda: ""
    """Asked for each request, so that a changed one is used at once; `user:password`, or a bearer token."""
    ca: Path | None = None
    """A bundle to trust in place of the system's; `SSL_CERT_FILE` works as well."""
    _idle: list[_Idle] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _context: ssl.SSLContext | None = None
    _closed: bool = False

    def request(
        self,
        method: str,
        path: str,
        body: bytes = b"",
        kind: str = "application/json",
        *,
        deadline: float,
        most: int = 8 * MEGABYTE,
    ) -> Reply:
        """Send one request and read all of the answer before `deadline` of `time.monotonic`."""
        while True:
            connection, kept = self._connection(deadline)
            try:
                return self._exchange(connection, method, path, body, kind, deadline, most)
            except (http.client.RemoteDisconnected, ConnectionError, BrokenPipeError) as error:
                connection.close()
                # The server may have closed a connection that was idle; a fresh one says whether it is there.
                if kept and time.monotonic() < deadline:
                    continue
                raise self._unreachable(error) from error
            except TimeoutError as error:
                connection.close()
                raise EngineError(Trouble.SLOW, f"{self.endpoint.host} did not answer in time") from error
            except http.client.HTTPException as error:
                connection.close()
                raise EngineError(
                    Trouble.MALFORMED, f"{self.endpoint.host} does not answer in HTTP"
                ) from error
            except (OSError, ValueError) as error:
                connection.close()
                raise self._unreachable(error) from error
            except EngineError:
                connection.close()
                raise

    def close(self) -> None:
        """Give all connections back; requests that are under way end by themselves."""
        with self._lock:
            idle, self._idle, self._closed = self._idle, [], True
        for one in idle:
            one.connection.close()

    def _exchange(
        self,
        connection: http.client.HTTPConnection,
        method: str,
        path: str,
        body: bytes,
        kind: str,
        deadline: float,
        most: int,
    ) -> Reply:
        headers = {"Content-Type": kind, "Accept": "application/json", "Host": self._host()}
        token = self.token()
        if token:
            headers["Authorization"] = _authorization(token)
        _hurry(connection, deadline)
        connection.request(method, self.endpoint.prefix + path, body or None, headers)
        _hurry(connection, deadline)
        answer = connection.getresponse()
        if 300 <= answer.status < 400:
            raise EngineError(
                Trouble.MALFORMED,
                f"{self.endpoint.host} redirects elsewhere, where the token is not sent; correct `team.url`",
            )
        pieces, size = [], 0
        if answer.length is not None and answer.length > most:
            raise EngineError(Trouble.MALFORMED, f"the answer of {self.endpoint.host} is too large")
        while True:
            _hurry(connection, deadline)
            piece = answer.read1(_CHUNK)
            if not piece:
                break
            pieces.append(piece)
            size += len(piece)
            if size > most:
                raise EngineError(Trouble.MALFORMED, f"the answer of {self.endpoint.host} is too large")
        if answer.length:
            raise http.client.IncompleteRead(b"", answer.length)
        answer.close()
        if answer.will_close:
            connection.close()
        else:
            self._keep(connection)
        return Reply(answer.status, b"".join(pieces))

    def _host(self) -> str:
        host = f"[{self.endpoint.host}]" if ":" in self.endpoint.host else self.endpoint.host
        return f"{host}:{self.endpoint.port}"

    def _connection(self, deadline: float) -> tuple[http.client.HTTPConnection, bool]:
        now = time.monotonic()
        with self._lock:
            if self._closed:
                raise EngineError(Trouble.UNREACHABLE, "the connection to the team's engine was closed")
            while self._idle:
                one = self._idle.pop()
                if now - one.since < _IDLE_S:
                    return one.connection, True
                one.connection.close()
        left = deadline - now
        if left <= 0:
            raise EngineError(Trouble.SLOW, f"{self.endpoint.host} did not answer in time")
        host, port = self.endpoint.host, self.endpoint.port
        if self.endpoint.scheme == "http":
            return http.client.HTTPConnection(host, port, timeout=left), False
        proxy = (
            None
            if urllib.request.proxy_bypass(f"{host}:{port}")
            else urllib.request.getproxies().get("https")
        )
        if not proxy:
            return http.client.HTTPSConnection(host, port, timeout=left, context=self._trusting()), False
        via = urlsplit(proxy if "//" in proxy else f"http://{proxy}")
        connection = http.client.HTTPSConnection(
            via.hostname or "", via.port or 8080, timeout=left, context=self._trusting()
        )
        headers = {}
        if via.username:
            headers["Proxy-Authorization"] = _authorization(
                f"{unquote(via.username)}:{unquote(via.password or '')}"
            )
        connection.set_tunnel(host, port, headers)
        return connection, False

    def _trusting(self) -> ssl.SSLContext:
        if self._context is None:
            try:
                self._context = ssl.create_default_context(cafile=None if self.ca is None else str(self.ca))
            except (OSError, ssl.SSLError) as error:
                raise CodannaError(f"the certificates in {self.ca} cannot be read ({error})") from error
        return self._context

    def _keep(self, connection: http.client.HTTPConnection) -> None:
        with self._lock:
            if len(self._idle) < _KEPT and not self._closed:
                self._idle.append(_Idle(connection, time.monotonic()))
                return
        connection.close()

    def _unreachable(self, error: Exception) -> EngineError:
        why = str(error)
        if isinstance(error, ssl.SSLCertVerificationError):
            # The reason tells a private authority from a clock that is wrong.
            why = f"its certificate is not trusted: {error.verify_message}"
        return EngineError(Trouble.UNREACHABLE, f"{self.endpoint.host} cannot be reached ({why})")


def _authorization(token: str) -> str:
    if not token.isprintable() or not token.isascii():
        raise EngineError(
            Trouble.REFUSED, "the token for the team's engine holds characters that cannot be sent"
        )
    if ":" in token:
        return "Basic " + base64.b64encode(token.encode("utf-8")).decode("ascii")
    return f"Bearer {token}"


def _hurry(connection: http.client.HTTPConnection, deadline: float) -> None:
    """Bound the next read or write by what is left of the time."""
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    if connection.sock is None:
        connection.timeout = left
    else:
        connection.sock.settimeout(left)
        if connection.sock.family in (socket.AF_INET, socket.AF_INET6):
            connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
