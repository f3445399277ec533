"""Asks the engine: one round trip for each question, every row checked before anybody sees it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from codanna_core.problems import Code
from codanna_core.records import dataclass
from codanna_team.answers import Readable, Reading, rows_of
from codanna_team.codebook import Codebook
from codanna_team.engine import Engine, Found
from codanna_team.http import EngineError, Trouble
from codanna_team.queries import PROBES, Plan, Sight, plan_of
from codanna_team.remote import RemoteAnswer, RemoteFailure, RemoteQuestion
from codanna_team.rows import FORMAT
from codanna_team.template import META
from codanna_team.visible import marks_of

FRESH_S: Final = 30.0
"""What is published is asked again after this time, beside a question."""
STALE_S: Final = 300.0
"""After this time a question waits for it: half of what a revision that went is kept for."""
_PREPARING_S: Final = 10.0
_MANIFESTS: Final = 10_000

_CODES: Final[Mapping[Trouble, Code]] = {
    Trouble.UNREACHABLE: Code.TEAM_UNREACHABLE,
    Trouble.REFUSED: Code.TEAM_REFUSED,
    Trouble.SLOW: Code.TEAM_LATE,
    Trouble.BUSY: Code.TEAM_UNREACHABLE,
    Trouble.BLOCKED: Code.TEAM_UNREACHABLE,
    Trouble.MISSING: Code.TEAM_UNREACHABLE,
    Trouble.CONFLICT: Code.TEAM_UNREACHABLE,
    Trouble.MALFORMED: Code.TEAM_INVALID,
}
_OTHER_VERSION: Final = (
    "the team's index was made by another version of codanna-lsp; use the version that the team uses"
)
_NO_INDEX: Final = (
    "the team's engine has no index of codanna-lsp at this address; `codanna-lsp team doctor` says more"
)
_OTHER_MODEL: Final = "the team's index has vectors of another model and is searched by text only"
_PARTIAL: Final = "part of the team's index did not respond; results may be missing"
_DAMAGED: Final = "{} results of the team's index are not valid and are left out"


@dataclass(frozen=True, slots=True)
class State:
    """What the index holds, as it was read last."""

    read_at: float
    branches: Mapping[str, Readable]
    sight: Sight
    model: str
    codebook: str
    fits: bool
    """Whether this version can read what is there."""
    made: bool = True
    """Whether there is an index of ours at all."""
    partial: bool = False
    """Whether part of it did not respond; then it is read again for the next question."""


class TeamSource:
    """A team's index on an engine. Any number of threads may ask at once."""

    def __init__(
        self,
        engine: Engine,
        *,
        probes: int = PROBES,
        fresh_s: float = FRESH_S,
        clock: Callable[[], float] = time.monotonic,
        close: Callable[[], None] = lambda: None,
    ) -> None:
        self._engine = engine
        self._probes = probes
        self._fresh_s = fresh_s
        self._clock = clock
        self._close = close
        self._lock = threading.Lock()
        self._state: State | None = None
        self._reading = False
        self._prepared: threading.Event | None = None

    def ask(self, question: RemoteQuestion, deadline: float) -> RemoteAnswer:
        """See `remote.RemoteSource`."""
        try:
            state = self._known(deadline)
            if not state.made:
                code = Code.TEAM_PARTIAL if state.partial else Code.TEAM_MISMATCH
                raise RemoteFailure(code, _PARTIAL if state.partial else _NO_INDEX)
            if not state.fits:
                raise RemoteFailure(Code.TEAM_MISMATCH, _OTHER_VERSION)
            return self._answered(question, state, deadline)
        except EngineError as error:
            raise RemoteFailure(_CODES[error.trouble], str(error)) from error

    def prepare(self) -> None:
        """Connect, read what is published and load the codebook; a question meanwhile waits for it."""
        with self._lock:
            if self._prepared is not None or self._state is not None:
                return
            self._prepared = threading.Event()
        try:
            state = self._read(self._clock() + _PREPARING_S)
            if state.model:
                Codebook.shipped(state.model)
        except EngineError:
            pass  # The question says what is wrong.
        finally:
            self._prepared.set()

    def close(self) -> None:
        """Give the connections back."""
        self._close()

    def _answered(self, question: RemoteQuestion, state: State, deadline: float) -> RemoteAnswer:
        problems: list[tuple[Code, str]] = []
        codebook = None
        if question.vector is not None:
            codebook = Codebook.shipped(state.model) if question.model == state.model else None
            if codebook is None or codebook.name != state.codebook:
                codebook = None
                problems.append((Code.TEAM_MISMATCH, _OTHER_MODEL))
        plan = plan_of(question, state.sight, codebook, self._probes)
        if not plan.searches:
            return RemoteAnswer(problems=tuple(problems))
        found = self._engine.query(plan.searches, deadline)
        if state.partial or any(map(_is_partial, found)):
            problems.append((Code.TEAM_PARTIAL, _PARTIAL))
        left_out = frozenset(name.lower() for name in question.left_out)
        compared = codebook is not None
        reading = Reading(question, plan.terms, state.branches, compared=compared, left_out=left_out)
        rows = rows_of(plan, found, reading)
        if reading.refused:
            problems.append((Code.TEAM_INVALID, _DAMAGED.format(reading.refused)))
        return RemoteAnswer(rows, _holding(plan, found), _documents(question, state), tuple(problems))

    def _known(self, deadline: float) -> State:
        if self._state is None and self._prepared is not None:
            self._prepared.wait(max(0.0, deadline - self._clock()))
        state = self._state
        age = self._clock() - state.read_at if state is not None else STALE_S
        if state is None or state.partial or age >= STALE_S or (age >= self._fresh_s and not self._fresh_s):
            return self._read(deadline)
        if age >= self._fresh_s:
            self._read_beside()
        return state

    def _read_beside(self) -> None:
        with self._lock:
            if self._reading:
                return
            self._reading = True

        def read() -> None:
            try:
                self._read(self._clock() + 10.0)
            except EngineError:
                pass  # The next question that needs it says what is wrong.
            finally:
                self._reading = False

        threading.Thread(target=read, name="team-state", daemon=True).start()

    def _read(self, deadline: float) -> State:
        began = self._clock()
        query = {"terms": {"t": ["m", "c"]}}
        search = {"size": _MANIFESTS, "track_total_hits": False, "_source": ["t", "manifest"], "query": query}
        (found,) = self._engine.query([search], deadline)
        self._state = state = state_of(found["hits"]["hits"], began, partial=_is_partial(found))
        return state


def _is_partial(answer: Found) -> bool:
    return bool((answer.get("_shards") or {}).get("failed") or answer.get("timed_out"))


def state_of(hits: Sequence[Mapping[str, Any]], read_at: float, *, partial: bool = False) -> State:
    """What the manifests of an index say. Those that cannot be read are left out: so are their rows."""
    made: list[Mapping[str, Any]] = []
    branches: dict[str, Readable] = {}
    published: list[str] = []
    removed: list[str] = []
    for hit in hits:
        try:
            fields = hit["_source"]["manifest"]
            key = str(hit["_id"])
            if hit["_source"]["t"] == "c" and key == META:
                made.append(fields)
                continue
            published += marks_of(fields)
            if fields.get("removed"):
                removed.append(key)
            elif fields.get("published"):
                branches[key] = Readable.of(key, fields)
        except (KeyError, TypeError, ValueError, AttributeError):
            continue
    models = {(str(one.get("model")), str(one.get("codebook"))) for one in made}
    model, codebook = models.pop() if len(models) == 1 else ("", "")
    fits = bool(made) and all(one.get("format") == FORMAT for one in made)
    sight = Sight(tuple(published), tuple(removed))
    return State(read_at, branches, sight, model, codebook, fits, bool(made), partial)


def _holding(plan: Plan, found: Sequence[Found]) -> dict[str, int]:
    if "files" not in plan.parts:
        return {}
    buckets = found[plan.parts.index("files")].get("aggregations", {}).get("holding", {}).get("buckets", {})
    counts = {}
    for number, term in enumerate(plan.terms):
        count = (buckets.get(str(number)) or {}).get("doc_count")
        counts[term] = count if isinstance(count, int) and count > 0 else 0
    return counts


def _documents(question: RemoteQuestion, state: State) -> int:
    """Of the branches that were asked."""
    wanted = {name.lower() for name in question.repositories}
    left_out = {name.lower() for name in question.left_out}
    return sum(
        branch.documents
        for key, branch in state.branches.items()
        if branch.repository.lower() not in left_out
        and (key.lower() in wanted or branch.repository.lower() in wanted if wanted else branch.default)
    )
