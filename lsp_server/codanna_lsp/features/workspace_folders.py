"""workspace/didChangeWorkspaceFolders: folders come and go while the server runs."""

from __future__ import annotations

from codanna_core.records import dataclass
from codanna_lsp.registry import Registry
from codanna_lsp.session import Session
from codanna_rpc.params import Params


@dataclass(frozen=True, slots=True)
class FoldersChanged:
    """Folders by URI, those that came with their names."""

    added: tuple[tuple[str, str], ...]
    removed: tuple[str, ...]


def decode(params: Params) -> FoldersChanged:
    """Read `DidChangeWorkspaceFoldersParams`."""
    event = params.child("event")
    return FoldersChanged(
        tuple((item.text("uri", limit=10_000), item.text("name", "")) for item in event.children("added")),
        tuple(item.text("uri", limit=10_000) for item in event.children("removed")),
    )


def did_change_workspace_folders(session: Session, event: FoldersChanged) -> None:
    """Close first, so that a folder that only changed its name is opened again."""
    for uri in event.removed:
        session.folders.remove(uri)
    for uri, name in event.added:
        session.folders.add(uri, name)


def setup(registry: Registry) -> None:
    """Register the feature."""
    registry.sync("workspace/didChangeWorkspaceFolders", decode, did_change_workspace_folders)
