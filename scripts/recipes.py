"""Fills in the recipes of packaging/ for the files in dist/; `make recipes HOMEPAGE=https://…` runs it."""

from __future__ import annotations

import base64
import re
import sys
import tomllib
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]
SUFFIXES: Final = (".yaml", ".lua", ".rb", ".nix")
HOLE: Final = re.compile(r"@([A-Z][A-Z0-9_]*)@")
SUM: Final = re.compile(r"^([0-9a-f]{64})  (codanna_lsp-(\d+\.\d+\.\d+)\.tar\.gz)$", re.MULTILINE)


class NotReady(Exception):
    """Why no recipe can be filled in, and what to do about it."""


def values(sums: str, homepage: str, project: str) -> dict[str, str]:
    """What the holes of the recipes are filled with: from dist/SHA256SUMS, an address and pyproject.toml."""
    if not re.fullmatch(r"https://[\w.-]+(/[\w.-]+)*", homepage):
        raise NotReady(f"{homepage!r} is not an address like https://example.org/codanna-lsp")
    found = SUM.search(sums)
    if found is None:
        raise NotReady("dist/SHA256SUMS names no source archive; make it with: make dist")
    sha256, _, version = found.groups()
    requirements = tomllib.loads(project)["project"]["dependencies"]
    names = sorted(re.match(r"[\w.-]+", requirement)[0] for requirement in requirements)  # type: ignore[index]
    return {
        "VERSION": version,
        "HOMEPAGE": homepage,
        "SDIST_SHA256": sha256,
        "SDIST_SRI": "sha256-" + base64.b64encode(bytes.fromhex(sha256)).decode(),
        "NIX_DEPENDENCIES": "\n".join(f"    {name}" for name in names),
    }


def rendered(folder: Path, filled: dict[str, str]) -> dict[str, str]:
    """Every recipe by its path in the folder, without holes."""
    found = {}
    for path in sorted(folder.rglob("*")):
        if path.suffix in SUFFIXES:
            text = path.read_text("utf-8")
            found[path.relative_to(folder).as_posix()] = HOLE.sub(lambda hole: filled[hole[1]], text)
    return found


def main() -> int:
    """Write build/recipes."""
    try:
        if len(sys.argv) != 2:
            raise NotReady("name the project's address: make recipes HOMEPAGE=https://…")
        sums = ROOT / "dist" / "SHA256SUMS"
        text = sums.read_text("utf-8") if sums.exists() else ""
        filled = values(text, sys.argv[1].rstrip("/"), (ROOT / "pyproject.toml").read_text("utf-8"))
    except NotReady as error:
        print(f"recipes: {error}", file=sys.stderr)
        return 1
    for name, recipe in rendered(ROOT / "packaging", filled).items():
        target = ROOT / "build" / "recipes" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(recipe, "utf-8")
        print(target.relative_to(ROOT))
    return 0


if __name__ == "__main__":
    sys.exit(main())
