"""`install`: what it changes in the settings of other programs, and that it changes nothing else."""

from __future__ import annotations

import json
import os
import re
import stat
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from codanna_core.clients import known
from codanna_core.config.resolve import all_keys
from codanna_core.errors import ConfigError
from codanna_core.languages.registry import languages
from codanna_core.runtime.folders import state_folder
from codanna_core.storage.foreign import ForeignFile, change

PROGRAM = "/opt/some where/codanna-lsp"

posix = pytest.mark.skipif(sys.platform == "win32", reason="modes, links and shell scripts")


@pytest.fixture(autouse=True)
def _program(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("codanna_core.cli.install.own_program", lambda: [PROGRAM])


@pytest.fixture
def user(tmp_path: Path) -> Path:
    """The settings of a VS Code that was started before; both settings and home are in one folder here."""
    folder = tmp_path / "home" / "Code" / "User"
    folder.mkdir(parents=True)
    return folder


@pytest.fixture
def client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], Path]:
    """Puts a program on the path that keeps a record of its arguments, a line for each call."""

    def make(name: str, body: str) -> Path:
        record = tmp_path / "record"
        program = tmp_path / "bin" / name
        program.parent.mkdir(exist_ok=True)
        program.write_text(f'#!/bin/sh\n(IFS="|"; echo "$*") >> "{record}"\n{body}\n')
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
        return record

    return make


def backups() -> list[Path]:
    return sorted((state_folder() / "backups").iterdir())


if sys.platform != "win32":
    CLAUDE_ADD = f"mcp|add|--scope|user|codanna|--|{PROGRAM}|mcp"
    CODEX_ADD = f"mcp|add|codanna|--|{PROGRAM}|mcp"


@posix
@pytest.mark.parametrize(
    ("name", "program", "line"), [("claude-code", "claude", "CLAUDE_ADD"), ("codex", "codex", "CODEX_ADD")]
)
def test_clients_with_a_command_line_change_their_own_settings(
    name: str, program: str, line: str, run: Any, client: Callable[[str, str], Path]
) -> None:
    """They are called once, with the absolute path of this program, from the home folder."""
    record = client(program, 'pwd >&2; test "$PWD" = "$HOME"')
    Path(os.environ["HOME"]).mkdir(exist_ok=True)
    done = run("install", name)
    assert done.code == 0, done.err
    assert record.read_text().splitlines() == [globals()[line]]
    assert "installed" in done.err


@posix
def test_an_older_entry_makes_room(run: Any, client: Callable[[str, str], Path]) -> None:
    """Where the client refuses a name that it has, the old entry is removed first."""
    body = (
        'test "$2" = add && test ! -e "$0.removed" && echo it already exists && exit 1; '
        'test "$2" = remove && touch "$0.removed"; true'
    )
    record = client("claude", body)
    Path(os.environ["HOME"]).mkdir(exist_ok=True)
    assert run("install", "claude-code").code == 0
    assert record.read_text().splitlines() == [
        CLAUDE_ADD,
        "mcp|remove|--scope|user|codanna",
        CLAUDE_ADD,
    ]


@posix
def test_a_client_that_fails_is_quoted(run: Any, client: Callable[[str, str], Path]) -> None:
    """Its last line is the reason, without what a terminal would obey."""
    client("codex", r"printf 'first\nno \033[31mroom\n' >&2; exit 3")
    Path(os.environ["HOME"]).mkdir(exist_ok=True)
    done = run("install", "codex")
    assert done.code == 3
    assert "failed: no " in done.err
    assert "\x1b" not in done.err


@posix
def test_a_client_is_removed_from_its_settings(run: Any, client: Callable[[str, str], Path]) -> None:
    """`--uninstall` calls its command line, too, and says if there was nothing."""
    record = client("codex", 'test "$2" != get')
    Path(os.environ["HOME"]).mkdir(exist_ok=True)
    done = run("install", "codex", "--uninstall")
    assert done.code == 1
    assert "nothing to remove" in done.err
    assert record.read_text().splitlines() == ["mcp|get|codanna"]
    record.unlink()
    client("codex", "true")
    assert run("install", "codex", "--uninstall").code == 0
    assert record.read_text().splitlines() == ["mcp|get|codanna", "mcp|remove|codanna"]


def test_a_client_that_is_not_there_is_reported(
    run: Any, monkeypatch: pytest.MonkeyPatch, workspace: Path
) -> None:
    """A program of the current folder does not pass for it."""
    (workspace / "claude").write_text("#!/bin/sh\n")
    (workspace / "claude").chmod(0o755)
    monkeypatch.setenv("PATH", f".{os.pathsep}{os.pathsep}relative")
    done = run("install", "claude-code")
    assert done.code == 3
    assert "there is no `claude` on your path" in done.err


@posix
def test_dry_run_changes_nothing(run: Any, user: Path, client: Callable[[str, str], Path]) -> None:
    """It prints the command, or the difference that it would make to a file."""
    record = client("claude", "true")
    done = run("install", "claude-code", "--dry-run")
    assert done.out.endswith(f"claude mcp add --scope user codanna -- '{PROGRAM}' mcp\n")
    assert not record.exists()
    (user / "mcp.json").write_text('{\n  "servers": {}\n}\n')
    done = run("install", "vscode", "--dry-run")
    assert '+      "command": "/opt/some where/codanna-lsp",' in done.out.splitlines()
    assert (user / "mcp.json").read_text() == '{\n  "servers": {}\n}\n'
    assert not state_folder().exists()


def test_a_settings_file_keeps_all_the_rest(run: Any, user: Path) -> None:
    """Other entries and comments stay byte for byte, and removing brings the old file back."""
    path = user / "mcp.json"
    before = b'{\r\n\t// mine \r\n\t"servers": {\r\n\t\t"a": {"command": "x"}, // a\r\n\t},\r\n}\r\n'
    path.write_bytes(before)
    done = run("install", "vscode")
    assert done.code == 0, done.err
    after = path.read_bytes()
    assert b'"type": "stdio"' in after
    assert after.startswith(before[: before.index(b"\r\n\t},")])
    assert after.endswith(b"\r\n\t},\r\n}\r\n")
    [kept] = backups()
    assert kept.read_bytes() == before
    assert str(kept) in done.err
    done = run("install", "vscode")
    assert "nothing to change" in done.err
    assert len(backups()) == 1
    assert run("install", "vscode", "--uninstall").code == 0
    assert path.read_bytes() == before
    assert run("install", "vscode", "--uninstall").code == 1


@posix
def test_copies_are_private_and_modes_stay(run: Any, user: Path) -> None:
    """A settings file may hold secrets: the copy and a new file are the user's alone, an old one keeps its
    mode.
    """
    path = user / "mcp.json"
    assert run("install", "vscode").code == 0
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.chmod(0o644)
    path.write_text("{}")
    assert run("install", "vscode").code == 0
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    [kept] = backups()
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert stat.S_IMODE(kept.parent.stat().st_mode) == 0o700
    assert sorted(one.name for one in user.iterdir()) == ["mcp.json"]


@posix
def test_a_link_of_the_user_is_followed(run: Any, user: Path, tmp_path: Path) -> None:
    """Settings that are kept elsewhere and linked stay linked."""
    kept = tmp_path / "dotfiles.json"
    kept.write_text("{}")
    (user / "mcp.json").symlink_to(kept)
    assert run("install", "vscode").code == 0
    assert (user / "mcp.json").is_symlink()
    assert "codanna" in json.loads(kept.read_text())["servers"]


@posix
@pytest.mark.parametrize("name", ["vscode", "cursor"])
@pytest.mark.parametrize("what", ["file", "folder", "broken"])
def test_links_of_a_project_are_refused(
    name: str, what: str, run: Any, workspace: Path, tmp_path: Path
) -> None:
    """A project that links its settings to a file of the user's changes nothing there."""
    folder = workspace / f".{name}"
    victim = tmp_path / "victim"
    victim.mkdir()
    (victim / "mcp.json").write_text("{}")
    if what == "folder":
        folder.symlink_to(victim)
    else:
        folder.mkdir()
        (folder / "mcp.json").symlink_to(victim / ("mcp.json" if what == "file" else "new.json"))
    for further in ([], ["--uninstall"], ["--dry-run"]):
        done = run("install", name, "--project", workspace, *further)
        assert done.code == 2
        assert "is a link" in done.err
    assert (victim / "mcp.json").read_text() == "{}"
    assert [one.name for one in victim.iterdir()] == ["mcp.json"]


def test_a_project_gets_its_own_file(run: Any, workspace: Path) -> None:
    """`--project` writes the file of the project; the folder comes from the editor."""
    assert run("install", "vscode", "--project", ".").code == 0
    found = json.loads((workspace / ".vscode" / "mcp.json").read_text())
    assert found["servers"]["codanna"]["args"] == ["mcp", "${workspaceFolder}"]
    assert run("install", "codex", "--project", ".").code == 2
    assert run("install", "vscode", "--project", "nowhere").code == 2


@pytest.mark.parametrize("text", [b'{"servers": ', b"[]", b"\xff\xfe", b'{"servers": 1}'])
def test_a_file_that_cannot_be_read_is_left_alone(text: bytes, run: Any, user: Path) -> None:
    """A file that is not JSON is named and not touched."""
    (user / "mcp.json").write_bytes(text)
    for further in ([], ["--uninstall"]):
        done = run("install", "vscode", *further)
        assert done.code in (1, 2)
        assert (user / "mcp.json").read_bytes() == text
    assert "mcp.json is not valid JSON" in run("install", "vscode").err


def test_vs_code_has_to_be_there(run: Any) -> None:
    """Without its folder nothing is made."""
    done = run("install", "vscode")
    assert done.code == 2
    assert "start VS Code once" in done.err


def test_the_plug_in_is_whole_and_goes_whole(run: Any, tmp_path: Path) -> None:
    """Claude Code finds a manifest and a language server for the suffixes of all languages; afterwards there
    is no trace.
    """
    assert run("install", "claude-code-lsp").code == 0
    plugin = tmp_path / "home" / ".claude" / "skills" / "codanna-lsp"
    assert json.loads((plugin / ".claude-plugin" / "plugin.json").read_text())["name"] == "codanna-lsp"
    server = json.loads((plugin / ".lsp.json").read_text())["codanna"]
    assert server["command"] == PROGRAM
    assert server["args"] == ["serve"]
    assert server["extensionToLanguage"][".rs"] == "rust"
    assert set(server["extensionToLanguage"].values()) <= set(languages())
    options = server["initializationOptions"]["server"]
    assert {f"server.{name}" for name in options} <= {info.name for info in all_keys()}
    assert run("install", "claude-code-lsp", "--uninstall").code == 0
    assert list(plugin.parent.iterdir()) == []


def test_a_file_that_changes_meanwhile_is_read_again(tmp_path: Path) -> None:
    """What another program writes between reading and replacing is kept."""
    path = tmp_path / "settings.json"
    path.write_bytes(b"1")
    calls = []

    def edit(data: bytes | None) -> bytes | None:
        calls.append(data)
        if len(calls) == 1:
            path.write_bytes(b"2")
        return (data or b"") + b"+"

    assert change(ForeignFile(path), edit).changed
    assert calls == [b"1", b"2"]
    assert path.read_bytes() == b"2+"

    def restless(data: bytes | None) -> bytes | None:
        path.write_bytes((data or b"") + b"!")
        return b"never"

    with pytest.raises(ConfigError, match="another program"):
        change(ForeignFile(path), restless)
    assert path.read_bytes() == b"2+!!!"
    assert sorted(one.name for one in tmp_path.iterdir() if one.is_file()) == ["settings.json"]
    assert [one.read_bytes() for one in backups()] == [b"2"]


def test_this_program_is_named_absolutely(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """As it was called, links kept; else the one beside the interpreter; else the interpreter itself."""
    called = tmp_path / "codanna-lsp"
    called.touch()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["codanna-lsp"])
    assert known.own_program() == [str(called)]
    monkeypatch.setattr(sys, "argv", ["-c"])
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    assert known.own_program() == [str(called)]
    called.unlink()
    assert known.own_program() == [str(tmp_path / "python"), "-P", "-m", "codanna_core.cli.main"]


@pytest.mark.parametrize("name", sorted(known.ELSEWHERE))
def test_programs_that_are_set_up_elsewhere_are_told_so(name: str, run: Any) -> None:
    """A name that people try leads to a page of the documentation that speaks of that program."""
    done = run("install", name)
    assert done.code == 2
    assert f"nothing to register with {name}; " in done.err
    page = next(page for page in ("README", "docs/editors.md", "docs/mcp.md") if page in done.err)
    text = (Path(__file__).parents[2] / page.removesuffix(".md")).with_suffix(".md").read_text("utf-8")
    assert re.search({"nvim": "neovim"}.get(name, name).replace("-", " "), text, re.IGNORECASE)


def test_an_unknown_client_is_named_with_those_that_exist(run: Any) -> None:
    """The message speaks of a client, and lists all."""
    done = run("install", "notepad")
    assert done.code == 2
    assert "there is no client notepad; known are " + ", ".join(known.CLIENTS) in done.err


def test_the_help_says_what_each_client_gets(run: Any) -> None:
    """Two of them belong to one program, and nobody can guess which does what."""
    shown = " ".join(run("install", "--help").out.split())
    for name, client in known.CLIENTS.items():
        assert f"{name} ({client.what})" in shown


@pytest.mark.parametrize(
    "place", ["/home/me/.cache/uv/archive-v0/x/bin/codanna-lsp", "/home/me/.cache/pipx/1/bin/codanna-lsp"]
)
def test_a_program_that_will_be_gone_is_not_registered(
    place: str, run: Any, user: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What uvx and pipx run once is in a cache."""
    monkeypatch.setattr("codanna_core.cli.install.own_program", lambda: [place])
    done = run("install", "vscode")
    assert done.code == 2
    assert "install Codanna LSP first" in done.err
    assert list(user.iterdir()) == []
