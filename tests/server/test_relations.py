"""Who uses what, through the server: places, parts, cancelling, several folders."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from raw_client import HERE, RawClient, running

ENGINE_SERVER = (sys.executable, str(HERE / "engine_server.py"))
FILES = {
    "shop.py": "class Cart:\n    def total(self): return price()\n\n\ndef price(): return 3\n",
    "pay.py": "from shop import Cart\n\n\ndef pay():\n    s = '\U0001f600'; return Cart().total()\n",
    "tests/test_pay.py": "from pay import pay\n\n\ndef test_pay(): pay()\n",
    "web.py": "import flask\n\nflask.run()  # flask\n",
}


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The real engine over a small project, for a client that counts bytes."""
    root = tmp_path_factory.mktemp("relations") / "shop"
    for name, text in FILES.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    started: Any
    with running(ENGINE_SERVER) as started:
        started.initialize(root, capabilities={"general": {"positionEncodings": ["utf-8"]}})
        started.wait_indexed()
        started.root = root
        yield started


def at(client: Any, path: str, line: int, character: int) -> dict[str, Any]:
    return {
        "textDocument": {"uri": (client.root / path).as_uri()},
        "position": {"line": line, "character": character},
    }


def test_callers_of_what_is_at_a_place(client: Any) -> None:
    """A definition or a use, in the columns of the client; both ends come with their files."""
    line = FILES["pay.py"].split("\n")[4]
    column = len(line[: line.index("total")].encode())
    for place in (at(client, "shop.py", 1, 9), at(client, "pay.py", 4, column + 2)):
        found = client.request("codanna/callers", place)
        assert (found["target"]["name"], found["target"]["container"]) == ("total", "Cart")
        (edge,) = found["edges"]
        assert edge["uri"] == (client.root / "pay.py").as_uri()
        assert edge["range"] == {
            "start": {"line": 4, "character": column},
            "end": {"line": 4, "character": column + 5},
        }
        assert (edge["symbol"]["name"], edge["symbol"]["uri"]) == ("pay", edge["uri"])
        assert (edge["tier"], edge["reason"], edge["test"]) == ("certain", "member of Cart", False)
        assert found["complete"]


def test_calls_and_references(client: Any) -> None:
    """From a place inside a definition, where no name is; imports are marked."""
    calls = client.request("codanna/calls", at(client, "pay.py", 4, 0))
    assert [edge["symbol"]["name"] for edge in calls["edges"]] == ["Cart", "total"]
    uses = client.request("codanna/references", {"name": "Cart"})
    assert [(edge["role"], edge["symbol"] is None) for edge in uses["edges"]] == [
        ("import", True),
        ("call", False),
    ]


def test_references_to_a_name_that_nothing_defines(client: Any) -> None:
    """They are listed without a target, and mentions in text on request."""
    found = client.request("codanna/references", {"name": "flask"})
    assert (found["target"], found["targets"]) == (None, [])
    assert [edge["role"] for edge in found["edges"]] == ["import", "read"]
    assert not any("via" in edge for edge in found["edges"])
    mentions = client.request("codanna/references", {"name": "flask", "text": True})["edges"][2:]
    assert [(edge["role"], edge["range"]["start"]["character"]) for edge in mentions] == [("text", 15)]


def test_impact_of_a_diff(client: Any) -> None:
    """Tests first, each with what it uses."""
    diff = "--- a/shop.py\n+++ b/shop.py\n@@ -5 +5 @@\n-def price(): return 2\n+def price(): return 3\n"
    found = client.request("codanna/impact", {"diff": diff})
    assert [one["name"] for one in found["targets"]] == ["price"]
    assert [(edge["symbol"]["name"], edge["depth"]) for edge in found["edges"]] == [
        ("test_pay", 3),
        ("total", 1),
        ("pay", 2),
    ]
    assert found["edges"][0]["via"]["name"] == "pay"
    assert client.error("codanna/impact", {"diff": "hello"})["code"] == -32602


def test_parts_come_before_the_answer(client: Any) -> None:
    """One part a file, each edge with both ends; the answer has the rest."""
    found = client.request("codanna/impact", {"name": "price", "partialResultToken": "parts"})
    assert found["edges"] == []
    assert found["target"]["name"] == "price"
    parts = [item["value"]["edges"] for item in client.seen("$/progress") if item["token"] == "parts"]
    assert [[edge["via"]["name"] for edge in part] for part in parts] == [["price"], ["total"], ["pay"]]


def test_a_cancelled_question_is_answered_at_once(tmp_path: Path) -> None:
    """With the code of the protocol, and the work stops."""
    with running() as client:
        client.initialize(tmp_path)
        client.wait_indexed()
        number = client.start_request("codanna/impact", {"name": "slow 30"})
        client.notify("$/cancelRequest", {"id": number})
        assert client.answer(number, 10)["error"]["code"] == -32800


def test_unsaved_text_counts(client: Any) -> None:
    """A call that was only typed is a caller."""
    uri = (client.root / "tests" / "test_pay.py").as_uri()
    text = "from shop import price\n\n\ndef typed(): price()\n"
    client.notify(
        "textDocument/didOpen",
        {"textDocument": {"uri": uri, "languageId": "python", "version": 1, "text": text}},
    )

    def names() -> list[str]:
        found = client.request("codanna/callers", {"name": "price"})
        return [edge["symbol"]["name"] for edge in found["edges"]]

    client.eventually(lambda: names() == ["total", "typed"])
    client.notify("textDocument/didClose", {"textDocument": {"uri": uri}})


@pytest.mark.parametrize("params", [{}, {"position": {"line": 0, "character": 0}}, {"name": " "}])
def test_a_question_about_nothing_is_refused(client: Any, params: dict[str, Any]) -> None:
    """The message names what is missing."""
    error = client.error("codanna/callers", params)
    assert error["code"] == -32602
    assert "`name`" in error["message"]


def test_namesakes_in_two_folders_are_candidates(tmp_path: Path) -> None:
    """A name that each folder defines once is as ambiguous as one that a folder defines twice."""
    client: RawClient
    roots = [tmp_path / "one", tmp_path / "two"]
    for root in roots:
        root.mkdir()
        (root / "a.py").write_text("def goal(): pass\ndef user(): goal()\n")
    (roots[0] / "b.py").write_text("def only(): pass\ndef other(): only()\n")
    with running() as client:
        client.initialize(*roots)
        client.wait_indexed()
        found = client.request("codanna/callers", {"name": "goal"})
        assert [one["uri"] for one in found["candidates"]] == [(root / "a.py").as_uri() for root in roots]
        assert (found["target"], found["edges"]) == (None, [])
        found = client.request("codanna/callers", {"name": "only", "partialResultToken": 5})
        assert found["target"]["name"] == "only"
        (part,) = [item for item in client.seen("$/progress") if item["token"] == 5]
        assert [edge["symbol"]["name"] for edge in part["value"]["edges"]] == ["other"]
