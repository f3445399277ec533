"""`codanna-lsp impact NAME [PATH]`: what a change of a definition, or of the lines of a diff, can reach."""

from __future__ import annotations

import argparse

from codanna_core.cli import relations
from codanna_core.results import Relation


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of this command."""
    relations.add_arguments(parser, Relation.IMPACT)
