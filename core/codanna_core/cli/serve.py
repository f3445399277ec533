"""`codanna-lsp serve`: hands over to the language server, which is another package."""

from __future__ import annotations

import argparse
import importlib
from collections.abc import Sequence


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of this command, for what describes them; the server's own parser reads them."""
    importlib.import_module("codanna_lsp.main").add_arguments(parser)


def run(arguments: Sequence[str]) -> int:
    """Run the server; its own parser reads the arguments."""
    # By name, and only here: the engine stays usable without the protocol package.
    return int(importlib.import_module("codanna_lsp.main").serve(list(arguments)))
