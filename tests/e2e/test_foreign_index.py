"""An editor that opens a folder with somebody else's index."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from raw_client import HERE, MINIMAL, RawClient, running

SERVER = (sys.executable, str(HERE / "engine_server.py"))


def refusal(client: RawClient) -> str:
    problems = client.request("codanna/status", {})["folders"][0]["problems"]
    return " ".join(problem["message"] for problem in problems)


@pytest.mark.skipif(os.name == "nt", reason="links need a privilege there")
def test_the_server_refuses_it_and_goes_on(tmp_path: Path, own_home: Path) -> None:
    """It says what is the matter and what to do, answers, and neither writes there nor follows a link."""
    root, outside = tmp_path / "project", tmp_path / "outside"
    (root / ".idx").mkdir(parents=True)
    (root / "a.py").write_text("def here():\n    pass\n")
    outside.write_text("ssh-ed25519 the key of the user")
    (root / ".idx/writer.lock").symlink_to(outside)
    with running(SERVER) as client:
        client.initialize(root, capabilities=MINIMAL, options={"index": {"dir": ".idx"}})
        client.eventually(lambda: "link" in refusal(client))
        assert "index.dir" in refusal(client)
        assert client.symbols("here") == []
    assert outside.read_text() == "ssh-ed25519 the key of the user"
    assert [path.name for path in (root / ".idx").iterdir()] == ["writer.lock"]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no modes")
def test_the_log_is_private(tmp_path: Path, own_home: Path) -> None:
    """The server's log is the user's alone."""
    root = tmp_path / "project"
    root.mkdir()
    before = os.umask(0)
    try:
        with running(SERVER) as client:
            client.initialize(root, capabilities=MINIMAL)
            logs = list((own_home / "codanna-lsp").glob("server-*.log"))
    finally:
        os.umask(before)
    assert logs
    assert {path.stat().st_mode & 0o777 for path in logs} == {0o600}
    assert (own_home / "codanna-lsp").stat().st_mode & 0o777 == 0o700
