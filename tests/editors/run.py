"""Runs the tests inside real editors: `make test-editors`, or some of them: `make test-editors E=neovim`.

Each suite works in a home folder of its own with a fresh copy of `workspace/`, may not outlive its time
limit, and must leave no process behind. A suite whose editor is missing is skipped, but fails with `CI=true`.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import tools

HERE: Final = Path(__file__).parent
ROOT: Final = HERE.parents[1]
IN_CI: Final = os.environ.get("CI", "").lower() in ("true", "1")
KEEP: Final = "KEEP_EDITOR_TESTS"


@dataclass
class Place:
    """Where a suite runs: a home folder, a workspace and the environment that leads to both."""

    home: Path
    workspace: Path
    environment: dict[str, str]


@dataclass
class Suite:
    """Tests in one editor: what they need, and the command that runs them."""

    name: str
    missing: Callable[[], str | None]
    """Says what is missing and how to get it; None when nothing is."""
    command: Callable[[Place], list[str]]
    limit: float = 360.0
    """Seconds; several times what a suite takes on two busy cores."""
    environment: dict[str, str] = field(default_factory=dict)
    blocking: bool = True
    workspace: Path = HERE / "workspace"
    """What the editor opens a copy of."""


@contextmanager
def fresh_place(suite: Suite) -> Iterator[Place]:
    """A home folder and a workspace that only this suite uses."""
    home = Path(tempfile.mkdtemp(prefix="codanna-editor-"))
    workspace = home / suite.workspace.name
    shutil.copytree(suite.workspace, workspace)
    (workspace / ".git").mkdir()
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("XDG_", "VSCODE_", "CODANNA_", "NVIM", "VIM")) and name != "TMUX"
    }
    environment |= {
        "HOME": str(home),
        "PATH": os.pathsep.join([str(tools.server().parent), str(tools.NODE.parent), os.environ["PATH"]]),
        "XDG_CONFIG_HOME": str(home / ".config"),
        "XDG_CACHE_HOME": str(home / ".cache"),
        "XDG_DATA_HOME": str(home / ".local/share"),
        "XDG_STATE_HOME": str(home / ".local/state"),
        "XDG_RUNTIME_DIR": str(home / "run"),
        "TMPDIR": str(home / "tmp"),
        "LANG": "C.UTF-8",
        "LC_ALL": "C.UTF-8",
        "SERVER": str(tools.server()),
        "PYTHON": sys.executable,
        "WORKSPACE": str(workspace),
        "EDITOR_TESTS": str(HERE),
        "EDITOR_TOOLS": str(tools.TOOLS),
        "SHOTS": str(tools.TOOLS / "shots"),
    }
    environment |= suite.environment
    for folder in ("run", "tmp"):
        (home / folder).mkdir(mode=0o700)
    tools.TOOLS.joinpath("shots").mkdir(parents=True, exist_ok=True)
    try:
        yield Place(home, workspace, environment)
    finally:
        if os.environ.get(KEEP):
            print(f"   kept {home}")
        else:
            shutil.rmtree(home, ignore_errors=True)


def processes_of(home: Path) -> list[int]:
    """Processes that belong to a suite: its home folder is in their environment."""
    marker = f"HOME={home}".encode()
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if marker in (entry / "environ").read_bytes().split(b"\0"):
                found.append(int(entry.name))
    return found


def end_processes(home: Path) -> list[str]:
    """Wait for what a suite started to end by itself; end the rest, and name it."""
    deadline = time.monotonic() + 10
    while (left := processes_of(home)) and time.monotonic() < deadline:
        time.sleep(0.1)
    names = []
    for pid in left:
        with suppress(OSError):
            names.append(
                Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()[:120].strip()
            )
            os.kill(pid, signal.SIGKILL)
    return [name for name in names if name]


def run(suite: Suite) -> bool:
    """Run one suite; True when it passed and left nothing running."""
    print(f"== {suite.name}", flush=True)
    began = time.monotonic()
    with fresh_place(suite) as place:
        process = subprocess.Popen(
            suite.command(place),
            cwd=place.workspace,
            env=place.environment,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            code = process.wait(suite.limit)
        except subprocess.TimeoutExpired:
            code = -1
            print(f"not ok - {suite.name} took longer than {suite.limit:.0f} s")
        except KeyboardInterrupt:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            end_processes(place.home)
            raise
        if code != 0:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        left = end_processes(place.home)
    if left and code == 0:
        code = 1
        print("not ok - left running: " + "; ".join(left))
    seconds = time.monotonic() - began
    print(f"== {suite.name}: {'passed' if code == 0 else 'FAILED'} in {seconds:.0f} s", flush=True)
    return code == 0


def _again(suite: Suite) -> bool:
    """On a busy machine an editor may lose a race that the change has no part in; twice is no accident."""
    print(f"== {suite.name}: once more", flush=True)
    return run(suite)


def put_team_behind(place: Place) -> None:
    """Let the suite's server have a team's index behind it, whose rows try to act: another project."""
    published = place.home / "published"
    shutil.copytree(ROOT / "tests/ranking/projects/relay", published / "relay")
    program = place.home / "team/codanna-lsp"
    program.parent.mkdir()
    script = ROOT / "tests/team/support/team_program.py"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{script}" "{published}" hostile "$@"\n')
    program.chmod(0o755)
    place.environment["SERVER"] = str(program)


def neovim_suites() -> list[Suite]:
    """The same tests in every Neovim that is there."""

    def command(program: Path, tests: str = "tests") -> Callable[[Place], list[str]]:
        def make(place: Place) -> list[str]:
            # A copy, for helptags are written beside the help.
            plugin = place.home / "codanna.nvim"
            shutil.copytree(ROOT / "editors/neovim", plugin)
            place.environment["PLUGIN"] = str(plugin)
            if tests == "team":
                put_team_behind(place)
            script = HERE / "neovim"
            return [
                *(str(program), "--headless", "--noplugin", "-u", str(script / "init.lua")),
                *("-c", "runtime plugin/codanna.lua", "-c", f"luafile {script / tests}.lua"),
            ]

        return make

    suites = []
    for neovim in tools.NEOVIMS:
        program = neovim.program
        suites += [
            Suite(
                f"neovim {neovim.version}{name}",
                neovim.missing,
                command(program, tests),
                environment=neovim.environment,
                blocking=neovim.blocking,
            )
            for name, tests in (("", "tests"), (" navigation", "navigation"), (" team", "team"))
        ]
    on_path = shutil.which("nvim")
    if on_path and not IN_CI and all(neovim.missing() for neovim in tools.NEOVIMS):
        suites.append(Suite("neovim on PATH", lambda: None, command(Path(on_path))))
    return suites


def screenshot_suite() -> Suite:
    """The picture of Neovim in the README, for which a terminal and a browser are needed, too."""
    neovim = tools.NEOVIMS[1]

    def make(place: Place) -> list[str]:
        place.environment["PLUGIN"] = str(ROOT / "editors/neovim")
        return [str(HERE / "neovim/screenshot.sh")]

    return Suite(
        "picture of neovim",
        lambda: neovim.missing() or tools.lacks("tmux") or tools.vscode_missing(),
        make,
        environment={
            **neovim.environment,
            "NVIM": str(neovim.program),
            "NODE": str(tools.NODE),
            "CHROMIUM": tools.chromium() or "",
            "THEME": "dark",
            "FIRST": "docs/guide.md",
            "FIRST_SHOWS": "Resuming",
            "QUESTION": "delete sessions that are too old",
            "ANSWER": "export function dropExpiredSessions",
            "PICTURE": "neovim-picker.png",
        },
    )


def vscode_suites() -> list[Suite]:
    """The extension is built, tested in the extension host, and used in a browser."""
    scripts = HERE / "vscode"
    environment = {"CHROMIUM": tools.chromium() or ""}
    node = str(tools.NODE)

    def browser(script: str, *, team: bool = False) -> Callable[[Place], list[str]]:
        def make(place: Place) -> list[str]:
            if team:
                put_team_behind(place)
            return [node, str(scripts / script)]

        return make

    return [
        Suite("vscode build", tools.vscode_missing, lambda place: [str(scripts / "build.sh")]),
        *(
            Suite(
                f"vscode {name}",
                tools.vscode_missing,
                browser("exthost.mjs", team=name == "team"),
                environment={**environment, "EXTENSION_TESTS": name},
            )
            for name in ("host", "looks", "navigation", "folders", "trust", "consent", "agents", "team")
        ),
        Suite("vscode browser", tools.vscode_missing, browser("ui.mjs"), environment=environment),
    ]


def other_suites() -> list[Suite]:
    """Editors without a plug-in of ours, with the configurations of docs/editors.md."""

    def with_config(editor: str, command: list[str]) -> Callable[[Place], list[str]]:
        def make(place: Place) -> list[str]:
            document = (ROOT / "docs/editors.md").read_text("utf-8")
            found = re.search(rf"<!-- test: {editor} (\S+) -->\n```\w+\n(.*?)```", document, re.DOTALL)
            if not found:
                raise SystemExit(f"docs/editors.md has lost the configuration of {editor}")
            (place.home / found[1]).write_text(found[2], "utf-8")
            return command

        return make

    helix = tools.HELIX
    return [
        Suite(
            "emacs",
            lambda: tools.lacks("emacs"),
            with_config("emacs", ["emacs", "--batch", "-l", str(HERE / "emacs/eglot.el")]),
        ),
        Suite(
            "emacs lsp-mode",
            lambda: tools.lacks("emacs") or tools.lacks("lsp-mode"),
            with_config("lsp-mode", ["emacs", "--batch", "-l", str(HERE / "emacs/lsp-mode.el")]),
        ),
        Suite(
            "helix",
            lambda: helix.missing() or tools.lacks("tmux"),
            with_config("helix", [str(HERE / "helix/run.sh")]),
            environment={**helix.environment, "HX": str(helix.program)},
        ),
        Suite(
            "vim",
            lambda: tools.lacks("vim.nox"),
            with_config(
                "vim", ["vim.nox", "-Nu", "NONE", "-i", "NONE", "-es", "-S", str(HERE / "vim/ale.vim")]
            ),
        ),
    ]


def all_suites() -> list[Suite]:
    """Every suite, the quick ones first."""
    return [*other_suites(), *neovim_suites(), screenshot_suite(), *vscode_suites()]


def main() -> int:
    """Run the named suites; gives the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("suites", nargs="*", help="beginnings of names; all suites without any")
    parser.add_argument("--install", action="store_true", help="first install the editors, as in CI")
    parser.add_argument("--list", action="store_true", help="only list the suites and what they lack")
    arguments = parser.parse_args()
    if (arguments.install or IN_CI) and not arguments.list:
        tools.install()
    wanted = [
        suite
        for suite in all_suites()
        if not arguments.suites or suite.name.startswith(tuple(arguments.suites))
    ]
    if arguments.list:
        for suite in wanted:
            print(f"{suite.name}: {suite.missing() or 'ready'}")
        return 0
    failed: list[str] = []
    skipped: list[str] = []
    passed: list[str] = []
    for suite in wanted:
        if lacks := suite.missing():
            print(f"== {suite.name}: {'FAILED, for' if IN_CI else 'skipped:'} {lacks}", flush=True)
            (failed if IN_CI and suite.blocking else skipped).append(suite.name)
        elif run(suite) or (IN_CI and _again(suite)):
            passed.append(suite.name)
        else:
            (failed if suite.blocking else skipped).append(suite.name)
    print(f"editors: {len(passed)} passed, {len(failed)} failed, {len(skipped)} skipped")
    if skipped and not IN_CI:
        print("`make test-editors INSTALL=1` installs what is missing (Debian with root; about 1.2 GB).")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
