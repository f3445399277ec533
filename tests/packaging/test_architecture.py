"""ARCHITECTURE.md says where to look: what it names is there."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "ARCHITECTURE.md").read_text("utf-8")
PACKAGES = (
    ROOT / "core" / "codanna_core",
    ROOT / "lsp_server" / "codanna_lsp",
    ROOT / "lsp_server" / "codanna_rpc",
)
NAMED = sorted(set(re.findall(r"`([\w/]+\.py)::([\w.]+)`", TEXT)))
PLACES = sorted(set(re.findall(r"`((?:core|lsp_server)/[\w/]+\.py)`", TEXT)))


def defined(path: Path) -> set[str]:
    """Names at the top of a module, and `Class.name` for what its classes define."""
    found: set[str] = set()
    for node in ast.parse(path.read_text("utf-8")).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.add(node.name)
        if isinstance(node, ast.ClassDef):
            found.update(
                f"{node.name}.{item.name}" for item in node.body if isinstance(item, ast.FunctionDef)
            )
        if isinstance(node, ast.Assign):
            found.update(target.id for target in node.targets if isinstance(target, ast.Name))
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            found.add(node.target.id)
    return found


@pytest.mark.parametrize(("module", "name"), NAMED, ids="::".join)
def test_a_named_function_exists(module: str, name: str) -> None:
    """Whoever follows a query, a save, a cold index or a crash finds each step under its name."""
    (path,) = [package / module for package in PACKAGES if (package / module).is_file()]
    assert name in defined(path)


@pytest.mark.parametrize("place", PLACES)
def test_a_named_file_exists(place: str) -> None:
    """The map leads to files that are there."""
    assert (ROOT / place).is_file()


@pytest.mark.parametrize("title", ["A query", "A save", "A cold index", "A crash"])
def test_each_page_names_its_functions(title: str) -> None:
    """No page tells a story without saying where it happens."""
    page = TEXT.partition(f"\n## {title}\n")[2].partition("\n## ")[0]
    assert len(re.findall(r"`[\w/]+\.py::", page)) >= 5
