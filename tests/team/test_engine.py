"""The verbs of the engine against answers that an engine in trouble gives."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import orjson
import pytest
from loopback import reply, server
from numpy.typing import NDArray

from codanna_core.embed.builtin import BUILTIN_FOLDER
from codanna_core.embed.static_model import StaticEmbedder
from codanna_core.errors import CodannaError
from codanna_core.problems import Code
from codanna_core.text.stored import Filter
from codanna_team.codebook import Codebook
from codanna_team.engine import OpenSearch, Version, Write
from codanna_team.http import Client, Endpoint, EngineError, Trouble
from codanna_team.publish import Target
from codanna_team.queries import Sight, plan_of
from codanna_team.remote import RemoteFailure, RemoteQuestion
from codanna_team.rows import FORMAT
from codanna_team.source import TeamSource

Answer = tuple[int, Any]
_VECTOR: NDArray[np.float32] = np.full(256, 1 / 16).astype(np.float32)


@contextmanager
def engine(answer: Callable[[bytes], Answer]) -> Iterator[tuple[OpenSearch, list[bytes]]]:
    """An engine that answers so."""

    def serve(connection: socket.socket, request: bytes) -> None:
        status, body = answer(request)
        data = body if isinstance(body, bytes) else orjson.dumps(body)
        connection.sendall(reply(data, f"{status} X"))

    with server(serve) as (port, seen):
        yield OpenSearch(Client(Endpoint.parse(f"http://127.0.0.1:{port}/code")), sleep=lambda _: None), seen


@pytest.mark.parametrize(
    ("status", "body", "trouble"),
    [
        (401, b"Unauthorized", Trouble.REFUSED),
        (403, {"error": {"type": "security_exception", "reason": "no permissions"}}, Trouble.REFUSED),
        (403, {"error": {"type": "cluster_block_exception", "reason": "read-only"}}, Trouble.BLOCKED),
        (429, {"error": {"type": "cluster_block_exception", "reason": "disk"}}, Trouble.BLOCKED),
        (503, {"error": {"type": "cluster_block_exception", "reason": "not recovered"}}, Trouble.BUSY),
        (404, {"error": {"type": "index_not_found_exception", "reason": "no such index"}}, Trouble.MISSING),
        (429, {"error": {"type": "rejected", "reason": "queue is full"}}, Trouble.BUSY),
        (503, b"<html>down</html>", Trouble.BUSY),
        (200, b"<html>log in</html>", Trouble.MALFORMED),
        (200, b"[]", Trouble.MALFORMED),
        (200, {"responses": []}, Trouble.MALFORMED),
        (200, {"responses": [3]}, Trouble.MALFORMED),
        (200, {"responses": [{"error": {"type": "x"}, "status": 429}]}, Trouble.BUSY),
        (200, {"responses": [{"error": {"type": "x"}, "status": 400}]}, Trouble.MALFORMED),
    ],
)
def test_what_an_answer_means(status: int, body: Any, trouble: Trouble) -> None:
    """Each by what can be done about it."""
    with engine(lambda _: (status, body)) as (one, _), pytest.raises(EngineError) as raised:
        one.query([{}], time.monotonic() + 5)
    assert raised.value.trouble is trouble


def test_a_question_is_asked_once() -> None:
    """Whatever went wrong, the answer that is late helps nobody."""
    with engine(lambda _: (503, b"")) as (one, seen):
        with pytest.raises(EngineError):
            one.query([{}], time.monotonic() + 5)
        assert len(seen) == 1


def test_rows_are_sent_until_they_are_taken() -> None:
    """Those that the engine did not take, and no others; a refused one ends it."""
    taken: list[int] = []

    def answer(request: bytes) -> Answer:
        lines = request.partition(b"\r\n\r\n")[2].splitlines()
        taken.append(len(lines) // 2)
        items = [
            {"index": {"status": 429 if number and len(taken) == 1 else 201}} for number in range(taken[-1])
        ]
        return 200, {"errors": len(taken) == 1, "items": items}

    with engine(answer) as (one, _):
        assert one.upsert(Write(str(number), {"t": "s"}) for number in range(5)) == 5
    assert taken == [5, 4]
    broken = {
        "errors": True,
        "items": [{"index": {"status": 400, "error": {"type": "mapper", "reason": "no"}}}],
    }
    with engine(lambda _: (200, broken)) as (one, seen):
        with pytest.raises(EngineError):
            one.upsert([Write("1", {"t": "s"})])
        assert len(seen) == 1


@pytest.mark.parametrize("status", [403, 429])
def test_rows_are_sent_once_to_a_read_only_index(status: int) -> None:
    """A full disk and an operator end that, and not the time that a publisher could wait."""
    error = {"type": "cluster_block_exception", "reason": "index [code] blocked by: [12/disk usage exceeded]"}
    blocked = {"errors": True, "items": [{"index": {"status": status, "error": error}}]}
    with engine(lambda _: (200, blocked)) as (one, seen):
        with pytest.raises(EngineError, match=r"read-only .*disk usage exceeded") as raised:
            one.upsert([Write("1", {"t": "s"})])
        assert raised.value.trouble is Trouble.BLOCKED
        assert len(seen) == 1


def test_publishing_never_works_with_half_of_what_is_there() -> None:
    """A count of which a shard is missing is no count."""
    with (
        engine(lambda _: (200, {"count": 5, "_shards": {"failed": 1}})) as (one, _),
        pytest.raises(EngineError),
    ):
        one.count({"match_all": {}})


def test_a_manifest_that_somebody_else_put() -> None:
    """Is a conflict, and not a manifest."""
    with engine(lambda _: (409, {"error": {"type": "version_conflict_engine_exception"}})) as (one, _):
        with pytest.raises(EngineError) as raised:
            one.put("shop@main", {}, Version(3, 1))
        assert raised.value.trouble is Trouble.CONFLICT
    with engine(lambda _: (404, {"found": False})) as (one, _):
        assert one.get("shop@main") is None
    with (
        engine(lambda _: (200, {"found": True, "_source": {"manifest": {}}})) as (one, _),
        pytest.raises(EngineError),
    ):
        one.get("shop@main")


def state(**made: Any) -> dict[str, Any]:
    """The answer about what an index holds."""
    about = {"format": FORMAT, "model": "m", "codebook": "c", **made}
    shop = {
        "published": "x",
        "default": True,
        "files": 1,
        "symbols": 2,
        "revision": "aa",
        "repository": "shop",
        "branch": "main",
    }
    hits = [
        {"_id": "codanna", "_source": {"t": "c", "manifest": about}},
        {"_id": "shop@main", "_source": {"t": "m", "manifest": shop}},
        {"_id": "broken", "_source": {"t": "m", "manifest": {"published": "x"}}},
        {"_id": "strange", "_source": 3},
    ]
    return {"hits": {"hits": hits}}


def asked(*answers: Any, question: RemoteQuestion | None = None) -> Any:
    """One question to an engine that gives these answers in turn."""
    left = list(answers)
    with engine(lambda _: (200, {"responses": left.pop(0)})) as (one, _):
        return TeamSource(one).ask(question or RemoteQuestion({"pay": 1.0}), time.monotonic() + 5)


def test_another_format_is_not_asked() -> None:
    """And neither is an index that says nothing of itself."""
    others: list[list[Any]] = [[state(format=FORMAT + 1)], [{"hits": {"hits": []}}]]
    for about in others:
        with pytest.raises(RemoteFailure) as raised:
            asked(about)
        assert raised.value.code is Code.TEAM_MISMATCH


def test_vectors_of_another_model_are_not_compared() -> None:
    """The words are asked all the same, and the answer says so."""
    nothing: dict[str, Any] = {
        "hits": {"hits": []},
        "aggregations": {"holding": {"buckets": {"0": {"doc_count": 4}}}},
    }
    question = RemoteQuestion({"pay": 1.0}, _VECTOR, "other")
    answer = asked([state()], [nothing] * 3, question=question)
    assert [code for code, _ in answer.problems] == [Code.TEAM_MISMATCH]
    assert (dict(answer.files_holding), answer.documents) == ({"pay": 4}, 3)


def test_half_of_the_shards() -> None:
    """What there is counts, and the answer says that more may be there."""
    part = {"hits": {"hits": []}, "_shards": {"failed": 1}}
    assert [code for code, _ in asked([state()], [part] * 3).problems] == [Code.TEAM_PARTIAL]


def test_what_is_published_is_read_beside_questions() -> None:
    """A question waits for it only when it is long out of date."""
    now, states = [0.0], []

    def answer(request: bytes) -> Answer:
        is_state = b'"manifest"' in request
        states.append(is_state)
        return 200, {"responses": [state()] if is_state else [{"hits": {"hits": []}}] * 3}

    with engine(answer) as (one, _):
        source = TeamSource(one, clock=lambda: now[0])
        for clock, expected in ((0.0, 1), (10.0, 1), (400.0, 2)):
            now[0] = clock
            source.ask(RemoteQuestion({"pay": 1.0}), time.monotonic() + 5)
            assert sum(states) == expected


@pytest.mark.parametrize(
    ("repository", "branch"), [("", "main"), ("a@b", "main"), ("a", "x\ny"), ("a" * 300, "b")]
)
def test_names_that_cannot_be_published(repository: str, branch: str) -> None:
    """Each is said to be wrong before anything is sent."""
    with pytest.raises(CodannaError, match="name of a"):
        Target(repository, branch)


def test_what_nearly_all_rows_meet_is_looked_at_last() -> None:
    """A filter that excludes much is not: the engine would weigh rows that no answer has."""
    for only, repositories, late in (
        (Filter(), (), True),
        (Filter(excluded_words=("x",)), (), False),
        (Filter(kinds=("function",)), (), False),
        (Filter(), ("shop",), False),
    ):
        question = RemoteQuestion({"pay": 1.0}, only=only, repositories=repositories)
        search = plan_of(question, Sight(("x",)), None).searches[0]
        conditions = search["post_filter"]["bool"]["filter"] if late else search["query"]["bool"]["filter"]
        assert {"terms": {"died": ["x"]}} in conditions[0]["bool"]["must_not"]
        assert ("filter" in search["query"]["bool"], "post_filter" in search) == (not late, late)


def test_words_bring_less_beside_a_vector() -> None:
    """Reading rows is what takes the client longest; alone, words bring all that was asked for."""
    codebook = Codebook.shipped(StaticEmbedder(BUILTIN_FOLDER).model_id)
    assert codebook is not None
    for vector, known, limit, rows in (
        (_VECTOR, codebook, 150, {"words": 100, "vector": 150}),
        (_VECTOR, codebook, 30, {"words": 30, "vector": 30}),
        (_VECTOR, None, 150, {"words": 150}),
        (None, codebook, 150, {"words": 150}),
    ):
        plan = plan_of(RemoteQuestion({"pay": 1.0}, vector, limit=limit), Sight(), known)
        sizes = {part: search["size"] for part, search in zip(plan.parts, plan.searches, strict=True)}
        assert {part: sizes[part] for part in ("words", "vector") if part in sizes} == rows
