"""What the client can do, read once into plain booleans; and what this server offers in return."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from codanna_core.records import dataclass

ENCODINGS = ("utf-8", "utf-16", "utf-32")

COMMANDS = (
    "codanna.reindex",
    "codanna.rebuildClusters",
    "codanna.clean",
    "codanna.showStatus",
    "codanna.restart",
    "codanna.findSimilar",
)

CUSTOM_REQUESTS = (
    "codanna/semanticSearch",
    "codanna/findSimilar",
    "codanna/context",
    "codanna/status",
    "codanna/clusterInfo",
    "codanna/clusterMap",
    "codanna/explain",
    "codanna/references",
    "codanna/callers",
    "codanna/calls",
    "codanna/impact",
    "codanna/implementations",
)

NAVIGATION = (
    "definition",
    "references",
    "implementation",
    "documentHighlight",
    "callHierarchy",
    "hover",
)
"""The capabilities of navigation, as clients and servers call them."""


@dataclass(frozen=True, slots=True)
class ClientCapabilities:
    """The abilities of the client that change what the server does."""

    position_encoding: str = "utf-16"
    work_done_progress: bool = False
    watches_files: bool = False
    pulls_configuration: bool = False
    registers_configuration: bool = False
    symbol_tags: bool = False
    hierarchical_symbols: bool = False
    code_action_literals: bool = False
    show_document: bool = False
    registers: frozenset[str] = frozenset()
    """Capabilities of text documents, such as `definition`, that may be switched on later."""
    rich: frozenset[str] = frozenset()
    """Capabilities whose answers may be more than the least: links for places, Markdown for plain text."""
    commands: frozenset[str] = frozenset()
    """Commands the client itself can run, from `experimental.commands.commands`."""


def _lookup(raw: Any, path: str) -> Any:
    for key in path.split("."):
        if not isinstance(raw, Mapping):
            return None
        raw = raw.get(key)
    return raw


def read_client(raw: Any) -> ClientCapabilities:
    """Read `ClientCapabilities` leniently: an odd value counts as "cannot", it never stops the start."""

    def can(path: str) -> bool:
        return _lookup(raw, path) is True

    offered = _lookup(raw, "general.positionEncodings")
    encoding = next(
        (item for item in offered if item in ENCODINGS) if isinstance(offered, list) else iter(()), "utf-16"
    )
    formats = _lookup(raw, "textDocument.hover.contentFormat")
    commands = _lookup(raw, "experimental.commands.commands")
    return ClientCapabilities(
        position_encoding=encoding,
        work_done_progress=can("window.workDoneProgress"),
        watches_files=can("workspace.didChangeWatchedFiles.dynamicRegistration"),
        pulls_configuration=can("workspace.configuration"),
        registers_configuration=can("workspace.didChangeConfiguration.dynamicRegistration"),
        symbol_tags=_lookup(raw, "workspace.symbol.tagSupport") is not None,
        hierarchical_symbols=can("textDocument.documentSymbol.hierarchicalDocumentSymbolSupport"),
        code_action_literals=_lookup(raw, "textDocument.codeAction.codeActionLiteralSupport") is not None,
        show_document=can("window.showDocument.support"),
        registers=frozenset(
            name
            for name in ("documentSymbol", "codeLens", *NAVIGATION)
            if can(f"textDocument.{name}.dynamicRegistration")
        ),
        rich=frozenset(
            [name for name in NAVIGATION if can(f"textDocument.{name}.linkSupport")]
            + (["hover"] if isinstance(formats, list) and "markdown" in formats else [])
        ),
        commands=frozenset(item for item in commands if isinstance(item, str))
        if isinstance(commands, list)
        else frozenset(),
    )


def server_capabilities(
    client: ClientCapabilities, *, document_symbol: bool, code_lens: bool, navigation: bool
) -> dict[str, Any]:
    """The `ServerCapabilities` object."""
    any_file = {"filters": [{"scheme": "file", "pattern": {"glob": "**/*"}}]}
    offered: dict[str, Any] = {
        "positionEncoding": client.position_encoding,
        "textDocumentSync": {"openClose": True, "change": 2, "save": {"includeText": False}},
        "workspaceSymbolProvider": {"resolveProvider": True},
        "codeActionProvider": {"codeActionKinds": ["source.findSimilar"]}
        if client.code_action_literals
        else True,
        "executeCommandProvider": {"commands": list(COMMANDS)},
        "workspace": {
            "workspaceFolders": {"supported": True, "changeNotifications": True},
            "fileOperations": {"didCreate": any_file, "didRename": any_file, "didDelete": any_file},
        },
        "experimental": {"codanna": {"requests": list(CUSTOM_REQUESTS)}},
    }
    if document_symbol:
        offered["documentSymbolProvider"] = {"label": "Codanna"}
    if navigation:
        offered.update({f"{name}Provider": True for name in NAVIGATION})
    if code_lens:
        offered["codeLensProvider"] = {"resolveProvider": False}
    return offered
