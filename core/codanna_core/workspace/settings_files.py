"""The settings files that a folder obeys: who stays open looks now and then whether one of them changed."""

from __future__ import annotations

import os
import time
from pathlib import Path

from codanna_core.config import project_file, user_file

State = tuple[int, int, int] | None


class SettingsFiles:
    """The user's file and the project's. Used on one thread."""

    def __init__(self, root: Path) -> None:
        self._user = user_file()
        self._project = project_file(root)
        self._seen = self._look()
        self._looked = time.monotonic()

    def changed_since(self, pause: float) -> bool:
        """The same as `changed`, looking no more often than once in so many seconds."""
        now = time.monotonic()
        if now - self._looked < pause:
            return False
        self._looked = now
        return self.changed()

    def changed(self) -> bool:
        """Whether one was written, made or removed since the last call."""
        before, self._seen = self._seen, self._look()
        return self._seen != before

    def _look(self) -> tuple[State, State, State]:
        # A link is looked at itself, too: another target may be as old and as long as the one before.
        return _state(self._user), _state(self._user, follow=False), _state(self._project, follow=False)


def _state(path: Path, *, follow: bool = True) -> State:
    try:
        status = os.stat(path, follow_symlinks=follow)
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino
