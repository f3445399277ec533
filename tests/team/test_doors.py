"""Every front door asks the team: its rows are marked, `repo:` narrows, and a lost engine changes nothing."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from folder_source import FixedSource, FolderSource

from codanna_core import Engine
from codanna_core.cancel import Cancel
from codanna_core.cli.main import main
from codanna_core.problems import Code
from codanna_core.search.service import IndexService
from codanna_mcp.answers import Answer, answer
from codanna_mcp.tools import TOOLS
from codanna_mcp.workspace import Workspace
from codanna_team import asking
from codanna_team.remote import RemoteFailure

sys.path.insert(0, str(Path(__file__).parents[1] / "server" / "support"))
from raw_client import RawClient, running

URL = "https://search.example.com"
LINK = "https://git.example.com/{repository}/blob/{revision}/{path}#L{line}"
TEAM = {"url": URL, "deadline_ms": 10_000, "link": LINK}
PROGRAM = (sys.executable, str(Path(__file__).parent / "support" / "team_program.py"))


# --- the language server


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Settings, logs and indexes of the person who runs the tests stay out of them."""
    patch, home = pytest.MonkeyPatch(), tmp_path_factory.mktemp("home")
    for name in ("HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME", "LOCALAPPDATA", "APPDATA"):
        patch.setenv(name, str(home))
    yield home
    patch.undo()


def serving(folders: Path, behavior: str, team: Mapping[str, Any]) -> Iterator[RawClient]:
    with running((*PROGRAM, str(folders / "there"), behavior, "serve")) as client:
        client.initialize(folders / "here", options={"team": dict(team)})
        client.wait_indexed(60)
        yield client


@pytest.fixture(scope="module")
def server(home: Path, folders: Path) -> Iterator[RawClient]:
    """Over the folder, with the other project behind the team's address."""
    yield from serving(folders, "well", TEAM)


def test_workspace_symbol(server: RawClient) -> None:
    """A name of the team is a location behind the user's link; it says where it is, and stays as it is."""
    assert server.request("workspace/symbol", {"query": "MessageRouter"}) == []
    first = server.request("workspace/symbol", {"query": "MessageRouter", "team": True}, 60)[0]
    assert first["name"] == "MessageRouter"
    assert first["containerName"].startswith("[team/there] ")
    assert first["location"]["uri"].startswith("https://git.example.com/team/there/blob/0123456789abcdef")
    assert first["location"]["range"]["start"]["line"] > 0
    assert server.request("workspaceSymbol/resolve", first) == first


def test_workspace_symbol_puts_what_is_here_first(server: RawClient) -> None:
    """Names of the folder have no mark and keep their order among themselves."""
    here = server.request("workspace/symbol", {"query": "cart"})
    both = server.request("workspace/symbol", {"query": "cart", "team": True})
    assert [one for one in both if "repository" not in one["data"]][: len(here)] == here[: len(both)]
    assert both[0] == here[0]


def test_workspace_symbol_of_one_repository(server: RawClient) -> None:
    """`repo:` beside a name narrows to a repository of the team, or to the folder."""
    there = server.request("workspace/symbol", {"query": "repo:team/there router", "team": True})
    assert there
    assert all(one["data"]["repository"] == "team/there" for one in there)
    here = server.request("workspace/symbol", {"query": "repo:here cart", "team": True})
    assert here
    assert all("repository" not in one["data"] for one in here)
    assert server.request("workspace/symbol", {"query": "repo:team/other router", "team": True}) == []


def test_references(server: RawClient) -> None:
    """Uses of the team are beside the edges; who does not ask for them gets the answer of before."""
    plain = server.request("codanna/references", {"name": "MessageRouter"})
    assert "elsewhere" not in plain
    asked = server.request("codanna/references", {"name": "MessageRouter", "team": True})
    assert asked["elsewhere"]
    for hit in asked["elsewhere"]:
        assert (hit["repository"], hit["reasons"]) == ("team/there", ["uses"])
        assert hit["uri"] == hit["url"]
        assert hit["url"].startswith("https://git.example.com/team/there/")
    same = {key: value for key, value in asked.items() if key not in ("elsewhere", "milliseconds")}
    assert same == {key: value for key, value in plain.items() if key != "milliseconds"}
    other = {"name": "MessageRouter", "team": True, "repositories": ["team/other"]}
    assert "elsewhere" not in server.request("codanna/references", other)


def test_references_of_one_repository(server: RawClient) -> None:
    """Edges of the folder are in the answer only if it is one of those that are asked for."""
    asked = {"name": "retry_with_backoff", "team": True}
    edges = server.request("codanna/references", asked)["edges"]
    assert edges
    assert server.request("codanna/references", {**asked, "repositories": ["team/there"]})["edges"] == []
    assert server.request("codanna/references", {**asked, "repositories": ["here"]})["edges"] == edges


def test_without_a_link_names_have_no_place(home: Path, folders: Path) -> None:
    """Without a template nothing opens them, so that an editor's list has none; other lists still do."""
    for client in serving(folders, "well", {"url": URL, "deadline_ms": 10_000}):
        assert client.request("workspace/symbol", {"query": "MessageRouter", "team": True}, 60) == []
        found = client.request("codanna/references", {"name": "MessageRouter", "team": True})
        assert found["elsewhere"][0]["uri"] == ""


@pytest.mark.parametrize("behavior", ["gone", "slow"])
def test_a_server_without_the_engine(home: Path, folders: Path, behavior: str) -> None:
    """An engine that is gone or slow leaves every answer of the server as it is without a team."""
    code = {"gone": "team-unreachable", "slow": "team-late"}[behavior]
    # What stands for the engine is opened within the deadline, too.
    for client in serving(folders, behavior, {**TEAM, "deadline_ms": 100 if behavior == "slow" else 10_000}):
        asked = {"name": "retry_with_backoff"}
        for method, params in (("workspace/symbol", {"query": "cart"}), ("codanna/references", asked)):
            plain = client.request(method, params)
            found = client.request(method, {**params, "team": True})
            if isinstance(found, dict):
                assert [problem["code"] for problem in found["problems"]] == [code]
                found = {**found, "problems": [], "milliseconds": plain["milliseconds"]}
            assert found == plain


TWICE: list[dict[str, dict[str, Any]]] = [
    {"codanna/semanticSearch": {"query": "retry"}, "codanna/references": {"name": "retry_with_backoff"}},
    {"workspace/symbol": {"query": "retry"}, "codanna/context": {"question": "retry"}},
]
"""After two failures nobody waits any more."""


@pytest.mark.parametrize("asked", TWICE)
def test_several_folders_wait_once(
    home: Path, folders: Path, tmp_path: Path, asked: dict[str, dict[str, Any]]
) -> None:
    """One folder asks the team for all, so that three of them do not wait three times."""
    more = [tmp_path / "one", tmp_path / "two"]
    for folder in more:
        folder.mkdir()
        (folder / "a.py").write_text("def retry_later():\n    pass\n")
    deadline = 2.0
    with running((*PROGRAM, str(folders / "there"), "slow", "serve")) as client:
        options = {"team": {**TEAM, "deadline_ms": int(1000 * deadline)}}
        client.initialize(folders / "here", *more, options=options)
        client.wait_indexed(60)
        client.request("codanna/semanticSearch", {"query": "retry"})
        for method, params in asked.items():
            begun = time.monotonic()
            client.request(method, params if method == "codanna/context" else {**params, "team": True})
            assert deadline - 0.5 < time.monotonic() - begun < 2 * deadline, method


# --- agents


class Engines:
    """Engines whose indexes are in the test's folder."""

    def __init__(self, index: Path) -> None:
        self._index = index

    def open(self, root: Path, overrides: Mapping[str, Any]) -> IndexService:
        """With a team."""
        return Engine.open(root, self._index / root.name, overrides={**overrides, "team": TEAM})

    def remove(self, root: Path, overrides: Mapping[str, Any]) -> None:
        """Nothing is removed."""
        raise AssertionError


Ask = Callable[..., Answer]


@pytest.fixture
def ask(
    home: Path, folders: Path, tmp_path: Path, relay: Engine, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Ask]:
    """Call a tool about the folder; `source` stands for the team."""
    monkeypatch.setattr(asking, "token_for", lambda url: None)
    workspace = Workspace(Engines(tmp_path / "indexes"))
    behind: list[Any] = [FolderSource(relay)]
    monkeypatch.setattr(asking, "_open_source", lambda url, token: Relayed(behind))
    # A busy machine may take longer for the first index than an agent waits.
    for limit in ("FIRST_ANSWER_S", "COMPARED_S"):
        monkeypatch.setattr(f"codanna_mcp.workspace.{limit}", 120.0)

    def call(tool: str, source: Any = None, roots: tuple[Path, ...] = (), **arguments: Any) -> Answer:
        if source is not None:
            behind[0] = source
        opened = workspace.folders(roots or [folders / "here"])
        found = answer(workspace, opened, tool, arguments, Cancel())
        jsonschema.validate(found.data, TOOLS[tool]["output"])
        return found

    yield call
    workspace.close()


class Relayed:
    """Passes questions on to whatever is behind it now."""

    def __init__(self, behind: list[Any]) -> None:
        self._behind = behind

    def ask(self, question: Any, deadline: float) -> Any:
        """By the last one."""
        return self._behind[-1].ask(question, deadline)

    def prepare(self) -> None:
        """Nothing is connected."""

    def close(self) -> None:
        """Nothing is open."""


def part(found: Answer) -> dict[str, Any]:
    (folder,) = found.data["folders"]
    assert isinstance(folder, dict)
    return folder


def test_an_agent_reads_a_definition_of_the_team(ask: Ask) -> None:
    """What no file here defines is read from the team, marked, with its first lines, inside the fence."""
    found = ask("symbol", name="MessageRouter")
    folder = part(found)
    (hit,) = folder["hits"]
    assert (hit["name"], hit["repository"], hit["handle"]) == ("MessageRouter", "team/there", "")
    assert folder["state"] == "found"
    fence = found.text.split("```")[1]
    assert f"team/there@main {hit['path']}:" in fence
    assert "no file here has it" in found.text
    assert part(ask("symbol", name="NoSuchThingAnywhere"))["hits"] == []


def test_what_is_here_is_read_here(ask: Ask) -> None:
    """A name that the folder defines is answered by its file alone, unless a repository is named."""
    found = part(ask("symbol", name="retry_with_backoff"))
    assert all("repository" not in hit for hit in found["hits"])
    there = part(ask("symbol", name="retry_with_backoff", repository=["team/there"]))
    assert there["hits"] == []
    router = part(ask("symbol", name="MessageRouter", repository=["here"]))
    assert router["hits"] == []


def test_an_agent_asks_who_uses_it(ask: Ask) -> None:
    """References of the team come behind those of the folder, as possible ones; callers have none."""
    found = ask("relations", relation="references", name="MessageRouter")
    folder = part(found)
    assert folder["elsewhere"][0]["repository"] == "team/there"
    assert folder["edges"] == []
    assert "[possible: uses the name]" in found.text
    assert "In files here: " in found.text
    assert "elsewhere" not in part(ask("relations", relation="callers", name="MessageRouter"))
    narrow = part(ask("relations", relation="references", name="MessageRouter", repository=["team/other"]))
    assert "elsewhere" not in narrow


def test_an_agent_finds_similar_code_of_one_repository(ask: Ask) -> None:
    """`inRepository` of similar code and `repository` of a search narrow to it."""
    similar = part(ask("similar", name="retry_with_backoff", inRepository=["team/there"]))
    searched = part(ask("search", question="retry after a failure", repository=["team/there"]))
    for found in (similar, searched):
        assert found["hits"]
        assert all(hit["repository"] == "team/there" for hit in found["hits"])


def test_an_agent_without_the_engine(ask: Ask) -> None:
    """Local answers are the same, and one sentence says what is missing."""
    calls: list[tuple[str, dict[str, Any]]] = [
        ("symbol", {"name": "retry_with_backoff"}),
        ("relations", {"relation": "references", "name": "retry_with_backoff"}),
        ("similar", {"name": "retry_with_backoff"}),
    ]
    gone = FixedSource(RemoteFailure(Code.TEAM_UNREACHABLE, "search.example.com cannot be reached"))
    for tool, arguments in calls:
        broken = ask(tool, gone, **arguments)
        data = part(broken)
        told = [problem["code"] for problem in data["problems"]]
        assert told == ([] if tool == "symbol" else ["team-unreachable"]), tool
        assert broken.text.count("cannot be reached") == len(told)
        assert data["hits" if tool != "relations" else "edges"]
    missing = ask("symbol", name="MessageRouter")
    assert part(missing)["hits"] == []
    assert "cannot be reached" in missing.text


def test_agents_of_several_folders(ask: Ask, folders: Path, tmp_path: Path) -> None:
    """One folder asks the team for all; a definition that any folder has is not read from the team."""
    other = tmp_path / "other"
    other.mkdir()
    (other / "a.py").write_text("class MessageRouter:\n    pass\n")
    roots = (folders / "here", other)
    found = ask("search", roots=roots, question="route a message to its handler", budget=4000)
    marked = [any("repository" in hit for hit in part["hits"]) for part in found.data["folders"]]
    assert marked == [True, False]
    read = ask("symbol", roots=roots, name="MessageRouter")
    assert [[hit.get("repository") for hit in part["hits"]] for part in read.data["folders"]] == [[], [None]]


# --- commands


@pytest.fixture
def command(home: Path, folders: Path, relay: Engine, monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """Run a command over the folder with the team behind it."""
    source = FolderSource(relay)
    monkeypatch.setattr(asking, "_open_source", lambda url, token: source)
    monkeypatch.setattr(asking, "token_for", lambda url: None)
    with Engine.open(folders / "here", folders / "doors-index") as engine:
        engine.sync()
    settings = [part for key, value in TEAM.items() for part in ("--set", f"team.{key}={value}")]
    where = [str(folders / "here"), "--index-dir", str(folders / "doors-index"), "--no-sync", *settings]
    return lambda name, what, *options: main([name, what, *where, *options, "--json"])


@pytest.mark.parametrize("way", ["--repo", "repo:"])
def test_symbols_of_one_repository(
    command: Callable[..., int], capsys: pytest.CaptureFixture[str], way: str
) -> None:
    """By an option, or typed before the name."""
    typed = way == "repo:"
    assert (
        command(
            "symbols",
            "repo:team/there router" if typed else "router",
            *([] if typed else [way, "team/there"]),
        )
        == 0
    )
    hits = json.loads(capsys.readouterr().out)["hits"]
    assert {hit["repository"] for hit in hits} == {"team/there"}


def test_other_commands_of_one_repository(
    command: Callable[..., int], folders: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """References, similar code, searches and contexts take the option as well."""
    assert command("refs", "retry_with_backoff", "--repo", "team/other") == 1
    assert json.loads(capsys.readouterr().out)["edges"] == []
    assert command("refs", "MessageRouter", "--repo", "team/there") == 0
    assert json.loads(capsys.readouterr().out)["elsewhere"]
    place = f"{folders / 'here' / 'shop/shop/payment.py'}:20"
    for name, what in (("similar", place), ("search", "retry"), ("context", "retry")):
        assert command(name, what, "--repo", "team/there") == 0, name
        hits = json.loads(capsys.readouterr().out)["hits"]
        assert {hit["repository"] for hit in hits} == {"team/there"}, name
