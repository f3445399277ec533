"""textDocument/codeAction: "Find similar code" on a selection or a definition."""

from __future__ import annotations

from typing import Any

from codanna_core.records import dataclass
from codanna_lsp.capabilities import ClientCapabilities
from codanna_lsp.convert import Json
from codanna_lsp.registry import Registry
from codanna_lsp.session import Session
from codanna_rpc.params import Params

KIND = "source.findSimilar"
CLIENT_COMMAND = "codanna.showSimilar"
SERVER_COMMAND = "codanna.findSimilar"
TITLE = "Find similar code"


@dataclass(frozen=True, slots=True)
class ActionParams:
    """Where the user is, and which kinds of actions are asked for (all when empty)."""

    uri: str
    area: Json
    kinds: tuple[str, ...]


def decode(params: Params) -> ActionParams:
    """Read `CodeActionParams`."""
    (start_line, start), (end_line, end) = params.range()
    context = params.maybe_child("context")
    return ActionParams(
        params.document(),
        {
            "start": {"line": start_line, "character": start},
            "end": {"line": end_line, "character": end},
        },
        context.texts("only") if context is not None else (),
    )


def similar_command(client: ClientCapabilities, uri: str, area: Json) -> Json:
    """The command that shows similar code: the client's own list where it has one, else the server's."""
    name = CLIENT_COMMAND if CLIENT_COMMAND in client.commands else SERVER_COMMAND
    return {"title": TITLE, "command": name, "arguments": [{"textDocument": {"uri": uri}, "range": area}]}


def code_action(session: Session, params: ActionParams) -> list[Any]:
    """The one action; nothing is computed before it is chosen."""
    if params.kinds and not any(kind == KIND or KIND.startswith(kind + ".") for kind in params.kinds):
        return []
    if session.folders.of_document(params.uri) is None:
        return []
    command = similar_command(session.options.client, params.uri, params.area)
    if not session.options.client.code_action_literals:
        return [command]
    return [{"title": TITLE, "kind": KIND, "command": command}]


def setup(registry: Registry) -> None:
    """Register the feature."""
    registry.sync("textDocument/codeAction", decode, code_action)
