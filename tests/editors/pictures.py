"""Makes the pictures of the documentation inside real editors: `make pictures`.

They show Django (BSD-3-Clause), whose source archive is fetched into `build/pictures` when they are made;
nothing of it is committed. Each picture is made in a dark and a light theme at 1280 x 800.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Final

import run
import tools

PROJECT: Final = "Django"
VERSION: Final = "5.2.8"
FOLDER: Final = run.ROOT / "build" / "pictures"
IMAGES: Final = run.ROOT / "docs" / "images"
LIMIT: Final = 900.0
"""Seconds; an index of 80,000 symbols is made first."""


def project() -> Path:
    """The project that is shown, fetched if it is not there."""
    folder = FOLDER / f"{PROJECT.lower()}-{VERSION}"
    if not (folder / "LICENSE").exists():
        FOLDER.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary=:all:"]
        subprocess.run([*command, "--dest", FOLDER, f"{PROJECT}=={VERSION}"], check=True)
        with tarfile.open(folder.with_suffix(f"{folder.suffix}.tar.gz")) as archive:
            archive.extractall(FOLDER, filter="data")
    return folder


def suites() -> list[run.Suite]:
    """One for each editor."""
    neovim = tools.NEOVIMS[1]
    script = run.HERE / "vscode" / "pictures.mjs"

    def draw(place: run.Place) -> list[str]:
        place.environment["PLUGIN"] = str(run.ROOT / "editors/neovim")
        return [str(run.HERE / "neovim/screenshot.sh")]

    return [
        run.Suite(
            f"picture of neovim, {theme}",
            lambda: neovim.missing() or tools.lacks("tmux") or tools.vscode_missing(),
            draw,
            LIMIT,
            {
                **neovim.environment,
                "NVIM": str(neovim.program),
                "NODE": str(tools.NODE),
                "CHROMIUM": tools.chromium() or "",
                "THEME": theme,
                "FIRST": "django/contrib/sessions/middleware.py",
                "FIRST_SHOWS": "class SessionMiddleware",
                "QUESTION": "throw away sessions that have expired",
                "ANSWER": "clear_expired",
                "PICTURE": f"neovim-picker-{theme}.png",
            },
            workspace=project(),
        )
        for theme in ("dark", "light")
    ] + [
        run.Suite(
            "pictures of vscode",
            tools.vscode_missing,
            lambda place: [str(tools.NODE), str(script)],
            LIMIT,
            {"CHROMIUM": tools.chromium() or ""},
            workspace=project(),
        )
    ]


def main() -> int:
    """Make them all, and take them into the documentation; gives the exit code."""
    if missing := [f"{suite.name}: {lacks}" for suite in suites() if (lacks := suite.missing())]:
        print("\n".join(missing))
        return 1
    build = run.Suite("vscode build", tools.vscode_missing, lambda place: [str(run.HERE / "vscode/build.sh")])
    if not all(run.run(suite) for suite in [build, *suites()]):
        return 1
    for picture in sorted((tools.TOOLS / "shots").glob("*-dark.png")) + sorted(
        (tools.TOOLS / "shots").glob("*-light.png")
    ):
        shutil.copy(picture, IMAGES / picture.name)
    return 0


if __name__ == "__main__":
    sys.exit(main())
