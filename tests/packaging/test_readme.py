"""The README does what it says: its examples run, its tables are complete, its links lead somewhere."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from project_scripts import script

from codanna_core.cli.main import COMMANDS, main
from codanna_core.config import load_settings

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf-8")
DOCUMENTS = (
    "README.md",
    "ARCHITECTURE.md",
    "CODE_OF_CONDUCT.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    "docs/cli.md",
    "docs/comparison.md",
    "docs/install.md",
    "packaging/README.md",
)

SOURCE = '''"""Settings of the application."""


def read_settings(path):
    """Read the settings file and merge it with the defaults."""
    with open(path) as file:
        return parse(file.read())


def write_settings(path, values):
    """Write the settings file."""
    path.write_text(values)


class Session:
    def close(self):
        """Close the connection to the server."""
        self.socket.shutdown()
'''


def examples(kind: str) -> list[str]:
    """The code blocks that follow a line `<!-- example: kind -->`."""
    found = re.findall(rf"<!-- example: {kind} -->\n```\w+\n(.*?)```", README, re.DOTALL)
    assert found, f"README.md has no example marked as {kind}"
    return found


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder like the one that the examples speak of, and no settings of the user's."""
    root = tmp_path / "project"
    (root / "src").mkdir(parents=True)
    (root / "src" / "settings.py").write_text(SOURCE)
    for name in ("XDG_CACHE_HOME", "XDG_CONFIG_HOME", "HOME", "LOCALAPPDATA", "APPDATA"):
        monkeypatch.setenv(name, str(tmp_path / "home"))
    monkeypatch.chdir(root)
    return root


def test_shell_examples_find_something(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Every command line of the README ends with exit code 0 and an answer."""
    lines = [line for block in examples("shell") for line in block.splitlines() if line.strip()]
    for line in lines:
        command, *arguments = shlex.split(line)
        assert command == "codanna-lsp"
        assert main(arguments) == 0, line
        assert capsys.readouterr().out, line


def test_library_example_finds_the_function(workspace: Path) -> None:
    """The library example prints the place of the function it asks for first."""
    [code] = examples("python")
    done = subprocess.run(
        [sys.executable, "-P", "-c", code], cwd=workspace, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("src/settings.py:4  function read_settings")


def test_settings_example_is_valid(workspace: Path) -> None:
    """The example settings file is accepted without a complaint and changes what it says."""
    [text] = examples("toml")
    (workspace / ".codanna.toml").write_text(text)
    settings, problems = load_settings(workspace)
    assert problems == []
    assert settings.search.limit == tomllib.loads(text)["search"]["limit"]


def test_first_command_finds_the_right_code(tmp_path: Path) -> None:
    """The question of the README's first command is answered from the project's own code."""
    line = next(line for line in README.splitlines() if line.startswith("python3 -m venv"))
    question = shlex.split(line)[-1]
    done = subprocess.run(
        [sys.executable, "-P", "-m", "codanna_core.cli.main", "search", question, str(ROOT)],
        env={
            **os.environ,
            "XDG_CACHE_HOME": str(tmp_path),
            "LOCALAPPDATA": str(tmp_path),
            "HOME": str(tmp_path),
        },
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    places = [line for line in done.stdout.splitlines() if line and not line.startswith(" ")]
    assert any(place.startswith("core/codanna_core/indexing/pool.py:") for place in places[:5]), places


def test_settings_table_is_in_step() -> None:
    """The table of settings is the one that `make docs` writes."""
    assert script("settings_table").with_table(README) == README


@pytest.mark.parametrize("document", ["README.md", "docs/cli.md"])
def test_every_command_is_documented(document: str) -> None:
    """Each subcommand of the program stands in the document."""
    text = (ROOT / document).read_text("utf-8")
    assert [command for command in COMMANDS if f"`{command}" not in text] == []


@pytest.mark.parametrize("document", DOCUMENTS)
def test_links_lead_somewhere(document: str) -> None:
    """Every relative link names a file of the project."""
    path = ROOT / document
    targets = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", path.read_text("utf-8"))
    assert [target for target in targets if not (path.parent / target).exists()] == []


@pytest.mark.parametrize("document", DOCUMENTS)
def test_named_files_exist(document: str) -> None:
    """Every path of the sources that a document names in backquotes exists."""
    text = (ROOT / document).read_text("utf-8")
    named = set(
        re.findall(r"`((?:core|lsp_server|tests|docs|editors|benchmarks|training|scripts)/[\w./-]+)`", text)
    )
    assert sorted(path for path in named if not (ROOT / path).exists()) == []


@pytest.mark.parametrize("document", DOCUMENTS)
def test_make_targets_exist(document: str) -> None:
    """Every `make` target that a document names is one."""
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    named = set(re.findall(r"`make ([a-z-]+)", (ROOT / document).read_text("utf-8")))
    assert sorted(named - targets) == []
