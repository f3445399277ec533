"""Where the editors for the tests come from: Debian's packages and npm, installed under `build/editors`.

Only what has to be installed into the system (Chromium, Emacs, Vim, tmux, patchelf) needs Debian and root.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

HERE: Final = Path(__file__).parent
ROOT: Final = HERE.parents[1]
TOOLS: Final = ROOT / "build" / "editors"

PACKAGES: Final = {
    "chromium": "chromium",
    "emacs": "emacs-nox elpa-eglot",
    "lsp-mode": "elpa-lsp-mode",
    "patchelf": "patchelf",
    "tmux": "tmux",
    "vim.nox": "vim-nox vim-ale",
}
"""Debian packages by the program, or the library of Emacs, that shows that they are there."""

HINT: Final = "`make test-editors INSTALL=1` installs it on Debian"


@dataclass(frozen=True)
class Unpacked:
    """A program of another Debian release, unpacked beside the system with all its libraries."""

    program_name: str
    package: str
    suite: str
    version: str
    runtime_variable: str
    runtime: str
    blocking: bool = True

    @property
    def root(self) -> Path:
        """The folder that holds it."""
        return TOOLS / self.suite / self.package

    @property
    def program(self) -> Path:
        """The program itself."""
        return self.root / "usr/bin" / self.program_name

    @property
    def environment(self) -> dict[str, str]:
        """What it needs to find its own files."""
        return {self.runtime_variable: str(self.root / self.runtime)}

    def missing(self) -> str | None:
        """What to do where it is not there."""
        ready = self.root / ".ready"
        return None if ready.exists() else f"{self.program_name} {self.version} is not there; {HINT}"

    def install(self) -> None:
        """Unpack it, and make it use its own libraries."""
        if self.missing() is None:
            return
        shutil.rmtree(self.root, ignore_errors=True)
        subprocess.run([HERE / "deb_root.sh", self.suite, self.root, self.package], check=True)
        libraries = next((self.root / "usr/lib").glob("*-linux-gnu*"))
        loader = next(path for path in sorted(self.root.rglob("ld-linux*.so.*")))
        folders = f"{libraries}:{self.root}/lib/{libraries.name}"
        # Neovim starts itself again, so a wrapper script around the loader would not do.
        subprocess.run(
            ["patchelf", "--set-interpreter", loader, "--force-rpath", "--set-rpath", folders, self.program],
            check=True,
        )
        (self.root / ".ready").touch()


NEOVIMS: Final = (
    Unpacked("nvim", "neovim", "bookworm", "0.7.2", "VIMRUNTIME", "usr/share/nvim/runtime"),
    Unpacked("nvim", "neovim", "trixie", "0.10.4", "VIMRUNTIME", "usr/share/nvim/runtime"),
    Unpacked("nvim", "neovim", "sid", "newest", "VIMRUNTIME", "usr/share/nvim/runtime", blocking=False),
)
HELIX: Final = Unpacked("hx", "hx", "trixie", "25.01", "HELIX_RUNTIME", "usr/lib/hx/runtime")


def server() -> Path:
    """The server of the environment that runs this script."""
    return Path(os.environ.get("SERVER") or Path(sys.executable).parent / "codanna-lsp")


def lacks(name: str) -> str | None:
    """What to do where a program of the system, or a library of its Emacs, is not there."""
    libraries = Path("/usr/share/emacs/site-lisp/elpa-src").glob(f"{name}-[0-9]*")
    return None if shutil.which(name) or any(libraries) else f"{name} is not there; {HINT}"


def _install_packages() -> None:
    wanted = [name for program, name in PACKAGES.items() if lacks(program)]
    if not wanted:
        return
    if not shutil.which("apt-get") or os.geteuid() != 0:
        print(f"not installed, for that needs Debian and root: {', '.join(wanted)}", file=sys.stderr)
        return
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    subprocess.run(["apt-get", "-qq", "update"], check=True, env=environment)
    packages = " ".join(wanted).split()
    subprocess.run(
        ["apt-get", "-qq", "-y", "--no-install-recommends", "install", *packages],
        check=True,
        env=environment,
        stdout=subprocess.DEVNULL,
    )


def chromium() -> str | None:
    """A browser of the Chromium family."""
    return next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


VSCODE: Final = TOOLS / "vscode"
NODE: Final = ROOT / "build/node/bin/node"
"""Of `make build/node/bin/npm`, which `make test-editors INSTALL=1` runs first."""
EXTENSION: Final = ROOT / "editors/vscode"
NPM_CI: Final = ("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")


def vscode_missing() -> str | None:
    """What to do where VS Code or what builds the extension is not there."""
    if not NODE.exists():
        return f"Node.js is not there; {HINT}"
    if not (VSCODE / ".ready").exists():
        return f"VS Code (code-server) is not there; {HINT}"
    if not (EXTENSION / "node_modules/.bin/esbuild").exists():
        return f"editors/vscode/node_modules is not there; {HINT}"
    return None if chromium() else lacks("chromium")


def _install_vscode() -> None:
    """A VS Code that needs no compiler: what its packages would build is prebuilt in them, or optional."""
    if not NODE.exists():
        print("not installed, for `make build/node/bin/npm` was not run: VS Code", file=sys.stderr)
        return
    environment = os.environ | {"PATH": f"{NODE.parent}:{os.environ['PATH']}"}
    if not (EXTENSION / "node_modules/.bin/esbuild").exists():
        # Its binary is a package of its own; the script that npm leaves out only makes it start faster.
        subprocess.run(NPM_CI, cwd=EXTENSION, check=True, env=environment)
    lock = (HERE / "vscode/package-lock.json").read_text("utf-8")
    ready = VSCODE / ".ready"
    if ready.exists() and ready.read_text("utf-8") == lock:
        return
    shutil.rmtree(VSCODE, ignore_errors=True)
    VSCODE.mkdir(parents=True)
    for name in ("package.json", "package-lock.json", ".npmrc"):
        shutil.copy(HERE / "vscode" / name, VSCODE)
    subprocess.run(NPM_CI, cwd=VSCODE, check=True, env=environment)
    # What VS Code itself needs is pinned by code-server's lock file.
    inner = ["npm", "install", "--omit=dev", *NPM_CI[2:]]
    folder = VSCODE / "node_modules/code-server/lib/vscode"
    subprocess.run(inner, cwd=folder, check=True, env=environment)
    ready.write_text(lock, "utf-8")


def install() -> None:
    """Install everything that is missing and can be had; what still lacks is told by the suites."""
    print("== installing the editors", flush=True)
    TOOLS.mkdir(parents=True, exist_ok=True)
    _install_packages()
    _install_vscode()
    if shutil.which("patchelf") and shutil.which("apt-get"):
        for unpacked in (*NEOVIMS, HELIX):
            try:
                unpacked.install()
            except (subprocess.CalledProcessError, StopIteration) as error:
                print(
                    f"{unpacked.program_name} of {unpacked.suite} was not installed: {error}", file=sys.stderr
                )
