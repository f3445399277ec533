"""The rules of JSON-RPC: one answer each, clear errors, nothing leaks, nothing blocks."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from raw_client import NEOVIM, RawClient, running


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RawClient]:
    """One server for all tests of this file."""
    root = tmp_path_factory.mktemp("module") / "project"
    root.mkdir()
    (root / "alpha.py").write_text("def alpha_one():\n    pass\n")
    with running() as started:
        started.initialize(root, capabilities=NEOVIM)
        started.wait_indexed()
        yield started


@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("codanna/semanticSearch", ...),
        ("codanna/semanticSearch", None),
        ("codanna/semanticSearch", []),
        ("codanna/semanticSearch", "text"),
        ("codanna/semanticSearch", {"limit": 3}),
        ("codanna/semanticSearch", {"query": 7}),
        ("codanna/semanticSearch", {"query": "x", "limit": 0}),
        ("codanna/semanticSearch", {"query": "x", "limit": 10**9}),
        ("codanna/semanticSearch", {"query": "x", "limit": "many"}),
        ("codanna/semanticSearch", {"query": "x", "mode": "magic"}),
        ("codanna/semanticSearch", {"query": "x", "filters": []}),
        ("codanna/semanticSearch", {"query": "x", "filters": {"kinds": [1]}}),
        ("workspace/symbol", {}),
        ("workspace/symbol", {"query": None}),
        ("codanna/findSimilar", {"textDocument": {"uri": "file:///x"}}),
        ("codanna/findSimilar", {"textDocument": {}, "position": {"line": 0, "character": 0}}),
        ("textDocument/documentSymbol", {}),
        ("textDocument/codeAction", {"textDocument": {"uri": "file:///x"}, "range": {"start": 1}}),
        ("workspace/executeCommand", {"command": "rm"}),
        ("workspace/executeCommand", {"command": "codanna.reindex", "arguments": 3}),
        ("codanna/explain", {"query": "x"}),
    ],
)
def test_wrong_parameters_are_named(client: RawClient, method: str, params: Any) -> None:
    """Parameters that do not fit give -32602 with one plain sentence."""
    error = client.error(method, params)
    assert error["code"] == -32602
    assert len(error["message"]) > 10
    assert "Traceback" not in json.dumps(error)


def test_an_empty_question_has_no_hits(client: RawClient) -> None:
    """The engine answers it so, and a list that is typed into asks it at every start."""
    assert client.request("codanna/semanticSearch", {"query": ""})["hits"] == []


def test_unknown_method(client: RawClient) -> None:
    """-32601 names the method."""
    error = client.error("codanna/nope", {"x": 1})
    assert error["code"] == -32601
    assert "codanna/nope" in error["message"]


def test_defects_do_not_leak(client: RawClient) -> None:
    """A defect gives -32603 without traceback and without a local path."""
    error = client.error("codanna/semanticSearch", {"query": "fail"})
    assert error["code"] == -32603
    assert "/" not in error["message"].replace("codanna/semanticSearch", "")
    assert "data" not in error


@pytest.mark.parametrize("msg_id", [0, -1, 2**53, "", "a\u00e9\U0001f600", "7"])
def test_any_legal_id_is_echoed(client: RawClient, msg_id: Any) -> None:
    """Ids are whole numbers or strings, and come back as they were."""
    client.start_request("codanna/status", {}, msg_id)
    assert client.answer(msg_id)["id"] == msg_id


def nulls(client: RawClient) -> int:
    return client.answer_counts[None]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"{", -32700),
        (b"", -32700),
        (b"\xff\xfe", -32700),
        (b"[" * 100_000, -32700),
        (b'{"a":' * 5_000 + b"1" + b"}" * 5_000, -32700),
        (b"[]", -32600),
        (b"null", -32600),
        (b'"text"', -32600),
        (b'{"jsonrpc":"2.0","id":null,"method":"codanna/status"}', -32600),
        (b'{"jsonrpc":"2.0","id":{},"method":"codanna/status"}', -32600),
        (b'{"jsonrpc":"2.0","id":true,"method":"codanna/status"}', -32600),
        (b'{"jsonrpc":"2.0","id":1.5,"method":"codanna/status"}', -32600),
    ],
)
def test_messages_that_are_none(client: RawClient, body: bytes, code: int) -> None:
    """Broken JSON and broken messages get an error with a null id, and the next message works."""
    before = nulls(client)
    client.send_bytes(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
    client.wait(lambda: nulls(client) > before)
    assert client.answers[None]["error"]["code"] == code
    assert client.request("codanna/status", {})


def test_wrong_version_is_refused_by_its_id(client: RawClient) -> None:
    """A request without `jsonrpc: 2.0` is answered with its own id."""
    client.send({"id": "old", "method": "codanna/status"})
    assert client.answer("old")["error"]["code"] == -32600


def test_strange_messages_are_ignored(client: RawClient) -> None:
    """Answers nobody asked for, unknown and malformed notifications change nothing and are not answered."""
    count = len(client.answer_order)
    for message in (
        {"jsonrpc": "2.0", "id": 99999, "result": 1},
        {"jsonrpc": "2.0", "id": "x", "error": {"code": 1, "message": "?"}},
        {"jsonrpc": "2.0", "id": []},
        {"jsonrpc": "2.0"},
        {"jsonrpc": "2.0", "method": "$/unknown", "params": {}},
        {"jsonrpc": "2.0", "method": "textDocument/didOpen", "params": {"bad": 1}},
        {"jsonrpc": "2.0", "method": "textDocument/didChange", "params": []},
        {"jsonrpc": "2.0", "method": "$/cancelRequest", "params": {"id": 424242}},
        {"jsonrpc": "2.0", "method": "$/cancelRequest", "params": {"id": []}},
        {"jsonrpc": "2.0", "method": "workspace/didChangeWatchedFiles", "params": {"changes": [{"uri": 1}]}},
        {"jsonrpc": "2.0", "method": "initialized", "params": {"again": True}},
    ):
        client.send(message)
    client.request("codanna/status", {})
    assert len(client.answer_order) == count + 1


def test_cancel_is_answered_at_once(client: RawClient) -> None:
    """A cancelled search is answered -32800 long before it would have ended, and once."""
    msg_id = client.start_request("codanna/semanticSearch", {"query": "slow 30 alpha"})
    started = time.perf_counter()
    client.notify("$/cancelRequest", {"id": msg_id})
    assert client.answer(msg_id)["error"]["code"] == -32800
    assert time.perf_counter() - started < 5
    client.request("codanna/status", {})
    assert client.answer_counts[msg_id] == 1


def test_newer_search_takes_the_place_of_the_older(client: RawClient) -> None:
    """Who types gets one real answer: that to the last question; the others end at once, in order."""
    ids = [
        client.start_request("codanna/semanticSearch", {"query": "slow 0.2 alpha " + "x" * number})
        for number in range(10)
    ]
    answers = [client.answer(msg_id) for msg_id in ids]
    assert [answer.get("error", {}).get("code") for answer in answers] == [-32800] * 9 + [None]
    assert answers[0]["error"]["data"] == {"superseded": True}
    assert [msg_id for msg_id in client.answer_order if msg_id in ids] == ids


def test_trivial_requests_do_not_wait_for_slow_ones(client: RawClient) -> None:
    """While a search computes, a code action is answered at once."""
    slow = client.start_request("codanna/semanticSearch", {"query": "slow 30 alpha"})
    place = {"line": 0, "character": 0}
    client.request(
        "textDocument/codeAction",
        {
            "textDocument": {"uri": "file:///elsewhere.py"},
            "range": {"start": place, "end": place},
            "context": {},
        },
        timeout=5,
    )
    assert slow not in client.answers
    client.notify("$/cancelRequest", {"id": slow})
    client.answer(slow)


def test_id_in_use_is_refused(client: RawClient) -> None:
    """Two open requests of one id could not be told apart; the second is refused and the first answered."""
    client.start_request("codanna/semanticSearch", {"query": "slow 0.5 alpha"}, "twice")
    client.start_request("codanna/status", {}, "twice")
    client.wait(lambda: client.answer_counts["twice"] == 2)
    codes = client.answers["twice"]
    assert "result" in codes
    client.answer_counts["twice"] = 1


def test_half_a_surrogate_pair_is_repaired(client: RawClient) -> None:
    """JavaScript editors send such text; it must cost neither the message nor the answer."""
    body = (
        b'{"jsonrpc":"2.0","id":"half","method":"codanna/semanticSearch","params":{"query":"alpha \\ud83d"}}'
    )
    client.send_bytes(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
    answer = client.answer("half")
    assert answer["result"]["query"] == "alpha \ufffd"
    assert answer["result"]["hits"][0]["name"] == "alpha_one"


def test_half_a_surrogate_pair_in_an_id_comes_back(client: RawClient) -> None:
    """The answer carries the id as it was sent: with any other the client would wait forever."""
    first, second = "half \ud83d", "half \udc00"
    client.start_request("codanna/semanticSearch", {"query": "slow 5 alpha"}, first)
    client.start_request("codanna/status", {}, second)
    assert "result" in client.answer(second)
    assert first not in client.answers
    client.notify("$/cancelRequest", {"id": first})
    assert client.answer(first)["error"]["code"] == -32800
    client.start_request("no\ud800pe", {}, second + "2")
    assert client.answer(second + "2")["error"]["code"] == -32601


def test_half_a_surrogate_pair_in_a_token_comes_back(client: RawClient) -> None:
    """Progress is reported under the name that the client gave to it."""
    token = "part \ud83d"
    client.request("codanna/semanticSearch", {"query": "alpha", "partialResultToken": token})
    assert [item["token"] for item in client.seen("$/progress")][-1] == token


def _with_half_characters(value: Any, at: int) -> tuple[Any, int]:
    """The value with half a character appended to its string number `at`, keys counted as well."""
    if isinstance(value, str):
        return (value + "\ud83d" if at == 0 else value), at - 1
    if isinstance(value, list):
        items = []
        for item in value:
            item, at = _with_half_characters(item, at)
            items.append(item)
        return items, at
    if isinstance(value, dict):
        pairs = {}
        for key, item in value.items():
            key, at = _with_half_characters(key, at)
            pairs[key], at = _with_half_characters(item, at)
        return pairs, at
    return value, at


@pytest.mark.parametrize("method", ["codanna/semanticSearch", "textDocument/didOpen", "codanna/findSimilar"])
def test_half_a_surrogate_pair_anywhere(tmp_path: Path, client: RawClient, method: str) -> None:
    """Whichever string of a message is damaged, the message is answered or ignored, and all goes on."""
    uri = (tmp_path / "alpha.py").as_uri()
    params = {
        "query": "alpha",
        "filters": {"paths": ["pkg/"], "languages": ["python"], "phrases": ["x"]},
        "mode": "hybrid",
        "textDocument": {"uri": uri, "languageId": "python", "version": 1, "text": "def alpha(): 0"},
        "position": {"line": 0, "character": 0},
        "workDoneToken": "w",
        "partialResultToken": "p",
    }
    message = {"jsonrpc": "2.0", "method": method, "params": params}
    asks = not method.startswith("textDocument/")
    for at in range(60):
        damaged, left = _with_half_characters(message, at)
        if left >= 0:
            break
        client.send({**damaged, "id": f"{method} {at}"} if asks else damaged)
        if asks and damaged.get("jsonrpc") == "2.0" and "method" in damaged:
            assert client.answer(f"{method} {at}").get("error", {}).get("code") in (
                None,
                -32600,
                -32601,
                -32602,
                -32803,
            )
    assert at > 20
    client.notify("textDocument/didClose", {"textDocument": {"uri": uri}})
    assert "alpha_one" in client.symbols("alpha_one")
    client.check()


def test_trace_tells_timings(client: RawClient) -> None:
    """`$/setTrace` makes each answer announce how long it took."""
    client.notify("$/setTrace", {"value": "verbose"})
    client.symbols("alpha")
    client.wait(lambda: any("workspace/symbol: ok" in item["message"] for item in client.seen("$/logTrace")))
    client.notify("$/setTrace", {"value": "off"})
    client.request("codanna/status", {})
    count = len(client.seen("$/logTrace"))
    client.symbols("alpha")
    client.request("codanna/status", {})
    assert len(client.seen("$/logTrace")) == count


def test_counters_by_method(client: RawClient) -> None:
    """The status counts requests, errors and cancels by method."""
    requests = client.request("codanna/status", {})["server"]["requests"]
    before = requests.get("codanna/explain", {"count": 0, "error": 0})
    client.error("codanna/explain", {})
    after = client.request("codanna/status", {})["server"]["requests"]["codanna/explain"]
    assert (after["count"], after["error"]) == (before["count"] + 1, before["error"] + 1)
