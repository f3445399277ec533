"""workspace/didChangeWatchedFiles: what changed on disk, as the client saw it."""

from __future__ import annotations

from codanna_lsp.registry import Registry
from codanna_lsp.session import Session
from codanna_rpc.params import Params


def decode(params: Params) -> list[str]:
    """Read `DidChangeWatchedFilesParams`; whether a file came, changed or went, the disk says better."""
    return [item.text("uri", limit=10_000) for item in params.children("changes")]


def did_change_watched_files(session: Session, uris: list[str]) -> None:
    """Index them in one batch."""
    if session.options.server.watch != "off":
        session.disk.note_uris(uris)


def setup(registry: Registry) -> None:
    """Register the feature."""
    registry.sync("workspace/didChangeWatchedFiles", decode, did_change_watched_files)
