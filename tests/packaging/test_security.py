"""SECURITY.md names tests that exist, for every attacker of the threat model."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ATTACKERS = (
    "Repository",
    "File",
    "Index folder",
    "Model folder",
    "Other user",
    "Web page",
    "Client",
    "Neighbor",
)
NAMED = re.compile(r"`((?:tests|editors)/[\w./-]+)(?:::(\w+))?`")


def rows() -> list[list[str]]:
    """The cells of the threat model, the attacker's name filled in where a row continues the one above."""
    found: list[list[str]] = []
    for line in (ROOT / "SECURITY.md").read_text("utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("|") and len(cells) == 3 and cells[0] not in ("Attacker", "---"):
            found.append([cells[0] or found[-1][0], *cells[1:]])
    return found


def test_every_attacker_has_a_row() -> None:
    """Each party of the threat model gets a promise, and each promise a test."""
    for attacker in ATTACKERS:
        assert any(row[0].startswith(f"**{attacker}") for row in rows()), attacker
    assert [row for row in rows() if not row[1] or not NAMED.search(row[2])] == []


@pytest.mark.parametrize(("path", "name"), NAMED.findall((ROOT / "SECURITY.md").read_text("utf-8")))
def test_a_named_test_exists(path: str, name: str) -> None:
    """The file is there, and the test is in it."""
    file = ROOT / path
    assert file.is_file()
    if name:
        functions = (ast.FunctionDef, ast.AsyncFunctionDef)
        names = {node.name for node in ast.parse(file.read_text("utf-8")).body if isinstance(node, functions)}
        assert name in names
