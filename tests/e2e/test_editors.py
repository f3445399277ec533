"""Every method over stdio with pytest-lsp's own client, in the capability sets recorded from real editors."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
import pytest_lsp
from lsprotocol import types as lsp
from pygls.exceptions import JsonRpcException
from pytest_lsp import ClientServerConfig, LanguageClient, client_capabilities

SERVER = Path(__file__).parents[1] / "server" / "support" / "engine_server.py"
FILES = {
    "store.py": (
        "class UserStore:\n"
        '    """Keeps the people who may log in."""\n\n'
        "    def get_user_name(self, key):\n"
        '        """Look up what a person is called."""\n'
        "        return self.names[key]\n\n"
        "    def set_user_name(self, key, name):\n"
        "        self.names[key] = name\n"
    ),
    "wide.py": "smile = '\U0001f600\U0001f600'; astral_value = 1\n\n\ndef astral_call():\n    pass\n",
    "lib/log.c": "/* Write one line to the log file. */\nint write_log_line(char *text) { return 0; }\n",
}

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_lsp.fixture(  # type: ignore[untyped-decorator]  # It is untyped in pytest-lsp.
    scope="module",
    params=["visual-studio-code", "neovim", "emacs", "neovim utf-32"],
    config=ClientServerConfig(server_command=[sys.executable, str(SERVER)]),
)
async def client(request: pytest.FixtureRequest, lsp_client: LanguageClient, tmp_path_factory: Any) -> Any:
    """A client that can what the recorded editor could."""
    root = tmp_path_factory.mktemp("editors") / "project"
    for name, text in FILES.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    editor, _, encoding = request.param.partition(" ")
    capabilities = client_capabilities(editor)
    if encoding:
        kinds = [lsp.PositionEncodingKind(encoding)]
        capabilities.general = lsp.GeneralClientCapabilities(position_encodings=kinds)
    lsp_client.set_configuration({"codanna": {}})
    result = await lsp_client.initialize_session(
        lsp.InitializeParams(
            capabilities=capabilities,
            workspace_folders=[lsp.WorkspaceFolder(root.as_uri(), "project")],
            root_uri=root.as_uri(),
            initialization_options={"outlineLanguages": ["python"]},
        )
    )
    known: Any = lsp_client
    known.root = root
    known.encoding = result.capabilities.position_encoding
    await eventually(lambda: symbols(lsp_client, "astral_call"))
    yield
    await lsp_client.shutdown_session()


async def eventually(probe: Callable[[], Awaitable[Any]], timeout: float = 30.0) -> Any:
    """Ask until the answer is truthy."""
    deadline = time.monotonic() + timeout
    while not (value := await probe()):
        assert time.monotonic() < deadline, "never happened"
    return value


async def symbols(client: LanguageClient, query: str) -> list[Any]:
    found = await client.workspace_symbol_async(lsp.WorkspaceSymbolParams(query=query))
    return list(found or ())


async def ask(client: LanguageClient, method: str, **params: Any) -> Any:
    protocol: Any = client.protocol
    return await protocol.send_request_async(method, params)


def uri(client: Any, name: str) -> str:
    return str((client.root / name).as_uri())


def identifier(client: Any, name: str) -> lsp.TextDocumentIdentifier:
    return lsp.TextDocumentIdentifier(uri(client, name))


async def test_workspace_symbol_by_humps(client: Any) -> None:
    """`gUN` finds `get_user_name`, at its place."""
    found = await symbols(client, "gUN")
    assert found[0].name == "get_user_name"
    assert found[0].location.uri == uri(client, "store.py")
    assert found[0].location.range.start == lsp.Position(3, 8)
    assert found[0].container_name == "UserStore"


async def test_workspace_symbol_in_plain_words(client: Any) -> None:
    """Several words that are no name are answered by meaning, so every client can search by meaning."""
    found = await symbols(client, "write a line to the log file")
    assert found[0].name == "write_log_line"


async def test_positions_after_astral_characters(client: Any) -> None:
    """Columns are counted in the units that were agreed on."""
    column = {"utf-16": 16, "utf-8": 20, "utf-32": 14}[client.encoding]
    (found,) = [item for item in await symbols(client, "astral_value") if item.name == "astral_value"]
    assert found.location.range.start == lsp.Position(0, column)
    assert found.location.range.end == lsp.Position(0, column + len("astral_value"))


async def test_resolve(client: Any) -> None:
    """An item resolves to itself while nothing changed."""
    (item, *_) = await symbols(client, "set_user_name")
    resolved = await client.workspace_symbol_resolve_async(
        lsp.WorkspaceSymbol(
            name=item.name, kind=item.kind, location=item.location, data=getattr(item, "data", None)
        )
    )
    assert resolved.location.range == item.location.range


async def test_semantic_search(client: Any) -> None:
    """The documented function is found by what its comment says."""
    answer = await ask(client, "codanna/semanticSearch", query="what a person is called", limit=3)
    assert answer.hits[0].name == "get_user_name"
    assert answer.indexed == 1.0
    assert answer.hits[0].range.start.line == 3


async def test_find_similar(client: Any) -> None:
    """Similar to one accessor is the other."""
    answer = await ask(
        client,
        "codanna/findSimilar",
        textDocument={"uri": uri(client, "store.py")},
        position={"line": 3, "character": 10},
    )
    assert "set_user_name" in [hit.name for hit in answer.hits]


async def test_explain(client: Any) -> None:
    """A hit's score is made of named signals."""
    answer = await ask(
        client,
        "codanna/explain",
        query="what a person is called",
        textDocument={"uri": uri(client, "store.py")},
        position={"line": 3, "character": 10},
    )
    assert answer.name == "get_user_name"
    assert len(answer.signals) >= 1


async def test_status_and_clusters(client: Any) -> None:
    """Both name the folder."""
    (status,) = (await ask(client, "codanna/status")).folders
    assert (status.uri, status.filesIndexed, status.writer) == (client.root.as_uri(), 3, True)
    (clusters,) = (await ask(client, "codanna/clusterInfo")).folders
    assert clusters.uri == client.root.as_uri()


async def test_outline(client: Any) -> None:
    """An outline nests methods in their class."""
    text = (client.root / "store.py").read_text()
    client.text_document_did_open(
        lsp.DidOpenTextDocumentParams(lsp.TextDocumentItem(uri(client, "store.py"), "python", 1, text))
    )
    outline = await client.text_document_document_symbol_async(
        lsp.DocumentSymbolParams(identifier(client, "store.py"))
    )
    assert [entry.name for entry in outline] == ["UserStore"]
    assert [entry.name for entry in outline[0].children] == ["get_user_name", "set_user_name"]
    client.text_document_did_close(lsp.DidCloseTextDocumentParams(identifier(client, "store.py")))


async def test_typing_saving_and_closing(client: Any) -> None:
    """Unsaved text is found while it is typed; the save keeps it; a discarded edit is forgotten."""
    path = client.root / "edited.py"
    path.write_text("def before_edit():\n    pass\n")
    document = identifier(client, "edited.py")
    client.text_document_did_open(
        lsp.DidOpenTextDocumentParams(lsp.TextDocumentItem(document.uri, "python", 1, path.read_text()))
    )
    start = lsp.Position(0, 0)
    client.text_document_did_change(
        lsp.DidChangeTextDocumentParams(
            lsp.VersionedTextDocumentIdentifier(version=2, uri=document.uri),
            [lsp.TextDocumentContentChangePartial(lsp.Range(start, start), "def typed_now(): 0\n\n\n")],
        )
    )
    await eventually(lambda: named(client, "typed_now"))
    path.write_text("def typed_now(): 0\n\n\ndef before_edit():\n    pass\n")
    client.text_document_did_save(lsp.DidSaveTextDocumentParams(document))
    client.text_document_did_close(lsp.DidCloseTextDocumentParams(document))
    await eventually(lambda: named(client, "before_edit"))
    (item,) = await eventually(lambda: named(client, "typed_now"))
    assert item.location.range.start.line == 0


async def named(client: Any, name: str) -> list[Any]:
    return [item for item in await symbols(client, name) if item.name == name]


async def test_renamed_file(client: Any) -> None:
    """A rename in the editor moves the symbols."""
    old, new = client.root / "old_place.py", client.root / "new_place.py"
    old.write_text("def moves_along():\n    pass\n")
    client.text_document_did_save(lsp.DidSaveTextDocumentParams(identifier(client, "old_place.py")))
    await eventually(lambda: named(client, "moves_along"))
    old.rename(new)
    client.workspace_did_rename_files(lsp.RenameFilesParams([lsp.FileRename(old.as_uri(), new.as_uri())]))

    async def moved() -> bool:
        return [item.location.uri for item in await named(client, "moves_along")] == [new.as_uri()]

    await eventually(moved)


async def test_code_action_and_lens(client: Any) -> None:
    """The action is there; lenses are off."""
    area = lsp.Range(lsp.Position(3, 4), lsp.Position(3, 4))
    (action,) = await client.text_document_code_action_async(
        lsp.CodeActionParams(identifier(client, "store.py"), area, lsp.CodeActionContext([]))
    )
    assert action.title == "Find similar code"
    lenses = await client.text_document_code_lens_async(lsp.CodeLensParams(identifier(client, "store.py")))
    assert not lenses


@pytest.mark.parametrize("command", ["reindex", "rebuildClusters", "restart", "clean"])
async def test_commands(client: Any, command: str) -> None:
    """After each command the symbols are found."""
    await client.workspace_execute_command_async(lsp.ExecuteCommandParams(f"codanna.{command}"))
    await eventually(lambda: named(client, "get_user_name"))


async def test_cancel(client: Any) -> None:
    """A cancelled request is answered as cancelled, or was quicker; never not at all."""
    calls = [
        client.protocol.send_request_async(
            "workspace/symbol", lsp.WorkspaceSymbolParams("user"), msg_id=f"cancel-{number}"
        )
        for number in range(50)
    ]
    for number in range(50):
        client.cancel_request(lsp.CancelParams(f"cancel-{number}"))
    answers = await asyncio.wait_for(asyncio.gather(*calls, return_exceptions=True), 20)
    for answer in answers:
        assert isinstance(answer, list) or (isinstance(answer, JsonRpcException) and answer.code == -32800)


async def test_configuration_change(client: Any) -> None:
    """A new limit counts from the next search on."""
    client.set_configuration({"codanna": {"search": {"limit": 1}}})
    client.workspace_did_change_configuration(
        lsp.DidChangeConfigurationParams({"codanna": {"search": {"limit": 1}}})
    )

    async def limited() -> bool:
        return len((await ask(client, "codanna/semanticSearch", query="user name")).hits) == 1

    await eventually(limited)
