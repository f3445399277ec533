"""Asks a team's engine beside the folder: within the deadline, behind a breaker, and never in the way."""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from codanna_core.config import TeamSettings
from codanna_core.errors import CodannaError
from codanna_core.files.repository import repository_names
from codanna_core.model import Problem
from codanna_core.problems import Code
from codanna_core.search.team import Asked, Inquiry, late
from codanna_team.breaker import Breaker, Door
from codanna_team.engine import OpenSearch
from codanna_team.http import Client, Endpoint
from codanna_team.layer import TeamLayer
from codanna_team.remote import RemoteAnswer, RemoteFailure, RemoteQuestion, RemoteSource
from codanna_team.source import TeamSource
from codanna_team.token import Token, token_for

logger = logging.getLogger(__name__)

_AT_ONCE: Final = 4
"""Questions under way; beyond these an engine is slow, and another one would only wait behind them."""
_FOR_GOOD: Final = frozenset({Code.TEAM_REFUSED, Code.TEAM_MISMATCH})


class _CheckedOut:
    """The repositories of all folders that are open in this process: none is asked for elsewhere."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._names: Counter[str] = Counter()

    def add(self, names: tuple[str, ...]) -> None:
        with self._lock:
            self._names.update(names)

    def remove(self, names: tuple[str, ...]) -> None:
        with self._lock:
            self._names.subtract(names)

    def names(self) -> tuple[str, ...]:
        with self._lock:
            return tuple(sorted(name for name, count in self._names.items() if count > 0))


_CHECKED_OUT = _CheckedOut()


class AskedTeam:
    """What `search.team.Team` wants, for one folder."""

    def __init__(self, settings: TeamSettings, root: Path, source: RemoteSource) -> None:
        self.settings = settings
        self._source = source
        self._host = urlsplit(settings.url).hostname or settings.url
        self._own = repository_names(root)
        self._breaker = Breaker()
        self._room = threading.BoundedSemaphore(_AT_ONCE)
        self._last: Problem | None = None
        _CHECKED_OUT.add(self._own)

    def close(self) -> None:
        """Ask no more."""
        _CHECKED_OUT.remove(self._own)
        self._source.close()

    def prepare(self) -> None:
        """Connect beside other work, so that the first question has its time for itself."""
        threading.Thread(target=self._source.prepare, name="codanna-team", daemon=True).start()

    def ask(self, inquiry: Inquiry, begun: float | None = None) -> Asked:
        """Candidates, or one sentence on why there are none; waits until the deadline at most."""
        begun = time.monotonic() if begun is None else begun
        question = self._question(inquiry)
        if question is None:
            return Asked(None)
        door = self._breaker.door()
        if door is Door.SHUT or not self._room.acquire(blocking=False):
            return Asked(None, self._said(self._last or late(self.settings)))
        run = _Run(self._source, question, begun + self.settings.deadline_ms / 1000)
        trial = door is Door.TRIAL
        run.start(lambda: self._ended(run, judge=trial))
        if trial:
            return Asked(None, self._said(self._last))
        run.wait()
        answer = self._judged(run)
        return self._layer(question, answer) if answer is not None else Asked(None, self._said(self._last))

    def _ended(self, run: _Run, *, judge: bool) -> None:
        self._room.release()
        if judge:
            self._judged(run)

    def _judged(self, run: _Run) -> RemoteAnswer | None:
        """The answer if it came in time; what came of the question counts for the breaker."""
        if run.answer is not None and run.ended <= run.deadline:
            self._breaker.succeeded()
            return run.answer
        error = run.error
        self._last = late(self.settings) if error is None else self._problem_of(error)
        self._breaker.failed(for_good=self._last.code in _FOR_GOOD)
        return None

    def _problem_of(self, error: Exception) -> Problem:
        """An error as a sentence."""
        if isinstance(error, RemoteFailure) and error.code is Code.TEAM_LATE:
            return late(self.settings)  # Whoever noticed first, it is the same to who reads it.
        if isinstance(error, CodannaError):
            code = error.code if isinstance(error, RemoteFailure) else Code.TEAM_UNREACHABLE
            return Problem(code, f"{error}; results are from this folder alone")
        logger.warning("asking the team's index at %s failed", self._host, exc_info=error)
        said = f"the team's index at {self._host} cannot be asked ({type(error).__name__})"
        return Problem(Code.TEAM_UNREACHABLE, f"{said}; results are from this folder alone")

    def _question(self, inquiry: Inquiry) -> RemoteQuestion | None:
        """With the repositories of the settings; None where nothing is left to ask for."""
        wanted, allowed = inquiry.repositories, self.settings.repositories
        if allowed:
            known = {name.lower() for name in allowed}
            wanted = tuple(name for name in wanted if _repository(name) in known) if wanted else allowed
            if not wanted:
                return None
        left_out = _CHECKED_OUT.names()
        if wanted and {name.lower() for name in wanted} <= {name.lower() for name in left_out}:
            return None
        return RemoteQuestion(
            inquiry.words,
            inquiry.vector,
            inquiry.model,
            inquiry.names,
            inquiry.prefix,
            inquiry.identifier,
            wanted,
            inquiry.only,
            inquiry.limit,
            left_out,
        )

    def _layer(self, question: RemoteQuestion, answer: RemoteAnswer) -> Asked:
        layer = TeamLayer(question, answer, self.settings.link)
        problems = [Problem(code, message) for code, message in answer.problems]
        if layer.dropped:
            said = (
                f"{layer.dropped} results of the team's index at {self._host} are not valid and are left out"
            )
            problems.append(Problem(Code.TEAM_INVALID, said))
        return Asked(layer, tuple(problems))

    @staticmethod
    def _said(problem: Problem | None) -> tuple[Problem, ...]:
        return (problem,) if problem is not None else ()


def _repository(name: str) -> str:
    """What is named, without the branch that may stand behind it."""
    return name.lower().partition("@")[0]


class _Run:
    """One question on a thread that nobody waits for at the end of the program."""

    def __init__(self, source: RemoteSource, question: RemoteQuestion, deadline: float) -> None:
        self.deadline = deadline
        self.answer: RemoteAnswer | None = None
        self.error: Exception | None = None
        self.ended = 0.0
        self._ask: Callable[[], RemoteAnswer] = lambda: source.ask(question, deadline)
        self._done = threading.Event()

    def start(self, then: Callable[[], None]) -> None:
        """Ask; `then` hears of the end on the same thread."""
        threading.Thread(target=self._run, args=(then,), name="codanna-team", daemon=True).start()

    def wait(self) -> None:
        """Until it has ended or the time is up."""
        self._done.wait(max(0.0, self.deadline - time.monotonic()))

    def _run(self, then: Callable[[], None]) -> None:
        try:
            answer = self._ask()
            self.ended = time.monotonic()
            self.answer = answer
        except Exception as error:
            self.error = error
        finally:
            self._done.set()
            then()


class RefusedTeam:
    """Stands for a team's index that cannot be asked, and says why."""

    def __init__(self, why: str) -> None:
        self._problem = Problem(Code.TEAM_REFUSED, why)

    def ask(self, _inquiry: Inquiry, _begun: float | None = None) -> Asked:
        """Nothing but the reason."""
        return Asked(None, (self._problem,))

    def prepare(self) -> None:
        """Nothing is asked."""

    def close(self) -> None:
        """Nothing is open."""


def open_team(settings: TeamSettings, root: Path) -> AskedTeam | RefusedTeam:
    """The team's index that the settings name, for a folder. Nothing is connected yet."""
    try:
        return AskedTeam(settings, root, _open_source(settings.url, token_for(settings.url)))
    except (CodannaError, OSError) as error:
        return RefusedTeam(f"the team's index is not asked: {error}")


def _open_source(url: str, token: Token | None) -> RemoteSource:
    client = client_for(url, token)
    return TeamSource(OpenSearch(client), close=client.close)


def client_for(url: str, token: Token | None) -> Client:
    """What sends requests to an address, with the token if there is one."""
    return Client(Endpoint.parse(url), (lambda: "") if token is None else token.revealed)
