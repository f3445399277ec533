"""`codanna-lsp clean [PATH]`."""

from __future__ import annotations

import argparse

from codanna_core.cli.arguments import add_common, add_root, index_dir_of, overrides_of, root_of
from codanna_core.cli.exit_codes import ExitCode
from codanna_core.cli.render import print_line, say


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of this command."""
    add_root(parser)
    add_common(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Remove the index; the next search builds it again. Works on an index that this version cannot read."""
    root = root_of(options)
    from codanna_core.engine import remove_index

    removed = remove_index(root, index_dir_of(options), overrides=overrides_of(options))
    if removed is None:
        say("there is no index to remove")
        return ExitCode.NOTHING
    print_line(f"removed {removed}")
    return ExitCode.FOUND
