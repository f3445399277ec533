"""What the process tells its caller when it ends."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """Documented in docs/cli.md; scripts rely on them."""

    FOUND = 0
    NOTHING = 1
    WRONG_USE = 2
    FAILED = 3
    """The index or the environment failed: no permission, a full disk, a newer index, a damaged package."""
    AMBIGUOUS = 4
    """A name means several definitions, which are listed."""
    STOPPED = 130
    """Ctrl-C, as shells report it."""
    PIPE_CLOSED = 141
    """The reader of standard output went away, as shells report it."""
