"""Checks what `make dist` built before anyone installs it, and writes dist/SHA256SUMS."""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import re
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from email.parser import BytesParser
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]
PROJECT: Final = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
PACKAGES: Final = tuple(
    f"{name}/" for name in PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
)
_VERSION: Final = "core/codanna_core/_version.py"
MANUAL: Final = "docs/codanna-lsp.1"
EXTENSION: Final = re.compile(
    r"extension/(package\.json|readme\.md|LICENSE\.txt|dist/extension\.js)"
    r"|extension\.vsixmanifest|\[Content_Types\]\.xml"
)
"""All that a .vsix may hold besides media."""
MEDIA: Final = "editors/vscode/media/"
LEFTOVERS: Final = re.compile(
    r"(^|/)(__pycache__|node_modules|\.git|\.venv|build)(/|$)|\.(pyc|map|orig|rej)$"
)


def wheel_faults(path: Path, version: str, tracked: set[str]) -> list[str]:
    """What is wrong with a wheel."""
    with zipfile.ZipFile(path) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    info = f"codanna_lsp-{version}.dist-info"
    expected = {name.split("/", 1)[1] for name in tracked if name.startswith(PACKAGES)}
    if MANUAL in tracked:
        expected.add(f"codanna_lsp-{version}.data/data/share/man/man1/codanna-lsp.1")
    own = {name for name in files if not name.startswith(f"{info}/")}
    return [
        *_metadata_faults(files.get(f"{info}/METADATA"), version),
        *(f"lacks {name}" for name in sorted(expected - own)),
        *(f"holds {name}, which git does not track" for name in sorted(own - expected)),
        *_own_path_faults(files),
    ]


def sdist_faults(path: Path, version: str, tracked: set[str]) -> list[str]:
    """What is wrong with a source archive."""
    top = f"codanna_lsp-{version}/"
    with tarfile.open(path) as archive:
        members = {member.name: archive.extractfile(member) for member in archive if member.isfile()}
        files = {name: file.read() for name, file in members.items() if file is not None}
    own = {name.removeprefix(top) for name in files}
    wanted = {name for name in tracked if name.startswith(PACKAGES)}
    wanted |= {"pyproject.toml", "README.md", "LICENSE", "CHANGELOG.md", "ARCHITECTURE.md"}
    wanted |= {MANUAL} & tracked
    return [
        *(f"holds {name}, outside of {top}" for name in files if not name.startswith(top)),
        *_metadata_faults(files.get(f"{top}PKG-INFO"), version),
        *(f"lacks {name}" for name in sorted(wanted - own)),
        # Hatchling adds .gitignore, by which the archive builds the same wheel.
        *(f"holds {name}" for name in sorted(own - wanted - {"PKG-INFO", ".gitignore"})),
        *_own_path_faults(files),
    ]


def vsix_faults(path: Path, version: str, tracked: set[str]) -> list[str]:
    """What is wrong with an extension."""
    with zipfile.ZipFile(path) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    manifest = json.loads(files.get("extension/package.json", b"{}"))
    script = files.get("extension/dist/extension.js", b"")
    icon = manifest.get("icon", "media/icon.png")
    media = {f"extension/media/{name.removeprefix(MEDIA)}" for name in tracked if name.startswith(MEDIA)}
    wanted = {"extension/readme.md", "extension/LICENSE.txt", f"extension/{icon}"} | media
    return [
        *(["states another version"] if manifest.get("version") != version else []),
        *(["has no program"] if b"codanna" not in script else []),
        *(f"lacks {name}" for name in sorted(wanted - set(files))),
        *(f"holds {name}" for name in sorted(set(files) - media) if not EXTENSION.fullmatch(name)),
        *_own_path_faults(files),
    ]


def _metadata_faults(text: bytes | None, version: str) -> list[str]:
    if text is None:
        return ["has no metadata"]
    found = BytesParser().parse(io.BytesIO(text))
    wanted = {"Name": "codanna-lsp", "Version": version, "License-Expression": "Apache-2.0"}
    return [f"says {key}: {found[key]}" for key, value in wanted.items() if found[key] != value]


def _own_path_faults(files: dict[str, bytes]) -> list[str]:
    """Nothing tells on which machine it was built, and nothing of a build is left in it."""
    here = str(ROOT).encode()
    return [
        *(f"{name} names the folder it was built in" for name, data in files.items() if here in data),
        *(f"holds {name}" for name in files if LEFTOVERS.search(name)),
    ]


def faults(folder: Path, version: str, tracked: set[str]) -> list[str]:
    """What is wrong with the files of a release; there is one of each kind."""
    names = {
        f"codanna_lsp-{version}-py3-none-any.whl": lambda path: wheel_faults(path, version, tracked),
        f"codanna_lsp-{version}.tar.gz": lambda path: sdist_faults(path, version, tracked),
        f"codanna-lsp-{version}.vsix": lambda path: vsix_faults(path, version, tracked),
    }
    there = {path.name for path in folder.iterdir()} - {"SHA256SUMS"}
    found = [f"{name} is not part of a release" for name in sorted(there - set(names))]
    for name, examine in names.items():
        found += [f"{name} {fault}" for fault in examine(folder / name)] if name in there else [f"no {name}"]
    return found


def main() -> int:
    """Check dist/, or an extension alone."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--extension", metavar="FILE", type=Path, help="check this .vsix, and nothing else")
    extension: Path | None = parser.parse_args().extension
    folder = ROOT / "dist"
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
    tracked = set(listed.decode().split("\0"))
    [version] = re.findall(r'^__version__ = "(.*)"', (ROOT / _VERSION).read_text("utf-8"), re.MULTILINE)
    found = vsix_faults(extension, version, tracked) if extension else faults(folder, version, tracked)
    if found:
        print("\n".join(found), file=sys.stderr)
        return 1
    if extension:
        return 0
    paths = sorted(path for path in folder.iterdir() if path.name != "SHA256SUMS")
    lines = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in paths]
    (folder / "SHA256SUMS").write_bytes("".join(lines).encode())
    print(*(f"{path.stat().st_size / 1e6:6.2f} MB  {path.name}" for path in paths), sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
