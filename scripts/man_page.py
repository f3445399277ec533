"""Writes the manual page from the argument parser; `make docs` runs it."""

from __future__ import annotations

from pathlib import Path

from codanna_core.cli.main import whole_parser
from codanna_core.cli.manual import manual
from codanna_core.cli.tree import command_tree

PAGE = Path(__file__).parents[1] / "docs" / "codanna-lsp.1"

if __name__ == "__main__":
    PAGE.write_text(manual(command_tree(whole_parser())), "utf-8")
