"""workspace/didCreateFiles, didRenameFiles, didDeleteFiles: what the user did in the editor's file tree."""

from __future__ import annotations

from pathlib import Path

from codanna_lsp import convert
from codanna_lsp.params import Params
from codanna_lsp.registry import Registry
from codanna_lsp.session import Session


def decode(params: Params) -> list[Path]:
    """Every path the operation names, old and new."""
    uris: list[str] = []
    for item in params.children("files"):
        uris += [item.text(key, limit=10_000) for key in ("uri", "oldUri", "newUri") if item.has(key)]
    return [path for path in map(convert.path_from_uri, uris) if path is not None]


def files_changed(session: Session, paths: list[Path]) -> None:
    """Look at all of them on disk; a folder stands for what is in it."""
    session.changed_on_disk(paths)


def setup(registry: Registry) -> None:
    """Register the feature."""
    for method in ("workspace/didCreateFiles", "workspace/didRenameFiles", "workspace/didDeleteFiles"):
        registry.sync(method, decode, files_changed)
