"""The manual page, made from the parser; `make docs` writes it to docs/codanna-lsp.1."""

from __future__ import annotations

from collections.abc import Iterator

from codanna_core.cli.tree import Argument, Command, Takes

_EXIT = (
    ("0", "Found, or done."),
    ("1", "Nothing found."),
    ("2", "Wrong use, such as an unknown option or a bad value."),
    ("3", "The index or the environment failed; the message says what to do."),
    ("130", "Stopped by Ctrl-C; progress was saved."),
)
_FILES = (
    (".codanna.toml", "Settings of a project. `codanna-lsp config path` prints where your own are."),
    (".codannaignore", "More files to skip, in the syntax of .gitignore."),
    (".gitignore, .ignore", "Followed as git and ripgrep do."),
)
_ENVIRONMENT = (
    ("CODANNA_LSP__SECTION__KEY", "A setting, for instance CODANNA_LSP__SEARCH__LIMIT=20."),
    ("NO_COLOR", "If it is set, nothing is colored unless --color says so."),
    ("VISUAL, EDITOR", "The editor in which `pick` opens a result."),
)


def manual(tree: Command) -> str:
    """The page in the macros of man(7)."""
    lines = [
        '.\\" Made from the argument parser by scripts/man_page.py.',
        '.TH CODANNA-LSP 1 "" codanna-lsp "User Commands"',
        ".SH NAME",
        "codanna-lsp \\- find code by meaning, in any language, offline",
        ".SH SYNOPSIS",
        ".B codanna-lsp",
        ".I COMMAND",
        "[\\fIOPTION\\fR]...",
        ".SH DESCRIPTION",
        _text(
            "Finds code by what it does. The first search of a folder builds an index in your cache folder; "
        ),
        _text("every later one brings it up to date. Nothing leaves your machine."),
        ".SH COMMANDS",
    ]
    for command in tree.all():
        if command.name:
            lines += _command(command)
    for title, rows in (("EXIT STATUS", _EXIT), ("FILES", _FILES), ("ENVIRONMENT", _ENVIRONMENT)):
        lines.append(f".SH {title}")
        for name, text in rows:
            lines += [".TP", f".B {_text(name)}", _text(text)]
    return "\n".join(lines) + "\n"


def _command(command: Command) -> Iterator[str]:
    operands = " ".join(_operand(operand) for operand in command.operands)
    yield f'.SS "codanna\\-lsp {_text(command.name)}{f" {operands}" if operands else ""}"'
    yield _text(f"{command.help[:1].upper()}{command.help[1:]}.")
    for argument in (*command.operands, *command.options):
        if "--help" not in argument.flags:
            yield ".TP"
            yield f".B {_head(argument)}"
            yield _text(f"{argument.help[:1].upper()}{argument.help[1:]}.")


def _operand(operand: Argument) -> str:
    # The only one that may be left out.
    return "[PATH]" if operand.metavar == "PATH" else _text(operand.metavar)


def _head(argument: Argument) -> str:
    names = ", ".join(argument.flags) or argument.metavar
    return _text(
        f"{names} {argument.metavar}" if argument.flags and argument.takes is not Takes.NOTHING else names
    )


def _text(text: str) -> str:
    """Text that the formatter does not take for its own requests."""
    text = text.replace("\\", "\\e").replace("-", "\\-").replace('"', "\\(dq")
    return f"\\&{text}" if text.startswith((".", "'")) else text
