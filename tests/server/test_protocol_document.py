"""docs/protocol.md and the server say the same."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from raw_client import RawClient, running

from codanna_core.problems import Code
from codanna_lsp import capabilities
from codanna_lsp.features import register_all
from codanna_lsp.registry import Registry
from codanna_rpc import jsonrpc

PAGE = (Path(__file__).parents[2] / "docs" / "protocol.md").read_text(encoding="utf-8")


def section(title: str) -> str:
    """The text under a heading, up to the next one of any level."""
    found = re.search(rf"^##+ {re.escape(title)}\n(.*?)(?=^##+ |\Z)", PAGE, re.MULTILINE | re.DOTALL)
    assert found is not None, f"no section {title}"
    return found[1]


def table(title: str, first_column: str) -> set[str]:
    """The keys in the first column of the table that is headed so."""
    body = section(title)
    lines = body[body.index(f"| {first_column} |") :].splitlines()[2:]
    keys = set()
    for line in lines:
        if not line.startswith("|"):
            break
        keys.add(line.split("`")[1])
    return keys


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RawClient]:
    """A server with one file."""
    root = tmp_path_factory.mktemp("document") / "project"
    root.mkdir()
    (root / "a.py").write_text("def alpha_one(): pass\ndef alpha_two(): alpha_one()\n")
    started: Any  # It carries what the tests ask about.
    with running() as started:
        started.initialize(root)
        started.wait_indexed()
        started.file = (root / "a.py").as_uri()
        yield started


def ask(client: Any, method: str) -> Any:
    """Send the example of a section."""
    example = re.search(r"```json\n(.*?)\n```", section(method), re.DOTALL)
    assert example is not None
    return client.request(method, json.loads(example[1].replace("${file}", client.file)))


@pytest.mark.parametrize(
    "method",
    [
        "codanna/semanticSearch",
        "codanna/findSimilar",
        "codanna/context",
        "codanna/status",
        "codanna/clusterInfo",
        "codanna/clusterMap",
    ],
)
def test_answers_have_the_documented_keys(client: RawClient, method: str) -> None:
    """The answer to each example has exactly the keys of its table."""
    assert set(ask(client, method)) == table(method, "result")


RELATIONS = [
    "codanna/references",
    "codanna/callers",
    "codanna/calls",
    "codanna/impact",
    "codanna/implementations",
]


@pytest.mark.parametrize("method", RELATIONS)
def test_relations_have_the_documented_keys(client: RawClient, method: str) -> None:
    """The answer to each example has the keys of the one table."""
    found = ask(client, method)
    assert set(found) == table("codanna/references", "result")
    assert set(found["target"]) == table("Definition", "key")


def test_edges_have_the_documented_keys(client: RawClient) -> None:
    """Those of the table, and `via` where the nearer end is not what was asked about."""
    (edge,) = client.request("codanna/callers", {"name": "alpha_one"})["edges"]
    assert set(edge) == table("Edge", "key")
    client.request("codanna/callers", {"name": "alpha_one", "partialResultToken": "part"})
    (part,) = [item for item in client.seen("$/progress") if item["token"] == "part"]
    assert set(part["value"]["edges"][0]) == table("Edge", "key") | {"via"}


def test_hits_have_the_documented_keys(client: Any) -> None:
    """A hit has exactly the keys of its table; with `explain` and in `codanna/explain` those of the text."""
    (hit, _) = client.request("codanna/semanticSearch", {"query": "alpha"})["hits"]
    assert set(hit) == table("Hit", "key")
    assert set(ask(client, "codanna/explain")) == table("Hit", "key") | {"signals", "rank"}


def test_folders_have_the_documented_keys(client: Any) -> None:
    """So has the state of a folder, asked for or announced."""
    (folder,) = ask(client, "codanna/status")["folders"]
    assert set(folder) == table("Folder", "key")
    client.wait(lambda: client.seen("codanna/statusChanged"))
    assert set(client.seen("codanna/statusChanged")[0]["folders"][0]) == table("Folder", "key")


def test_server_counters_are_documented(client: Any) -> None:
    """Each key of `server`, and each counter, is named."""
    server = ask(client, "codanna/status")["server"]
    counters = set().union(*server["requests"].values())
    for key in {*server, *counters}:
        assert f"`{key}`" in section("codanna/status")


PARAMETERS: dict[str, dict[str, tuple[Any, Any]]] = {
    "codanna/semanticSearch": {
        "query": ("alpha", 1),
        "limit": (1, 0),
        "mode": ("text", "magic"),
        "filters": ({"kinds": "function"}, 1),
        "threshold": (0.5, "x"),
        "explain": (True, 1),
        "team": (True, 1),
        "textDocument": ({"uri": "file:///x"}, {}),
        "partialResultToken": ("t", []),
    },
    "codanna/findSimilar": {
        "textDocument": ({"uri": "${file}"}, {}),
        "position": ({"line": 0, "character": 0}, {}),
        "range": ({"start": {"line": 0, "character": 0}, "end": {"line": 0, "character": 1}}, {}),
        "limit": (1, 0),
        "filters": ({}, []),
        "team": (True, 1),
    },
    "codanna/references": {
        "textDocument": ({"uri": "${file}"}, {}),
        "position": ({"line": 0, "character": 4}, {}),
        "name": ("alpha_one", 1),
        "minConfidence": ("possible", "sure"),
        "depth": (2, 0),
        "budget": (1.5, -1),
        "text": (True, 1),
        "team": (True, 1),
        "repositories": (["team/app"], [1]),
        "partialResultToken": ("t", []),
    },
    "codanna/explain": {
        "query": ("alpha", 1),
        "textDocument": ({"uri": "${file}"}, {}),
        "position": ({"line": 0, "character": 0}, {}),
    },
}


@pytest.mark.parametrize("method", sorted(PARAMETERS))
def test_parameters_are_the_documented_ones(client: Any, method: str) -> None:
    """Every documented parameter is read: a good value is taken, a bad one refused."""
    known = PARAMETERS[method]
    assert {key.rstrip("?") for key in table(method, "parameter")} == set(known)
    text = json.dumps({key: value for key, (value, _) in known.items()})
    good = json.loads(text.replace("${file}", client.file))
    client.request(method, good)
    for key, (_, bad) in known.items():
        assert client.error(method, {**good, key: bad})["code"] == -32602, key


def test_every_own_method_is_documented() -> None:
    """A method of ours that is registered has a section, and the server announces exactly those."""
    registry = Registry()
    register_all(registry)
    own = {method for method in registry.methods if method.startswith("codanna/")}
    assert own == set(capabilities.CUSTOM_REQUESTS)
    for method in own:
        assert section(method)


def test_every_command_is_documented() -> None:
    """The table of commands is the list that the server announces."""
    assert table("workspace/executeCommand", "command") == set(capabilities.COMMANDS)


def test_every_error_code_is_documented() -> None:
    """The codes in the code are the codes on the page."""
    used = {value for name, value in vars(jsonrpc).items() if name.isupper() and type(value) is int}
    assert used == {int(code) for code in re.findall(r"^\| (-\d+) \|", section("Errors"), re.MULTILINE)}


def test_every_problem_code_is_documented() -> None:
    """The table of codes is the enum, in its order and with its words."""
    body = inspect.getsource(Code)
    told = re.findall(r'^    [A-Z_]+ = "([a-z-]+)"\n    """(.*)"""$', body, re.MULTILINE)
    assert [code for code, _ in told] == list(Code)
    rows = re.findall(r"^\| `([a-z-]+)` \| (.*) \|$", section("Problem codes"), re.MULTILINE)
    assert rows == told
