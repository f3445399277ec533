"""Which folder is meant where none was named."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from urllib.parse import unquote_to_bytes


class Refused(Exception):
    """A call cannot be answered; the text says why and what to do."""


def implied_root() -> Path:
    """The current folder, unless it is one that nobody means as a whole."""
    try:
        folder = Path.cwd()
    except OSError as error:
        raise Refused("the current folder is gone; start `codanna-lsp mcp PATH` with a folder") from error
    if folder == Path(os.path.realpath(os.path.expanduser("~"))) or folder.parent == folder:
        raise Refused(
            f"no folder was named, and the current one is {folder}; start `codanna-lsp mcp PATH` with the "
            "folder of a project, or have the client send roots"
        )
    return folder


def path_of(uri: str) -> Path | None:
    """The local folder that a `file:` URI names; None for anything else, other machines included."""
    scheme, _, rest = uri.partition("://")
    authority, slash, tail = rest.partition("/")
    if scheme.lower() != "file" or not slash or authority.lower() not in ("", "localhost"):
        return None
    raw = unquote_to_bytes(slash + tail.split("?", 1)[0].split("#", 1)[0])
    if b"\0" in raw:
        return None
    path = os.fsdecode(raw)
    if sys.platform == "win32":
        path = path.lstrip("/")
    return Path(os.path.normpath(path))
