"""Files that the parser cannot stand, in an editor: the server lives, and every other request is answered."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

import pytest
from raw_client import RawClient, running

from fuzz import ENGINE_SERVER

POISON = {
    "quotes.md": ">" * 1000 + " x",
    "list.md": "- " * 1000 + "x",
    "slow.groovy": "if " * 1000 + "loy {\n}\n",
    "begin.java": "begin " * 20000,
}

ECHO_SERVER = (
    sys.executable,
    "-c",
    "from pygls.lsp.server import LanguageServer\n"
    "s = LanguageServer('echo', '1')\n"
    "@s.feature('echo')\n"
    "def echo(ls, params): return []\n"
    "s.start_io()",
)


def open_and_edit(client: RawClient, folder: Path, name: str, text: str) -> None:
    uri = (folder / name).as_uri()
    document = {"uri": uri, "languageId": "plain", "version": 1, "text": "x\n"}
    client.notify("textDocument/didOpen", {"textDocument": document})
    changes = {"textDocument": {"uri": uri, "version": 2}, "contentChanges": [{"text": text}]}
    client.notify("textDocument/didChange", changes)


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_no_text_of_an_editor_ends_or_stops_the_server(tmp_path: Path) -> None:
    """While saved and unsaved poison is parsed elsewhere, other requests are answered as fast as ever, other
    files are saved and found, and the server's own process has never loaded a parser.
    """
    root = tmp_path / "project"
    root.mkdir()
    (root / "fine.py").write_text("def water_flowers():\n    pass\n")
    with running(ENGINE_SERVER) as client, running(ECHO_SERVER) as bare:
        bare.initialize(root)
        client.initialize(root)
        client.wait_indexed()
        for name, text in POISON.items():
            (root / name).write_text(text)
            open_and_edit(client, root, name, text)
            uri = (root / name).as_uri()
            client.notify("textDocument/didSave", {"textDocument": {"uri": uri}})
            client.start_request("textDocument/documentSymbol", {"textDocument": {"uri": uri}})
        took = times_of_many(client, bare)
        assert {name for name, time_of in took.items() if time_of > 50 * took["echo"]} == set(), took
        (root / "fine.py").write_text("def feed_fish():\n    pass\n")
        client.notify("textDocument/didSave", {"textDocument": {"uri": (root / "fine.py").as_uri()}})
        client.eventually(lambda: "feed_fish" in client.symbols("feed_fish"), 60)
        client.eventually(lambda: {"quotes.md", "list.md", "slow.groovy"} <= named(client), 60)
        assert client.process.poll() is None
        assert "tree_sitter" not in Path(f"/proc/{client.process.pid}/maps").read_text()


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_a_killed_server_leaves_no_helper(tmp_path: Path) -> None:
    """After kill -9 of the server nothing of it lives on, not even a helper in the middle of a file."""
    root = tmp_path / "project"
    root.mkdir()
    (root / "fine.py").write_text("def water_flowers():\n    pass\n")
    with running(ENGINE_SERVER) as client:
        client.initialize(root)
        client.wait_indexed()
        open_and_edit(client, root, "slow.groovy", POISON["slow.groovy"])
        children = client.eventually(lambda: children_of(client.process.pid))
        os.kill(client.process.pid, signal.SIGKILL)
        client.process.wait()
        end = time.monotonic() + 20
        while any(map(is_alive, children)):
            assert time.monotonic() < end
            time.sleep(0.01)


def times_of_many(client: RawClient, bare: RawClient) -> dict[str, float]:
    """The 90th percentile of the time for each kind of request, which is what people notice, and for a bare
    echo by turns with them: whatever else the machine does slows down both.
    """
    asked = {
        "echo": (bare, "echo", {"query": "water flowers"}),
        "symbol": (client, "workspace/symbol", {"query": "water_flowers"}),
        "search": (client, "codanna/semanticSearch", {"query": "water flowers"}),
        "status": (client, "codanna/status", {}),
    }
    times: dict[str, list[float]] = {name: [] for name in asked}
    for _ in range(200):
        for name, (server, method, params) in asked.items():
            started = time.perf_counter()
            server.request(method, params)
            times[name].append(time.perf_counter() - started)
    return {name: sorted(measured)[180] for name, measured in times.items()}


def named(client: RawClient) -> set[str]:
    (folder,) = client.request("codanna/status", {})["folders"]
    return {problem.get("path") for problem in folder["problems"]}


def children_of(pid: int) -> list[int]:
    tasks = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(child) for task in tasks for child in task.read_text().split()]


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
