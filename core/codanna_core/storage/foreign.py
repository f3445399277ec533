"""Settings files of other programs: read, and replaced only while they are as they were read."""

from __future__ import annotations

import contextlib
import os
import secrets
import time
from collections.abc import Callable
from pathlib import Path
from stat import S_IMODE

from codanna_core.errors import ConfigError
from codanna_core.records import dataclass
from codanna_core.runtime.folders import state_folder
from codanna_core.runtime.system import WINDOWS
from codanna_core.storage.private import is_link, make_folder, open_file

MAX_BYTES = 4 << 20


class ForeignFile:
    """A file that belongs to another program of this user.

    In a project nothing is reached through a link, because whoever wrote the project chose where it leads.
    Elsewhere links are the user's own, and what they lead to is changed.
    """

    def __init__(self, path: Path, project: Path | None = None) -> None:
        self.named = path
        self.path = path if project is not None else Path(os.path.realpath(path))
        self._project = project

    def read(self) -> bytes | None:
        """Its bytes; None if there is no such file."""
        self._check_way()
        try:
            descriptor = open_file(self.path, os.O_RDONLY)
        except FileNotFoundError:
            return None
        with open(descriptor, "rb") as file:
            data = file.read(MAX_BYTES + 1)
        if len(data) > MAX_BYTES:
            raise ConfigError(f"{self.named} has more than {MAX_BYTES >> 20} MiB; it is left alone")
        return data

    def replace(self, before: bytes | None, data: bytes | None) -> bool:
        """Give it new bytes, None to remove it; False if it is no longer as it was `before`."""
        self._check_way()
        if data is None:
            if self.read() != before:
                return False
            self.path.unlink(missing_ok=True)
            return True
        self._make_folders()
        # The mode of the old file; a new one is its user's alone.
        mode = S_IMODE(os.lstat(self.path).st_mode) if before is not None else None
        temporary = self.path.with_name(f".{self.path.name}.{secrets.token_hex(4)}.tmp")
        try:
            with open(open_file(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL), "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
                if mode is not None and not WINDOWS:
                    os.fchmod(file.fileno(), mode)
            if self.read() != before:
                return False
            os.replace(temporary, self.path)
            return True
        finally:
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)

    def _make_folders(self) -> None:
        if self._project is None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
        else:
            make_folder(self.path.parent)

    def _check_way(self) -> None:
        if self._project is None:
            return
        for place in (self.path, *self.path.parents):
            if place == self._project:
                return
            with contextlib.suppress(FileNotFoundError):
                if is_link(os.lstat(place)):
                    raise ConfigError(
                        f"{place} is a link, and a project may not choose where it leads; remove the link"
                    )
        raise ConfigError(f"{self.path} is not inside {self._project}")


@dataclass(frozen=True, slots=True)
class Change:
    """What became of a file."""

    changed: bool
    kept: Path | None = None
    """The copy of what it was."""


def change(file: ForeignFile, edit: Callable[[bytes | None], bytes | None]) -> Change:
    """Replace a file by what `edit` makes of it, after a copy of what it was."""
    for _ in range(3):
        before = file.read()
        after = edit(before)
        if after == before:
            return Change(changed=False)
        kept = keep_copy(file.path.name, before) if before is not None else None
        if file.replace(before, after):
            return Change(changed=True, kept=kept)
        if kept is not None:
            kept.unlink(missing_ok=True)
    raise ConfigError(f"{file.named} is being changed by another program; close it and try again")


def keep_copy(name: str, data: bytes) -> Path:
    """Write a copy that this user alone can read into the state folder."""
    folder = state_folder() / "backups"
    make_folder(folder)
    path = folder / f"{name.lstrip('.')}.{time.strftime('%Y%m%d-%H%M%S')}.{secrets.token_hex(2)}"
    with open(open_file(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL), "wb") as file:
        file.write(data)
    return path


def remove_empty_folder(path: Path) -> None:
    """Remove a folder that has nothing in it."""
    with contextlib.suppress(OSError):
        path.rmdir()
