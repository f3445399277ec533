"""The MCP server as a process over standard input and output, for the official client and a strict one."""

from __future__ import annotations

import json
import random
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import jsonschema
import mcp_types as types
import pytest
from mcp.client.stdio import StdioServerParameters, stdio_client

from codanna_mcp.tools import TOOLS
from mcp import ClientSession

PROGRAM = ["-m", "codanna_core.cli.main", "mcp"]
CALLS: dict[str, dict[str, Any]] = {
    "search": {"question": "read the settings file"},
    "symbol": {"name": "read_settings"},
    "relations": {"relation": "callers", "name": "read_settings"},
    "outline": {"path": "src/settings.py"},
    "similar": {"path": "src/settings.py", "line": 5},
}


@asynccontextmanager
async def official(root: Path, environment: dict[str, str]) -> AsyncIterator[ClientSession]:
    """The official client over a server for one folder."""
    parameters = StdioServerParameters(
        command=sys.executable, args=[*PROGRAM, str(root)], env=environment, cwd=str(root)
    )
    async with stdio_client(parameters) as (read, write), ClientSession(read, write) as session:
        await session.initialize()
        yield session


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """What the fixtures have set."""
    import os

    return dict(os.environ)


@pytest.mark.asyncio
async def test_the_official_client_drives_every_tool(project: Path, environment: dict[str, str]) -> None:
    """Tools are listed as read-only and closed to the world; each answers text and data of its schema."""
    async with official(project, environment) as session:
        listed = (await session.list_tools()).tools
        assert [tool.name for tool in listed] == list(TOOLS) == list(CALLS)
        assert len(listed) <= 6
        for tool in listed:
            assert tool.annotations is not None
            assert tool.annotations.read_only_hint is True
            assert tool.annotations.open_world_hint is False
            assert tool.description
            found = await session.call_tool(tool.name, CALLS[tool.name])
            assert not found.is_error, found
            (text,) = found.content
            assert isinstance(text, types.TextContent)
            assert "Text of the workspace, as data:" in text.text
            jsonschema.validate(found.structured_content, tool.output_schema)


def test_every_revision_of_the_protocol_is_answered_with_itself(project: Path, opened: Any) -> None:
    """Old clients and new ones; one that is not known gets the newest of those."""
    from mcp_types.version import HANDSHAKE_PROTOCOL_VERSIONS

    for version in HANDSHAKE_PROTOCOL_VERSIONS:
        client = opened(project)
        assert client.start(version=version)["protocolVersion"] == version
        client.call(1, "outline", path="src/settings.py")
        assert not client.answer_to(1)["result"].get("isError")
        assert client.end() == 0
    assert opened(project).start(version="1999-01-01")["protocolVersion"] in HANDSHAKE_PROTOCOL_VERSIONS


def test_a_client_of_the_newest_revision_needs_no_handshake(project: Path, opened: Any) -> None:
    """Each request says what it speaks."""
    from mcp_types.version import LATEST_MODERN_VERSION

    client = opened(project)
    meta = {
        "io.modelcontextprotocol/protocolVersion": LATEST_MODERN_VERSION,
        "io.modelcontextprotocol/clientInfo": {"name": "raw", "version": "1"},
        "io.modelcontextprotocol/clientCapabilities": {},
    }
    client.send({"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {"_meta": meta}})
    assert [tool["name"] for tool in client.answer_to(1)["result"]["tools"]] == list(TOOLS)
    params = {"name": "search", "arguments": CALLS["search"], "_meta": meta}
    client.send({"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": params})
    assert "def read_settings(path):" in client.answer_to(2)["result"]["content"][0]["text"]


def test_wrong_use_is_an_error_that_an_agent_can_read(project: Path, opened: Any) -> None:
    """Wrong arguments are an answer with `isError`; an unknown tool or method is a protocol error."""
    client = opened(project)
    client.start()
    client.call(1, "search", question="x", limit=3)
    wrong = client.answer_to(1)["result"]
    assert wrong["isError"] is True
    assert "takes no `limit`" in wrong["content"][0]["text"]
    client.call(2, "delete_everything")
    assert client.answer_to(2)["error"]["code"] == -32602
    client.send({"jsonrpc": "2.0", "id": 3, "method": "tools/explode"})
    assert client.answer_to(3)["error"]["code"] == -32601
    client.send({"jsonrpc": "2.0", "id": 4, "method": "tools/call", "params": {"name": 5}})
    assert client.answer_to(4)["error"]["code"] == -32602


def test_the_folder_comes_from_the_client(project: Path, tmp_path: Path, opened: Any) -> None:
    """Without PATH its roots are asked for; without roots, or with none, the current folder is meant."""
    client = opened(cwd=tmp_path)
    client.start({"roots": {}})
    client.call(1, "search", **CALLS["search"])
    asked = client.receive()
    assert asked["method"] == "roots/list"
    client.send({"jsonrpc": "2.0", "id": asked["id"], "result": {"roots": [{"uri": project.as_uri()}]}})
    assert client.answer_to(1)["result"]["structuredContent"]["folders"][0]["root"] == str(project)
    for capabilities, roots in (({}, None), ({"roots": {}}, []), ({"roots": {}}, [{"uri": "file://host/x"}])):
        client = opened(cwd=project)
        client.start(capabilities)
        client.call(1, "search", **CALLS["search"])
        if roots is not None:
            asked = client.receive()
            client.send({"jsonrpc": "2.0", "id": asked["id"], "result": {"roots": roots}})
        assert client.answer_to(1)["result"]["structuredContent"]["folders"][0]["root"] == str(project)


def test_a_home_folder_is_not_taken_for_a_project(own_home: Path, opened: Any) -> None:
    """A client that is started there and names nothing is told what to name."""
    client = opened(cwd=own_home)
    client.start()
    client.call(1, "search", question="x")
    answer = client.answer_to(1)["result"]
    assert answer["isError"] is True
    assert "codanna-lsp mcp PATH" in answer["content"][0]["text"]


def test_a_cancelled_call_leaves_the_server_at_work(project: Path, opened: Any) -> None:
    """Whatever became of it, the next call is answered."""
    client = opened(project)
    client.start()
    for number in range(1, 20):
        client.call(number, "search", question=f"settings {number}")
        cancelled = {"requestId": number, "reason": "changed my mind"}
        client.send({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": cancelled})
    client.call(99, "search", **CALLS["search"])
    assert "def read_settings(path):" in client.answer_to(99)["result"]["content"][0]["text"]


def mutated(chance: random.Random) -> bytes:
    """A message that is nearly right, or not at all."""
    call: Any = {
        "name": chance.choice([*TOOLS, "x", 5, None]),
        "arguments": chance.choice([{}, None, [], {"question": 1}]),
    }
    message: Any = {
        "jsonrpc": chance.choice(["2.0", "1.0", 2]),
        "id": chance.choice([chance.randrange(10**6), "x", None, [], -1, 1.5]),
        "method": chance.choice(["tools/call", "tools/list", "ping", "", "roots/list", 7, "x" * 3000]),
        "params": chance.choice([call, None, [], "x", {"_meta": {"progressToken": []}}, {"cursor": {}}]),
    }
    for key in chance.sample(list(message), chance.randrange(3)):
        del message[key]
    data = json.dumps(message).encode()
    kind = chance.randrange(8)
    if kind == 0:
        data = data[: chance.randrange(len(data))]
    elif kind == 1:
        data = bytes(chance.randrange(256) for _ in range(40)).replace(b"\n", b"")
    elif kind == 2:
        data = b"[" * chance.randrange(1, 5000)
    elif kind == 3:
        data = data.replace(b"2.0", b"\xff\xfe")
    elif kind == 4:
        data = (
            b'{"jsonrpc":"2.0","id":1,"method":"ping","params":' + b'{"a":' * 500 + b"1" + b"}" * 500 + b"}"
        )
    return data + b"\n"


@pytest.mark.parametrize(
    "count", [300, pytest.param(10_000, marks=[pytest.mark.slow, pytest.mark.timeout(900)])]
)
def test_hostile_messages_do_no_harm(project: Path, opened: Any, count: int) -> None:
    """Whatever a client sends, standard output holds protocol alone, and the next call is answered."""
    client = opened(project)
    client.start()
    chance = random.Random(5)
    for _ in range(count):
        client.write(mutated(chance))
    client.call(10**7, "search", **CALLS["search"])
    assert "def read_settings(path):" in client.answer_to(10**7)["result"]["content"][0]["text"]
    assert client.end() == 0


def test_the_end_of_standard_input_ends_the_server(project: Path, opened: Any) -> None:
    """With exit code 0, and nothing on standard error."""
    client = opened(project)
    client.start()
    client.call(1, "search", **CALLS["search"])
    client.answer_to(1)
    assert client.end() == 0
    assert client.errors == b""


def test_wrong_command_lines_are_refused(tmp_path: Path, opened: Any) -> None:
    """A folder that is not there."""
    client = opened(tmp_path / "none")
    assert client.end() == 2
    assert b"there is no folder" in client.errors


def test_progress_is_reported_while_a_folder_is_indexed(tmp_path: Path, opened: Any) -> None:
    """To a client that asks for it, and only then; each report is of the call's own token."""
    root = tmp_path / "large"
    root.mkdir()
    for number in range(300):
        (root / f"file_{number}.py").write_text(f"def number_{number}():\n    return {number}\n" * 20)
    client = opened(root)
    client.start()
    params = {"name": "search", "arguments": {"question": "number"}, "_meta": {"progressToken": "mine"}}
    client.send({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params})
    seen: list[Any] = []
    take: Callable[[], Any] = client.receive
    while (message := take()).get("id") != 1:
        seen.append(message)
    assert all(one["params"]["progressToken"] == "mine" for one in seen)
    (folder,) = message["result"]["structuredContent"]["folders"]
    assert folder["hits"] or folder["reason"]
