"""`codanna-lsp team`: hands over to the package for a team's index, which nothing else loads."""

from __future__ import annotations

import argparse
import importlib


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of this command."""
    importlib.import_module("codanna_team.commands").add_arguments(parser)
