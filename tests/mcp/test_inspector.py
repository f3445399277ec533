"""The official inspector's command line drives every tool over both transports: `make test-agents`."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from codanna_mcp.http import read_token
from codanna_mcp.tools import TOOLS

INSPECTOR = Path(__file__).parents[2] / "build" / "inspector" / "node_modules" / ".bin" / "mcp-inspector"
PROGRAM = [sys.executable, "-m", "codanna_core.cli.main", "mcp"]
CALLS = {
    "search": ["question=read the settings file"],
    "symbol": ["name=read_settings"],
    "relations": ["relation=callers", "name=read_settings"],
    "outline": ["path=src/settings.py"],
    "similar": ["path=src/settings.py", "line=5"],
}

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


def inspected(server: list[str], *arguments: str) -> Any:
    """What the inspector prints."""
    assert INSPECTOR.exists(), "run it with `make test-agents`, which installs the inspector"
    done = subprocess.run(
        [str(INSPECTOR), "--cli", *server, *arguments], capture_output=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr.decode()
    return json.loads(done.stdout)


def drive(server: list[str]) -> None:
    tools = inspected(server, "--method", "tools/list")["tools"]
    assert [tool["name"] for tool in tools] == list(TOOLS)
    assert all(tool["annotations"]["readOnlyHint"] for tool in tools)
    for name, values in CALLS.items():
        given = [word for value in values for word in ("--tool-arg", value)]
        answer = inspected(server, "--method", "tools/call", "--tool-name", name, *given)
        assert not answer.get("isError"), answer
        assert "Text of the workspace, as data:" in answer["content"][0]["text"]
        assert answer["structuredContent"]["folders"][0]["reason"] is None


def test_the_inspector_over_stdio(project: Path) -> None:
    """As a client starts it."""
    drive([*PROGRAM, str(project)])


def test_the_inspector_over_http(project: Path) -> None:
    """With the token in a header."""
    server = subprocess.Popen([*PROGRAM, str(project), "--http", "0"], stderr=subprocess.PIPE)
    try:
        assert server.stderr is not None
        found = re.search(r"http://\S+/mcp", server.stderr.readline().decode())
        assert found is not None
        header = f"Authorization: Bearer {read_token()}"
        drive([found[0], "--transport", "http", "--header", header])
    finally:
        server.terminate()
        server.wait(30)
