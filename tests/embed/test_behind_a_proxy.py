"""What docs/install.md says of proxies, with one on the loopback address that lets nothing through."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

MODEL = "sentence-transformers/all-MiniLM-L6-v2"
MIRROR = "mirror.invalid"
PATIENCE_S = 60.0

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="ends a group of processes")


@pytest.fixture
def proxy() -> Iterator[socket.socket]:
    """Listens as a proxy does."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(PATIENCE_S)
        yield listening


def test_a_download_goes_to_the_mirror_through_the_proxy(proxy: socket.socket, tmp_path: Path) -> None:
    """The helper that loads a named model inherits `HTTPS_PROXY` and `HF_ENDPOINT`, and asks them first."""
    environment = {key: value for key, value in os.environ.items() if "proxy" not in key.lower()}
    environment |= {
        "HTTPS_PROXY": f"http://127.0.0.1:{proxy.getsockname()[1]}",
        "HF_ENDPOINT": f"https://{MIRROR}",
        "FASTEMBED_CACHE_PATH": str(tmp_path / "models"),
    }
    environment.pop("HF_HUB_OFFLINE", None)
    command = [sys.executable, "-P", "-m", "codanna_core.cli.main", "models", "check", "--model", MODEL]
    program = subprocess.Popen(
        command,
        cwd=tmp_path,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        client, _ = proxy.accept()
        with client:
            assert client.recv(4096).splitlines()[0] == f"CONNECT {MIRROR}:443 HTTP/1.1".encode()
    finally:
        os.killpg(program.pid, signal.SIGKILL)
        program.wait()
