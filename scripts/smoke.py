"""Installs the wheel of dist/ as a user does, asks it something, removes it: each command timed and checked.

Every tool gets a home of its own, so that nothing that a user has helps it along. It runs before anything is
installed, so the standard library has to do.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]
QUESTION: Final = "send a file to the bucket and try again"
ANSWER: Final = "store.py:4"
SOURCE: Final = '''"""Sends files to a bucket."""


def send_with_backoff(bucket, path, attempts=5):
    """Put a file into the bucket; when the connection breaks, wait longer each time and start over."""
    for attempt in range(attempts):
        try:
            return bucket.put(path)
        except ConnectionError:
            bucket.wait(2**attempt)


def list_buckets(client):
    """Names of all buckets."""
    return [bucket.name for bucket in client.buckets()]
'''
NAME: Final = "codanna-lsp"
DATA: Final = frozenset(
    f"{folder}/{NAME}"
    for folder in (
        *(".cache", ".local/state", ".config"),
        *("Library/Caches", "Library/Application Support", "Library/Logs"),
        "AppData",
    )
)
"""What docs/install.md says is left for the user to remove, seen from the home folder."""
CACHES: Final = frozenset(
    f"{folder}/{tool}" for folder in (".cache", "Library/Caches", "AppData") for tool in ("pip", "uv")
)
"""What the installers keep of everything they install."""
SCRIPTS: Final = "Scripts" if os.name == "nt" else "bin"


class Place:
    """A fresh home with a small project in it, and what was run there."""

    def __init__(self, folder: Path, find_links: str | None) -> None:
        self.home = folder / "home"
        self.project = folder / "project"
        self.find_links = find_links
        self.home.mkdir()
        self.project.mkdir()
        (self.project / "store.py").write_text(SOURCE, "utf-8")
        dropped = ("XDG_", "PYTHON", "VIRTUAL_ENV", "PIPX_", "UV_TOOL_", "CODANNA_", "FASTEMBED_", "VSCODE_")
        self.environment = {key: value for key, value in os.environ.items() if not key.startswith(dropped)}
        local = self.home / ".local" / "bin"
        self.environment |= dict.fromkeys(("HOME", "USERPROFILE"), str(self.home))
        self.environment |= dict.fromkeys(("LOCALAPPDATA", "APPDATA"), str(self.home / "AppData"))
        self.environment |= {
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            "PATH": os.pathsep.join([str(local), self.environment["PATH"]]),
            "PIPX_BIN_DIR": str(local),
            "PIPX_DEFAULT_PYTHON": sys.executable,
            "UV_TOOL_BIN_DIR": str(local),
            "UV_PYTHON": sys.executable,
            "UV_PYTHON_DOWNLOADS": "never",
        }
        if find_links:
            self.environment |= {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": find_links}
            self.environment |= {"UV_NO_INDEX": "1", "UV_FIND_LINKS": find_links, "UV_OFFLINE": "1"}

    def run(self, *command: str) -> str:
        """Run a command in the project, and print how long it took; ends everything if it fails."""
        began = time.monotonic()
        program = shutil.which(command[0], path=self.environment["PATH"]) or command[0]
        done = subprocess.run(
            [program, *command[1:]],
            cwd=self.project,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            check=False,
        )
        shown = " ".join(command).replace(str(self.home), "~").replace(str(ROOT), ".")
        print(f"  {time.monotonic() - began:7.2f} s  {shown}", flush=True)
        if done.returncode:
            raise SystemExit(f"exit code {done.returncode}:\n{done.stdout}")
        return done.stdout


def with_pip(place: Place, wheel: str) -> list[str]:
    """A virtual environment, which the shell then has on its path."""
    environment = place.home / "venv"
    place.run(sys.executable, "-m", "venv", str(environment))
    place.run(str(environment / SCRIPTS / "python"), "-m", "pip", "install", "--quiet", wheel)
    place.environment["PATH"] = os.pathsep.join([str(environment / SCRIPTS), place.environment["PATH"]])
    return [str(environment / SCRIPTS / "python"), "-m", "pip", "uninstall", "--quiet", "--yes", NAME]


def with_pipx(place: Place, wheel: str) -> list[str]:
    """pipx, as users of several Python programs have it."""
    place.run("pipx", "install", "--quiet", wheel)
    return ["pipx", "uninstall", NAME]


def with_uv(place: Place, wheel: str) -> list[str]:
    """uv, the same."""
    place.run("uv", "tool", "install", "--quiet", wheel)
    return ["uv", "tool", "uninstall", NAME]


TOOLS: Final[dict[str, Callable[[Place, str], list[str]]]] = {
    "pip": with_pip,
    "pipx": with_pipx,
    "uv": with_uv,
}
"""How each installs a wheel; gives the command that removes it again."""


def left_behind(home: Path) -> list[str]:
    """What has our name under a home folder and is neither data of the user nor an installer's cache."""
    found = []
    for folder, folders, files in os.walk(home):
        places = [Path(folder, name).relative_to(home).as_posix() for name in (*folders, *files)]
        # pipx keeps an empty lock file for each name that it ever knew.
        found += [
            place
            for place in places
            if "codanna" in place.rpartition("/")[2] and not place.endswith(".lock") and place not in DATA
        ]
        folders[:] = [
            name
            for name, place in zip(folders, places, strict=False)
            if place not in DATA | CACHES and place not in found
        ]
    return sorted(found)


def smoke(tool: str, wheel: Path, find_links: str | None) -> None:
    """Install with one tool, ask, and remove what was made."""
    print(f"{tool}:", flush=True)
    folder = Path(tempfile.mkdtemp(prefix="codanna-smoke-"))
    try:
        place = Place(folder, find_links)
        remove = TOOLS[tool](place, str(wheel))
        found = place.run(NAME, "search", QUESTION)
        if ANSWER not in found.partition("\n")[0]:
            raise SystemExit(f"the first answer is not {ANSWER}:\n{found}")
        version = place.run(NAME, "--version").strip()
        if version != f"codanna-lsp {wheel.name.split('-')[1]}":
            raise SystemExit(f"the wheel {wheel.name} says that it is {version}")
        place.run(NAME, "doctor")
        place.run(NAME, "clean")
        place.run(*remove)
        if left := left_behind(place.home):
            raise SystemExit("left after the removal:\n" + "\n".join(left))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def smoke_editor(editor: str, vsix: Path) -> None:
    """Install the extension from its file into a VS Code without any other, and see that it is there."""
    print(f"{Path(editor).stem}:", flush=True)
    folder = Path(tempfile.mkdtemp(prefix="codanna-smoke-"))
    try:
        place = Place(folder, None)
        own = (f"--user-data-dir={place.home}", f"--extensions-dir={place.home / 'extensions'}")
        place.run(editor, *own, "--install-extension", str(vsix))
        version = vsix.stem.rpartition("-")[2]
        there = place.run(editor, *own, "--list-extensions", "--show-versions")
        if f"codanna.codanna-lsp@{version}" not in there.split():
            raise SystemExit(f"the editor does not list the extension:\n{there}")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def only(pattern: str) -> Path:
    """The one file of its kind in dist/."""
    found = sorted((ROOT / "dist").glob(pattern))
    if len(found) != 1:
        raise SystemExit(f"dist/ has to hold one {pattern}; make it with: make dist")
    return found[0]


def main() -> None:
    """Try the wheel with every tool that is named, and the extension with the editor."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--with", dest="tools", action="append", choices=sorted(TOOLS), default=[])
    parser.add_argument(
        "--editor", metavar="PROGRAM", help="`code` or another one of its family: try the .vsix"
    )
    parser.add_argument(
        "--find-links", metavar="DIR", help="a folder of wheels to install from, without network"
    )
    options = parser.parse_args()
    links = str(Path(options.find_links).resolve()) if options.find_links else None
    for tool in options.tools:
        smoke(tool, only("*.whl"), links)
    if options.editor:
        smoke_editor(options.editor, only("*.vsix"))


if __name__ == "__main__":
    main()
