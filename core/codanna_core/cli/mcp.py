"""`codanna-lsp mcp`: hands over to the MCP server, which is another package."""

from __future__ import annotations

import argparse
import importlib
from collections.abc import Sequence


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of this command, for what describes them; the server's own parser reads them."""
    importlib.import_module("codanna_mcp.main").add_arguments(parser)


def run(arguments: Sequence[str]) -> int:
    """Run the server; its own parser reads the arguments."""
    # By name, and only here: neither the engine nor the language server loads the protocol's library.
    return int(importlib.import_module("codanna_mcp.main").serve(list(arguments)))
