"""The team's index that the settings name: opened when it is first asked, by a package that only then is
imported.
"""

from __future__ import annotations

import importlib
import os
import threading
from pathlib import Path

from codanna_core.config import TeamSettings
from codanna_core.search.team import Team


class EarlyTeam:
    """One that is opened and connected beside other work, for whoever will open it soon."""

    def __init__(self, settings: TeamSettings, root: Path) -> None:
        self.settings = settings
        self._root = root
        self._team: Team | None = None
        self._opened = threading.Event()
        threading.Thread(target=self._open, name="codanna-team", daemon=True).start()

    def _open(self) -> None:
        try:
            self._team = _opened(self.settings, self._root)
        finally:
            self._opened.set()
        self._team.prepare()

    def taken(self) -> Team | None:
        """What was opened, once it is; None where that failed."""
        self._opened.wait()
        return self._team


_EARLY: dict[str, EarlyTeam] = {}
"""By the folder, until its engine takes it."""


def prepare_team(settings: TeamSettings, root: Path) -> None:
    """Begin to connect to the team's index, if there is one, before the engine is there to ask for it."""
    key = os.path.realpath(root)
    if settings.url and key not in _EARLY:
        _EARLY[key] = EarlyTeam(settings, root)


def _opened(settings: TeamSettings, root: Path) -> Team:
    # By name, and only here: who has no team pays for none.
    team: Team = importlib.import_module("codanna_team.asking").open_team(settings, root)
    return team


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
                self._team = self._early(settings) or _opened(settings, self._root)
            return self._team

    def prepare(self, settings: TeamSettings) -> None:
        """Let it be imported and connected beside what else there is to do before a question."""
        if self._team is None:
            prepare_team(settings, self._root)

    def close(self) -> None:
        """Ask no more."""
        with self._lock:
            self._early(None)
            self._close()

    def _early(self, settings: TeamSettings | None) -> Team | None:
        """What was opened early for these settings; for others it is closed."""
        early = _EARLY.pop(os.path.realpath(self._root), None)
        team = early.taken() if early is not None else None
        if team is None or early is None or early.settings == settings:
            return team
        team.close()
        return None

    def _close(self) -> None:
        if self._team is not None:
            self._team.close()
            self._team = None
