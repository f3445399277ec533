"""Names for symbols that stay true while files are edited: `path#Container.name~digest`.

The digest is of the symbol's lines, so it tells namesakes apart and says whether the code is the one that was
shown. An edit elsewhere in the file changes neither part.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence

from codanna_core.records import dataclass

_HANDLE = re.compile(r"(?P<path>[^#]+(?:#[^#]+)*?)#(?P<name>[^#]*?)(?:~(?P<digest>[0-9a-f]{6}))?")
_LINES = re.compile(r"L(?P<first>\d{1,7})-(?P<last>\d{1,7})")


@dataclass(frozen=True, slots=True)
class Handle:
    """What a handle says."""

    path: str
    name: str
    """Container and name joined by a dot, or `L12-40` for lines without a name."""
    digest: str = ""

    def __str__(self) -> str:
        return f"{self.path}#{self.name}{'~' if self.digest else ''}{self.digest}"

    @property
    def lines(self) -> tuple[int, int] | None:
        """First and last line, from 0, of what has no name."""
        found = _LINES.fullmatch(self.name)
        return (int(found["first"]) - 1, int(found["last"]) - 1) if found else None


def digest_of(lines: Sequence[str]) -> str:
    """A short digest of code, its indentation and line ends apart."""
    text = "\n".join(line.strip() for line in lines)
    return hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=3).hexdigest()


def qualified(container: str, name: str) -> str:
    """A name with its container."""
    return f"{container}.{name}" if container and name else name or container


def handle_of(path: str, container: str, name: str, kind: str, first: int, lines: Sequence[str]) -> Handle:
    """The handle of a symbol, or of lines without a name; `first` is its first line, from 0."""
    shown = qualified(container, name)
    if kind == "text" or not name or "#" in name:
        shown = f"L{first + 1}-{first + max(1, len(lines))}"
    return Handle(path, shown, digest_of(lines) if lines else "")


def parse_handle(text: str) -> Handle | None:
    """A handle as it was given out, or one written by hand without a digest; None for anything else."""
    found = _HANDLE.fullmatch(text.strip())
    if found is None or not found["name"]:
        return None
    return Handle(found["path"], found["name"], found["digest"] or "")
