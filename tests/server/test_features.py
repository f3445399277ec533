"""Every method in the capability sets of VS Code, Neovim, Emacs and of a client that can do nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from raw_client import EMACS, MINIMAL, NEOVIM, VSCODE, RawClient, running

CLIENTS = {"vscode": VSCODE, "neovim": NEOVIM, "emacs": EMACS, "minimal": MINIMAL}
ASTRAL = "x = '\U0001f600\u00e9'; "


def width(text: str, encoding: str) -> int:
    if encoding == "utf-32":
        return len(text)
    return len(text.encode()) if encoding == "utf-8" else len(text.encode("utf-16-le")) // 2


@pytest.fixture(scope="module", params=sorted(CLIENTS))
def client(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RawClient]:
    """One server for each kind of client."""
    root = tmp_path_factory.mktemp("features") / "pro ject#1"
    (root / "pkg").mkdir(parents=True)
    (root / "alpha.py").write_text("def alpha_one():\n    pass\n\ndef alpha_two():  # deprecated\n    pass\n")
    (root / "pkg" / "wide \U0001f600.py").write_text(f"{ASTRAL}def wide_name(): pass\nclass Wide: pass\n")
    started: Any  # It carries what the tests ask about.
    with running() as started:
        started.root = root
        started.kind = request.param
        started.server = started.initialize(
            root, capabilities=CLIENTS[request.param], options={"outlineLanguages": ["python"]}
        )
        started.encoding = started.server["capabilities"]["positionEncoding"]
        started.wait_indexed()
        yield started


def test_first_known_encoding_of_the_client_is_taken(client: Any) -> None:
    """Each kind of client gets the encoding it prefers."""
    assert (
        client.encoding
        == {"vscode": "utf-16", "neovim": "utf-8", "emacs": "utf-32", "minimal": "utf-16"}[client.kind]
    )


def test_context(client: Any) -> None:
    """The code of an answer is there, fenced, and takes no more than was asked for."""
    answer = client.request("codanna/context", {"question": "wide_name", "budget": 300})
    assert (answer["indexed"], answer["problems"], answer["budget"]) == (1.0, [], 300)
    assert 0 < answer["tokens"] <= 300
    assert "def wide_name(): pass" in answer["text"]
    assert answer["text"].count("```") == 2
    assert client.request("codanna/context", {"question": ""})["text"] == ""
    for wrong in ({"question": "x", "budget": 20}, {"question": "x", "filters": {"kinds": ["x"]}}, {}):
        assert client.error("codanna/context", wrong)["code"] == -32602


def test_semantic_search(client: Any) -> None:
    """A hit carries everything a picker shows, at the right place in the client's encoding."""
    answer = client.request("codanna/semanticSearch", {"query": "wide_name", "limit": 3})
    assert (answer["indexed"], answer["problems"], answer["query"]) == (1.0, [], "wide_name")
    assert answer["generation"] >= 1
    (hit,) = answer["hits"]
    assert hit["uri"] == (client.root / "pkg" / "wide \U0001f600.py").as_uri()
    assert hit["path"] == "pkg/wide \U0001f600.py"
    start = width(f"{ASTRAL}def ", client.encoding)
    assert hit["selectionRange"] == {
        "start": {"line": 0, "character": start},
        "end": {"line": 0, "character": start + len("wide_name")},
    }
    assert {
        "name",
        "kind",
        "symbolKind",
        "container",
        "language",
        "signature",
        "doc",
        "snippet",
        "score",
    } <= set(hit)


def test_search_options_reach_the_engine(client: Any) -> None:
    """Limit, filters and threshold are obeyed."""
    assert len(client.names("def class", limit=2)) == 2
    assert client.names("wide", filters={"kinds": ["class"]}) == ["Wide"]
    assert client.names("wide", filters={"kinds": "class"}) == ["Wide"]
    assert client.names("alpha_one", threshold=2) == []


def test_an_unknown_kind_is_refused(client: Any) -> None:
    """A kind that no symbol can have is an error that lists the kinds, not an answer without hits."""
    error = client.error("codanna/semanticSearch", {"query": "alpha", "filters": {"kinds": "func"}})
    assert error["code"] == -32602
    assert error["message"].startswith("`filters.kinds` holds `func`; the kinds are function, ")


def test_search_in_parts(client: Any) -> None:
    """With a token for partial results the hits come as progress and the answer holds the rest."""
    answer = client.request("codanna/semanticSearch", {"query": "alpha_one", "partialResultToken": "part-1"})
    assert answer["hits"] == []
    (part,) = [item for item in client.seen("$/progress") if item["token"] == "part-1"]
    assert [hit["name"] for hit in part["value"]["hits"]] == ["alpha_one"]


def test_workspace_symbol(client: Any) -> None:
    """Symbols by name, with deprecation told in the form the client knows."""
    one, two = client.request("workspace/symbol", {"query": "alpha"})
    assert (one["name"], one["kind"], one["containerName"]) == ("alpha_one", 12, "alpha.py")
    assert one["location"] == {
        "uri": (client.root / "alpha.py").as_uri(),
        "range": {"start": {"line": 0, "character": 4}, "end": {"line": 0, "character": 13}},
    }
    assert (two.get("tags") == [1]) == (client.kind == "vscode")
    assert (two.get("deprecated") is True) == (client.kind != "vscode")


def test_workspace_symbol_in_parts(client: Any) -> None:
    """Partial results are a list, as the specification has it."""
    assert client.request("workspace/symbol", {"query": "alpha", "partialResultToken": 77}) == []
    (part,) = [item for item in client.seen("$/progress") if item["token"] == 77]
    assert [item["name"] for item in part["value"]] == ["alpha_one", "alpha_two"]


def test_resolve_finds_the_symbol_where_it_is_now(client: Any) -> None:
    """An item of before an edit is resolved to its place after it."""
    (item, _) = client.request("workspace/symbol", {"query": "alpha"})
    uri = item["location"]["uri"]
    text = "\n\n\ndef alpha_one(): pass\n"
    client.notify(
        "textDocument/didOpen",
        {"textDocument": {"uri": uri, "languageId": "python", "version": 1, "text": text}},
    )
    resolved = client.request("workspaceSymbol/resolve", item)
    assert resolved["location"]["range"]["start"] == {"line": 3, "character": 4}
    client.notify("textDocument/didClose", {"textDocument": {"uri": uri}})
    client.eventually(lambda: client.symbols("alpha_two") == ["alpha_two"])


def test_resolve_of_a_foreign_item_gives_it_back(client: Any) -> None:
    """What this server did not make, or what is outside of the workspace, is returned as it came."""
    for item in (
        {"name": "x"},
        {"name": "x", "location": {"uri": "file:///etc/passwd"}, "data": {"name": "x", "line": 0}},
    ):
        assert client.request("workspaceSymbol/resolve", item) == item


def test_find_similar(client: Any) -> None:
    """Like the symbol at a position, or like a selection."""
    uri = (client.root / "alpha.py").as_uri()
    place = {"line": 0, "character": 6}
    by_position = client.request("codanna/findSimilar", {"textDocument": {"uri": uri}, "position": place})
    names = {hit["name"] for hit in by_position["hits"]}
    assert names == {"alpha_two", "wide_name"}
    by_range = client.request(
        "codanna/findSimilar",
        {
            "textDocument": {"uri": uri},
            "range": {"start": place, "end": {"line": 1, "character": 0}},
            "limit": 1,
        },
    )
    assert len(by_range["hits"]) == 1


@pytest.mark.parametrize("uri", ["file:///etc/passwd", "untitled:1", "", "http://x/y.py"])
def test_documents_outside_are_refused(client: Any, uri: str) -> None:
    """Nothing outside of the workspace folders is read."""
    place = {"textDocument": {"uri": uri}, "position": {"line": 0, "character": 0}}
    assert client.error("codanna/findSimilar", place)["code"] in (-32803, -32602)
    assert client.error("codanna/explain", {"query": "x", **place})["code"] in (-32803, -32602)
    assert client.request("textDocument/documentSymbol", {"textDocument": {"uri": uri}}) == []
    assert client.request("textDocument/codeLens", {"textDocument": {"uri": uri}}) == []


def test_explain(client: Any) -> None:
    """The signals of the hit at a place; null where no hit is."""
    uri = (client.root / "alpha.py").as_uri()
    question = {"query": "alpha_one", "textDocument": {"uri": uri}, "position": {"line": 0, "character": 0}}
    answer = client.request("codanna/explain", question)
    assert (answer["name"], answer["rank"]) == ("alpha_one", 1)
    assert answer["signals"] == {"words": 1.0}
    assert client.request("codanna/explain", {**question, "query": "zebra"}) is None


def test_status_and_cluster_info(client: Any) -> None:
    """Both answer by folder."""
    (folder,) = client.request("codanna/status", {})["folders"]
    assert (folder["state"], folder["symbols"], folder["name"]) == ("ready", 4, "pro ject#1")
    assert folder["uri"] == client.root.as_uri()
    (clusters,) = client.request("codanna/clusterInfo", {})["folders"]
    assert clusters["uri"] == client.root.as_uri()


def test_cluster_map(client: Any) -> None:
    """Every folder's regions have their words, and symbols with their places on the map and in the files."""
    (folder,) = client.request("codanna/clusterMap", {"limit": 2})["folders"]
    assert (folder["uri"], folder["symbols"], folder["sampled"]) == (client.root.as_uri(), 4, False)
    (region,) = folder["regions"]
    assert (region["words"], region["count"]) == (["alpha"], 4)
    assert [symbol["x"] for symbol in region["symbols"]] == [0.0, 0.01]
    assert region["symbols"][0]["uri"].startswith(client.root.as_uri())
    assert region["symbols"][0]["selectionRange"]["start"]["line"] >= 0
    client.error("codanna/clusterMap", {"limit": 0})


def test_status_changes_are_announced(client: Any) -> None:
    """After a save the client hears of the new generation without asking."""
    before = len(client.seen("codanna/statusChanged"))
    client.notify("textDocument/didSave", {"textDocument": {"uri": (client.root / "alpha.py").as_uri()}})
    client.wait(lambda: len(client.seen("codanna/statusChanged")) > before)
    (folder,) = client.seen("codanna/statusChanged")[-1]["folders"]
    assert folder["uri"] == client.root.as_uri()


def test_outline_only_for_announced_languages(client: Any) -> None:
    """With `auto` an outline exists for the languages for which the client has no other server."""
    assert "documentSymbolProvider" in client.server["capabilities"]
    uri = (client.root / "pkg" / "wide \U0001f600.py").as_uri()
    text = f"{ASTRAL}def wide_name(): pass\n"
    for language, expected in (("python", ["wide_name"]), ("rust", [])):
        client.notify(
            "textDocument/didOpen",
            {"textDocument": {"uri": uri, "languageId": language, "version": 1, "text": text}},
        )
        outline = client.request("textDocument/documentSymbol", {"textDocument": {"uri": uri}})
        assert [entry["name"] for entry in outline] == expected
        if outline and client.kind != "minimal":
            start = width(f"{ASTRAL}def ", client.encoding)
            assert outline[0]["selectionRange"]["start"] == {"line": 0, "character": start}
        elif outline:
            assert "location" in outline[0]
        client.notify("textDocument/didClose", {"textDocument": {"uri": uri}})


def test_code_action_offers_similar_code(client: Any) -> None:
    """The action is offered in the form the client understands, and only when its kind is asked for."""
    area = {"start": {"line": 0, "character": 0}, "end": {"line": 0, "character": 5}}
    params = {"textDocument": {"uri": (client.root / "alpha.py").as_uri()}, "range": area, "context": {}}
    (action,) = client.request("textDocument/codeAction", params)
    assert action["title"] == "Find similar code"
    command = action["command"] if isinstance(action["command"], dict) else action
    assert command["command"] == "codanna.findSimilar"
    assert command["arguments"] == [{"textDocument": params["textDocument"], "range": area}]
    for kinds, count in ((["source"], 1), (["source.findSimilar"], 1), (["quickfix"], 0), (["sourc"], 0)):
        assert len(client.request("textDocument/codeAction", {**params, "context": {"only": kinds}})) == count


def test_find_similar_command_lets_the_user_pick(client: Any) -> None:
    """Without a plug-in the best hits are offered in a message, and the chosen one is shown."""
    shown: list[Any] = []

    def show(params: Any) -> dict[str, bool]:
        shown.append(params)
        return {"success": True}

    client.responders["window/showMessageRequest"] = lambda params: params["actions"][0]
    client.responders["window/showDocument"] = show
    argument = {
        "textDocument": {"uri": (client.root / "alpha.py").as_uri()},
        "position": {"line": 0, "character": 4},
    }
    answer = client.request(
        "workspace/executeCommand", {"command": "codanna.findSimilar", "arguments": [argument]}
    )
    assert len(answer["hits"]) == 2
    if client.kind in ("vscode", "neovim"):
        client.wait(lambda: shown)
        assert shown[0]["uri"] == answer["hits"][0]["uri"]
    else:
        assert not shown


@pytest.mark.parametrize("command", ["reindex", "rebuildClusters", "clean", "restart"])
def test_commands_leave_a_working_index(client: Any, command: str) -> None:
    """After each command the symbols are found again."""
    assert client.request("workspace/executeCommand", {"command": f"codanna.{command}"}) is None
    client.eventually(lambda: client.symbols("alpha_one") == ["alpha_one"])


def test_show_status_command(client: Any) -> None:
    """One readable message and the whole status as the answer."""
    answer = client.request("workspace/executeCommand", {"command": "codanna.showStatus"})
    assert answer["folders"][0]["state"] == "ready"
    client.wait(lambda: any("pro ject#1" in item["message"] for item in client.seen("window/showMessage")))


def test_code_lens_is_off_by_default(client: Any) -> None:
    """Nobody gets lenses without asking."""
    assert "codeLensProvider" not in client.server["capabilities"]
    uri = (client.root / "alpha.py").as_uri()
    assert client.request("textDocument/codeLens", {"textDocument": {"uri": uri}}) == []
