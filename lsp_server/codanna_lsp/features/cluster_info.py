"""codanna/clusterInfo: how the vectors of each folder are clustered."""

from __future__ import annotations

from codanna_lsp.convert import Json
from codanna_lsp.registry import Registry
from codanna_lsp.snapshot import Context, Snapshot
from codanna_rpc.params import Params


def decode(params: Params) -> None:
    """No parameters."""


def cluster_info(context: Context, snapshot: Snapshot, params: None) -> Json:
    """What each engine tells about its vector index."""
    from codanna_core.vectors.stats import stats_json  # The server starts without numpy.

    return {
        "folders": [
            {"uri": folder.uri, "name": folder.name, **stats_json(engine.cluster_info())}
            for folder, engine in snapshot.engines(context.cancel)
        ]
    }


def setup(registry: Registry) -> None:
    """Register the feature."""
    registry.snapshot("codanna/clusterInfo", decode, cluster_info)
