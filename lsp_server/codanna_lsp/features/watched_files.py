"""workspace/didChangeWatchedFiles: what changed on disk, as the client saw it."""

from __future__ import annotations

from pathlib import Path

from codanna_lsp import convert
from codanna_lsp.params import Params
from codanna_lsp.registry import Registry
from codanna_lsp.session import Session


def decode(params: Params) -> list[Path]:
    """Read `DidChangeWatchedFilesParams`; whether a file came, changed or went, the disk says better."""
    uris = (item.text("uri", limit=10_000) for item in params.children("changes"))
    return [path for path in map(convert.path_from_uri, uris) if path is not None]


def did_change_watched_files(session: Session, paths: list[Path]) -> None:
    """Index them in one batch."""
    session.changed_on_disk(path for path in paths if ".git" not in path.parts)


def setup(registry: Registry) -> None:
    """Register the feature."""
    registry.sync("workspace/didChangeWatchedFiles", decode, did_change_watched_files)
