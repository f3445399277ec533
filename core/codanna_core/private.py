"""What this program writes is its user's alone: indexes, logs and models repeat what private sources say."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

_OTHERS: Final = 0o077
_users_umask: int | None = None


@contextmanager
def private_files() -> Iterator[None]:
    """Inside, new files and folders are the user's alone, those of libraries and children included."""
    global _users_umask
    before = os.umask(_OTHERS)
    _users_umask = before
    try:
        yield
    finally:
        _users_umask = None
        os.umask(before)


def share_as_the_user_wants(path: Path) -> None:
    """Give a file that the user named the mode that their umask says, as any program would."""
    if _users_umask is not None:
        path.chmod(0o666 & ~_users_umask)
