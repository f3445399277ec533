"""The team's index that the settings name: opened when it is first asked, by a package that only then is
imported.
"""

from __future__ import annotations

import importlib
import threading
from pathlib import Path

from codanna_core.config import TeamSettings
from codanna_core.search.team import Team


class OpenedTeam:
    """Opens it, and opens it again when the settings have changed. Any thread may ask for it."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._lock = threading.Lock()
        self._team: Team | None = None
        self._settings = TeamSettings()

    def of(self, settings: TeamSettings) -> Team | None:
        """The index of these settings; None where they name none."""
        if not settings.url and self._team is None:
            return None
        with self._lock:
            if settings != self._settings:
                self._close()
                self._settings = settings
            if settings.url and self._team is None:
                # By name, and only here: who has no team pays for none.
                team: Team = importlib.import_module("codanna_team.asking").open_team(settings, self._root)
                self._team = team
            return self._team

    def close(self) -> None:
        """Ask no more."""
        with self._lock:
            self._close()

    def _close(self) -> None:
        if self._team is not None:
            self._team.close()
            self._team = None
