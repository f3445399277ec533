"""What the pages about a team tell people to type is what the program takes, and the workflow is one."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

from codanna_core.cli import main as program

DOCS = Path(__file__).parents[2] / "docs"
PAGES = ("team.md", "team-operate.md")


def blocks(language: str) -> list[str]:
    """The blocks of code in a language, of both pages."""
    text = "\n".join((DOCS / page).read_text("utf-8") for page in PAGES)
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def commands() -> list[str]:
    """Every command of ours: in blocks, in the workflow, and in sentences that give it whole."""
    lines = [line for block in blocks("sh") for line in block.splitlines()]
    lines += [step["run"] for step in workflow()["jobs"]["publish"]["steps"] if "run" in step]
    said = [line for line in lines if line.startswith("codanna-lsp ")]
    text = "\n".join((DOCS / page).read_text("utf-8") for page in PAGES)
    named = re.findall(r"`(codanna-lsp team \w+ [^`]+|codanna-lsp team (?:status|doctor|publish))`", text)
    return [*said, *named]


def workflow() -> dict[str, Any]:
    """The steps for a pipeline."""
    (block,) = blocks("yaml")
    # YAML 1.1 reads `on` as true.
    found: dict[str, Any] = yaml.safe_load(block.replace("on:", '"on":', 1))
    return found


def test_there_are_commands() -> None:
    """The search for them finds all of the page's first steps."""
    found = commands()
    assert len(found) >= 10
    for action in ("init", "publish", "status", "remove", "doctor"):
        assert any(f"team {action}" in command for command in found), action


@pytest.mark.parametrize("command", commands())
def test_every_command_is_one(command: str) -> None:
    """With its options; capital letters stand for what people fill in."""
    arguments = shlex.split(command, comments=True)[1:]
    options = program._parser(arguments[0]).parse_args(arguments)
    assert options.command == arguments[0]


def test_the_workflow_is_one() -> None:
    """It has what GitHub asks for; the token is a secret of the one step that needs it."""
    found = workflow()
    assert found["on"] == {"push": {"branches": ["main"]}}
    job = found["jobs"]["publish"]
    assert job["runs-on"] == "ubuntu-latest"
    for step in job["steps"]:
        assert ("uses" in step) != ("run" in step), step
        assert step.keys() <= {"uses", "run", "env", "with", "name"}
    (step,) = [step for step in job["steps"] if "team publish" in step.get("run", "")]
    assert step["env"] == {"CODANNA_TEAM_TOKEN": "${{ secrets.CODANNA_TEAM_TOKEN }}"}
    assert "secrets" not in step["run"]


def test_a_first_try_takes_few_commands() -> None:
    """A cluster, two repositories and a question in the first block, in eight at most."""
    first = blocks("sh")[0].splitlines()
    assert len(first) <= 8
    assert sum("team publish" in line for line in first) == 2
    assert first[0].startswith("docker run ")
    assert " -p 127.0.0.1:" in first[0]
    assert first[-1].startswith("codanna-lsp search ")
