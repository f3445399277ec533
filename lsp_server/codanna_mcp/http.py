"""Streamable HTTP on this machine's own address, for clients that cannot start a program.

Whoever can reach the port is a stranger until proven otherwise: another user, or a web page in this user's
browser. A request needs the token of a file that only this user can read, in the Authorization header alone;
it must name this machine as its host, and a browser's must come from a page of this machine.
"""

from __future__ import annotations

import os
import re
import secrets
import socket
from collections.abc import Awaitable, Callable, MutableMapping
from pathlib import Path
from stat import S_IMODE
from typing import Any

import uvicorn
from mcp.server.transport_security import TransportSecuritySettings

from codanna_core.errors import ConfigError
from codanna_core.runtime.folders import state_folder
from codanna_core.storage.private import OTHERS, make_folder, open_file
from codanna_mcp.server import AgentServer

HOST = "127.0.0.1"
PATH = "/mcp"
MAX_BODY = 1 << 20
_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")
_SECONDS_IDLE = 1800.0

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


def token_file() -> Path:
    """Where the token is."""
    return state_folder() / "mcp-token"


def read_token() -> str:
    """The token, made at the first start. ConfigError where others could have read or written it."""
    path = token_file()
    make_folder(path.parent)
    try:
        descriptor = open_file(path, os.O_RDONLY)
    except FileNotFoundError:
        return _new_token(path)
    with open(descriptor, encoding="ascii", errors="replace") as file:
        info = os.fstat(file.fileno())
        if hasattr(os, "getuid") and (info.st_uid != os.getuid() or S_IMODE(info.st_mode) & OTHERS):
            raise ConfigError(f"{path} is not private: others may know the token; delete the file")
        token = file.read(200).strip()
    if not _TOKEN.fullmatch(token):
        raise ConfigError(f"{path} contains no token; delete the file, and a new one is made")
    return token


def _new_token(path: Path) -> str:
    token = secrets.token_urlsafe(32)
    with open(open_file(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL), "w", encoding="ascii") as file:
        file.write(token + "\n")
    return token


class Guard:
    """Lets through what is from this machine and knows the token; everything else learns nothing."""

    def __init__(self, app: App, token: str, port: int) -> None:
        self._app = app
        self._token = token.encode()
        names = ("127.0.0.1", "localhost", "[::1]")
        self._hosts = {f"{name}:{port}".encode() for name in names}
        self._origins = {f"http://{name}:{port}".encode() for name in names}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request of ASGI."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        elif scope["type"] == "http":
            status = self._refusal(scope)
            if status:
                await _refuse(send, status)
            else:
                await self._app(scope, receive, send)

    def _refusal(self, scope: Scope) -> int:
        """The status with which a request is refused; 0 for one that may pass."""
        headers: dict[bytes, list[bytes]] = {}
        for name, value in scope["headers"]:
            headers.setdefault(name.lower(), []).append(value)
        host, origin = headers.get(b"host", []), headers.get(b"origin", [])
        if len(host) != 1 or host[0].lower() not in self._hosts:
            return 421
        if any(one.lower() not in self._origins for one in origin):
            return 403
        given = headers.get(b"authorization", [])
        scheme, _, token = given[0].partition(b" ") if len(given) == 1 else (b"", b"", b"")
        if scheme.lower() != b"bearer" or not secrets.compare_digest(token.strip(), self._token):
            return 401
        return 0 if scope["path"] == PATH else 404


async def _refuse(send: Send, status: int) -> None:
    headers = [(b"content-length", b"0")]
    if status == 401:
        headers.append((b"www-authenticate", b"Bearer"))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": b""})


async def serve_http(server: AgentServer, port: int, announce: Callable[[str], None]) -> None:
    """Serve any number of clients until the process is ended."""
    token = read_token()
    with socket.socket() as listener:
        if os.name != "nt":
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((HOST, port))
        except OSError as error:
            raise ConfigError(
                f"cannot listen on {HOST}:{port}: {error.strerror}; choose another port"
            ) from error
        listener.listen(64)
        port = listener.getsockname()[1]
        app = server.protocol.streamable_http_app(
            streamable_http_path=PATH,
            max_request_body_size=MAX_BODY,
            session_idle_timeout=_SECONDS_IDLE,
            # The guard stands before it, and is stricter.
            transport_security=TransportSecuritySettings(enable_dns_rebinding_protection=False),
        )
        config = uvicorn.Config(
            Guard(app, token, port), log_config=None, access_log=False, server_header=False, lifespan="on"
        )
        announce(f"serving http://{HOST}:{port}{PATH}; the token is in {token_file()}")
        await uvicorn.Server(config).serve(sockets=[listener])
