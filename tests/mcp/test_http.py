"""The MCP server over HTTP: for this user's programs, and for nobody else."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import json
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from stat import S_IMODE

import httpx2
import pytest
from mcp.client.streamable_http import streamable_http_client

from codanna_core.errors import ConfigError
from codanna_mcp.http import read_token, token_file
from mcp import ClientSession

INITIALIZE = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {
        "protocolVersion": "2025-06-18",
        "capabilities": {},
        "clientInfo": {"name": "raw", "version": "1"},
    },
}


@pytest.fixture
def port(project: Path, opened: object) -> Iterator[int]:
    """A running server's port."""
    import sys

    server = subprocess.Popen(
        [sys.executable, "-m", "codanna_core.cli.main", "mcp", str(project), "--http", "0"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert server.stderr is not None
    said = server.stderr.readline().decode()
    found = re.search(r"http://127\.0\.0\.1:(\d+)/mcp; the token is in (.+)", said)
    assert found is not None, said
    assert found[2] == str(token_file())
    token = read_token()
    assert token not in said
    command = Path(f"/proc/{server.pid}/cmdline")
    if command.exists():
        assert token.encode() not in command.read_bytes()
    yield int(found[1])
    server.terminate()
    out, errors = server.communicate(timeout=30)
    assert out == b""
    assert token.encode() not in errors
    logs = b"".join(path.read_bytes() for path in token_file().parent.glob("*.log*"))
    assert token.encode() not in logs


def status(port: int, path: str = "/mcp", body: bytes | None = None, **headers: str) -> int:
    """The status of one request; a header is left out where it is empty."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    wanted = {
        "Host": f"127.0.0.1:{port}",
        "Authorization": f"Bearer {read_token()}",
        "Content-Type": "application/json",
        "Accept": "application/json, text/event-stream",
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }
    connection.putrequest("POST", path, skip_host=True, skip_accept_encoding=True)
    data = json.dumps(INITIALIZE).encode() if body is None else body
    for name, value in {**wanted, "Content-Length": str(len(data))}.items():
        if value:
            connection.putheader(name, value)
    connection.endheaders()
    with contextlib.suppress(BrokenPipeError):
        connection.send(data)
    answer = connection.getresponse().status
    connection.close()
    return answer


def test_only_this_users_programs_are_let_in(port: int) -> None:
    """No token, a wrong one, one in the address, another host, a page from elsewhere, another path."""
    assert status(port) == 200
    assert status(port, Authorization="") == 401
    assert status(port, Authorization="Bearer wrong") == 401
    assert status(port, Authorization=f"Basic {read_token()}") == 401
    assert status(port, f"/mcp?token={read_token()}", Authorization="") == 401
    assert status(port, Host="evil.example") == 421
    assert status(port, Host="") in (400, 421)
    assert status(port, Origin="https://evil.example") == 403
    assert status(port, Origin="null") == 403
    assert status(port, Origin=f"http://127.0.0.1:{port}") == 200
    assert status(port, "/other") == 404
    assert status(port, body=b"{" * 100) == 400
    assert status(port, body=b" " * (2 << 20)) == 413


def test_the_official_client_asks(port: int) -> None:
    """Tools are listed and called over HTTP as over standard input."""

    async def converse() -> None:
        headers = {"Authorization": f"Bearer {read_token()}"}
        async with (
            httpx2.AsyncClient(headers=headers, timeout=60) as client,
            streamable_http_client(f"http://127.0.0.1:{port}/mcp", http_client=client) as streams,
            ClientSession(streams[0], streams[1]) as session,
        ):
            await session.initialize()
            assert len((await session.list_tools()).tools) == 5
            found = await session.call_tool("search", {"question": "read the settings file"})
            assert "def read_settings(path):" in str(found.content)

    asyncio.run(converse())


def test_the_token_is_private_and_stays(own_home: Path) -> None:
    """Made once with mode 0600; one that others could read, that is a link, or that is none, is refused."""
    token = read_token()
    assert read_token() == token
    file = token_file()
    assert file.is_relative_to(own_home)
    if os.name == "nt":
        return
    assert S_IMODE(file.stat().st_mode) == 0o600
    file.chmod(0o644)
    with pytest.raises(ConfigError, match="not private"):
        read_token()
    file.chmod(0o600)
    file.write_text("short\n")
    with pytest.raises(ConfigError, match="contains no token"):
        read_token()
    file.rename(file.with_name("elsewhere"))
    file.symlink_to(file.with_name("elsewhere"))
    with pytest.raises(OSError, match="link"):
        read_token()
