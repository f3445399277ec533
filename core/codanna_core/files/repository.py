"""What a folder's git repository is called by its remote, read as data: no git process runs."""

from __future__ import annotations

import re
from pathlib import Path

from codanna_core.files.inside import read_inside
from codanna_core.files.revision import folders_of

_SMALL = 256 << 10
_SECTION = re.compile(r'\s*\[\s*([\w.-]+)(?:\s+"([^"\n]*)")?\s*\]')
_BRANCH = re.compile(rb"ref: refs/heads/([\w./@+-]{1,400})\s*")
_URL = re.compile(r"\s*url\s*=\s*(\S{1,1000})\s*", re.IGNORECASE)
_LOCATION = re.compile(
    r"(?:[a-z][a-z0-9+.-]*://(?:[^/@]*@)?([^/:]+)(?::\d+)?/|(?:[^/@:]+@)?([^/:]+):)(.+)", re.I
)


def repository_names(root: Path) -> tuple[str, ...]:
    """What the repository of a folder may be called, the longest first: `host/team/project`, `team/project`,
    `project`; the name of the folder where no remote says more.
    """
    remote = _remote(root)
    parts = [part for part in remote.split("/") if part] if remote else [root.name]
    return tuple("/".join(parts[first:]) for first in range(len(parts)))


def branch_of(root: Path) -> str:
    """The branch that is checked out; empty where there is none."""
    try:
        folder, _ = folders_of(root)
        head = _BRANCH.fullmatch(read_inside(folder, "HEAD", _SMALL))
    except (OSError, ValueError):
        return ""
    return head[1].decode("ascii") if head is not None else ""


def _remote(root: Path) -> str:
    """Host and path of the remote `origin`, or of the first one."""
    try:
        _, shared = folders_of(root)
        text = read_inside(shared, "config", _SMALL).decode("utf-8", "replace")
    except (OSError, ValueError):
        return ""
    found: dict[str, str] = {}
    name: str | None = None
    for line in text.splitlines():
        if section := _SECTION.match(line):
            name = section[2] if section[1].lower() == "remote" else None
            line = line[section.end() :]
        if name is not None and (url := _URL.fullmatch(line)):
            found.setdefault(name, url[1])
    address = found.get("origin") or next(iter(found.values()), "")
    location = _LOCATION.fullmatch(address)
    if location is None:
        return ""
    path = location[3].strip("/").removesuffix(".git")
    return f"{(location[1] or location[2]).lower()}/{path}"
