"""Too little memory says so, whichever way the system puts it, and costs nothing that was there."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from codanna_core.cli.main import explain_os_error, main
from codanna_core.engine import Engine

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="other systems do not limit address spaces")


def limited(kibibytes: int, *arguments: str, cwd: Path, cache: Path) -> subprocess.CompletedProcess[str]:
    shell = f'ulimit -c 0; ulimit -v {kibibytes}; exec "$@"'
    command = ["bash", "-c", shell, "bash", sys.executable, "-P", "-m", "codanna_core.cli.main", *arguments]
    places = {name: str(cache) for name in ("HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME", "XDG_CONFIG_HOME")}
    return subprocess.run(
        command,
        cwd=cwd,
        env={**os.environ, **places},
        capture_output=True,
        text=True,
        timeout=120,
        stdin=subprocess.DEVNULL,
        check=False,
    )


@pytest.mark.parametrize("kibibytes", [60_000, 150_000, 200_000, 400_000, 900_000])
@pytest.mark.parametrize("command", [["index"], ["search", "alpha"], ["status"], ["serve"]])
def test_a_small_limit_is_named(tmp_path: Path, kibibytes: int, command: list[str]) -> None:
    """No crash of a native library, no report of a defect: what the limit is and what to do."""
    (tmp_path / "a.py").write_text("def alpha(): pass\n")
    done = limited(kibibytes, *command, cwd=tmp_path, cache=tmp_path / "cache")
    assert done.returncode in (2, 3), done
    assert "out of memory" in done.stderr
    assert "ulimit -v" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not (tmp_path / "cache" / "codanna-lsp").exists()


def test_an_index_survives_a_small_limit(tmp_path: Path) -> None:
    """What was indexed with memory is answered from once there is memory again."""
    (tmp_path / "a.py").write_text("def alpha(): pass\n")
    cache = tmp_path / "cache"
    assert limited(8_000_000, "index", cwd=tmp_path, cache=cache).returncode == 0
    before = {path: path.read_bytes() for path in cache.rglob("*") if path.is_file()}
    assert limited(300_000, "index", cwd=tmp_path, cache=cache).returncode == 3
    assert {path: path.read_bytes() for path in cache.rglob("*") if path.is_file()} == before
    done = limited(8_000_000, "search", "alpha", cwd=tmp_path, cache=cache)
    assert "alpha" in done.stdout


def test_memory_that_runs_out_in_the_middle(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Python's own error becomes the same sentence."""

    def fail(*_: object, **__: object) -> None:
        raise MemoryError("Unable to allocate 9.9 TiB")

    monkeypatch.setattr(Engine, "open", fail)
    assert main(["search", "alpha", str(tmp_path)]) == 3
    said = capsys.readouterr().err
    assert "out of memory: Unable to allocate 9.9 TiB" in said
    assert "defect" not in said
    assert "out of memory" in explain_os_error(OSError(11, "Resource temporarily unavailable", "x"))
