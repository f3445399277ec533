"""No setting exists that nothing reads."""

from __future__ import annotations

import ast
from pathlib import Path

from codanna_core.config.resolve import all_keys

REPOSITORY = Path(__file__).parents[2]

NOT_READ_YET = frozenset(
    {
        "server.code_lens",
        "server.debounce_ms",
        "server.log_level",
        "server.watch",
    }
)
"""Keys whose readers are still to be written; empty before a release."""


def read_attributes(source: str) -> set[str]:
    """Every `section.key` or `settings.key` that a module reads, as `owner.attribute`."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load):
            owner = node.value
            if isinstance(owner, ast.Attribute):
                found.add(f"{owner.attr}.{node.attr}")
            elif isinstance(owner, ast.Name):
                found.add(f"{owner.id}.{node.attr}")
    return found


def test_every_key_is_read() -> None:
    """Each key is read as an attribute of its section, or of a variable called `settings` or `options`."""
    reads: set[str] = set()
    for package in ("core/codanna_core", "core/codanna_team", "lsp_server/codanna_lsp"):
        for path in (REPOSITORY / package).rglob("*.py"):
            if "config" not in path.relative_to(REPOSITORY / package).parts[:-1]:
                reads |= read_attributes(path.read_text("utf-8"))
    unread = set()
    for info in all_keys():
        section, _, key = info.name.partition(".")
        if not reads & {f"{owner}.{key}" for owner in (section, "settings", "options")}:
            unread.add(info.name)
    assert unread <= NOT_READ_YET
