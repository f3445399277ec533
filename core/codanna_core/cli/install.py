"""`codanna-lsp install CLIENT`: registers the servers of this installation with an agent or an editor."""

from __future__ import annotations

import argparse
import difflib
import os
import shlex
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from codanna_core.cli.arguments import add_common
from codanna_core.cli.exit_codes import ExitCode
from codanna_core.cli.render import print_text, say
from codanna_core.clients.known import CLIENTS, ELSEWHERE, Client, Commands, FileEdit, own_program
from codanna_core.errors import CodannaError, ConfigError, InvalidQuery
from codanna_core.inert import inert, inert_message
from codanna_core.runtime.folders import home_folder
from codanna_core.storage.foreign import ForeignFile, change, remove_empty_folder

PATIENCE_S = 60.0
"""A client that does not change its own settings by then is reported."""
_UVX = {"archive-v0", "environments-v2", "builds-v0"}
"""Folders in which uvx keeps what it runs once."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of this command."""
    each = "; ".join(f"{name} ({client.what})" for name, client in CLIENTS.items())
    parser.add_argument(
        "client", metavar="CLIENT", type=_known, choices=tuple(CLIENTS), help=f"one of {each}"
    )
    parser.add_argument(
        "--project",
        metavar="DIR",
        help="change the settings of the project in this folder instead of yours; cursor and vscode",
    )
    group = parser.add_mutually_exclusive_group()
    group.add_argument("--dry-run", action="store_true", help="show what would be done, and do nothing")
    group.add_argument("--uninstall", action="store_true", help="remove what this command has added")
    add_common(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Change what the client reads, and nothing else there."""
    client = CLIENTS[options.client]
    project = _project(options.client, client, options.project)
    program = own_program()
    _refuse_a_passing_program(program)
    if client.commands is not None:
        done = _by_commands(client, client.commands(program), options)
    else:
        assert client.files is not None
        done = _by_files(client, client.files(program, project, os.environ), project, options)
    if options.dry_run:
        return ExitCode.FOUND
    if not done:
        say(f"{client.title}: there is nothing to {'remove' if options.uninstall else 'change'}")
        return ExitCode.NOTHING if options.uninstall else ExitCode.FOUND
    say(
        f"{client.title}: removed"
        if options.uninstall
        else f"{client.title}: installed. {client.after}".rstrip()
    )
    return ExitCode.FOUND


def _known(name: str) -> str:
    if where := ELSEWHERE.get(name.lower()):
        raise argparse.ArgumentTypeError(f"there is nothing to register with {name}; {where}")
    return name


def _project(name: str, client: Client, given: str | None) -> Path | None:
    if given is None:
        return None
    if not client.in_project:
        raise InvalidQuery(f"{name} is installed for all your projects; leave out --project")
    folder = Path(os.path.realpath(given))
    if not folder.is_dir():
        raise InvalidQuery(f"there is no folder {given}; check the spelling")
    return folder


def _refuse_a_passing_program(program: Sequence[str]) -> None:
    parts = set(Path(program[0]).parts)
    if parts & _UVX or {".cache", "pipx"} <= parts:
        raise ConfigError(
            f"{program[0]} is in a cache that may be emptied; install Codanna LSP first: `pipx install` or"
            " `uv tool install`"
        )


# By a command line of the client


def _by_commands(client: Client, commands: Commands, options: argparse.Namespace) -> bool:
    program = _found(client, commands.program)
    if options.dry_run:
        print_text(inert(shlex.join([program, *commands.add])))
        return True
    if options.uninstall:
        known = not commands.has or _call(program, commands.has).returncode == 0
        return known and _call(program, commands.remove).returncode == 0
    done = _call(program, commands.add)
    if done.returncode and "already exists" in done.stdout + done.stderr:
        # It may be there with the path of an older installation.
        _call(program, commands.remove)
        done = _call(program, commands.add)
    if done.returncode:
        said = (done.stderr.strip() or done.stdout.strip() or "no reason was given").splitlines()[-1]
        raise CodannaError(inert_message(f"{shlex.join([program, *commands.add])} failed: {said}"))
    return True


def _found(client: Client, name: str) -> str:
    # The current folder may be a project's, and its programs are not the user's.
    path = os.pathsep.join(one for one in os.get_exec_path() if os.path.isabs(one))
    program = shutil.which(name, path=path)
    if program is None or not os.path.isabs(program):
        raise CodannaError(
            f"there is no `{name}` on your path; install {client.title}, or add the server by hand as in"
            " docs/mcp.md"
        )
    return program


def _call(program: str, arguments: Sequence[str]) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(
            [program, *arguments],
            cwd=home_folder(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=PATIENCE_S,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        command = inert(shlex.join([program, *arguments]))
        raise CodannaError(
            f"{command} did not end within {PATIENCE_S:.0f} seconds; run it yourself"
        ) from error


# By files


def _by_files(
    client: Client, edits: Sequence[FileEdit], project: Path | None, options: argparse.Namespace
) -> bool:
    changed = False
    for one in edits:
        file = ForeignFile(one.path, project)
        if options.dry_run:
            _show(file, one)
            continue
        outcome = change(file, one.remove if options.uninstall else one.add)
        changed = changed or outcome.changed
        if outcome.changed:
            kept = f"; its former content is in {outcome.kept}" if outcome.kept is not None else ""
            say(f"changed {file.named}{kept}")
    if options.uninstall:
        for folder in client.folders(os.environ):
            remove_empty_folder(folder)
    return changed


def _show(file: ForeignFile, edit: FileEdit) -> None:
    before = file.read()
    after = edit.add(before)
    if before == after:
        say(f"{file.named} needs no change")
        return
    old, new = ((data or b"").decode("utf-8", "replace").splitlines() for data in (before, after))
    lines = difflib.unified_diff(old, new, str(file.named), str(file.named), lineterm="")
    print_text("\n".join(map(inert, lines)))
