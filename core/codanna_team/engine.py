"""The five verbs that publishing and asking need of an engine, and their one implementation."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, Protocol
from urllib.parse import quote

import orjson

from codanna_core.records import dataclass
from codanna_team.http import MEGABYTE, Client, EngineError, Reply, Trouble
from codanna_team.template import PUT_MANIFEST

_PATIENCE_S: Final = 60.0
"""For one request of publishing; questions bring their own deadline."""
_TRIES: Final = 8
_BULK_BYTES: Final = 4 * MEGABYTE
_PAGE: Final = 5_000
_LARGE: Final = 64 * MEGABYTE


@dataclass(frozen=True, slots=True)
class Version:
    """Which writing of a manifest was read: putting another one succeeds only while it is the last."""

    seq_no: int
    primary_term: int


@dataclass(frozen=True, slots=True)
class Manifest:
    """What the engine holds under the name of a repository."""

    fields: dict[str, Any]
    version: Version


@dataclass(frozen=True, slots=True)
class Write:
    """A row to be written whole, or one of the scripts of `template` to be run on it."""

    address: str
    document: Mapping[str, Any] | None = None
    script: str = ""
    parameters: Mapping[str, Any] | None = None


Search = Mapping[str, Any]
Found = dict[str, Any]


class Engine(Protocol):
    """A distributed index of rows."""

    def upsert(self, writes: Iterable[Write]) -> int:
        """Write rows; doing it again changes nothing. Gives how many there were."""

    def delete(self, addresses: Iterable[str]) -> int:
        """Remove rows; those that are gone already are no error."""

    def query(self, searches: Sequence[Search], deadline: float) -> list[Found]:
        """Answer several searches in one round trip."""

    def get(self, name: str, deadline: float | None = None) -> Manifest | None:
        """A manifest as it was last put."""

    def put(self, name: str, fields: Mapping[str, Any], version: Version | None) -> Manifest:
        """Replace a manifest if it is still that version; None makes a new one. Where a mark in `unswept` or
        `abandoned`, or the `attempt`, has no time yet, it gets that of the engine, and so does `seen`.
        EngineError with Trouble.CONFLICT: somebody else was first.
        """


class OpenSearch:
    """Vanilla features alone, as every distribution and hosted service has them."""

    def __init__(self, client: Client, *, sleep: Callable[[float], None] = time.sleep) -> None:
        self._client = client
        self._index = client.endpoint.index
        self._sleep = sleep

    def upsert(self, writes: Iterable[Write]) -> int:
        """By bulk requests, each repeated until every row of it is acknowledged."""
        return self._bulk(_lines_of(write) for write in writes)

    def delete(self, addresses: Iterable[str]) -> int:
        """By bulk requests."""
        return self._bulk((orjson.dumps({"delete": {"_id": address}}) + b"\n") for address in addresses)

    def query(self, searches: Sequence[Search], deadline: float) -> list[Found]:
        """By one `_msearch`."""
        head = b'{"ignore_unavailable":true}\n'
        body = b"".join(head + orjson.dumps(search) + b"\n" for search in searches)
        reply = self._client.request(
            "POST",
            f"{self._path}/_msearch?max_concurrent_searches=8",
            body,
            "application/x-ndjson",
            deadline=deadline,
        )
        answers = checked(reply).get("responses")
        if not isinstance(answers, list) or len(answers) != len(searches):
            raise EngineError(Trouble.MALFORMED, "the team's engine answered something else than was asked")
        for answer in answers:
            if not isinstance(answer, dict):
                raise EngineError(
                    Trouble.MALFORMED, "the team's engine answered something else than was asked"
                )
            if "error" in answer:
                raise error_of(int(answer.get("status") or 500), answer["error"])
        return answers

    def get(self, name: str, deadline: float | None = None) -> Manifest | None:
        """In real time, whatever was refreshed."""
        reply = self._client.request(
            "GET", f"{self._path}/_doc/{quote(name, safe='')}", deadline=deadline or self._soon()
        )
        if reply.status == 404 and b'"found":false' in reply.body:
            return None
        return _manifest(checked(reply))

    def put(self, name: str, fields: Mapping[str, Any], version: Version | None) -> Manifest:
        """By compare and set."""
        where = quote(name, safe="")
        if version is None:
            blank = orjson.dumps({"t": "m", "manifest": {}})
            created = self._client.request(
                "PUT", f"{self._path}/_create/{where}", blank, deadline=self._soon()
            )
            version = _manifest({**checked(created), "_source": {"manifest": {}}}).version
        script = {"source": PUT_MANIFEST, "lang": "painless", "params": {"fields": fields}}
        condition = f"if_seq_no={version.seq_no}&if_primary_term={version.primary_term}"
        reply = self._client.request(
            "POST",
            f"{self._path}/_update/{where}?{condition}&_source=true&refresh=true",
            orjson.dumps({"script": script}),
            deadline=self._soon(),
        )
        answer = checked(reply)
        return _manifest({**answer, "_source": answer.get("get", {}).get("_source")})

    def scan(self, query: Search, fields: Sequence[str]) -> Iterator[Found]:
        """Every document that meets a condition, as one state of the index has them."""
        body = {"size": _PAGE, "query": query, "_source": list(fields), "sort": ["_doc"]}
        reply = self._retried(
            "POST", f"{self._path}/_search?scroll=5m&ignore_unavailable=true", orjson.dumps(body)
        )
        scroll = ""
        try:
            while True:
                scroll = str(reply.get("_scroll_id") or scroll)
                complete(reply)
                hits = reply["hits"]["hits"]
                yield from hits
                if not hits:
                    return
                again = orjson.dumps({"scroll": "5m", "scroll_id": scroll})
                reply = self._retried("POST", "/_search/scroll", again)
        finally:
            if scroll:
                ended = orjson.dumps({"scroll_id": [scroll]})
                self._client.request("DELETE", "/_search/scroll", ended, deadline=self._soon())

    def count(self, query: Search) -> int:
        """How many documents meet a condition, as of now."""
        answer = self._retried("POST", f"{self._path}/_count", orjson.dumps({"query": query}))
        complete(answer)
        return int(answer["count"])

    def refresh(self) -> None:
        """Let searches find all that was written."""
        self._retried("POST", f"{self._path}/_refresh", b"")

    def call(self, method: str, path: str, body: Any = None, *, deadline: float | None = None) -> Any:
        """Something else of the engine's own interface, for setting up and looking after it."""
        data = b"" if body is None else orjson.dumps(body)
        return checked(
            self._client.request(method, path, data, deadline=deadline or self._soon(), most=_LARGE)
        )

    def close(self) -> None:
        """Give the connections back."""
        self._client.close()

    @property
    def index(self) -> str:
        """Which index is asked."""
        return self._index

    @property
    def _path(self) -> str:
        return f"/{quote(self._index, safe=',*')}"

    def _soon(self) -> float:
        return time.monotonic() + _PATIENCE_S

    def _retried(self, method: str, path: str, body: bytes) -> Any:
        """Nodes come and go while a repository is published; what can be asked again is."""
        for left in reversed(range(_TRIES)):
            try:
                return checked(self._client.request(method, path, body, deadline=self._soon(), most=_LARGE))
            except EngineError as error:
                if not left or error.trouble not in (Trouble.BUSY, Trouble.UNREACHABLE, Trouble.SLOW):
                    raise
                self._sleep(0.25 * 2 ** (_TRIES - left - 1))
        raise AssertionError("unreachable")

    def _bulk(self, lines: Iterable[bytes]) -> int:
        batch: list[bytes] = []
        size = count = 0
        for line in lines:
            batch.append(line)
            size += len(line)
            count += 1
            if size >= _BULK_BYTES:
                self._send(batch)
                batch, size = [], 0
        if batch:
            self._send(batch)
        return count

    def _send(self, batch: Sequence[bytes]) -> None:
        for left in reversed(range(_TRIES)):
            try:
                reply = self._client.request(
                    "POST",
                    f"{self._path}/_bulk",
                    b"".join(batch),
                    "application/x-ndjson",
                    deadline=self._soon(),
                    most=_LARGE,
                )
                batch = self._unwritten(batch, checked(reply))
                if not batch:
                    return
                error = EngineError(Trouble.BUSY, "the team's engine does not take rows at the moment")
            except EngineError as raised:
                error = raised
            if not left or error.trouble not in (Trouble.BUSY, Trouble.UNREACHABLE, Trouble.SLOW):
                raise error
            self._sleep(0.25 * 2 ** (_TRIES - left - 1))

    @staticmethod
    def _unwritten(batch: Sequence[bytes], answer: Any) -> list[bytes]:
        """What has to be sent again; an error that sending again cannot help is raised."""
        items = answer.get("items")
        if not isinstance(items, list) or len(items) != len(batch):
            raise EngineError(Trouble.MALFORMED, "the team's engine answered something else than was asked")
        if not answer.get("errors"):
            return []
        again = []
        for line, item in zip(batch, items, strict=True):
            ((verb, result),) = item.items()
            status = int(result.get("status") or 500)
            if status == 404:
                continue  # Deleted or swept meanwhile, by whoever had the same in mind.
            if status < 300:
                continue
            error = error_of(status, result.get("error"))
            if (error.trouble is Trouble.BUSY and status != 500) or (status == 409 and verb == "update"):
                again.append(line)
            else:
                raise error
        return again


def _lines_of(write: Write) -> bytes:
    if write.document is not None:
        return orjson.dumps({"index": {"_id": write.address}}) + b"\n" + orjson.dumps(write.document) + b"\n"
    script = {"source": write.script, "lang": "painless", "params": write.parameters or {}}
    head = orjson.dumps({"update": {"_id": write.address, "retry_on_conflict": 3}})
    return head + b"\n" + orjson.dumps({"script": script}) + b"\n"


def checked(reply: Reply) -> Any:
    """The JSON object of an answer, or what the engine complains about."""
    try:
        answer = orjson.loads(reply.body) if reply.body else {}
    except orjson.JSONDecodeError as error:
        if reply.status in (502, 503, 504):
            raise EngineError(
                Trouble.BUSY, "the team's engine is not available behind its gateway"
            ) from error
        if reply.status in (401, 403):
            raise error_of(reply.status, None) from error
        raise EngineError(
            Trouble.MALFORMED, "the team's engine answers something that is not JSON"
        ) from error
    if not isinstance(answer, dict):
        raise EngineError(Trouble.MALFORMED, "the team's engine answered something else than was asked")
    if reply.status >= 300:
        raise error_of(reply.status, answer.get("error"))
    return answer


def complete(answer: Any) -> None:
    """Raise unless every shard answered: publishing never works with half of what is there."""
    shards = answer.get("_shards") or {}
    if answer.get("timed_out") or shards.get("failed"):
        raise EngineError(Trouble.BUSY, "part of the team's index is not available")


def error_of(status: int, detail: Any) -> EngineError:
    """What a status means to who asked."""
    reason = (
        str(detail.get("reason") or detail.get("type") or "")
        if isinstance(detail, dict)
        else str(detail or "")
    )
    kind = str(detail.get("type") or "") if isinstance(detail, dict) else ""
    short = f" ({reason[:200]})" if reason else ""
    if status in (403, 429) and "cluster_block" in kind:
        return EngineError(
            Trouble.BLOCKED,
            f"the team's engine cannot do this now: its index is read-only ({reason[:130]});"
            " whoever operates it can end that",
        )
    if status in (401, 403):
        return EngineError(Trouble.REFUSED, "the team's engine refuses the token, or what it asks for")
    if status == 404:
        return EngineError(
            Trouble.MISSING, f"the team's engine has no such index{short}; see `codanna-lsp team init`"
        )
    if status == 409:
        return EngineError(Trouble.CONFLICT, "another publisher was first")
    if status in (429, 500, 502, 503, 504):
        return EngineError(Trouble.BUSY, f"the team's engine cannot do this now{short}")
    return EngineError(Trouble.MALFORMED, f"the team's engine does not understand{short}")


def _manifest(answer: Any) -> Manifest:
    source = answer.get("_source")
    fields = source.get("manifest") if isinstance(source, dict) else None
    try:
        version = Version(int(answer["_seq_no"]), int(answer["_primary_term"]))
    except (KeyError, TypeError, ValueError) as error:
        raise EngineError(
            Trouble.MALFORMED, "the team's engine gave a manifest without its version"
        ) from error
    if not isinstance(fields, dict):
        raise EngineError(Trouble.MALFORMED, "a manifest of the team's engine cannot be read")
    return Manifest(fields, version)
