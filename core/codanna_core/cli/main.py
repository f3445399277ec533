"""The entry point `codanna-lsp`: picks the subcommand, turns errors into one sentence and an exit code.

Only the chosen subcommand's module is imported, so that `--help` and `--version` answer at once.
"""

from __future__ import annotations

import argparse
import atexit
import errno
import importlib
import os
import re
import signal
import sys
from collections.abc import Sequence
from types import ModuleType
from typing import Any, NoReturn

from codanna_core._version import __version__
from codanna_core.cli.exit_codes import ExitCode
from codanna_core.errors import Cancelled, CodannaError, ConfigError, InvalidQuery, OutOfMemory
from codanna_core.inert import inert
from codanna_core.private import private_files
from codanna_core.runtime.memory import check_limit, collect_rarely
from codanna_core.runtime.system import WINDOWS

# The matrices of one search are small: more threads would only wake each other up, and starve an editor.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

COMMANDS = {
    "search": "find code by meaning and by words",
    "pick": "search while you type, look, and open the result",
    "similar": "find code like the code at FILE:LINE",
    "symbols": "find symbols by name",
    "refs": "list the uses of a definition",
    "callers": "list who calls a definition",
    "calls": "list what a definition calls",
    "impact": "list all that a change of a definition can reach, tests first",
    "context": "print the code that answers a question, within a number of tokens",
    "index": "build the index of a folder or bring it up to date",
    "status": "show what is indexed, what is missing and why",
    "vector": "work with the vectors: index-vectors, search-vector, cluster-info",
    "models": "embedding models: list, check, import",
    "team": "a team's index: init, publish, status, remove, doctor",
    "config": "settings: show, path, schema",
    "doctor": "check the installation and the index of a folder",
    "clean": "remove the index of a folder",
    "mcp": "run the MCP server for agents on standard input and output",
    "serve": "run the language server on standard input and output",
    "install": "register the servers with an agent or an editor",
    "completion": "print the completion script of a shell: bash, zsh, fish, powershell",
}
"""Subcommand to its line in the help; the module of the same name in this package runs it."""

SERVERS = ("serve", "mcp")
"""They read their own arguments, and run until they are asked to end."""

_INVALID_CHOICE = re.compile(
    r"argument (?P<what>\S+): invalid choice: (?P<given>.*) \(choose from (?P<known>.*)\)", re.DOTALL
)
_WORD = re.compile(r"[\w-]+")
_FEW = 5
_ELSEWHERE = "choose another location with --index-dir"
_CALLED = {"COMMAND": "command", "ACTION": "action", "CLIENT": "client", "option": "option"}


def program() -> NoReturn:
    """What is installed as `codanna-lsp`: one command, and then the end at once.

    The interpreter would first take apart all that was loaded, a tenth of a search, for memory that the
    system takes back anyway. What was registered for the end is called as always.
    """
    code = main()
    if _chosen(sys.argv[1:]) in SERVERS:
        sys.exit(code)
    atexit._run_exitfuncs()
    if not _flushed():
        sys.exit(code)
    os._exit(code)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    with private_files():
        return _run(list(sys.argv[1:] if argv is None else argv))


def _run(arguments: list[str]) -> int:
    _prepare_streams()
    # The console may not be able to show every character of somebody's source code.
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    collect_rarely()
    verbose = False
    try:
        chosen = _chosen(arguments)
        if chosen in SERVERS:
            return int(_module(chosen).run(arguments[arguments.index(chosen) + 1 :]))
        check_limit()
        options = _parser(chosen).parse_args(arguments)
        if options.command is None:
            _parser().print_help()
            return ExitCode.WRONG_USE
        verbose = options.verbose > 0
        _start_log(options.verbose)
        _check_settings(options)
        code = int(options.run(options))
        sys.stdout.flush()
        return code
    except (Cancelled, KeyboardInterrupt):
        # A second Ctrl-C while the process winds down must not end in a traceback.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        return _complain("stopped; progress was saved", ExitCode.STOPPED)
    except BrokenPipeError:
        # Python flushes standard output again at exit; that must not fail a second time.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.PIPE_CLOSED
    except (InvalidQuery, ConfigError) as error:
        return _complain(str(error), ExitCode.WRONG_USE)
    except CodannaError as error:
        return _complain(str(error), ExitCode.FAILED)
    except MemoryError as error:
        if verbose:
            raise
        return _complain(
            str(OutOfMemory(str(error) or "there is too little memory for this")), ExitCode.FAILED
        )
    except OSError as error:
        return _complain(explain_os_error(error), ExitCode.FAILED)
    except Exception as error:
        if verbose:
            import logging

            logging.getLogger(__name__).error("internal error", exc_info=error)
        return _complain(
            f"internal error: {type(error).__name__}: {error}; `-v` shows where, please report it",
            ExitCode.FAILED,
        )


def _prepare_streams() -> None:
    """What is printed to a stream that the caller closed goes nowhere, and no file that is opened later, here
    or in a child, takes its place. What is printed to any other waits for a slow reader, or Python would drop
    it where another program has made the pipe one that does not wait.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            number = os.open(os.devnull, os.O_RDWR)
            os.set_inheritable(number, True)
            setattr(sys, name, os.fdopen(number, mode, encoding="utf-8"))
    if not WINDOWS:
        for number in (1, 2):
            os.set_blocking(number, True)


def _chosen(arguments: list[str]) -> str | None:
    return next((word for word in arguments if not word.startswith("-")), None)


def _flushed() -> bool:
    """Whether all that was printed is out; where it cannot be, the interpreter says so as it always does."""
    try:
        for stream in (sys.stdout, sys.stderr):
            if stream is not None:
                stream.flush()
    except (OSError, ValueError):
        return False
    return True


def explain_os_error(error: OSError) -> str:
    """One sentence on what the operating system refused and what to do about it."""
    where = f" {os.fsdecode(error.filename)}" if isinstance(error.filename, str | bytes) else ""
    reason = error.strerror or str(error)
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"cannot write{where}: the disk is full; free some space, or {_ELSEWHERE}"
    if error.errno in (errno.ENOMEM, errno.EAGAIN):
        return str(OutOfMemory(f"the system refused memory or a thread ({reason})"))
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return f"cannot use{where}: {reason}; change its permissions, or {_ELSEWHERE}"
    if error.errno in (errno.ENOTDIR, errno.EEXIST):
        return f"cannot use{where} as a folder: {reason}; {_ELSEWHERE}"
    return f"cannot use{where}: {reason}"


def _module(command: str) -> ModuleType:
    return importlib.import_module(f"codanna_core.cli.{command}")


class _Parser(argparse.ArgumentParser):
    """Names what was probably meant, in one line, instead of all that there is."""

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """As in argparse, and leftover words are refused here, where the command's own options are known."""
        options, unexpected = super().parse_known_args(args, namespace)
        if unexpected:
            self.error(self._unexpected(unexpected, "query" in options or "name" in options))
        return options, unexpected

    def error(self, message: str) -> NoReturn:
        """One sentence, and where to read on."""
        if found := _INVALID_CHOICE.fullmatch(message):
            message = _no_such(found["what"], found["given"].strip("'\""), _WORD.findall(found["known"]))
        self.exit(ExitCode.WRONG_USE, inert(f"codanna-lsp: {message}; see `{self.prog} --help`") + "\n")

    def _unexpected(self, words: Sequence[str], takes_question: bool) -> str:
        option = next((word.partition("=")[0] for word in words if word.startswith("-")), None)
        if option is not None:
            return _no_such("option", option, list(self._option_string_actions))
        hint = "; put a question of several words in quotes" if takes_question else ""
        return f"unexpected: {' '.join(words)}{hint}"


def _no_such(what: str, given: str, known: Sequence[str]) -> str:
    from difflib import get_close_matches

    if what == "COMMAND" and " " in given:
        return f'there is no command "{given}"; to ask that, write: codanna-lsp search "{given}"'
    hints = [f"did you mean {near}?" for near in get_close_matches(given.lower(), known, n=1)]
    if not hints or len(known) <= _FEW:
        hints.append(f"known are {', '.join(word for word in known if word != '-h')}")
    return f"there is no {_CALLED.get(what, what)} {given}; {' '.join(hints)}"


def whole_parser() -> argparse.ArgumentParser:
    """The parser with the options of every command, for what describes them all."""
    return _parser(*COMMANDS)


def _parser(*chosen: str | None) -> argparse.ArgumentParser:
    parser = _Parser(
        prog="codanna-lsp",
        description="Finds code by meaning, in any language, offline.",
        epilog="`codanna-lsp COMMAND --help` shows the options of a command.",
    )
    parser.add_argument("--version", action="version", version=f"codanna-lsp {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", title="commands")
    for name, summary in COMMANDS.items():
        command = commands.add_parser(name, help=summary, description=f"{summary[0].upper()}{summary[1:]}.")
        if name in chosen:
            _module(name).add_arguments(command)
    return parser


def _check_settings(options: argparse.Namespace) -> None:
    """Refuse a bad `--set`, whether the command would come to read it or not."""
    if options.assignments:
        from codanna_core.cli.arguments import overrides_of

        overrides_of(options)


def _start_log(verbose: int) -> None:
    import logging

    from codanna_core.logs import InertFormatter

    level = (logging.ERROR, logging.INFO, logging.DEBUG)[min(verbose, 2)]
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(InertFormatter("%(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=level, handlers=[handler], force=True)


def _complain(message: str, code: ExitCode) -> ExitCode:
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        pass  # Nobody reads the answer any more; the exit code still says what happened.
    from codanna_core.cli.render import say

    say(message)
    return code


if __name__ == "__main__":
    program()
