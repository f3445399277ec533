"""Hostile input: no crash, no hang, no answer missing or given twice, memory back to normal."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from raw_client import FAKE_SERVER, running

from fuzz import ENGINE_SERVER, fuzz, memory


@pytest.mark.parametrize("seed", [1, 2])
def test_fuzz(tmp_path: Path, seed: int) -> None:
    """Random hostile messages, the same ones in every run, over an engine in memory."""
    print(fuzz(4000, seed, FAKE_SERVER, tmp_path / "project"))


def test_fuzz_the_real_engine(tmp_path: Path) -> None:
    """The same over the real engine."""
    print(fuzz(2000, 3, ENGINE_SERVER, tmp_path / "project"))


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("command", [FAKE_SERVER, ENGINE_SERVER], ids=["memory", "engine"])
def test_soak_fuzz(tmp_path: Path, command: tuple[str, ...]) -> None:
    """A hundred thousand hostile messages."""
    print(fuzz(100_000, 7, command, tmp_path / "project"))


def test_ten_thousand_requests_with_random_cancels(project: Path) -> None:
    """Each is answered exactly once, with its result or as cancelled."""
    rng = random.Random(5)
    with running() as client:
        client.initialize(project)
        client.wait_indexed()
        ids: list[int] = []
        before = len(client.answers)
        for _ in range(10_000):
            method = rng.choice(["workspace/symbol", "codanna/semanticSearch", "codanna/status"])
            ids.append(client.start_request(method, {"query": "alpha"}))
            if rng.random() < 0.3:
                client.notify("$/cancelRequest", {"id": rng.choice(ids[-5:])})
        client.wait(lambda: len(client.answers) >= before + len(ids), 90)
        assert {answer.get("error", {}).get("code") for answer in client.answers.values()} <= {None, -32800}
        assert set(ids) <= set(client.answers)
        assert client.request("codanna/status", {})["server"]["openRequests"] == 1


def test_huge_message_leaves_no_memory_behind(project: Path) -> None:
    """A text of 50 MB comes and goes."""
    with running() as client:
        client.initialize(project)
        client.wait_indexed()
        before = memory(client.process.pid)
        uri = (project / "huge.py").as_uri()
        for version in range(3):
            text = "x = 1\n" * 8_000_000
            document = {"uri": uri, "languageId": "python", "version": version, "text": text}
            client.notify("textDocument/didOpen", {"textDocument": document})
            client.notify("textDocument/didClose", {"textDocument": {"uri": uri}})
        client.request("codanna/status", {}, timeout=60)
        client.eventually(lambda: memory(client.process.pid) < before + 150 * 2**20)


def test_paths_outside_are_never_indexed(project: Path, tmp_path: Path) -> None:
    """A save of a file beside the workspace adds nothing."""
    outside = tmp_path / "outside.py"
    outside.write_text("def secret_name(): pass\n")
    with running() as client:
        client.initialize(project)
        client.wait_indexed()
        inside = project.as_uri()
        for uri in (outside.as_uri(), f"{inside}/../outside.py", f"{inside}/%2e%2e/outside.py"):
            client.notify("textDocument/didSave", {"textDocument": {"uri": uri}})
            client.notify("workspace/didChangeWatchedFiles", {"changes": [{"uri": uri, "type": 1}]})
        client.notify("textDocument/didSave", {"textDocument": {"uri": (project / "alpha.py").as_uri()}})
        client.eventually(lambda: client.symbols("alpha_one"))
        assert client.symbols("secret_name") == []
