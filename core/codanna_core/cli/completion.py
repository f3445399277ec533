"""`codanna-lsp completion bash|zsh|fish|powershell`."""

from __future__ import annotations

import argparse

from codanna_core.cli.arguments import add_common
from codanna_core.cli.exit_codes import ExitCode
from codanna_core.cli.render import print_text
from codanna_core.cli.tree import command_tree

SHELLS = ("bash", "zsh", "fish", "powershell")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of this command."""
    parser.add_argument("shell", metavar="SHELL", choices=SHELLS, help="bash, zsh, fish or powershell")
    add_common(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print the script that completes commands, options and their values in a shell."""
    from codanna_core.cli.main import whole_parser
    from codanna_core.cli.shells import SCRIPTS

    print_text(SCRIPTS[options.shell](command_tree(whole_parser())))
    return ExitCode.FOUND
