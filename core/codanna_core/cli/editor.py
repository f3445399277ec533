"""The user's editor: which one, and how it opens a file at a line."""

from __future__ import annotations

import os
import shlex
import shutil
from collections.abc import Mapping
from pathlib import Path

from codanna_core.errors import InvalidQuery

_PLUS_LINE = frozenset(
    [
        "vi",
        "ex",
        "nano",
        "micro",
        "emacs",
        "emacsclient",
        "kak",
        "joe",
        "jed",
        "ne",
        "mg",
        "kate",
        "gedit",
        "less",
    ]
)
_VIM = frozenset(["vim", "nvim", "gvim", "vimdiff", "view", "vim.basic", "vim.tiny", "vim.gtk3", "vim.nox"])
_COLON_LINE = frozenset(["hx", "helix", "subl", "zed"])
_GOTO = frozenset(["code", "code-insiders", "codium", "cursor", "windsurf"])


def editor_of(environ: Mapping[str, str] = os.environ) -> list[str]:
    """The editor's command as the user set it, else one that is there."""
    chosen = environ.get("VISUAL") or environ.get("EDITOR")
    if chosen:
        try:
            return shlex.split(chosen)
        except ValueError as error:
            raise InvalidQuery(f"EDITOR={chosen!r} is not a command ({error}); correct it") from None
    for name in ("vi", "nano"):
        if shutil.which(name):
            return [name]
    raise InvalidQuery("there is no editor; set EDITOR, for instance EDITOR=nano")


def opening(editor: list[str], path: Path, line: int) -> list[str]:
    """The command that opens an absolute path, so that its name is never an option, at a line from 1.

    In Vim no modeline is obeyed: the file is someone else's text.
    """
    name = Path(editor[0]).name.removesuffix(".exe")
    if name in ("vi", "ex", "view") and (found := shutil.which(editor[0])):
        name = Path(os.path.realpath(found)).name if Path(os.path.realpath(found)).name in _VIM else name
    if name in _VIM:
        return [*editor, "--cmd", "set nomodeline", f"+{line}", str(path)]
    if name in _PLUS_LINE:
        return [*editor, f"+{line}", str(path)]
    if name in _COLON_LINE:
        return [*editor, f"{path}:{line}"]
    if name in _GOTO:
        return [*editor, "--goto", f"{path}:{line}"]
    return [*editor, str(path)]
