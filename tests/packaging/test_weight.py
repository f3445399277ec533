"""What an installation weighs, and what of it is never loaded by default."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from project_scripts import script
from raw_client import running

ROOT = Path(__file__).parents[2]
INSTALL = (ROOT / "docs/install.md").read_text("utf-8")
UNUSED = {
    "fastembed",
    "onnxruntime",
    "onnx",
    "tokenizers",
    "huggingface_hub",
    "hf_xet",
    "PIL",
    "requests",
    "httpx",
}
"""fastembed, its runtime, the client of the model hub, the image library, and what fetches."""

weight = script("weight")


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small folder, and a home without settings."""
    for name in [name for name in os.environ if name.startswith("XDG_")]:
        monkeypatch.delenv(name)
    for name in ("HOME", "LOCALAPPDATA", "APPDATA"):
        monkeypatch.setenv(name, str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "settings.py").write_text("def read_settings(path):\n    return path.read_text()\n")
    return folder


def test_a_search_loads_what_the_documentation_says(project: Path) -> None:
    """A search imports the distributions that docs/install.md names, and none that is unused."""
    runs = [weight.costs_of_a_run(weight.SEARCH, project, dict(os.environ)) for _ in range(2)]
    assert {name for run in runs for name in run} & UNUSED == set()
    [sentence] = re.findall(r"besides the standard library: (.*?)\.", INSTALL)
    named = set(re.split(r", | and ", sentence))
    loaded = {one.name for one in weight.weights(runs[1]) if one.milliseconds} - {
        weight.STANDARD,
        "editables",
    }
    assert loaded == named


def test_the_server_loads_no_unused_library(project: Path, tmp_path: Path) -> None:
    """Nor does the language server, from its start to the answer of a search."""
    command = [sys.executable, "-P", "-X", "importtime", "-m", "codanna_lsp"]
    with (tmp_path / "imports").open("wb") as imports, running(command, stderr=imports) as client:
        client.initialize(project)
        client.wait_indexed()
        assert client.names("read the settings")
        assert client.shut_down(30) == 0
    loaded = set(re.findall(r"\| +(\w+)", (tmp_path / "imports").read_text()))
    assert {"numpy", "tantivy", "codanna_lsp"} <= loaded
    assert loaded & UNUSED == set()


def test_all_that_is_required_is_weighed() -> None:
    """What requires something is followed, and everything has a size."""
    found = {one.name.lower(): one for one in weight.weights({}) if one.name != weight.STANDARD}
    assert {"codanna-lsp", "numpy", "onnxruntime", "pillow", "huggingface_hub"} <= set(found)
    assert {"pytest", "mypy"} & set(found) == set()
    assert found["numpy"].bytes > 10_000_000
    assert found["codanna-lsp"].bytes > 8_000_000


@pytest.mark.skipif(sys.platform != "linux", reason="wheels differ between systems")
def test_the_documented_weight_is_right() -> None:
    """The sum in docs/install.md is within a tenth of what is installed."""
    [megabytes] = re.findall(r"distributions with (\d+) MB", INSTALL)
    assert sum(one.bytes for one in weight.weights({})) / 1e6 == pytest.approx(float(megabytes), rel=0.1)


@pytest.mark.skipif(sys.platform != "linux", reason="the command is that of Linux")
def test_nothing_is_left_after_removal(project: Path) -> None:
    """The one command of docs/install.md removes all that was made in the home folder."""
    home = project.parent / "home"
    (home / ".config" / "codanna-lsp").mkdir(parents=True)
    (home / ".config" / "codanna-lsp" / "config.toml").write_text("")
    assert weight.costs_of_a_run(weight.SEARCH, project, dict(os.environ))
    made = {path.name for path in home.rglob("*")}
    assert "index.json" in made
    [command] = re.findall(r"<!-- example: remove -->\n```sh\n(.*)\n```", INSTALL)
    subprocess.run(["/bin/sh", "-c", command], check=True, env={**os.environ, "HOME": str(home)})
    assert [path for path in home.rglob("*") if not path.is_dir() or "codanna" in path.name] == []
    assert sorted(path.name for path in project.iterdir()) == ["settings.py"]
