"""Cuts a release: `make release VERSION=0.2.0` sets one version everywhere, dates the changelog, builds the
files in dist/ and checks them. It publishes nothing; it prints what a person does next.
"""

from __future__ import annotations

import argparse
import datetime
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]
CHANGELOG: Final = "CHANGELOG.md"
VERSION: Final = re.compile(r"(?:0|[1-9]\d*)\.(?:0|[1-9]\d*)\.(?:0|[1-9]\d*)")
"""Three numbers: VS Code's Marketplace takes nothing else."""
KINDS: Final = ("Added", "Changed", "Deprecated", "Removed", "Fixed", "Security")
UNRELEASED: Final = "## Unreleased"


class Refused(Exception):
    """Why no release is cut, and what to do about it."""


@dataclass(frozen=True, slots=True)
class Place:
    """A file that states the version, as the one group of the pattern."""

    file: str
    pattern: str

    def read(self, root: Path) -> str:
        """The version that it states."""
        return self._found(root)[1]

    def write(self, root: Path, version: str) -> None:
        """State another version and leave all else as it is."""
        found = self._found(root)
        text = found.string[: found.start(1)] + version + found.string[found.end(1) :]
        (root / self.file).write_bytes(text.encode("utf-8"))

    def _found(self, root: Path) -> re.Match[str]:
        text = (root / self.file).read_bytes().decode("utf-8")
        found = re.search(self.pattern, text, re.MULTILINE)
        if found is None:
            raise Refused(f"{self.file} states no version where scripts/release.py expects one")
        return found


NUMBER: Final = r"(\d+\.\d+\.\d+)"
PLACES: Final = (
    Place("core/codanna_core/_version.py", rf'^__version__ = "{NUMBER}"$'),
    Place("editors/vscode/package.json", rf'\A\{{\n(?:  .*\n)*?  "version": "{NUMBER}"'),
    Place("editors/vscode/package-lock.json", rf'\A\{{\n  "name": "codanna-lsp",\n  "version": "{NUMBER}"'),
    Place(
        "editors/vscode/package-lock.json",
        rf'^  "packages": \{{\n    "": \{{\n      "name": "codanna-lsp",\n      "version": "{NUMBER}"',
    ),
)


def numbers(version: str) -> tuple[int, ...]:
    """A version as numbers, which compare as versions do."""
    return tuple(map(int, version.split(".")))


def sections(text: str) -> list[tuple[str, str]]:
    """The changelog as (heading, what is below it), what comes before the first heading under ""."""
    parts = re.split(r"^(## .*)\n", text, flags=re.MULTILINE)
    return [("", parts[0]), *zip(parts[1::2], parts[2::2], strict=True)]


def merged(body: str) -> str:
    """What is below a version's heading, with each kind of change once and in the usual order."""
    before, *parts = re.split(r"^### (.*)\n", body, flags=re.MULTILINE)
    if before.strip():
        raise Refused(f"{CHANGELOG} has text above the first kind of change: {before.strip()!r}")
    entries: dict[str, list[str]] = {kind: [] for kind in KINDS}
    for kind, lines in zip(parts[::2], parts[1::2], strict=True):
        if kind not in entries:
            raise Refused(f"{CHANGELOG} has a kind of change {kind!r}; use one of {', '.join(KINDS)}")
        entries[kind] += [line for line in lines.splitlines() if line.strip()]
    return "\n".join(f"### {kind}\n\n" + "\n".join(lines) + "\n" for kind, lines in entries.items() if lines)


def cut(text: str, version: str, date: datetime.date) -> str:
    """The changelog with its unreleased changes under the version, and nothing unreleased."""
    parts = sections(text)
    if any(re.match(rf"## {re.escape(version)}(?!\S)", heading) for heading, _ in parts):
        raise Refused(f"{CHANGELOG} already has {version}; choose a higher version")
    for at, (heading, body) in enumerate(parts):
        if heading == UNRELEASED:
            changes = merged(body)
            if not changes:
                raise Refused(f"{CHANGELOG} has nothing unreleased, so there is nothing to release")
            after = "".join(f"{head}\n{rest}" for head, rest in parts[at + 1 :])
            before = "".join(f"{head}\n{rest}" if head else rest for head, rest in parts[:at])
            new = f"{UNRELEASED}\n\n## {version} - {date.isoformat()}\n\n{changes}"
            return before + new + (f"\n{after}" if after else "")
    raise Refused(f"{CHANGELOG} has no heading {UNRELEASED!r}")


def changes_of(text: str, version: str) -> str:
    """What the changelog says of one version: the text of its release page."""
    for heading, body in sections(text):
        if re.match(rf"## {re.escape(version)}(?!\S)", heading):
            return body.strip() + "\n"
    raise Refused(f"{CHANGELOG} has no heading for {version}")


def current(root: Path) -> str:
    """The version that all places state; Refused where they differ."""
    found = {f"{place.file}: {place.read(root)}" for place in PLACES}
    versions = {place.read(root) for place in PLACES}
    if len(versions) != 1:
        raise Refused("versions differ, so make them one first: " + ", ".join(sorted(found)))
    return versions.pop()


def check(root: Path, version: str) -> None:
    """Refuse a version that cannot be the next one, and a tree with changes that are not committed."""
    if not VERSION.fullmatch(version):
        raise Refused(f"{version!r} is not a version; name one like 0.2.0: make release VERSION=0.2.0")
    before = current(root)
    if numbers(version) < numbers(before):
        raise Refused(f"{version} is lower than {before}; choose a higher version")
    if _git(root, "tag", "--list", f"v{version}"):
        raise Refused(f"the tag v{version} exists; choose a higher version")
    if changed := _git(root, "status", "--porcelain"):
        raise Refused(f"there are changes that are not committed; commit or stash them first:\n{changed}")


def prepare(root: Path, version: str, date: datetime.date) -> list[str]:
    """Write the version and the changelog; the files that changed."""
    changelog = (root / CHANGELOG).read_text("utf-8")
    new = cut(changelog, version, date)
    for place in PLACES:
        place.write(root, version)
    (root / CHANGELOG).write_bytes(new.encode("utf-8"))
    return _git(root, "diff", "--name-only").splitlines()


NEXT: Final = """
dist/ has the files of {version}, checked. Nothing is published, committed or tagged. Now:

  1. git diff                                  read the changelog as its readers will
  2. git commit -am "chore: release {version}"
  3. git tag --annotate v{version} --message "{version}"
  4. git push origin HEAD v{version}           the tag starts .github/workflows/release.yml
  5. approve the waiting jobs: each publishes to one place

To go back instead: git restore .
"""


def release(root: Path, version: str, date: datetime.date) -> None:
    """All of it; if a step fails, the files are as they were."""
    check(root, version)
    files = prepare(root, version, date)
    try:
        subprocess.run(["make", "dist"], cwd=root, check=True)
    except BaseException:
        _git(root, "restore", "--", *files)
        raise
    print(NEXT.format(version=version))


def _git(root: Path, *arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=root, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def main() -> int:
    """`release.py VERSION` cuts a release; `--changes` prints what is in one that was cut."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("version", help="three numbers, such as 0.2.0")
    parser.add_argument("--changes", action="store_true", help="print the changelog of that version and stop")
    parser.add_argument("--verify", action="store_true", help="stop unless every file states that version")
    options = parser.parse_args()
    version = options.version.removeprefix("v")
    try:
        if options.changes:
            print(changes_of((ROOT / CHANGELOG).read_text("utf-8"), version), end="")
        elif options.verify:
            if (stated := current(ROOT)) != version:
                raise Refused(f"the files state {stated}, not {version}")
            changes_of((ROOT / CHANGELOG).read_text("utf-8"), version)
        else:
            release(ROOT, version, datetime.datetime.now(datetime.UTC).date())
    except (Refused, subprocess.CalledProcessError) as error:
        print(f"release: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
