"""codanna/status: what is indexed, what is missing and why, and how the server is doing."""

from __future__ import annotations

from codanna_lsp.convert import Json
from codanna_lsp.registry import Registry
from codanna_lsp.snapshot import Context, Snapshot
from codanna_lsp.statuses import folder_status
from codanna_rpc.params import Params


def decode(params: Params) -> None:
    """No parameters."""


def status(context: Context, snapshot: Snapshot, params: None) -> Json:
    """The state of every folder; never waits for one that is being opened."""
    return {
        "folders": [folder_status(folder) for folder in snapshot.folders],
        "server": snapshot.counters(),
    }


def setup(registry: Registry) -> None:
    """Register the feature."""
    registry.snapshot("codanna/status", decode, status)
