"""The benchmark beside peers: programs of the same names stand for them."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

import peers

INDEX = """
import pathlib, sys
index = pathlib.Path(sys.argv[sys.argv.index("-index") + 1])
index.mkdir(exist_ok=True)
files = [path.name for path in pathlib.Path(sys.argv[-1]).rglob("*.py")]
(index / "shard").write_text(" ".join(files) * 100)
"""
ASK = """
import pathlib, sys
print((pathlib.Path(sys.argv[sys.argv.index("-index_dir") + 1]) / "shard").read_text())
"""
SERVE = """
import http.server, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200 if self.path == "/api/search" else 404)
        self.end_headers()
    def log_message(self, *_):
        pass
host, port = sys.argv[sys.argv.index("-listen") + 1].split(":")
http.server.HTTPServer((host, int(port)), Handler).serve_forever()
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    project = tmp_path / "project"
    project.mkdir()
    (project / "one.py").write_text(
        "def parse_header(text):\n    return text\n\n\ndef open_file(path):\n    return path\n"
        "\n\ndef read_configuration(path):\n    return path\n\n\ndef write_buffer(data):\n    return data\n"
        "\n\ndef compute_checksum(data):\n    return data\n"
    )
    return project


def stand_ins(folder: Path, **programs: str) -> Path:
    folder.mkdir()
    for name, body in programs.items():
        path = folder / name.replace("_", "-")
        path.write_text(f"#!{sys.executable}\n{body}")
        path.chmod(0o755)
    return folder


def test_all_is_measured_of_ours_and_of_a_peer(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each row has both, with the ratio, and the folder that was named stays as it was."""
    for name in ("XDG_CACHE_HOME", "XDG_STATE_HOME", "XDG_CONFIG_HOME"):
        monkeypatch.setenv(name, str(tmp_path))
    monkeypatch.setattr(peers, "QUESTIONS", peers.QUESTIONS[:1])
    programs = stand_ins(tmp_path / "bin", zoekt_index=INDEX, zoekt=ASK, zoekt_webserver=SERVE)
    before = (project / "one.py").read_text()
    (tmp_path / "place").mkdir()
    shown = peers.run(project, tmp_path / "place", programs, None, None, 1).splitlines()
    assert shown[0] == "| | codanna-lsp | zoekt |"
    rows = [line.split(" | ") for line in shown[2:]]
    assert len(rows) == 9
    assert all(" x)" in zoekt and float(ours.replace(",", "")) > 0 for _, ours, zoekt in rows)
    assert [path.name for path in project.iterdir()] == ["one.py"]
    assert (project / "one.py").read_text() == before


def test_a_command_that_fails_ends_it(tmp_path: Path) -> None:
    """With what the command said: a peer that found nothing would look fast."""
    programs = stand_ins(tmp_path / "bin", zoekt="import sys; sys.exit('no such index')")
    with pytest.raises(SystemExit, match="no such index"):
        peers.measured([[str(programs / "zoekt")]])


def test_what_a_command_costs_includes_its_children(tmp_path: Path) -> None:
    """A program that has others work for it is not cheaper for that."""
    work = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'sum(range(6_000_000))'])"
    idle = peers.measured([[sys.executable, "-c", "pass"]])
    busy = peers.measured([[sys.executable, "-c", work]])
    assert busy.processor > idle.processor + 0.05
    assert busy.memory > 1


def test_tools_are_built_outside_of_the_project(capsys: pytest.CaptureFixture[str]) -> None:
    """No peer's code comes into the repository."""
    with pytest.raises(SystemExit):
        peers.main([".", "--tools", str(peers.PROJECT / "build" / "peers")])
    assert "inside this project" in capsys.readouterr().err


def test_sources_are_a_folder_or_a_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each goes to the program that builds it, as it asks for it."""
    ran: list[list[str]] = []
    monkeypatch.setattr(peers, "_build", lambda command, environment, folder: ran.append(command))
    peers.build_zoekt("example.org/zoekt@v1", tmp_path)
    peers.build_zoekt(str(tmp_path), tmp_path)
    peers.build_codanna("codanna@0.9.0", tmp_path)
    peers.build_codanna(str(tmp_path), tmp_path)
    assert ran[0][2] == "example.org/zoekt/cmd/zoekt-index@v1"
    assert ran[1][2] == "./cmd/zoekt-index"
    assert ran[2][-3:] == ["codanna", "--version", "0.9.0"]
    assert ran[3][-2:] == ["--path", str(tmp_path)]


def test_another_ctags_is_not_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Names of another kind would make another peer of zoekt."""
    stand_ins(tmp_path / "bin", ctags="print('Exuberant Ctags 5.8')")
    monkeypatch.setenv("PATH", str(tmp_path / "bin") + os.pathsep + "/nowhere")
    assert peers.universal_ctags() is None
