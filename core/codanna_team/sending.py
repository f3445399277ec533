"""Rows on their way to the engine, and those that are there already."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Any, Final, Self

from codanna_core.records import dataclass
from codanna_team.engine import OpenSearch, Write
from codanna_team.visible import marks_of, visible

_ROWS: Final = 2_000
"""Writes of one request."""
_IN_FLIGHT: Final = 2
_FILES: Final = 400
"""Whose rows are looked up together."""

Checkpoint = Callable[[str], None]
"""Called before each step that changes the engine; tests end the process there."""


def content_of(address: str) -> str:
    """The part of an address that stands for the content, whichever attempt brought it."""
    return address[1:].partition("-")[0]


class Sender:
    """Sends while the next rows are made. Leaving it waits for all, and raises what went wrong."""

    def __init__(self, engine: OpenSearch, checkpoint: Checkpoint) -> None:
        self._engine = engine
        self._checkpoint = checkpoint
        self._batch: list[Write] = []
        self._pool = ThreadPoolExecutor(_IN_FLIGHT, thread_name_prefix="team-publish")
        self._running: deque[Future[int]] = deque()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if error is None:
                self._flush()
                while self._running:
                    self._running.popleft().result()
        finally:
            self._pool.shutdown(cancel_futures=True)

    def add(self, write: Write) -> None:
        """Have it sent, soon."""
        self._batch.append(write)
        if len(self._batch) >= _ROWS:
            self._flush()

    def _flush(self) -> None:
        if not self._batch:
            return
        self._checkpoint("rows")
        while len(self._running) >= _IN_FLIGHT:
            self._running.popleft().result()
        batch, self._batch = self._batch, []
        self._running.append(self._pool.submit(self._engine.upsert, batch))


@dataclass(frozen=True, slots=True)
class KnownRow:
    """A row that the engine has."""

    address: str
    place: str
    """As it is visible, or as the attempt that brought it had it."""
    visible: bool


class KnownRows:
    """Rows of one branch that need not travel again: visible ones, and leftovers of attempts that ended."""

    def __init__(self, engine: OpenSearch, key: str, manifest: Mapping[str, Any]) -> None:
        self._engine = engine
        self._key = key
        self._published = marks_of(manifest)
        self._rows: dict[str, KnownRow] = {}
        self.visible: dict[str, None] = {}
        """Addresses of all visible rows that were read."""
        abandoned = [str(mark["id"]) for mark in manifest.get("abandoned") or ()]
        if abandoned:
            gone = [
                {"exists": {"field": "died"}},
                *([{"terms": {"born": self._published}}] if self._published else []),
            ]
            born = [{"term": {"t": "s"}}, {"term": {"key": key}}, {"terms": {"born": abandoned}}]
            self._read({"bool": {"filter": born, "must_not": gone}}, visible=False)

    def read(self, paths: Sequence[str]) -> None:
        """Learn the visible rows of these files."""
        for first in range(0, len(paths), _FILES):
            query = visible(self._published, ["s"], key=self._key)
            query["bool"]["filter"].append({"terms": {"path": list(paths[first : first + _FILES])}})
            self._read(query, visible=True)

    def of(self, content: str) -> KnownRow | None:
        """The row of this content."""
        return self._rows.get(content)

    def _read(self, query: Mapping[str, Any], *, visible: bool) -> None:
        for hit in self._engine.scan(query, ["place", "moves"]):
            address, source = str(hit["_id"]), hit["_source"]
            self._rows[content_of(address)] = KnownRow(address, place_of(source, self._published), visible)
            if visible:
                self.visible[address] = None


def place_of(source: Mapping[str, Any], published: Sequence[str]) -> str:
    """Where a row stands for readers to whom these attempts are published, in this order."""
    moves = source.get("moves") or {}
    moved = [moves[attempt] for attempt in published if attempt in moves]
    return str(moved[-1] if moved else source["place"])
