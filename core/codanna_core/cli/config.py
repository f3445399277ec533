"""`codanna-lsp config show|path|schema`."""

from __future__ import annotations

import argparse
import json

from codanna_core.cli.arguments import add_common, add_json, add_root, overrides_of
from codanna_core.cli.envelope import ENVELOPE_VERSION, write_json
from codanna_core.cli.exit_codes import ExitCode
from codanna_core.cli.render import print_line
from codanna_core.cli.scope import scope_of
from codanna_core.cli.session import report_problems
from codanna_core.wire import problems_json


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of this command."""
    commands = parser.add_subparsers(dest="action", metavar="ACTION", required=True)

    show = commands.add_parser("show", help="every setting with its value and where that comes from")
    add_root(show)
    add_json(show)
    add_common(show)
    show.set_defaults(run=run_show)

    path = commands.add_parser("path", help="the files that settings are read from")
    add_root(path)
    add_json(path)
    add_common(path)
    path.set_defaults(run=run_path)

    schema = commands.add_parser("schema", help="the JSON schema of the settings files")
    add_common(schema)
    schema.set_defaults(run=run_schema)


def run_show(options: argparse.Namespace) -> int:
    """Print the settings that are in force for a folder."""
    from codanna_core.config import Setter, describe, load

    resolved = load(scope_of(options).root, overrides_of(options))
    described = describe(resolved)
    if options.json:
        write_json(
            {
                "version": ENVELOPE_VERSION,
                "settings": {
                    item.name: {"value": item.value, "origin": item.origin, "set_by": list(item.set_by)}
                    for item in described
                },
                "problems": problems_json(resolved.problems),
            }
        )
        return ExitCode.FOUND
    width = max(len(item.name) for item in described)
    for item in described:
        value = json.dumps(item.value, ensure_ascii=False)
        notes = [] if item.origin == "default" else [item.origin]
        if Setter.PROJECT not in item.set_by:
            notes.append("not from a project file")
        comment = f"  # {'; '.join(notes)}" if notes else ""
        print_line(f"{item.name.ljust(width)} = {value}{comment}")
    report_problems(resolved.problems, limit=len(resolved.problems))
    return ExitCode.FOUND


def run_path(options: argparse.Namespace) -> int:
    """Print the settings files, whether they exist or not."""
    from codanna_core.config import project_file, user_file

    files = {"user": user_file(), "project": project_file(scope_of(options).root)}
    if options.json:
        write_json(
            {
                "version": ENVELOPE_VERSION,
                **{name: {"path": str(path), "exists": path.is_file()} for name, path in files.items()},
            }
        )
        return ExitCode.FOUND
    for name, path in files.items():
        print_line(f"{name.ljust(8)} {path}{'' if path.is_file() else '  (not there)'}")
    return ExitCode.FOUND


def run_schema(options: argparse.Namespace) -> int:
    """Print the JSON schema, for editors that complete settings files."""
    from codanna_core.config import json_schema

    write_json(json_schema())
    return ExitCode.FOUND
