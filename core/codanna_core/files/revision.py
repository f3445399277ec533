"""The commit that a folder's git repository is at, read as data: no git process runs."""

from __future__ import annotations

import re
from pathlib import Path

from codanna_core.files.inside import read_inside
from codanna_core.files.reading import read_regular

_COMMIT = re.compile(rb"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_REF = re.compile(rb"ref: (refs/[\w./@+-]{1,400})\s*")
_SMALL = 4096
_PACKED = 4 << 20
_POINTER = re.compile(rb"gitdir: ([^\0\r\n]{1,4000})\s*")


def revision_of(root: Path) -> str:
    """The commit in hexadecimal digits; empty where there is no repository, no commit or no clear answer.

    A `.git` file of a worktree is followed: what it points to can only name digits, and is checked for that.
    """
    try:
        folder, shared = folders_of(root)
        head = read_inside(folder, "HEAD", _SMALL)
        named = _REF.fullmatch(head)
        commit = head.strip() if named is None else _resolved(folder, shared, named[1])
    except (OSError, ValueError):
        return ""
    return commit.decode("ascii") if _COMMIT.fullmatch(commit) else ""


def pointed_to(data: bytes) -> str | None:
    """The folder that a `.git` file names; None if it names none, or one on another machine."""
    pointer = _POINTER.fullmatch(data)
    if pointer is None or pointer[1].replace(b"\\", b"/").startswith(b"//"):
        return None
    return pointer[1].decode("utf-8", "surrogateescape").strip()


def folders_of(root: Path) -> tuple[Path, Path]:
    """Where HEAD is, and where branches are."""
    git = root / ".git"
    if git.is_dir():
        return git, git
    pointer = pointed_to(read_inside(root, ".git", _SMALL))
    if pointer is None:
        return git, git
    folder = root / pointer
    try:
        common = read_regular(folder / "commondir", _SMALL).decode("utf-8", "surrogateescape").strip()
    except OSError:
        return folder, folder
    return folder, folder / common


def _resolved(folder: Path, shared: Path, ref: bytes) -> bytes:
    name = ref.decode("ascii")
    for place in (folder, shared):
        try:
            return read_inside(place, name, _SMALL).strip()
        except OSError:
            continue
    for line in read_inside(shared, "packed-refs", _PACKED).split(b"\n"):
        commit, _, packed = line.partition(b" ")
        if packed.strip() == ref:
            return commit
    return b""
