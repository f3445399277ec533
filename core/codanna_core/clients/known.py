"""The programs that `codanna-lsp install` knows, and what it does for each: commands of theirs, or files."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from pathlib import Path
from typing import Any

from codanna_core._version import __version__
from codanna_core.clients import jsonc
from codanna_core.errors import ConfigError
from codanna_core.languages.registry import languages
from codanna_core.records import dataclass
from codanna_core.runtime.folders import home_folder

SERVER = "codanna"
"""The name under which clients list the server."""
PLUGIN = "codanna-lsp"

Edit = Callable[[bytes | None], bytes | None]
Environment = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class FileEdit:
    """A file of a client and what is made of it."""

    path: Path
    add: Edit
    remove: Edit


@dataclass(frozen=True, slots=True)
class Commands:
    """A client's own command line: each list without the program itself."""

    program: str
    add: Sequence[str]
    remove: Sequence[str]
    has: Sequence[str] = ()
    """Ends with 0 if the server is there, where `remove` does not say it."""


@dataclass(frozen=True, slots=True)
class Client:
    """A program that can start this one."""

    title: str
    what: str
    """What it does for it, as a phrase in the help."""
    commands: Callable[[Sequence[str]], Commands] | None = None
    files: Callable[[Sequence[str], Path | None, Environment], Sequence[FileEdit]] | None = None
    in_project: bool = False
    """Whether it reads a file of a project, too."""
    after: str = ""
    """What is left to do for the user."""
    folders: Callable[[Environment], Sequence[Path]] = field(default=lambda environ: ())
    """Folders that are made for it alone, the innermost first."""


def _claude(program: Sequence[str]) -> Commands:
    scope = ("--scope", "user", SERVER)
    return Commands("claude", ("mcp", "add", *scope, "--", *program, "mcp"), ("mcp", "remove", *scope))


def _codex(program: Sequence[str]) -> Commands:
    add = ("mcp", "add", SERVER, "--", *program, "mcp")
    return Commands("codex", add, ("mcp", "remove", SERVER), ("mcp", "get", SERVER))


def _vscode(program: Sequence[str], project: Path | None, environ: Environment) -> Sequence[FileEdit]:
    entry = {**_started(program, ["mcp"]), "type": "stdio"}
    if project is not None:
        entry["args"] = [*entry["args"], "${workspaceFolder}"]
        return [_entry_of(project / ".vscode" / "mcp.json", ("servers", SERVER), entry)]
    folder = _vscode_folder(environ)
    if not folder.is_dir():
        raise ConfigError(f"there is no folder {folder}; start VS Code once, or name a --project")
    return [_entry_of(folder / "mcp.json", ("servers", SERVER), entry)]


def _vscode_folder(environ: Environment) -> Path:
    home = home_folder()
    if sys.platform == "win32":
        above = Path(environ.get("APPDATA") or home / "AppData" / "Roaming")
    elif sys.platform == "darwin":
        above = home / "Library" / "Application Support"
    else:
        above = Path(environ.get("XDG_CONFIG_HOME") or home / ".config")
    return above / "Code" / "User"


def _cursor(program: Sequence[str], project: Path | None, environ: Environment) -> Sequence[FileEdit]:
    entry = _started(program, ["mcp", "${workspaceFolder}"])
    return [_entry_of((project or home_folder()) / ".cursor" / "mcp.json", ("mcpServers", SERVER), entry)]


def _claude_lsp(program: Sequence[str], project: Path | None, environ: Environment) -> Sequence[FileEdit]:
    folder, _ = _plugin_folders(environ)
    server = {
        **_started(program, ["serve"]),
        "extensionToLanguage": {
            suffix: language.name
            for language in languages().values()
            if language.grammar is not None
            for suffix in language.suffixes
        },
        # An agent asks by these alone, and one server answers for a suffix.
        "initializationOptions": {"server": {"navigation": "on", "document_symbols": "on"}},
    }
    manifest = {
        "name": PLUGIN,
        "version": __version__,
        "description": "Definitions, references, calls and symbols in any language, from a local index.",
    }
    return [
        _whole(folder.parent / ".lsp.json", {SERVER: server}),
        _whole(folder / "plugin.json", manifest),
    ]


def _plugin_folders(environ: Environment) -> Sequence[Path]:
    above = Path(environ.get("CLAUDE_CONFIG_DIR") or home_folder() / ".claude")
    plugin = above / "skills" / PLUGIN
    return plugin / ".claude-plugin", plugin


CLIENTS: dict[str, Client] = {
    "claude-code": Client(
        "Claude Code", "the MCP server", commands=_claude, after="Start a new session to use it."
    ),
    "claude-code-lsp": Client(
        "Claude Code's language server plug-ins",
        "the language server, for Claude Code's own navigation tool",
        files=_claude_lsp,
        folders=_plugin_folders,
        after="Start a new session, or type /reload-plugins.",
    ),
    "codex": Client("Codex", "the MCP server", commands=_codex, after="Start a new session to use it."),
    "cursor": Client("Cursor", "the MCP server", files=_cursor, in_project=True),
    "vscode": Client(
        "VS Code", "the MCP server, not needed with the extension", files=_vscode, in_project=True
    ),
}
"""By the word that names it on the command line."""

_PLUG_IN = 'copy its plug-in, as the README says under "In your editor"'
_EDITOR = "docs/editors.md has its configuration"
_AGENT = "docs/mcp.md has its configuration"
ELSEWHERE = (
    dict.fromkeys(("neovim", "nvim"), _PLUG_IN)
    | dict.fromkeys(("emacs", "helix", "jetbrains", "kate", "sublime", "vim"), _EDITOR)
    | dict.fromkeys(("claude-desktop", "gemini", "opencode", "windsurf", "zed"), _AGENT)
)
"""Where to look for programs that people try to name as well."""


def _started(program: Sequence[str], arguments: list[str]) -> dict[str, Any]:
    return {"command": program[0], "args": [*program[1:], *arguments]}


def _entry_of(path: Path, keys: Sequence[str], value: Any) -> FileEdit:
    """One entry of a file that has others."""

    def edited(change: Callable[[str], str]) -> Edit:
        def edit(data: bytes | None) -> bytes | None:
            try:
                before = (data or b"").decode("utf-8")
                after = change(before)
            except ValueError as error:
                raise ConfigError(f"{path} is not valid JSON ({error}); mend it, and try again") from error
            return data if after == before else after.encode("utf-8")

        return edit

    return FileEdit(
        path, edited(lambda text: jsonc.put(text, keys, value)), edited(lambda text: jsonc.drop(text, keys))
    )


def _whole(path: Path, content: Any) -> FileEdit:
    """A file that is ours alone."""
    data = (json.dumps(content, indent=2) + "\n").encode("utf-8")
    return FileEdit(path, lambda _: data, lambda _: None)


def own_program() -> list[str]:
    """How a client starts this very installation: absolute, whatever its PATH will be."""
    called = Path(os.path.abspath(sys.argv[0]))
    beside = Path(sys.executable).with_name("codanna-lsp" + (".exe" if sys.platform == "win32" else ""))
    program = next((one for one in (called, beside) if one.stem == "codanna-lsp" and one.is_file()), None)
    if program is None:
        return [sys.executable, "-P", "-m", "codanna_core.cli.main"]
    return [str(program)]
