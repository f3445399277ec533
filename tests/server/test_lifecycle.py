"""Start, stop, and everything that ends a server."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from raw_client import FAKE_SERVER, MINIMAL, running

from codanna_lsp import handshake
from codanna_lsp.handshake import Greeter
from codanna_rpc import jsonrpc
from codanna_rpc.transport import Writer
from fuzz import ENGINE_SERVER


def test_shutdown_then_exit_ends_with_zero(project: Path) -> None:
    """The polite way out gives exit code 0."""
    with running() as client:
        client.initialize(project)
        assert client.shut_down() == 0


def test_exit_without_shutdown_ends_with_one(project: Path) -> None:
    """The specification asks for exit code 1 here."""
    with running() as client:
        client.initialize(project)
        client.notify("exit")
        assert client.process.wait(10) == 1


def test_exit_before_initialize_ends_with_one() -> None:
    """A client that gives up at once leaves no process behind."""
    with running() as client:
        client.notify("exit")
        assert client.process.wait(10) == 1


def test_initialize_that_fails_is_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    """An editor that hears nothing would wait forever."""

    def fail(*_: Any) -> None:
        raise RuntimeError("for the test")

    sent = bytearray()

    def write(data: bytes | memoryview) -> int:
        sent.extend(data)
        return len(data)

    monkeypatch.setattr(handshake, "read_introduction", fail)
    writer = Writer(write, writable=None)
    Greeter(writer).receive(b'{"jsonrpc":"2.0","id":7,"method":"initialize","params":{}}')
    writer.close()
    answer = json.loads(bytes(sent).partition(b"\r\n\r\n")[2])
    assert (answer["id"], answer["error"]["code"]) == (7, jsonrpc.INTERNAL_ERROR)


def test_a_folder_that_does_not_answer_holds_up_nothing(project: Path) -> None:
    """The look at a folder before the engine is loaded may wait for a network drive; the server does not."""
    script = """
import sys, threading
from codanna_core.indexing import ahead
ahead.expect_run = lambda *_: threading.Event().wait()
from codanna_lsp.main import serve
sys.exit(serve([]))
"""
    with running((sys.executable, "-P", "-c", script)) as client:
        client.initialize(project)
        assert client.shut_down() == 0


def test_hanging_up_ends_the_server(project: Path) -> None:
    """A closed pipe is the end, even in the middle of a slow search."""
    with running() as client:
        client.initialize(project)
        client.start_request("codanna/semanticSearch", {"query": "slow 60"})
        client.close_input()
        assert client.process.wait(10) == 1


@pytest.mark.skipif(os.name == "nt", reason="POSIX signals")
def test_terminate_signal_ends_the_server(project: Path) -> None:
    """SIGTERM is a request to stop that is followed."""
    with running() as client:
        client.initialize(project)
        client.wait_indexed()
        client.process.send_signal(signal.SIGTERM)
        assert client.process.wait(10) == 1


@pytest.mark.parametrize("how", ["argument", "initialize"])
def test_dead_parent_ends_the_server(project: Path, how: str) -> None:
    """When the editor was killed and the pipe stays open by accident, the server still leaves."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as parent:
        extra = ["--parent-pid", str(parent.pid)] if how == "argument" else []
        with running([*FAKE_SERVER, *extra]) as client:
            client.initialize(project, processId=parent.pid if how == "initialize" else None)
            parent.kill()
            parent.wait()
            assert client.process.wait(10) == 1


def test_invisible_parent_is_not_watched(project: Path) -> None:
    """A process number from outside of a container is no reason to leave."""
    with running() as client:
        client.initialize(project, processId=2**22 + 12345)
        assert client.symbols("alpha") is not None
        assert client.shut_down() == 0


def test_requests_before_initialize_are_refused() -> None:
    """The error code is the one the specification names."""
    with running() as client:
        assert client.error("codanna/status", {})["code"] == -32002
        client.notify("textDocument/didOpen", {})
        assert client.error("shutdown")["code"] == -32002


def test_requests_after_shutdown_are_refused(project: Path) -> None:
    """Between shutdown and exit nothing is done any more, and every request still gets its answer."""
    with running() as client:
        client.initialize(project)
        slow = client.start_request("codanna/semanticSearch", {"query": "slow 60"})
        client.request("shutdown")
        assert client.answer(slow)["error"]["code"] == -32800
        assert client.error("codanna/status", {})["code"] == -32600
        client.notify("exit")
        assert client.process.wait(10) == 0


def test_second_initialize_is_refused(project: Path) -> None:
    """`initialize` works once; the session that runs goes on."""
    with running() as client:
        client.initialize(project)
        assert "once" in client.error("initialize", {"capabilities": {}})["message"]
        client.wait_indexed()
        assert client.symbols("alpha_one") == ["alpha_one"]


def test_index_does_not_depend_on_initialized(project: Path) -> None:
    """A client that forgets the `initialized` notification is served all the same."""
    with running() as client:
        client.request(
            "initialize", {"processId": None, "rootUri": project.as_uri(), "capabilities": MINIMAL}
        )
        client.wait_indexed()
        assert client.symbols("alpha_one") == ["alpha_one"]


@pytest.mark.parametrize("form", ["workspaceFolders", "rootUri", "rootPath"])
def test_every_way_to_name_the_folder(project: Path, form: str) -> None:
    """Old and new clients name the workspace differently."""
    given = {
        "workspaceFolders": [{"uri": project.as_uri(), "name": "p"}],
        "rootUri": project.as_uri(),
        "rootPath": str(project),
    }
    with running() as client:
        client.request("initialize", {"processId": None, "capabilities": {}, form: given[form]})
        client.notify("initialized", {})
        client.wait_indexed()
        assert client.symbols("alpha_one") == ["alpha_one"]


def test_no_folder_at_all() -> None:
    """A single file without a folder is no reason to fail; answers are empty."""
    with running() as client:
        client.initialize()
        assert client.symbols("x") == []
        assert client.request("codanna/semanticSearch", {"query": "x"})["hits"] == []
        assert client.shut_down() == 0


def test_folder_that_cannot_be_opened_is_told(tmp_path: Path) -> None:
    """A broken folder beside a good one: one message, a problem in the status, and the good one works."""
    good = tmp_path / "good"
    good.mkdir()
    (good / "a.py").write_text("def alpha(): pass\n")
    bad = tmp_path / "FAKE_BROKEN"
    bad.mkdir()
    with running() as client:
        client.initialize(good, bad)
        client.wait_indexed()
        assert client.symbols("alpha") == ["alpha"]
        states = {item["name"]: item["state"] for item in client.request("codanna/status", {})["folders"]}
        assert states == {"good": "ready", "FAKE_BROKEN": "failed"}
        (message,) = client.seen("window/showMessage")
        assert "FAKE_BROKEN" in message["message"]
        assert client.request("codanna/status", {})["server"]["log"] in message["message"]
        assert client.request("codanna/semanticSearch", {"query": "alpha"})["indexed"] == 0.5


def test_stray_output_does_not_break_the_protocol(project: Path) -> None:
    """What a library or a child process prints goes to standard error, never between two frames."""
    with running(env={"FAKE_PRINTS": "1"}) as client:
        client.initialize(project)
        client.wait_indexed()
        assert client.symbols("alpha_one") == ["alpha_one"]
        assert client.shut_down() == 0


@pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="asks Linux which sockets a process has")
def test_nothing_listens_by_default(project: Path) -> None:
    """Neither the server nor a process that it started can be reached over a network."""
    with running(ENGINE_SERVER) as client:
        client.initialize(project)
        client.wait_indexed()
        assert client.names("alpha")
        client.request("workspace/symbol", {"query": "alpha"})
        assert sockets_of(client.process.pid) == []


def sockets_of(pid: int) -> list[str]:
    """Lines of the system's tables about sockets of a process and its children."""
    tables = [Path(f"/proc/net/{name}") for name in ("tcp", "tcp6", "udp", "udp6")]
    lines = [line for table in tables if table.exists() for line in table.read_text().splitlines()[1:]]
    by_inode = {line.split()[9]: line for line in lines}
    found: list[str] = []
    for child in Path(f"/proc/{pid}/task").glob("*/children"):
        for number in child.read_text().split():
            found += sockets_of(int(number))
    for file in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(OSError):
            inode = os.readlink(file).removeprefix("socket:[").removesuffix("]")
            found += [by_inode[inode]] if inode in by_inode else []
    return found


def test_user_modules_are_not_imported(project: Path) -> None:
    """A workspace with a `json.py` of its own does not run it inside the server."""
    (project / "json.py").write_text("raise SystemExit('imported the user\\'s module')\n")
    done = subprocess.run(
        [sys.executable, "-P", "-m", "codanna_lsp", "--help"], cwd=project, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_initialize_needs_nothing_heavy() -> None:
    """What answers `initialize` loads neither pygls nor the engine; that is what makes it instant."""
    heavy = ("pygls", "lsprotocol", "numpy", "tantivy", "tree_sitter", "fastembed", "watchfiles")
    code = f"import codanna_lsp.main, sys; print(*(name for name in {heavy} if name in sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def test_engine_is_loaded_after_the_start() -> None:
    """The server itself is loaded without numpy and tantivy, so that its event loop is up soon."""
    code = "import codanna_lsp.server, sys; print(*(n for n in ('numpy', 'tantivy') if n in sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def test_messages_right_behind_initialize_are_not_lost(project: Path) -> None:
    """A client that sends everything in one breath gets every answer, in order."""
    with running() as client:
        messages: list[dict[str, Any]] = [
            {"id": "early", "method": "codanna/status"},
            {"method": "textDocument/didOpen", "params": {}},
            {
                "id": "first",
                "method": "initialize",
                "params": {"rootUri": project.as_uri(), "capabilities": {}},
            },
            {"method": "initialized", "params": {}},
            {"id": "status", "method": "codanna/status"},
            {"id": "again", "method": "initialize", "params": {}},
        ]
        bodies = [json.dumps({"jsonrpc": "2.0", **message}).encode() for message in messages]
        client.send_bytes(b"".join(b"Content-Length: %d\r\n\r\n%b" % (len(body), body) for body in bodies))
        assert "result" in client.answer("status")
        assert client.answer("early")["error"]["code"] == -32002
        assert client.answer("again")["error"]["code"] == -32600
        assert client.answer_order[:2] == ["early", "first"]
        client.wait_indexed()
        assert client.symbols("alpha_one") == ["alpha_one"]
