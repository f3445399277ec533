"""`codanna-lsp refs NAME [PATH]`: the uses of a definition."""

from __future__ import annotations

import argparse

from codanna_core.cli import relations
from codanna_core.results import Relation


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of this command."""
    relations.add_arguments(parser, Relation.REFERENCES)
