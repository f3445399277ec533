"""workspace/didCreateFiles, didRenameFiles, didDeleteFiles: what the user did in the editor's file tree."""

from __future__ import annotations

from codanna_lsp.registry import Registry
from codanna_lsp.session import Session
from codanna_rpc.params import Params


def decode(params: Params) -> list[str]:
    """Every URI the operation names, old and new."""
    uris: list[str] = []
    for item in params.children("files"):
        uris += [item.text(key, limit=10_000) for key in ("uri", "oldUri", "newUri") if item.has(key)]
    return uris


def files_changed(session: Session, uris: list[str]) -> None:
    """Look at all of them on disk; a folder stands for what is in it."""
    session.disk.note_uris(uris)


def setup(registry: Registry) -> None:
    """Register the feature."""
    for method in ("workspace/didCreateFiles", "workspace/didRenameFiles", "workspace/didDeleteFiles"):
        registry.sync(method, decode, files_changed)
