"""Completion in real shells, and the manual page; both are made from the argument parser."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from codanna_core.cli.main import COMMANDS, whole_parser
from codanna_core.cli.manual import manual
from codanna_core.cli.shells import SCRIPTS
from codanna_core.cli.tree import Argument, Command, Takes, command_tree

ROOT = Path(__file__).parents[2]
TREE = command_tree(whole_parser())
HOSTILE = 'it\'s [a]: "b" \\ `touch ran` $(touch ran) ; %x'
"""A help text with everything that some shell obeys; none of ours is that bad."""


def needs(program: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(shutil.which(program) is None, reason=f"{program} is not installed")


@pytest.mark.parametrize("shell", SCRIPTS)
def test_scripts_know_every_command_and_option(run: Any, shell: str) -> None:
    """Nothing that the parser takes is left out, in no shell."""
    outcome = run("completion", shell)
    assert outcome.code == 0
    missing = [command for command in COMMANDS if not re.search(rf"\b{command}\b", outcome.out)]
    for command in TREE.all():
        for flag in (flag for option in command.options for flag in option.flags):
            name = f"-l {flag[2:]} " if shell == "fish" and flag.startswith("--") else flag
            missing += [] if name in outcome.out or shell == "fish" else [f"{command.name} {flag}"]
    assert missing == []
    assert "frobnicate" not in outcome.out


def test_an_unknown_shell_is_named(run: Any) -> None:
    """The known ones are told."""
    outcome = run("completion", "tcsh")
    assert outcome.code == 2
    assert "bash" in outcome.err


@needs("bash")
@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("ind", {"index"}),
        ("vector clu", {"cluster-info"}),
        ("search x --kin", {"--kind"}),
        ("search --kind cl", {"class"}),
        ("search --lang py", {"python"}),
        ("vector search-vector x --format ", {"full", "compact", "vimgrep", "json"}),
        ("models check --js", {"--json"}),
        ("search --set search.l", {"search.limit="}),
        ("completion z", {"zsh"}),
        ("similar a", {"a b.py"}),
        ("serve --log-level w", {"warning"}),
        ("", {*COMMANDS}),
    ],
)
def test_bash_offers_what_fits(tmp_path: Path, typed: str, offered: set[str]) -> None:
    """The words at the cursor, by the command and option before them."""
    (tmp_path / "a b.py").write_text("")
    words = ["codanna-lsp", *typed.split(" ")]
    quoted = " ".join("'" + word + "'" for word in words)
    script = (
        f"{SCRIPTS['bash'](TREE)}\nCOMP_WORDS=({quoted}); COMP_CWORD={len(words) - 1}; _codanna_lsp\n"
        'printf "%s\\n" "${COMPREPLY[@]}"'
    )
    done = subprocess.run(["bash", "-uc", script], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.stderr == ""
    assert set(done.stdout.splitlines()) == offered


SHELLS = {
    "bash": (["bash", "--norc", "-i"], "source {}"),
    "zsh": (["zsh", "-f", "-i"], "autoload -U compinit; compinit -D; source {}"),
    "fish": (["fish", "--no-config", "-i"], "source {}"),
}


@pytest.mark.parametrize("shell", [pytest.param(shell, marks=needs(shell)) for shell in SHELLS])
def test_the_tabulator_completes(tmp_path: Path, terminal: Any, shell: str) -> None:
    """In a shell that a person uses, with the keys that a person presses."""
    (tmp_path / "script").write_text(SCRIPTS[shell](TREE))
    (tmp_path / "two words.py").write_text("")
    program, load = SHELLS[shell]
    screen = terminal(
        program=program, columns=120, cwd=tmp_path, environ={"PS1": "ready> ", "HOME": str(tmp_path)}
    )
    screen.type(f"{load.format('./script')}\recho lo''aded\r")
    screen.until("loaded")
    for typed, shown in (
        ("codanna-lsp vect\tclust\t--pl\t", "codanna-lsp vector cluster-info --plot"),
        ("codanna-lsp search x --kind stru\t", "codanna-lsp search x --kind struct"),
        ("codanna-lsp similar two\t", "codanna-lsp similar two\\ words.py"),
    ):
        screen.type(typed)
        screen.until(lambda text, shown=shown: shown in text.replace("'", ""), 20)
        screen.type("\x15")  # Kills the line.


@pytest.mark.parametrize("shell", [pytest.param(name, marks=needs(name)) for name in ("bash", "zsh", "fish")])
def test_nothing_in_a_help_text_is_obeyed(tmp_path: Path, shell: str) -> None:
    """Whatever stands in a help text, the shell reads it as text."""
    option = Argument(("--odd",), HOSTILE, HOSTILE, Takes.WORD)
    inner = Command("odd", HOSTILE, (option,), ())
    (tmp_path / "script").write_text(SCRIPTS[shell](Command("", HOSTILE, (), (inner,))))
    prelude = "compdef() { :; };" if shell == "zsh" else ""
    done = subprocess.run(
        [shell, "-c", f"{prelude} source ./script"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "HOME": str(tmp_path)},
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert not (tmp_path / "ran").exists()


def test_powershell_reads_texts_as_texts() -> None:
    """Texts are in single quotes, where PowerShell knows nothing but the doubled quote."""
    inner = Command("odd", HOSTILE, (), ())
    script = SCRIPTS["powershell"](Command("", "", (), (inner,)))
    assert "'odd\t" + HOSTILE.replace("'", "''") + "'" in script


def test_the_manual_page_is_in_step() -> None:
    """docs/codanna-lsp.1 is what the parser says now; `make docs` renews it."""
    assert (ROOT / "docs" / "codanna-lsp.1").read_text("utf-8") == manual(TREE)


@needs("groff")
def test_the_manual_page_is_shown() -> None:
    """The formatter has no complaint, even about texts that look like requests, and shows every command."""
    odd = Command("odd", HOSTILE, (Argument((), "ODD", ".so /etc/passwd", Takes.WORD),), ())
    page = manual(Command("", "", (), (*TREE.below, odd)))
    done = subprocess.run(
        ["groff", "-man", "-ww", "-Tutf8", "-P-c"], input=page, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    shown = re.sub(r".\x08", "", done.stdout)
    assert [command for command in COMMANDS if f"codanna-lsp {command}" not in shown] == []
    assert ".so /etc/passwd" in shown
    assert "root:" not in shown
