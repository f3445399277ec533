"""The team's index that the settings name: opened when it is first asked, by a package that only then is
imported.
"""

from __future__ import annotations

import importlib
import logging
import os
import threading
import time
from pathlib import Path

from codanna_core.config import TeamSettings
from codanna_core.model import Problem
from codanna_core.problems import Code
from codanna_core.search.team import Asked, Inquiry, Team, late

logger = logging.getLogger(__name__)


class OpeningTeam:
    """One that is opened beside other work. Its import counts as time that an answer waits for it."""

    def __init__(self, settings: TeamSettings, root: Path, *, connect: bool) -> None:
        self.settings = settings
        self._root = root
        self._connect = connect
        self._lock = threading.Lock()
        self._team: Team | None = None
        self._closed = False
        self._opened = threading.Event()
        threading.Thread(target=self._open, name="codanna-team", daemon=True).start()

    def ask(self, inquiry: Inquiry, begun: float | None = None) -> Asked:
        """What the team says, once it is open."""
        begun = time.monotonic() if begun is None else begun
        left = begun + self.settings.deadline_ms / 1000 - time.monotonic()
        if not self._opened.wait(max(0.0, left)):
            return Asked(None, (late(self.settings),))
        if self._team is None:
            return Asked(None, (self._failed,))
        return self._team.ask(inquiry, begun)

    def prepare(self) -> None:
        """It is already on its way."""

    def close(self) -> None:
        """Ask no more; what is still being opened is closed then."""
        with self._lock:
            self._closed, team = True, self._team
        if team is not None:
            team.close()

    def _open(self) -> None:
        try:
            # By name, and only here: who has no team pays for none.
            asking = importlib.import_module("codanna_team.asking")
            team: Team = asking.open_team(self.settings, self._root)
            if self._connect:
                team.prepare()
        except Exception as error:
            logger.warning("the team's index cannot be opened", exc_info=error)
            said = f"the team's index cannot be opened ({type(error).__name__}); results are from this folder"
            self._failed = Problem(Code.TEAM_UNREACHABLE, f"{said} alone")
        else:
            with self._lock:
                self._team, closed = team, self._closed
            if closed:
                team.close()
        finally:
            self._opened.set()


_EARLY: dict[str, OpeningTeam] = {}
"""By the folder, until its engine takes it."""


def prepare_team(settings: TeamSettings, root: Path) -> None:
    """Begin to connect to the team's index, if there is one, before the engine is there to ask for it."""
    key = os.path.realpath(root)
    if settings.url and key not in _EARLY:
        _EARLY[key] = OpeningTeam(settings, root, connect=True)


class OpenedTeam:
    """Opens it, and opens it again when the settings have changed. Any thread may ask for it."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._lock = threading.Lock()
        self._team: OpeningTeam | None = None
        self._settings = TeamSettings()

    def of(self, settings: TeamSettings) -> Team | None:
        """The index of these settings, which may still be on its way; None where they name none."""
        if not settings.url and self._team is None:
            return None
        with self._lock:
            if settings != self._settings:
                self._close()
                self._settings = settings
            if settings.url and self._team is None:
                self._team = self._early(settings) or OpeningTeam(settings, self._root, connect=False)
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

    def _early(self, settings: TeamSettings | None) -> OpeningTeam | None:
        """What was opened early for these settings; for others it is closed."""
        early = _EARLY.pop(os.path.realpath(self._root), None)
        if early is None or early.settings == settings:
            return early
        early.close()
        return None

    def _close(self) -> None:
        if self._team is not None:
            self._team.close()
            self._team = None
